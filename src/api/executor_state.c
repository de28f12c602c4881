/* SPDX-License-Identifier: MIT */
/* Executors themselves: their memory, their mutex, and what becomes of them in a child process. */
#include <errno.h>
#include <stdlib.h>

#include "api/executor_state.h"
#include "base/life.h"
#include "call/failure.h"
#include "sched/pool.h"

static bool init_locks(parallel_executor *ex)
{
    return pthread_mutex_init(&ex->mutex, NULL) == 0 && pl_os_cond_init(&ex->changed);
}

/* Member by member: to clear all of it takes as long as all this, and most of it the call and its start fill in. */
parallel_executor *pl_executor_state_new(void)
{
    parallel_executor *ex = malloc(sizeof *ex);
    if (!ex || !init_locks(ex)) {
        free(ex);
        pl_error_return(ENOMEM);
        return NULL;
    }
    ex->kind = PL_EXECUTOR;
    ex->state = PL_EXECUTOR_NEW;
    ex->never_started = ex->has_mask = ex->is_raised = false;
    ex->forks = pl_pool_forks();
    ex->pool = NULL;
    ex->futures = NULL;
    ex->arg = NULL;
    ex->results = NULL;
    ex->flag = PL_OS_NO_FLAG;
    ex->notice = PL_NOTICE_NONE;
    return ex;
}

void pl_executor_state_free(parallel_executor *ex)
{
    int saved = errno;
    if (ex->pool)
        pl_pool_let_go(ex->pool);
    pl_os_flag_close(&ex->flag);
    pthread_cond_destroy(&ex->changed);
    pthread_mutex_destroy(&ex->mutex);
    free(ex->futures);
    free(ex->arg);
    free(ex);
    errno = saved;
}

/* ---- in a child process ------------------------------------------------------------------------------------ */

static pthread_mutex_t adopting = PTHREAD_MUTEX_INITIALIZER;

static void after_fork_in_child(void)
{
    pthread_mutex_init(&adopting, NULL); /* the child of a child: another thread may have held it */
}

PL_LIFE(PL_LIFE_CALLS, .in_child = after_fork_in_child);

/* The flag that the parent polls becomes one of this process's own. The notification of a call that is lost was to tell
 * the parent; and where it ran, it does so there. */
static void adopt_notice(parallel_executor *ex)
{
    if (ex->flag.fd >= 0) {
        ex->is_raised = pl_os_flag_renew(&ex->flag) && pl_executor_state_ready(ex);
        if (ex->is_raised)
            pl_os_flag_raise(&ex->flag);
    }
    if (ex->notice == PL_NOTICE_CALLED)
        ex->notice = PL_NOTICE_OVER;
    if (ex->notice == PL_NOTICE_AWAITED && ex->state == PL_EXECUTOR_LOST)
        ex->notice = PL_NOTICE_NONE;
}

/* Before anything else: the parent's locks are not to be waited for, nor its threads, and what it held is not held
 * here. */
static void adopt_executor(parallel_executor *ex)
{
    int saved = errno;
    pthread_mutex_lock(&adopting);
    if (ex->forks != pl_pool_forks() && init_locks(ex)) {
        ex->pool = ex->call.pool = NULL;
        if (pl_executor_state_under_way(ex))
            ex->state = PL_EXECUTOR_LOST;
        adopt_notice(ex);
        ex->forks = pl_pool_forks();
    }
    pthread_mutex_unlock(&adopting);
    errno = saved;
}

/* ---- locking ----------------------------------------------------------------------------------------------- */

bool pl_executor_state_lock(const parallel_executor *executor)
{
    parallel_executor *ex = (parallel_executor *)executor;
    if (!ex || ex->kind != PL_EXECUTOR)
        return pl_error_deny(EINVAL, ex ? "that is no executor, or one that has been freed" : "the executor is NULL");
    if (ex->forks != pl_pool_forks())
        adopt_executor(ex);
    pthread_mutex_lock(&ex->mutex);
    return true;
}

void pl_executor_state_unlock(const parallel_executor *ex)
{
    pthread_mutex_unlock((pthread_mutex_t *)&ex->mutex);
}

bool pl_executor_state_inside(const parallel_executor *ex)
{
    for (const pl_context *context = pl_context_thread.context; context; context = context->parent)
        if (context->call == &ex->call)
            return true;
    return false;
}
