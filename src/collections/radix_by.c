/* SPDX-License-Identifier: MIT */
/*
 * Sorting items by keys; radix.h says how.
 *
 * Keys are words of 8 bytes. To sort those of a bucket, or of few items, each is packed into a word of 8 bytes along
 * with its index: from above, what it is more than the least; from below, the index. So no two are equal, and equal
 * keys are in the order of the items. Where that is too long, the lowest bits of the key are left out; those of which
 * what is left is equal are then sorted by these bits, in the same way.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "collections/keys.h"
#include "collections/radix.h"
#include "collections/radix_by.h"
#include "collections/radix_numbers.h"
#include "collections/radix_split.h"
#include "collections/room.h"
#include "sched/cost.h"

enum {
    NEAR = 16384,      /* bytes of room on the caller's stack */
    FEW = 16384,       /* items that one thread sorts */
    SORT_BLOCKS = 256, /* of the places in order, which buckets begin in */
    LARGE_PART = 8,    /* a bucket of one out of so many items is sorted by all threads, */
    LARGE_DEPTH = 3    /* if it is not itself part of one so often; */
};
#define PACKED_MOST ((uint64_t)UINT32_MAX) /* or if it has more items: their indices would be too long to pack */

static const pl_radix_numbers words8 = {.width = 8};

/* ---- the order of a few ------------------------------------------------------------------------------- */

/* Those from `begin` to `end` have the same key, but for its lowest bits. */
static void order_by_rest(const uint64_t *words, uint64_t least, unsigned rest, unsigned bits, uint64_t *packed,
                          uint64_t *order, size_t begin, size_t end)
{
    uint64_t indices = (UINT64_C(1) << bits) - 1, low = (UINT64_C(1) << rest) - 1;
    for (size_t i = begin; i < end; i++) {
        uint64_t index = order[i] & indices;
        packed[i] = ((words[index] - least) & low) << bits | index;
    }
    pl_radix_sort_words(8, packed + begin, order + begin, end - begin);
}

/* Puts the order of n words, n > 1, into `order`: the lowest bits of each are an index. Returns these bits. */
static uint64_t order_words(const uint64_t *words, uint64_t *packed, uint64_t *order, size_t n)
{
    pl_radix_range range = pl_radix_range_of(8, words, n);
    unsigned bits = pl_radix_bits(n - 1), all = pl_radix_bits(range.greatest - range.least) + bits;
    unsigned rest = all > 64 ? all - 64 : 0;
    for (size_t i = 0; i < n; i++)
        packed[i] = (words[i] - range.least) >> rest << bits | i;
    pl_radix_sort_words(8, packed, order, n);
    for (size_t i = 0, k; rest && i < n; i = k) {
        for (k = i + 1; k < n && order[k] >> bits == order[i] >> bits;)
            k++;
        if (k > i + 1)
            order_by_rest(words, range.least, rest, bits, packed, order, i, k);
    }
    return (UINT64_C(1) << bits) - 1;
}

/* ---- few, on one thread ------------------------------------------------------------------------------- */

/* All that a call sorts, and the room that it has. */
typedef struct keyed_items {
    pl_blocks_work work;
    unsigned char *items;
    size_t size, n;
    uint64_t *words;             /* their keys; */
    uint64_t *moved_words;       /* and those of `moved`, of many */
    unsigned char *moved;        /* items, on their way */
    uint64_t *packed;            /* room for a word each; NULL: where items have been that are in `moved` */
    pl_radix_split split;        /* of many */
    size_t large;                /* a bucket of so many is left alone */
    bool done[PL_RADIX_BUCKETS]; /* which are in their place */
} keyed_items;

static bool are_in_order(const uint64_t *words, size_t n)
{
    size_t i = 1;
    while (i < n && words[i - 1] <= words[i])
        i++;
    return i >= n;
}

static void sort_few(const keyed_items *k)
{
    if (are_in_order(k->words, k->n))
        return;
    /* the order is in `moved_words`, which has no other use here */
    uint64_t indices = order_words(k->words, k->packed, k->moved_words, k->n);
    pl_radix_move(k->size, k->moved, k->items, k->moved_words, indices, k->n);
    memcpy(k->items, k->moved, k->n * k->size);
}

static void sort_few_block(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    sort_few(ctx);
}

/* ---- many: each bucket by itself ---------------------------------------------------------------------- */

static void sort_bucket(keyed_items *k, size_t d)
{
    size_t begin = k->split.begins[d], n = k->split.begins[d + 1] - begin;
    unsigned char *to = k->items + begin * k->size, *from = k->moved + begin * k->size;
    const uint64_t *words = k->moved_words + begin;
    if (n >= k->large || n == 1 || are_in_order(words, n)) {
        if (n > 1 && !are_in_order(words, n))
            return; /* a large one */
        memcpy(to, from, n * k->size);
    } else {
        uint64_t *packed = k->packed ? k->packed + begin : (uint64_t *)(void *)to;
        uint64_t indices = order_words(words, packed, k->words + begin, n);
        pl_radix_move(k->size, to, from, k->words + begin, indices, n);
    }
    k->done[d] = true;
}

static void sort_buckets(size_t begin, size_t end, void *ctx)
{
    keyed_items *k = ctx;
    size_t to = pl_blocks_begin(&k->work.blocks, end);
    for (size_t d = pl_radix_split_first(&k->split, pl_blocks_begin(&k->work.blocks, begin));
         d < k->split.digits.count && k->split.begins[d] < to; d++)
        if (k->split.begins[d] < k->split.begins[d + 1])
            sort_bucket(k, d);
}

/* What is not in its place yet goes there as it is, with its keys. */
static void put_back(const keyed_items *k)
{
    for (size_t d = 0; d < k->split.digits.count; d++) {
        size_t begin = k->split.begins[d], n = k->split.begins[d + 1] - begin;
        if (k->done[d] || n == 0)
            continue;
        memcpy(k->items + begin * k->size, k->moved + begin * k->size, n * k->size);
        memcpy(k->words + begin, k->moved_words + begin, n * sizeof *k->words);
    }
}

static int sort_many(const keyed_items *items, pl_phases *phases, unsigned depth);

/* The buckets that are large, which have been put back. */
static int sort_large(const keyed_items *k, pl_phases *phases, unsigned depth)
{
    int result = 0;
    for (size_t d = 0; d < k->split.digits.count && result == 0; d++) {
        size_t begin = k->split.begins[d];
        keyed_items part = {.items = k->items + begin * k->size,
                            .size = k->size,
                            .n = k->split.begins[d + 1] - begin,
                            .words = k->words + begin,
                            .moved_words = k->moved_words + begin,
                            .moved = k->moved + begin * k->size,
                            .packed = k->packed ? k->packed + begin : NULL};
        if (!k->done[d] && part.n > 0)
            result = sort_many(&part, phases, depth + 1);
    }
    return result;
}

static int split_and_sort(keyed_items *k, void *room, pl_phases *phases, unsigned depth)
{
    if (pl_radix_split_run(&k->split, room, phases) != 0)
        return -1;
    k->large = depth < LARGE_DEPTH && k->n / LARGE_PART > FEW ? k->n / LARGE_PART : SIZE_MAX;
    if (k->large > PACKED_MOST)
        k->large = (size_t)PACKED_MOST;
    k->work = (pl_blocks_work){.blocks = pl_blocks_of_size(k->n, k->n / SORT_BLOCKS + 1), .treat = sort_buckets};
    int result = pl_phases_run(phases, &k->work, (uintptr_t)sort_buckets + k->size);
    put_back(k);
    return result == 0 ? sort_large(k, phases, depth) : -1;
}

PL_NOT_INLINED static int sort_many(const keyed_items *items, pl_phases *phases, unsigned depth)
{
    keyed_items k = *items;
    pl_room counts;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    k.split = (pl_radix_split){.width = 8,
                               .numbers = k.words,
                               .words = k.moved_words,
                               .items = k.items,
                               .items_to = k.moved,
                               .item_size = k.size,
                               .n = k.n};
    pl_radix_split_sample(&k.split);
    if (!pl_room_take(&counts, pl_radix_split_room(k.n, PL_RADIX_BUCKETS)))
        return -1;
    pl_cleanup_begin(&cleanup, pl_room_drop, &counts);
    int result = split_and_sort(&k, counts.start, phases, depth);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&counts);
    return result;
}

/* ---- all ---------------------------------------------------------------------------------------------- */

/* Whether the places of 8-byte words are where items are, once these have been moved away. */
static bool packs_in_items(const void *items, size_t size, size_t n)
{
    return n > FEW && size % 8 == 0 && (uintptr_t)items % 8 == 0;
}

/* How many bytes of room it takes, and how it is laid out from an address, which is a multiple of 8. */
static size_t room_of(const void *items, size_t size, size_t n)
{
    size_t words = packs_in_items(items, size, n) ? 2 : 3;
    return pl_size_add(pl_size_multiply(n, words * sizeof(uint64_t)), pl_size_multiply(n, size));
}

static void lay_out(keyed_items *k, void *room)
{
    bool in_items = packs_in_items(k->items, k->size, k->n);
    k->words = room;
    k->moved_words = k->words + k->n;
    k->packed = in_items ? NULL : k->moved_words + k->n;
    k->moved = (unsigned char *)(k->words + k->n * (in_items ? 2 : 3));
}

static void take_words(void *ctx, size_t first, size_t count, const void *keys)
{
    const pl_radix_keyed *s = ctx;
    if (keys)
        pl_keys_to_words(s->keys.type, keys, s->words + first, count);
    else
        pl_radix_note_absent(s, first, count);
}

/* What it takes to sort once keys are words. */
typedef struct keyed_sort {
    keyed_items all;
    pl_phases *phases;
} keyed_sort;

static int sort_keyed(const pl_radix_keyed *s, size_t n, void *ctx)
{
    keyed_sort *sort = ctx;
    keyed_items *k = &sort->all;
    pl_radix_look look;
    (void)s;
    if (n < 2)
        return 0;
    k->n = n;
    if (n < PL_RADIX_SAMPLE && !k->packed) { /* nearly all of many have no key: there is room for anything */
        k->packed = k->moved_words;
        k->moved_words = (uint64_t *)(void *)k->moved;
        k->moved += n * sizeof *k->words;
    }
    if (n <= FEW && k->packed) {
        k->work = (pl_blocks_work){.blocks = pl_blocks_of_size(n, n), .treat = sort_few_block};
        return pl_phases_run(sort->phases, &k->work, (uintptr_t)sort_few_block + k->size);
    }
    if (pl_radix_look_at_all(&words8, k->words, n, sort->phases, &look) != 0)
        return -1;
    return look.ascends ? 0 : sort_many(k, sort->phases, 0);
}

static int sort_by_words(pl_radix_keyed *s, void *room, pl_phases *phases)
{
    keyed_sort sort = {.all = {.items = s->items, .size = s->keys.f.arg_size, .n = s->keys.n}, .phases = phases};
    lay_out(&sort.all, room);
    s->words = sort.all.words;
    s->keys.take = take_words;
    s->keys.ctx = s;
    return pl_radix_compute_and_sort(s, s->words, sizeof *s->words, sort.all.moved, sort_keyed, &sort, phases);
}

/* With room for everything. */
PL_NOT_INLINED static int sort_with_room(pl_radix_keyed *s, pl_phases *phases)
{
    pl_room room;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    bool is_long = s->keys.type == PARALLEL_KEY_LONG_DOUBLE;
    size_t bytes = is_long ? pl_radix_long_room(s) : room_of(s->items, s->keys.f.arg_size, s->keys.n);
    size_t absent = s->keys.merged.silent ? pl_size_round(s->keys.n / 8 + 1, PL_LINE) : 0;
    if (!pl_room_take(&room, pl_size_add(bytes, absent)))
        return -1;
    if (absent) {
        s->absent = room.start;
        memset(s->absent, 0, absent);
    }
    pl_cleanup_begin(&cleanup, pl_room_drop, &room);
    void *rest = (unsigned char *)room.start + absent;
    int result = is_long ? pl_radix_sort_by_long(s, rest, phases) : sort_by_words(s, rest, phases);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&room);
    return result;
}

/* All of a short one, on the caller. */
static void sort_here(size_t begin, size_t end, void *ctx)
{
    const pl_radix_keyed *s =
        (const pl_radix_keyed *)(const void *)((const char *)ctx - offsetof(pl_radix_keyed, keys.work));
    keyed_items k = {.items = s->items, .size = s->keys.f.arg_size, .n = s->keys.n};
    (void)begin;
    (void)end;
    lay_out(&k, s->words);
    pl_keys_take(&s->keys, 0, k.n);
    sort_few(&k);
}

static bool is_short(const void *items, size_t size, size_t n)
{
    return n <= NEAR / 24 && size <= NEAR && room_of(items, size, n) <= NEAR;
}

static uintptr_t cost_key(const parallel_function *key)
{
    return (uintptr_t)key->kernel * 31 + (uintptr_t)sort_here;
}

/* The same with options, or while it is not known what keys cost. */
PL_NOT_INLINED static int sort_short(pl_radix_keyed *s, pl_phases *phases)
{
    alignas(PL_LINE) unsigned char near[NEAR];
    s->words = (uint64_t *)(void *)near;
    s->keys.take = take_words;
    s->keys.ctx = s;
    s->keys.work = (pl_blocks_work){.blocks = pl_blocks_of_size(s->keys.n, s->keys.n),
                                    .args = s->keys.args,
                                    .arg_size = s->keys.f.arg_size,
                                    .treat = sort_here};
    return pl_phases_run(phases, &s->keys.work, cost_key(&s->keys.f));
}

PL_NOT_INLINED static int sort_with(const parallel_function *key, parallel_key type, void *array, size_t n,
                                    const parallel_options *options, const pl_request *request)
{
    pl_radix_keyed s = {.items = array};
    if (!pl_keys_begin(&s.keys, key, type, array, n, options, request))
        return -1;
    pl_phases phases = pl_keys_phases(&s.keys, request);
    if (n == 0)
        return pl_blocks_check(phases.options, NULL, request);
    if (!s.keys.is_map && type != PARALLEL_KEY_LONG_DOUBLE && is_short(array, s.keys.f.arg_size, n))
        return sort_short(&s, &phases);
    return sort_with_room(&s, &phases);
}

int pl_radix_sort_by(const parallel_function *key, parallel_key type, void *array, size_t n,
                     const parallel_options *options, const pl_request *request)
{
    alignas(PL_LINE) unsigned char near[NEAR];
    bool is_plain = pl_keys_is_plain(key, type, array, options) && type != PARALLEL_KEY_LONG_DOUBLE && n &&
                    is_short(array, key->arg_size, n);
    const pl_cost *cost = is_plain ? pl_cost_of(cost_key(key)) : NULL;
    if (!is_plain || !pl_blocks_fit_here(cost, n))
        return sort_with(key, type, array, n, options, request);
    pl_radix_keyed s = {.keys = {.f = *key, .type = type, .args = array, .n = n, .take = take_words},
                        .items = array,
                        .words = (uint64_t *)(void *)near};
    s.keys.ctx = &s;
    return pl_blocks_run_here(sort_here, &s.keys.work, cost, n);
}
