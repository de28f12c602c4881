/* SPDX-License-Identifier: MIT */
/* Telling who waits elsewhere that a call has ended, or one of its tasks; executor_notice.h says how. */
#include <errno.h>

#include "api/executor_notice.h"
#include "base/unwind.h"
#include "call/failure.h"

/* What all sleep under who wait for one of several. */
static const char several;

/* ---- the flag ---------------------------------------------------------------------------------------------- */

/* With the lock. */
static void set_flag(parallel_executor *ex)
{
    bool raised = pl_executor_state_ready(ex);
    if (ex->flag.fd < 0 || ex->is_raised == raised)
        return;
    ex->is_raised = raised;
    if (raised)
        pl_os_flag_raise(&ex->flag);
    else
        pl_os_flag_lower(&ex->flag);
}

int parallel_executor_fd(parallel_executor *ex)
{
    if (!pl_executor_state_lock(ex))
        return -1;
    int code = ex->flag.fd < 0 ? pl_os_flag_open(&ex->flag) : 0;
    set_flag(ex);
    int fd = ex->flag.fd;
    pl_executor_state_unlock(ex);
    return code ? pl_error_return(code) : fd;
}

/* ---- the notification -------------------------------------------------------------------------------------- */

/* Calls it. With the lock, which it lets go meanwhile. If the thread were cancelled, others would wait for ever. */
PL_NOT_INLINED static void call_notice(parallel_executor *ex)
{
    void (*notify)(parallel_executor *, void *) = ex->notify;
    void *data = ex->notify_data;
    int saved = errno, cancelling = pl_os_cancel_defer();
    pl_put_aside aside;
    ex->notice = PL_NOTICE_CALLED;
    ex->notifier = pthread_self();
    pl_executor_state_unlock(ex);
    pl_failure_put_aside(&aside);
    PL_UNWIND_BARRIER();
    notify(ex, data);
    pl_failure_put_back(&aside);
    pl_executor_state_lock(ex);
    ex->notice = PL_NOTICE_OVER;
    pthread_cond_broadcast(&ex->changed);
    pl_os_cancel_restore(cancelling);
    errno = saved;
}

bool pl_executor_notice_inside(const parallel_executor *ex)
{
    return ex->notice == PL_NOTICE_CALLED && pthread_equal(ex->notifier, pthread_self());
}

void pl_executor_notice_await(parallel_executor *ex)
{
    while (ex->notice == PL_NOTICE_CALLED)
        pl_os_cond_wait(&ex->changed, &ex->mutex, pl_os_nanoseconds() + UINT64_C(1000000000));
}

int parallel_executor_notify(parallel_executor *ex, void (*notify)(parallel_executor *ex, void *data), void *data)
{
    if (!pl_executor_state_lock(ex))
        return -1;
    int code = ex->notice == PL_NOTICE_CALLED || ex->notice == PL_NOTICE_OVER ? EALREADY : 0;
    if (!code) {
        ex->notify = notify;
        ex->notify_data = data;
        ex->notice = notify ? PL_NOTICE_AWAITED : PL_NOTICE_NONE;
        if (notify && pl_executor_state_ended(ex))
            call_notice(ex);
    }
    pl_executor_state_unlock(ex);
    return code ? pl_error_refuse(code, "another function has been called already, or is being called") : 0;
}

/* ---- all of them ------------------------------------------------------------------------------------------- */

void pl_executor_notice_end(parallel_executor *ex)
{
    pthread_cond_broadcast(&ex->changed);
    set_flag(ex);
    pl_stop_notify(&several);
    if (ex->notice == PL_NOTICE_AWAITED)
        call_notice(ex);
}

void pl_executor_notice_more(parallel_executor *ex)
{
    pthread_cond_broadcast(&ex->changed);
    set_flag(ex);
}

void pl_executor_notice_taken(parallel_executor *ex)
{
    set_flag(ex);
}

void pl_executor_notice_sleep(uint64_t until, bool (*give_up)(void *context), void *context)
{
    int cancelling = pl_os_cancel_defer();
    pl_stop_sleep(&several, until, give_up, context);
    pl_os_cancel_restore(cancelling);
}
