/* SPDX-License-Identifier: MIT */
/* Performing an executor's call, and waiting for it: for other files that wait. All with the executor's lock. */
#ifndef PL_API_EXECUTOR_H
#define PL_API_EXECUTOR_H

#include "api/executor_state.h"

/* How often a thread that waits for an executor which nobody has come for reminds the pool of it: there may be threads
 * to be had by now. */
#define PL_EXECUTOR_REMIND_NS UINT64_C(100000000)

/* Starts an executor that nobody else knows yet; without the lock. */
void pl_executor_start_new(parallel_executor *ex);

/* Performs the call on this thread, if nobody has come for it yet; if that is in a task, the task waits for the call as
 * for any that it makes. The lock is let go meanwhile. */
void pl_executor_perform(parallel_executor *ex);

/* Sees to it that somebody comes for it, if there was nobody before. */
void pl_executor_remind(parallel_executor *ex);

/* When so many seconds are over, in pl_os_nanoseconds(); 0: never, of negative ones. */
uint64_t pl_executor_deadline(double seconds);

/* Waits until is_over(ex), which changes with `changed`; or until the time has come, 0: never. False if the time
 * came. The lock is let go meanwhile. */
bool pl_executor_await(parallel_executor *ex, uint64_t until, bool (*is_over)(const parallel_executor *ex));

#endif
