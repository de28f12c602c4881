/* SPDX-License-Identifier: MIT */
/* Sums of what the workers of a pool have counted. */
#include "sched/pool_stats.h"

#include <string.h>

#include "sched/pool_internal.h"

void pl_pool_stats(pl_pool *own, pl_pool_sums *sums)
{
    memset(sums, 0, sizeof *sums);
    pl_pool_lock(); /* the program's pool does not end meanwhile */
    const pl_pool *pool = own ? own : pl_pool_all.program;
    pl_stats_read(own ? &own->counters : NULL, sums->of);
    for (unsigned i = 0; pool && i < pl_pool_high(pool); i++)
        pl_stats_read(&pl_pool_worker(pool, i)->counters, sums->of);
    sums->threads = pool ? pl_pool_threads(pool) : 0;
    pl_pool_unlock();
}

void pl_pool_count(pl_counter which)
{
    pl_pool *pool = pl_pool_here();
    pl_stats_count_shared(pool && pool->own ? &pool->counters : NULL, which, 1);
}
