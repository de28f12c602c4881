/* SPDX-License-Identifier: MIT */
/* The second halves of the macros of maps and loops: what they call, and with what. Nothing here is for programs to
 * use. */
#ifndef LIBPARALLEL_DETAIL_MAP_H
#define LIBPARALLEL_DETAIL_MAP_H

#ifndef __cplusplus

#include <libparallel/detail/check.h>
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

#define PARALLEL_MAP_RANGE_(fn_, begin_, end_, ...)                                                                    \
    parallel_map_range_function(&fn_##__parallel + PARALLEL_OF_INTEGERS_(fn_, "parallel_map_range"), (begin_), (end_), \
                                PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_MAP_RANGE_INTO_(fn_, begin_, end_, out_, ...)                                                         \
    parallel_map_range_into_function(&fn_##__parallel + PARALLEL_OF_INTEGERS_(fn_, "parallel_map_range_into"),         \
                                     (begin_), (end_), PARALLEL_OUT_(fn_, out_), PARALLEL_OPTIONS_(__VA_ARGS__))

/* 0, and an error at compile time if the function's arguments are no integers. */
#define PARALLEL_OF_INTEGERS_(fn, call)                                                                                \
    PARALLEL_ASSERT_(PARALLEL_IS_INTEGER_(*(fn##__parallel_arg *)0),                                                   \
                     call "(" #fn ", ...): the argument type is not an integer type")
#define PARALLEL_IS_INTEGER_(x)                                                                                        \
    _Generic((x), char : 1, signed char : 1, unsigned char : 1, short : 1, unsigned short : 1, int : 1, unsigned : 1,  \
             long : 1, unsigned long : 1, long long : 1, unsigned long long : 1, default : 0)

#define PARALLEL_FOR_(n_, body_, ctx_, ...)                                                                            \
    parallel_for_function((n_),                                                                                        \
                          PARALLEL_BODY_(body_, void (*)(size_t, size_t, void *),                                      \
                                         "parallel_for(n, body, ctx): the body is to be void body(size_t begin, "      \
                                         "size_t end, void *ctx)"),                                                    \
                          (ctx_), PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
