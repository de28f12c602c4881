/* SPDX-License-Identifier: MIT */
/* The second halves of the macros of maps and loops: what they call, and with what. Nothing here is for programs to
 * use. */
#ifndef LIBPARALLEL_DETAIL_MAP_H
#define LIBPARALLEL_DETAIL_MAP_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

#define PARALLEL_MAP_(fn_, args_, n_, ...)                                                                             \
    parallel_map_function(&fn_##__parallel, PARALLEL_ARGS_(fn_, args_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_THREAD_MAP_(fn_, args_, n_, ...)                                                                      \
    parallel_thread_map_function(&fn_##__parallel, PARALLEL_ARGS_(fn_, args_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_PROCESS_MAP_(fn_, args_, n_, ...)                                                                     \
    parallel_process_map_function(&fn_##__parallel, PARALLEL_ARGS_(fn_, args_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_SPLIT_(fn_, args_, n_, ...)                                                                           \
    parallel_split_function(&fn_##__parallel, PARALLEL_ARGS_(fn_, args_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_MAP_INTO_(fn_, args_, n_, out_, ...)                                                                  \
    parallel_map_into_function(&fn_##__parallel, PARALLEL_ARGS_(fn_, args_), (n_), PARALLEL_OUT_(fn_, out_),           \
                               PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_FOR_(n_, body_, ctx_, ...) parallel_for_function((n_), (body_), (ctx_), PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
