/* SPDX-License-Identifier: MIT */
/* Pools of the program's own: what the handle is, and how a call gets onto a pool. */
#include <errno.h>
#include <stdlib.h>

#include "api/internal.h"
#include "process/crew.h"
#include "sched/pool.h"

_Static_assert(PARALLEL_POOL_MAX == PL_SLEEP_MAX, "the most workers of a pool");

/* Calls that are under way hold the scheduler's pool, not this. */
struct parallel_pool {
    pl_kind kind;
    pl_pool *pool;
};

bool pl_is_pool(const parallel_pool *pool)
{
    return pool->kind == PL_OWN_POOL;
}

pl_pool *pl_pool_of(const parallel_pool *pool)
{
    return pool ? pool->pool : NULL;
}

parallel_pool *parallel_pool_new(int workers)
{
    if (workers < 0 || workers > PARALLEL_POOL_MAX) {
        errno = EINVAL;
        return NULL;
    }
    int saved = errno;
    parallel_pool *p = malloc(sizeof *p);
    pl_pool *pool = p ? pl_pool_new(workers ? (unsigned)workers : pl_pool_default_cores()) : NULL;
    if (!pool) {
        free(p);
        errno = ENOMEM;
        return NULL;
    }
    *p = (parallel_pool){PL_OWN_POOL, pool};
    errno = saved;
    return p;
}

void parallel_pool_free(parallel_pool *pool)
{
    if (!pool || !pl_is_pool(pool))
        return;
    int saved = errno;
    pl_crew_end_kept(pool->pool);
    pl_pool_free(pool->pool);
    free(pool);
    errno = saved;
}
