/* SPDX-License-Identifier: MIT */
/*
 * Executors: calls in the background.
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
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "api/executors.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/handle.h"
#include "base/life.h"
#include "base/os.h"
#include "base/size.h"
#include "sched/pool.h"

/* How often a thread that waits for an executor which nobody has come for reminds the pool of it: there may be threads
 * to be had by now. */
#define REMIND_NS UINT64_C(100000000)

/* What is expected to cost no more leaves signal masks alone, as short loops do. */
#define MASKED_US 100

typedef enum state { NEW, SUBMITTED, HERE, PERFORMED, DONE, FAILED, LOST } state;

struct parallel_executor {
    pl_kind kind;
    state state;
    bool never_started; /* it was shut down before */
    unsigned forks;     /* pl_pool_forks() of the process that used it last */
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    pl_pool *pool; /* to run on, held; NULL if there is none */
    pl_job job;    /* in the pool's injector, or taken from it; if it is SUBMITTED */
    pl_call call;
    pl_os_ambient ambient;    /* what tasks see of the thread that has started it, as if that had made their threads */
    pl_os_mask mask;          /* its signal mask, which tasks have, too, if `has_mask` */
    bool has_mask;            /* it lasts long enough for a task to start something that inherits the mask */
    parallel_future *futures; /* of a par */
    parallel_results *results;
};

/* ---- making ---------------------------------------------------------------------------------------------- */

static bool init_locks(parallel_executor *ex)
{
    return pthread_mutex_init(&ex->mutex, NULL) == 0 && pl_os_cond_init(&ex->ended);
}

static parallel_executor *new_executor(void)
{
    parallel_executor *ex = calloc(1, sizeof *ex);
    if (!ex || !init_locks(ex)) {
        free(ex);
        errno = ENOMEM;
        return NULL;
    }
    ex->kind = PL_EXECUTOR;
    ex->forks = pl_pool_forks();
    return ex;
}

static void delete_executor(parallel_executor *ex)
{
    int saved = errno;
    if (ex->pool)
        pl_pool_let_go(ex->pool);
    pthread_cond_destroy(&ex->ended);
    pthread_mutex_destroy(&ex->mutex);
    free(ex->futures);
    free(ex);
    errno = saved;
}

/* An executor whose call has begun: starts it, unless it is to wait for that. It runs on the pool that was asked for,
 * or on the one that it was made in. */
static parallel_executor *launch_executor(parallel_executor *ex)
{
    ex->pool = ex->call.pool;
    if (ex->pool)
        pl_pool_hold(ex->pool);
    else if (!ex->call.executor->is_here)
        ex->pool = ex->call.pool = pl_pool_hold_here();
    if (!ex->call.options.deferred)
        parallel_executor_start(ex);
    return ex;
}

static parallel_executor *async_map_on(parallel_executor_kind executor, const parallel_function *f, const void *args,
                                       size_t n, const parallel_options *options)
{
    parallel_executor *ex = new_executor();
    if (!ex)
        return NULL;
    if (!pl_call_begin_map(&ex->call, &pl_work_map, f, args, n, options, PL_LATER(executor))) {
        delete_executor(ex);
        return NULL;
    }
    return launch_executor(ex);
}

static parallel_executor *async_par_on(parallel_executor_kind executor, const parallel_future *futures, size_t n,
                                       const parallel_options *options)
{
    parallel_executor *ex = new_executor();
    if (!ex)
        return NULL;
    size_t bytes = pl_size_multiply(n ? n : 1, sizeof *futures);
    if (futures && bytes != PL_SIZE_NONE && (ex->futures = malloc(bytes)))
        memcpy(ex->futures, futures, n * sizeof *futures);
    if (futures && !ex->futures)
        errno = ENOMEM;
    else if (pl_call_begin_par(&ex->call, ex->futures, n, options, PL_LATER(executor)))
        return launch_executor(ex);
    delete_executor(ex);
    return NULL;
}

parallel_executor *parallel_async_map_function(const parallel_function *f, const void *args, size_t n,
                                               const parallel_options *options)
{
    return async_map_on(PARALLEL_DEFAULT_EXECUTOR, f, args, n, options);
}

parallel_executor *parallel_thread_async_map_function(const parallel_function *f, const void *args, size_t n,
                                                      const parallel_options *options)
{
    return async_map_on(PARALLEL_THREAD, f, args, n, options);
}

parallel_executor *parallel_process_async_map_function(const parallel_function *f, const void *args, size_t n,
                                                       const parallel_options *options)
{
    return async_map_on(PARALLEL_PROCESS, f, args, n, options);
}

parallel_executor *parallel_async_par_futures(const parallel_future *futures, size_t n, const parallel_options *options)
{
    return async_par_on(PARALLEL_DEFAULT_EXECUTOR, futures, n, options);
}

parallel_executor *parallel_thread_async_par_futures(const parallel_future *futures, size_t n,
                                                     const parallel_options *options)
{
    return async_par_on(PARALLEL_THREAD, futures, n, options);
}

parallel_executor *parallel_process_async_par_futures(const parallel_future *futures, size_t n,
                                                      const parallel_options *options)
{
    return async_par_on(PARALLEL_PROCESS, futures, n, options);
}

/* ---- locking --------------------------------------------------------------------------------------------- */

static pthread_mutex_t adopting = PTHREAD_MUTEX_INITIALIZER;

static void after_fork_in_child(void)
{
    pthread_mutex_init(&adopting, NULL); /* the child of a child: another thread may have held it */
}

PL_LIFE(PL_LIFE_CALLS, .in_child = after_fork_in_child);

static bool is_under_way(const parallel_executor *ex)
{
    return ex->state == SUBMITTED || ex->state == HERE || ex->state == PERFORMED;
}

static bool has_ended(const parallel_executor *ex)
{
    return ex->state == DONE || ex->state == FAILED || ex->state == LOST;
}

/* In a child process, before anything else: the parent's locks are not to be waited for, nor its threads, and what it
 * held is not held here. */
static void adopt_executor(parallel_executor *ex)
{
    pthread_mutex_lock(&adopting);
    if (ex->forks != pl_pool_forks() && init_locks(ex)) {
        ex->pool = ex->call.pool = NULL;
        if (is_under_way(ex))
            ex->state = LOST;
        ex->forks = pl_pool_forks();
    }
    pthread_mutex_unlock(&adopting);
}

/* Locks an executor. False with errno if it is none. */
static bool lock_executor(const parallel_executor *executor)
{
    parallel_executor *ex = (parallel_executor *)executor;
    if (!ex || ex->kind != PL_EXECUTOR) {
        errno = EINVAL;
        return false;
    }
    if (ex->forks != pl_pool_forks())
        adopt_executor(ex);
    pthread_mutex_lock(&ex->mutex);
    return true;
}

static void unlock_executor(const parallel_executor *ex)
{
    pthread_mutex_unlock((pthread_mutex_t *)&ex->mutex);
}

/* Whether the calling thread runs a task of the executor, or one that such a task waits for. */
static bool is_inside(const parallel_executor *ex)
{
    for (const pl_context *context = pl_context_thread.context; context; context = context->parent)
        if (context->call == &ex->call)
            return true;
    return false;
}

/* ---- performing ------------------------------------------------------------------------------------------ */

/* Runs the call; on a thread of the pool `driver`, or, if that is NULL, on one of the program. Nothing of the executor
 * is to be touched after this by who does not hold it. */
static void perform_call(parallel_executor *ex, pl_pool *driver)
{
    pl_put_aside aside;
    pl_os_ambient before;
    pl_worker *w = driver && ex->has_mask ? pl_worker_known() : NULL;
    const pl_os_mask *mask = w ? pl_worker_set_mask(w, &ex->mask) : NULL;
    pl_os_ambient_enter(&ex->ambient, &before);
    pl_failure_put_aside(&aside);
    parallel_results *r = pl_call_results(&ex->call);
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
    ex->state = r ? DONE : FAILED;
    pthread_cond_broadcast(&ex->ended);
    pthread_mutex_unlock(&ex->mutex);
}

static void run_job(pl_job *job)
{
    perform_call((parallel_executor *)((unsigned char *)job - offsetof(parallel_executor, job)), job->pool);
}

/* Performs the call on this thread, if nobody has come for it yet. Comes and returns locked. If that is in a task, the
 * task waits for the call as for any that it makes. */
static void perform_here(parallel_executor *ex)
{
    if (ex->state != HERE && !(ex->state == SUBMITTED && pl_injector_withdraw(&ex->job)))
        return;
    ex->state = PERFORMED;
    ex->call.parent = pl_context_thread.context;
    unlock_executor(ex);
    perform_call(ex, NULL);
    pthread_mutex_lock(&ex->mutex);
}

/* Waits until the call has ended, or until the time has come, 0: never. Comes and returns locked. False if the time
 * came. */
static bool await_end(parallel_executor *ex, uint64_t until)
{
    while (is_under_way(ex)) {
        uint64_t now = pl_os_nanoseconds(), wake = now + REMIND_NS;
        if (until && now >= until)
            return false;
        wake = until && until < wake ? until : wake;
        pl_os_cond_wait(&ex->ended, &ex->mutex, wake);
        if (pl_os_nanoseconds() < wake || ex->state != SUBMITTED)
            continue;
        if (until)
            pl_injector_remind(&ex->job);
        else
            perform_here(ex); /* there seem to be no threads to be had */
    }
    return true;
}

/* ---- what users call ------------------------------------------------------------------------------------- */

/* Has the pool's threads perform the call; where there is no pool, the job lies here until somebody waits for it, or
 * there is one. With the lock held. */
static void submit_job(parallel_executor *ex)
{
    if (!ex->pool) /* there was none, or this is a child process */
        ex->pool = ex->call.pool = pl_pool_hold_here();
    ex->state = ex->pool ? SUBMITTED : HERE;
    ex->job = (pl_job){.run = run_job, .pool = ex->pool};
    if (ex->pool)
        pl_injector_submit(&ex->job);
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

/* With the lock held. Returns 0, or an error code. */
static int start_executor(parallel_executor *ex)
{
    if (ex->state != NEW)
        return ex->never_started ? ECANCELED : EALREADY;
    note_starter(ex);
    pl_policy_begin(&ex->call.policy, &ex->call.options, ex->call.work.n);
    if (ex->call.executor->is_here) {
        ex->state = HERE;
        perform_here(ex);
        return 0;
    }
    submit_job(ex);
    return 0;
}

int parallel_executor_start(parallel_executor *ex)
{
    if (!lock_executor(ex))
        return -1;
    int code = start_executor(ex);
    unlock_executor(ex);
    return code ? pl_failure_return(code) : 0;
}

/* Why there are no results, as the calling thread's errno and last failure. With the lock held. */
static parallel_results *no_results(parallel_executor *ex)
{
    const parallel_failure *failure = ex->state == LOST ? NULL : pl_call_failure(&ex->call);
    int code = ex->state == LOST ? ECHILD : pl_call_code(&ex->call);
    if (failure)
        pl_failure_set_last(failure);
    unlock_executor(ex);
    errno = code;
    return NULL;
}

parallel_results *parallel_executor_results(parallel_executor *ex)
{
    pl_failure_clear_last();
    if (!lock_executor(ex))
        return NULL;
    int code = ex->state == NEW ? EINVAL : !has_ended(ex) && is_inside(ex) ? EDEADLK : 0;
    if (code) {
        unlock_executor(ex);
        errno = code;
        return NULL;
    }
    perform_here(ex);
    await_end(ex, 0);
    parallel_results *r = ex->results;
    if (!r)
        return no_results(ex);
    unlock_executor(ex);
    return r;
}

parallel_status parallel_executor_status(const parallel_executor *ex)
{
    static const parallel_status statuses[] = {
        [NEW] = PARALLEL_NOT_STARTED,   [SUBMITTED] = PARALLEL_STARTED, [HERE] = PARALLEL_STARTED,
        [PERFORMED] = PARALLEL_STARTED, [DONE] = PARALLEL_DONE,         [FAILED] = PARALLEL_FAILED,
        [LOST] = PARALLEL_FAILED,
    };
    if (!lock_executor(ex))
        return PARALLEL_FAILED;
    parallel_status status = statuses[ex->state];
    if (ex->state == SUBMITTED)
        pl_injector_remind((pl_job *)&ex->job);
    else if (ex->state == HERE)
        submit_job((parallel_executor *)ex);
    unlock_executor(ex);
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
        return pl_failure_return(EINVAL);
    if (!lock_executor(ex))
        return -1;
    uint64_t until = seconds >= 0 && seconds < 1e9 ? pl_os_nanoseconds() + (uint64_t)(seconds * 1e9) : 0;
    int code = 0;
    if (ex->state == NEW)
        code = EINVAL;
    else if (!has_ended(ex) && is_inside(ex))
        code = EDEADLK;
    else {
        if (ex->state == HERE) /* there is no thread for it */
            perform_here(ex);
        code = await_end(ex, until) ? 0 : ETIMEDOUT;
    }
    unlock_executor(ex);
    return code ? pl_failure_return(code) : 0;
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
    if (has_ended(ex))
        return 0;
    if (pl_stop_raise(&ex->call.policy.stop, PL_STOP_STARTING))
        pl_stop_notify_all(); /* a thread may wait to try a task again */
    if (is_inside(ex))
        return EDEADLK;
    perform_here(ex); /* that is, notes that nothing was run */
    await_end(ex, 0);
    return 0;
}

int parallel_executor_shutdown(parallel_executor *ex)
{
    if (!ex)
        return 0;
    if (!lock_executor(ex))
        return -1;
    if (ex->state == NEW) {
        ex->state = HERE;
        ex->never_started = true;
        note_starter(ex);
        pl_policy_begin(&ex->call.policy, &ex->call.options, ex->call.work.n);
    }
    int code = shut_down(ex);
    unlock_executor(ex);
    return code ? pl_failure_return(code) : 0;
}

void parallel_executor_free(parallel_executor *ex)
{
    int saved = errno, code = EINVAL;
    if (ex && lock_executor(ex)) {
        code = shut_down(ex);
        unlock_executor(ex);
    }
    if (code == 0 && ex->state != LOST) {
        if (ex->results)
            pl_results_let_go(ex->results);
        parallel_results_free(ex->results);
        pl_call_end(&ex->call);
        delete_executor(ex);
    }
    errno = saved;
}
