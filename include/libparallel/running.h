/* SPDX-License-Identifier: MIT */
/* What a task can ask and do while it runs. */
#ifndef LIBPARALLEL_RUNNING_H
#define LIBPARALLEL_RUNNING_H

#include <libparallel/base.h>
#include <libparallel/options.h>

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

/**
 * Inside a task: which participant of its call runs it, from 0, which is the caller of a call on threads, to below
 * parallel_worker_limit() of the call's options. No two tasks that run at the same time in one call have the same: so
 * memory that each of them needs for a while is made once, and needs no lock.
 *
 *     struct scratch *scratch = calloc(parallel_worker_limit(NULL), sizeof *scratch);
 *     ...
 *         struct scratch *mine = &scratch[parallel_worker_index()];     in a task, up to its end
 *
 * In a task that makes a call, and in that call's tasks, it is that of the innermost. On worker processes, it is the
 * worker's number. Of tasks of PARALLEL_SPAWN it says nothing, as these are of no call. Outside of calls: 0.
 */
PARALLEL_API size_t parallel_worker_index(void);

/**
 * How many participants a call from here, with these options (NULL: none), has at most. The options are all that the
 * call has, those of the function's decoration, too. PARALLEL_SERIAL has one. Not below 1.
 */
PARALLEL_API size_t parallel_worker_limit(const parallel_options *options);

PARALLEL_END_DECLS

#endif
