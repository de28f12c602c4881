/* SPDX-License-Identifier: MIT */
/*
 * montecarlo [--draws N] [--rounds N]: estimates pi, and what a put option is worth, by drawing at random.
 *
 * Random numbers in parallel, in two ways, beside the serial loop. With a generator for each worker, whose state is
 * found by parallel_worker_index() and needs no lock: fast, and as good as the generator; but which worker does what is
 * chance, so the estimate is another one each time, from the same seeds. With a generator by index, draw i is computed
 * from i alone: so every estimate is the same, bit for bit, whatever the threads, as parallel_loop_reduce() puts its
 * brackets by n alone. The program looks at that: it runs each way several times, and the last one on one thread, too.
 *
 * Exit status: 0; 1 if an estimate is far from what is right, or has other bits than it should; 2 if it cannot run.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <parallel.h>

#include "usage.h"

enum { MOST_ROUNDS = 99, BLOCK = 1000 };

/* ---- what is drawn ----------------------------------------------------------------------------------------------- */

typedef enum experiment { PI, OPTION, EXPERIMENTS } experiment;

static const char *const names[EXPERIMENTS] = {"pi", "a put option"};

/* The right to sell something in so many years, at a price that is agreed on today. */
static const double spot = 100, strike = 100, rate = 0.05, volatility = 0.2, years = 1;

/* What one draw gives, from two random numbers between 0 and 1, both excluded: its mean is what is looked for. */
static double value_of(experiment what, double a, double b)
{
    if (what == PI)
        return a * a + b * b < 1 ? 4 : 0; /* a quarter of a circle */
    double normal = sqrt(-2 * log(a)) * cos(2 * acos(-1) * b), deviation = volatility * sqrt(years);
    double price = spot * exp((rate - volatility * volatility / 2) * years + deviation * normal);
    return exp(-rate * years) * fmax(strike - price, 0);
}

/* For the option, by the formula of Black and Scholes. */
static double right_value(experiment what)
{
    double deviation = volatility * sqrt(years);
    double d = (log(spot / strike) + rate * years) / deviation + deviation / 2;
    if (what == PI)
        return acos(-1);
    return strike * exp(-rate * years) * erfc((d - deviation) / sqrt(2)) / 2 - spot * erfc(d / sqrt(2)) / 2;
}

/* Of some draws. */
struct moments {
    double sum, squares;
};

static struct moments add_moments(struct moments a, struct moments b)
{
    return (struct moments){a.sum + b.sum, a.squares + b.squares};
}
PARALLEL_DECORATE_COMBINE(add_moments, struct moments);

static struct moments draw_once(experiment what, double a, double b)
{
    double value = value_of(what, a, b);
    return (struct moments){value, value * value};
}

/* ---- random numbers ---------------------------------------------------------------------------------------------- */

static double uniform(uint64_t bits) /* between 0 and 1, both excluded */
{
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* By index: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014), whose state
 * is a counter, so that the i-th number is as easily had as the next one. */
static uint64_t number_at(uint64_t i)
{
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* One after the other: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021). On
 * cache lines of its own, so that workers do not write to each other's. */
struct generator {
    _Alignas(128) uint64_t s[4];
};

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static uint64_t next_number(struct generator *g)
{
    uint64_t *s = g->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* One for each worker that a call may have. */
static struct generator *new_generators(void)
{
    return aligned_alloc(_Alignof(struct generator), parallel_worker_limit(NULL) * sizeof(struct generator));
}

/* Each begins elsewhere. */
static void seed_generators(struct generator *generators)
{
    size_t n = parallel_worker_limit(NULL);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 4; k++)
            generators[i].s[k] = number_at(~(4 * (uint64_t)i + k));
}

/* ---- the ways ---------------------------------------------------------------------------------------------------- */

static int draw_serially(experiment what, ptrdiff_t n, struct moments *all, struct generator *generators)
{
    (void)generators;
    for (ptrdiff_t i = 0; i < n; i++) {
        uint64_t at = 2 * (uint64_t)i;
        *all = add_moments(*all, draw_once(what, uniform(number_at(at)), uniform(number_at(at + 1))));
    }
    return 0;
}

/* An iteration is a block of draws, so that asking for the worker's number costs next to nothing. */
PARALLEL_LOOP_REDUCE(struct moments, worker_block, i, experiment, what, struct generator *, generators)
{
    struct generator *own = &generators[parallel_worker_index()], g = *own;
    struct moments block = {0, 0};
    for (int k = 0; k < BLOCK; k++) {
        double a = uniform(next_number(&g));
        block = add_moments(block, draw_once(what, a, uniform(next_number(&g))));
    }
    *own = g;
    return block;
}

static int draw_by_worker(experiment what, ptrdiff_t n, struct moments *all, struct generator *generators)
{
    seed_generators(generators);
    return parallel_loop_reduce(worker_block, add_moments, 0, n / BLOCK, (what, generators), all);
}

PARALLEL_LOOP_REDUCE(struct moments, draw_at, i, experiment, what)
{
    uint64_t at = 2 * (uint64_t)i;
    return draw_once(what, uniform(number_at(at)), uniform(number_at(at + 1)));
}

static int draw_by_index(experiment what, ptrdiff_t n, struct moments *all, struct generator *generators)
{
    (void)generators;
    return parallel_loop_reduce(draw_at, add_moments, 0, n, (what), all);
}

static int draw_by_index_alone(experiment what, ptrdiff_t n, struct moments *all, struct generator *generators)
{
    (void)generators;
    return parallel_loop_reduce(draw_at, add_moments, 0, n, (what), all, .max_workers = 1);
}

static const struct {
    const char *name;
    int (*draw)(experiment what, ptrdiff_t n, struct moments *all, struct generator *generators);
    int same_as; /* the way that has the same bits, each time; -1: none need have */
} ways[] = {
    {"serial loop", draw_serially, 0},
    {"a generator a worker", draw_by_worker, -1},
    {"a generator by index", draw_by_index, 2},
    {"the same on one thread", draw_by_index_alone, 2},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Prints a line for a way. Returns whether the estimate is as good as it should be. */
static bool show(experiment what, ptrdiff_t n, int way, const struct moments *all, double time, bool same)
{
    double estimate = all->sum / (double)n, off = estimate - right_value(what);
    double error = sqrt((all->squares / (double)n - estimate * estimate) / (double)n);
    bool is_near = fabs(off) <= 5 * error, has_bits = same || ways[way].same_as < 0;
    printf("  %-22s %.16f, off by %+.1e, give or take %.1e; %8.1f ms; %s%s\n", ways[way].name, estimate, off, error,
           time * 1e3, same ? "the same bits each time" : "other bits each time", is_near && has_bits ? "" : "; WRONG");
    return is_near && has_bits;
}

/* Estimates in all ways, in turns, and shows the last round's estimates and the least times. Returns 0, 1, or 2. */
static int estimate_all(experiment what, ptrdiff_t n, int rounds, struct generator *generators)
{
    struct moments all[MOST_ROUNDS][WAYS];
    double time[WAYS];
    bool same[WAYS], good = true;
    for (int round = 0; round < rounds; round++)
        for (int w = 0; w < WAYS; w++) {
            struct moments *m = &all[round][w];
            double start = seconds();
            *m = (struct moments){0, 0};
            if (ways[w].draw(what, n, m, generators) != 0) {
                fprintf(stderr, "montecarlo: %s\n", parallel_error());
                return 2;
            }
            double took = seconds() - start;
            time[w] = round && time[w] < took ? time[w] : took;
            const struct moments *other = &all[0][ways[w].same_as < 0 ? w : ways[w].same_as];
            same[w] = (!round || same[w]) && m->sum == other->sum && m->squares == other->squares;
        }
    printf("%s, %td draws, %d rounds\n", names[what], n, rounds);
    for (int w = 0; w < WAYS; w++)
        good &= show(what, n, w, &all[rounds - 1][w], time[w], same[w]);
    return good ? 0 : 1;
}

static const char usage_text[] =
    "usage: montecarlo [--draws N] [--rounds N], N draws being a multiple of 1000\n"
    "Draws at random for pi and for an option's price; the same bits whatever the threads.\n";
_Static_assert(BLOCK == 1000, "what the usage says");

static int usage(void)
{
    fputs(usage_text, stderr);
    return 2;
}

int main(int argc, char **argv)
{
    answer_help(argc, argv, usage_text);
    ptrdiff_t n = 10000000;
    int rounds = 3, at = 1, status = 0;
    for (; at + 1 < argc; at += 2) {
        bool drawn = strcmp(argv[at], "--draws") == 0 && sscanf(argv[at + 1], "%td", &n) == 1;
        bool counted = strcmp(argv[at], "--rounds") == 0 && sscanf(argv[at + 1], "%d", &rounds) == 1;
        if (!drawn && !counted)
            return usage();
    }
    if (at != argc || n < BLOCK || n % BLOCK || rounds < 1 || rounds > MOST_ROUNDS)
        return usage();
    struct generator *generators = new_generators();
    if (!generators) {
        perror("montecarlo");
        return 2;
    }
    for (experiment what = 0; what < EXPERIMENTS && status < 2; what++) {
        int outcome = estimate_all(what, n, rounds, generators);
        status = outcome > status ? outcome : status;
    }
    free(generators);
    return fflush(stdout) == 0 ? status : 2;
}
