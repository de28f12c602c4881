/* SPDX-License-Identifier: MIT */
/* What the user of a program asks for by PARALLEL_VERBOSE=1 in its environment: what was found, and what the workers
 * have done, on standard error when the program exits. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <parallel.h>

#include "api/verbose.h"
#include "base/life.h"
#include "base/os.h"
#include "sched/pool.h"

static bool is_child;

static void print_found(void)
{
    pl_os_cpu_limits limits;
    const char *wrong = pl_pool_wrong_cores();
    if (wrong)
        fprintf(stderr, "parallel: PARALLEL_NUM_THREADS is '%.64s', which is no number from 1 on, and is ignored\n",
                wrong);
    pl_os_find_cpu_limits(&limits);
    fprintf(stderr, "parallel: %u CPUs online, %u allowed by the affinity mask, ", limits.online, limits.allowed);
    if (limits.quota)
        fprintf(stderr, "%u by the quota of the cgroup", limits.quota);
    else
        fputs("no quota", stderr);
    fprintf(stderr, "; calls have %u worker%s\n", pl_pool_default_cores(), pl_pool_default_cores() == 1 ? "" : "s");
}

static void print_ms(const char *name, uint64_t ns)
{
    fprintf(stderr, "%s%" PRIu64 ".%03u ms", name, ns / 1000000, (unsigned)(ns % 1000000 / 1000));
}

static void print_sums(const parallel_stats_t *s)
{
    fprintf(stderr,
            "parallel: calls: %" PRIu64 " inline, %" PRIu64 " handed over, %" PRIu64 " shared; %" PRIu64
            " items, %" PRIu64 " chunks\n",
            s->calls_inline, s->calls_handed_over, s->calls_shared, s->items, s->chunks);
    fprintf(stderr,
            "parallel: threads: %" PRIu64 " started; %" PRIu64 " steals (%" PRIu64 " failed), %" PRIu64
            " sleeps, %" PRIu64 " wakes",
            s->workers_started, s->steals, s->failed_steals, s->sleeps, s->wakes);
    fprintf(stderr, " of %" PRIu64 " ns\n", s->wakes ? s->wake_latency_ns / s->wakes : 0);
    print_ms("parallel: time: busy ", s->busy_ns);
    print_ms(", searching ", s->searching_ns);
    print_ms(", asleep ", s->asleep_ns);
    fprintf(stderr, "\nparallel: failures: %" PRIu64 " crashes, %" PRIu64 " timeouts, %" PRIu64 " retries\n",
            s->crashes, s->timeouts, s->retries);
}

void pl_verbose_print(void)
{
    const char *verbose = is_child ? NULL : pl_os_environment("PARALLEL_VERBOSE");
    parallel_stats_t s = {.size = sizeof s};
    if (!verbose || strcmp(verbose, "1") != 0 || parallel_stats(NULL, &s) != 0)
        return;
    print_found();
    print_sums(&s);
}

static void become_child(void)
{
    is_child = true;
}

PL_LIFE(PL_LIFE_VERBOSE, .in_child = become_child, .unloaded = pl_verbose_print);
