/* SPDX-License-Identifier: MIT */
/* In place of the library whose calls those on ranks are: what a call keeps account of, and what a piece comes to. */
#ifndef PL_MODEL_RANKS_CALL_H
#define PL_MODEL_RANKS_CALL_H

#include "executors/mpi/run.h"

enum { RANKS_TASKS = 4, RANKS_COORDINATOR = 0, RANKS_MESSENGER = 1 };

/* A call's tasks, and how often each has ended in which way. */
typedef struct ranks_account {
    pl_call call;
    int args[RANKS_TASKS], results[RANKS_TASKS];
    int well[RANKS_TASKS], failed[RANKS_TASKS], left_out[RANKS_TASKS];
    unsigned attempts;
    pl_retry *retries[RANKS_TASKS];
    size_t waiting; /* of those */
    bool is_woken;  /* whatever its coordinator waits for wakes it up: it need not look */
    bool is_over;
} ranks_account;

extern ranks_account ranks_call;
extern const parallel_function ranks_function; /* of its tasks: a result is ten times the argument */
extern const pl_work_kind ranks_kind;
extern const pl_executor *ranks_executor; /* the one of ranks */
extern const pl_services ranks_services;

#endif
