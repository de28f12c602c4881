/* SPDX-License-Identifier: MIT */
/* Streams. */
#include "api/executors.h"
#include "stream/stream_map.h"
#include "stream/stream_map_loop.h"
#include "stream/stream_open.h"

int parallel_stream_map_function(const parallel_function *f, parallel_source *source, parallel_sink *sink, void *data,
                                 const parallel_options *options)
{
    return pl_stream_map_run(f, source, sink, data, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

bool parallel_stream_loop_begin(parallel_stream_batch *batch, const parallel_function *f, parallel_source *source,
                                parallel_sink *sink, void *data, const parallel_options *options)
{
    static const pl_request as_function = {.what = "parallel_stream_map_function", .executors = pl_executors};
    return pl_stream_map_loop_begin(batch, f, source, sink, data, options, &as_function);
}

bool parallel_stream_loop_next(parallel_stream_batch *batch)
{
    return pl_stream_map_loop_next(batch);
}

parallel_stream *parallel_stream_open_function(const parallel_function *f, const parallel_options *options)
{
    return pl_stream_open_new(f, options, PL_LATER(PARALLEL_DEFAULT_EXECUTOR));
}
