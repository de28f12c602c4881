/* SPDX-License-Identifier: MIT */
/*
 * Counting indices that have been kept; histogram.h says when that is.
 *
 * Indices are split by their highest bits (radix_split.h), so that each bucket has a range of the counts to itself,
 * which fits a cache: it is counted by one thread, in place. Should the call end before all are counted, the buckets
 * that were are taken back.
 */
#include "collections/histogram_kept.h"

#include <errno.h>

#include "base/size.h"
#include "base/unwind.h"
#include "collections/radix_split.h"
#include "collections/room.h"

/* So many indices are counted by one thread: to split them takes longer. */
enum { FEW = 262144 };

typedef struct kept_indices {
    pl_blocks_work work; /* a block is a bucket */
    pl_radix_split split;
    size_t k;
    void *counts;
    unsigned count_size;
    bool counted[PL_RADIX_BUCKETS];
} kept_indices;

static PL_RADIX_INLINE void count_each(unsigned count_size, const uint32_t *indices, size_t n, size_t k, void *counts,
                                       uint64_t change)
{
    for (size_t i = 0; i < n; i++)
        if (indices[i] < k)
            pl_radix_put(count_size, counts, indices[i], pl_radix_get(count_size, counts, indices[i]) + change);
}

/* Adds `change` for each index. */
static void count_indices(unsigned count_size, const uint32_t *indices, size_t n, size_t k, void *counts,
                          uint64_t change)
{
    if (count_size == 4)
        count_each(4, indices, n, k, counts, change);
    else
        count_each(8, indices, n, k, counts, change);
}

static void count_bucket(const kept_indices *c, size_t d, uint64_t change)
{
    const pl_radix_split *s = &c->split;
    count_indices(c->count_size, (const uint32_t *)s->words + s->begins[d], s->begins[d + 1] - s->begins[d], c->k,
                  c->counts, change);
}

static void count_buckets(size_t begin, size_t end, void *ctx)
{
    kept_indices *c = ctx;
    for (size_t d = begin; d < end; d++) {
        count_bucket(c, d, 1);
        c->counted[d] = true;
    }
}

/* With room for the indices once more, and for what splitting takes. */
static int split_and_count(kept_indices *c, void *room, pl_phases *phases)
{
    if (pl_radix_split_run(&c->split, room, phases) != 0)
        return -1;
    c->work = (pl_blocks_work){.blocks = pl_blocks_of_size(c->split.digits.count, 1), .treat = count_buckets};
    if (pl_phases_run(phases, &c->work, (uintptr_t)count_buckets) == 0)
        return 0;
    int code = errno;
    for (size_t d = 0; d < c->split.digits.count; d++)
        if (c->counted[d])
            count_bucket(c, d, UINT64_MAX);
    errno = code;
    return -1;
}

PL_NOT_INLINED static int count_many(kept_indices *c, pl_phases *phases)
{
    pl_room room;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    size_t words = pl_size_round(pl_size_multiply(c->split.n, sizeof(uint32_t)), sizeof(size_t));
    if (!pl_room_take(&room, pl_size_add(words, pl_radix_split_room(c->split.n, c->split.digits.count))))
        return -1;
    c->split.words = room.start;
    pl_cleanup_begin(&cleanup, pl_room_drop, &room);
    int result = split_and_count(c, (unsigned char *)room.start + words, phases);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&room);
    return result;
}

int pl_histogram_count_kept(const uint32_t *indices, size_t n, size_t k, void *counts, unsigned count_size,
                            pl_phases *phases)
{
    if (n <= FEW) {
        count_indices(count_size, indices, n, k, counts, 1);
        return 0;
    }
    kept_indices c = {.k = k, .counts = counts, .count_size = count_size};
    c.split.width = sizeof *indices;
    c.split.numbers = indices;
    c.split.n = n;
    pl_radix_digits_of_range(&c.split.digits, k, pl_radix_bits(PL_RADIX_BUCKETS - 1));
    return count_many(&c, phases);
}
