/* SPDX-License-Identifier: MIT */
/* The second halves of the macros of parallel_par() and of futures: what they call, and with what. Nothing here is for
 * programs to use. */
#ifndef LIBPARALLEL_DETAIL_PAR_H
#define LIBPARALLEL_DETAIL_PAR_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

#define PARALLEL_PAR_(futures_, n_, ...) parallel_par_futures((futures_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))
#define PARALLEL_THREAD_PAR_(futures_, n_, ...)                                                                        \
    parallel_thread_par_futures((futures_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_PROCESS_PAR_(futures_, n_, ...)                                                                       \
    parallel_process_par_futures((futures_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

/* PARALLEL_END_ at the end of the members makes a call of what follows them. */
#define PARALLEL_FUTURE_(fn_, value_, ...)                                                                             \
    ((parallel_future){                                                                                                \
        .arg = (fn_##__parallel_arg[1 + PARALLEL_IF_ANY_(PARALLEL_BY_NAME_(__VA_ARGS__), 0, __VA_ARGS__)]){value_},    \
        __VA_ARGS__(.function = &fn_##__parallel)})

#endif /* !__cplusplus */

#endif
