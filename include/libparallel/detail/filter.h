/* SPDX-License-Identifier: MIT */
/* The second halves of the macros of filters. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_FILTER_H
#define LIBPARALLEL_DETAIL_FILTER_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

/* The function, which is a predicate; else an error at compile time. */
#define PARALLEL_FILTER_OF_(fn, call)                                                                                  \
    (&fn##__parallel + 0 * __extension__ sizeof(struct {                                                               \
                           _Static_assert(_Generic((fn##__parallel_result *)0, _Bool * : 1, default : 0),              \
                                          call "(" #fn ", ...): the function's result type is not bool");              \
                           char unused;                                                                                \
                       }))

/* `out`, if it points to items. */
#define PARALLEL_FILTER_OUT_(fn, out) _Generic((out), fn##__parallel_arg * : (out))

#define PARALLEL_FILTER_(fn_, args_, n_, ...)                                                                          \
    parallel_filter_function(PARALLEL_FILTER_OF_(fn_, "parallel_filter"), PARALLEL_ARGS_(fn_, args_), (n_),            \
                             PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_FILTER_INTO_(fn_, args_, n_, out_, kept_, ...)                                                        \
    parallel_filter_into_function(PARALLEL_FILTER_OF_(fn_, "parallel_filter_into"), PARALLEL_ARGS_(fn_, args_), (n_),  \
                                  PARALLEL_FILTER_OUT_(fn_, out_), (kept_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_PARTITION_INTO_(fn_, args_, n_, out_, kept_, ...)                                                     \
    parallel_partition_into_function(PARALLEL_FILTER_OF_(fn_, "parallel_partition_into"), PARALLEL_ARGS_(fn_, args_),  \
                                     (n_), PARALLEL_FILTER_OUT_(fn_, out_), (kept_), PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
