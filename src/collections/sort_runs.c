/* SPDX-License-Identifier: MIT */
/* Sorts of many items that are all one run, up or down: seen in one pass, which ends where it is over. */
#include <stdint.h>
#include <string.h>

#include "base/os.h"
#include "collections/blocks.h"
#include "collections/sort.h"

/* Items that are looked at to see whether all may be a run. */
enum { FIRST_RUN = 64 };
/* How many times less their comparisons take than is known of those of sorts, if that was wrong: as a first call is. */
enum { FAR_LESS = 64 };

typedef struct run_look {
    pl_blocks_work work; /* of the loop that runs */
    const pl_sort_call *call;
    pl_blocks blocks;
    bool falls;
    bool is_run[PL_SORT_BLOCKS];
} run_look;

static size_t size_of(const run_look *r)
{
    return r->call->order.type_size;
}

static const unsigned char *item_at(const run_look *r, size_t i)
{
    return (const unsigned char *)r->call->from + i * size_of(r);
}

/* Runs a loop over blocks. 0; or -1 with errno. */
static int run_loop(run_look *r, void (*treat)(size_t, size_t, void *), const pl_blocks *blocks, pl_sort_report report)
{
    r->work.blocks = *blocks;
    return pl_sort_loop(r->call, &r->work, treat, report);
}

/* ---- looking --------------------------------------------------------------------------------------------- */

/* Whether the items [begin, end) are a run as the first ones are. */
static bool is_run(const run_look *r, size_t begin, size_t end)
{
    const parallel_order *order = &r->call->order;
    bool falls = r->falls, well = true;
    for (size_t to; well && end - begin > 1; begin = to - 1) {
        to = end - begin < PARALLEL_SORT_LOOK_ ? end : begin + PARALLEL_SORT_LOOK_;
        well = order->sorter->run(item_at(r, begin), to - begin, &falls, order) == to - begin && falls == r->falls &&
               !pl_sort_is_over();
    }
    return well;
}

static size_t first_of(const pl_sort_call *c)
{
    return c->n < FIRST_RUN ? c->n : FIRST_RUN;
}

static void look_at_first(size_t begin, size_t end, void *ctx)
{
    run_look *r = ctx;
    const pl_sort_call *c = r->call;
    size_t n = first_of(c);
    (void)begin;
    (void)end;
    r->is_run[0] = c->order.sorter->run(c->from, n, &r->falls, &c->order) == n;
}

/* Each block with the first item of the next. */
static void look_at_blocks(size_t begin, size_t end, void *ctx)
{
    run_look *r = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&r->blocks, k), to = at + pl_blocks_length(&r->blocks, k);
        r->is_run[k] = is_run(r, at, to < r->call->n ? to + 1 : to);
    }
}

/* ---- moving ---------------------------------------------------------------------------------------------- */

/* Swaps n items from `a` on with as many that end at `b`, each with its mirror image. */
static inline __attribute__((always_inline)) void swap_mirrored(unsigned char *a, unsigned char *b, size_t n,
                                                                size_t size)
{
    unsigned char room[16];
    for (; n > 0; n--, a += size) {
        b -= size;
        for (size_t at = 0, bytes; at < size; at += bytes) {
            bytes = size - at < sizeof room ? size - at : sizeof room;
            memcpy(room, a + at, bytes);
            memcpy(a + at, b + at, bytes);
            memcpy(b + at, room, bytes);
        }
    }
}

/* The same of items of four bytes, two at once. */
static void swap_words(unsigned char *a, unsigned char *b, size_t n)
{
    for (; n > 1; n -= 2, a += 8) {
        uint64_t x, y;
        b -= 8;
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        x = x << 32 | x >> 32;
        y = y << 32 | y >> 32;
        memcpy(a, &y, sizeof y);
        memcpy(b, &x, sizeof x);
    }
    swap_mirrored(a, b, n, 4);
}

/* Blocks of those in front of the middle. */
static void reverse_blocks(size_t begin, size_t end, void *ctx)
{
    const run_look *r = ctx;
    size_t size = size_of(r);
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&r->work.blocks, k), n = pl_blocks_length(&r->work.blocks, k);
        unsigned char *a = (unsigned char *)r->call->items + at * size;
        unsigned char *b = (unsigned char *)r->call->items + (r->call->n - at) * size;
        if (size == 4)
            swap_words(a, b, n);
        else if (size == 8)
            swap_mirrored(a, b, n, 8);
        else if (size == 16)
            swap_mirrored(a, b, n, 16);
        else
            swap_mirrored(a, b, n, size);
    }
}

static void copy_blocks(size_t begin, size_t end, void *ctx)
{
    const run_look *r = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&r->blocks, k), size = size_of(r);
        memcpy((unsigned char *)r->call->items + at * size, item_at(r, at), pl_blocks_length(&r->blocks, k) * size);
    }
}

static void only_report(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    (void)ctx;
}

/* ---- all ------------------------------------------------------------------------------------------------- */

/* Whether all are one run: 1; 0; or -1 with errno. Then nothing is sorted that would tell what comparisons cost: the
 * first ones do, if nothing is known of that, or what cannot be. */
static int are_run(run_look *r, pl_cost *cost)
{
    uint64_t start = pl_ticks();
    pl_blocks_call(look_at_first, r);
    uint64_t ticks = pl_ticks() - start;
    if (!r->is_run[0])
        return 0;
    if (run_loop(r, look_at_blocks, &r->blocks, PL_SORT_SILENTLY) != 0)
        return -1;
    for (size_t k = 0; k < r->blocks.count; k++)
        if (!r->is_run[k])
            return 0;
    if (pl_cost_guess(cost, first_of(r->call)) / FAR_LESS > ticks)
        pl_cost_learn(cost, ticks, first_of(r->call), PL_COST_UNSURE);
    return 1;
}

int pl_sort_runs(const pl_sort_call *c, const pl_blocks *blocks, pl_cost *cost)
{
    run_look r;
    pl_blocks half = pl_blocks_of_size(c->n / 2, blocks->size);
    r.work = (pl_blocks_work){.args = c->items, .arg_size = c->order.type_size};
    r.call = c;
    r.blocks = *blocks;
    int found = are_run(&r, cost);
    if (found != 1)
        return found;
    if (c->items != c->from && run_loop(&r, copy_blocks, blocks, PL_SORT_SILENTLY) != 0)
        return -1;
    if (r.falls && run_loop(&r, reverse_blocks, &half, PL_SORT_SILENTLY) != 0)
        return -1;
    return c->has_options && run_loop(&r, only_report, blocks, PL_SORT_REPORTING) != 0 ? -1 : 1;
}
