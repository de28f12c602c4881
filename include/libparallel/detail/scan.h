/* SPDX-License-Identifier: MIT */
/* The second halves of the macros of scans. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_SCAN_H
#define LIBPARALLEL_DETAIL_SCAN_H

#ifndef __cplusplus

#include <libparallel/detail/options.h>
#include <libparallel/detail/reduce.h>

#define PARALLEL_SCAN_INTO_(op_, args_, n_, out_, ...)                                                                 \
    parallel_scan_into_function(PARALLEL_COMBINE_OF_(op_, args_), PARALLEL_COMBINE_ARGS_(op_, args_), (n_),            \
                                PARALLEL_COMBINE_ACC_(op_, args_, out_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_SCAN_EXCLUSIVE_INTO_(op_, args_, n_, out_, acc_, ...)                                                 \
    parallel_scan_exclusive_into_function(PARALLEL_COMBINE_OF_(op_, args_), PARALLEL_COMBINE_ARGS_(op_, args_), (n_),  \
                                          PARALLEL_COMBINE_ACC_(op_, args_, out_),                                     \
                                          PARALLEL_COMBINE_ACC_(op_, args_, acc_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_SCAN_(op_, args_, n_, ...)                                                                            \
    parallel_scan_function(PARALLEL_COMBINE_OF_(op_, args_), PARALLEL_COMBINE_ARGS_(op_, args_), (n_),                 \
                           PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
