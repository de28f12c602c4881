/* SPDX-License-Identifier: MIT */
/*
 * run [OPTIONS] [WORKLOAD...]: measures the suite's programs, which are DIRECTORY/WAY-COMPILER.
 *
 * In each round every program runs a workload of one size once, in turn with the others. What it does in its process
 * repeats until a fraction of a second is full, and the least and the median time count. A run during which others used
 * the CPUs is done again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

#define ALL_SIZES                                                                                                      \
    {                                                                                                                  \
        8, 100, 1000, 10000, 100000, 10000000, 0                                                                       \
    }

static const workload workloads[] = {
    {"sum-double", "+ of doubles", ALL_SIZES},
    {"sum-float", "+ of floats", ALL_SIZES},
    {"sum-int", "+ of ints", ALL_SIZES},
    {"max-int", "the greatest of ints", ALL_SIZES},
    {"affine", "composition of affine maps, a function that does not commute", ALL_SIZES},
    {"map-reduce-dear", "+ of the results of an opaque function of about a microsecond", {8, 100, 1000, 10000, 0}},
    {"map-reduce-cheap", "+ of the results of a function that is inlined and vectorises", ALL_SIZES},
    {"histogram", "how often each byte occurs", ALL_SIZES},
    {"count", "how many of ints are positive, half of them", ALL_SIZES},
    {"find-absent", "the first int that a predicate holds of, and there is none", ALL_SIZES},
    {"find-early", "the first int that a predicate holds of, after a hundredth of them", ALL_SIZES},
    {"min-index", "where the least of doubles is", ALL_SIZES},
    {"scan-double", "+ of all doubles so far, into another array", ALL_SIZES},
    {"scan-int", "+ of all ints so far, into another array", ALL_SIZES},
    {"filter-half", "those of ints that are positive, half of them, into another array", ALL_SIZES},
    {"sort-int", "ints in order, by a comparison, in another array", ALL_SIZES},
    {"sort-record", "records of 16 bytes, by a key", ALL_SIZES},
    {"sort-32", "records of 32 bytes, by a key", {8, 100, 1000, 10000, 100000, 1000000, 0}},
    {"sort-64", "records of 64 bytes, by a key", {8, 100, 1000, 10000, 100000, 1000000, 0}},
    {"sort-128", "records of 128 bytes, by a key", {8, 100, 1000, 10000, 100000, 1000000, 0}},
    {"sort-string", "strings of 15 characters", {8, 100, 1000, 10000, 100000, 1000000, 0}},
    {"sort-few", "ints, of which there are 16", ALL_SIZES},
    {"sort-equal", "ints that are all the same", ALL_SIZES},
    {"sort-sorted", "ints that are in order", ALL_SIZES},
    {"sort-reversed", "ints that are in the opposite order", ALL_SIZES},
    {"sort-nearly", "ints in order, but for a thousandth", {1000000, 10000000, 0}},
    {"sort-organ", "ints that rise, and fall again", {1000000, 10000000, 0}},
    {"sort-zipf", "ints of which few are frequent", ALL_SIZES},
    {"sort-killer", "ints against medians of three", {1000000, 10000000, 0}},
    {"sort-number-int", "ints in order, into another array", ALL_SIZES},
    {"sort-number-double", "doubles in order, into another array", ALL_SIZES},
    {"sort-by-u64", "16-byte records by a key of 64 bits, stably, into another array", ALL_SIZES},
    {"histogram-1000000", "how often each of 10^6 keys occurs", ALL_SIZES},
    {"group-1000", "ints in 1000 groups", ALL_SIZES},
    {"group-1000000", "ints in 10^6 groups", ALL_SIZES},
    {"distinct-1000", "the first of each value, of ints of 1000 values", ALL_SIZES},
    {"distinct-any", "the first of each value, of ints that are nearly all different", ALL_SIZES},
    {"flat-map", "from 0 to 3 results for each int", ALL_SIZES},
    {"stencil",
     "a step of diffusion in a square of n points, of floats in four arrays",
     {256, 4096, 262144, 4194304, 0}},
    {0}};

conditions how = {.directory = ".",
                  .csv = "collections.csv",
                  .commit = "unknown",
                  .rounds = 5,
                  .most_repeats = 3,
                  .milliseconds = 60};

static measured now; /* what is being measured: too large for a stack */

/* ---- running --------------------------------------------------------------------------------------------- */

typedef struct totals {
    int measured;
    int failures;
    int repeats;
} totals;

static void measure(const workload *w, long n, FILE *csv, FILE *summary, totals *t)
{
    now.what = w;
    now.n = n;
    find_series(&now);
    for (int round = 0; round < how.rounds; round++)
        for (int i = 0; i < now.n_series; i++)
            if (!now.all[i].failed && !now.all[i].cannot)
                run_once(&now, &now.all[i]);
    for (int i = 0; i < now.n_series; i++) {
        t->failures += now.all[i].failed;
        t->repeats += now.all[i].repeats;
    }
    t->measured++;
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
    enum { SMALL = 1000 };
    for (const workload *w = workloads; w->name; w++)
        for (const long *n = w->sizes; wanted(w->name, filters) && *n; n++)
            if (!how.small || *n <= SMALL)
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
    how.threads[n] = 0;
    return n > 0;
}

static bool parse_ways(char *text)
{
    static char *ways[MOST_SERIES];
    int n = 0;
    for (char *word = strtok(text, " ,"); word && n < MOST_SERIES - 1; word = strtok(NULL, " ,"))
        ways[n++] = word;
    how.ways = ways;
    return n > 0;
}

static bool parse_option(int option)
{
    switch (option) {
    case 'd':
        how.directory = optarg;
        return true;
    case 'o':
        how.csv = optarg;
        return true;
    case 'r':
        how.rounds = atoi(optarg);
        return how.rounds >= 1 && how.rounds <= MOST_ROUNDS;
    case 'a':
        how.most_repeats = atoi(optarg);
        return how.most_repeats >= 0;
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
        how.most_repeats = 0;
        return true;
    default:
        return false;
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: run [OPTIONS] [WORKLOAD...]\n"
                    "  -d DIRECTORY of the programs, . if not given\n"
                    "  -o CSV       file, collections.csv if not given\n"
                    "  -r ROUNDS    5 if not given\n"
                    "  -a AGAIN     how often at most a disturbed run is done again, 3 if not given\n"
                    "  -t MS        that a process fills with calls, 60 if not given\n"
                    "  -p \"1 2 4\"   the numbers of threads; the number of CPUs if not given\n"
                    "  -w \"WAY...\"  only ways that begin so, and the serial loop\n"
                    "  -c COMMIT    to be named\n"
                    "  -s           small sizes, and nothing again: only to see whether all works\n"
                    "workloads, each by its name or by what stands before a dash:\n");
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
    printf("%s\n%d workloads and sizes; %d runs repeated because others used the CPUs; %d programs failed\n", text,
           t.measured, t.repeats, t.failures);
    free(text);
    return t.failures || !t.measured ? 1 : 0;
}

int main(int argc, char **argv)
{
    how.threads[0] = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int option; (option = getopt(argc, argv, "d:o:r:a:t:p:w:c:s")) != -1;)
        if (!parse_option(option))
            return usage();
    FILE *csv = fopen(how.csv, "w");
    if (!csv) {
        perror(how.csv);
        return 2;
    }
    int status = run_all(argv + optind, csv);
    return fclose(csv) != 0 ? 2 : status;
}
