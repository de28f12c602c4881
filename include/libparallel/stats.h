/* SPDX-License-Identifier: MIT */
/* What the workers have done, in numbers. */
#ifndef LIBPARALLEL_STATS_H
#define LIBPARALLEL_STATS_H

#include <stdint.h>

#include <libparallel/base.h>
#include <libparallel/pool.h>

PARALLEL_BEGIN_DECLS

/**
 * Sums over the workers of a pool, since the process began, or the pool was made; those that have left count on.
 * Nothing is ever reset: what a part of a program does is the difference of two readings.
 *
 * Times are sums over threads, in nanoseconds. What lies between `busy_ns`, `searching_ns` and `asleep_ns` and the time
 * that has passed is waiting: for the last helpers of a call, or for a stolen task.
 */
typedef struct parallel_stats_t {
    size_t size; /**< sizeof(parallel_stats_t), in those that parallel_stats() has filled in */

    uint64_t threads;           /**< how many threads the pool has now; not those that make calls */
    uint64_t calls_inline;      /**< calls, and loops that calls are made of, that ran on their caller alone */
    uint64_t calls_handed_over; /**< short ones, of which a worker that was looking for work did a part */
    uint64_t calls_shared;      /**< all others */
    uint64_t chunks;            /**< the chunks that the latter two were cut into */
    uint64_t items;             /**< what all of them ran: items of maps and loops, blocks of reductions and scans */
    uint64_t steals;            /**< how often a worker took something from another: a task, or half of its range */
    uint64_t failed_steals;     /**< how often another was faster */
    uint64_t sleeps;            /**< how often a thread of the pool found nothing to do for long, and went to sleep */
    uint64_t wakes;             /**< how often one was woken */
    uint64_t wake_latency_ns;   /**< how long that took, in all: until it ran */
    uint64_t busy_ns;           /**< running tasks; of `calls_inline` it is not known, and left out */
    uint64_t searching_ns;      /**< threads of the pool, looking for work */
    uint64_t asleep_ns;         /**< threads of the pool, sleeping */
    uint64_t workers_started;   /**< threads that the pool has started */
    uint64_t crashes;           /**< attempts at tasks in which a worker process died */
    uint64_t timeouts;          /**< attempts at tasks that were late */
    uint64_t retries;           /**< further attempts at tasks */
} parallel_stats_t;

/**
 * What the workers of a pool have done so far:
 *
 *     parallel_stats_t before = {.size = sizeof before}, after = {.size = sizeof after};
 *     parallel_stats(NULL, &before);
 *     ...
 *     parallel_stats(NULL, &after);
 *     printf("%.0f items a chunk\n", (double)(after.items - before.items) / (double)(after.chunks - before.chunks));
 *
 * From any thread, also while calls run: then each number is of some moment of the reading. Some microseconds. The
 * counters are always on; to count costs less than a nanosecond a chunk. A child of fork() counts from zero.
 *
 * @param pool  one of parallel_pool_new(); NULL: the program's own, with all that ran on threads that are in no pool.
 *              Tasks on worker processes are not counted, but for `crashes`, `timeouts` and `retries`
 * @param stats filled in. Its `size` says how much of it the program knows; 0: sizeof(parallel_stats_t)
 * @return 0; or -1 with errno EINVAL: stats is NULL, its size less than that of `size`, or the pool is none
 */
PARALLEL_API int parallel_stats(parallel_pool *pool, parallel_stats_t *stats);

PARALLEL_END_DECLS

#endif
