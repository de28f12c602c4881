/* SPDX-License-Identifier: MIT */
/* WAY WORKLOAD MS: runs streams of that workload for so long, three at least; prints what an item took, and the sum. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "items.h"

enum { MOST_RUNS = 10000, LEAST_RUNS = 3 };

static const workload workloads[] = {
    {"tiny", 2000000, 4, 0, 0},     {"us", 50000, 800, 0, 0},          {"100us", 500, 80000, 0, 0},
    {"skewed", 5000, 2400, 100, 0}, {"trickle", 10, 100000, 0, 20000},
};

int threads_to_use(void)
{
    const char *text = getenv("SUITE_THREADS");
    int threads = text ? atoi(text) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return threads > 0 ? threads : 1;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nanoseconds of an item; below 0: it failed. */
static double time_once(const workload *w, uint64_t *sum)
{
    flow f = {.work = w};
    uint64_t start = nanoseconds();
    if (!run_flow(&f) || f.taken != w->items)
        return -1;
    uint64_t spent = w->sleep_us ? f.late_ns : nanoseconds() - start;
    *sum = f.sum;
    return (double)spent / (double)w->items;
}

static int measure(const workload *w, double ms)
{
    static double all[MOST_RUNS];
    int runs = 0;
    uint64_t sum, first, began;
    if (time_once(w, &first) < 0) /* does not count */
        return 1;
    for (began = nanoseconds(); runs < MOST_RUNS && (runs < LEAST_RUNS || nanoseconds() - began < ms * 1e6); runs++)
        if ((all[runs] = time_once(w, &sum)) < 0 || sum != first)
            return 1;
    qsort(all, (size_t)runs, sizeof *all, by_value);
    printf("min_ns=%.2f median_ns=%.2f max_ns=%.2f sum=%016llx\n", all[0], all[runs / 2], all[runs - 1],
           (unsigned long long)first);
    return 0;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof workloads / sizeof workloads[0]; i++)
        if (strcmp(argv[1], workloads[i].name) == 0)
            return measure(&workloads[i], atof(argv[2]));
    fprintf(stderr, "usage: %s WORKLOAD MS\n", argv[0]);
    return 2;
}
