/* SPDX-License-Identifier: MIT */
/* Splitting many words, and items along with them, into buckets, stably, by all threads (radix.h). */
#ifndef PL_COLLECTIONS_RADIX_SPLIT_H
#define PL_COLLECTIONS_RADIX_SPLIT_H

#include "collections/phases.h"
#include "collections/radix_digits.h"

typedef struct pl_radix_split {
    pl_blocks_work work;
    unsigned width;         /* bytes of a word */
    pl_radix_form form;     /* of the numbers, which words are made of on the way */
    const void *numbers;    /* n of them */
    void *words;            /* room for as many words: where they go; or NULL */
    const void *items;      /* what goes along with them, or NULL: n items of so many bytes */
    void *items_to;         /* and where they go */
    size_t item_size;       /* or 0 */
    size_t n;               /* 1 or more */
    pl_radix_digits digits; /* which bucket a word goes to */

    size_t *counts; /* the call's: of each block, for each bucket: how many words, and then where the next one goes */
    size_t *begins; /* where each bucket begins, and the last one ends */
} pl_radix_split;

/* n words, n > 0, in blocks: few, as each has a count for each bucket, and long ones, so that there are several words
 * for each. */
pl_blocks pl_radix_split_blocks(size_t n);

/* Makes digits of a sample of the numbers, of which there are PL_RADIX_SAMPLE or more. */
void pl_radix_split_sample(pl_radix_split *s);

/* How many bytes of memory it takes, for so many buckets: PL_RADIX_BUCKETS, if digits are those of a sample. */
size_t pl_radix_split_room(size_t n, size_t buckets);

/* Splits them, into memory of that size for counts. 0; or -1 with errno: then `numbers` and `items` are as they were.
 * */
int pl_radix_split_run(pl_radix_split *s, void *room, pl_phases *phases);

/* The first bucket that begins at position `i` or later. */
size_t pl_radix_split_first(const pl_radix_split *s, size_t i);

#endif
