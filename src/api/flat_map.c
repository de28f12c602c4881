/* SPDX-License-Identifier: MIT */
/* Flat maps. */
#include "api/executors.h"
#include "collections/flat_map.h"

parallel_results *parallel_flat_map_function(const parallel_flat *flat, const void *args, size_t n,
                                             const parallel_options *options)
{
    return pl_flat_map(flat, args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
