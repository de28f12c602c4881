/* SPDX-License-Identifier: MIT */
/*
 * exactly_once [TASKS]: runs at least so many tasks, by all kinds of calls in turn, and counts how often each one runs.
 *
 * Every task adds one to a byte of its own; a round is calls with as many tasks as there are bytes, after which each
 * byte must be 1. Loops of more iterations than fit into memory, next to where the numbers wrap around that the
 * scheduler keeps ranges in, are added up instead: with h = scramble(), the sum of h(end) - h(begin) over all chunks
 * [begin, end) is h(n) - h(0) if they part [0, n), and by no likely chance otherwise.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parallel.h>

#include "common.h"

enum { CELLS = 1 << 20, PENDING = 5000 };

static _Atomic unsigned char ran[CELLS];
static uint32_t numbers[CELLS]; /* of the cells, in their order */

static void mark(size_t i)
{
    atomic_fetch_add_explicit(&ran[i], 1, memory_order_relaxed);
}

/* ---- kinds of calls: each runs task i for all i < CELLS, and says how many that is --------------------------- */

PARALLEL_TASK(size_t, tree, size_t, begin, size_t, end)
{
    if (end - begin == 1) {
        mark(begin);
        return 1;
    }
    size_t middle = begin + (end - begin) / 2;
    PARALLEL_SPAWN(tree, middle, end);
    size_t left = PARALLEL_CALL(tree, begin, middle);
    return left + PARALLEL_SYNC(tree);
}

static size_t by_tree(void)
{
    return PARALLEL_RUN(tree, 0, CELLS);
}

PARALLEL_TASK(size_t, leaf, size_t, i)
{
    mark(i);
    return 1;
}

PARALLEL_TASK(size_t, many_pending, size_t, begin, size_t, end)
{
    size_t sum = 0;
    for (size_t i = begin; i < end; i++)
        PARALLEL_SPAWN(leaf, i);
    for (size_t i = begin; i < end; i++)
        sum += PARALLEL_SYNC(leaf);
    return sum;
}

static size_t by_many_pending(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < CELLS; i += PENDING)
        sum += PARALLEL_RUN(many_pending, i, i + PENDING < CELLS ? i + PENDING : CELLS);
    return sum;
}

static void mark_range(size_t begin, size_t end, void *first)
{
    for (size_t i = begin; i < end; i++)
        mark(*(const size_t *)first + i);
}

static size_t by_loops_of(size_t n)
{
    size_t i = 0;
    while (i < CELLS) {
        size_t size = CELLS - i < n ? CELLS - i : n;
        if (parallel_for(size, mark_range, &i) != 0)
            return 0;
        i += size;
    }
    return i;
}

static size_t by_loop(void)
{
    return by_loops_of(CELLS);
}

static size_t by_short_loops(void)
{
    return by_loops_of(100);
}

static int mark_item(const uint32_t *i, uint32_t *result, void *unused)
{
    (void)unused;
    mark(*i);
    *result = ~*i;
    return 0;
}
PARALLEL_DECORATE_TASK(mark_item, uint32_t, uint32_t);

static size_t by_map(void)
{
    static uint32_t out[CELLS];
    size_t right = 0;
    if (parallel_map_into(mark_item, numbers, CELLS, out) != 0)
        return 0;
    for (uint32_t i = 0; i < CELLS; i++)
        right += out[i] == ~i;
    return right;
}

static size_t by_background_maps(void)
{
    enum { PARTS = 64, SIZE = CELLS / PARTS };
    parallel_executor *ex[PARTS];
    size_t right = 0;
    for (int p = 0; p < PARTS; p++)
        ex[p] = parallel_async_map(mark_item, numbers + p * SIZE, SIZE);
    for (int p = 0; p < PARTS; p++) {
        const parallel_results *r = parallel_executor_results(ex[p]);
        right += r && parallel_failures(r) == 0 ? parallel_length(r) : 0;
        parallel_executor_free(ex[p]);
    }
    return right;
}

static const struct kind {
    const char *name;
    size_t (*run)(void);
} kinds[] = {
    {"a tree of tasks", by_tree},
    {"many pending tasks", by_many_pending},
    {"loops", by_loop},
    {"short loops", by_short_loops},
    {"maps", by_map},
    {"maps in the background", by_background_maps},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* How many cells do not say 1. Clears them. */
static size_t wrong_cells(void)
{
    size_t wrong = 0;
    for (size_t i = 0; i < CELLS; i++)
        wrong += atomic_load_explicit(&ran[i], memory_order_relaxed) != 1;
    memset((void *)ran, 0, sizeof ran);
    return wrong;
}

/* ---- large loops --------------------------------------------------------------------------------------------- */

struct sums {
    _Atomic uint64_t hashes, iterations;
};

static void add_up(size_t begin, size_t end, void *context)
{
    struct sums *sums = context;
    atomic_fetch_add_explicit(&sums->hashes, scramble(end) - scramble(begin), memory_order_relaxed);
    atomic_fetch_add_explicit(&sums->iterations, end - begin, memory_order_relaxed);
}

static bool parts(size_t n, size_t grain)
{
    struct sums sums = {0};
    if (n > PTRDIFF_MAX) /* is refused, and nothing runs */
        return parallel_for(n, add_up, &sums, .grain = grain) == -1 && errno == EINVAL && sums.iterations == 0;
    return parallel_for(n, add_up, &sums, .grain = grain) == 0 && sums.hashes == scramble(n) - scramble(0) &&
           sums.iterations == n;
}

/* Sizes next to a power of two: ranges are kept in 23 bits, 32, and, for even larger ones, in steps;
 * the largest of all are refused. */
static size_t check_large_loops(size_t *checked)
{
    size_t wrong = 0;
    *checked = 0;
    for (unsigned bit = 22; bit < sizeof(size_t) * 8; bit++)
        for (int d = -2; d <= 2; d++)
            for (int grains = 0; grains <= 1; grains++, ++*checked) {
                size_t n = ((size_t)1 << bit) + (size_t)d, grain = grains ? n / 1000 : 0;
                if (!parts(n, grain) && ++wrong)
                    fprintf(stderr, "exactly_once: a loop of %zu iterations, grain %zu, is wrong\n", n, grain);
            }
    for (size_t less = 1; less <= 3; less++, ++*checked)
        if (!parts(SIZE_MAX - less + 1, 0) && ++wrong)
            fprintf(stderr, "exactly_once: a loop of SIZE_MAX - %zu iterations is wrong\n", less - 1);
    return wrong;
}

int main(int argc, char **argv)
{
    unsigned long long tasks = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, done[KINDS] = {0}, all = 0;
    size_t wrong[KINDS] = {0}, large, large_wrong = check_large_loops(&large), bad = large_wrong > 0;
    for (uint32_t i = 0; i < CELLS; i++)
        numbers[i] = i;
    while (all < tasks || all < (unsigned long long)KINDS * CELLS) {
        int k = (int)(all / CELLS % KINDS);
        wrong[k] += kinds[k].run() != CELLS;
        wrong[k] += wrong_cells();
        done[k] += CELLS;
        all += CELLS;
    }
    for (int k = 0; k < KINDS; k++) {
        printf("%s %d - %s: %llu tasks, %zu times wrong\n", wrong[k] ? "not ok" : "ok", k + 1, kinds[k].name, done[k],
               wrong[k]);
        bad += wrong[k] > 0;
    }
    printf("%s %d - loops next to powers of two: %zu, of which %zu wrong\n1..%d\n", large_wrong ? "not ok" : "ok",
           KINDS + 1, large, large_wrong, KINDS + 1);
    return bad ? 1 : 0;
}
