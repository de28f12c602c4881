/* SPDX-License-Identifier: MIT */
/* The second halves of the macros of filters. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_FILTER_H
#define LIBPARALLEL_DETAIL_FILTER_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

/* `out`, if it points to items. */
#define PARALLEL_FILTER_OUT_(fn, out)                                                                                  \
    PARALLEL_POINTER_(out, fn##__parallel_arg, "out is to point to what " #fn " takes, and not to const")

/* `kept`, if it points to a size_t. */
#define PARALLEL_FILTER_KEPT_(kept) PARALLEL_POINTER_(kept, size_t, "kept is to point to a size_t")

#define PARALLEL_FILTER_(fn_, args_, n_, ...)                                                                          \
    parallel_filter_function(PARALLEL_PREDICATE_(fn_, "parallel_filter"), PARALLEL_ARGS_(fn_, args_), (n_),            \
                             PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_FILTER_INTO_(fn_, args_, n_, out_, kept_, ...)                                                        \
    parallel_filter_into_function(PARALLEL_PREDICATE_(fn_, "parallel_filter_into"), PARALLEL_ARGS_(fn_, args_), (n_),  \
                                  PARALLEL_FILTER_OUT_(fn_, out_), PARALLEL_FILTER_KEPT_(kept_),                       \
                                  PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_PARTITION_INTO_(fn_, args_, n_, out_, kept_, ...)                                                     \
    parallel_partition_into_function(PARALLEL_PREDICATE_(fn_, "parallel_partition_into"), PARALLEL_ARGS_(fn_, args_),  \
                                     (n_), PARALLEL_FILTER_OUT_(fn_, out_), PARALLEL_FILTER_KEPT_(kept_),              \
                                     PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
