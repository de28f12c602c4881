/* SPDX-License-Identifier: MIT */
/*
 * What worker processes have of a call: its tasks, where all of them can read it.
 *
 * Workers that were forked for the call have the program's own arguments. Others are sent copies; then all pointers here lead into
 * the arena, or to what is part of the program's code and constant data.
 */
#ifndef PL_PROCESS_REMOTE_H
#define PL_PROCESS_REMOTE_H

#include "call/call.h"
#include "executors/process/endpoint.h"

/* Functions, their arguments and results. */
typedef struct pl_remote_task {
    parallel_kernel *kernel; /* one that notes the index, or NULL: */
    parallel_kernel *whole;  /* another, or NULL: */
    int (*call)(const void *arg, void *result, void *extras);
    const void *args;
    void *out;
    void *extras;
    size_t arg_size, result_size;
    bool can_fail;
} pl_remote_task;

typedef struct pl_remote {
    bool separate;            /* each task has an entry of its own; else all are of the one in tasks[0] */
    bool chunks;              /* tasks fail by chunks */
    bool keep_all;            /* a failure does not stop the rest */
    const pl_context *parent; /* the chunk that the call was made in, where the workers have it */
    pl_remote_task tasks[];
} pl_remote;

/* Fills in a function. */
void pl_remote_function(pl_remote_task *task, const parallel_function *f);

/* Runs an assignment, in a worker: what pl_board_work's `run` is. */
void pl_remote_run(pl_endpoint *endpoint, const pl_assignment *assignment);

/* What its `stray` is. */
void pl_remote_orphan(void *room);

/* Where in a slot's room the index is. */
#define PL_REMOTE_INDEX (offsetof(pl_context, span) + offsetof(parallel_span, index))

#endif
