/* SPDX-License-Identifier: MIT */
/* Numbers to words, many at once; and sorting words on one thread (radix.h). */
#ifndef PL_COLLECTIONS_RADIX_WORDS_H
#define PL_COLLECTIONS_RADIX_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "collections/radix_word.h"

/* Numbers to words, in place or from one place to another; and back. */
void pl_radix_to_words(unsigned width, pl_radix_form form, const void *numbers, void *words, size_t n);
void pl_radix_to_numbers(unsigned width, pl_radix_form form, const void *words, void *numbers, size_t n);

/* Sorts n words that are in `words` into `out`, another place; `words` is then anything. */
void pl_radix_sort_words(unsigned width, void *words, void *out, size_t n);

/* The least and the greatest of n words, n > 0. */
typedef struct pl_radix_range {
    uint64_t least, greatest;
} pl_radix_range;
pl_radix_range pl_radix_range_of(unsigned width, const void *words, size_t n);

#endif
