/* SPDX-License-Identifier: MIT */
/* Executors that run tasks in the program itself: on the caller and the threads of a pool, or on the caller alone. */
#ifndef PL_EXECUTORS_THREADS_H
#define PL_EXECUTORS_THREADS_H

#include "call/executor.h"

extern const pl_executor pl_threads_executor, pl_threads_serial_executor;

#endif
