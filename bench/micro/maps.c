/* SPDX-License-Identifier: MIT */
/*
 * maps [COMMIT] [ROUNDS]: what a map costs beside the serial loop that it equals, and beside OpenMP.
 *
 * All ways do the same items into the same kind of vector, in turns within each round, and must agree. Printed is CSV:
 * the least and the median time of a call over the rounds, and the ratio of the minima to the serial loop's (below 1:
 * faster). Losses are there like wins.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <parallel.h>

#ifdef _OPENMP
#include <omp.h>
#endif

enum { MOST_ITEMS = 10000000, MOST_ROUNDS = 1000 };

/* ---- items ----------------------------------------------------------------------------------------------- */

/* An item is how often to turn a small generator: about 0.25 ns a turn and core-GHz. */
static unsigned turn(unsigned turns)
{
    unsigned x = turns | 1;
    for (; turns; turns--) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    return x;
}
PARALLEL_DECORATE(turn, unsigned, unsigned);

/* An item that vectorises: a loop bound by arithmetic, then memory. */
static unsigned mix(unsigned x)
{
    return (x ^ x >> 7) * 2654435761u + 17;
}
PARALLEL_DECORATE(mix, unsigned, unsigned);

static unsigned *in, *out, *expected;

/* ---- ways ------------------------------------------------------------------------------------------------ */

typedef void way(size_t n);

static void serial_turn(size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = turn(in[i]);
}

static void map_turn(size_t n)
{
    if (parallel_map_into(turn, in, n, out) != 0)
        abort();
}

static void vector_turn(size_t n)
{
    PARALLEL_SCOPED parallel_results *r = parallel_map(turn, in, n);
    if (!r)
        abort();
    memcpy(out, parallel_values(r), n * sizeof *out);
}

static void body_turn(size_t begin, size_t end, void *unused)
{
    (void)unused;
    for (size_t i = begin; i < end; i++)
        out[i] = turn(in[i]);
}

static void for_turn(size_t n)
{
    if (parallel_for(n, body_turn, NULL) != 0)
        abort();
}

static void serial_mix(size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = mix(in[i]);
}

static void map_mix(size_t n)
{
    if (parallel_map_into(mix, in, n, out) != 0)
        abort();
}

#ifdef _OPENMP
static void static_turn(size_t n)
{
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++)
        out[i] = turn(in[i]);
}

static void dynamic_turn(size_t n)
{
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < n; i++)
        out[i] = turn(in[i]);
}

static void guided_turn(size_t n)
{
#pragma omp parallel for schedule(guided)
    for (size_t i = 0; i < n; i++)
        out[i] = turn(in[i]);
}

static void static_mix(size_t n)
{
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++)
        out[i] = mix(in[i]);
}
#endif

typedef struct named_way {
    const char *name;
    way *run;
} named_way;

static const named_way turn_ways[] = {
    {"serial", serial_turn},
    {"parallel_map_into", map_turn},
    {"parallel_map", vector_turn},
    {"parallel_for", for_turn},
#ifdef _OPENMP
    {"openmp static", static_turn},
    {"openmp dynamic", dynamic_turn},
    {"openmp guided", guided_turn},
#endif
    {NULL, NULL},
};

static const named_way mix_ways[] = {
    {"serial", serial_mix},
    {"parallel_map_into", map_mix},
#ifdef _OPENMP
    {"openmp static simd", static_mix},
#endif
    {NULL, NULL},
};

/* ---- workloads ------------------------------------------------------------------------------------------- */

typedef struct workload {
    const char *name;
    const named_way *ways;
    size_t n;
    unsigned turns;      /* of each item, */
    unsigned last_turns; /* but of those in the last hundredth, if not 0 */
} workload;

static const workload workloads[] = {
    {"2 items of 2 turns", turn_ways, 2, 2, 0},
    {"64 items of 2 turns", turn_ways, 64, 2, 0},
    {"1000 items of 2 turns", turn_ways, 1000, 2, 0},
    {"2000 items of 2 turns", turn_ways, 2000, 2, 0},
    {"100 items of 100 turns", turn_ways, 100, 100, 0},
    {"2 items of 100000 turns", turn_ways, 2, 100000, 0},
    {"1e4 items of 1000 turns", turn_ways, 10000, 1000, 0},
    {"1e6 items of 2 turns", turn_ways, 1000000, 2, 0},
    {"1e5 items, all cost in the last 1 %", turn_ways, 100000, 1, 10000},
    {"1e3 inlined multiplications", mix_ways, 1000, 0, 0},
    {"1e5 inlined multiplications", mix_ways, 100000, 0, 0},
    {"1e7 inlined multiplications", mix_ways, 10000000, 0, 0},
};

/* ---- measuring ------------------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_time(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Seconds a call, over so many calls that the clock does not matter. */
static double time_calls(way *run, size_t n, unsigned calls)
{
    double start = seconds();
    for (unsigned i = 0; i < calls; i++)
        run(n);
    return (seconds() - start) / calls;
}

static int measure(const workload *w, int rounds)
{
    static double time[8][MOST_ROUNDS];
    int wrong = 0;
    for (size_t i = 0; i < w->n; i++)
        in[i] = w->last_turns && i >= w->n - w->n / 100 ? w->last_turns
                                                        : w->turns + (w->ways == mix_ways ? (unsigned)i : 0);
    w->ways[0].run(w->n);
    memcpy(expected, out, w->n * sizeof *out);
    double once = time_calls(w->ways[0].run, w->n, 1);
    unsigned calls = once > 1e-3 ? 1 : (unsigned)(1e-3 / (once + 1e-8)) + 1;
    for (int round = 0; round < rounds; round++)
        for (int k = 0; w->ways[k].name; k++) {
            memset(out, 0, w->n * sizeof *out);
            w->ways[k].run(w->n);
            time[k][round] = time_calls(w->ways[k].run, w->n, calls);
            wrong += memcmp(out, expected, w->n * sizeof *out) != 0;
        }
    for (int k = 0; w->ways[k].name; k++) {
        qsort(time[k], (size_t)rounds, sizeof time[k][0], by_time);
        printf("\"%s\",%zu,%s,%.1f,%.1f,%.3f\n", w->name, w->n, w->ways[k].name, time[k][0] * 1e9,
               time[k][rounds / 2] * 1e9, time[k][0] / time[0][0]);
        fflush(stdout);
    }
    return wrong;
}

static void describe(const char *commit, int rounds)
{
    struct utsname machine;
    uname(&machine);
    printf("# machine: %s, %s %s, %ld CPUs\n", machine.machine, machine.sysname, machine.release,
           sysconf(_SC_NPROCESSORS_ONLN));
#if defined(__clang__)
    printf("# compiler: clang %s\n", __clang_version__);
#else
    printf("# compiler: gcc %s\n", __VERSION__);
#endif
    printf("# commit: %s, rounds: %d, ways interleaved in each round\n", commit, rounds);
    printf("workload,n,way,min_ns,median_ns,ratio_to_serial\n");
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 21;
    if (rounds < 1 || rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: maps [COMMIT] [ROUNDS]\n");
        return 2;
    }
    in = malloc(MOST_ITEMS * sizeof *in);
    out = malloc(MOST_ITEMS * sizeof *out);
    expected = malloc(MOST_ITEMS * sizeof *expected);
    if (!in || !out || !expected) {
        perror("maps");
        return 2;
    }
    describe(argc > 1 ? argv[1] : "unknown", rounds);
    int wrong = 0;
    for (size_t k = 0; k < sizeof workloads / sizeof workloads[0]; k++)
        wrong += measure(&workloads[k], rounds);
    if (wrong)
        fprintf(stderr, "maps: %d wrong results\n", wrong);
    free(in);
    free(out);
    free(expected);
    return wrong ? 1 : 0;
}
