/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "../harness/harness.h"
#include "run.h"

static bool parse(const char *line, outcome *o)
{
    long long min, median, idle;
    long spawns;
    char word[8];
    if (sscanf(line, "min_ns=%lld median_ns=%lld spawns=%ld idle_cpu_ns=%lld result=%7s", &min, &median, &spawns, &idle,
               word) != 5 ||
        strcmp(word, "OK") != 0)
        return false;
    o->min_ms = (double)min * 1e-6;
    o->median_ms = (double)median * 1e-6;
    o->idle_cpu_ms = (double)idle * 1e-6;
    o->spawns = spawns;
    return true;
}

outcome run_child(const child *c)
{
    char reps[16];
    snprintf(reps, sizeof reps, "%d", c->reps);
    const char *const arguments[] = {reps, c->small ? "small" : NULL, NULL};
    ended e = run_program(
        &(program){.path = c->path, .arguments = arguments, .threads = c->threads, .most_seconds = c->most_seconds});
    outcome o = {0};
    if (!e.ok || !parse(e.line, &o))
        return o;
    o.ok = true;
    o.peak_mb = e.peak_mb;
    o.lasted = e.lasted;
    o.others = e.others;
    return o;
}
