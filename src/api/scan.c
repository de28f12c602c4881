/* SPDX-License-Identifier: MIT */
/* Scans. */
#include "api/executors.h"
#include "collections/scan.h"

int parallel_scan_into_function(const parallel_combine *op, const void *args, size_t n, void *out,
                                const parallel_options *options)
{
    return pl_scan_into(op, args, n, out, NULL, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

int parallel_scan_exclusive_into_function(const parallel_combine *op, const void *args, size_t n, void *out, void *acc,
                                          const parallel_options *options)
{
    return pl_scan_into(acc ? op : NULL, args, n, out, acc, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

parallel_results *parallel_scan_function(const parallel_combine *op, const void *args, size_t n,
                                         const parallel_options *options)
{
    return pl_scan(op, args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
