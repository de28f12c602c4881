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

#include "../harness/harness.h"
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

static conditions how = {.directory = ".", .csv = "processes.csv", .commit = "unknown", .rounds = 5, .ms = 200};

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

/* Whether all ways have the same sum so far. */
static bool right(const series *all, int n, const char *sum)
{
    for (int i = 0; i < n; i++)
        if (all[i].runs && strcmp(all[i].sum, sum) != 0)
            return false;
    return true;
}

static void run_once(series *s, const series *all, int n)
{
    char path[PATH_MAX], items[24], megabytes[24], ms[24], sum[20];
    const workload *w = s->workload;
    program_of(s->way, path);
    snprintf(items, sizeof items, "%ld", w->n);
    snprintf(megabytes, sizeof megabytes, "%ld", w->megabytes);
    snprintf(ms, sizeof ms, "%g", how.ms);
    const char *const arguments[] = {w->what, s->way, items, megabytes, ms, NULL};
    s->disturbed += !wait_for_quiet();
    ended e =
        run_program(&(program){.path = path, .arguments = arguments, .threads = how.workers, .most_seconds = 120});
    double min, median, max;
    if (!e.ok || sscanf(e.line, "min_ns=%lf median_ns=%lf max_ns=%lf sum=%19s", &min, &median, &max, sum) != 4 ||
        !right(all, n, sum)) {
        fprintf(stderr, "run: %s by %s failed: status %d: %s\n", w->name, s->way, e.status, e.line);
        s->failed = true;
        return;
    }
    memcpy(s->sum, sum, sizeof sum);
    s->min_ns[s->runs] = min;
    s->median_ns[s->runs] = median;
    s->max_ns = max > s->max_ns ? max : s->max_ns;
    s->runs++;
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
    int n = 0, failed = 0;
    char path[PATH_MAX];
    if (w->megabytes && free_megabytes() < w->megabytes + SPARE_MB) {
        fprintf(stderr, "run: skipped %s: not enough memory\n", w->name);
        return 0;
    }
    for (int i = 0; i < MOST_WAYS && w->ways[i]; i++)
        if (program_of(w->ways[i], path))
            all[n++] = (series){.workload = w, .way = w->ways[i]};
    for (int round = 0; round < how.rounds; round++)
        for (int i = 0; i < n; i++)
            if (!all[i].failed)
                run_once(&all[i], all, n);
    for (int i = 0; i < n; i++)
        failed += all[i].failed;
    report_workload(csv, &how, all, n);
    return failed;
}

static int usage(void)
{
    fprintf(stderr, "usage: run [OPTIONS] [WORKLOAD...]\n"
                    "  -d DIRECTORY of the programs, . if not given\n"
                    "  -o CSV       file, processes.csv if not given\n"
                    "  -r ROUNDS    5 if not given\n"
                    "  -p WORKERS   as many as there are CPUs if not given\n"
                    "  -t MS        that a program fills with calls, 200 if not given\n"
                    "  -c COMMIT    to be named\n"
                    "workloads, by name or by what is before the dash:\n");
    for (int i = 0; i < WORKLOADS; i++)
        fprintf(stderr, "  %-14s %s\n", workloads[i].name, workloads[i].title);
    return 2;
}

/* The index of the first word that is not an option, or 0 if an option is wrong. */
static int parse_options(int argc, char **argv)
{
    how.workers = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int option; (option = getopt(argc, argv, "d:o:r:p:t:c:")) != -1;)
        switch (option) {
        case 'd':
            how.directory = optarg;
            break;
        case 'o':
            how.csv = optarg;
            break;
        case 'r':
            how.rounds = atoi(optarg);
            break;
        case 'p':
            how.workers = atoi(optarg);
            break;
        case 't':
            how.ms = atof(optarg);
            break;
        case 'c':
            how.commit = optarg;
            break;
        default:
            return 0;
        }
    if (how.rounds < 1 || how.rounds > MOST_ROUNDS || how.workers < 1 || how.ms < 0)
        return 0;
    return optind;
}

int main(int argc, char **argv)
{
    int at = parse_options(argc, argv), failures = 0, done = 0;
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
