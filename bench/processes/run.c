/* SPDX-License-Identifier: MIT */
/*
 * run [OPTIONS] [WORKLOAD...]: measures calls on worker processes, beside what else one could do.
 *
 * In each round every way of a workload runs once, in a process of its own, in turn with the others. Before that, the
 * runner waits until nobody else uses the CPUs, for a while.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

/* Looks at what others do before a run: at most so many, each so long. */
enum { LOOKS = 5 };
#define LOOK_SECONDS 0.2
/* What a program of so many megabytes needs there to be free, besides. */
enum { SPARE_MB = 1500 };

#define PYTHON "python-serial", "python-executor", "python-pool"
#define CALLS                                                                                                          \
    {                                                                                                                  \
        "serial", "threads", "persistent", "snapshot", PYTHON                                                          \
    }
#define MILLION                                                                                                        \
    {                                                                                                                  \
        "serial", "threads", "persistent", "snapshot", "fork", PYTHON                                                  \
    }
#define FORKS                                                                                                          \
    {                                                                                                                  \
        "fork", "snapshot", "persistent"                                                                               \
    }
#define FORKS_AND_BARE                                                                                                 \
    {                                                                                                                  \
        "fork", "snapshot", "persistent", "bare-fork"                                                                  \
    }

static const workload workloads[] = {
    {"million", "calls", 1000000, 40, MILLION, "10^6 items of 8 bytes, 40 MB in memory"},
    {"calls-1", "calls", 1, 0, CALLS, "calls of 1 tiny item"},
    {"calls-10", "calls", 10, 0, CALLS, "calls of 10 tiny items"},
    {"calls-100", "calls", 100, 0, CALLS, "calls of 100 tiny items"},
    {"calls-1000", "calls", 1000, 0, CALLS, "calls of 1000 tiny items"},
    {"first-40mb", "first", 100, 40, CALLS, "the first call of a program, 100 tiny items, 40 MB in memory"},
    {"memory-0mb", "calls", 10, 0, FORKS_AND_BARE, "calls of 10 tiny items, nothing in memory"},
    {"memory-40mb", "calls", 10, 40, FORKS_AND_BARE, "calls of 10 tiny items, 40 MB in memory"},
    {"memory-400mb", "calls", 10, 400, FORKS_AND_BARE, "calls of 10 tiny items, 400 MB in memory"},
    {"memory-2000mb", "calls", 10, 2000, FORKS_AND_BARE, "calls of 10 tiny items, 2 GB in memory"},
    {"crash-0mb", "crash", 40, 0, FORKS, "from a crash to the next task, nothing in memory"},
    {"crash-400mb", "crash", 40, 400, FORKS, "from a crash to the next task, 400 MB in memory"},
    {"late-20ms", "late", 10, 0, {"snapshot", "persistent"}, "how late a timeout of 20 ms is"},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

static conditions how;

/* ---- one run ----------------------------------------------------------------------------------------------------- */

/* Waits until others leave the CPUs alone. False if they do not. */
static bool wait_for_quiet(void)
{
    for (int look = 0; look < LOOKS; look++) {
        double busy = busy_seconds(), start = seconds();
        nanosleep(&(struct timespec){.tv_nsec = (long)(LOOK_SECONDS * 1e9)}, NULL);
        if (!disturbed(busy_seconds() - busy, seconds() - start))
            return true;
    }
    return false;
}

static bool program_of(const char *way, char path[PATH_MAX])
{
    bool python = strncmp(way, "python-", 7) == 0;
    int length = snprintf(path, PATH_MAX, "%s/%s", how.directory, python ? "python" : "driver");
    return length < PATH_MAX && access(path, X_OK) == 0;
}

/* All ways of a workload have the same sum. */
static bool are_alike(const series *a, const series *b)
{
    (void)a, (void)b;
    return true;
}

static const workload *workload_of(const series *s)
{
    const workload *w = workloads;
    while (strcmp(w->name, s->workload) != 0)
        w++;
    return w;
}

static void run_once(series *s, const series *all, int n)
{
    char path[PATH_MAX], items[24], megabytes[24], ms[24];
    const workload *w = workload_of(s);
    program_of(s->way, path);
    snprintf(items, sizeof items, "%ld", w->n);
    snprintf(megabytes, sizeof megabytes, "%ld", w->megabytes);
    snprintf(ms, sizeof ms, "%g", how.ms);
    const char *const arguments[] = {w->what, s->way, items, megabytes, ms, NULL};
    s->disturbed += !wait_for_quiet();
    ended e =
        run_program(&(program){.path = path, .arguments = arguments, .threads = how.workers, .most_seconds = 120});
    series_add(s, &e, all, n, are_alike);
}

/* ---- what to run ------------------------------------------------------------------------------------------------- */

static bool wanted(const workload *w, char **filters)
{
    bool found = !*filters;
    for (; *filters; filters++) {
        size_t length = strlen(*filters);
        found |= strncmp(w->name, *filters, length) == 0 && (!w->name[length] || w->name[length] == '-');
    }
    return found;
}

/* Megabytes of memory that there are; LONG_MAX where that is not told. */
static long free_megabytes(void)
{
    FILE *f = fopen("/proc/meminfo", "r");
    char line[128];
    long kilobytes = LONG_MAX;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %ld", &kilobytes) == 1)
            break;
    if (f)
        fclose(f);
    return kilobytes == LONG_MAX ? kilobytes : kilobytes / 1024;
}

/* How many programs failed. */
static int run_workload(const workload *w, FILE *csv)
{
    series all[MOST_WAYS];
    int n = 0;
    char path[PATH_MAX];
    if (w->megabytes && free_megabytes() < w->megabytes + SPARE_MB) {
        fprintf(stderr, "run: skipped %s: not enough memory\n", w->name);
        return 0;
    }
    for (int i = 0; i < MOST_OF_ONE && w->ways[i]; i++)
        if (program_of(w->ways[i], path) && conditions_want(&how, w->ways[i]))
            all[n++] = (series){.workload = w->name, .way = w->ways[i]};
    int failed = series_run(&how, all, n, run_once);
    report_workload(csv, &how, w, all, n);
    return failed;
}

static int usage(void)
{
    conditions_usage(&how);
    fprintf(stderr, "workloads, by name or by what is before the dash:\n");
    for (int i = 0; i < WORKLOADS; i++)
        fprintf(stderr, "  %-14s %s\n", workloads[i].name, workloads[i].title);
    return 2;
}

int main(int argc, char **argv)
{
    how = conditions_of("processes.csv");
    int at = conditions_parse(&how, argc, argv), failures = 0, done = 0;
    if (!at)
        return usage();
    FILE *csv = fopen(how.csv, "w");
    if (!csv) {
        perror(how.csv);
        return 2;
    }
    report_header(csv, &how);
    for (int i = 0; i < WORKLOADS; i++)
        if (wanted(&workloads[i], argv + at)) {
            failures += run_workload(&workloads[i], csv);
            done++;
        }
    printf("\n%d workloads, %d programs failed\n", done, failures);
    return fclose(csv) != 0 || failures || !done ? 1 : 0;
}
