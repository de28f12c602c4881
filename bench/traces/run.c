/* SPDX-License-Identifier: MIT */
/*
 * run [OPTIONS] [WORKLOAD...]: what it costs to count and to record what workers do.
 *
 * In each round every way of a workload runs once, in a process of its own, in turn with the others.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/harness.h"

enum { MOST_ROUNDS = 101 };

/* The program, and whether a trace is recorded. */
static const struct {
    const char *name, *program;
    bool is_traced;
} ways[] = {{"untraced", "way-untraced", false}, {"off", "way-off", false}, {"on", "way-off", true}};
enum { WAYS = sizeof ways / sizeof ways[0] };

static const struct {
    const char *name, *title;
} workloads[] = {
    {"at-once", "a map of 8 items, which runs at once: ns a call"},
    {"short", "a map of 20 items, 1.5 us in all: ns a call"},
    {"chunks-2.5us", "a loop of 4000 chunks of 2.5 us: ns a chunk"},
    {"chunks-8ns", "a loop of 200000 chunks of 8 ns: ns a chunk"},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

typedef struct series {
    double min_ns[MOST_ROUNDS], median_ns[MOST_ROUNDS]; /* of each run */
    int runs, disturbed;
} series;

static struct {
    const char *directory, *csv, *commit;
    int rounds, workers;
    double ms;
} how = {.directory = ".", .csv = "traces.csv", .commit = "unknown", .rounds = 5, .ms = 200};

/* ---- one run ----------------------------------------------------------------------------------------------------- */

/* False if it failed. */
static bool run_once(series *s, int workload, int way)
{
    char path[PATH_MAX], trace[PATH_MAX], ms[24];
    double min, median;
    if (snprintf(path, sizeof path, "%s/%s", how.directory, ways[way].program) >= PATH_MAX ||
        snprintf(trace, sizeof trace, "%s/trace.svg", how.directory) >= PATH_MAX)
        return false;
    snprintf(ms, sizeof ms, "%g", how.ms);
    const char *const arguments[] = {workloads[workload].name, ms, ways[way].is_traced ? trace : NULL, NULL};
    ended e = run_program(&(program){.path = path, .arguments = arguments, .threads = how.workers, .most_seconds = 60});
    if (!e.ok || sscanf(e.line, "min_ns=%lf median_ns=%lf", &min, &median) != 2)
        return false;
    s->min_ns[s->runs] = min;
    s->median_ns[s->runs++] = median;
    s->disturbed += disturbed(e.others, e.lasted);
    return true;
}

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* How many programs failed. */
static int run_workload(int workload, FILE *csv)
{
    static series all[WAYS];
    int failed = 0;
    memset(all, 0, sizeof all);
    for (int round = 0; round < how.rounds; round++)
        for (int way = 0; way < WAYS; way++)
            failed += !run_once(&all[way], workload, way);
    printf("\n%s\n  %-10s %10s %10s %10s\n", workloads[workload].title, "", "min", "median", "untraced");
    for (int way = 0; way < WAYS; way++) {
        series *s = &all[way];
        if (!s->runs)
            continue;
        qsort(s->min_ns, (size_t)s->runs, sizeof *s->min_ns, by_value);
        qsort(s->median_ns, (size_t)s->runs, sizeof *s->median_ns, by_value);
        double median = s->median_ns[s->runs / 2],
               relative = all[0].runs ? median / all[0].median_ns[all[0].runs / 2] : 0;
        fprintf(csv, "%s,%s,%d,%d,%.2f,%.2f,%.4f,%d\n", workloads[workload].name, ways[way].name, how.workers, s->runs,
                s->min_ns[0], median, relative, s->disturbed);
        printf("  %-10s %10.2f %10.2f %9.2fx%s\n", ways[way].name, s->min_ns[0], median, relative,
               s->disturbed ? "  disturbed" : "");
    }
    fflush(stdout);
    return failed;
}

/* ---- what to run ------------------------------------------------------------------------------------------------- */

static int usage(void)
{
    fprintf(stderr, "usage: run [OPTIONS] [WORKLOAD...]\n"
                    "  -d DIRECTORY of the programs, . if not given\n"
                    "  -o CSV       file, traces.csv if not given\n"
                    "  -r ROUNDS    5 if not given\n"
                    "  -p WORKERS   as many as there are CPUs if not given\n"
                    "  -t MS        that a program fills, 200 if not given\n"
                    "  -c COMMIT    to be named\n"
                    "workloads:\n");
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
    return how.rounds < 1 || how.rounds > MOST_ROUNDS || how.workers < 1 || how.ms < 0 ? 0 : optind;
}

static void describe(FILE *to)
{
    describe_machine(to, how.directory);
    fprintf(to, "# commit: %s, %d rounds, ways in turn in each; a program fills %g ms\n# workers: %d\n", how.commit,
            how.rounds, how.ms, how.workers);
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
    describe(csv);
    describe(stdout);
    fprintf(csv, "workload,way,workers,rounds,min_ns,median_ns,relative,disturbed\n");
    for (int i = 0; i < WORKLOADS; i++)
        if (is_named(workloads[i].name, argv + at)) {
            failures += run_workload(i, csv);
            done++;
        }
    printf("\n%d workloads, %d programs failed\n", done, failures);
    return fclose(csv) != 0 || failures || !done ? 1 : 0;
}
