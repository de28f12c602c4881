/* SPDX-License-Identifier: MIT */
/* What the workers of a pool have done, in numbers: sums of what stats.h counts. */
#ifndef PL_SCHED_POOL_STATS_H
#define PL_SCHED_POOL_STATS_H

#include "sched/pool.h"

typedef struct pl_pool_sums {
    unsigned threads; /* that the pool has now */
    uint64_t of[PL_COUNTERS];
} pl_pool_sums;

/* Of an own pool, which is held; NULL: of the program's, and of what ran on threads in no pool. */
void pl_pool_stats(pl_pool *own, pl_pool_sums *sums);

/* Counts what is rare, for the pool that the calling thread is in. */
void pl_pool_count(pl_counter which);

#endif
