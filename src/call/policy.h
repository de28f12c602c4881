/* SPDX-License-Identifier: MIT */
/*
 * Calls that are run under a policy: with timeouts, retries, progress, or in the background, where they can be cancelled.
 *
 * There is no watchdog. A task's start and end are read off the clock, and whatever ends too late is late; a task that wants
 * to know asks parallel_cancelled(), which compares the clock with the deadline. Where there is no timeout there is no clock
 * to read, and tasks are run in pieces that last some 50 us, between which the thread looks whether the call is to stop,
 * whether a retry is due, and whether it is time to report progress.
 *
 * What tasks may still start is decided by the stop word (cancel.h) and the call's deadline. A call that keeps all outcomes
 * (`silent`) goes on through what is left when it is stopped, and notes it as not run; another stops its loop.
 *
 * A failed task whose next attempt is to come later waits in a heap, by when it is due (retry.c), and occupies nobody.
 * Whoever works on the call takes what is due before its next piece. If one of the call's workers has run out of work by
 * then, somebody else is to come: an *retry timer*, a job in the pool's injector that is due with the first of them, and that
 * the pool's threads run. The call's own thread waits for the end of all, and runs what is due meanwhile. Never do more than
 * `max_workers` run tasks of a call.
 */
#ifndef PL_CALL_POLICY_H
#define PL_CALL_POLICY_H

#include "call/internal.h"
#include "call/progress.h"
#include "sched/injector.h"
#include "sched/loop.h"

typedef struct pl_call pl_call;
typedef struct pl_retry pl_retry;

/* What goes for one task. */
typedef struct pl_task_policy {
    uint64_t timeout_ns; /* 0: none */
    unsigned attempts;   /* in all */
    double delay;        /* seconds before the second */
} pl_task_policy;

typedef struct pl_policy {
    pl_stop stop;
    pl_task_policy task_policy; /* of all tasks of a map */
    uint64_t began;             /* when the call did, in pl_os_nanoseconds(); 0: not yet */
    uint64_t deadline;          /* when it is late; 0: never */
    bool waits;                 /* tasks may be tried again after a delay */
    unsigned workers;           /* the most that run tasks; if so */
    pthread_mutex_t mutex;
    /* under the mutex */
    bool left_out;           /* some tasks did not run */
    size_t done, failed;     /* tasks, as far as threads have told */
    bool reporting;          /* the callback runs */
    uint64_t reported;       /* when it last ended */
    pl_progress_facts facts; /* what it is told; the reporter's */
    pl_retry **waiting;      /* for their next attempt: a heap, the one that is due first at the top; */
    size_t waiting_count, room;
    unsigned at_work;          /* how many are inside the loop's body, or run what is due; */
    unsigned entering;         /* how many wait to be so, as there is no room; */
    unsigned timers;           /* how many of them, or that are about to, the retry timer has brought */
    bool armed;                /* the retry timer is in the injector, or has been taken out and not been heard yet */
    bool changed;              /* an retry timer's thread has left */
    pl_job timer;              /* in the pool that the call runs on; if that is NULL, there is no retry timer */
    pl_os_ambient ambient;     /* of the call's own thread: what tasks see that the retry timer brings */
    pl_os_mask mask;           /* likewise */
    unsigned long long random; /* for jitter */
} pl_policy;

void pl_policy_init(pl_call *c);
void pl_policy_end(pl_call *c);

/* The call begins now, as far as its timeout is concerned. */
void pl_policy_begin(pl_call *c);

/* The last report of progress. */
void pl_policy_report_end(pl_call *c);

/* Runs all tasks by the loop of `spec`, which lacks the body, and all that is to be tried again. */
void pl_policy_run(pl_call *c, pl_loop_spec *spec);

/* ---- between care.c and retry.c -------------------------------------------------------------------------- */

pl_task_policy pl_policy_of_task(const pl_call *c, size_t i);

/* One thread at work on a call, in the loop's body or on what is due. */
typedef struct pl_call_worker {
    pl_call *call;
    pl_context context;
    bool stop;            /* the call has failed, and is to be left */
    size_t done, failed;  /* tasks, not told yet */
    uint64_t reported_at; /* when it has, in ticks */
    uint64_t now;         /* when the last task ended, in pl_os_nanoseconds(); 0: that is no more than now */
} pl_call_worker;

void pl_call_worker_begin(pl_call_worker *t, pl_call *c);
void pl_call_worker_end(pl_call_worker *t);

/* Adds what this thread has done to the call's account, and reports if it is time to. */
void pl_call_worker_report(pl_call_worker *t);

/* Runs the tasks [begin, end), of which the first has been tried `tried` times before. Returns how far it came: up to
 * `end`, or to a task that was not to be started any more. */
size_t pl_call_worker_attempt(pl_call_worker *t, size_t begin, size_t end, unsigned tried);

/* Why no further task of the call is to start: ECANCELED or ETIMEDOUT; 0: they are. */
int pl_policy_over(const pl_call *c);

/* A task that failed, or several that did at once, [begin, end), as `failure` says of the first. Takes the message. */
void pl_call_worker_note(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end);

/* Before the loop; and when it has ended: waits for what is left, and runs it. */
void pl_retry_begin(pl_call *c, unsigned workers);
void pl_retry_end(pl_call *c);

/* A run in the loop's body begins, and ends. */
void pl_retry_enter(pl_call_worker *t);
void pl_retry_leave(pl_call_worker *t);

/* If a failed task may be tried later, sees to that, and takes the message. */
bool pl_retry_later(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end);

/* Tasks that wait for their next attempt. */
struct pl_retry {
    size_t begin, end;
    uint64_t due;             /* in pl_os_nanoseconds() */
    parallel_failure failure; /* what the last attempt came to, */
    char *message;            /* and what it said */
};

/* For who runs them elsewhere: the first, if it is due, or in any case, the caller's to free with its message; NULL if there
 * is none. And when the next will be due; UINT64_MAX: never. */
pl_retry *pl_retry_next(pl_call *c, bool any);
uint64_t pl_retry_next_due(pl_call *c);

/* Runs what is due now. */
void pl_retry_due(pl_call_worker *t);

#endif
