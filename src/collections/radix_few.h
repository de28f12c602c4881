/* SPDX-License-Identifier: MIT */
/* Sorting a few words on one thread (radix.h). */
#ifndef PL_COLLECTIONS_RADIX_FEW_H
#define PL_COLLECTIONS_RADIX_FEW_H

#include <stddef.h>

/* Sorts n words of 4 or 8 bytes that are in `words` into `out`, another place; `words` is then anything. That is best
 * for few, and for more where the bits that they differ in first say little of their order. */
void pl_radix_sort_few(unsigned width, void *words, void *out, size_t n);

#endif
