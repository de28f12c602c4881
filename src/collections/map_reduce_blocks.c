/* SPDX-License-Identifier: MIT */
/* Blocks of results, got and folded piece by piece (map_reduce.h). */
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/atomic.h"
#include "base/size.h"
#include "collections/map_reduce.h"
#include "collections/words.h"

/* The least block of what is combined in any brackets: as long as it takes to begin one is little of that, and no
 * longer, as half of a call that somebody spins for has to be one. */
enum { LEAST_NS = 150 };

void pl_map_reduce_add(const pl_map_reduction *r, unsigned char *part, bool begun, const unsigned char *results,
                       size_t n)
{
    if (n == 0)
        return;
    if (begun)
        pl_reduce_fold(r->op, part, results, n);
    else
        pl_reduce_fold_block(r->op, part, results, n);
}

/* Puts the results of tasks [begin, end) there. */
static void get_results(const pl_map_reduction *r, size_t begin, size_t end, void *results)
{
    if (r->loop) {
        r->loop->call(r->captures, r->first + (ptrdiff_t)begin, r->first + (ptrdiff_t)end, results);
        return;
    }
    parallel_span span = {.args = r->work.args + begin * r->f->arg_size, .results = results};
    r->f->kernel(&span, 0, end - begin);
}

/* By that, those of blocks [begin, end) into their parts. */
static void reduce_fused_blocks(const pl_map_reduction *r, size_t begin, size_t end, unsigned char *parts)
{
    size_t arg_size = r->f->arg_size;
    for (size_t k = begin; k < end; k++, parts += r->op->type_size) {
        size_t first = pl_blocks_begin(&r->work.blocks, k), n = pl_blocks_length(&r->work.blocks, k), begun = k > 0;
        if (begun)
            get_results(r, first, first + 1, parts);
        r->f->fused(parts, r->work.args + (first + begun) * arg_size, n - begun, pl_words_index(r->op));
    }
}

/* Folds the results of a block into `part`, piece by piece. */
static void reduce_long_block(const pl_map_reduction *r, size_t k, unsigned char *part)
{
    alignas(PL_LINE) unsigned char buffer[PL_MAP_REDUCE_BUFFER];
    size_t begin = pl_blocks_begin(&r->work.blocks, k), end = begin + pl_blocks_length(&r->work.blocks, k);
    bool begun = k == 0;
    for (size_t to; begin < end; begin = to) {
        to = end - begin < r->piece ? end : begin + r->piece;
        get_results(r, begin, to, buffer);
        pl_map_reduce_add(r, part, begun, buffer, to - begin);
        begun = true;
    }
}

/* Folds the results of blocks [begin, end), which are one piece together, into their parts. */
static void reduce_short_blocks(const pl_map_reduction *r, size_t begin, size_t end, unsigned char *parts)
{
    alignas(PL_LINE) unsigned char buffer[PL_MAP_REDUCE_BUFFER];
    const pl_blocks *b = &r->work.blocks;
    size_t first = pl_blocks_begin(b, begin);
    get_results(r, first, pl_blocks_begin(b, end - 1) + pl_blocks_length(b, end - 1), buffer);
    pl_reduce_fold_some(r->op, b, begin, end, parts, buffer);
}

/* The blocks from k on, `end` at most, that are treated together: up to which one. */
static size_t next_blocks(const pl_map_reduction *r, size_t k, size_t end)
{
    size_t some = r->piece / r->work.blocks.size;
    return end - k <= some ? end : k + (some ? some : 1);
}

/* Folds the results of blocks [begin, end), that many, into their parts. */
static void reduce_next_blocks(const pl_map_reduction *r, size_t begin, size_t end, unsigned char *parts)
{
    if (pl_words_are_fused(r->op, r->f))
        reduce_fused_blocks(r, begin, end, parts);
    else if (r->work.blocks.size <= r->piece)
        reduce_short_blocks(r, begin, end, parts);
    else
        reduce_long_block(r, begin, parts);
}

static void reduce_blocks(size_t begin, size_t end, void *ctx)
{
    const pl_map_reduction *r = ctx;
    for (size_t to; begin < end; begin = to) {
        to = next_blocks(r, begin, end);
        reduce_next_blocks(r, begin, to, r->work.parts + begin * r->op->type_size);
    }
}

static void combine_parts(size_t begin, size_t end, void *ctx)
{
    const pl_map_reduction *r = ctx;
    (void)begin;
    (void)end;
    pl_reduce_fold_each(r->op, r->work.parts, r->work.parts + r->op->type_size, r->work.blocks.count - 1);
}

void pl_map_reduce_here(size_t begin, size_t end, void *ctx)
{
    const pl_map_reduction *r = ctx;
    alignas(PL_LINE) unsigned char parts[PL_MAP_REDUCE_BUFFER];
    size_t count = r->work.blocks.count, size = r->op->type_size;
    (void)begin;
    (void)end;
    memcpy(parts, r->work.parts, size);
    for (size_t k = 0, to; k < count; k = to) {
        size_t first = k == 0;
        to = next_blocks(r, k, count);
        reduce_next_blocks(r, k, to, parts);
        if (first)
            memcpy(r->work.parts, parts, size);
        pl_reduce_fold_each(r->op, r->work.parts, parts + first * size, to - k - first);
    }
}

pl_cost *pl_map_reduce_cost_of(uintptr_t routine, const parallel_combine *op)
{
    return pl_cost_of(routine * 31 + (op->fold ? (uintptr_t)op->fold : (uintptr_t)op->call));
}

pl_cost *pl_map_reduce_cost(const pl_map_reduction *r)
{
    return pl_map_reduce_cost_of(r->loop        ? (uintptr_t)r->loop->call
                                 : r->f->kernel ? (uintptr_t)r->f->kernel
                                                : (uintptr_t)r->f->call,
                                 r->op);
}

void pl_map_reduce_fit_blocks(pl_map_reduction *r)
{
    const pl_word *word = pl_words_of(r->op);
    size_t size = r->work.blocks.size;
    if (word && word->is_exact && size && r->work.blocks.n) {
        uint64_t took = pl_cost_guess(pl_map_reduce_cost(r), size), least = LEAST_NS * pl_os_ticks_per_us() / 1000;
        if (took < least)
            r->work.blocks =
                pl_blocks_of_size(r->work.blocks.n, pl_size_multiply((size_t)(least / (took + 1)) + 1, size));
    }
}

pl_map_reduction pl_map_reduce_prepare(const parallel_function *f, const parallel_combine *op, const void *args,
                                       size_t n)
{
    return (pl_map_reduction){
        .work = {.blocks = pl_blocks_of_values(n, op->type_size, false),
                 .part_size = op->type_size,
                 .part_align = op->type_align,
                 .args = args,
                 .arg_size = f ? f->arg_size : 0,
                 .treat = reduce_blocks,
                 .combine = combine_parts},
        .f = f,
        .op = op,
        .piece = op->type_size < PL_MAP_REDUCE_BUFFER ? PL_MAP_REDUCE_BUFFER / op->type_size : 1,
    };
}
