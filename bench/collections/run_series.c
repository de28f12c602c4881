/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "../harness/harness.h"
#include "run.h"

enum { CANNOT = 3, MOST_SECONDS = 60 };

static const char *const ways[] = {"serial", "parallel", "parallel-unrestricted", "openmp", "openmp-simd", "tbb", "std",
                                   "gnu",    "stdsort",  "stdstablesort",         NULL};
static const char *const compilers[] = {"gcc", "clang", NULL};

/* ---- what there is to run -------------------------------------------------------------------------------- */

static bool wanted(const char *way)
{
    bool found = !how.ways || strcmp(way, "serial") == 0;
    for (char **w = how.ways; w && *w; w++)
        found |= strncmp(way, *w, strlen(*w)) == 0;
    return found;
}

static void add_series(measured *m, const char *way, const char *compiler, const char *wait_policy, int threads)
{
    if (m->n_series == MOST_SERIES || !wanted(way))
        return;
    series *s = &m->all[m->n_series];
    memset(s, 0, sizeof *s);
    int length = snprintf(s->path, sizeof s->path, "%s/%s-%s", how.directory, way, compiler);
    if (length >= (int)sizeof s->path || access(s->path, X_OK) != 0)
        return;
    snprintf(s->way, sizeof s->way, "%s%s%s", way, wait_policy ? "-" : "", wait_policy ? wait_policy : "");
    s->compiler = compiler;
    s->wait_policy = wait_policy;
    s->threads = threads;
    s->serial = strcmp(way, "serial") == 0;
    s->ours = strcmp(way, "parallel") == 0;
    s->variant = !s->ours && strncmp(way, "parallel", strlen("parallel")) == 0;
    m->n_series++;
}

/* Whether its threads are OpenMP's, which either spin or sleep while they wait. */
static bool has_wait_policy(const char *way)
{
    return strncmp(way, "openmp", strlen("openmp")) == 0 || strcmp(way, "gnu") == 0;
}

void find_series(measured *m)
{
    m->n_series = 0;
    for (int c = 0; compilers[c]; c++)
        add_series(m, "serial", compilers[c], NULL, 1);
    for (const int *threads = how.threads; *threads; threads++)
        for (int w = 1; ways[w]; w++)
            for (int c = 0; compilers[c]; c++)
                if (has_wait_policy(ways[w])) {
                    add_series(m, ways[w], compilers[c], "active", *threads);
                    add_series(m, ways[w], compilers[c], "passive", *threads);
                } else {
                    add_series(m, ways[w], compilers[c], NULL, *threads);
                }
}

/* ---- one run --------------------------------------------------------------------------------------------- */

static ended run_driver(const measured *m, const series *s)
{
    char n[24], slice[24];
    snprintf(n, sizeof n, "%ld", m->n);
    snprintf(slice, sizeof slice, "%g", how.milliseconds);
    const char *const arguments[] = {m->what->name, n, slice, NULL};
    return run_program(&(program){.path = s->path,
                                  .arguments = arguments,
                                  .wait_policy = s->wait_policy,
                                  .threads = s->threads,
                                  .most_seconds = MOST_SECONDS});
}

static void note(const measured *m, series *s, const ended *e)
{
    double min, median;
    char result[8] = "";
    bool told = sscanf(e->line, "min=%lf median=%lf result=%7s", &min, &median, result) == 3;
    s->cannot = e->status == CANNOT;
    s->wrong = told && strcmp(result, "OK") != 0;
    s->failed = !s->cannot && (!e->ok || !told || s->wrong);
    if (s->failed)
        fprintf(stderr, "run: %s %s, %s, n = %ld, threads: %d\n", s->path, s->wrong ? "has a WRONG result" : "failed",
                m->what->name, m->n, s->threads);
    if (s->failed || s->cannot)
        return;
    s->min_ns[s->runs] = min;
    s->median_ns[s->runs] = median;
    s->runs++;
}

/* One run, the quietest of as many as needed. */
void run_once(const measured *m, series *s)
{
    ended best = run_driver(m, s);
    for (int repeat = 0; repeat < how.most_repeats && best.ok && disturbed(best.others, best.lasted); repeat++) {
        ended again = run_driver(m, s);
        s->repeats++;
        if (!again.ok || again.others / again.lasted < best.others / best.lasted)
            best = again;
    }
    note(m, s, &best);
}
