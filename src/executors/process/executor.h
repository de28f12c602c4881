/* SPDX-License-Identifier: MIT */
/* The executor that runs tasks in worker processes. */
#ifndef PL_PROCESS_EXECUTOR_H
#define PL_PROCESS_EXECUTOR_H

#include "call/executor.h"

extern const pl_executor pl_process_executor;

#endif
