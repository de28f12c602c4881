/* SPDX-License-Identifier: MIT */
/* What the workers have done, as programs read it. */
#include <string.h>

#include <parallel.h>

#include "base/os.h"
#include "call/error.h"
#include "call/handle.h"
#include "sched/pool_stats.h"

static uint64_t nanoseconds_of(uint64_t ticks)
{
    uint64_t us = pl_os_ticks_per_us();
    return ticks / us * 1000 + ticks % us * 1000 / us;
}

static void fill_in(parallel_stats_t *to, const pl_pool_sums *sums)
{
    const uint64_t *of = sums->of;
    *to = (parallel_stats_t){
        .threads = sums->threads,
        .calls_inline = of[PL_COUNT_INLINE],
        .calls_handed_over = of[PL_COUNT_HANDED_OVER],
        .calls_shared = of[PL_COUNT_SHARED],
        .chunks = of[PL_COUNT_CHUNKS],
        .items = of[PL_COUNT_ITEMS],
        .steals = of[PL_COUNT_STEALS],
        .failed_steals = of[PL_COUNT_FAILED],
        .sleeps = of[PL_COUNT_SLEEPS],
        .wakes = of[PL_COUNT_WAKES],
        .wake_latency_ns = nanoseconds_of(of[PL_COUNT_WAKE_LATENCY]),
        .busy_ns = nanoseconds_of(of[PL_COUNT_BUSY]),
        .searching_ns = nanoseconds_of(of[PL_COUNT_SEARCHING]),
        .asleep_ns = nanoseconds_of(of[PL_COUNT_ASLEEP]),
        .workers_started = of[PL_COUNT_STARTED],
        .crashes = of[PL_COUNT_CRASHES],
        .timeouts = of[PL_COUNT_TIMEOUTS],
        .retries = of[PL_COUNT_RETRIES],
    };
}

int parallel_stats(parallel_pool *pool, parallel_stats_t *stats)
{
    const pl_pool_handle *handle = (const pl_pool_handle *)pool;
    size_t size = !stats ? 0 : stats->size ? stats->size : sizeof *stats;
    if (size < sizeof stats->size)
        return pl_error_refuse(EINVAL, "%s", stats ? "the size of the stats is too small" : "the stats are NULL");
    if (handle && handle->kind != PL_OWN_POOL)
        return pl_error_refuse(EINVAL, "that is no pool, or one that has been freed");
    pl_pool_sums sums;
    parallel_stats_t all;
    pl_pool_stats(handle ? handle->pool : NULL, &sums);
    fill_in(&all, &sums);
    all.size = size < sizeof all ? size : sizeof all;
    memcpy(stats, &all, all.size);
    return 0;
}
