/* SPDX-License-Identifier: MIT */
/*
 * Blocks: how calls that make one value of many items divide them, so that the result is the same bit for bit, whoever
 * works on it.
 *
 * The items are cut into blocks of neighbours. How large these are depends on how many items there are, and on the
 * types, alone. Each block is treated as a whole, from its first item to its last, and gives a part; parts are put
 * together from the left. So which thread treats which block, and when, changes nothing; nor does what is known of
 * costs, nor any option. A call that runs on its caller alone has the same blocks.
 *
 * There are enough blocks for many workers, and few enough for their parts to be on the caller's stack, or in some
 * kilobytes. Where a part is large, there are fewer; where items are numbers, which are cheap, blocks are long enough
 * to use several lanes.
 */
#ifndef PL_COLLECTIONS_BLOCKS_H
#define PL_COLLECTIONS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "call/options.h"
#include "call/plain.h"
#include "call/work.h"
#include "sched/inline.h"

enum {
    PL_BLOCKS_FEW = 128,     /* so many items, or fewer, may be a block each */
    PL_BLOCKS_SMALL = 64,    /* bytes of a part that is begun for a few items, which may be dear */
    PL_BLOCKS_BYTES = 8,     /* to clear so many, and to combine them, takes about as long as an item */
    PL_BLOCKS_NEAR = 16384,  /* bytes of parts that are kept on the caller's stack */
    PL_BLOCKS_NUMBERS = 1024 /* the least block of numbers, and what others are a multiple of */
};

/* n items, n > 0, in blocks. */
typedef struct pl_blocks {
    size_t n;
    size_t size;  /* items in a block; the last may be shorter */
    size_t count; /* blocks */
} pl_blocks;

/* The blocks of n values of so many bytes, which may be numbers: a part is a value. */
pl_blocks pl_blocks_of_values(size_t n, size_t size, bool are_numbers);

/* How many of them are in a block. */
static inline size_t pl_blocks_size_of_values(size_t n, size_t size)
{
    bool are_few = n <= PL_BLOCKS_FEW && size <= PL_BLOCKS_NEAR / PL_BLOCKS_FEW; /* without divisions */
    return are_few ? 1 : pl_blocks_of_values(n, size, false).size;
}

/* The blocks of n items, of which a part is an accumulator of so many bytes: to begin one, and to combine it with
 * another, takes time. */
pl_blocks pl_blocks_of_accumulators(size_t n, size_t size);

/* Whether these are only one. */
static inline bool pl_blocks_are_one(size_t n, size_t size)
{
    return size > PL_BLOCKS_SMALL && n <= size / PL_BLOCKS_BYTES + 1;
}

/* The blocks of n items of so many bytes that are links of a chain (chained.h), each of which has a place of so many;
 * but for the last, they have `least` items or more. */
pl_blocks pl_blocks_of_links(size_t n, size_t item_size, size_t place_size, size_t least);

/* The blocks of n items, n > 0, of so many each, or in one if that is more. */
static inline pl_blocks pl_blocks_of_size(size_t n, size_t size)
{
    size = size < n ? size : n;
    return (pl_blocks){.n = n, .size = size, .count = (n - 1) / size + 1};
}

/* Where block k begins, and how many items it has. */
static inline size_t pl_blocks_begin(const pl_blocks *b, size_t k)
{
    return k * b->size;
}

static inline size_t pl_blocks_length(const pl_blocks *b, size_t k)
{
    size_t rest = b->n - k * b->size;
    return rest < b->size ? rest : b->size;
}

/* What is done with the blocks of a call that puts parts together. */
typedef struct pl_blocks_work {
    pl_blocks blocks;
    size_t part_size, part_align; /* bytes, and _Alignof() or 0 */
    const unsigned char *args;    /* the items, by which failures name them; or NULL */
    size_t arg_size;

    /* Treats blocks [begin, end), whose parts are `parts[k * part_size]`: that of the first begins as *acc, the others
     * as they are. ctx is this work. */
    void (*treat)(size_t begin, size_t end, void *ctx);

    /* Puts all parts together in the first. */
    void (*combine)(size_t begin, size_t end, void *ctx);

    unsigned char *parts; /* the call's */
} pl_blocks_work;

/*
 * Has all blocks treated, exactly once, several at once, and their parts put together, from *acc on, which is untouched
 * if the call fails. Items cost what `cost` says, which learns. `options` and `decoration` may be NULL. 0; or -1 with
 * errno: as parallel_for(), or ENOMEM where parts want memory of their own.
 */
int pl_blocks_run(pl_blocks_work *work, void *acc, pl_cost *cost, const parallel_options *options,
                  const parallel_options *decoration, const pl_request *request);

/* Only has them treated, without parts: what does that keeps its own. */
int pl_blocks_treat(pl_blocks_work *work, pl_cost *cost, const parallel_options *options,
                    const parallel_options *decoration, const pl_request *request);

/* A call of no items: only its options are looked at. As pl_blocks_run(). */
int pl_blocks_check(const parallel_options *options, const parallel_options *decoration, const pl_request *request);

/* Calls body(0, 1, ctx) on the caller, in a context of its own: for what calls functions of the program's. */
void pl_blocks_call(void (*body)(size_t begin, size_t end, void *ctx), void *ctx);

/* Whether n items are known to cost so little that they are best treated on the caller, at once; and to do so: body(0,
 * 1, ctx), in a context of its own. Returns 0. */
static inline bool pl_blocks_fit_here(const pl_cost *cost, size_t n)
{
    return pl_context_thread.context ? pl_inline_fits_in_task(cost, n) : pl_inline_fits(cost, n);
}

static inline int pl_blocks_run_here(void (*body)(size_t begin, size_t end, void *ctx), void *ctx, const pl_cost *cost,
                                     size_t n)
{
    pl_body loop = {body, ctx, pl_context_thread.context, .what = NULL};
    return pl_plain_at_once(&loop, 1, cost, n);
}

#endif
