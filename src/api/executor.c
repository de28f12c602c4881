/* SPDX-License-Identifier: MIT */
/* Executors: performing their calls, and waiting for them. executor_state.h says what an executor is. */
#include "api/executor.h"

#include <errno.h>
#include <math.h>

#include "api/executor_notice.h"
#include "call/failure.h"
#include "sched/pool.h"
#include "sched/trace.h"

/* How long a thread that waits stays awake at first, and how often it pauses between two looks. */
enum { AWAKE_US = 3, PAUSES = 8 };

/* What is expected to cost no more leaves signal masks alone, as short loops do. */
#define MASKED_US 100

/* ---- performing ------------------------------------------------------------------------------------------ */

/* Runs the call; on a thread of the pool `driver`, or, if that is NULL, on one of the program. Comes unlocked, and
 * returns locked: once the lock is let go, nothing of the executor is to be touched by who does not hold it. */
static void perform_call(parallel_executor *ex, pl_pool *driver)
{
    pl_put_aside aside;
    pl_os_ambient before;
    pl_worker *w = driver && ex->has_mask ? pl_worker_known() : NULL;
    const pl_os_mask *mask = w ? pl_worker_set_mask(w, &ex->mask) : NULL;
    pl_os_ambient_enter(&ex->ambient, &before);
    pl_failure_put_aside(&aside);
    uint64_t start = pl_trace_is_on() ? pl_ticks() : 0;
    parallel_results *r = pl_call_results(&ex->call);
    if (start && pl_trace_is_on())
        pl_trace_record(PL_TRACE_JOB, 0, start, pl_ticks(), ex->call.work.n, 0, 0);
    if (r)
        pl_results_keep(r);
    pl_failure_put_back(&aside);
    pl_os_ambient_leave(&before);
    if (w)
        pl_worker_set_mask(w, mask);
    if (driver)
        pl_injector_end(driver);
    pthread_mutex_lock(&ex->mutex);
    ex->results = r;
    ex->state = r ? PL_EXECUTOR_DONE : PL_EXECUTOR_FAILED;
    pl_executor_notice_end(ex);
}

static void run_job(pl_job *job)
{
    parallel_executor *ex = (parallel_executor *)((unsigned char *)job - offsetof(parallel_executor, job));
    perform_call(ex, job->pool);
    pl_executor_state_unlock(ex);
}

void pl_executor_perform(parallel_executor *ex)
{
    if (ex->state != PL_EXECUTOR_HERE && !(ex->state == PL_EXECUTOR_SUBMITTED && pl_injector_withdraw(&ex->job)))
        return;
    ex->state = PL_EXECUTOR_PERFORMED;
    ex->call.parent = pl_context_thread.context;
    pl_executor_state_unlock(ex);
    perform_call(ex, NULL);
}

uint64_t pl_executor_deadline(double seconds)
{
    return seconds >= 0 && seconds < 1e9 ? pl_os_nanoseconds() + (uint64_t)(seconds * 1e9) : 0;
}

/* Stays awake for a moment: what is short ends before this thread would be asleep, and be woken. */
static void await_briefly(parallel_executor *ex, bool (*is_over)(const parallel_executor *ex))
{
    uint64_t start = pl_ticks(), most = AWAKE_US * pl_os_ticks_per_us();
    while (!is_over(ex) && pl_ticks() - start < most) {
        pl_executor_state_unlock(ex);
        for (int i = 0; i < PAUSES; i++)
            pl_pause();
        pl_executor_state_lock(ex);
    }
}

bool pl_executor_await(parallel_executor *ex, uint64_t until, bool (*is_over)(const parallel_executor *ex))
{
    if (!is_over(ex) && pl_pool_cores() > 1)
        await_briefly(ex, is_over);
    while (!is_over(ex)) {
        uint64_t now = pl_os_nanoseconds(), wake = now + PL_EXECUTOR_REMIND_NS;
        if (until && now >= until)
            return false;
        wake = until && until < wake ? until : wake;
        pl_os_cond_wait(&ex->changed, &ex->mutex, wake);
        if (pl_os_nanoseconds() < wake || ex->state != PL_EXECUTOR_SUBMITTED)
            continue;
        if (until)
            pl_injector_remind(&ex->job);
        else
            pl_executor_perform(ex); /* there seem to be no threads to be had */
    }
    return true;
}

static bool is_at_rest(const parallel_executor *ex)
{
    return !pl_executor_state_under_way(ex);
}

/* ---- what users call ------------------------------------------------------------------------------------- */

/* Has the pool's threads perform the call, from `now` on; where there is no pool, the job lies here until somebody
 * waits for it, or there is one. With the lock held, or unknown to others: then nothing of it is touched any more once
 * it is in the injector. */
static void submit_job(parallel_executor *ex, uint64_t now)
{
    if (!ex->pool) /* there was none, or this is a child process */
        ex->pool = ex->call.pool = pl_pool_hold_here();
    ex->state = ex->pool ? PL_EXECUTOR_SUBMITTED : PL_EXECUTOR_HERE;
    ex->job = (pl_job){.run = run_job, .pool = ex->pool};
    if (ex->pool)
        pl_injector_submit_at(&ex->job, now);
}

void pl_executor_remind(parallel_executor *ex)
{
    if (ex->state == PL_EXECUTOR_SUBMITTED)
        pl_injector_remind(&ex->job);
    else if (ex->state == PL_EXECUTOR_HERE)
        submit_job(ex, pl_os_nanoseconds());
}

/* What the tasks see of the thread that starts it. */
static void note_starter(parallel_executor *ex)
{
    const pl_worker *w = pl_worker_known();
    pl_os_ambient_get(&ex->ambient);
    ex->ambient.locale = pl_os_program_locale(); /* the starter's may not live so long */
    uint64_t guess = pl_cost_guess(pl_call_cost(&ex->call, PL_CALL_UNDER_POLICY), ex->call.work.n);
    ex->has_mask = guess > MASKED_US * pl_os_ticks_per_us();
    if (!ex->has_mask)
        return;
    if (w)
        pl_worker_mask_of(w, &ex->mask);
    else
        pl_os_mask_get(&ex->mask);
}

/* A call that runs where it is started. With the lock held. */
static void start_here(parallel_executor *ex)
{
    ex->state = PL_EXECUTOR_HERE;
    pl_executor_perform(ex);
}

/* The beginning of a start, which others do not see yet. */
static void begin_start(parallel_executor *ex)
{
    note_starter(ex);
    pl_policy_begin(&ex->call.policy, &ex->call.options, ex->call.work.n);
}

void pl_executor_start_new(parallel_executor *ex)
{
    begin_start(ex);
    if (!ex->call.executor->is_here) {
        submit_job(ex, ex->call.policy.began);
        return;
    }
    pl_executor_state_lock(ex);
    start_here(ex);
    pl_executor_state_unlock(ex);
}

/* With the lock held. Returns 0, or an error code. */
static int start_executor(parallel_executor *ex)
{
    if (ex->state != PL_EXECUTOR_NEW)
        return ex->never_started ? ECANCELED : EALREADY;
    begin_start(ex);
    if (ex->call.executor->is_here)
        start_here(ex);
    else
        submit_job(ex, ex->call.policy.began);
    return 0;
}

/* What a call on an executor gives that cannot be done: -1, with errno and a sentence. */
static int fail_with(int code)
{
    switch (code) {
    case EINVAL:
        return pl_error_refuse(code, "the executor has not been started: it is deferred");
    case EALREADY:
        return pl_error_refuse(code, "the executor has been started before");
    case ECANCELED:
        return pl_error_refuse(code, "the executor has been shut down");
    default:
        return pl_error_return(code);
    }
}

int parallel_executor_start(parallel_executor *ex)
{
    if (!pl_executor_state_lock(ex))
        return -1;
    int code = start_executor(ex);
    pl_executor_state_unlock(ex);
    return code ? fail_with(code) : 0;
}

/* Why there are no results, as the calling thread's errno and last failure. With the lock held. */
static parallel_results *no_results(parallel_executor *ex)
{
    if (ex->state == PL_EXECUTOR_LOST)
        pl_error_return(ECHILD);
    else
        pl_call_tell(&ex->call);
    int code = errno;
    pl_executor_state_unlock(ex);
    errno = code;
    return NULL;
}

parallel_results *parallel_executor_results(parallel_executor *ex)
{
    pl_failure_clear_last();
    if (!pl_executor_state_lock(ex))
        return NULL;
    int code = ex->state == PL_EXECUTOR_NEW                                   ? EINVAL
               : !pl_executor_state_ended(ex) && pl_executor_state_inside(ex) ? EDEADLK
                                                                              : 0;
    if (code) {
        pl_executor_state_unlock(ex);
        fail_with(code);
        return NULL;
    }
    pl_executor_perform(ex);
    pl_executor_await(ex, 0, is_at_rest);
    parallel_results *r = ex->results;
    if (!r)
        return no_results(ex);
    pl_executor_state_unlock(ex);
    return r;
}

const void *parallel_executor_result(parallel_executor *ex)
{
    const parallel_results *r = parallel_executor_results(ex);
    if (!r)
        return NULL;
    const void *result = parallel_result(r, 0);
    if (!result && parallel_length(r)) {
        const parallel_failure *failure = parallel_failed(r, 0); /* of a silent call */
        if (failure)
            pl_error_refuse(failure->code, "task 0: %s", failure->message);
        else
            errno = 0;
    }
    return result;
}

parallel_status parallel_executor_status(const parallel_executor *ex)
{
    static const parallel_status statuses[] = {
        [PL_EXECUTOR_NEW] = PARALLEL_NOT_STARTED, [PL_EXECUTOR_SUBMITTED] = PARALLEL_STARTED,
        [PL_EXECUTOR_HERE] = PARALLEL_STARTED,    [PL_EXECUTOR_PERFORMED] = PARALLEL_STARTED,
        [PL_EXECUTOR_DONE] = PARALLEL_DONE,       [PL_EXECUTOR_FAILED] = PARALLEL_FAILED,
        [PL_EXECUTOR_LOST] = PARALLEL_FAILED,
    };
    if (!pl_executor_state_lock(ex))
        return PARALLEL_FAILED;
    parallel_status status = statuses[ex->state];
    pl_executor_remind((parallel_executor *)ex);
    pl_executor_state_unlock(ex);
    return status;
}

bool parallel_executor_done(const parallel_executor *ex)
{
    parallel_status status = parallel_executor_status(ex);
    return ex && (status == PARALLEL_DONE || status == PARALLEL_FAILED);
}

int parallel_executor_wait(parallel_executor *ex, double seconds)
{
    if (isnan(seconds))
        return pl_error_refuse(EINVAL, "seconds is NaN");
    if (!pl_executor_state_lock(ex))
        return -1;
    uint64_t until = pl_executor_deadline(seconds);
    int code = 0;
    if (ex->state == PL_EXECUTOR_NEW)
        code = EINVAL;
    else if (!pl_executor_state_ended(ex) && pl_executor_state_inside(ex))
        code = EDEADLK;
    else {
        if (ex->state == PL_EXECUTOR_HERE) /* there is no thread for it */
            pl_executor_perform(ex);
        code = pl_executor_await(ex, until, is_at_rest) ? 0 : ETIMEDOUT;
    }
    pl_executor_state_unlock(ex);
    return code ? fail_with(code) : 0;
}

int parallel_cancel(parallel_executor *ex)
{
    if (ex && ex->kind == PL_EXECUTOR && pl_stop_raise(&ex->call.policy.stop, PL_STOP_ALL))
        pl_stop_notify_all();
    return 0;
}

int parallel_executor_cancel(parallel_executor *ex)
{
    return parallel_cancel(ex);
}

/* Nothing starts any more, and what runs has ended. What has not been started remains so. Returns 0, or an error code.
 * With the lock held. */
static int shut_down(parallel_executor *ex)
{
    if (pl_executor_notice_inside(ex))
        return EDEADLK;
    if (pl_executor_state_ended(ex))
        return 0;
    if (pl_stop_raise(&ex->call.policy.stop, PL_STOP_STARTING))
        pl_stop_notify_all(); /* a thread may wait to try a task again */
    if (pl_executor_state_inside(ex))
        return EDEADLK;
    pl_executor_perform(ex); /* that is, notes that nothing was run */
    pl_executor_await(ex, 0, is_at_rest);
    return 0;
}

/* If it has not been started, it never will be, and ends by being shut down. With the lock held. */
static void prevent_start(parallel_executor *ex)
{
    if (ex->state != PL_EXECUTOR_NEW)
        return;
    ex->state = PL_EXECUTOR_HERE;
    ex->never_started = true;
    note_starter(ex);
    pl_policy_begin(&ex->call.policy, &ex->call.options, ex->call.work.n);
}

int parallel_executor_shutdown(parallel_executor *ex)
{
    if (!ex)
        return 0;
    if (!pl_executor_state_lock(ex))
        return -1;
    prevent_start(ex);
    int code = shut_down(ex);
    pl_executor_state_unlock(ex);
    return code ? fail_with(code) : 0;
}

/* Whether the executor may be freed now. With the lock held. */
static bool let_go(parallel_executor *ex)
{
    if (ex->notice == PL_NOTICE_AWAITED) /* it is to be told */
        prevent_start(ex);
    if (shut_down(ex) != 0)
        return false;
    pl_executor_notice_await(ex);
    if (ex->state == PL_EXECUTOR_LOST) /* what its tasks may have been at stays */
        pl_os_flag_close(&ex->flag);
    return ex->state != PL_EXECUTOR_LOST;
}

void parallel_executor_free(parallel_executor *ex)
{
    int saved = errno;
    if (!ex || !pl_executor_state_lock(ex)) {
        errno = saved;
        return;
    }
    bool told = pl_executor_notice_inside(ex), may = let_go(ex);
    pl_executor_state_unlock(ex);
    if (may) {
        if (ex->results)
            pl_results_let_go(ex->results);
        parallel_results_free(ex->results);
        pl_call_end(&ex->call);
        pl_executor_state_free(ex);
    }
    if (told)
        pl_error_return(EDEADLK);
    else
        errno = saved;
}
