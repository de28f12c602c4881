/* SPDX-License-Identifier: MIT */
/* parallel_stream_map(): a stream whose ends are functions. */
#ifndef PL_STREAM_STREAM_MAP_H
#define PL_STREAM_STREAM_MAP_H

#include "call/options.h"
#include "sched/pool.h"
#include "sched/trace.h"
#include "stream/stream_map_alone.h"

/* Runs f on each item that source gives, and gives it to sink. 0; or -1 with errno. */
int pl_stream_map_run(const parallel_function *f, int (*source)(void *arg, void *data),
                      int (*sink)(const parallel_item *item, void *data), void *data, const parallel_options *options,
                      const pl_request *request);

/* ---- the same in parts ----------------------------------------------------------------------------------- */

typedef struct pl_stream_call {
    pl_stream_map map; /* its ends are set before the call begins */
    pl_stream_map_alone alone;
    bool is_alone; /* the caller works alone from now on */
    pl_attachment attachment;
    pl_trace_call trace;
    int cancelling;               /* for pl_os_cancel_restore() */
    struct pl_stream_call *outer; /* the thread's other one that has batches */
} pl_stream_call;

/* Begins a call, on the pool that it is for. False with errno, and nothing is to be ended. */
bool pl_stream_map_begin(pl_stream_call *c, const parallel_function *f, const parallel_options *options,
                         const pl_request *request);

/* Runs items, until some are the program's to run (true), or there are no more. */
bool pl_stream_map_go_on(pl_stream_call *c);

/* 0; or -1 with errno. */
int pl_stream_map_end(pl_stream_call *c);

#endif
