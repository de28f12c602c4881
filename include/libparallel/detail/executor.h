/* SPDX-License-Identifier: MIT */
/* The second halves of the macros of calls in the background: what they call, and with what. Nothing here is for
 * programs to use. */
#ifndef LIBPARALLEL_DETAIL_EXECUTOR_H
#define LIBPARALLEL_DETAIL_EXECUTOR_H

#ifndef __cplusplus

#include <libparallel/base.h>
#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

#define PARALLEL_ASYNC_MAP_(fn_, args_, n_, ...)                                                                       \
    parallel_async_map_function(&fn_##__parallel, PARALLEL_ARGS_(fn_, args_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_THREAD_ASYNC_MAP_(fn_, args_, n_, ...)                                                                \
    parallel_thread_async_map_function(&fn_##__parallel, PARALLEL_ARGS_(fn_, args_), (n_),                             \
                                       PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_PROCESS_ASYNC_MAP_(fn_, args_, n_, ...)                                                               \
    parallel_process_async_map_function(&fn_##__parallel, PARALLEL_ARGS_(fn_, args_), (n_),                            \
                                        PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_ASYNC_PAR_(futures_, n_, ...)                                                                         \
    parallel_async_par_futures((futures_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_THREAD_ASYNC_PAR_(futures_, n_, ...)                                                                  \
    parallel_thread_async_par_futures((futures_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_PROCESS_ASYNC_PAR_(futures_, n_, ...)                                                                 \
    parallel_process_async_par_futures((futures_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

/* What libparallel-mpi asks for. */
PARALLEL_API const void *parallel_private_services(unsigned version);

#endif /* !__cplusplus */

#endif
