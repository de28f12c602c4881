/* SPDX-License-Identifier: MIT */
/* The second halves of the macros that count and search. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_SEARCH_H
#define LIBPARALLEL_DETAIL_SEARCH_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

#define PARALLEL_COUNT_(fn_, args_, n_, ...)                                                                           \
    parallel_count_function(PARALLEL_PREDICATE_(fn_, "parallel_count"), PARALLEL_ARGS_(fn_, args_), (n_),              \
                            PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_FIND_(fn_, args_, n_, ...)                                                                            \
    ((fn_##__parallel_arg const *)parallel_find_function(                                                              \
        PARALLEL_PREDICATE_(fn_, "parallel_find"), PARALLEL_ARGS_(fn_, args_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__)))

#define PARALLEL_FIND_LAST_(fn_, args_, n_, ...)                                                                       \
    ((fn_##__parallel_arg const *)parallel_find_last_function(PARALLEL_PREDICATE_(fn_, "parallel_find_last"),          \
                                                              PARALLEL_ARGS_(fn_, args_), (n_),                        \
                                                              PARALLEL_OPTIONS_(__VA_ARGS__)))

#define PARALLEL_ANY_(fn_, args_, n_, ...)                                                                             \
    parallel_any_function(PARALLEL_PREDICATE_(fn_, "parallel_any"), PARALLEL_ARGS_(fn_, args_), (n_),                  \
                          PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_ALL_(fn_, args_, n_, ...)                                                                             \
    parallel_all_function(PARALLEL_PREDICATE_(fn_, "parallel_all"), PARALLEL_ARGS_(fn_, args_), (n_),                  \
                          PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
