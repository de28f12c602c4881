/* SPDX-License-Identifier: MIT */
/*
 * The least and the greatest of items: of each block, and then of those (blocks.h).
 *
 * By a function of the program's, a part is the index of a block's extreme. Of numbers it is its value, which several
 * lanes find; where it stands is looked up at the end, in the first block that has it.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "collections/blocks.h"
#include "collections/order.h"
#include "collections/reduce.h"
#include "collections/words.h"
#include "sched/chunking.h"
#include "sched/cost.h"

typedef struct extreme {
    pl_blocks_work work;
    const parallel_order *order;
    const parallel_combine *value; /* of numbers; or NULL */
    const unsigned char *args;
    bool greatest;
    size_t found; /* the index of it */
} extreme;

static const unsigned char *item_at(const extreme *e, size_t i)
{
    return e->args + i * e->order->type_size;
}

/* The least block of items, of few and of many: what the blocks have are compared on the caller. And how many blocks
 * there are at most. */
enum { FEW_ITEMS = 64, LEAST_OF_FEW = 4, LEAST_BLOCK = 16, MOST_BLOCKS = 512 };

/* So many that items, of which each is a call, can be shared. Any blocks give the same. */
static pl_blocks blocks_of_items(size_t n)
{
    size_t size = n ? pl_chunking_even(n, MOST_BLOCKS) : 1, least = n > FEW_ITEMS ? LEAST_BLOCK : LEAST_OF_FEW;
    size = size < least ? least : size;
    return (pl_blocks){.n = n, .size = size, .count = n ? pl_chunking_even(n, size) : 0};
}

/* ---- by a function --------------------------------------------------------------------------------------- */

static size_t *index_of_part(const extreme *e, size_t k)
{
    return (size_t *)(void *)e->work.parts + k;
}

/* Whether item i comes before item k, or the other way round: so that it replaces it. */
static bool is_better(const extreme *e, size_t i, size_t k)
{
    const void *a = item_at(e, i), *b = item_at(e, k);
    return (e->greatest ? e->order->call(b, a) : e->order->call(a, b)) < 0;
}

static size_t pick_of(const extreme *e, size_t begin, size_t end)
{
    if (e->order->pick)
        return begin + e->order->pick(item_at(e, begin), end - begin, e->greatest);
    size_t best = begin;
    for (size_t i = begin + 1; i < end; i++)
        best = is_better(e, i, best) ? i : best;
    return best;
}

static void pick_in_blocks(size_t begin, size_t end, void *ctx)
{
    const extreme *e = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t first = pl_blocks_begin(&e->work.blocks, k);
        *index_of_part(e, k) = pick_of(e, first, first + pl_blocks_length(&e->work.blocks, k));
    }
}

static void pick_of_blocks(size_t begin, size_t end, void *ctx)
{
    extreme *e = ctx;
    (void)begin;
    (void)end;
    e->found = *index_of_part(e, 0);
    for (size_t k = 1; k < e->work.blocks.count; k++)
        e->found = is_better(e, *index_of_part(e, k), e->found) ? *index_of_part(e, k) : e->found;
}

static void pick_here(size_t begin, size_t end, void *ctx)
{
    extreme *e = ctx;
    (void)begin;
    (void)end;
    e->found = pick_of(e, 0, e->work.blocks.n);
}

/* ---- of numbers ------------------------------------------------------------------------------------------ */

/* The value of numbers [begin, end). */
static void get_value(const extreme *e, size_t begin, size_t end, unsigned char *value)
{
    pl_reduce_fold_block(e->value, value, item_at(e, begin), end - begin);
}

static void value_of_blocks(size_t begin, size_t end, void *ctx)
{
    const extreme *e = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t first = pl_blocks_begin(&e->work.blocks, k);
        get_value(e, first, first + pl_blocks_length(&e->work.blocks, k), e->work.parts + k * e->order->type_size);
    }
}

/* The value of all, and the first block that has it, and where. */
static void find_value(size_t begin, size_t end, void *ctx)
{
    extreme *e = ctx;
    unsigned char value[sizeof(long double)];
    size_t count = e->work.blocks.count;
    (void)begin;
    (void)end;
    memcpy(value, e->work.parts, e->order->type_size);
    pl_reduce_fold(e->value, value, e->work.parts + e->order->type_size, count - 1);
    size_t k = pl_order_find_number(e->order, e->work.parts, count, value), first = pl_blocks_begin(&e->work.blocks, k);
    e->found = first + pl_order_find_number(e->order, item_at(e, first), pl_blocks_length(&e->work.blocks, k), value);
}

static void find_value_here(size_t begin, size_t end, void *ctx)
{
    extreme *e = ctx;
    unsigned char value[sizeof(long double)];
    (void)begin;
    (void)end;
    get_value(e, 0, e->work.blocks.n, value);
    e->found = pl_order_find_number(e->order, e->args, e->work.blocks.n, value);
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

static extreme extreme_of(const parallel_order *order, const void *args, size_t n, bool greatest)
{
    extreme e = {.order = order, .args = args, .greatest = greatest};
    if (order->number) {
        e.value = pl_order_value(order, greatest);
        e.work = (pl_blocks_work){.blocks = pl_blocks_of_values(n, order->type_size, true),
                                  .part_size = order->type_size,
                                  .treat = value_of_blocks,
                                  .combine = find_value};
    } else {
        e.work = (pl_blocks_work){.blocks = blocks_of_items(n),
                                  .part_size = sizeof(size_t),
                                  .treat = pick_in_blocks,
                                  .combine = pick_of_blocks};
    }
    e.work.args = args;
    e.work.arg_size = order->type_size;
    return e;
}

/* What a call is given. False with errno. */
static bool take_given(parallel_order *to, const parallel_order *order, const void *args, size_t n)
{
    if (!pl_order_copy(to, order))
        return pl_error_deny_part("the order", order);
    if (n && !args)
        return pl_error_deny_null("args", n);
    return pl_size_multiply(n, to->type_size) != PL_SIZE_NONE || pl_error_deny_memory();
}

/* Of no items there is none, which is no error. */
static const void *no_item(void)
{
    errno = 0;
    return NULL;
}

PL_NOT_INLINED static const void *extreme_with(const parallel_order *order, const void *args, size_t n, bool greatest,
                                               const parallel_options *options, const pl_request *request)
{
    parallel_order own;
    unsigned char acc[sizeof(long double)] = {0}; /* what no part begins with */
    pl_failure_clear_last();
    if (!take_given(&own, order, args, n))
        return NULL;
    if (n == 0)
        return pl_blocks_check(options, own.options, request) == 0 ? no_item() : NULL;
    extreme e = extreme_of(&own, args, n, greatest);
    pl_cost *cost = own.cost ? (pl_cost *)own.cost : pl_cost_of(own.pick ? (uintptr_t)own.pick : (uintptr_t)own.call);
    if (pl_blocks_run(&e.work, acc, cost, options, own.options, request) != 0)
        return NULL;
    return item_at(&e, e.found);
}

static const void *number_here(const parallel_order *order, const void *args, size_t n, bool greatest)
{
    if (n <= PL_ORDER_FEW) {
        pl_failure_clear_last();
        return (const unsigned char *)args + pl_order_extreme_of_few(order, args, n, greatest) * order->type_size;
    }
    extreme e = {.work = {.blocks = {.n = n}}, .order = order, .args = args};
    e.value = pl_order_value(order, greatest);
    find_value_here(0, 1, &e);
    pl_failure_clear_last();
    return item_at(&e, e.found);
}

const void *pl_order_extreme(const parallel_order *order, const void *args, size_t n, bool greatest,
                             const parallel_options *options, const pl_request *request)
{
    bool is_plain = !options && order && order->size == sizeof *order && order->call && order->cost &&
                    !order->options && order->type_size && (unsigned)order->number <= PARALLEL_NUMBERS_ && args && n;
    if (is_plain && order->number && n <= PL_WORDS_HERE / order->type_size)
        return number_here(order, args, n, greatest);
    if (!is_plain || !pl_blocks_fit_here((const pl_cost *)order->cost, n))
        return extreme_with(order, args, n, greatest, options, request);
    extreme e = {.work = {.blocks = {.n = n}}, .order = order, .args = args, .greatest = greatest};
    e.value = order->number ? pl_order_value(order, greatest) : NULL;
    pl_blocks_run_here(order->number ? find_value_here : pick_here, &e, (const pl_cost *)order->cost, n);
    return item_at(&e, e.found);
}
