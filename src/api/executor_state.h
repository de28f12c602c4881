/* SPDX-License-Identifier: MIT */
/*
 * Executors: calls in the background. What one is, and who may touch what of it.
 *
 * An executor is a job (sched/injector.h) with a call in it. It is *performed* once: by the thread of the pool that
 * takes the job, or by a thread that asks for results while the job still lies in the injector, and takes it back. So a
 * task may wait for an executor that it has made: either somebody else is at it already, or it does the work itself.
 *
 * All is kept under the executor's mutex, but for the call while it is performed, which is the performer's. The state
 * says whose it is:
 *
 *      state          status             the call is                       goes on to
 *      -------------  -----------------  --------------------------------  ------------------------------------------
 *      NEW            NOT_STARTED        nobody's                          SUBMITTED, HERE (start, shut down)
 *      SUBMITTED      STARTED            the pool's thread that takes it   PERFORMED (taken back), DONE, FAILED
 *      HERE           STARTED            nobody's: there is no pool        PERFORMED, SUBMITTED (there is one by now)
 *      PERFORMED      STARTED            a waiting thread's                DONE, FAILED
 *      DONE, FAILED   DONE, FAILED       the executor's, with its results
 *      LOST           FAILED             that of a thread of the parent process, which is not here
 *
 * A child process finds LOST where the parent had a call under way. parallel_cancel(), which may come from a signal
 * handler, touches the call's stop word only.
 *
 * A thread that were cancelled while it waits, or performs the call, would leave the mutex locked, or others waiting:
 * so that is put off (pl_os_cond_wait(), pl_call_run()).
 *
 * The files: executor_state.c has the executor itself, its mutex, and what becomes of it in a child process;
 * executor_notice.c tells who waits elsewhere that the call has ended; executor.c performs the call, and waits for it;
 * executor_next.c waits for tasks one by one, and for one of several calls; async.c makes executors. Each uses those
 * before it.
 */
#ifndef PL_API_EXECUTOR_STATE_H
#define PL_API_EXECUTOR_STATE_H

#include <stdalign.h>
#include <stddef.h>

#include "base/os.h"
#include "call/call.h"
#include "call/handle.h"
#include "sched/injector.h"

typedef enum pl_executor_state {
    PL_EXECUTOR_NEW,
    PL_EXECUTOR_SUBMITTED,
    PL_EXECUTOR_HERE,
    PL_EXECUTOR_PERFORMED,
    PL_EXECUTOR_DONE,
    PL_EXECUTOR_FAILED,
    PL_EXECUTOR_LOST
} pl_executor_state;

/* How far the program's notification is. */
typedef enum pl_notice {
    PL_NOTICE_NONE,    /* there is none, */
    PL_NOTICE_AWAITED, /* or it is to be called at the end, */
    PL_NOTICE_CALLED,  /* or it runs, */
    PL_NOTICE_OVER     /* or it has returned */
} pl_notice;

struct parallel_executor {
    pl_kind kind;
    pl_executor_state state;
    bool never_started; /* it was shut down before */
    unsigned forks;     /* pl_pool_forks() of the process that used it last */
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* it has ended, its notification has returned, or there is a task to be taken */
    pl_pool *pool;          /* to run on, held; NULL if there is none */
    pl_job job;             /* in the pool's injector, or taken from it; if it is SUBMITTED */
    pl_call call;
    pl_os_ambient ambient;    /* what tasks see of the thread that has started it, as if that had made their threads */
    pl_os_mask mask;          /* its signal mask, which tasks have, too, if `has_mask` */
    bool has_mask;            /* it lasts long enough for a task to start something that inherits the mask */
    parallel_future *futures; /* of a par */
    void *arg;                /* of parallel_async(), if it is not small */
    parallel_results *results;
    alignas(max_align_t) unsigned char small_arg[64];

    pl_os_flag flag; /* what the program polls; open once that has been asked for */
    bool is_raised;  /* the flag is */
    pl_notice notice;
    pthread_t notifier; /* the thread that the notification runs on */
    void (*notify)(parallel_executor *ex, void *data);
    void *notify_data;
};

/* An executor without a call. NULL with errno ENOMEM. */
parallel_executor *pl_executor_state_new(void);

/* Frees it with all but its call and its results. errno is left as it was. */
void pl_executor_state_free(parallel_executor *ex);

/* Locks an executor. False with errno if it is none. */
bool pl_executor_state_lock(const parallel_executor *ex);
void pl_executor_state_unlock(const parallel_executor *ex);

/* Whether the calling thread runs a task of the executor, or one that such a task waits for. */
bool pl_executor_state_inside(const parallel_executor *ex);

/* With the lock, whether its call has begun, and has not ended; has ended; and whether the program can take a task
 * (call/ended.h), or knows that there is none left. */
static inline bool pl_executor_state_under_way(const parallel_executor *ex)
{
    return ex->state == PL_EXECUTOR_SUBMITTED || ex->state == PL_EXECUTOR_HERE || ex->state == PL_EXECUTOR_PERFORMED;
}

static inline bool pl_executor_state_ended(const parallel_executor *ex)
{
    return ex->state == PL_EXECUTOR_DONE || ex->state == PL_EXECUTOR_FAILED || ex->state == PL_EXECUTOR_LOST;
}

static inline bool pl_executor_state_ready(const parallel_executor *ex)
{
    return pl_executor_state_ended(ex) || (ex->call.ended && pl_ended_any(ex->call.ended));
}

#endif
