/* SPDX-License-Identifier: MIT */
#include "../harness/harness.h"
#include "items.h"
#include "run.h"

#define SWEEP                                                                                                          \
    {                                                                                                                  \
        2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096                            \
    }

/* clang-format off */
const workload workloads[] = {
    {"dispatch", "call after call of a few items of 2 ns", "hot", "turn", "same", 2, 0, {2, 64}, .unit = NULL},
    {"opaque", "items of 1 ns behind a call", "hot", "turn", "same", 1, 0, {1000000}, .unit = NULL},
    {"inlined-memory", "inlined items, bound by memory", "hot", "mix", "index", 0, 0, {1000, 10000000}, .unit = NULL},
    {"inlined-compute", "inlined polynomials of degree 30", "hot", "poly", "index", 0, 0, {1000, 10000000},
     .unit = NULL},
    {"granularity-1ns", "10 ms in items of 1 ns", "hot", "turn", "same", 1, 0, {10000000}, .unit = NULL},
    {"granularity-10ns", "10 ms in items of 10 ns", "hot", "turn", "same", 10, 0, {1000000}, .unit = NULL},
    {"granularity-100ns", "10 ms in items of 100 ns", "hot", "turn", "same", 100, 0, {100000}, .unit = NULL},
    {"granularity-1us", "10 ms in items of 1 us", "hot", "turn", "same", 1e3, 0, {10000}, .unit = NULL},
    {"granularity-10us", "10 ms in items of 10 us", "hot", "turn", "same", 1e4, 0, {1000}, .unit = NULL},
    {"granularity-100us", "10 ms in items of 100 us", "hot", "turn", "same", 1e5, 0, {100}, .unit = NULL},
    {"granularity-1ms", "10 ms in items of 1 ms", "hot", "turn", "same", 1e6, 0, {10}, .unit = NULL},
    {"pareto", "costs after Pareto, from 200 ns", "hot", "turn", "pareto", 200, 0, {10000}, .unit = NULL},
    {"tail", "all cost in the last hundredth, of 10 us each", "hot", "turn", "last", 1e4, 0, {100000}, .unit = NULL},
    {"mandelbrot", "rows of the Mandelbrot set", "hot", "row", "rows", 0, 0, {256}, .unit = NULL},
    {"few", "few items of 100 ns", "hot", "turn", "same", 100, 0, {100}, .unit = NULL},
    {"nested", "maps of 1000 items of 1.4 ns within a map", "hot", "nested", "same", 1.4, 0, {1000000}, .unit = NULL},
    {"cold-100us", "a pair of items of 100 us after 10 ms of sleep", "cold", "turn", "same", 1e5, 0, {2},
     .by_median = true},
    {"cold-250us", "a pair of items of 250 us after 10 ms of sleep", "cold", "turn", "same", 2.5e5, 0, {2},
     .by_median = true},
    {"idle", "CPU time burnt in 250 ms of idleness after work", "idle", "turn", "same", 1e3, 0, {1000},
     .by_median = true, .no_serial = true},
    {"crowded-1us", "twice as many threads as CPUs, items of 1 us", "hot", "turn", "same", 1e3, 0, {10000},
     .crowded = true},
    {"crowded-pareto", "twice as many threads as CPUs, costs after Pareto", "hot", "turn", "pareto", 200, 0, {10000},
     .crowded = true},
    {"neighbours-1us", "a busy process on each CPU, items of 1 us", "hot", "turn", "same", 1e3, 0, {10000},
     .by_median = true, .neighbours = true},
    {"neighbours-pareto", "a busy process on each CPU, costs after Pareto", "hot", "turn", "pareto", 200, 0, {10000},
     .by_median = true, .neighbours = true},
    {"first", "the first call of a fresh process, items of 2 ns", "first", "turn", "same", 2, 0, {2},
     .by_median = true},
    {"second", "the second call of a fresh process, items of 2 ns", "second", "turn", "same", 2, 0, {2},
     .by_median = true},
    {"jump-rises", "slow calls after the cost of an item rose from 1.4 ns to 14 us", "rises", "turn", "same", 1.4,
     1.4e4, {512}, .unit = "calls", .by_median = true, .no_serial = true},
    {"jump-falls", "slow calls after the cost of an item fell from 14 us to 1.4 ns", "falls", "turn", "same", 1.4,
     1.4e4, {512}, .unit = "calls", .by_median = true, .no_serial = true},
    {"options-workers", "items of 0.4 ns with .max_workers = 2", "hot", "turn:workers", "same", 0.4, 0, {8, 1000},
     .unit = NULL},
    {"options-decorated", "the same, in the decoration", "hot", "turn:decorated", "same", 0.4, 0, {8, 1000},
     .unit = NULL},
    {"options-task", "the same items by a function that can fail", "hot", "turn:task", "same", 0.4, 0, {8, 1000},
     .unit = NULL},
    {"options-example", ".timeout = 5, .max_workers = 4", "hot", "turn:example", "same", 0.4, 0, {8, 1000},
     .unit = NULL},
    {"options-above", ".max_workers = 64", "hot", "turn:above", "same", 0.4, 0, {8, 1000}, .unit = NULL},
    {"options-timeout", "items of 9 ns with .timeout = 5", "hot", "turn:timeout", "same", 9, 0, {1000, 1000000},
     .unit = NULL},
    {"options-call-timeout", "items of 9 ns with .call_timeout = 5", "hot", "turn:call-timeout", "same", 9, 0,
     {1000, 1000000}, .unit = NULL},
    {"options-progress", "items of 9 ns with .progress", "hot", "turn:progress", "same", 9, 0, {1000, 1000000},
     .unit = NULL},
    {"options-retries", "items of 9 ns with .retries = 2", "hot", "turn:retries", "same", 9, 0, {1000, 1000000},
     .unit = NULL},
    {"vector-apart", "items with a loop of 500 steps", "hot", "steps", "index", 0, 0, {4000}, .unit = NULL},
    {"vector-in-place", "the same, results in place of arguments", "hot", "steps-in-place", "index", 0, 0, {4000},
     .unit = NULL},
    {"mixed-after-5", "items of 2 ms after 5 cheap calls", "after-5", "turn", "same", 1, 2e6, {8}, .by_median = true},
    {"mixed-after-20", "items of 2 ms after 20 cheap calls", "after-20", "turn", "same", 1, 2e6, {8},
     .by_median = true},
    {"mixed-after-1000", "items of 2 ms after 1000 cheap calls", "after-1000", "turn", "same", 1, 2e6, {8},
     .by_median = true},
    {"mixed-pairs", "calls of items of 1 ns and of 1 us in turn, half of the items each", "pairs", "turn",
     "same", 1, 1e3,
     {16, 2000}, .by_median = true},
    {"again", "inlined items in place, call after call on one array", "hot", "again", "index", 0, 0, {600000},
     .unit = NULL},
    {"breakeven-1.4ns", "items of 1.4 ns", "hot", "turn", "same", 1.4, 0, SWEEP, .unit = NULL},
    {"breakeven-100ns", "items of 100 ns", "hot", "turn", "same", 100, 0, SWEEP, .unit = NULL},
    {.name = NULL},
};
/* clang-format on */

/* ---- calibration ----------------------------------------------------------------------------------------- */

enum { FEW = 64, ITEMS = 4000, TIMES = 15, LONG = 4000 };

static double few_ns[FEW]; /* what an item of so few turns takes in a loop, where items overlap */
static double turn_ns;     /* what a further turn takes */

static double loop_ns(uint32_t *out, unsigned turns, int items)
{
    double least = 1;
    for (int time = 0; time < TIMES; time++) {
        double start = seconds();
        for (int i = 0; i < items; i++)
            out[i] = item_turn((uint32_t)i << TURN_BITS | turns);
        double took = (seconds() - start) / items;
        least = took < least ? took : least;
    }
    return least * 1e9;
}

void calibrate(void)
{
    static uint32_t out[ITEMS];
    for (unsigned turns = 0; turns < FEW; turns++)
        few_ns[turns] = loop_ns(out, turns, ITEMS);
    turn_ns = (loop_ns(out, 2 * LONG, 20) - loop_ns(out, LONG, 20)) / LONG;
}

double ns_of(unsigned turns)
{
    return turns < FEW ? few_ns[turns] : few_ns[FEW - 1] + (turns - FEW + 1) * turn_ns;
}

unsigned turns_of(double ns)
{
    if (ns > few_ns[FEW - 1]) {
        double turns = FEW - 1 + (ns - few_ns[FEW - 1]) / turn_ns;
        return turns < MOST_TURNS ? (unsigned)turns : MOST_TURNS;
    }
    unsigned nearest = 0;
    for (unsigned turns = 1; turns < FEW; turns++) {
        double off = few_ns[turns] - ns, best = few_ns[nearest] - ns;
        if (off * off < best * best)
            nearest = turns;
    }
    return nearest;
}
