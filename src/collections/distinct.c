/* SPDX-License-Identifier: MIT */
/*
 * The items of an array that are the first of their kind. Of numbers hashing tells (distinct_numbers.c). Else entries
 * are sorted, one for each item: a copy of it and its index, or a pointer to it if it is large. Of each run of entries
 * of items that are the same the first is of the first of them, as sorts are stable. Those are kept.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/blocks.h"
#include "collections/distinct.h"
#include "collections/room.h"
#include "collections/sort.h"

enum { BLOCK = 4096, MOST_BLOCKS = 1024, COPIED = 16 /* bytes of an item at most */ };

/* A pointer, and what compares what it points to: a comparison gets nothing but pointers to entries. */
typedef struct reference {
    const unsigned char *item;
    int (*call)(const void *a, const void *b);
} reference;

typedef struct distinct {
    pl_blocks_work work;
    const pl_sort_call *call;
    bool *flags;       /* which items are kept */
    bool are_copies;   /* the entries; else they are references */
    size_t entry_size; /* of copies, which begin with the item: */
    size_t index_at;   /* where its index is */
    unsigned char *entries;
    size_t before[MOST_BLOCKS + 1]; /* how many are kept in each block; later, in all before it; and in all */
    unsigned char *out;             /* in: */
    parallel_results *results;
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

static const parallel_sorter reference_sorter = {sort_references, run_of_references, classify_references};

/* ---- entries --------------------------------------------------------------------------------------------- */

static int run_loop(distinct *d, void (*treat)(size_t, size_t, void *), pl_sort_report report)
{
    return pl_sort_loop(d->call, &d->work, treat, report);
}

/* Where the items of blocks [begin, end) begin, and where they end. */
static size_t items_of(const distinct *d, size_t begin, size_t end, size_t *last)
{
    *last = pl_blocks_begin(&d->work.blocks, end - 1) + pl_blocks_length(&d->work.blocks, end - 1);
    return pl_blocks_begin(&d->work.blocks, begin);
}

/* Entries of items [at, last). */
static inline __attribute__((always_inline)) void copy_items(const distinct *d, size_t at, size_t last, size_t size,
                                                             size_t entry_size)
{
    unsigned char *entry = d->entries + at * entry_size;
    const unsigned char *item = (const unsigned char *)d->call->from + at * size;
    for (; at < last; at++, item += size, entry += entry_size) {
        uint32_t index = (uint32_t)at;
        memset(entry, 0, entry_size);
        memcpy(entry, item, size);
        memcpy(entry + d->index_at, &index, sizeof index);
    }
}

static void refer_to_items(const distinct *d, size_t at, size_t last)
{
    const parallel_order *order = &d->call->order;
    reference *references = (reference *)(void *)d->entries;
    for (; at < last; at++)
        references[at] = (reference){(const unsigned char *)d->call->from + at * order->type_size, order->call};
}

static void make_in_blocks(size_t begin, size_t end, void *ctx)
{
    const distinct *d = ctx;
    size_t size = d->call->order.type_size, last, at = items_of(d, begin, end, &last);
    if (!d->are_copies)
        refer_to_items(d, at, last);
    else if (size == 4 && d->entry_size == 8)
        copy_items(d, at, last, 4, 8);
    else if (size == 8 && d->entry_size == 16)
        copy_items(d, at, last, 8, 16);
    else if (size == 16 && d->entry_size == 24)
        copy_items(d, at, last, 16, 24);
    else
        copy_items(d, at, last, size, d->entry_size);
}

/* Which item an entry is of. */
static size_t index_of(const distinct *d, const unsigned char *entry)
{
    uint32_t index;
    if (d->are_copies) {
        memcpy(&index, entry + d->index_at, sizeof index);
        return index;
    }
    const reference *r = (const reference *)(const void *)entry;
    return (size_t)(r->item - (const unsigned char *)d->call->from) / d->call->order.type_size;
}

static void flag_in_blocks(size_t begin, size_t end, void *ctx)
{
    const distinct *d = ctx;
    int (*compare)(const void *a, const void *b) = d->are_copies ? d->call->order.call : compare_references;
    size_t last, at = items_of(d, begin, end, &last);
    for (; at < last; at++) {
        const unsigned char *entry = d->entries + at * d->entry_size;
        d->flags[index_of(d, entry)] = at == 0 || compare(entry - d->entry_size, entry) < 0;
    }
}

/* Sorts the entries, within what time is left. */
static int sort_entries(const distinct *d)
{
    const pl_sort_call *c = d->call;
    parallel_options room;
    pl_sort_call sort = *c;
    sort.order.type_size = d->entry_size;
    sort.order.type_align = d->are_copies ? 0 : alignof(reference);
    sort.order.sorter = d->are_copies ? pl_sort_sorter(d->entry_size) : &reference_sorter;
    sort.order.call = d->are_copies ? c->order.call : compare_references;
    sort.from = sort.items = d->entries;
    if (c->has_options)
        sort.merged = *pl_sort_options(c, PL_SORT_SILENTLY, &room);
    return pl_sort_run(&sort);
}

/* What entries there are to be. Items are no less aligned in them than in an array. */
static void choose_entries(distinct *d)
{
    const parallel_order *order = &d->call->order;
    size_t size = order->type_size, alignment = size & (0 - size);
    d->are_copies = size <= COPIED && d->call->n < UINT32_MAX;
    d->index_at = pl_size_round(size, sizeof(uint32_t));
    alignment = alignment > sizeof(uint32_t) ? alignment : sizeof(uint32_t);
    d->entry_size = d->are_copies ? pl_size_round(d->index_at + sizeof(uint32_t), alignment) : sizeof(reference);
}

PL_NOT_INLINED static int flag_by_sorting(distinct *d)
{
    pl_room room;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    choose_entries(d);
    if (!pl_room_take(&room, pl_size_multiply(d->call->n, d->entry_size)))
        return -1;
    d->entries = room.start;
    pl_cleanup_begin(&cleanup, pl_room_drop, &room);
    int result = run_loop(d, make_in_blocks, PL_SORT_SILENTLY) != 0 || sort_entries(d) != 0 ||
                         run_loop(d, flag_in_blocks, PL_SORT_SILENTLY) != 0
                     ? -1
                     : 0;
    pl_cleanup_end(&cleanup);
    pl_room_drop(&room);
    return result;
}

/* ---- what is kept ---------------------------------------------------------------------------------------- */

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

/* There is as much room as it takes, which may be far less than all items do. */
PL_NOT_INLINED static int pack_kept(distinct *d)
{
    const parallel_order *order = &d->call->order;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    parallel_results *r = pl_room_results(add_up(d), order->type_size, order->type_align);
    if (!r)
        return -1;
    d->out = pl_results_vector(r);
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    int result = run_loop(d, pack_blocks, PL_SORT_REPORTING), saved = errno;
    pl_cleanup_end(&cleanup);
    if (result == 0) {
        d->results = r;
        return 0;
    }
    parallel_results_free(r);
    errno = saved;
    return -1;
}

static int keep_distinct(distinct *d)
{
    bool are_numbers = pl_distinct_takes(d->call);
    pl_distinct_end end = are_numbers ? pl_distinct_flag_numbers(d->call, d->flags) : PL_DISTINCT_BAD_LUCK;
    if (end == PL_DISTINCT_FAILED || (end == PL_DISTINCT_BAD_LUCK && flag_by_sorting(d) != 0))
        return -1;
    return run_loop(d, count_in_blocks, PL_SORT_SILENTLY) == 0 ? pack_kept(d) : -1;
}

PL_NOT_INLINED static parallel_results *distinct_of(const pl_sort_call *c)
{
    distinct d = {.call = c};
    size_t n = c->n;
    pl_room room;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    d.work = (pl_blocks_work){.blocks = pl_blocks_of_size(n, n / MOST_BLOCKS < BLOCK ? BLOCK : n / MOST_BLOCKS + 1),
                              .args = c->from,
                              .arg_size = c->order.type_size};
    if (!pl_room_take(&room, n))
        return NULL;
    d.flags = room.start;
    pl_cleanup_begin(&cleanup, pl_room_drop, &room);
    int result = keep_distinct(&d);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&room);
    return result == 0 ? d.results : NULL;
}

parallel_results *pl_distinct(const parallel_order *order, const void *args, size_t n, const parallel_options *options,
                              const pl_request *request)
{
    pl_sort_call c;
    if (!pl_sort_check(&c, order, args, n, options, request))
        return NULL;
    c.from = args;
    c.items = NULL;
    if (n)
        return distinct_of(&c);
    return pl_sort_run(&c) == 0 ? pl_results_new(0, c.order.type_size, c.order.type_align, PL_RESULTS_ANY, NULL) : NULL;
}
