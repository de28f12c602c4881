/* SPDX-License-Identifier: MIT */
/* Many items in few groups; group_direct.h says how. */
#include "collections/group_direct.h"

#include <string.h>

#include "base/size.h"
#include "collections/keys.h"
#include "collections/radix_split.h"

static size_t bytes_of_counts(size_t n, size_t groups)
{
    return pl_size_round((pl_radix_split_blocks(n).count + 1) * groups * sizeof(uint32_t), PL_LINE);
}

size_t pl_group_direct_room(size_t n, size_t groups)
{
    return pl_size_add(bytes_of_counts(n, groups), pl_size_multiply(n, sizeof(pl_group_index)));
}

void pl_group_direct_begin(pl_group_direct *d, void *room, size_t n)
{
    size_t bytes = bytes_of_counts(n, d->groups);
    d->work.blocks = pl_radix_split_blocks(n);
    d->counts = room;
    memset(d->counts, 0, bytes);
    d->indices = (pl_group_index *)(void *)((unsigned char *)room + bytes);
}

/* ---- counting ----------------------------------------------------------------------------------------- */

static uint32_t *counts_of(const pl_group_direct *d, size_t block)
{
    return d->counts + block * d->groups;
}

static void count_items(const pl_group_direct *d, size_t begin, size_t end)
{
    const pl_group_index *indices = d->indices;
    uint32_t *counts = counts_of(d, begin / d->work.blocks.size);
    for (size_t i = begin; i < end; i++)
        counts[indices[i]]++;
}

size_t pl_group_direct_take(const pl_group_direct *d, parallel_key type, const void *keys, size_t first, size_t count,
                            size_t limit)
{
    pl_group_index *indices = d->indices + first;
    if (d->is_counted && pl_keys_are_below(type, keys, count, limit)) {
        const pl_radix_word4 *words = keys;
        uint32_t *counts = counts_of(d, first / d->work.blocks.size);
        for (size_t i = 0; i < count; i++) {
            uint32_t key = words[i];
            indices[i] = (pl_group_index)key;
            counts[key]++;
        }
        return count;
    }
    size_t good = pl_keys_to_indices(type, keys, sizeof *indices, indices, count, limit);
    if (d->is_counted)
        count_items(d, first, first + good);
    return good;
}

static void count_blocks(size_t begin, size_t end, void *ctx)
{
    const pl_group_direct *d = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t from = pl_blocks_begin(&d->work.blocks, k);
        count_items(d, from, from + pl_blocks_length(&d->work.blocks, k));
    }
}

/* Of each block, where its items of each group go; block by block, as they lie in memory, with sums behind the last. */
static void add_up(const pl_group_direct *d, size_t *begins)
{
    uint32_t *next = counts_of(d, d->work.blocks.count), sum = 0;
    for (size_t k = 0; k < d->work.blocks.count; k++)
        for (size_t g = 0; g < d->groups; g++)
            next[g] += counts_of(d, k)[g];
    for (size_t g = 0; g < d->groups; g++) {
        uint32_t count = next[g];
        begins[g] = next[g] = sum;
        sum += count;
    }
    for (size_t k = 0; k < d->work.blocks.count; k++) {
        uint32_t *counts = counts_of(d, k);
        for (size_t g = 0; g < d->groups; g++) {
            uint32_t count = counts[g];
            counts[g] = next[g];
            next[g] += count;
        }
    }
}

/* ---- moving ------------------------------------------------------------------------------------------- */

static PL_RADIX_INLINE void move_items(size_t size, const pl_group_direct *d, size_t begin, size_t end, uint32_t *next)
{
    const pl_group_index *indices = d->indices;
    const unsigned char *items = d->items;
    unsigned char *out = d->out;
    for (size_t i = begin; i < end; i++)
        memcpy(out + (size_t)next[indices[i]]++ * size, items + i * size, size);
}

static void move_blocks(size_t begin, size_t end, void *ctx)
{
    const pl_group_direct *d = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t from = pl_blocks_begin(&d->work.blocks, k), to = from + pl_blocks_length(&d->work.blocks, k);
        if (d->size == 4)
            move_items(4, d, from, to, counts_of(d, k));
        else if (d->size == 8)
            move_items(8, d, from, to, counts_of(d, k));
        else if (d->size == 16)
            move_items(16, d, from, to, counts_of(d, k));
        else
            move_items(d->size, d, from, to, counts_of(d, k));
    }
}

int pl_group_direct_run(pl_group_direct *d, size_t *begins, pl_phases *phases)
{
    d->work.treat = count_blocks;
    if (!d->is_counted && pl_phases_run(phases, &d->work, (uintptr_t)count_blocks) != 0)
        return -1;
    add_up(d, begins);
    d->work.treat = move_blocks;
    return pl_phases_run(phases, &d->work, (uintptr_t)move_blocks + d->size);
}
