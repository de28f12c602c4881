/* SPDX-License-Identifier: MIT */
/* Groups. */
#include "api/executors.h"
#include "collections/group.h"

parallel_results *parallel_group_function(const parallel_function *key, parallel_key type, const void *args, size_t n,
                                          size_t k, size_t *offsets, const parallel_options *options)
{
    return pl_group(key, type, args, n, k, offsets, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
