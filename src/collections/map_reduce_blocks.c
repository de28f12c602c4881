/* SPDX-License-Identifier: MIT */
/* Blocks of results, got and folded piece by piece (map_reduce.h). */
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/atomic.h"
#include "collections/map_reduce.h"

void pl_map_reduce_add(const pl_map_reduction *r, unsigned char *part, bool begun, const unsigned char *results,
                       size_t n)
{
    size_t size = r->op->type_size;
    if (n == 0)
        return;
    if (!begun)
        memcpy(part, results, size);
    pl_reduce_fold(r->op, part, results + (begun ? 0 : size), n - (begun ? 0 : 1));
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

/* Folds block k into `part`. */
static void reduce_block(const pl_map_reduction *r, size_t k, unsigned char *part)
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

static void reduce_blocks(size_t begin, size_t end, void *ctx)
{
    const pl_map_reduction *r = ctx;
    for (size_t k = begin; k < end; k++)
        reduce_block(r, k, r->work.parts + k * r->op->type_size);
}

static void combine_parts(size_t begin, size_t end, void *ctx)
{
    const pl_map_reduction *r = ctx;
    (void)begin;
    (void)end;
    for (size_t k = 1; k < r->work.blocks.count; k++)
        pl_reduce_fold(r->op, r->work.parts, r->work.parts + k * r->op->type_size, 1);
}

void pl_map_reduce_here(size_t begin, size_t end, void *ctx)
{
    const pl_map_reduction *r = ctx;
    alignas(PL_LINE) unsigned char part[PL_MAP_REDUCE_BUFFER];
    (void)begin;
    (void)end;
    reduce_block(r, 0, r->work.parts);
    for (size_t k = 1; k < r->work.blocks.count; k++) {
        reduce_block(r, k, part);
        pl_reduce_fold(r->op, r->work.parts, part, 1);
    }
}

pl_cost *pl_map_reduce_cost(const pl_map_reduction *r)
{
    uintptr_t op = r->op->fold ? (uintptr_t)r->op->fold : (uintptr_t)r->op->call;
    if (r->loop)
        return pl_cost_of((uintptr_t)r->loop->call * 31 + op);
    uintptr_t f = r->f->kernel ? (uintptr_t)r->f->kernel : (uintptr_t)r->f->call;
    return pl_cost_of(f * 31 + op);
}

pl_map_reduction pl_map_reduce_prepare(const parallel_function *f, const parallel_combine *op, const void *args,
                                       size_t n)
{
    return (pl_map_reduction){
        .work = {.blocks = pl_blocks_of_values(n, op->type_size, op->is_numeric),
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
