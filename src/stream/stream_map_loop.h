/* SPDX-License-Identifier: MIT */
/* parallel_stream_map() whose loop is compiled into the program, as libparallel/detail/stream_loop.h says. */
#ifndef PL_STREAM_STREAM_MAP_LOOP_H
#define PL_STREAM_STREAM_MAP_LOOP_H

#include "call/options.h"

/* Begins a call. True: there is a batch to be run; false: the call has ended, as the batch says. */
bool pl_stream_map_loop_begin(parallel_stream_batch *batch, const parallel_function *f,
                              int (*source)(void *arg, void *data), int (*sink)(const parallel_item *item, void *data),
                              void *data, const parallel_options *options, const pl_request *request);

/* The same when a batch has been run. */
bool pl_stream_map_loop_next(parallel_stream_batch *batch);

#endif
