/* SPDX-License-Identifier: MIT */
/*
 * Executors: where the tasks of a call run.
 *
 * An executor is one constant of this type. The API's table has one for each parallel_executor_kind (api/executors.c),
 * and hands it to calls: nothing else knows which there are. CONTRIBUTING.md shows a whole one, of one file.
 */
#ifndef PL_CALL_EXECUTOR_H
#define PL_CALL_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>

#include <parallel.h>

#include "call/memory.h"

struct pl_call;

typedef struct pl_executor {
    const char *name;

    /* What the results of its calls lie in; NULL: the program's own memory. */
    const pl_memory *memory;

    /* Calls run on the thread that makes them, even those in the background. */
    bool is_here;

    /* It runs calls under a policy (policy.h) only, which is to be set up then. */
    bool needs_policy;

    /* Whether it can run a call whose options and work are known: false with errno EINVAL or ENOTSUP, and a sentence.
     * NULL: any. */
    bool (*check)(const struct pl_call *c);

    /* Runs all tasks, or notes why they are not run (failures.h, pl_call.error). Results of maps go to `out`, which may
     * be NULL. When it returns, nobody touches the call any more. */
    void (*run)(struct pl_call *c, void *out);
} pl_executor;

enum { PL_EXECUTOR_KINDS = PARALLEL_MPI + 1 };

#endif
