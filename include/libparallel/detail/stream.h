/* SPDX-License-Identifier: MIT */
/* The second halves of parallel_stream_map() and parallel_stream_open(). Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_STREAM_H
#define LIBPARALLEL_DETAIL_STREAM_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

#define PARALLEL_STREAM_MAP_(fn_, source_, sink_, data_, ...)                                                          \
    fn_##__parallel_stream(PARALLEL_SOURCE_(fn_, source_), PARALLEL_SINK_(sink_), (data_),                             \
                           PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_STREAM_OPEN_(fn_, ...) parallel_stream_open_function(&fn_##__parallel, PARALLEL_OPTIONS_(__VA_ARGS__))

/* A source of arguments of that type, or of pointers to void, as one of pointers to void; else an error at compile
 * time. */
#define PARALLEL_SOURCE_(fn, source)                                                                                   \
    ((parallel_source *)(void (*)(void))_Generic((source), int (*)(fn##__parallel_arg *, void *)                       \
                                                 : (source), int (*)(void *, void *)                                   \
                                                 : (source), void *                                                    \
                                                 : (parallel_source *)0))

/* A sink; any other function is an error, which for compilers of C is a warning otherwise. */
#define PARALLEL_SINK_(sink)                                                                                           \
    _Generic((sink), int (*)(const parallel_item *, void *) : (sink), void * : (parallel_sink *)0)

#endif /* !__cplusplus */

#endif
