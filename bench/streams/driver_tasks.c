/* SPDX-License-Identifier: MIT */
/* WAY WORKLOAD MS: runs tasks for so long; prints what one took, and the sum of their results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tasks.h"

enum { MOST_RUNS = 10000, LEAST_RUNS = 3 };

static const struct {
    const char *name;
    int at_once, times;
} workloads[] = {{"task", 1, 2000}, {"events", MOST_TASKS, 10}};

int threads_to_use(void)
{
    const char *text = getenv("SUITE_THREADS");
    int threads = text ? atoi(text) : 2;
    return threads > 0 ? threads : 1;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nanoseconds of a task; below 0: it failed. */
static double time_once(int at_once, int times, uint64_t *sum)
{
    uint64_t start = nanoseconds();
    *sum = 0;
    for (int i = 0; i < times; i++)
        if (!run_tasks(at_once, sum))
            return -1;
    return (double)(nanoseconds() - start) / at_once / times;
}

static int measure(int at_once, int times, double ms)
{
    static double all[MOST_RUNS];
    int runs = 0;
    uint64_t sum, first, began;
    if (time_once(at_once, times, &first) < 0) /* does not count */
        return 1;
    for (began = nanoseconds(); runs < MOST_RUNS && (runs < LEAST_RUNS || nanoseconds() - began < ms * 1e6); runs++)
        if ((all[runs] = time_once(at_once, times, &sum)) < 0 || sum != first)
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
            return measure(workloads[i].at_once, workloads[i].times, atof(argv[2]));
    fprintf(stderr, "usage: %s WORKLOAD MS\n", argv[0]);
    return 2;
}
