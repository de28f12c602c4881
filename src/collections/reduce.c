/* SPDX-License-Identifier: MIT */
/* Reductions: each block of items is folded from the left, and then the blocks are (blocks.h). */
#include "collections/reduce.h"

#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/function.h"
#include "collections/blocks.h"
#include "collections/words.h"
#include "sched/cost.h"

/* ---- operators ------------------------------------------------------------------------------------------- */

bool pl_reduce_copy(parallel_combine *to, const parallel_combine *from)
{
    if (!from)
        return false;
    pl_function_copy_members(to, sizeof *to, from, from->size, offsetof(parallel_combine, type_align));
    return to->type_size && (to->fold || to->call) && pl_function_is_alignment(to->type_align);
}

bool pl_reduce_take(parallel_combine *to, const parallel_combine *from, const void *args, size_t n, const void *acc)
{
    if (!pl_reduce_copy(to, from))
        return pl_error_deny_part("the operator", from);
    if (n && !args)
        return pl_error_deny_null("args", n);
    return acc || pl_error_deny(EINVAL, "acc is NULL");
}

void pl_reduce_fold(const parallel_combine *op, void *left, const void *items, size_t n)
{
    if (op->fold) {
        op->fold(left, items, n, n ? n : 1);
        return;
    }
    for (size_t i = 0; i < n; i++)
        op->call(left, (const unsigned char *)items + i * op->type_size);
}

void pl_reduce_fold_each(const parallel_combine *op, void *left, const void *values, size_t n)
{
    if (op->fold)
        op->fold(left, values, n, 1);
    else
        pl_reduce_fold(op, left, values, n);
}

void pl_reduce_fold_block(const parallel_combine *op, void *value, const void *items, size_t n)
{
    const pl_word *word = pl_words_of(op);
    if (word) {
        word->fold_block(value, items, n);
        return;
    }
    memcpy(value, items, op->type_size);
    pl_reduce_fold(op, value, (const unsigned char *)items + op->type_size, n - 1);
}

/* The k-th of `parts` becomes what the k-th block of so many of the items comes to; n > 0. */
static void fold_parts(const parallel_combine *op, void *parts, const void *items, size_t n, size_t block)
{
    if (op->fold_parts) {
        op->fold_parts(parts, items, n, block);
        return;
    }
    size_t size = op->type_size;
    unsigned char *part = parts;
    const unsigned char *from = items;
    for (size_t length; n; n -= length, from += length * size, part += size) {
        length = block < n ? block : n;
        pl_reduce_fold_block(op, part, from, length);
    }
}

void pl_reduce_fold_some(const parallel_combine *op, const pl_blocks *b, size_t begin, size_t end, unsigned char *parts,
                         const unsigned char *items)
{
    size_t n = pl_blocks_begin(b, end - 1) + pl_blocks_length(b, end - 1) - pl_blocks_begin(b, begin), head = 0;
    if (begin == 0) {
        head = pl_blocks_length(b, 0);
        pl_reduce_fold(op, parts, items, head);
        parts += op->type_size;
    }
    if (n > head)
        fold_parts(op, parts, items + head * op->type_size, n - head, b->size);
}

/* ---- reductions ------------------------------------------------------------------------------------------ */

/* A part is a value; but for the first, it begins with the block's first item. */
typedef struct reduction {
    pl_blocks_work work;
    const parallel_combine *op;
} reduction;

static void reduce_blocks(size_t begin, size_t end, void *ctx)
{
    const reduction *r = ctx;
    const pl_blocks *b = &r->work.blocks;
    size_t size = r->op->type_size;
    pl_reduce_fold_some(r->op, b, begin, end, r->work.parts + begin * size,
                        r->work.args + pl_blocks_begin(b, begin) * size);
}

static void combine_parts(size_t begin, size_t end, void *ctx)
{
    const reduction *r = ctx;
    (void)begin;
    (void)end;
    pl_reduce_fold_each(r->op, r->work.parts, r->work.parts + r->op->type_size, r->work.blocks.count - 1);
}

/* Bytes of integers that are a block, at the least: to fold a block into lanes, and these into a number, takes some
 * nanoseconds. How integers are bracketed changes nothing. */
#define EXACT_BYTES 16384

static pl_blocks blocks_of(const parallel_combine *op, size_t n)
{
    const pl_word *word = pl_words_of(op);
    pl_blocks blocks = pl_blocks_of_values(n, op->type_size, word != NULL);
    size_t least = EXACT_BYTES / op->type_size;
    return word && word->is_exact && n && blocks.size < least ? pl_blocks_of_size(n, least) : blocks;
}

static reduction reduction_of(const parallel_combine *op, const void *args, size_t n)
{
    return (reduction){
        .work = {.blocks = blocks_of(op, n),
                 .part_size = op->type_size,
                 .part_align = op->type_align,
                 .args = args,
                 .arg_size = op->type_size,
                 .treat = reduce_blocks,
                 .combine = combine_parts},
        .op = op,
    };
}

PL_NOT_INLINED static int reduce_with(const parallel_combine *op, const void *args, size_t n, void *acc,
                                      const parallel_options *options, const pl_request *request)
{
    parallel_combine own;
    pl_failure_clear_last();
    if (!pl_reduce_take(&own, op, args, n, acc))
        return -1;
    if (pl_size_multiply(n, own.type_size) == PL_SIZE_NONE)
        return pl_error_return(ENOMEM);
    if (n == 0)
        return pl_blocks_check(options, own.options, request);
    reduction r = reduction_of(&own, args, n);
    pl_cost *cost = own.cost ? (pl_cost *)own.cost : pl_cost_of(own.fold ? (uintptr_t)own.fold : (uintptr_t)own.call);
    return pl_blocks_run(&r.work, acc, cost, options, own.options, request);
}

/* A short one, on the caller: no part is kept. */
typedef struct short_reduction {
    const parallel_combine *op;
    const void *args;
    size_t n, block;
    void *acc;
} short_reduction;

static void reduce_here(size_t begin, size_t end, void *ctx)
{
    const short_reduction *r = ctx;
    (void)begin;
    (void)end;
    r->op->fold(r->acc, r->args, r->n, r->block);
}

static int fold_numbers(const parallel_combine *op, const void *args, size_t n, void *acc)
{
    op->fold(acc, args, n, PL_BLOCKS_NUMBERS);
    pl_failure_clear_last();
    return 0;
}

int pl_reduce(const parallel_combine *op, const void *args, size_t n, void *acc, const parallel_options *options,
              const pl_request *request)
{
    bool is_plain = !options && op && op->size == sizeof *op && op->fold && op->cost && !op->options && op->type_size &&
                    args && acc && n;
    if (is_plain && op->word && n <= PL_WORDS_HERE / op->type_size)
        return fold_numbers(op, args, n, acc);
    if (!is_plain || !pl_blocks_fit_here((const pl_cost *)op->cost, n))
        return reduce_with(op, args, n, acc, options, request);
    size_t block = op->word ? PL_BLOCKS_NUMBERS : pl_blocks_size_of_values(n, op->type_size);
    short_reduction r = {op, args, n, block, acc};
    return pl_blocks_run_here(reduce_here, &r, (const pl_cost *)op->cost, n);
}
