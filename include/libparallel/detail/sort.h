/* SPDX-License-Identifier: MIT */
/* The second halves of the macros that sort. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_SORT_H
#define LIBPARALLEL_DETAIL_SORT_H

#ifndef __cplusplus

#include <libparallel/detail/options.h>
#include <libparallel/detail/order.h>

/* The array, if it is one of the order's items that may be written. */
#define PARALLEL_ORDER_ARRAY_(order, array)                                                                            \
    PARALLEL_CAT_(PARALLEL_ORDER_ARRAY_, PARALLEL_IS_ORDER_(order))(order, array)
#define PARALLEL_ORDER_ARRAY_0(order, array)                                                                           \
    PARALLEL_POINTER_(array, order##__parallel_item, "array is to point to what " #order " compares, and not to const")
#define PARALLEL_ORDER_ARRAY_1(order, array) (array)

#define PARALLEL_SORT_(order_, array_, n_, ...)                                                                        \
    parallel_sort_items(PARALLEL_ORDER_OF_(order_, array_), PARALLEL_ORDER_ARRAY_(order_, array_), (n_),               \
                        PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_SORTED_(function_, order_, args_, n_, ...)                                                            \
    function_(PARALLEL_ORDER_OF_(order_, args_), PARALLEL_ORDER_ARGS_(order_, args_), (n_),                            \
              PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
