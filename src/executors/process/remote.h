/* SPDX-License-Identifier: MIT */
/*
 * What worker processes have of a call: its tasks, where all of them can read it.
 *
 * Workers that were forked for the call have the program's own arguments. Kept workers are sent copies; then all
 * pointers here lead into the arena, or to the program's code and constant data.
 */
#ifndef PL_PROCESS_REMOTE_H
#define PL_PROCESS_REMOTE_H

#include "call/call.h"
#include "executors/process/endpoint.h"

/* A function, its arguments and results. */
typedef struct pl_remote_task {
    /* The first of these that is not NULL runs tasks. */
    parallel_kernel *kernel;                                  /* notes the index itself */
    parallel_kernel *whole;                                   /* does not */
    int (*call)(const void *arg, void *result, void *extras); /* is for one task */

    const void *args;
    void *out; /* NULL: it has no results, or they are not wanted */
    void *extras;
    size_t arg_size, result_size;
    bool can_fail;
} pl_remote_task;

typedef struct pl_remote {
    bool separate;              /* each task has an element of `tasks`; else all are of tasks[0] */
    bool chunks;                /* tasks fail by chunks */
    bool keep_all;              /* a failure does not stop the others */
    unsigned first_participant; /* the number of the first worker */
    const pl_context *parent;   /* the context that the call was made in, where the workers have it */
    pl_remote_task tasks[];
} pl_remote;

/* Sets what a function runs. */
void pl_remote_function(pl_remote_task *task, const parallel_function *f);

/* Runs an assignment, in a worker: the `run` of pl_board_work. */
void pl_remote_run(pl_endpoint *endpoint, const pl_assignment *assignment);

/* Its `orphan`. */
void pl_remote_orphan(void *room);

/* Where in a slot's room the index is. */
#define PL_REMOTE_INDEX (offsetof(pl_context, span) + offsetof(parallel_span, index))

#endif
