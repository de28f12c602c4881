/* SPDX-License-Identifier: MIT */
/* Sorts, and items that are not the same. */
#include "collections/sort.h"
#include "api/executors.h"

int parallel_sort_items(const parallel_order *order, void *array, size_t n, const parallel_options *options)
{
    return pl_sort(order, array, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

int parallel_sort_function(void *base, size_t n, size_t size, int (*compare)(const void *, const void *),
                           const parallel_options *options)
{
    const parallel_order order = {.name = "sort", .size = sizeof order, .call = compare, .type_size = size};
    return pl_sort(&order, base, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

parallel_results *parallel_sorted_function(const parallel_order *order, const void *args, size_t n,
                                           const parallel_options *options)
{
    return pl_sort_copy(order, args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

parallel_results *parallel_distinct_function(const parallel_order *order, const void *args, size_t n,
                                             const parallel_options *options)
{
    return pl_distinct(order, args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
