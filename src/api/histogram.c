/* SPDX-License-Identifier: MIT */
/* Histograms. */
#include "api/executors.h"
#include "collections/histogram.h"

int parallel_histogram_function(const parallel_function *key, parallel_key type, const void *args, size_t n,
                                void *counts, size_t count_size, size_t k, const parallel_options *options)
{
    return pl_histogram(key, type, args, n, counts, count_size, k, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
