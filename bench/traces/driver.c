/* SPDX-License-Identifier: MIT */
/* driver WORKLOAD MS [FILE]: repeats it for so long, while a trace is recorded if there is a file for it; prints what a
 * call, or a chunk, took. */
#include <parallel.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_RUNS = 100000, LEAST_RUNS = 5, ITEMS = 20 };

typedef struct workload {
    const char *name;
    unsigned rounds; /* of an item, some 1.2 ns each */
    size_t items;    /* of a call: of a map, if they are few, or of a loop whose chunks have one each */
    size_t calls;    /* between two looks at the clock */
} workload;

static const workload workloads[] = {
    {"at-once", 1, 8, 1000},
    {"short", 60, ITEMS, 50},
    {"chunks-2.5us", 2100, 4000, 1},
    {"chunks-8ns", 12, 200000, 1},
};

static uint64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static unsigned rounds;

static uint64_t work(uint64_t x)
{
    for (unsigned i = 0; i < rounds; i++)
        x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return x;
}
PARALLEL_DECORATE(work, uint64_t, uint64_t);

static uint64_t out[1 << 18];

static void work_on(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        out[i] = work(i);
}

/* Nanoseconds of a call, or of a chunk; below 0: it failed. */
static double time_once(const workload *w)
{
    static uint64_t in[ITEMS];
    uint64_t start = nanoseconds();
    size_t parts = w->items > ITEMS ? w->items : 1;
    for (size_t i = 0; i < w->calls; i++)
        if ((parts > 1 ? parallel_for(w->items, work_on, NULL, .grain = 1)
                       : parallel_map_into(work, in, w->items, out)) != 0)
            return -1;
    return (double)(nanoseconds() - start) / (double)(w->calls * parts);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure(const workload *w, double ms, const char *path)
{
    static double all[MOST_RUNS];
    int runs = 0;
    rounds = w->rounds;
    if (time_once(w) < 0 || (path && parallel_trace_begin(path) != 0) || time_once(w) < 0)
        return 1;
    for (uint64_t began = nanoseconds(); runs < MOST_RUNS && (runs < LEAST_RUNS || nanoseconds() - began < ms * 1e6);
         runs++)
        if ((all[runs] = time_once(w)) < 0)
            return 1;
    if (path && parallel_trace_end() != 0)
        return 1;
    qsort(all, (size_t)runs, sizeof *all, by_value);
    printf("min_ns=%.3f median_ns=%.3f\n", all[0], all[runs / 2]);
    return 0;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; (argc == 3 || argc == 4) && i < sizeof workloads / sizeof workloads[0]; i++)
        if (strcmp(argv[1], workloads[i].name) == 0)
            return measure(&workloads[i], atof(argv[2]), argv[3]);
    fprintf(stderr, "usage: %s WORKLOAD MS [FILE]\n", argv[0]);
    return 2;
}
