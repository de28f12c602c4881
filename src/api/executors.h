/* SPDX-License-Identifier: MIT */
/* Which executors there are, by parallel_executor_kind; NULL: not in this program. */
#ifndef PL_API_EXECUTORS_H
#define PL_API_EXECUTORS_H

#include "call/options.h"

extern const pl_executor *pl_executors[PL_EXECUTOR_KINDS];

/* The executor of a library of its own (call/services.h). Before there are calls that ask for it. */
void pl_executors_set_mpi(const pl_executor *executor);

/* What functions of the API ask calls for: the executor that their name demands, and to be waited for, or not. */
#define PL_NOW(kind) (&(const pl_request){.executor = (kind), .what = __func__, .executors = pl_executors})
#define PL_LATER(kind)                                                                                                 \
    (&(const pl_request){.executor = (kind), .background = true, .what = __func__, .executors = pl_executors})

#endif
