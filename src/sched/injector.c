/* SPDX-License-Identifier: MIT */
/* Jobs in the background; injector.h says who takes them when. */
#include "sched/injector.h"

#include "base/os.h"
#include "sched/pool.h"
#include "sched/wake.h"

/* How long a job waits before a thread beyond the pool's size takes it. */
#define OVERDUE_NS UINT64_C(2000000)

void pl_injector_init(pl_injector *injector)
{
    pthread_mutex_init(&injector->mutex, NULL);
}

uint32_t pl_injector_count(const pl_injector *injector)
{
    /* I1 seq_cst: a3 and f2 (sleep.h), after the announcement in S; pairs with I2 */
    return atomic_load_explicit((_Atomic uint32_t *)&injector->count, memory_order_seq_cst);
}

uint32_t pl_injector_submitted(const pl_injector *injector)
{
    /* I10 relaxed: a number by itself; pairs with I11 */
    return atomic_load_explicit((_Atomic uint32_t *)&injector->submitted, memory_order_relaxed);
}

uint32_t pl_injector_drivers(const pl_injector *injector)
{
    /* I4 seq_cst: the thread that ends the pool has barred it before (W9), in S: it sees a driver, or that sees the bar
     * (W8). Elsewhere a number by itself: a thread that misses a change looks again when the oldest job is overdue;
     * pairs with I5, I6 */
    return atomic_load_explicit((_Atomic uint32_t *)&injector->drivers, memory_order_seq_cst);
}

/* When a thread may take the first job, in pl_os_nanoseconds(); of an empty injector, UINT64_MAX. */
static uint64_t opens_at(const pl_pool *pool)
{
    const pl_injector *injector = &pool->injector;
    if (pl_injector_count(injector) == 0)
        return UINT64_MAX;
    if (pl_injector_drivers(injector) < pool->size) {
        /* I8 relaxed: a time by itself; pairs with I9 */
        return atomic_load_explicit((_Atomic uint64_t *)&injector->from, memory_order_relaxed);
    }
    /* I7 relaxed: a time by itself; pairs with I3 */
    return atomic_load_explicit((_Atomic uint64_t *)&injector->overdue_at, memory_order_relaxed);
}

int64_t pl_injector_opens_in(const pl_pool *pool)
{
    uint64_t at = opens_at(pool);
    if (at == UINT64_MAX)
        return -1;
    uint64_t now = pl_os_nanoseconds();
    return now >= at ? 0 : at - now < INT64_MAX ? (int64_t)(at - now) : INT64_MAX;
}

bool pl_injector_open(const pl_pool *pool)
{
    uint64_t at = opens_at(pool);
    return at != UINT64_MAX && pl_os_nanoseconds() >= at;
}

/* With the mutex held: there are so many now. */
static void set_count(pl_injector *injector, uint32_t count)
{
    if (injector->first) {
        uint64_t overdue = injector->first->from + OVERDUE_NS;
        /* I9 relaxed: a time by itself; pairs with I8 */
        atomic_store_explicit(&injector->from, injector->first->from, memory_order_relaxed);
        /* I3 relaxed: a time by itself; pairs with I7 */
        atomic_store_explicit(&injector->overdue_at,
                              overdue > injector->overdue_floor ? overdue : injector->overdue_floor,
                              memory_order_relaxed);
    }
    /* I2 seq_cst: p1 (sleep.h): before the look for a searcher or a sleeper in S; pairs with I1 */
    atomic_store_explicit(&injector->count, count, memory_order_seq_cst);
}

/* With the mutex held: behind all that can be taken no later. */
static void put_in(pl_injector *injector, pl_job *job)
{
    pl_job *before = injector->last;
    while (before && before->from > job->from)
        before = before->before;
    job->before = before;
    job->next = before ? before->next : injector->first;
    *(before ? &before->next : &injector->first) = job;
    *(job->next ? &job->next->before : &injector->last) = job;
    job->queued = true;
    /* I11 relaxed: a number by itself, which changes under the mutex only; pairs with I10 */
    atomic_store_explicit(&injector->submitted, pl_injector_submitted(injector) + 1, memory_order_relaxed);
    set_count(injector, pl_injector_count(injector) + 1);
}

void pl_injector_submit(pl_job *job)
{
    pl_injector_submit_at(job, pl_os_nanoseconds());
}

void pl_injector_submit_at(pl_job *job, uint64_t now)
{
    pl_pool *pool = job->pool;
    pl_injector *injector = &pool->injector;
    bool later = job->not_before > now;
    job->from = later ? job->not_before : now;
    pthread_mutex_lock(&injector->mutex);
    put_in(injector, job);
    bool watched = injector->first != job;
    pthread_mutex_unlock(&injector->mutex);
    if (!watched || (!later && pl_injector_drivers(injector) < pool->size))
        pl_wake_notify(pool, PL_GROWTH_TO_SIZE);
}

void pl_injector_remind(pl_job *job)
{
    if (pl_injector_count(&job->pool->injector) && pl_pool_threads(job->pool) == 0)
        pl_wake_notify(job->pool, PL_GROWTH_TO_SIZE);
}

/* With the mutex held. */
static void take_out(pl_injector *injector, pl_job *job)
{
    *(job->before ? &job->before->next : &injector->first) = job->next;
    *(job->next ? &job->next->before : &injector->last) = job->before;
    job->queued = false;
    set_count(injector, pl_injector_count(injector) - 1);
}

bool pl_injector_withdraw(pl_job *job)
{
    pl_injector *injector = &job->pool->injector;
    pthread_mutex_lock(&injector->mutex);
    bool queued = job->queued;
    if (queued)
        take_out(injector, job);
    pthread_mutex_unlock(&injector->mutex);
    return queued;
}

pl_job *pl_injector_take(pl_pool *pool)
{
    pl_injector *injector = &pool->injector;
    pthread_mutex_lock(&injector->mutex);
    pl_job *job = pl_injector_open(pool) ? injector->first : NULL;
    if (job) {
        /* I5 seq_cst: before the look whether the pool is stopping (W8), in S; pairs with I4 */
        atomic_fetch_add_explicit(&injector->drivers, 1, memory_order_seq_cst);
        if (pl_pool_stopping(pool)) {
            pl_injector_end(pool);
            job = NULL;
        } else {
            if (pl_injector_drivers(injector) > pool->size)
                injector->overdue_floor = pl_os_nanoseconds() + OVERDUE_NS;
            take_out(injector, job);
        }
    }
    pthread_mutex_unlock(&injector->mutex);
    return job;
}

void pl_injector_end(pl_pool *pool)
{
    /* I6 relaxed: a number by itself: the thread that ends the pool joins this one, which looks for the next job
     * itself; pairs with I4 */
    atomic_fetch_sub_explicit(&pool->injector.drivers, 1, memory_order_relaxed);
}
