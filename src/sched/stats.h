/* SPDX-License-Identifier: MIT */
/*
 * What workers have done, in numbers: always counted, and added up when somebody asks (pool_stats.h).
 *
 * Each worker has a block of counters on cache lines of its own, which its thread alone writes: so to count is an
 * addition to a line that is in this CPU's cache, without a locked instruction. The block is part of the worker's
 * record: it goes on when another thread gets the record, and is added to the program's own block when the record is
 * freed.
 *
 * A loop that runs at once on its caller (inline.h) may take 10 ns, and its thread need not be a worker. So each thread
 * has an *account* of these loops beside; the accounts of all threads are in a list, which a thread enters when its
 * loops are looked at closely, as its first one is. When a thread ends, or changes the pool that it is in, its account
 * is added to a block: that of the pool that it was in, or the program's.
 */
#ifndef PL_SCHED_STATS_H
#define PL_SCHED_STATS_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

typedef enum pl_counter {
    PL_COUNT_INLINE,       /* loops that ran on their caller alone */
    PL_COUNT_HANDED_OVER,  /* loops that were handed over in part */
    PL_COUNT_SHARED,       /* loops that were shared */
    PL_COUNT_CHUNKS,       /* chunks of the latter two, and pieces of helpers */
    PL_COUNT_ITEMS,        /* iterations of all of them */
    PL_COUNT_STEALS,       /* tasks, shares, and halves of ranges that were stolen */
    PL_COUNT_FAILED,       /* such that another thief was faster with */
    PL_COUNT_SLEEPS,       /* how often a thread of the pool went to sleep */
    PL_COUNT_WAKES,        /* how often one was woken */
    PL_COUNT_WAKE_LATENCY, /* how long that took until it ran, in ticks; as all times here */
    PL_COUNT_BUSY,         /* in chunks and tasks */
    PL_COUNT_SEARCHING,    /* looking for work */
    PL_COUNT_ASLEEP,       /* and sleeping, as a thread of the pool */
    PL_COUNT_STARTED,      /* threads that have begun */
    PL_COUNT_CRASHES,      /* worker processes that died in a task */
    PL_COUNT_TIMEOUTS,     /* attempts at tasks that were late */
    PL_COUNT_RETRIES,      /* further attempts */
    PL_COUNTERS
} pl_counter;

typedef struct pl_counters {
    alignas(PL_LINE) _Atomic uint64_t of[PL_COUNTERS];
} pl_counters;

/* Adds to a counter that the calling thread alone writes. (To the interleaving tester, counters do not exist; nor where
 * ./dev bench traces measures what they cost.) */
static inline void pl_stats_count(pl_counters *counters, pl_counter which, uint64_t more)
{
#if !defined PL_MODEL && !defined PL_UNTRACED
    _Atomic uint64_t *counter = &counters->of[which];
    /* N1 relaxed: a number by itself, which only this thread writes; no partner */
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    /* N2 relaxed: as N1; pairs with N5 */
    atomic_store_explicit(counter, before + more, memory_order_relaxed);
#else
    (void)counters;
    (void)which;
    (void)more;
#endif
}

/* The same, where several threads may be at it: for what is rare. NULL: to the program's block. */
void pl_stats_count_shared(pl_counters *counters, pl_counter which, uint64_t more);

/* Adds all of a block to another; NULL: to the program's. */
void pl_stats_add_block(pl_counters *to, const pl_counters *from);

/* Adds what a block has to `sums`; NULL: what the program's has, and the accounts of all threads. */
void pl_stats_read(const pl_counters *counters, uint64_t sums[PL_COUNTERS]);

/* ---- accounts -------------------------------------------------------------------------------------------- */

/* (To the interleaving tester, these are no atomics.) */
#ifdef PL_MODEL
typedef uint64_t pl_stats_number;
#else
typedef _Atomic uint64_t pl_stats_number;
#endif

typedef struct pl_stats_account {
    pl_stats_number loops, items;
    bool entered;                          /* it is in the list; for its thread alone */
    struct pl_stats_account *next, **link; /* kept under the mutex */
} pl_stats_account;

static inline uint64_t pl_stats_get(const pl_stats_number *number)
{
#ifdef PL_MODEL
    return *number;
#else
    /* N3 relaxed: a number by itself; pairs with N4 */
    return atomic_load_explicit((pl_stats_number *)number, memory_order_relaxed);
#endif
}

/* By its thread alone. */
static inline void pl_stats_set(pl_stats_number *number, uint64_t value)
{
#ifdef PL_MODEL
    *number = value;
#else
    /* N4 relaxed: as N3; pairs with N3 */
    atomic_store_explicit(number, value, memory_order_relaxed);
#endif
}

/* A loop of so many items has run on its thread alone. Returns how many have. */
static inline uint64_t pl_stats_count_inline(pl_stats_account *account, uint64_t items)
{
    uint64_t loops = pl_stats_get(&account->loops) + 1;
    pl_stats_set(&account->items, pl_stats_get(&account->items) + items);
    pl_stats_set(&account->loops, loops);
    return loops;
}

/* Some iterations of a loop have run on its caller alone, and others will not. */
static inline void pl_stats_count_begun(pl_stats_account *account, uint64_t items)
{
    pl_stats_set(&account->items, pl_stats_get(&account->items) + items);
}

/* Enters an account of the calling thread into the list. */
void pl_stats_enter(pl_stats_account *account);

/* The calling thread goes to another pool: what its account has goes to the block of the one that it was in. */
void pl_stats_settle(pl_stats_account *account, pl_counters *to);

#endif
