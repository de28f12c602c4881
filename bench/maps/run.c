/* SPDX-License-Identifier: MIT */
/*
 * run [OPTIONS] [WORKLOAD...]: measures the suite's programs, which are DIRECTORY/WAY-COMPILER.
 *
 * In each round every program runs a workload once, in turn with the others. What it does in its process repeats until
 * a fraction of a second is full. A run during which others used the CPUs, or during which the distance between the
 * CPUs changed, is done again. Results are compared only within a distance.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

conditions how = {.directory = ".", .output = ".", .commit = "unknown", .rounds = 5, .milliseconds = 60};

static measured now; /* what is being measured: too large for a stack */

/* ---- running --------------------------------------------------------------------------------------------- */

typedef struct totals {
    int workloads;
    int failures;
    int repeats;
    int mixed;
} totals;

static void count(totals *t)
{
    t->workloads++;
    for (int i = 0; i < now.n_series; i++) {
        t->failures += now.all[i].failed;
        t->repeats += now.all[i].repeats;
        for (int k = 0; k < now.all[i].n_runs; k++)
            t->mixed += !now.all[i].serial && now.all[i].runs[k].state == MIXED;
    }
}

static long small_size(const workload *w, long n)
{
    long most = strcmp(w->kernel, "nested") == 0 ? 20000 : strcmp(w->kernel, "row") == 0 ? 16 : 1000;
    return n < most ? n : most;
}

static void measure(const workload *w, long n, FILE *csv, FILE *summary, totals *t)
{
    now.what = w;
    now.n = how.small ? small_size(w, n) : n;
    now.checksum[0] = '\0';
    find_series(&now);
    for (int round = 0; round < how.rounds; round++)
        for (int i = 0; i < now.n_series; i++)
            if (!now.all[i].failed && !now.all[i].cannot && !now.all[i].slow)
                run_once(&now, &now.all[i]);
    count(t);
    report_measured(csv, summary, &now);
}

/* ---- what to run ----------------------------------------------------------------------------------------- */

/* A filter is a workload's name, or what stands before a dash in it. */
static bool wanted(const char *name, char **filters)
{
    bool found = !*filters;
    for (; *filters; filters++) {
        size_t length = strlen(*filters);
        found |= strncmp(name, *filters, length) == 0 && (name[length] == '\0' || name[length] == '-');
    }
    return found;
}

static void measure_all(char **filters, FILE *csv, FILE *summary, totals *t)
{
    for (const workload *w = workloads; w->name; w++)
        for (const long *n = w->sizes; wanted(w->name, filters) && *n; n++)
            if (!how.small || n - w->sizes < 2)
                measure(w, *n, csv, summary, t);
}

static bool parse_thread_counts(char *text)
{
    int n = 0;
    for (char *word = strtok(text, " ,"); word; word = strtok(NULL, " ,")) {
        if (n == MOST_THREAD_COUNTS || atoi(word) < 1)
            return false;
        how.threads[n++] = atoi(word);
    }
    return n > 0;
}

static bool parse_ways(char *text)
{
    static char *ways[MOST_SERIES];
    int n = 0;
    for (char *word = strtok(text, " ,"); word && n < MOST_SERIES - 1; word = strtok(NULL, " ,"))
        ways[n++] = word;
    how.ways = ways;
    return true;
}

static bool parse_option(int option)
{
    switch (option) {
    case 'd':
        how.directory = optarg;
        return true;
    case 'o':
        how.output = optarg;
        return true;
    case 'r':
        how.rounds = atoi(optarg);
        return how.rounds >= 1 && how.rounds <= MOST_ROUNDS;
    case 't':
        how.milliseconds = atof(optarg);
        return how.milliseconds > 0;
    case 'p':
        return parse_thread_counts(optarg);
    case 'w':
        return parse_ways(optarg);
    case 'c':
        how.commit = optarg;
        return true;
    case 's':
        how.small = true;
        return true;
    default:
        return false;
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: run [OPTIONS] [WORKLOAD...]\n"
                    "  -d DIRECTORY of the programs, . if not given\n"
                    "  -o DIRECTORY where maps.csv is to be, . if not given\n"
                    "  -r ROUNDS    5 if not given\n"
                    "  -t MS        that a process fills with calls, 60 if not given\n"
                    "  -p \"1 2 4\"   the numbers of threads; the number of CPUs if not given\n"
                    "  -w \"WAY...\"  only ways that begin so, and the serial loop\n"
                    "  -c COMMIT    to be named\n"
                    "  -s           tiny sizes, only to see whether all works\n"
                    "workloads, each by its name or by what stands before the dash:\n");
    for (const workload *w = workloads; w->name; w++)
        fprintf(stderr, "  %-18s %s\n", w->name, w->about);
    return 2;
}

static int run_all(char **filters, FILE *csv)
{
    char *text = NULL;
    size_t size;
    FILE *summary = open_memstream(&text, &size);
    if (!summary)
        return 2;
    totals t = {0};
    report_header(csv);
    report_summary_header(summary);
    measure_all(filters, csv, summary, &t);
    fclose(summary);
    printf(
        "%s\n%d workloads and sizes; %d runs repeated because others used the CPUs or their distance changed, %d left "
        "out as it changed again; %d programs failed\n",
        text, t.workloads, t.repeats, t.mixed, t.failures);
    free(text);
    return t.failures || !t.workloads ? 1 : 0;
}

int main(int argc, char **argv)
{
    how.threads[0] = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int option; (option = getopt(argc, argv, "d:o:r:t:p:w:c:s")) != -1;)
        if (!parse_option(option))
            return usage();
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/maps.csv", how.output);
    FILE *csv = fopen(path, "w");
    if (!csv) {
        perror(path);
        return 2;
    }
    calibrate();
    int status = run_all(argv + optind, csv);
    return fclose(csv) != 0 ? 2 : status;
}
