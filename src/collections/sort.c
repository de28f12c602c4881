/* SPDX-License-Identifier: MIT */
/* Sorts: what all begin with, and those of few items, or by one thread. */
#include "collections/sort.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/context.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/blocks.h"
#include "collections/order.h"
#include "collections/radix.h"

/* Bytes of the other place that are on the caller's stack. */
enum { NEAR = 16384 };
/* So many items are sorted on the caller though nothing is known of what comparisons cost. */
enum { FEW = 64 };
/* A sort that takes less is not worth anybody's help, nor, beneath the other figure, a look at the clock. */
enum { WORTH_US = 60, MEASURED_US = 1 };
/* So many are dealt to groups even if one thread does it all: these fit the cache. */
enum { MANY = 1 << 20 };

/* ---- all by one thread ----------------------------------------------------------------------------------- */

typedef struct whole_sort {
    pl_blocks_work work;
    const pl_sort_call *call;
    unsigned char *other;
    bool is_sorted;
} whole_sort;

static void sort_whole(size_t begin, size_t end, void *ctx)
{
    whole_sort *w = ctx;
    const pl_sort_call *c = w->call;
    size_t bytes = c->n * c->order.type_size;
    parallel_sorting s;
    (void)begin;
    (void)end;
    s.items = c->items;
    s.other = w->other;
    s.room = w->other + bytes;
    s.n = c->n;
    w->is_sorted = pl_sort_some(&s, &c->order, false);
}

static int run_whole(whole_sort *w)
{
    const pl_sort_call *c = w->call;
    parallel_options room;
    if (!c->has_options && !pl_context_thread.context) {
        int state = pl_os_cancel_unless_unwound();
        pl_blocks_call(sort_whole, w);
        pl_os_cancel_restore(state);
        pl_failure_clear_last();
        return 0;
    }
    w->work = (pl_blocks_work){
        .blocks = pl_blocks_of_size(c->n, c->n), .args = c->items, .arg_size = c->order.type_size, .treat = sort_whole};
    pl_cost *block_cost = pl_cost_of((uintptr_t)c->order.call * 31 + c->order.type_size);
    int result = pl_blocks_treat(&w->work, block_cost, pl_sort_options(c, PL_SORT_REPORTING, &room), NULL, c->request);
    return result == 0 && !w->is_sorted ? pl_error_return(pl_sort_reason(c)) : result;
}

PL_NOT_INLINED static int sort_by_one(const pl_sort_call *c, pl_cost *cost)
{
    alignas(PL_LINE) unsigned char near[NEAR];
    size_t size = c->order.type_size, alignment = c->order.type_align > PL_LINE ? c->order.type_align : PL_LINE;
    size_t bytes = pl_size_add(c->n * size, pl_size_multiply(PARALLEL_SORT_FEW_, size));
    whole_sort w = {.call = c, .other = near};
    unsigned char *far = NULL;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (bytes > sizeof near || alignment > PL_LINE) {
        w.other = far = pl_results_allocate(bytes, alignment);
        if (!far)
            return pl_error_return(ENOMEM);
    }
    pl_cleanup_begin(&cleanup, free, far);
    if (c->from != c->items)
        memcpy(c->items, c->from, c->n * size);
    bool is_measured = pl_cost_guess(cost, pl_sort_effort(c->n)) > MEASURED_US * pl_os_ticks_per_us();
    uint64_t start = is_measured ? pl_ticks() : 0;
    int result = run_whole(&w);
    if (is_measured && result == 0)
        pl_cost_learn(cost, pl_ticks() - start, pl_sort_effort(c->n), PL_COST_UNSURE);
    pl_cleanup_end(&cleanup);
    int saved = errno;
    free(far);
    errno = saved;
    return result;
}

/* ---- few items ------------------------------------------------------------------------------------------- */

/* The largest item of which few are sorted with nothing more around it than is needed. */
enum { SMALL = 64 };

typedef struct few_items {
    parallel_sorting sorting;
    const parallel_order *order;
} few_items;

/* Whether a sort is of few, of an order that needs no checks, and nobody would end it. */
static bool is_of_few(const parallel_order *o, const void *array, size_t n, const parallel_options *options)
{
    return n - 1 < FEW && array && !options && o && o->size == sizeof *o && o->call && !o->number &&
           o->type_size - 1 < SMALL && o->type_align <= PL_LINE && !o->options && !pl_context_thread.context;
}

static void sort_few(size_t begin, size_t end, void *ctx)
{
    few_items *f = ctx;
    (void)begin;
    (void)end;
    pl_sort_some(&f->sorting, f->order, false);
}

PL_NOT_INLINED static int run_few(const parallel_order *order, void *array, size_t n)
{
    alignas(PL_LINE) unsigned char near[(FEW + PARALLEL_SORT_FEW_) * SMALL];
    few_items f;
    parallel_order with_sorter;
    f.order = order;
    if (!order->sorter) {
        with_sorter = *order;
        with_sorter.sorter = pl_sort_sorter(order->type_size);
        f.order = &with_sorter;
    }
    f.sorting.items = array;
    f.sorting.other = near;
    f.sorting.room = near + n * order->type_size;
    f.sorting.n = n;
    int state = pl_os_cancel_unless_unwound();
    pl_blocks_call(sort_few, &f);
    pl_os_cancel_restore(state);
    pl_failure_clear_last();
    return 0;
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

bool pl_sort_check(pl_sort_call *c, const parallel_order *order, const void *args, size_t n,
                   const parallel_options *options, const pl_request *request)
{
    pl_failure_clear_last();
    if (!pl_order_copy(&c->order, order))
        return pl_error_deny_part("the order", order);
    if (n && !args)
        return pl_error_deny_null("the array", n);
    if (pl_size_multiply(n, c->order.type_size) == PL_SIZE_NONE)
        return pl_error_deny_memory();
    c->n = n;
    c->request = request;
    c->deadline = 0;
    if (!c->order.sorter)
        c->order.sorter = pl_sort_sorter(c->order.type_size);
    c->has_options = options || c->order.options;
    if (!c->has_options)
        return true;
    if (!pl_options_merge(&c->merged, options, c->order.options, request))
        return false;
    if (!pl_options_run_here(&c->merged))
        return false;
    if (c->merged.call_timeout > 0 && c->merged.call_timeout < 1e9)
        c->deadline = pl_os_nanoseconds() + (uint64_t)(c->merged.call_timeout * 1e9);
    return true;
}

static bool is_for_one(const pl_sort_call *c, const pl_cost *cost)
{
    size_t n = c->n;
    uint64_t guess = pl_cost_guess(cost, pl_sort_effort(n));
    if (n <= FEW || (guess != UINT64_MAX && guess < WORTH_US * pl_os_ticks_per_us()))
        return true;
    return n < MANY && parallel_worker_limit(c->has_options ? &c->merged : NULL) == 1;
}

int pl_sort_run(pl_sort_call *c)
{
    parallel_options room;
    if (c->n == 0)
        return pl_blocks_check(pl_sort_options(c, PL_SORT_REPORTING, &room), NULL, c->request);
    pl_cost *cost = pl_cost_of((uintptr_t)c->order.call * 31 + c->order.type_size + 1);
    return is_for_one(c, cost) ? sort_by_one(c, cost) : pl_sort_in_groups(c, cost);
}

int pl_sort(const parallel_order *order, void *array, size_t n, const parallel_options *options,
            const pl_request *request)
{
    pl_sort_call c;
    if (is_of_few(order, array, n, options))
        return run_few(order, array, n);
    if (pl_radix_takes(order))
        return pl_radix_sort(order, array, n, options, request);
    if (!pl_sort_check(&c, order, array, n, options, request))
        return -1;
    c.from = c.items = array;
    return pl_sort_run(&c);
}

/* Sorts a copy. */
static int run_copy(pl_sort_call *c, const parallel_order *order, const parallel_options *options)
{
    if (!pl_radix_takes(order))
        return pl_sort_run(c);
    if (c->n)
        memcpy(c->items, c->from, c->n * c->order.type_size);
    return pl_radix_sort(order, c->items, c->n, options, c->request);
}

PL_NOT_INLINED parallel_results *pl_sort_copy(const parallel_order *order, const void *args, size_t n,
                                              const parallel_options *options, const pl_request *request)
{
    pl_sort_call c;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!pl_sort_check(&c, order, args, n, options, request))
        return NULL;
    parallel_results *r = pl_results_new(n, c.order.type_size, c.order.type_align, PL_RESULTS_ANY, NULL);
    if (!r)
        return NULL;
    c.from = args;
    c.items = pl_results_vector(r);
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    int result = run_copy(&c, order, options), saved = errno;
    pl_cleanup_end(&cleanup);
    if (result == 0)
        return r;
    parallel_results_free(r);
    errno = saved;
    return NULL;
}
