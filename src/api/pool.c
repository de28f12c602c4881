/* SPDX-License-Identifier: MIT */
/* Pools of the program's own: what the handle is, and how a call gets onto a pool. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parallel.h>

#include "base/spare.h"
#include "call/failure.h"
#include "call/handle.h"
#include "call/plain.h"
#include "executors/process/group.h"
#include "sched/pool.h"
#include "sched/watch.h"

_Static_assert(PARALLEL_POOL_MAX == PL_SLEEP_MAX, "the most workers of a pool");

/* Calls that are under way hold the scheduler's pool, not this: they take from here what they need when they begin. */
struct parallel_pool {
    pl_pool_handle handle;
    pl_group_owner groups; /* of workers that are kept for it */
};

static bool is_pool(const parallel_pool *pool)
{
    return pool->handle.kind == PL_OWN_POOL;
}

/* The options of programs of whatever age, as pl_options_copy() does it for calls. False with errno. */
static bool copy_options(parallel_pool_options *to, const parallel_pool_options *from)
{
    memset(to, 0, sizeof *to);
    size_t size = !from ? 0 : from->size ? from->size : sizeof *from;
    if (from && size < sizeof from->size)
        return pl_error_deny(EINVAL, "the options' size is %zu, less than their first member has", size);
    for (size_t i = sizeof *to; i < size; i++)
        if (((const unsigned char *)from)[i])
            return pl_error_deny(ENOTSUP, "there is an option that this release does not have, at byte %zu", i);
    if (from)
        memcpy(to, from, size < sizeof *to ? size : sizeof *to);
    return true;
}

/* False with errno. */
static bool check_options(const parallel_pool_options *o)
{
    if (o->workers < 0 || o->workers > PARALLEL_POOL_MAX)
        return pl_error_deny(EINVAL, "workers is %d, and is to be from 0 to %d", o->workers, (int)PARALLEL_POOL_MAX);
    if (o->nice < -40 || o->nice > 40)
        return pl_error_deny(EINVAL, "nice is %d, and is to be from -40 to 40", o->nice);
    if (o->stack_size && (o->stack_size < pl_os_least_stack() || o->stack_size > PTRDIFF_MAX))
        return pl_error_deny(EINVAL, "stack_size is %zu, and is to be from %zu to PTRDIFF_MAX", o->stack_size,
                             pl_os_least_stack());
    if (o->cpus && !o->cpu_count)
        return pl_error_deny(EINVAL, "cpus is given, but cpu_count is 0");
    return o->cpus || !o->cpu_count || pl_error_deny(EINVAL, "cpus is NULL, but cpu_count is %zu", o->cpu_count);
}

/* A pool of threads of this kind, whose CPUs it takes for its own. */
static parallel_pool *make_pool(unsigned workers, const pl_thread_kind *kind)
{
    parallel_pool *p = malloc(sizeof *p);
    pl_pool *pool = p ? pl_pool_new(workers, kind) : NULL;
    if (!pool) {
        free(p);
        free((void *)kind->attributes.cpus);
        pl_error_return(ENOMEM);
        return NULL;
    }
    *p = (parallel_pool){.handle = {.kind = PL_OWN_POOL, .pool = pool}};
    pl_group_begin_owner(&p->groups);
    p->handle.groups = p->groups.number;
    return p;
}

parallel_pool *parallel_pool_new_with(const parallel_pool_options *options)
{
    parallel_pool_options o;
    pl_os_cpu_set *cpus = NULL;
    unsigned usable = 0;
    int saved = errno;
    if (!copy_options(&o, options) || !check_options(&o))
        return NULL;
    if (o.cpus && !(cpus = pl_os_cpu_set_new(o.cpus, o.cpu_count, &usable))) {
        if (errno == EINVAL)
            pl_error_refuse(EINVAL, "of cpus, there is none that this process may use");
        else
            pl_error_return(errno);
        return NULL;
    }
    pl_thread_kind kind = {
        .attributes = {.stack_size = o.stack_size, .cpus = cpus, .cpu_count = usable, .nice = o.nice},
        .start = o.thread_start,
        .end = o.thread_end,
        .data = o.thread_data,
    };
    snprintf(kind.name, sizeof kind.name, "%s", o.name ? o.name : "");
    parallel_pool *p = make_pool(o.workers ? (unsigned)o.workers : pl_pool_default_cores(), &kind);
    if (p)
        errno = saved;
    return p;
}

parallel_pool *parallel_pool_new(int workers)
{
    return parallel_pool_new_with(&(parallel_pool_options){.size = sizeof(parallel_pool_options), .workers = workers});
}

void parallel_pool_free(parallel_pool *pool)
{
    if (!pool || !is_pool(pool))
        return;
    int saved = errno;
    pl_group_end_owner(&pool->groups);
    pl_pool_free(pool->handle.pool);
    free(pool);
    errno = saved;
}

/* Does nothing, a few times over, by the way of calls that are shared: what these need is loaded then. */
static int do_nothing(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx, (void)begin, (void)end, (void)stop, (void)participant;
    return 0;
}

static void run_nothing(void)
{
    enum { ROUNDS = 4 };
    for (int round = 0; round < ROUNDS; round++) {
        pl_cost unknown = {0};
        pl_plain_spec(&(pl_loop_spec){.n = pl_pool_cores(), .body = do_nothing, .cost = &unknown});
    }
}

int parallel_warm_up(void)
{
    int saved = errno;
    bool well = pl_pool_warm_up();
    run_nothing();
    if (!well)
        return pl_error_return(EAGAIN);
    errno = saved;
    return 0;
}

int parallel_shutdown(void)
{
    if (!pl_pool_shut_down())
        return pl_error_refuse(EBUSY, "a call is under way on the program's pool, or waits there");
    int saved = errno;
    pl_watch_stop();
    pl_spare_end();
    pl_group_end_kept(PL_PROGRAM_GROUPS);
    errno = saved;
    return 0;
}
