/* SPDX-License-Identifier: MIT */
/*
 * Streams whose items run in worker processes.
 *
 * Who runs a range of items has a *lane*, that of its number as a participant: a worker process of the stream's own,
 * which is forked when the lane has its first range, and stays until the stream is freed. A range is a map of its items
 * on that one worker: arguments and results are copied, a crash or a timeout costs the item that it happens to, and all
 * else that goes for a stream is decided here as it is on threads. The thread waits meanwhile.
 */
#ifndef PL_STREAM_STREAM_APART_H
#define PL_STREAM_STREAM_APART_H

#include "executors/process/group.h"
#include "stream/stream.h"

struct pl_stream_lane {
    pl_group_owner owner; /* of the worker */
    unsigned char *items; /* room for the arguments and results of as many items as it takes at once, more than one;
                             NULL: there is none yet */
};

/* Makes the lanes of a stream, if it is to have some. False: there is no memory. */
bool pl_stream_apart_init(pl_stream *s);

/* Ends the workers. Nothing runs any more. */
void pl_stream_apart_end(pl_stream *s);

/* As pl_stream_run(), for the items in so many slots: those of a range. */
void pl_stream_apart_run(pl_stream *s, pl_context *context, void *const *slots, unsigned count);

/* The same where a stream has lanes; else false. */
static inline bool pl_stream_apart_runs(pl_stream *s, pl_context *context, void *const *slots, unsigned count)
{
    if (s->lanes)
        pl_stream_apart_run(s, context, slots, count);
    return s->lanes;
}

#endif
