/* SPDX-License-Identifier: MIT */
/* Threads of a pool: when they are started, and when they leave. */
#include "base/os.h"
#include "base/os_process.h"
#include "sched/pool_internal.h"
#include "sched/wake.h"

/* How long no thread is started after one could not be. */
#define RETRY_NS UINT64_C(100000000)

void pl_worker_stay_out(void)
{
    pl_pool_this.worker = NULL;
    pl_pool_this.stays_out = true;
}

void pl_worker_become(pl_worker *worker)
{
    pl_pool_this.worker = worker;
    pl_pool_this.stays_out = false;
}

bool pl_pool_add_thread(pl_pool *pool, pl_growth growth)
{
    pl_pool_lock();
    bool may = pl_pool_may_add(pool, growth); /* still: others may have been faster */
    pl_worker *w = may ? pl_pool_unused_worker(pool) : NULL;
    bool started = false;
    if (w) {
        int cpu = pl_os_cpu(), off = pl_os_may_start_excluding(cpu, &pool->kind.attributes) ? cpu : -1;
        /* W48 relaxed: k1 (wake.c), as W43, before the thread starts; pairs with W45 */
        atomic_store_explicit(&w->excluded_cpu, off + 1, memory_order_relaxed);
        pl_sleep_waking(&pool->sleep, 1);
        if (pl_pool_this.worker)
            pl_worker_mask_of(pl_pool_this.worker, &w->origin);
        else
            pl_os_mask_get(&w->origin);
        started = pl_os_thread(&w->thread, pl_worker_main, w, off, &pool->kind.attributes);
        if (started) {
            w->use = PL_THREAD;
        } else {
            pl_sleep_waking(&pool->sleep, -1);
            pl_pool_free_record(w);
        }
    }
    if (started) {
        /* W6 relaxed: a count by itself; pairs with W5 */
        atomic_fetch_add_explicit(&pool->threads, 1, memory_order_relaxed);
    }
    pl_pool_unlock();
    if (may && !started) {
        uint64_t until = pl_os_nanoseconds() + RETRY_NS;
        /* W15 relaxed: a time by itself; pairs with W16 */
        atomic_store_explicit(&pool->no_threads_until, until, memory_order_relaxed);
    }
    return started;
}

static void start_threads(pl_pool *pool, unsigned count, pl_growth growth)
{
    while (pl_pool_threads(pool) < count && pl_pool_may_add(pool, growth)) {
        pl_sleep_search(&pool->sleep);
        if (pl_pool_add_thread(pool, growth))
            continue;
        if (pl_sleep_found(&pool->sleep) && (pl_pool_has_public(pool) || pl_injector_count(&pool->injector)))
            pl_wake_notify(pool, growth); /* somebody may have relied on the search */
        return;
    }
}

void pl_pool_start_threads(pl_pool *pool, unsigned count, pl_growth growth)
{
    if (pool->locked)
        start_threads(pool, count, growth);
}

bool pl_pool_warm_up(void)
{
    unsigned threads = pl_pool_cores() - 1;
    pl_worker *w = threads ? pl_worker_self() : NULL;
    if (w)
        start_threads(w->pool, threads, PL_GROWTH_TO_SIZE);
    return !threads || (w && pl_pool_threads(w->pool) >= threads);
}

bool pl_pool_may_add(const pl_pool *pool, pl_growth growth)
{
    /* W16 relaxed: a time by itself; pairs with W15 */
    uint64_t until = atomic_load_explicit((_Atomic uint64_t *)&pool->no_threads_until, memory_order_relaxed);
    bool jobs = pl_injector_count(&pool->injector) > 0, driven = pl_injector_drivers(&pool->injector) > 0;
    /* W52 relaxed: a hint; pairs with R28 */
    uint32_t lent = atomic_load_explicit((_Atomic uint32_t *)&pool->lent, memory_order_relaxed);
    bool few = pl_pool_threads(pool) + 1 < pool->size + driven + lent;
    if (pool->locked && !jobs && pl_pool_this.worker && pl_pool_this.worker->is_thread)
        return false;
    if (pl_os_forking_apart) /* the thread would be the keeper's, which ends soon, or in one that is to stay alone */
        return false;
    return (growth == PL_GROWTH_BEYOND || jobs || few) && (until == 0 || pl_os_nanoseconds() > until) &&
           !pl_pool_stopping(pool);
}

bool pl_worker_leave(pl_worker *worker)
{
    pl_pool *pool = worker->pool;
    pl_pool_lock();
    /* W17 relaxed: changes under the mutex only; no partner */
    uint32_t threads = atomic_load_explicit(&pool->threads, memory_order_relaxed);
    bool leave = pl_pool_stopping(pool) || threads + 1 > pool->size || worker->inferior;
    if (leave) {
        pl_worker_stay_out();
        worker->use = PL_ENDED;
        pool->ended++;
        pl_sleep_be_quiet(&pool->sleep, worker->index);
        /* W7 relaxed: a count by itself; pairs with W5 */
        atomic_store_explicit(&pool->threads, threads - 1, memory_order_relaxed);
    }
    pl_pool_unlock();
    return leave;
}
