/* SPDX-License-Identifier: MIT */
/*
 * Who wakes whom. A thread that publishes work calls pl_wake_notify(), or, from inside of what others may be waiting
 * for, pl_wake_call_for_help(): then somebody will find the work. The protocol, and why no wake-up is lost, is in
 * sleep.h. What there is to find, and whether anybody is idle, is asked of the pool (pool.h).
 */
#ifndef PL_SCHED_WAKE_H
#define PL_SCHED_WAKE_H

#include "sched/pool.h"

/* Somebody has published work: makes sure that it is found, by a further thread if need be, as far as the pool may
 * grow. If all are busy, whoever runs out of work first will find it. */
void pl_wake_notify(pl_pool *pool, pl_growth growth);

/* Somebody is to come for what this worker has published: one that sleeps or searches, and those that wait for what the
 * worker does. */
void pl_wake_call_for_help(pl_worker *worker, pl_growth growth);

/* A worker begins, and ends, to wait for something, and may meanwhile help with what its own thieves publish. */
void pl_wake_waiter_begins(pl_pool *pool);
void pl_wake_waiter_ends(pl_pool *pool);

/* A worker is awake, or has begun: it may run on any of its CPUs again. */
void pl_wake_restore_affinity(pl_worker *worker);

/* How long a loop has to be, in ticks, to be worth waking somebody for: twice as long as by when help would be there,
 * less what the caller has done until then. */
static inline uint64_t pl_wake_price(const pl_pool *pool)
{
    /* W35 relaxed: numbers by themselves; pairs with W37 */
    return (uint64_t)atomic_load_explicit((_Atomic uint32_t *)&pool->wake_cost, memory_order_relaxed) +
           /* W36 relaxed: as W35; pairs with W37 */
           atomic_load_explicit((_Atomic uint32_t *)&pool->wake_latency, memory_order_relaxed);
}

/* A further measurement of the one or the other: moves it by a quarter. */
void pl_wake_measured(_Atomic uint32_t *average, uint64_t ticks);

/* Nobody is woken, since that costs too much: lowers the price a little, so that it is tried again now and then. */
void pl_wake_doubt(pl_pool *pool);

#endif
