/* SPDX-License-Identifier: MIT */
/* The second half of the macro of single tasks in the background: what it calls, and with what. Nothing here is for
 * programs to use. */
#ifndef LIBPARALLEL_DETAIL_ASYNC_H
#define LIBPARALLEL_DETAIL_ASYNC_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

#define PARALLEL_ASYNC_(fn_, value_, ...)                                                                              \
    parallel_async_function(&fn_##__parallel, (fn_##__parallel_arg[1]){value_}, PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
