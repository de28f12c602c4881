/* SPDX-License-Identifier: MIT */
/*
 * The items of an array that are not the same: pointers to them are sorted; of each run of pointers to items that are
 * the same the first points to the first of them, as sorts are stable. Those that are pointed at so are kept.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/pack.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/blocks.h"
#include "collections/sort.h"

enum { BLOCK = 4096, MOST_BLOCKS = 1024 };

/* A pointer, and what compares what it points to: a comparison gets nothing but pointers to items. */
typedef struct reference {
    const unsigned char *item;
    int (*call)(const void *a, const void *b);
} reference;

typedef struct distinct {
    pl_blocks_work work;
    const pl_sort_call *call;
    reference *references;
    bool *flags;                    /* which items are kept */
    size_t before[MOST_BLOCKS + 1]; /* how many are kept in each block; later, in all before it; and in all */
    unsigned char *out;
} distinct;

static inline int compare_references(const void *a, const void *b)
{
    const reference *x = a, *y = b;
    return x->call(x->item, y->item);
}

static void sort_references(parallel_sorting *s, const parallel_order *order)
{
    (void)order;
    parallel_sort_all(s, sizeof(reference), compare_references);
}

static size_t run_of_references(const void *items, size_t n, bool *falls, const parallel_order *order)
{
    (void)order;
    return parallel_sort_run(items, n, falls, sizeof(reference), compare_references);
}

static void classify_references(const parallel_splitters *splitters, const void *items, size_t n, unsigned char *groups,
                                const parallel_order *order)
{
    (void)order;
    parallel_sort_classify(splitters, items, n, groups, sizeof(reference), compare_references);
}

static const parallel_sorter sorter = {sort_references, run_of_references, classify_references};

/* ---- steps ----------------------------------------------------------------------------------------------- */

static void refer_in_blocks(size_t begin, size_t end, void *ctx)
{
    const distinct *d = ctx;
    const parallel_order *order = &d->call->order;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&d->work.blocks, k), last = at + pl_blocks_length(&d->work.blocks, k);
        for (; at < last; at++)
            d->references[at] = (reference){(const unsigned char *)d->call->from + at * order->type_size, order->call};
    }
}

static void flag_in_blocks(size_t begin, size_t end, void *ctx)
{
    const distinct *d = ctx;
    size_t size = d->call->order.type_size;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&d->work.blocks, k), last = at + pl_blocks_length(&d->work.blocks, k);
        for (; at < last; at++) {
            const reference *r = d->references + at;
            d->flags[(size_t)(r->item - (const unsigned char *)d->call->from) / size] =
                at == 0 || compare_references(r - 1, r) < 0;
        }
    }
}

static void count_in_blocks(size_t begin, size_t end, void *ctx)
{
    distinct *d = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&d->work.blocks, k), last = at + pl_blocks_length(&d->work.blocks, k), count = 0;
        for (; at < last; at++)
            count += d->flags[at];
        d->before[k] = count;
    }
}

/* How many are kept, of all. */
static size_t add_up(distinct *d)
{
    size_t all = 0;
    for (size_t k = 0; k < d->work.blocks.count; k++) {
        size_t count = d->before[k];
        d->before[k] = all;
        all += count;
    }
    return d->before[d->work.blocks.count] = all;
}

static void pack_blocks(size_t begin, size_t end, void *ctx)
{
    const distinct *d = ctx;
    uint64_t bits[PL_PACK_WORDS(BLOCK)];
    size_t size = d->call->order.type_size;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&d->work.blocks, k), last = at + pl_blocks_length(&d->work.blocks, k);
        unsigned char *out = d->out + d->before[k] * size;
        for (size_t to; at < last; at = to) {
            to = last - at < BLOCK ? last : at + BLOCK;
            size_t kept = pl_pack_bits(bits, d->flags + at, to - at);
            pl_pack_items(out, (const unsigned char *)d->call->from + at * size, size, bits, to - at, kept);
            out += kept * size;
        }
    }
}

/* ---- the call -------------------------------------------------------------------------------------------- */

static int run_loop(distinct *d, void (*treat)(size_t, size_t, void *), pl_sort_report report)
{
    const pl_sort_call *c = d->call;
    parallel_options room;
    pl_cost *cost = pl_cost_of((uintptr_t)treat * 31 + (uintptr_t)c->order.call + c->order.type_size);
    d->work.treat = treat;
    return pl_blocks_treat(&d->work, cost, pl_sort_options(c, report, &room), NULL, c->request);
}

/* Sorts the references, within what time is left. */
static int sort_all_references(const distinct *d)
{
    const pl_sort_call *c = d->call;
    parallel_options room;
    pl_sort_call sort = *c;
    sort.order.sorter = &sorter;
    sort.order.call = compare_references;
    sort.order.type_size = sizeof(reference);
    sort.order.type_align = alignof(reference);
    sort.from = sort.items = d->references;
    if (c->has_options)
        sort.merged = *pl_sort_options(c, PL_SORT_SILENTLY, &room);
    return pl_sort_run(&sort);
}

static int keep_distinct(distinct *d, size_t *kept)
{
    if (run_loop(d, refer_in_blocks, PL_SORT_SILENTLY) != 0 || sort_all_references(d) != 0 ||
        run_loop(d, flag_in_blocks, PL_SORT_SILENTLY) != 0 || run_loop(d, count_in_blocks, PL_SORT_SILENTLY) != 0)
        return -1;
    *kept = add_up(d);
    return run_loop(d, pack_blocks, PL_SORT_REPORTING);
}

PL_NOT_INLINED static int distinct_into(const pl_sort_call *c, void *out, size_t *kept)
{
    distinct d = {.call = c, .out = out};
    size_t n = c->n, bytes = pl_size_add(pl_size_multiply(n, sizeof *d.references), n);
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    d.work = (pl_blocks_work){.blocks = pl_blocks_of_size(n, n / MOST_BLOCKS < BLOCK ? BLOCK : n / MOST_BLOCKS + 1),
                              .args = c->from,
                              .arg_size = c->order.type_size};
    d.references = pl_results_allocate(bytes, 0);
    if (!d.references)
        return pl_error_return(ENOMEM);
    d.flags = (bool *)(void *)(d.references + n);
    pl_cleanup_begin(&cleanup, free, d.references);
    int result = keep_distinct(&d, kept), saved = errno;
    pl_cleanup_end(&cleanup);
    free(d.references);
    errno = saved;
    return result;
}

PL_NOT_INLINED parallel_results *pl_distinct(const parallel_order *order, const void *args, size_t n,
                                             const parallel_options *options, const pl_request *request)
{
    pl_sort_call c;
    size_t kept = 0;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!pl_sort_check(&c, order, args, n, options, request))
        return NULL;
    c.from = args;
    c.items = NULL;
    parallel_results *r = pl_results_new(n, c.order.type_size, c.order.type_align, PL_RESULTS_ANY, NULL);
    if (!r)
        return NULL;
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    int result = n ? distinct_into(&c, pl_results_vector(r), &kept) : pl_sort_run(&c), saved = errno;
    pl_cleanup_end(&cleanup);
    if (result == 0)
        return pl_results_shrink(r, kept, c.order.type_align);
    parallel_results_free(r);
    errno = saved;
    return NULL;
}
