/* SPDX-License-Identifier: MIT */
/* Blocks of items; blocks.h says what for. */
#include "collections/blocks.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "call/call.h"
#include "call/failure.h"
#include "sched/chunking.h"

/* How many blocks at most: of few items, and of many. */
#define FEW_BLOCKS ((size_t)PL_BLOCKS_FEW)
#define MANY_BLOCKS 1024
#define MANY_ITEMS 65536
/* The least block of values of which each cannot be its own: to begin a block takes about as long as an item. */
#define SHORT_BLOCK 8
/* There are so many, however large a part is. */
#define LEAST_BLOCKS 16
/* A few items are in so many blocks, if no more is lost by that than some nanoseconds. */
#define FEWEST_BLOCKS 4

/* How many links of a chain: of few items, of many, and at most; how many bytes of items one has, if there are many, so
 * that they stay in the second cache; and how many bytes of places all have. */
#define FEW_LINKS 128
#define MANY_LINKS 512
#define MANY_LINK_ITEMS 524288
#define MOST_LINKS 4096
#define LINK_BYTES 262144
#define LINK_PLACES 65536

static pl_blocks blocks_of(size_t n, size_t part_size, size_t least)
{
    if (n == 0)
        return (pl_blocks){.size = least};
    size_t most = n < MANY_ITEMS ? FEW_BLOCKS : MANY_BLOCKS, near = PL_BLOCKS_NEAR / part_size;
    near = near > LEAST_BLOCKS ? near : LEAST_BLOCKS;
    size_t size = pl_chunking_even(n, most < near ? most : near);
    size = pl_chunking_even(size, least) * least;
    return (pl_blocks){.n = n, .size = size, .count = pl_chunking_even(n, size)};
}

pl_blocks pl_blocks_of_values(size_t n, size_t size, bool are_numbers)
{
    return blocks_of(n, size, are_numbers ? PL_BLOCKS_NUMBERS : n > FEW_BLOCKS ? SHORT_BLOCK : 1);
}

pl_blocks pl_blocks_of_accumulators(size_t n, size_t size)
{
    size_t least = size / PL_BLOCKS_BYTES + 1;
    if (size <= PL_BLOCKS_SMALL && n > 0 && n < FEWEST_BLOCKS * least)
        least = pl_chunking_even(n, FEWEST_BLOCKS);
    return blocks_of(n, size, least);
}

pl_blocks pl_blocks_of_links(size_t n, size_t item_size, size_t place_size, size_t least)
{
    if (n <= least) /* nothing is divided in a short call */
        return (pl_blocks){.n = n, .size = least, .count = n > 0};
    size_t most = n < MANY_LINK_ITEMS ? FEW_LINKS : MANY_LINKS, places = LINK_PLACES / place_size;
    size_t in_cache = LINK_BYTES / item_size;
    places = places > LEAST_BLOCKS ? places : LEAST_BLOCKS;
    size_t size = pl_chunking_even(n, most), fewest = pl_chunking_even(n, places < MOST_LINKS ? places : MOST_LINKS);
    size = size < in_cache ? size : in_cache;
    size = size > fewest ? size : fewest;
    size = size > least ? size : least;
    return (pl_blocks){.n = n, .size = size, .count = pl_chunking_even(n, size)};
}

/* ---- running --------------------------------------------------------------------------------------------- */

/* What a program's progress callback wants to know is items. */
typedef struct counted_items {
    const pl_blocks *blocks;
    void (*callback)(size_t done, size_t total, void *data);
    void *data;
} counted_items;

static void report_items(size_t done, size_t total, void *data)
{
    const counted_items *counted = data;
    size_t items = done == total ? counted->blocks->n : done * counted->blocks->size;
    counted->callback(items, counted->blocks->n, counted->data);
}

/* A failure of a block, as one of its first item. */
static parallel_failure of_item(const pl_blocks_work *work, const parallel_failure *failure)
{
    parallel_failure f = *failure;
    f.index = pl_blocks_begin(&work->blocks, f.index);
    f.arg = work->args ? work->args + f.index * work->arg_size : NULL;
    return f;
}

/* With options, which have been merged. */
PL_NOT_INLINED static int run_with(const pl_blocks_work *work, const pl_body *loop, const pl_cost *cost,
                                   pl_cost *block_cost, parallel_options *o, const pl_request *request)
{
    const pl_blocks *b = &work->blocks;
    counted_items counted = {b, o->progress, o->progress_data};
    pl_call c;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (pl_options_is_elsewhere(o->executor)) /* no function of items is left to be run elsewhere */
        o->executor = PARALLEL_DEFAULT_EXECUTOR;
    o->grain = o->grain ? pl_chunking_even(o->grain, b->size) : 0;
    if (o->progress) {
        o->progress = report_items;
        o->progress_data = &counted;
    }
    uintptr_t key = (uintptr_t)cost * 31 + b->size; /* many calls have this body */
    if (!pl_call_begin_loop(&c, loop, b->count, (parallel_cost *)block_cost, key, o, request))
        return -1;
    pl_cleanup_begin(&cleanup, pl_call_drop, &c);
    bool well = pl_call_run(&c, NULL);
    pl_cleanup_end(&cleanup);
    if (!well && pl_call_failure(&c))
        c.failures.all.list[0].first = of_item(work, pl_call_failure(&c));
    pl_call_return(&c, !well);
    return well ? 0 : -1;
}

/* Without options, blocks cost so many times what items cost. */
PL_NOT_INLINED static int run_plain(const pl_blocks *b, const pl_body *loop, pl_cost *cost)
{
    pl_cost block_cost;
    pl_cost_scale(&block_cost, cost, b->size);
    int result = pl_plain_loop(loop, b->count, &block_cost);
    pl_cost_scale_back(cost, &block_cost, b->size);
    return result;
}

PL_NOT_INLINED static int run_merged(const pl_blocks_work *work, const pl_body *loop, pl_cost *cost,
                                     const parallel_options *options, const parallel_options *decoration,
                                     const pl_request *request)
{
    parallel_options merged;
    pl_cost block_cost;
    if (!pl_options_merge(&merged, options, decoration, request))
        return -1;
    pl_cost_scale(&block_cost, cost, work->blocks.size);
    int result = run_with(work, loop, cost, &block_cost, &merged, request), saved = errno;
    pl_cost_scale_back(cost, &block_cost, work->blocks.size);
    errno = saved;
    return result;
}

int pl_blocks_treat(pl_blocks_work *work, pl_cost *cost, const parallel_options *options,
                    const parallel_options *decoration, const pl_request *request)
{
    const pl_blocks *b = &work->blocks;
    pl_body loop = {work->treat, work, pl_context_thread.context, .what = request ? request->what : NULL};
    if (options || decoration)
        return run_merged(work, &loop, cost, options, decoration, request);
    if (pl_blocks_fit_here(cost, b->n))
        return pl_plain_at_once(&loop, b->count, cost, b->n);
    return loop.parent ? run_merged(work, &loop, cost, NULL, NULL, request) : run_plain(b, &loop, cost);
}

/* ---- parts ----------------------------------------------------------------------------------------------- */

PL_NOT_INLINED int pl_blocks_run(pl_blocks_work *work, void *acc, pl_cost *cost, const parallel_options *options,
                                 const parallel_options *decoration, const pl_request *request)
{
    alignas(PL_LINE) unsigned char near[PL_BLOCKS_NEAR];
    size_t bytes = pl_size_multiply(work->blocks.count, work->part_size);
    size_t alignment = work->part_align > PL_LINE ? work->part_align : PL_LINE;
    unsigned char *far = NULL;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (bytes > sizeof near || alignment > PL_LINE) {
        far = pl_results_allocate(bytes, alignment);
        if (!far)
            return pl_error_return(ENOMEM);
    }
    work->parts = far ? far : near;
    pl_cleanup_begin(&cleanup, free, far);
    memcpy(work->parts, acc, work->part_size);
    int result = pl_blocks_treat(work, cost, options, decoration, request);
    if (result == 0) {
        pl_blocks_call(work->combine, work);
        memcpy(acc, work->parts, work->part_size);
    }
    pl_cleanup_end(&cleanup);
    free(far);
    return result;
}

/* ---- the rest -------------------------------------------------------------------------------------------- */

static void treat_nothing(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    (void)ctx;
}

int pl_blocks_check(const parallel_options *options, const parallel_options *decoration, const pl_request *request)
{
    static const pl_blocks_work none = {.blocks = {.size = 1}};
    pl_cost cost = {0};
    pl_body loop = {.body = treat_nothing};
    return options || decoration ? run_merged(&none, &loop, &cost, options, decoration, request) : 0;
}

PL_NOT_INLINED void pl_blocks_call(void (*body)(size_t begin, size_t end, void *ctx), void *ctx)
{
    pl_body last = {body, ctx, pl_context_thread.context, .what = NULL};
    PL_UNWIND_BY(pl_context_unwinds);
    pl_work_run_body(&last, 0, 0, 1);
}
