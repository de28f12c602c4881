/* SPDX-License-Identifier: MIT */
/* Calls that choose by an order. */
#include "api/executors.h"
#include "collections/order.h"

const void *parallel_min_function(const parallel_order *order, const void *args, size_t n,
                                  const parallel_options *options)
{
    return pl_order_extreme(order, args, n, false, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

const void *parallel_max_function(const parallel_order *order, const void *args, size_t n,
                                  const parallel_options *options)
{
    return pl_order_extreme(order, args, n, true, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
