/* SPDX-License-Identifier: MIT */
/* Options: a call's over the decoration's, checked. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "api/internal.h"
#include "process/crew.h"

/* What options without a size have: the members of the first release. */
#define FIRST_SIZE (offsetof(parallel_options, tasks_per_worker) + sizeof(int))

/* Copies options of whatever age. Members that the program does not know are zero; members that this library
 * does not know are refused unless they are zero. */
bool pl_options_copy(parallel_options *to, const parallel_options *from)
{
    memset(to, 0, sizeof *to);
    if (!from)
        return true;
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

bool pl_options(parallel_options *merged, const parallel_options *call, const parallel_options *decoration,
                parallel_executor_kind executor, bool background)
{
    if (!call && !decoration) {
        *merged = (parallel_options){.executor = pl_in_worker_process() ? PARALLEL_SERIAL : executor};
        return true;
    }
    parallel_options d;
    if (!pl_options_copy(merged, call) || !pl_options_copy(&d, decoration))
        return false;
    if (!background) {
        d.deferred = false;
        if (merged->deferred) {
            errno = EINVAL;
            return false;
        }
    }
    if (executor != PARALLEL_DEFAULT_EXECUTOR) {
        if (merged->executor != PARALLEL_DEFAULT_EXECUTOR && merged->executor != executor) {
            errno = EINVAL;
            return false;
        }
        merged->executor = executor;
    }
#define INHERIT(member) merged->member = merged->member ? merged->member : d.member
    merged->timeout = merged->timeout != 0 ? merged->timeout : d.timeout;
    merged->call_timeout = merged->call_timeout != 0 ? merged->call_timeout : d.call_timeout;
    merged->retry_delay = merged->retry_delay != 0 ? merged->retry_delay : d.retry_delay;
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
    int error = check(merged);
    if (error)
        errno = error;
    if (pl_in_worker_process()) /* it is one of those that share the work already */
        merged->executor = PARALLEL_SERIAL;
    return !error;
}
