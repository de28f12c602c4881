/* SPDX-License-Identifier: MIT */
/*
 * Calls on ranks beside the serial loop, the threads of home alone, equal parts by MPI_Scatter and MPI_Gather, and
 * messages of one item each.
 * README.md explains it.
 *
 *      mpirun -n RANKS mpi [ROUNDS [WORKLOAD...]]
 */
#include <math.h>
#include <parallel_mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- items ----------------------------------------------------------------------------------------------- */

/* Work that takes time in proportion to `steps`, and nothing but time. */
static uint64_t spin(uint64_t steps)
{
    uint64_t x = steps | 1;
    for (uint64_t i = 0; i < steps; i++)
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return x;
}
PARALLEL_DECORATE(spin, uint64_t, uint64_t);

typedef struct large {
    uint64_t steps;
    unsigned char rest[1016];
} large;

static uint64_t spin_large(large l)
{
    return spin(l.steps) + l.rest[7];
}
PARALLEL_DECORATE(spin_large, large, uint64_t);

static uint64_t add(uint64_t x)
{
    return x * 3 + 1;
}
PARALLEL_DECORATE(add, uint64_t, uint64_t);

/* ---- workloads ------------------------------------------------------------------------------------------- */

typedef enum shape { EVEN, PARETO, SORTED } shape;

typedef struct workload {
    const char *name;
    size_t n;
    double us; /* of an item, on average */
    shape shape;
    const parallel_function *f;
} workload;

static const workload workloads[] = {
    {"small", 1000000, 1, EVEN, &spin__parallel},   {"pareto", 2000, 1000, PARETO, &spin__parallel},
    {"sorted", 2000, 500, SORTED, &spin__parallel}, {"large", 50000, 1, EVEN, &spin_large__parallel},
    {"tiny", 1000000, 0.001, EVEN, &add__parallel},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double steps_per_us(void)
{
    double best = 1e9;
    uint64_t sink = 0;
    for (int i = 0; i < 20; i++) {
        double begin = seconds();
        sink += spin(100000);
        double took = seconds() - begin;
        best = took < best ? took : best;
    }
    return sink == 1 ? 1 : 0.1 / best; /* it never is, which a compiler does not know */
}

/* An item's steps, such that all have the average. */
static double steps_of(const workload *w, size_t i, double per_us)
{
    double part = ((double)i + 0.5) / (double)w->n, us = w->us;
    if (w->shape == PARETO) { /* of exponent 1.5, cut at 100 times the least; in an order without one */
        double u = fmod((double)(i + 1) * 0.6180339887498949, 1);
        us *= fmin(pow(1 - u, -1 / 1.5), 100) / 2.8;
    } else if (w->shape == SORTED) {
        us *= 2 * part;
    }
    return us * per_us;
}

static void *make_args(const workload *w, double per_us)
{
    unsigned char *args = calloc(w->n, w->f->arg_size);
    for (size_t i = 0; args && i < w->n; i++) {
        uint64_t steps = (uint64_t)steps_of(w, i, per_us);
        memcpy(args + i * w->f->arg_size, &steps, sizeof steps);
    }
    return args;
}

/* ---- ways ------------------------------------------------------------------------------------------------ */

typedef enum way { SERIAL, THREADS, STATIC, EACH, RANKS, WAYS } way;
static const char *const ways[] = {"serial", "threads", "static", "each", "ranks"};

static void run_serially(const parallel_function *f, const void *args, uint64_t *out, size_t n)
{
    parallel_span span = {.args = args, .results = out};
    f->kernel(&span, 0, n);
}

/* All ranks take part: each has an equal part, as MPI programs that know nothing of their items do. */
static void run_statically(const workload *w, const void *args, uint64_t *out)
{
    int ranks, rank;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    size_t part = (w->n + (size_t)ranks - 1) / (size_t)ranks, size = w->f->arg_size;
    int *counts = calloc((size_t)ranks * 4, sizeof *counts), *at = counts + ranks;
    int *out_counts = at + ranks, *out_at = out_counts + ranks;
    for (int r = 0; r < ranks; r++) {
        size_t begin = (size_t)r * part < w->n ? (size_t)r * part : w->n;
        size_t count = w->n - begin < part ? w->n - begin : part;
        counts[r] = (int)(count * size);
        at[r] = (int)(begin * size);
        out_counts[r] = (int)(count * sizeof *out);
        out_at[r] = (int)(begin * sizeof *out);
    }
    unsigned char *mine = malloc(part * size);
    uint64_t *results = malloc(part * sizeof *results);
    MPI_Scatterv(args, counts, at, MPI_BYTE, mine, counts[rank], MPI_BYTE, 0, MPI_COMM_WORLD);
    run_serially(w->f, mine, results, (size_t)counts[rank] / size);
    MPI_Gatherv(results, out_counts[rank], MPI_BYTE, out, out_counts, out_at, MPI_BYTE, 0, MPI_COMM_WORLD);
    free(mine);
    free(results);
    free(counts);
}

/* What goes to and fro for an item. */
typedef struct answer {
    uint64_t index, result;
} answer;
enum { ITEM = 1, NO_MORE = 2 };

/* Rank 0 gives an item to each of the others, and another one to whoever answers. */
static void give_each(const workload *w, const unsigned char *args, uint64_t *out)
{
    int ranks;
    size_t next = 0, size = w->f->arg_size;
    unsigned char *message = malloc(sizeof(uint64_t) + size);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (size_t answers = 0, asked = (size_t)ranks - 1; answers < w->n + asked; answers++) {
        answer a;
        MPI_Status status;
        MPI_Recv(&a, sizeof a, MPI_BYTE, MPI_ANY_SOURCE, ITEM, MPI_COMM_WORLD, &status);
        if (a.index < w->n)
            out[a.index] = a.result;
        bool more = next < w->n;
        if (more) {
            uint64_t index = next;
            memcpy(message, &index, sizeof index);
            memcpy(message + sizeof index, args + next++ * size, size);
        }
        MPI_Send(message, more ? (int)(sizeof(uint64_t) + size) : 0, MPI_BYTE, status.MPI_SOURCE, more ? ITEM : NO_MORE,
                 MPI_COMM_WORLD);
    }
    free(message);
}

/* The others' part: to ask, and to answer, until there is no more. */
static void answer_each(const workload *w)
{
    size_t size = w->f->arg_size;
    unsigned char *message = malloc(sizeof(uint64_t) + size);
    large arg; /* it is aligned as all are */
    answer a = {.index = UINT64_MAX};
    for (;;) {
        MPI_Status status;
        MPI_Send(&a, sizeof a, MPI_BYTE, 0, ITEM, MPI_COMM_WORLD);
        MPI_Recv(message, (int)(sizeof(uint64_t) + size), MPI_BYTE, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        if (status.MPI_TAG == NO_MORE)
            break;
        memcpy(&a.index, message, sizeof a.index);
        memcpy(&arg, message + sizeof a.index, size);
        run_serially(w->f, &arg, &a.result, 1);
    }
    free(message);
}

/* `workers` is how many threads there are where only home works: as many as ranks, each of which has one. */
static double run_way(way how, const workload *w, const void *args, uint64_t *out, int workers)
{
    parallel_options options = {.size = sizeof options, .executor = PARALLEL_THREAD, .max_workers = workers};
    if (how == RANKS) {
        options.executor = PARALLEL_MPI;
        options.max_workers = 1;
    }
    double begin = seconds();
    if (how == SERIAL)
        run_serially(w->f, args, out, w->n);
    else if (how == STATIC)
        run_statically(w, args, out);
    else if (how == EACH)
        give_each(w, args, out);
    else if (parallel_map_into_function(w->f, args, w->n, out, &options) != 0)
        perror(ways[how]);
    return seconds() - begin;
}

/* ---- measuring ------------------------------------------------------------------------------------------- */

enum { MOST_ROUNDS = 100 };
static double took[WORKLOADS][WAYS][MOST_ROUNDS];

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_results(int rounds, int ranks)
{
    double serial = 0;
    puts("workload,items,ranks,way,rounds,min_ms,median_ms,speedup");
    for (int k = 0; k < WORKLOADS; k++)
        for (int how = 0; how < WAYS; how++) {
            double *t = took[k][how];
            qsort(t, (size_t)rounds, sizeof *t, by_size);
            serial = how == SERIAL ? t[rounds / 2] : serial;
            if (t[0] > 0)
                printf("%s,%zu,%d,%s,%d,%.3f,%.3f,%.2f\n", workloads[k].name, workloads[k].n, ranks, ways[how], rounds,
                       t[0] * 1e3, t[rounds / 2] * 1e3, serial / t[rounds / 2]);
        }
}

static bool is_wanted(const workload *w, int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        if (strcmp(w->name, argv[i]) == 0)
            return true;
    return argc < 3;
}

/* What takes milliseconds is run once before it is measured. */
static bool is_short(const workload *w)
{
    return (double)w->n * w->us < 1e5;
}

/* One round of some ways. */
static void measure(int round, way first, way last, double per_us, int workers, int argc, char **argv)
{
    for (int k = 0; k < WORKLOADS; k++) {
        const workload *w = &workloads[k];
        if (!is_wanted(w, argc, argv))
            continue;
        void *args = make_args(w, per_us);
        uint64_t *out = calloc(w->n, sizeof *out), *right = calloc(w->n, sizeof *right);
        run_serially(w->f, args, right, w->n);
        for (way how = first; how <= last; how++) {
            if (is_short(w))
                run_way(how, w, args, out, workers);
            took[k][how][round] = run_way(how, w, args, out, workers);
            if (memcmp(out, right, w->n * sizeof *out) != 0)
                fprintf(stderr, "%s by %s: wrong results\n", w->name, ways[how]);
        }
        free(args);
        free(out);
        free(right);
    }
}

/* The other ranks' part in the ways that are collective. */
static void help(int argc, char **argv)
{
    for (int k = 0; k < WORKLOADS; k++) {
        int times = !is_wanted(&workloads[k], argc, argv) ? 0 : is_short(&workloads[k]) ? 2 : 1;
        for (int i = 0; i < times; i++)
            run_statically(&workloads[k], NULL, NULL);
        for (int i = 0; i < times; i++)
            answer_each(&workloads[k]);
    }
}

int main(int argc, char **argv)
{
    int level, rank, ranks, rounds = argc > 1 ? atoi(argv[1]) : 5;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    rounds = rounds < 1 ? 1 : rounds > MOST_ROUNDS ? MOST_ROUNDS : rounds;
    double per_us = steps_per_us();
    /* a rank that serves cannot take part in collectives of the program's */
    for (int round = 0; round < rounds; round++) {
        if (rank == 0)
            measure(round, STATIC, EACH, per_us, ranks, argc, argv);
        else
            help(argc, argv);
    }
    if (parallel_mpi_init_on(MPI_COMM_WORLD) != 0) {
        perror("parallel_mpi_init_on");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    if (rank == 0) {
        for (int round = 0; round < rounds; round++) {
            measure(round, SERIAL, THREADS, per_us, ranks, argc, argv);
            measure(round, RANKS, RANKS, per_us, ranks, argc, argv);
        }
        print_results(rounds, ranks);
        parallel_mpi_shutdown();
    }
    MPI_Finalize();
    return 0;
}
