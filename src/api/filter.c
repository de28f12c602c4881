/* SPDX-License-Identifier: MIT */
/* Filters and partitions. */
#include "api/executors.h"
#include "collections/filter.h"

parallel_results *parallel_filter_function(const parallel_function *pred, const void *args, size_t n,
                                           const parallel_options *options)
{
    return pl_filter(pred, args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

int parallel_filter_into_function(const parallel_function *pred, const void *args, size_t n, void *out, size_t *kept,
                                  const parallel_options *options)
{
    return pl_filter_into(pred, args, n, out, kept, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

int parallel_partition_into_function(const parallel_function *pred, const void *args, size_t n, void *out, size_t *kept,
                                     const parallel_options *options)
{
    return pl_partition_into(pred, args, n, out, kept, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
