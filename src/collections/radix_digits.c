/* SPDX-License-Identifier: MIT */
/* From words to buckets; radix_digits.h says how. */
#include "collections/radix_digits.h"

#include "base/assert.h"

enum {
    ENTRY_BITS = 9,                     /* there are half as many entries as buckets, or more, if they are buckets; */
    TABLE_BITS = 8,                     /* and likewise in a table */
    EVEN_MOST = PL_RADIX_SAMPLE / 64,   /* words of the sample in an entry that need not be cut again */
    BUCKET_MOST = PL_RADIX_SAMPLE / 128 /* and in a bucket of a table */
};
_Static_assert(1 << ENTRY_BITS == PL_RADIX_BUCKETS, "each entry may be a bucket");

/* How many words of the sample are in each entry. Returns how many are in one at most. */
static size_t count_entries(const pl_radix_digits *d, unsigned width, const void *sample, uint32_t *counts)
{
    size_t most = 0;
    memset(counts, 0, PL_RADIX_BUCKETS * sizeof *counts);
    for (size_t i = 0; i < PL_RADIX_SAMPLE; i++) {
        uint32_t count = ++counts[(pl_radix_get(width, sample, i) - d->least) >> d->shift];
        most = count > most ? count : most;
    }
    return most;
}

/* Cuts the range so that entries have numbers of so many bits. */
static void cut_range(pl_radix_digits *d, unsigned bits)
{
    unsigned all = pl_radix_bits(d->most);
    d->shift = all > bits ? all - bits : 0;
    d->count = (size_t)(d->most >> d->shift) + 1;
}

/* Into how many bits of buckets an entry is to be cut. */
static unsigned bits_of_entry(const pl_radix_digits *d, uint32_t count)
{
    unsigned bits = 0;
    while (bits < d->shift && count >> bits > BUCKET_MOST)
        bits++;
    return bits;
}

static void make_table(pl_radix_digits *d, const uint32_t *counts)
{
    size_t entries = d->count, next = 0; /* the next bucket */
    uint32_t in_last = 0;                /* words of the sample in the last one, of entries that are not cut */
    bool is_open = false;                /* there is one, and others may share it */
    for (size_t t = 0; t < entries; t++) {
        unsigned bits = bits_of_entry(d, counts[t]);
        if (bits == 0) {
            is_open = is_open && in_last + counts[t] <= BUCKET_MOST;
            in_last = is_open ? in_last + counts[t] : counts[t];
            next += !is_open;
            is_open = true;
            d->entries[t] = (pl_radix_entry){(uint32_t)(next - 1) - (uint32_t)((uint64_t)t << d->shift >> 63), 63};
            continue;
        }
        uint32_t shift = d->shift - bits;
        d->entries[t] = (pl_radix_entry){(uint32_t)(next - (t << bits)), shift};
        next += (size_t)1 << bits;
        is_open = false;
    }
    d->count = next;
    pl_assert(d->count <= PL_RADIX_BUCKETS);
}

void pl_radix_digits_make(pl_radix_digits *d, unsigned width, const void *sample)
{
    uint64_t all = width == 4 ? UINT32_MAX : UINT64_MAX;
    uint64_t least = pl_radix_get(width, sample, 0), greatest = pl_radix_get(width, sample, PL_RADIX_SAMPLE - 1);
    uint32_t counts[PL_RADIX_BUCKETS];
    /* so that words beyond those of the sample are not in one bucket with those, if these are all the same */
    least -= least > 0;
    greatest += greatest < all;
    d->least = least;
    d->most = greatest - least;
    cut_range(d, ENTRY_BITS);
    d->is_even = count_entries(d, width, sample, counts) <= EVEN_MOST || d->shift == 0;
    if (d->is_even)
        return;
    cut_range(d, TABLE_BITS);
    count_entries(d, width, sample, counts);
    make_table(d, counts);
}

void pl_radix_digits_of_range(pl_radix_digits *d, uint64_t most, unsigned bits)
{
    d->least = 0;
    d->most = most;
    d->is_even = true;
    cut_range(d, bits);
}
