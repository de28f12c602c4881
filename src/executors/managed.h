/* SPDX-License-Identifier: MIT */
/*
 * Calls on threads that are under a policy (call/policy.h).
 *
 * Tasks are run in pieces that last some 50 us, between which the thread looks whether the call is to stop, whether a
 * retry is due, and whether it is time to report progress. Where tasks have a time limit, such pieces are watched
 * (sched/watch.h); or, where that cannot be, they are run one by one.
 *
 * A failed task whose next attempt is to come later waits in the policy's queue. Whoever works on the call takes what
 * is due before its next piece. If one of the call's workers has run out of work by then, somebody else is to come: a
 * *retry timer*, a job in the pool's injector that is due with the first of them, and that the pool's threads run. The
 * call's own thread waits for the end of all, and runs what is due meanwhile. Never do more than `max_workers` run
 * tasks of a call.
 */
#ifndef PL_EXECUTORS_MANAGED_H
#define PL_EXECUTORS_MANAGED_H

#include "call/call_worker.h"
#include "sched/injector.h"
#include "sched/loop.h"

/* What the threads that work on such a call share, on the stack of the call's own. */
typedef struct pl_managed {
    pl_call *call;
    const pl_cost *cost;   /* of a task */
    bool waits;            /* tasks may be tried again after a delay: else there is nothing more to know */
    unsigned workers;      /* the most that run tasks */
    pl_os_ambient ambient; /* what tasks see of the call's own thread */
    pl_os_mask mask;       /* its signal mask, which tasks have, too */
    /* under the policy's mutex */
    unsigned at_work;  /* threads inside the loop's body, or at something that is due */
    unsigned entering; /* threads that wait to be so, as there is no room */
    unsigned timers;   /* threads that the timer has brought, whether at work, or about to be, or leaving */
    bool armed;        /* the timer is in the injector, or has been taken out, and its thread has not got here yet */
    bool changed;      /* a thread that the timer has brought has left */
    pl_job timer;      /* in the pool that the call runs on; if that is NULL, there is no timer */
    uint64_t taken[(PL_SLEEP_MAX + 63) / 64]; /* numbers of participants that are at work */
} pl_managed;

/* Runs all tasks by the loop of `spec`, which lacks the body, and all that is to be tried again. */
void pl_managed_run(pl_call *c, pl_loop_spec *spec);

/* ---- between managed.c and retry_timer.c ----------------------------------------------------------------- */

/* Before the loop; and when it has ended: waits for what is left, and runs it. */
void pl_retry_timer_begin(pl_managed *m, unsigned workers);
void pl_retry_timer_end(pl_managed *m);

/* A thread begins to run tasks in the loop's body, as this participant of it; and ends. */
void pl_retry_timer_enter(pl_managed *m, pl_call_worker *t, unsigned participant);
void pl_retry_timer_leave(pl_managed *m, pl_call_worker *t);

/* Runs what is due now. */
void pl_retry_timer_run_due(pl_managed *m, pl_call_worker *t);

#endif
