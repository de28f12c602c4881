/* SPDX-License-Identifier: MIT */
/*
 * Sorting by numbers.
 *
 * A number is sorted as a *word*: its bits, changed so that words are in order as unsigned integers are. All that is
 * done to numbers can be undone: so words alone are moved about, and what they were is found out in the end. Floating
 * numbers that are not ordered by their bits are treated apart (radix_floats.c).
 *
 * Few words are sorted on one thread (radix_words.c). Many are *split* first (radix_split.c): a sample tells how they
 * are spread, which gives a cheap function from words to buckets (radix_digits.c); blocks of words are counted by
 * bucket, all at once; sums of these say where each block's words go; and then blocks move theirs there, in their
 * order. At last each bucket is sorted by one thread, in its second cache, and written back to where it belongs. So
 * memory is read three times. Numbers of a small range are counted, and written anew (radix_counts.c).
 *
 * Items that have keys (radix_by.c) are split likewise, along with their keys. Then a bucket's keys are sorted, each
 * with the index of its item in the same word; and items are moved to where they belong.
 *
 * Source: buckets of a first pass that fit a cache are of Satish et al., "Fast sort on CPUs and GPUs" (2010), section
 * 4; that a sample chooses them, of Frazer and McKellar, "Samplesort" (1970); that a few of the highest bits suffice,
 * and what is left is put right by insertion, of Sedgewick's quicksort (1978).
 */
#ifndef PL_COLLECTIONS_RADIX_H
#define PL_COLLECTIONS_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libparallel/order.h>
#include <libparallel/sort_by.h>

#include "call/options.h"

/* Whether pl_radix_sort() takes an order: those of numbers, but for long double. */
bool pl_radix_takes(const parallel_order *order);

/* Sorts n numbers by an order that it takes, stably. `options` may be NULL. 0; or -1 with errno, and then `array` is a
 * permutation of what it was: EINVAL, ENOTSUP (with worker processes), ENOMEM (before anything is moved), ETIMEDOUT,
 * ECANCELED. */
int pl_radix_sort(const parallel_order *order, void *array, size_t n, const parallel_options *options,
                  const pl_request *request);

/* Sorts n items, of which the argument of `key` is one, by what that gives, of type `type`: parallel_sort_by(). */
int pl_radix_sort_by(const parallel_function *key, parallel_key type, void *array, size_t n,
                     const parallel_options *options, const pl_request *request);

#endif
