/* SPDX-License-Identifier: MIT */
/* Sorting by keys. */
#include "api/executors.h"
#include "collections/radix.h"

int parallel_sort_by_function(const parallel_function *key, parallel_key type, void *array, size_t n,
                              const parallel_options *options)
{
    return pl_radix_sort_by(key, type, array, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
