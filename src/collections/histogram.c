/* SPDX-License-Identifier: MIT */
/* Histograms; histogram.h says how they are made. */
#include "collections/histogram.h"

#include <errno.h>
#include <stdalign.h>

#include "base/atomic.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/plain.h"
#include "collections/histogram_kept.h"
#include "collections/keys.h"
#include "collections/radix_words.h"
#include "collections/room.h"
#include "sched/chunking.h"
#include "sched/cost.h"

enum {
    COPIES = 4,         /* of a table */
    COPIED_MOST = 1024, /* counts, */
    BYTES = 256,        /* and of one of keys that are bytes */
    NEAR = 16384,       /* bytes of indices on the caller's stack */
    ADD_BLOCKS = 64     /* in which tables are added up, */
};
#define ADD_LEAST 16384 /* if they have so many counts */

/* What a participant has, besides its tables. */
typedef struct participant {
    alignas(PL_LINE) size_t beyond; /* the first item whose key is out of range; or SIZE_MAX */
    bool has_begun;
} participant;

typedef struct histogram {
    pl_keys keys;
    size_t k;
    unsigned width;            /* bytes of a count in tables */
    size_t copies, copy;       /* tables of a participant, and bytes in one */
    bool is_of_bytes;          /* keys are bytes, and all are in range */
    bool is_kept;              /* indices are kept, and there are no tables */
    bool is_zero;              /* tables are zero in the beginning */
    unsigned char *room;       /* tables, or indices, */
    size_t table;              /* each participant's of so many bytes; or all indices */
    participant *participants; /* and behind these, so many: */
    size_t count;
} histogram;

/* ---- counting ----------------------------------------------------------------------------------------- */

static participant *own_participant(const histogram *h)
{
    return &h->participants[pl_context_thread.context->participant];
}

static unsigned char *tables_of(const histogram *h, const participant *p)
{
    return h->room + (size_t)(p - h->participants) * h->table;
}

/* The tables of a participant, ready to count. */
static unsigned char *begin_tables(const histogram *h, participant *p)
{
    unsigned char *tables = tables_of(h, p);
    if (!p->has_begun && !h->is_zero)
        memset(tables, 0, h->copies * h->copy);
    p->has_begun = true;
    return tables;
}

static PL_RADIX_INLINE void count_one(unsigned width, unsigned char *table, size_t i)
{
    pl_radix_put(width, table, i, pl_radix_get(width, table, i) + 1);
}

static PL_RADIX_INLINE void count_indices(unsigned width, unsigned char *table, size_t copy,
                                          const pl_radix_word4 *indices, size_t n)
{
    size_t i = 0;
    for (; n - i >= COPIES; i += COPIES) {
        count_one(width, table, indices[i]);
        count_one(width, table + copy, indices[i + 1]);
        count_one(width, table + 2 * copy, indices[i + 2]);
        count_one(width, table + 3 * copy, indices[i + 3]);
    }
    for (; i < n; i++)
        count_one(width, table, indices[i]);
}

static PL_RADIX_INLINE void count_bytes(unsigned width, unsigned char *table, const unsigned char *bytes, size_t n)
{
    size_t copy = (size_t)BYTES * width, i = 0;
    for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        for (int k = 0; k < 8; k++)
            count_one(width, table + (size_t)(k % COPIES) * copy, word >> 8 * k & 255);
    }
    for (; i < n; i++)
        count_one(width, table, bytes[i]);
}

/* Item `first + good`, of `count` from `first` on, is the first that is out of range, if there is one. */
static void note_beyond(participant *p, size_t first, size_t good, size_t count)
{
    if (good < count && first + good < p->beyond)
        p->beyond = first + good;
}

static void keep_keys(void *ctx, size_t first, size_t count, const void *keys)
{
    const histogram *h = ctx;
    uint32_t *indices = (uint32_t *)(void *)h->room + first;
    if (keys)
        note_beyond(own_participant(h), first, pl_keys_to_indices(h->keys.type, keys, 4, indices, count, h->k), count);
    for (size_t i = 0; !keys && i < count; i++)
        indices[i] = (uint32_t)h->k;
}

static void take_keys(void *ctx, size_t first, size_t count, const void *keys)
{
    const histogram *h = ctx;
    uint32_t indices[PL_KEYS_PIECE];
    if (!keys)
        return;
    participant *p = own_participant(h);
    unsigned char *table = begin_tables(h, p);
    size_t copy = h->copies > 1 ? h->copy : 0, size = pl_keys_size(h->keys.type);
    if (h->is_of_bytes && h->width == 4) {
        count_bytes(4, table, keys, count);
        return;
    }
    if (h->width == 4 && pl_keys_are_below(h->keys.type, keys, count, h->k)) {
        count_indices(4, table, copy, keys, count);
        return;
    }
    for (size_t i = 0, n; i < count; i += n) {
        n = count - i < PL_KEYS_PIECE ? count - i : PL_KEYS_PIECE;
        size_t good = pl_keys_to_indices(h->keys.type, (const unsigned char *)keys + i * size, 4, indices, n, h->k);
        note_beyond(p, first + i, good, n);
        if (h->width == 4)
            count_indices(4, table, copy, indices, good);
        else
            count_indices(8, table, copy, indices, good);
    }
}

/* ---- adding up ---------------------------------------------------------------------------------------- */

typedef struct sums {
    const histogram *h;
    unsigned char *counts;
    size_t count_size;
    pl_blocks blocks;
} sums;

static PL_RADIX_INLINE void add_table(unsigned width, size_t count_size, const unsigned char *table,
                                      unsigned char *counts, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        pl_radix_put((unsigned)count_size, counts, i,
                     pl_radix_get((unsigned)count_size, counts, i) + pl_radix_get(width, table, i));
}

static void add_range(const sums *s, const unsigned char *table, size_t begin, size_t end)
{
    if (s->h->width == 4 && s->count_size == 4)
        add_table(4, 4, table, s->counts, begin, end);
    else if (s->h->width == 4)
        add_table(4, 8, table, s->counts, begin, end);
    else if (s->count_size == 4)
        add_table(8, 4, table, s->counts, begin, end);
    else
        add_table(8, 8, table, s->counts, begin, end);
}

static void add_blocks(size_t begin, size_t end, void *ctx)
{
    const sums *s = ctx;
    size_t from = pl_blocks_begin(&s->blocks, begin), to = pl_blocks_begin(&s->blocks, end);
    to = to < s->h->k ? to : s->h->k;
    for (const participant *p = s->h->participants; p < s->h->participants + s->h->count; p++)
        for (size_t c = 0; p->has_begun && c < s->h->copies; c++)
            add_range(s, tables_of(s->h, p) + c * s->h->copy, from, to);
}

/* All is well: nothing may end the call any more, until all counts are there. */
static void add_all(const sums *s)
{
    pl_body body = {add_blocks, (void *)s, pl_context_thread.context};
    if (s->h->k < ADD_LEAST || s->h->keys.has_options || body.parent)
        add_blocks(0, s->blocks.count, (void *)s);
    else
        pl_plain_loop(&body, s->blocks.count, pl_cost_of((uintptr_t)add_blocks));
}

static int end_well(const histogram *h, void *counts, size_t count_size, pl_phases *phases)
{
    size_t beyond = SIZE_MAX;
    for (size_t p = 0; p < h->count; p++)
        if (h->participants[p].beyond < beyond)
            beyond = h->participants[p].beyond;
    if (beyond < SIZE_MAX)
        return pl_keys_fail_range(&h->keys, beyond);
    if (h->k == 0) /* all have failed that there are */
        return 0;
    if (h->is_kept)
        return pl_histogram_count_kept((const uint32_t *)(const void *)h->room, h->keys.n, h->k, counts,
                                       (unsigned)count_size, phases);
    sums s = {.h = h, .counts = counts, .count_size = count_size};
    s.blocks = pl_blocks_of_size(h->k, pl_chunking_even(h->k, ADD_BLOCKS));
    add_all(&s);
    return 0;
}

/* ---- calls -------------------------------------------------------------------------------------------- */

/* How large tables are, for so many participants; or that indices are kept, as these take less. */
static void lay_out(histogram *h, size_t count)
{
    h->width = (uint64_t)h->keys.n > UINT32_MAX ? 8 : 4;
    h->is_of_bytes =
        h->k >= BYTES && h->width == 4 && (h->keys.type == PARALLEL_KEY_UINT8 || h->keys.type == PARALLEL_KEY_BOOL);
    size_t room = h->is_of_bytes ? BYTES : h->k, kept = pl_size_multiply(h->keys.n, sizeof(uint32_t));
    h->copies = room <= COPIED_MOST ? COPIES : 1;
    h->copy = pl_size_multiply(room, h->width);
    h->table = pl_size_round(pl_size_multiply(h->copies, h->copy), PL_LINE);
    h->count = count;
    h->is_kept = pl_size_multiply(h->table, count) > pl_size_multiply(kept, 2);
    if (h->is_kept)
        h->table = pl_size_round(kept, PL_LINE);
}

static void begin_counting(histogram *h, const pl_room *room, size_t tables)
{
    h->room = room->start;
    h->is_zero = room->mapped > 0;
    h->participants = (participant *)(void *)(h->room + tables);
    for (size_t p = 0; p < h->count; p++)
        h->participants[p] = (participant){.beyond = SIZE_MAX};
    h->keys.take = h->is_kept ? keep_keys : take_keys;
    h->keys.ctx = h;
}

static int count_with_room(histogram *h, void *counts, size_t count_size, pl_phases *phases)
{
    bool goes_on;
    int result = pl_keys_run(&h->keys, phases, &goes_on), code = errno;
    if (!goes_on)
        return -1;
    if (result == 0)
        return end_well(h, counts, count_size, phases);
    pl_put_aside failure;
    pl_failure_put_aside(&failure);
    if (end_well(h, counts, count_size, phases) == 0) {
        pl_failure_put_back(&failure);
    } else { /* that is the failure of the call */
        code = errno;
        pl_failure_forget(&failure);
    }
    errno = code;
    return -1;
}

PL_NOT_INLINED static int histogram_with(histogram *h, void *counts, size_t count_size, pl_phases *phases)
{
    pl_room room;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    size_t tables = h->is_kept ? h->table : pl_size_multiply(h->table, h->count);
    if (!pl_room_take(&room, pl_size_add(tables, h->count * sizeof(participant))))
        return -1;
    begin_counting(h, &room, tables);
    pl_cleanup_begin(&cleanup, pl_room_drop, &room);
    int result = count_with_room(h, counts, count_size, phases);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&room);
    return result;
}

PL_NOT_INLINED static int check_and_count(const parallel_function *key, parallel_key type, const void *args, size_t n,
                                          void *counts, size_t count_size, size_t k, const parallel_options *options,
                                          const pl_request *request)
{
    histogram h = {.k = k};
    if (!pl_keys_begin(&h.keys, key, type, args, n, options, request))
        return -1;
    if (!pl_keys_are_indices(type))
        return pl_error_refuse(EINVAL, "the keys are no integers");
    if (k && !counts)
        return pl_error_refuse(EINVAL, "counts is NULL, though there are to be %zu", k);
    if (count_size != 4 && count_size != 8)
        return pl_error_refuse(EINVAL, "a count has %zu bytes: it is to have 4 or 8", count_size);
    if ((uint64_t)k > UINT32_MAX) /* as many counts as have no room anywhere near */
        return pl_error_return(ENOMEM);
    pl_phases phases = pl_keys_phases(&h.keys, request);
    if (n == 0)
        return pl_blocks_check(phases.options, NULL, request);
    lay_out(&h, parallel_worker_limit(phases.options));
    return histogram_with(&h, counts, count_size, &phases);
}

/* All of a short one, on the caller: as the loop, but that nothing is counted before all keys are known to be good. */
typedef struct short_histogram {
    pl_keys keys;
    unsigned char *counts;
    size_t count_size, k;
    uint32_t *indices;
    size_t beyond; /* the first whose key is out of range; or n */
} short_histogram;

static void take_few(void *ctx, size_t first, size_t count, const void *keys)
{
    short_histogram *s = ctx;
    size_t good = pl_keys_to_indices(s->keys.type, keys, 4, s->indices + first, count, s->k);
    if (good < count && s->beyond == s->keys.n)
        s->beyond = first + good;
}

static void count_here(size_t begin, size_t end, void *ctx)
{
    short_histogram *s = ctx;
    (void)begin;
    (void)end;
    pl_keys_take(&s->keys, 0, s->keys.n);
    if (s->beyond < s->keys.n)
        return;
    if (s->count_size == 4)
        for (size_t i = 0; i < s->keys.n; i++)
            count_one(4, s->counts, s->indices[i]);
    else
        for (size_t i = 0; i < s->keys.n; i++)
            count_one(8, s->counts, s->indices[i]);
}

int pl_histogram(const parallel_function *key, parallel_key type, const void *args, size_t n, void *counts,
                 size_t count_size, size_t k, const parallel_options *options, const pl_request *request)
{
    uint32_t indices[NEAR / sizeof(uint32_t)];
    bool is_plain = pl_keys_is_plain(key, type, args, options) && pl_keys_are_indices(type) && counts && n && k &&
                    n <= NEAR / sizeof *indices && (uint64_t)k <= UINT32_MAX && (count_size == 4 || count_size == 8);
    const pl_cost *cost = is_plain ? pl_cost_of((uintptr_t)key->kernel * 31 + (uintptr_t)take_keys) : NULL;
    if (!is_plain || !pl_blocks_fit_here(cost, n))
        return check_and_count(key, type, args, n, counts, count_size, k, options, request);
    short_histogram s = {.keys = {.f = *key, .type = type, .args = args, .n = n, .take = take_few},
                         .counts = counts,
                         .count_size = count_size,
                         .k = k,
                         .indices = indices,
                         .beyond = n};
    s.keys.ctx = &s;
    pl_blocks_run_here(count_here, &s, cost, n);
    return s.beyond < n ? pl_keys_fail_range(&s.keys, s.beyond) : 0;
}
