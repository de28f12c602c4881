/* SPDX-License-Identifier: MIT */
/* The second half of the macro that sorts by keys. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_SORT_BY_H
#define LIBPARALLEL_DETAIL_SORT_BY_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/key.h>
#include <libparallel/detail/options.h>

#define PARALLEL_SORT_BY_(fn_, array_, n_, ...)                                                                        \
    parallel_sort_by_function(                                                                                         \
        PARALLEL_KEY_FUNCTION_(fn_, "parallel_sort_by"), PARALLEL_KEY_TYPE_(fn_),                                      \
        PARALLEL_POINTER_(array_, fn_##__parallel_arg, "array is to point to what " #fn_ " takes, and not to const"),  \
        (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
