/* SPDX-License-Identifier: MIT */
/* Executors are made: of a map, a par, or a single task. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/executor.h"
#include "api/executor_notice.h"
#include "api/executors.h"
#include "base/size.h"
#include "call/failure.h"
#include "sched/pool.h"

static void call_more(pl_ended *ended)
{
    pl_executor_notice_more((parallel_executor *)((unsigned char *)ended->mutex - offsetof(parallel_executor, mutex)));
}

/* Has the call's tasks taken down as they end, if that is wanted. False if there is no memory. */
static bool note_as_completed(parallel_executor *ex)
{
    pl_call *c = &ex->call;
    if (!c->options.as_completed)
        return true;
    const char *const *names = c->names.names ? c->names.names : c->options.names;
    c->ended = pl_ended_new(&c->work, names, &ex->mutex, call_more);
    return c->ended;
}

/* An executor whose call has begun: starts it, unless it is to wait for that. It runs on the pool that was asked for,
 * or on the one that it was made in. */
static parallel_executor *launch_executor(parallel_executor *ex)
{
    if (!note_as_completed(ex)) {
        pl_call_end(&ex->call);
        pl_executor_state_free(ex);
        return NULL;
    }
    ex->pool = ex->call.pool;
    if (ex->pool)
        pl_pool_hold(ex->pool);
    else if (!ex->call.executor->is_here)
        ex->pool = ex->call.pool = pl_pool_hold_here();
    if (!ex->call.options.deferred)
        pl_executor_start_new(ex);
    return ex;
}

static parallel_executor *async_map_on(parallel_executor_kind executor, const parallel_function *f, const void *args,
                                       size_t n, const parallel_options *options)
{
    parallel_executor *ex = pl_executor_state_new();
    if (!ex)
        return NULL;
    if (pl_call_begin_map(&ex->call, &pl_work_map, f, args, n, options, PL_LATER(executor)))
        return launch_executor(ex);
    pl_executor_state_free(ex);
    return NULL;
}

static parallel_executor *async_par_on(parallel_executor_kind executor, const parallel_future *futures, size_t n,
                                       const parallel_options *options)
{
    parallel_executor *ex = pl_executor_state_new();
    if (!ex)
        return NULL;
    size_t bytes = pl_size_multiply(n ? n : 1, sizeof *futures);
    if (futures && bytes != PL_SIZE_NONE && (ex->futures = malloc(bytes)))
        memcpy(ex->futures, futures, n * sizeof *futures);
    if (futures && !ex->futures)
        pl_error_return(ENOMEM);
    else if (pl_call_begin_par(&ex->call, ex->futures, n, options, PL_LATER(executor)))
        return launch_executor(ex);
    pl_executor_state_free(ex);
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

/* What the argument of a single task is aligned to, where its function does not say. */
#define ARG_ALIGNMENT ((size_t)64)

/* Gives the call of a single task a copy of its argument, as its function wants it: in the executor, if it fits there.
 * False with errno. */
static bool copy_arg(parallel_executor *ex, const void *arg)
{
    pl_work *work = &ex->call.work;
    const parallel_function *f = &work->function;
    size_t alignment = f->arg_align ? f->arg_align : ARG_ALIGNMENT;
    void *to = ex->small_arg;
    if (f->arg_size > sizeof ex->small_arg || alignment > _Alignof(max_align_t))
        to = ex->arg = pl_results_allocate(f->arg_size, alignment);
    if (!to) {
        pl_error_return(ENOMEM);
        return false;
    }
    work->given = work->map.args = memcpy(to, arg, f->arg_size);
    return true;
}

parallel_executor *parallel_async_function(const parallel_function *f, const void *arg, const parallel_options *options)
{
    parallel_executor *ex = f && !arg ? NULL : pl_executor_state_new();
    if (f && !arg)
        pl_error_refuse(EINVAL, "the argument is NULL");
    if (!ex)
        return NULL;
    if (pl_call_begin_map(&ex->call, &pl_work_map, f, arg, 1, options, PL_LATER(PARALLEL_DEFAULT_EXECUTOR))) {
        if (copy_arg(ex, arg))
            return launch_executor(ex);
        pl_call_end(&ex->call);
    }
    pl_executor_state_free(ex);
    return NULL;
}
