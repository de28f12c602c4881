/* SPDX-License-Identifier: MIT */
/* What a task can ask and do while it runs. */
#ifndef LIBPARALLEL_RUNNING_H
#define LIBPARALLEL_RUNNING_H

#include <libparallel/base.h>

PARALLEL_BEGIN_DECLS

/**
 * Inside a task: whether it should give up, as its result will not be used, or its time is over. That is after
 * parallel_cancel() of its executor, past its `timeout`, past the `call_timeout`, and once another task's failure has
 * made the call fail. Also if any of this has happened to a task that waits for the call which this one belongs to,
 * unless that is an executor's that others work on.
 *
 * Some nanoseconds, and one reading of the clock where there is a timeout: made for polling.
 *
 *     for (size_t i = 0; i < rounds && !parallel_cancelled(); i++)
 *         ...
 *
 * Outside of all tasks, and in what other threads run for a task (those of its own, and what it spawns with
 * PARALLEL_SPAWN), it is false.
 */
PARALLEL_API bool parallel_cancelled(void);

/**
 * Sleeps; inside a task, no longer than until parallel_cancelled() is true. Equals nanosleep() otherwise, but goes on
 * after signal handlers, and is no cancellation point.
 *
 * @param seconds none, if not above 0
 * @return 0; or -1 with errno
 *         - ETIMEDOUT: past a timeout
 *         - ECANCELED: parallel_cancelled() for another reason
 *         - EINVAL: seconds is NaN
 */
PARALLEL_API int parallel_sleep(double seconds);

PARALLEL_END_DECLS

#endif
