/* SPDX-License-Identifier: MIT */
/* Options: a call's over the decoration's, checked. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "call/internal.h"
#include "executors/process/group.h"

/* What options without a size have: the members of the first release. */
#define FIRST_SIZE (offsetof(parallel_options, tasks_per_worker) + sizeof(int))

static const parallel_options none; /* copied, as gcc makes a slow instruction of zeros */

/* Copies options of whatever age. Members that the program does not know are zero; members that this library
 * does not know are refused unless they are zero. */
bool pl_options_copy(parallel_options *to, const parallel_options *from)
{
    if (!from || from->size == sizeof *to) {
        *to = from ? *from : none;
        return true;
    }
    memset(to, 0, sizeof *to);
    size_t size = from->size ? from->size : FIRST_SIZE;
    if (size < sizeof from->size) {
        errno = EINVAL;
        return false;
    }
    const unsigned char *bytes = (const unsigned char *)from;
    for (size_t i = sizeof *to; i < size; i++) {
        if (bytes[i]) {
            errno = ENOTSUP;
            return false;
        }
    }
    memcpy(to, from, size < sizeof *to ? size : sizeof *to);
    return true;
}

/* What is wrong with the merged options: 0, EINVAL or ENOTSUP. */
static int check(const parallel_options *o)
{
    if (o->max_workers < 0 || o->tasks_per_worker < 0 || isnan(o->timeout) || isnan(o->call_timeout) ||
        isnan(o->retry_delay) || (o->pool && !pl_is_pool(o->pool)))
        return EINVAL;
    if (o->isolation < PARALLEL_DEFAULT_ISOLATION || o->isolation > PARALLEL_PERSISTENT)
        return EINVAL;
    switch (o->executor) {
    case PARALLEL_DEFAULT_EXECUTOR:
    case PARALLEL_THREAD:
    case PARALLEL_SERIAL:
        break;
    case PARALLEL_PROCESS:
        return o->isolation == PARALLEL_PERSISTENT && o->extras && !o->extras_size ? EINVAL : 0;
    case PARALLEL_MPI:
        return ENOTSUP;
    default:
        return EINVAL;
    }
    return 0;
}

/* What a call leaves at zero, it has from the decoration. */
static void inherit(parallel_options *o, const parallel_options *d)
{
#define INHERIT(member) o->member = o->member ? o->member : d->member
    o->timeout = o->timeout != 0 ? o->timeout : d->timeout;
    o->call_timeout = o->call_timeout != 0 ? o->call_timeout : d->call_timeout;
    o->retry_delay = o->retry_delay != 0 ? o->retry_delay : d->retry_delay;
    INHERIT(max_workers);
    INHERIT(executor);
    INHERIT(silent);
    INHERIT(extras);
    INHERIT(names);
    INHERIT(retries);
    INHERIT(progress);
    INHERIT(progress_data);
    INHERIT(pool);
    INHERIT(deferred);
    INHERIT(grain);
    INHERIT(isolation);
    INHERIT(extras_size);
    INHERIT(memory_limit);
    INHERIT(tasks_per_worker);
#undef INHERIT
}

/* The executor that a function's name asks for; false if the options ask for another. */
static bool choose(parallel_options *o, parallel_executor_kind executor)
{
    if (executor == PARALLEL_DEFAULT_EXECUTOR)
        return true;
    bool other = o->executor != PARALLEL_DEFAULT_EXECUTOR && o->executor != executor;
    o->executor = executor;
    return !other;
}

bool pl_options(parallel_options *merged, const parallel_options *call, const parallel_options *decoration,
                parallel_executor_kind executor, bool background)
{
    if (!call && !decoration) {
        *merged = none;
        merged->executor = pl_in_worker_process() ? PARALLEL_SERIAL : executor;
        return true;
    }
    if (!pl_options_copy(merged, call))
        return false;
    int error = (merged->deferred && !background) || !choose(merged, executor) ? EINVAL : 0;
    if (decoration && !error) {
        parallel_options d;
        if (!pl_options_copy(&d, decoration))
            return false;
        d.deferred &= background;
        inherit(merged, &d);
    }
    error = error ? error : check(merged);
    if (error)
        errno = error;
    if (pl_in_worker_process()) /* it is one of those that share the work already */
        merged->executor = PARALLEL_SERIAL;
    return !error;
}
