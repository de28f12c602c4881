/* SPDX-License-Identifier: MIT */
/* Options: a call's over the decoration's, checked. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "call/options.h"
#include "call/context.h"
#include "call/error.h"
#include "call/handle.h"
#include "sched/pool.h"

/* What options without a size have: the members of the first release. */
#define FIRST_SIZE (offsetof(parallel_options, tile_cols) + sizeof(size_t))

static const parallel_options none = {.size = sizeof none}; /* copied, as gcc makes a slow instruction of zeros */

/* Copies options of whatever age. Members that the program does not know are zero; members that this library
 * does not know are refused unless they are zero. The copy is of this library's age, and may be copied again. */
bool pl_options_copy(parallel_options *to, const parallel_options *from)
{
    if (!from || from->size == sizeof *to) {
        *to = from ? *from : none;
        return true;
    }
    memset(to, 0, sizeof *to);
    size_t size = from->size ? from->size : FIRST_SIZE;
    if (size < sizeof from->size)
        return pl_error_deny(EINVAL, "the options' size is %zu, less than their first member has", size);
    const unsigned char *bytes = (const unsigned char *)from;
    for (size_t i = sizeof *to; i < size; i++)
        if (bytes[i])
            return pl_error_deny(ENOTSUP, "there is an option that this release does not have, at byte %zu", i);
    memcpy(to, from, size < sizeof *to ? size : sizeof *to);
    to->size = sizeof *to;
    return true;
}

/* Whether it is one. */
static bool is_pool(const parallel_pool *pool)
{
    return ((const pl_pool_handle *)pool)->kind == PL_OWN_POOL;
}

/* Times are numbers. False with errno. */
static bool check_times(const parallel_options *o)
{
    const char *what = isnan(o->timeout)        ? "timeout"
                       : isnan(o->call_timeout) ? "call_timeout"
                       : isnan(o->retry_delay)  ? "retry_delay"
                                                : NULL;
    return !what || pl_error_deny(EINVAL, "%s is NaN", what);
}

static bool check_numbers(const parallel_options *o)
{
    if (o->max_workers < 0)
        return pl_error_deny(EINVAL, "max_workers is negative: %d", o->max_workers);
    if (o->tasks_per_worker < 0)
        return pl_error_deny(EINVAL, "tasks_per_worker is negative: %d", o->tasks_per_worker);
    if (o->tile_rows > PTRDIFF_MAX || o->tile_cols > PTRDIFF_MAX)
        return pl_error_deny(EINVAL, "%s is more than PTRDIFF_MAX, as negative numbers are",
                             o->tile_rows > PTRDIFF_MAX ? "tile_rows" : "tile_cols");
    return true;
}

/* What is wrong with the merged options: false with errno EINVAL or ENOTSUP. */
static bool check_merged(const parallel_options *o, const pl_request *request)
{
    if (!check_times(o) || !check_numbers(o))
        return false;
    if (o->pool && !is_pool(o->pool))
        return pl_error_deny(EINVAL, "pool is no pool, or one that has been freed");
    if (o->isolation < PARALLEL_DEFAULT_ISOLATION || o->isolation > PARALLEL_PERSISTENT)
        return pl_error_deny(EINVAL, "there is no isolation %d", (int)o->isolation);
    if ((unsigned)o->executor >= PL_EXECUTOR_KINDS)
        return pl_error_deny(EINVAL, "there is no executor %d", (int)o->executor);
    return request->executors[o->executor] ||
           pl_error_deny(ENOTSUP, "there are no ranks before parallel_mpi_init(), of libparallel-mpi");
}

/* What a call leaves at zero, it has from the decoration. */
static void take_defaults(parallel_options *o, const parallel_options *d)
{
#define DEFAULT(member) o->member = o->member ? o->member : d->member
    o->timeout = o->timeout != 0 ? o->timeout : d->timeout;
    o->call_timeout = o->call_timeout != 0 ? o->call_timeout : d->call_timeout;
    o->retry_delay = o->retry_delay != 0 ? o->retry_delay : d->retry_delay;
    DEFAULT(max_workers);
    DEFAULT(executor);
    DEFAULT(silent);
    DEFAULT(extras);
    DEFAULT(names);
    DEFAULT(retries);
    DEFAULT(progress);
    DEFAULT(progress_data);
    DEFAULT(pool);
    DEFAULT(deferred);
    DEFAULT(as_completed);
    DEFAULT(grain);
    DEFAULT(isolation);
    DEFAULT(extras_size);
    DEFAULT(memory_limit);
    DEFAULT(tasks_per_worker);
    DEFAULT(tile_rows);
    DEFAULT(tile_cols);
    DEFAULT(window);
    DEFAULT(unordered);
#undef DEFAULT
}

/* The executor that a call's name asks for; false if the options ask for another. */
static bool choose_executor(parallel_options *o, parallel_executor_kind executor)
{
    if (executor == PARALLEL_DEFAULT_EXECUTOR)
        return true;
    bool other = o->executor != PARALLEL_DEFAULT_EXECUTOR && o->executor != executor;
    o->executor = executor;
    return !other || pl_error_deny(EINVAL, "the option executor is another than the one that the call is named after");
}

/* Only what runs in the background may be started, or asked for its tasks, later. */
static bool check_later(const parallel_options *o, const pl_request *request)
{
    if (request->background || (!o->deferred && !o->as_completed))
        return true;
    return pl_error_deny(EINVAL, "%s is for calls in the background, such as parallel_async_map()",
                         o->deferred ? "deferred" : "as_completed");
}

bool pl_options_merge(parallel_options *merged, const parallel_options *call, const parallel_options *decoration,
                      const pl_request *request)
{
    /* a worker process is one of those that share the work already */
    bool stays_here = pl_context_in_worker_process();
    if (!call && !decoration) {
        *merged = none;
        merged->executor = stays_here ? PARALLEL_SERIAL : request->executor;
        return true;
    }
    if (!pl_options_copy(merged, call) || !check_later(merged, request) || !choose_executor(merged, request->executor))
        return false;
    if (decoration) {
        parallel_options d;
        if (!pl_options_copy(&d, decoration))
            return false;
        d.deferred &= request->background;
        d.as_completed &= request->background;
        take_defaults(merged, &d);
    }
    if (!check_merged(merged, request))
        return false;
    if (stays_here)
        merged->executor = PARALLEL_SERIAL;
    return true;
}

bool pl_options_run_here(const parallel_options *o)
{
    return !pl_options_is_elsewhere(o->executor) ||
           pl_error_deny(ENOTSUP, "this call cannot run on %s",
                         o->executor == PARALLEL_MPI ? "ranks" : "worker processes");
}

size_t parallel_worker_limit(const parallel_options *options)
{
    parallel_options o;
    if (pl_context_in_worker_process() || !pl_options_copy(&o, options) || o.executor == PARALLEL_SERIAL)
        return 1;
    const pl_pool_handle *pool = (const pl_pool_handle *)o.pool;
    size_t size = pool ? pool->pool->size : pl_pool_cores(), limit = o.max_workers > 0 ? (size_t)o.max_workers : size;
    return limit < PL_SLEEP_MAX ? limit : PL_SLEEP_MAX;
}
