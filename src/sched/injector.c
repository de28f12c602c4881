/* SPDX-License-Identifier: MIT */
/* Errands in the background; inbox.h says who takes them when. */
#include "sched/injector.h"

#include "base/os.h"
#include "sched/pool.h"

/* How long an errand waits before a thread beyond the pool's size takes it. */
#define RIPE_NS UINT64_C(2000000)

void pl_inbox_init(pl_inbox *inbox)
{
    pthread_mutex_init(&inbox->mutex, NULL);
}

uint32_t pl_inbox_count(const pl_inbox *inbox)
{
    /* I1 seq_cst: a3 and f2 (sleep.h), after the announcement in S; pairs with I2 */
    return atomic_load_explicit((_Atomic uint32_t *)&inbox->count, memory_order_seq_cst);
}

uint32_t pl_inbox_drivers(const pl_inbox *inbox)
{
    /* I4 seq_cst: who ends the pool has barred it before (W9), in S: it sees a driver, or that sees the bar (W8). Elsewhere
     * a number by itself: who misses a change looks again when the oldest errand is ripe; pairs with I5, I6 */
    return atomic_load_explicit((_Atomic uint32_t *)&inbox->drivers, memory_order_seq_cst);
}

/* When a thread may take the first errand, in pl_os_nanoseconds(); of an empty inbox, UINT64_MAX. */
static uint64_t opens_at(const pl_pool *pool)
{
    const pl_inbox *inbox = &pool->inbox;
    if (pl_inbox_count(inbox) == 0)
        return UINT64_MAX;
    if (pl_inbox_drivers(inbox) < pool->size) {
        /* I8 relaxed: a time by itself; pairs with I9 */
        return atomic_load_explicit((_Atomic uint64_t *)&inbox->from, memory_order_relaxed);
    }
    /* I7 relaxed: a time by itself; pairs with I3 */
    return atomic_load_explicit((_Atomic uint64_t *)&inbox->ripe_at, memory_order_relaxed);
}

int64_t pl_inbox_opens_in(const pl_pool *pool)
{
    uint64_t at = opens_at(pool);
    if (at == UINT64_MAX)
        return -1;
    uint64_t now = pl_os_nanoseconds();
    return now >= at ? 0 : at - now < INT64_MAX ? (int64_t)(at - now) : INT64_MAX;
}

bool pl_inbox_open(const pl_pool *pool)
{
    uint64_t at = opens_at(pool);
    return at != UINT64_MAX && pl_os_nanoseconds() >= at;
}

/* With the mutex held: there are so many now. */
static void set_count(pl_inbox *inbox, uint32_t count)
{
    if (inbox->first) {
        uint64_t ripe = inbox->first->from + RIPE_NS;
        /* I9 relaxed: a time by itself; pairs with I8 */
        atomic_store_explicit(&inbox->from, inbox->first->from, memory_order_relaxed);
        /* I3 relaxed: a time by itself; pairs with I7 */
        atomic_store_explicit(&inbox->ripe_at, ripe > inbox->floor ? ripe : inbox->floor, memory_order_relaxed);
    }
    /* I2 seq_cst: p1 (sleep.h): before the look for a searcher or a sleeper in S; pairs with I1 */
    atomic_store_explicit(&inbox->count, count, memory_order_seq_cst);
}

/* With the mutex held: behind all that can be taken no later. */
static void put_in(pl_inbox *inbox, pl_errand *errand)
{
    pl_errand *before = inbox->last;
    while (before && before->from > errand->from)
        before = before->before;
    errand->before = before;
    errand->next = before ? before->next : inbox->first;
    *(before ? &before->next : &inbox->first) = errand;
    *(errand->next ? &errand->next->before : &inbox->last) = errand;
    errand->queued = true;
    set_count(inbox, pl_inbox_count(inbox) + 1);
}

void pl_inbox_submit(pl_errand *errand)
{
    pl_pool *pool = errand->pool;
    pl_inbox *inbox = &pool->inbox;
    uint64_t now = pl_os_nanoseconds();
    bool later = errand->not_before > now;
    errand->from = later ? errand->not_before : now;
    pthread_mutex_lock(&inbox->mutex);
    put_in(inbox, errand);
    bool watched = inbox->first != errand;
    pthread_mutex_unlock(&inbox->mutex);
    if (!watched || (!later && pl_inbox_drivers(inbox) < pool->size))
        pl_pool_notify(pool, false);
}

void pl_inbox_remind(pl_errand *errand)
{
    if (pl_inbox_count(&errand->pool->inbox) && pl_pool_threads(errand->pool) == 0)
        pl_pool_notify(errand->pool, false);
}

/* With the mutex held. */
static void take_out(pl_inbox *inbox, pl_errand *errand)
{
    *(errand->before ? &errand->before->next : &inbox->first) = errand->next;
    *(errand->next ? &errand->next->before : &inbox->last) = errand->before;
    errand->queued = false;
    set_count(inbox, pl_inbox_count(inbox) - 1);
}

bool pl_inbox_withdraw(pl_errand *errand)
{
    pl_inbox *inbox = &errand->pool->inbox;
    pthread_mutex_lock(&inbox->mutex);
    bool queued = errand->queued;
    if (queued)
        take_out(inbox, errand);
    pthread_mutex_unlock(&inbox->mutex);
    return queued;
}

pl_errand *pl_inbox_take(pl_pool *pool)
{
    pl_inbox *inbox = &pool->inbox;
    pthread_mutex_lock(&inbox->mutex);
    pl_errand *errand = pl_inbox_open(pool) ? inbox->first : NULL;
    if (errand) {
        /* I5 seq_cst: before the look whether the pool is stopping (W8), in S; pairs with I4 */
        atomic_fetch_add_explicit(&inbox->drivers, 1, memory_order_seq_cst);
        if (pl_pool_stopping(pool)) {
            pl_inbox_end(pool);
            errand = NULL;
        } else {
            if (pl_inbox_drivers(inbox) > pool->size)
                inbox->floor = pl_os_nanoseconds() + RIPE_NS;
            take_out(inbox, errand);
        }
    }
    pthread_mutex_unlock(&inbox->mutex);
    return errand;
}

void pl_inbox_end(pl_pool *pool)
{
    /* I6 relaxed: a number by itself: who ends the pool joins this thread, which looks for the next errand itself; pairs with
     * I4 */
    atomic_fetch_sub_explicit(&pool->inbox.drivers, 1, memory_order_relaxed);
}
