/* SPDX-License-Identifier: MIT */
/* Orders, and calls that put items in order or choose by it. */
#ifndef PL_COLLECTIONS_ORDER_H
#define PL_COLLECTIONS_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include <libparallel/order.h>
#include <libparallel/reduce.h>

#include "call/options.h"

/* The order as given, without members that an older or hand-filled one does not have. False if it cannot be called. */
bool pl_order_copy(parallel_order *to, const parallel_order *from);

/* The first of the least, or of the greatest. NULL with errno, 0 if there are no items. */
const void *pl_order_extreme(const parallel_order *order, const void *args, size_t n, bool greatest,
                             const parallel_options *options, const pl_request *request);

/* ---- orders of numbers (order_numbers.c) -------------------------------------------------------------- */

/* The operator whose value is that of the extreme, of an order of numbers. */
const parallel_combine *pl_order_value(const parallel_order *order, bool greatest);

/* The first of the least, or of the greatest, of n numbers, n > 0, which are PL_ORDER_FEW or fewer: looked at one by
 * one. */
enum { PL_ORDER_FEW = 16 };
size_t pl_order_extreme_of_few(const parallel_order *order, const void *numbers, size_t n, bool greatest);

/* The first of n numbers that has this value; if none has, as it is NaN, the first of all. */
size_t pl_order_find_number(const parallel_order *order, const void *numbers, size_t n, const void *value);

#endif
