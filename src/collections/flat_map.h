/* SPDX-License-Identifier: MIT */
/*
 * Flat maps.
 *
 * Blocks of items are links of a chain (chained.h). To *make* one is to have its results written into a buffer, which
 * belongs to its slot in the window, and grows as it takes; to *pass* it, to find room for them behind those before;
 * and to *finish* it, to copy them there, while they are in the second cache. How many results there will be is guessed
 * from those of the links that have been passed. Where that was too few, there is a further *part* of the vector; and
 * if there is more than one, all are put together in the end.
 */
#ifndef PL_COLLECTIONS_FLAT_MAP_H
#define PL_COLLECTIONS_FLAT_MAP_H

#include <libparallel/flat_map.h>

#include "call/options.h"

parallel_results *pl_flat_map(const parallel_flat *flat, const void *args, size_t n, const parallel_options *options,
                              const pl_request *request);

#endif
