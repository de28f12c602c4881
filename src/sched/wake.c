/* SPDX-License-Identifier: MIT */
/* Whoever publishes work wakes somebody for it, or starts a thread. The protocol is in sleep.h. */
#include "sched/wake.h"

#include "base/os.h"
#include "sched/pool.h"
#include "sched/trace.h"

/* A longer time says that somebody else had the CPU, and nothing of the next wake-up. */
#define WAKE_MOST_US 500

/* ---- what a wake-up costs -------------------------------------------------------------------------------- */

void pl_wake_measured(_Atomic uint32_t *average, uint64_t ticks)
{
    uint64_t most = WAKE_MOST_US * pl_os_ticks_per_us();
    uint32_t new = (uint32_t)(ticks < most ? ticks : most);
    /* W38 relaxed: a number by itself; pairs with W37 */
    uint32_t old = atomic_load_explicit(average, memory_order_relaxed);
    /* W37 relaxed: a number by itself, one of several at once will do; pairs with W35, W36, W38 */
    atomic_store_explicit(average, old ? old - old / 4 + new / 4 : new, memory_order_relaxed);
}

void pl_wake_doubt(pl_pool *pool)
{
    /* W41 relaxed: as W38; pairs with W37 */
    uint32_t latency = atomic_load_explicit(&pool->wake_latency, memory_order_relaxed);
    /* W42 relaxed: as W37; pairs with W36, W38 */
    atomic_store_explicit(&pool->wake_latency, latency - latency / 64, memory_order_relaxed);
}

/* ---- waking ---------------------------------------------------------------------------------------------- */

/*
 * Where a woken or a new worker runs. Left to itself, the system may put it on the CPU of whoever wakes it, behind the
 * very thread that it is to help. So that CPU is taken out of the worker's affinity mask, and put back as soon as the
 * worker runs: nothing that a task starts inherits a narrowed mask.
 *
 *      waker, which has claimed the worker           worker
 *                                                    k0  excluded_cpu = 0, and then it announces that it sleeps
 *      k1  excluded_cpu: 0 -> cpu + 1     (CAS)      k4  when it is awake: excluded_cpu -> AWAKE, what was it? (RMW)
 *      k2  takes the CPU out                         k5  if that was a CPU: puts it back
 *      k3  if excluded_cpu has changed: puts it back
 *
 * A worker that is awake is left alone (k1). Else the CPU is put back after it was taken out, whatever the order: if k4
 * comes before k3, by k3; else by k5. A waker may be so late that the worker sleeps once more (then its token wakes
 * that), or has left, and ended: a thread is known by its number. A new one begins without the CPU (k1 and k2), and
 * needs no k3.
 */
enum { AWAKE = -1 };

static void exclude_cpu(pl_worker *w, int cpu)
{
    /* W61 relaxed: a number by itself, which may by now be another thread's; pairs with W62 */
    pl_os_id thread = atomic_load_explicit(&w->me, memory_order_relaxed);
    int nothing = 0;
    /* W43 seq_cst: k1; if it is awake, or another waker is at it, this one leaves it alone; pairs with W45, W63 */
    if (!pl_os_may_exclude_cpu(thread, cpu) ||
        !atomic_compare_exchange_strong_explicit(&w->excluded_cpu, &nothing, cpu + 1, memory_order_seq_cst,
                                                 memory_order_relaxed))
        return;
    pl_os_exclude_cpu(thread, cpu, PL_OS_CPU_EXCLUDED);
    /* W44 seq_cst: k3; pairs with W45 */
    if (atomic_load_explicit(&w->excluded_cpu, memory_order_seq_cst) != cpu + 1)
        pl_os_exclude_cpu(thread, cpu, PL_OS_CPU_ALLOWED);
}

void pl_wake_restore_affinity(pl_worker *w)
{
    /* W45 seq_cst: k4; pairs with W43, W44, W48 */
    int excluded_cpu = atomic_exchange_explicit(&w->excluded_cpu, AWAKE, memory_order_seq_cst);
    if (excluded_cpu > 0)
        pl_os_exclude_cpu(pl_os_thread_self(), excluded_cpu - 1, PL_OS_CPU_ALLOWED);
}

/* Wakes a worker, whose announcement was claimed. */
static void wake_worker(pl_worker *w)
{
    pl_pool *pool = w->pool;
    pl_sleep_waking(&pool->sleep, 1);
    uint64_t start = pl_ticks();
    if (pl_trace_is_on())
        pl_trace_moment(PL_TRACE_WAKE, w->index, 0);
    PL_PROBE(wake, w->index, 0);
    /* W39 relaxed: a worker that somebody else wakes meanwhile may read an older time; pairs with W40 */
    atomic_store_explicit(&w->woken, start, memory_order_relaxed);
    exclude_cpu(w, pl_os_cpu());
    pl_unpark(&w->parker);
    pl_wake_measured(&pool->wake_cost, pl_ticks() - start);
}

void pl_wake_notify(pl_pool *pool, pl_growth growth)
{
    do {
        if (pl_sleep_searching(&pool->sleep))
            return;
        int i = pl_sleep_claim(&pool->sleep, pl_pool_high(pool));
        if (i >= 0)
            wake_worker(pl_pool_worker(pool, (unsigned)i));
        if (i >= 0 || i == PL_SLEEP_OTHERS)
            return;
        if (i == PL_SLEEP_NONE) {
            if (!pl_pool_may_add(pool, growth))
                return;
            pl_sleep_search(&pool->sleep);
            if (pl_pool_add_thread(pool, growth) || !pl_sleep_found(&pool->sleep))
                return;
        }
        /* Somebody was counted as searching for a while, and a publisher may have relied on it. */
    } while (pl_pool_has_public(pool) || pl_injector_count(&pool->injector));
}

/* ---- looks for work, and for those that have none -------------------------------------------------------- */

bool pl_pool_has_public(const pl_pool *pool)
{
    if (pl_injector_open(pool))
        return true;
    unsigned i;
    for (pl_sleep_walk walk = pl_pool_walk(pool); pl_sleep_walk_on(&walk, &i);) {
        const pl_worker *w = pl_pool_worker(pool, i);
        if (pl_deque_has_public(&w->deque) || pl_handoff_has_slots(&w->handoff))
            return true;
    }
    return false;
}

bool pl_pool_overloaded(const pl_pool *pool)
{
    return pl_pool_crowded(pool) &&
           pl_pool_threads(pool) >= pool->cpus + pl_sleep_count(&pool->sleep, pl_pool_high(pool));
}

uint32_t pl_pool_helpers(const pl_pool *pool)
{
    return pl_pool_overloaded(pool) ? 0 : pl_sleep_awake(&pool->sleep);
}

bool pl_pool_idle(const pl_pool *pool)
{
    /* W24 seq_cst: a worker that announced that it waits, and then did not see what the caller publishes or reveals,
     * is seen; pairs with W25 */
    return pl_sleep_searching(&pool->sleep) || pl_sleep_any(&pool->sleep, pl_pool_high(pool)) ||
           atomic_load_explicit((_Atomic uint32_t *)&pool->waiting, memory_order_seq_cst) > 0 ||
           pl_pool_may_add(pool, PL_GROWTH_TO_SIZE);
}

/* Those who wait for what this thread is inside of may help with what it has published. */
static void poke_waiters(const pl_worker *w)
{
    for (pl_activation *f = w->activation; f; f = f->outer) {
        if (f->latch)
            pl_latch_poke(f->latch);
        else if (f->slot && pl_slot_awaited(f->slot))
            pl_unpark(f->waiter);
    }
}

void pl_wake_call_for_help(pl_worker *w, pl_growth growth)
{
    pl_wake_notify(w->pool, growth);
    /* W30 seq_cst: as W24: a worker that waits for what this thread does, and did not see what it has published, is
     * seen; pairs with W25 */
    if (atomic_load_explicit(&w->pool->waiting, memory_order_seq_cst) > 0)
        poke_waiters(w);
}

void pl_wake_waiter_begins(pl_pool *pool)
{
    /* W25 seq_cst: before the look for work to help with, in S; pairs with W24, W30 */
    atomic_fetch_add_explicit(&pool->waiting, 1, memory_order_seq_cst);
}

void pl_wake_waiter_ends(pl_pool *pool)
{
    /* W73 relaxed: whoever still sees this one waiting does more than it need; pairs with W24, W30 */
    atomic_fetch_sub_explicit(&pool->waiting, 1, memory_order_relaxed);
}
