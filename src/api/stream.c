/* SPDX-License-Identifier: MIT */
/* Streams. */
#include "api/executors.h"
#include "stream/stream_map.h"
#include "stream/stream_open.h"

int parallel_stream_map_function(const parallel_function *f, parallel_source *source, parallel_sink *sink, void *data,
                                 const parallel_options *options)
{
    return pl_stream_map_run(f, source, sink, data, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

parallel_stream *parallel_stream_open_function(const parallel_function *f, const parallel_options *options)
{
    return pl_stream_open_new(f, options, PL_LATER(PARALLEL_DEFAULT_EXECUTOR));
}
