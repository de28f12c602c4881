/* SPDX-License-Identifier: MIT */
/*
 * Telling who waits elsewhere, as an event loop does: by a flag that is polled, by a call of the program's function,
 * and by waking threads that wait for one of several executors.
 *
 * NOTHING IS LOST, AND NOTHING COMES TOO EARLY. Whoever ends the call sets the state and looks for a flag and for a
 * notification; parallel_executor_fd() and parallel_executor_notify() put them there and look at the state; each in one
 * critical section of the executor's mutex. Of two such sections, one comes first: if it is the end, the other finds
 * that the call has ended, and raises the flag, or calls the function, itself; else the end finds the flag, or the
 * function. The flag is raised behind the state in the same section, so whoever sees it raised and then locks finds
 * the state.
 *
 * A notification runs without the mutex. It is AWAITED, then CALLED while it runs, then OVER: only the thread that has
 * moved it from AWAITED, or from NONE after the end, to CALLED runs it, and each step is taken with the mutex; so it
 * runs once. parallel_executor_free() waits for the last step, so the executor outlives it.
 *
 * Threads that wait for one of several sleep by pl_stop_sleep() under one root, and look at the states, each under its
 * mutex: stop.h has the proof, with "the state says that the call has ended" for a stop word that is raised (m1 in the
 * executor's mutex, before m2; n3 in it, after n2).
 */
#ifndef PL_API_EXECUTOR_NOTICE_H
#define PL_API_EXECUTOR_NOTICE_H

#include "api/executor_state.h"

/* With the lock: the call has just ended. Returns locked; in between the lock is not held while the notification
 * runs. */
void pl_executor_notice_end(parallel_executor *ex);

/* With the lock: there is a task to be taken; and one has been taken. */
void pl_executor_notice_more(parallel_executor *ex);
void pl_executor_notice_taken(parallel_executor *ex);

/* With the lock: whether this thread is in the notification; waits until that has returned. */
bool pl_executor_notice_inside(const parallel_executor *ex);
void pl_executor_notice_await(parallel_executor *ex);

/* Sleeps until `until`, in pl_os_nanoseconds(), or until give_up(context) is true, which is asked again whenever a call
 * has ended. */
void pl_executor_notice_sleep(uint64_t until, bool (*give_up)(void *context), void *context);

#endif
