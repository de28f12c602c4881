/* SPDX-License-Identifier: MIT */
/* Objects that the library hands out: what each begins with. */
#ifndef PL_CALL_HANDLE_H
#define PL_CALL_HANDLE_H

#include <stdint.h>

#include "sched/pool.h"

/* What an object is, by its first word: so parallel_scoped_cleanup() ends any, and what is none is refused. */
typedef enum pl_kind {
    PL_RESULTS = 0x504c5253,
    PL_OWN_POOL = 0x504c504f,
    PL_EXECUTOR = 0x504c4558,
    PL_STREAM = 0x504c5354
} pl_kind;

/* The owner of worker processes that is the program. */
#define PL_PROGRAM_GROUPS 0

/* What a parallel_pool begins with: what calls take from it when they begin. */
typedef struct pl_pool_handle {
    pl_kind kind;
    pl_pool *pool;   /* the scheduler's */
    uint64_t groups; /* the owner of the worker processes that its calls use (executors/process/group.h) */
} pl_pool_handle;

#endif
