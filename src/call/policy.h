/* SPDX-License-Identifier: MIT */
/*
 * What goes for a call beside its work: how long it and its tasks may take, how often they are tried, who is told of
 * progress, and that it is cancelled.
 *
 * Nobody ends a task on threads. Its start and end are read off the clock, and whatever ends too late is late; a task
 * that wants to know asks parallel_cancelled(), which compares the clock with the deadline. Cheap tasks are run in
 * pieces instead, between which nothing is read, and a thread watches for pieces that take long (sched/watch.h).
 *
 * What tasks may still start is decided by the stop word (sched/stop.h) and the call's deadline. A call that keeps all
 * outcomes (`silent`) goes on through what is left when it is stopped, and notes it as not run; another stops its loop.
 *
 * A failed task whose next attempt is to come later waits in a queue, by when it is due, and occupies nobody.
 */
#ifndef PL_CALL_POLICY_H
#define PL_CALL_POLICY_H

#include <pthread.h>

#include "call/progress.h"
#include "call/retry.h"
#include "call/work.h"

/* What goes for one task. */
typedef struct pl_task_policy {
    uint64_t timeout_ns; /* 0: none */
    unsigned attempts;   /* in all */
    double delay;        /* seconds before the second */
} pl_task_policy;

typedef struct pl_policy {
    pl_stop stop;
    pl_trials trials;      /* what the call's options say of tasks */
    pl_task_policy common; /* the same for a task that does not adjust it */
    uint64_t began;        /* when the call did, in pl_os_nanoseconds(); 0: not yet */
    uint64_t deadline;     /* when the call is late; 0: never */
    pl_progress progress;
    pthread_mutex_t mutex;  /* guards what follows */
    pl_retry_queue retries; /* what waits for its next attempt */
    bool left_out;          /* some tasks did not run */
} pl_policy;

void pl_policy_init(pl_policy *policy);
void pl_policy_end(pl_policy *policy);

/* A call of n tasks begins now, as far as its timeout is concerned. */
void pl_policy_begin(pl_policy *policy, const parallel_options *options, size_t n);

/* What goes for task i. */
pl_task_policy pl_policy_of_task(const pl_policy *policy, const pl_work *work, size_t i);

/* Whether the call is cancelled or late: ECANCELED or ETIMEDOUT; else 0. pl_call_over() knows more reasons. */
int pl_policy_over(const pl_policy *policy);

/* Tasks [begin, end) have failed, as `failure` says of the first, and are to be tried again after a delay: takes them
 * down, and the message. False, and nothing is taken, if that would be too late for the call, or there is no memory. */
bool pl_policy_put_off(pl_policy *policy, const pl_work *work, const parallel_failure *failure, char *message,
                       size_t begin, size_t end);

/* What waits for its next attempt, the caller's to free with its message: the first, if it is due; or the first in any
 * case; NULL if there is none. */
pl_retry *pl_policy_take_due(pl_policy *policy);
pl_retry *pl_policy_take_any(pl_policy *policy);

/* When the next will be due, in pl_os_nanoseconds(); UINT64_MAX: never. */
uint64_t pl_policy_next_due(pl_policy *policy);

#endif
