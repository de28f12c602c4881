/* SPDX-License-Identifier: MIT */
/* Keys of type long double: they have more bits than words, of a number and in an order that machines do not agree on.
 * So items' indices are merged, by comparing keys. */
#include "base/size.h"
#include "collections/radix_by.h"

enum { RUN = 32 /* items that are sorted by insertion */ };

typedef struct long_sort {
    pl_blocks_work work;
    pl_phases *phases;
    const long double *keys;
    unsigned char *items, *moved;
    size_t size;
    uint64_t *from, *to; /* indices, in order in runs, and then in runs of twice the length */
    size_t length;       /* of runs */
} long_sort;

/* Whether a key comes before another one: NaN before none. */
static bool comes_before(const long_sort *l, uint64_t a, uint64_t b)
{
    long double x = l->keys[a], y = l->keys[b];
    return x < y || (x == x && y != y);
}

static void make_run(const long_sort *l, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        size_t k = i;
        for (; k > begin && comes_before(l, i, l->from[k - 1]); k--)
            l->from[k] = l->from[k - 1];
        l->from[k] = i;
    }
}

static void make_runs(size_t begin, size_t end, void *ctx)
{
    const long_sort *l = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&l->work.blocks, k);
        make_run(l, at, at + pl_blocks_length(&l->work.blocks, k));
    }
}

/* Two runs, of which the second may be shorter, or not there. */
static void merge_runs(const long_sort *l, size_t begin, size_t n)
{
    const uint64_t *from = l->from + begin;
    size_t half = n < l->length ? n : l->length, i = 0, j = half;
    for (size_t k = begin; k < begin + n; k++) {
        bool right = i == half || (j < n && comes_before(l, from[j], from[i]));
        l->to[k] = right ? from[j++] : from[i++];
    }
}

static void merge_blocks(size_t begin, size_t end, void *ctx)
{
    const long_sort *l = ctx;
    for (size_t k = begin; k < end; k++)
        merge_runs(l, pl_blocks_begin(&l->work.blocks, k), pl_blocks_length(&l->work.blocks, k));
}

static int sort_long(const pl_radix_keyed *s, size_t n, void *ctx)
{
    long_sort *l = ctx;
    (void)s;
    if (n < 2)
        return 0;
    l->work = (pl_blocks_work){.blocks = pl_blocks_of_size(n, RUN), .treat = make_runs};
    if (pl_phases_run(l->phases, &l->work, (uintptr_t)make_runs) != 0)
        return -1;
    for (l->length = RUN; l->length < n; l->length *= 2) {
        l->work = (pl_blocks_work){.blocks = pl_blocks_of_size(n, 2 * l->length), .treat = merge_blocks};
        if (pl_phases_run(l->phases, &l->work, (uintptr_t)merge_blocks) != 0)
            return -1;
        uint64_t *from = l->from;
        l->from = l->to;
        l->to = from;
    }
    pl_radix_move(l->size, l->moved, l->items, l->from, UINT64_MAX, n);
    memcpy(l->items, l->moved, n * l->size);
    return 0;
}

size_t pl_radix_long_room(const pl_radix_keyed *s)
{
    size_t each = pl_size_add(sizeof(long double) + 2 * sizeof(uint64_t), s->keys.f.arg_size);
    return pl_size_multiply(s->keys.n, each);
}

static void take_keys(void *ctx, size_t first, size_t count, const void *keys)
{
    const pl_radix_keyed *s = ctx;
    if (keys)
        memcpy((long double *)(void *)s->words + first, keys, count * sizeof(long double));
    else
        pl_radix_note_absent(s, first, count);
}

int pl_radix_sort_by_long(pl_radix_keyed *s, void *room, pl_phases *phases)
{
    size_t n = s->keys.n;
    long double *keys = room;
    long_sort l = {.phases = phases, .keys = keys, .items = s->items, .size = s->keys.f.arg_size};
    l.from = (uint64_t *)(void *)(keys + n);
    l.to = l.from + n;
    l.moved = (unsigned char *)(l.to + n);
    s->words = room;
    s->keys.take = take_keys;
    s->keys.ctx = s;
    return pl_radix_compute_and_sort(s, keys, sizeof *keys, l.moved, sort_long, &l, phases);
}
