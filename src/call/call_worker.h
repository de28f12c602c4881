/* SPDX-License-Identifier: MIT */
/* One thread at work on a call that is under a policy. */
#ifndef PL_CALL_CALL_WORKER_H
#define PL_CALL_CALL_WORKER_H

#include "call/call.h"

typedef struct pl_call_worker {
    pl_call *call;
    pl_context context;
    bool stop;      /* the call has failed, and is to be left */
    unsigned piece; /* the class (sched/watch.h) of pieces of tasks with a time limit; 0: they are run one by one */
    size_t done, failed; /* tasks that it has not reported yet */
    uint64_t reported;   /* when it last reported, in ticks */
    uint64_t now;        /* when its last task ended, in pl_os_nanoseconds(); 0: that is no more than now */
} pl_call_worker;

/* What class the pieces (sched/watch.h) have in which the call's tasks are run, if they have a time limit. 0: they have
 * none, or are run one by one. */
unsigned pl_call_worker_piece_class(const pl_call *c);

void pl_call_worker_begin(pl_call_worker *t, pl_call *c, unsigned participant);
void pl_call_worker_end(pl_call_worker *t);

/* Adds what this thread has done to the call's progress. */
void pl_call_worker_report(pl_call_worker *t);

/* Runs the tasks [begin, end), of which the first has been tried `tried` times before, and again at once what is to be
 * tried again so. Returns how far it came: up to `end`, or to a task that was not to be started any more. */
size_t pl_call_worker_run(pl_call_worker *t, size_t begin, size_t end, unsigned tried);

/* Runs the tasks [begin, end) one by one on the calling thread, as the first worker. Those that are left when the call
 * is over are left out. */
void pl_call_worker_run_here(pl_call *c, size_t begin, size_t end);

/* Runs what waited for its next attempt, which has come. Takes the retry. */
void pl_call_worker_retry(pl_call_worker *t, pl_retry *r);

/* Its next attempt is not to be made: the last one counts. Takes the retry. */
void pl_call_worker_give_up(pl_call_worker *t, pl_retry *r);

/* Tasks [begin, end) have ended badly, as `failure` says of the first. Takes the message. */
void pl_call_worker_note(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end);

/* The same for tasks that have been run, and count as done. */
void pl_call_worker_fail(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end);

/* The same, unless they can be tried again after their delay. */
void pl_call_worker_put_off(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin,
                            size_t end);

/* Tasks [begin, end) are not run, for that error code. */
void pl_call_worker_leave_out(pl_call_worker *t, int why, size_t begin, size_t end);

/* All tasks of a call have ended: its callback is told of that, if it has one. */
void pl_call_worker_end_progress(pl_call *c);

#endif
