/* SPDX-License-Identifier: MIT */
/* run [OPTIONS] [WORKLOAD...]: measures streams, and single tasks in the background, beside what else one could do. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

static const char *const flows[] = {"serial", "parallel", "parallel-open", "parallel-process", "tbb",
                                    "hts",    "ring",     "python-serial", "python-imap",      NULL};
static const char *const tiny_flows[] = {"serial",
                                         "serial-calls",
                                         "parallel",
                                         "parallel-calls",
                                         "parallel-open",
                                         "parallel-open-64",
                                         "parallel-process",
                                         "tbb",
                                         "hts",
                                         "ring",
                                         NULL};
static const char *const tasks[] = {"thread", "async", "async-map", NULL};
static const char *const events[] = {"uv-queue", "gtask", "async-map-fd", "async-fd", "async-notify", NULL};
static const char *const archives[] = {"pigz", "pgz", NULL};

static const workload workloads[] = {
    {"tiny", "items of some nanoseconds", tiny_flows, false},
    {"us", "items of a microsecond", flows, false},
    {"100us", "items of 100 us", flows, false},
    {"skewed", "items of 3 us, one in a hundred of which takes 300 us", flows, false},
    {"trickle", "a source that blocks for 20 ms: how late items of 0.13 ms come out", flows, true},
    {"gzip", "a text of 60 MB, compressed", archives, false},
    {"task", "one tiny task in the background: made, started, its result read, freed", tasks, false},
    {"events", "500 tiny tasks in the background, until a loop has handled them all: a task", events, false},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

static conditions how;

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static bool program_of(const char *way, char path[PATH_MAX])
{
    int length = snprintf(path, PATH_MAX, "%s/way-%s", how.directory, way);
    return length < PATH_MAX && access(path, X_OK) == 0;
}

/* All ways have the same sum, which tells the order, too; Python's items are others. */
static bool are_alike(const series *a, const series *b)
{
    return (strncmp(a->way, "python-", 7) == 0) == (strncmp(b->way, "python-", 7) == 0);
}

static void run_once(series *s, const series *all, int n)
{
    char path[PATH_MAX], ms[24];
    program_of(s->way, path);
    snprintf(ms, sizeof ms, "%g", how.ms);
    const char *const arguments[] = {s->workload, ms, NULL};
    ended e =
        run_program(&(program){.path = path, .arguments = arguments, .threads = how.workers, .most_seconds = 120});
    if (series_add(s, &e, all, n, are_alike))
        s->disturbed += disturbed(e.others, e.lasted);
}

/* ---- what to run ------------------------------------------------------------------------------------------------- */

/* How many programs failed. */
static int run_workload(const workload *w, FILE *csv)
{
    series all[MOST_WAYS];
    int n = 0;
    char path[PATH_MAX];
    for (int i = 0; w->ways[i]; i++)
        if (program_of(w->ways[i], path) && conditions_want(&how, w->ways[i]))
            all[n++] = (series){.workload = w->name, .way = w->ways[i]};
    int failed = series_run(&how, all, n, run_once);
    report_workload(csv, &how, w, all, n);
    return failed;
}

static int usage(void)
{
    conditions_usage(&how);
    fprintf(stderr, "workloads:\n");
    for (int i = 0; i < WORKLOADS; i++)
        fprintf(stderr, "  %-10s %s\n", workloads[i].name, workloads[i].title);
    return 2;
}

int main(int argc, char **argv)
{
    how = conditions_of("streams.csv");
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
        if (is_named(workloads[i].name, argv + at)) {
            failures += run_workload(&workloads[i], csv);
            done++;
        }
    printf("\n%d workloads, %d programs failed\n", done, failures);
    return fclose(csv) != 0 || failures || !done ? 1 : 0;
}
