/* SPDX-License-Identifier: MIT */
/* Groups; group.h says how they are made. */
#include "collections/group.h"

#include <errno.h>
#include <stdlib.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/group_direct.h"
#include "collections/keys.h"
#include "collections/radix_split.h"
#include "collections/room.h"

enum { FEW = 16384 /* items that one thread moves, and groups */ };

typedef struct grouping {
    pl_keys keys;
    pl_blocks_work work;
    size_t k;
    size_t *offsets;
    unsigned width; /* bytes of an index */
    void *indices;  /* of each item; k, if it has none */
    unsigned char *out;
    size_t *beyond; /* of each participant: the first item whose key is out of range; or SIZE_MAX */
    bool is_direct; /* there are few groups, and many items */
    pl_group_direct direct;
    pl_radix_split split; /* else, of many */
    void *moved_indices;  /* indices, */
    unsigned char *moved; /* and items, on their way */
} grouping;

/* ---- one thread --------------------------------------------------------------------------------------- */

/* Moves items to groups [first, end), which begin at `at`, and notes where each begins. */
static PL_RADIX_INLINE void move_each(unsigned width, size_t size, const void *indices, const unsigned char *items,
                                      size_t n, size_t first, size_t end, size_t at, size_t *offsets,
                                      unsigned char *out)
{
    memset(offsets + first, 0, (end - first) * sizeof *offsets);
    for (size_t i = 0; i < n; i++)
        offsets[pl_radix_get(width, indices, i)]++;
    for (size_t g = first, next = at; g < end; g++) {
        size_t count = offsets[g];
        offsets[g] = next;
        next += count;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(out + offsets[pl_radix_get(width, indices, i)]++ * size, items + i * size, size);
    /* now each is where its group ends: where the next one begins */
    memmove(offsets + first + 1, offsets + first, (end - first - 1) * sizeof *offsets);
    offsets[first] = at;
}

static void move_items(const grouping *g, const void *indices, const unsigned char *items, size_t n, size_t first,
                       size_t end, size_t at)
{
    size_t size = g->keys.f.arg_size;
    if (g->width == 8)
        move_each(8, size, indices, items, n, first, end, at, g->offsets, g->out);
    else if (size == 4)
        move_each(4, 4, indices, items, n, first, end, at, g->offsets, g->out);
    else if (size == 8)
        move_each(4, 8, indices, items, n, first, end, at, g->offsets, g->out);
    else if (size == 16)
        move_each(4, 16, indices, items, n, first, end, at, g->offsets, g->out);
    else
        move_each(4, size, indices, items, n, first, end, at, g->offsets, g->out);
}

static void move_few(size_t begin, size_t end, void *ctx)
{
    const grouping *g = (const grouping *)(const void *)((const char *)ctx - offsetof(grouping, work));
    (void)begin;
    (void)end;
    move_items(g, g->indices, g->keys.args, g->keys.n, 0, g->k + 1, 0);
}

/* ---- all of them -------------------------------------------------------------------------------------- */

static void move_buckets(size_t begin, size_t end, void *ctx)
{
    const grouping *g = (const grouping *)(const void *)((const char *)ctx - offsetof(grouping, work));
    const pl_radix_split *s = &g->split;
    size_t to = pl_blocks_begin(&g->work.blocks, end), groups = g->k + 1;
    for (size_t d = pl_blocks_begin(&g->work.blocks, begin); d < to && d < s->digits.count; d++) {
        size_t at = s->begins[d], first = d << s->digits.shift, last = (d + 1) << s->digits.shift;
        move_items(g, (unsigned char *)g->moved_indices + at * g->width, g->moved + at * g->keys.f.arg_size,
                   s->begins[d + 1] - at, first, last < groups ? last : groups, at);
    }
}

/* Buckets are ranges of indices, of a power of two each. */
static int split_and_move(grouping *g, void *room, pl_phases *phases)
{
    g->split.width = g->width;
    g->split.numbers = g->indices;
    g->split.words = g->moved_indices;
    g->split.items = g->keys.args;
    g->split.items_to = g->moved;
    g->split.item_size = g->keys.f.arg_size;
    g->split.n = g->keys.n;
    if (pl_radix_split_run(&g->split, room, phases) != 0)
        return -1;
    g->work = (pl_blocks_work){.blocks = pl_blocks_of_size(g->split.digits.count, 1), .treat = move_buckets};
    return pl_phases_run(phases, &g->work, (uintptr_t)move_buckets + g->keys.f.arg_size);
}

PL_NOT_INLINED static int move_many(grouping *g, pl_phases *phases)
{
    pl_room room;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_radix_digits_of_range(&g->split.digits, g->k, pl_radix_bits(PL_RADIX_BUCKETS - 1));
    size_t n = g->keys.n, counts = pl_size_round(pl_radix_split_room(n, g->split.digits.count), 64);
    size_t indices = pl_size_round(pl_size_multiply(n, g->width), 64);
    size_t again = pl_size_add(indices, pl_size_multiply(n, g->keys.f.arg_size));
    if (!pl_room_take(&room, pl_size_add(counts, again)))
        return -1;
    g->moved_indices = (unsigned char *)room.start + counts;
    g->moved = (unsigned char *)g->moved_indices + indices;
    pl_cleanup_begin(&cleanup, pl_room_drop, &room);
    int result = split_and_move(g, room.start, phases);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&room);
    return result;
}

static int move_direct(grouping *g, pl_phases *phases)
{
    g->direct.items = g->keys.args;
    g->direct.out = g->out;
    return pl_group_direct_run(&g->direct, g->offsets, phases);
}

/* Moves items by their indices, which there are. */
static int move_all(grouping *g, pl_phases *phases)
{
    if (g->is_direct)
        return move_direct(g, phases);
    if (g->keys.n > FEW)
        return move_many(g, phases);
    g->work = (pl_blocks_work){.blocks = pl_blocks_of_size(g->keys.n, g->keys.n), .treat = move_few};
    return pl_phases_run(phases, &g->work, (uintptr_t)move_few + g->keys.f.arg_size);
}

/* ---- keys --------------------------------------------------------------------------------------------- */

static void take_of(const grouping *g, size_t participant, size_t first, size_t count, const void *keys)
{
    size_t good;
    if (g->is_direct)
        good = pl_group_direct_take(&g->direct, g->keys.type, keys, first, count, g->k);
    else
        good = pl_keys_to_indices(g->keys.type, keys, g->width, (unsigned char *)g->indices + first * g->width, count,
                                  g->k);
    if (good < count && first + good < g->beyond[participant])
        g->beyond[participant] = first + good;
}

static void take_keys(void *ctx, size_t first, size_t count, const void *keys)
{
    take_of(ctx, pl_context_thread.context->participant, first, count, keys);
}

/* Whether no key was out of range; else the call fails. */
static bool are_in_range(const grouping *g, size_t participants)
{
    size_t beyond = SIZE_MAX;
    for (size_t p = 0; p < participants; p++)
        beyond = g->beyond[p] < beyond ? g->beyond[p] : beyond;
    if (beyond < SIZE_MAX)
        pl_keys_fail_range(&g->keys, beyond);
    return beyond == SIZE_MAX;
}

/* ---- calls -------------------------------------------------------------------------------------------- */

/* Has keys computed, and items moved, of functions that cannot fail. */
static int group_plain(grouping *g, pl_phases *phases)
{
    size_t beyond[PL_SLEEP_MAX], participants = parallel_worker_limit(phases->options);
    bool goes_on;
    for (size_t p = 0; p < participants; p++)
        beyond[p] = SIZE_MAX;
    g->beyond = beyond;
    g->keys.take = take_keys;
    g->keys.ctx = g;
    if (g->is_direct && pl_keys_cost_little(&g->keys, g->direct.work.blocks.size)) {
        g->keys.block = g->direct.work.blocks.size;
        g->direct.is_counted = true; /* as they are taken */
    }
    if (pl_keys_run(&g->keys, phases, &goes_on) != 0 || !are_in_range(g, participants))
        return -1;
    return move_all(g, phases);
}

static void put_index(const grouping *g, size_t i, size_t index)
{
    if (g->is_direct)
        g->direct.indices[i] = (pl_group_index)index;
    else
        pl_radix_put(g->width, g->indices, i, index);
}

/* Keys that tasks have given, but for those of items that have none. */
static void take_results(const grouping *g, const unsigned char *keys, const pl_failed_list *failed)
{
    size_t from = 0, size = g->keys.f.result_size;
    for (size_t e = 0; e <= failed->count; e++) {
        size_t to = e < failed->count ? failed->list[e].first.index : g->keys.n;
        size_t next = e < failed->count ? to + failed->list[e].count : to;
        take_of(g, 0, from, to - from, keys + from * size);
        for (size_t i = to; i < next; i++)
            put_index(g, i, g->k);
        from = next;
    }
}

/* A vector for all items, and moves them there. NULL with errno. */
PL_NOT_INLINED static parallel_results *move_to_vector(grouping *g, int move(grouping *g, pl_phases *phases),
                                                       pl_phases *phases)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    const parallel_function *f = &g->keys.f;
    parallel_results *r = pl_room_results(g->keys.n, f->arg_size, f->arg_align);
    if (!r)
        return NULL;
    g->out = pl_results_vector(r);
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    int result = move(g, phases), code = errno;
    pl_cleanup_end(&cleanup);
    if (result == 0)
        return pl_results_shrink(r, g->offsets[g->k], f->arg_align);
    parallel_results_free(r);
    errno = code;
    return NULL;
}

/* The results of a call of tasks; NULL, if it has failed. */
static parallel_results *results_of(grouping *g, pl_call *c, const unsigned char *keys, bool well, pl_phases *phases)
{
    if (!well && (!g->keys.merged.silent || c->error || c->failures.lost))
        return NULL;
    take_results(g, keys, &c->failures.all);
    parallel_results *r = g->beyond[0] < SIZE_MAX ? NULL : move_to_vector(g, move_all, phases);
    if (!r) {
        c->error = g->beyond[0] < SIZE_MAX ? ERANGE : errno;
        return NULL;
    }
    pl_results_set_apart(r);
    pl_results_finish(r, &c->failures, &c->names);
    c->names = (pl_names){0};
    return r;
}

PL_NOT_INLINED static parallel_results *group_map(grouping *g, void *keys, pl_phases *phases)
{
    pl_call c;
    size_t beyond = SIZE_MAX;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    const pl_keys *k = &g->keys;
    g->beyond = &beyond;
    if (!pl_call_begin_map(&c, &pl_work_map, &k->f, k->args, k->n, &k->merged, phases->request))
        return NULL;
    phases->has_reported = phases->had_tasks = true;
    pl_cleanup_begin(&cleanup, pl_call_drop, &c);
    bool well = pl_call_run(&c, keys);
    parallel_results *r = results_of(g, &c, keys, well, phases);
    pl_cleanup_end(&cleanup);
    pl_call_return(&c, !r);
    if (beyond < SIZE_MAX)
        pl_keys_fail_range(k, beyond);
    return r;
}

/* By tasks: with room for their results. */
PL_NOT_INLINED static parallel_results *group_tasks(grouping *g, pl_phases *phases)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    void *keys = calloc(g->keys.n + !g->keys.n, g->keys.f.result_size);
    if (!keys) {
        pl_error_return(ENOMEM);
        return NULL;
    }
    pl_cleanup_begin(&cleanup, free, keys);
    parallel_results *r = group_map(g, keys, phases);
    pl_cleanup_end(&cleanup);
    int saved = errno;
    free(keys);
    errno = saved;
    return r;
}

PL_NOT_INLINED static parallel_results *group_with_room(grouping *g, pl_phases *phases)
{
    pl_room indices;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    size_t n = g->keys.n, groups = g->k + 1;
    if (!pl_room_take(&indices, g->is_direct ? pl_group_direct_room(n, groups) : pl_size_multiply(n, g->width)))
        return NULL;
    g->indices = indices.start;
    if (g->is_direct) {
        g->direct = (pl_group_direct){.size = g->keys.f.arg_size, .groups = groups};
        pl_group_direct_begin(&g->direct, indices.start, n);
    }
    pl_cleanup_begin(&cleanup, pl_room_drop, &indices);
    parallel_results *r = g->keys.is_map ? group_tasks(g, phases) : move_to_vector(g, group_plain, phases);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&indices);
    return r;
}

parallel_results *pl_group(const parallel_function *key, parallel_key type, const void *args, size_t n, size_t k,
                           size_t *offsets, const parallel_options *options, const pl_request *request)
{
    bool is_direct = n > FEW && (uint64_t)n <= PL_GROUP_DIRECT_ITEMS && k < PL_GROUP_DIRECT_MOST;
    grouping g = {.k = k, .offsets = offsets, .is_direct = is_direct, .width = (uint64_t)k > UINT32_MAX ? 8 : 4};
    if (!pl_keys_begin(&g.keys, key, type, args, n, options, request))
        return NULL;
    bool is_right = !pl_keys_are_indices(type) ? pl_error_deny(EINVAL, "the keys are no integers")
                    : !offsets                 ? pl_error_deny(EINVAL, "offsets is NULL")
                    : k > PTRDIFF_MAX          ? pl_error_deny(EINVAL, "k is %zu, more than PTRDIFF_MAX", k)
                                               : true;
    if (!is_right)
        return NULL;
    pl_phases phases = pl_keys_phases(&g.keys, request);
    if (n == 0) {
        memset(offsets, 0, (k + 1) * sizeof *offsets);
        if (pl_blocks_check(phases.options, NULL, request) != 0)
            return NULL;
        return pl_results_new(0, g.keys.f.arg_size, g.keys.f.arg_align, PL_RESULTS_ANY, NULL);
    }
    return group_with_room(&g, &phases);
}
