/* SPDX-License-Identifier: MIT */
/* Counting indices that have been kept (histogram.h). */
#ifndef PL_COLLECTIONS_HISTOGRAM_KEPT_H
#define PL_COLLECTIONS_HISTOGRAM_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "collections/phases.h"

/* Adds to k counts, k > 0, of 4 or 8 bytes, how often each index comes among n, n > 0. An item whose index is k is not
 * counted. 0; or -1 with errno, and then counts are what they were. */
int pl_histogram_count_kept(const uint32_t *indices, size_t n, size_t k, void *counts, unsigned count_size,
                            pl_phases *phases);

#endif
