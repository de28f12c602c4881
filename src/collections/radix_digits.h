/* SPDX-License-Identifier: MIT */
/*
 * Which bucket a word goes to: a function that a sample of the words is made for, so that buckets are about alike.
 *
 * The range of the sample is cut into *entries*, of a power of two of words each; what lies outside belongs to the
 * first or the last. If that makes buckets that are about alike, entries are buckets. Else an entry with much of the
 * sample is cut again, into as many buckets as it takes, a power of two, and several with little are one bucket: a
 * table says where an entry's first bucket is, and by how much a word is to be shifted.
 */
#ifndef PL_COLLECTIONS_RADIX_DIGITS_H
#define PL_COLLECTIONS_RADIX_DIGITS_H

#include "collections/radix_words.h"

enum {
    PL_RADIX_BUCKETS = 512, /* at most: as many lines are written to as the first cache has */
    PL_RADIX_SAMPLE = 2048  /* words */
};

typedef struct pl_radix_entry {
    uint32_t first; /* its first bucket, less what its own first word comes to by the shift, modulo 2^32 */
    uint32_t shift;
} pl_radix_entry;

typedef struct pl_radix_digits {
    uint64_t least, most; /* the first word of the first entry, and how much more others may be: what is beyond counts
                             as that */
    unsigned shift;       /* words in an entry */
    bool is_even;         /* entries are buckets */
    size_t count;         /* buckets */
    pl_radix_entry entries[PL_RADIX_BUCKETS];
} pl_radix_digits;

static PL_RADIX_INLINE size_t pl_radix_bucket(const pl_radix_digits *d, bool is_even, uint64_t word)
{
    uint64_t more = word > d->least ? word - d->least : 0;
    more = more < d->most ? more : d->most;
    if (is_even)
        return (size_t)(more >> d->shift);
    pl_radix_entry e = d->entries[more >> d->shift];
    return (uint32_t)(e.first + (uint32_t)(more >> e.shift));
}

/* For words of so many bytes, like those of a sample of PL_RADIX_SAMPLE of them, which is sorted. */
void pl_radix_digits_make(pl_radix_digits *d, unsigned width, const void *sample);

/* For words from 0 to `most`: buckets are ranges of a power of two of them each, numbered by so many bits at most. */
void pl_radix_digits_of_range(pl_radix_digits *d, uint64_t most, unsigned bits);

#endif
