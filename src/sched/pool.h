/* SPDX-License-Identifier: MIT */
/*
 * The pool: who the workers are, and how they live.
 *
 * A *worker* is a thread with a deque. There are two kinds: threads that the pool made, and *guests*, threads of
 * the program that make calls. A guest is a worker like any other while it is in a call: it has a deque that others
 * steal from. It never runs work of calls other than its own.
 *
 * Life. The pool is made when a call first wants help. A thread is started when work is published and nobody
 * searches or sleeps, one at a time (each that finds work and sees more brings in the next), up to
 * pl_pool_cores() - 1, or beyond that for calls that ask for more workers; those leave after a second of rest.
 * Records of workers are reused but never freed before the pool is, so that a thread may look at another's
 * deque or leave it a token at any time.
 *
 * End. When the library is unloaded or the program exits, threads are joined and the records freed, unless some call
 * is still running (exit() in a task, or while other threads compute): then all is left as it is, since waiting
 * for it might never end. A child of fork() starts afresh: its copy of the parent's pool is not touched again.
 */
#ifndef PL_SCHED_POOL_H
#define PL_SCHED_POOL_H

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "deque/deque.h"
#include "sched/sleep.h"

struct pl_frame;

typedef struct pl_worker {
    pl_deque deque;
    /* its thread's own */
    struct pl_pool *pool;
    unsigned index;          /* in pool->workers and in the set of sleepers */
    unsigned victim;         /* where its next look into the others' deques begins */
    bool was_last;           /* it was the last searcher when it found what it runs now, and owes a look */
    struct pl_frame *frame;  /* the innermost loop that it is inside of */
    _Atomic uint32_t inside; /* how many loops that is; also read at exit */
    /* kept under the pool's mutex */
    enum pl_use { PL_FREE, PL_GUEST, PL_THREAD, PL_ENDED } use;
    pthread_t thread; /* of a PL_THREAD, or a PL_ENDED one still to be joined */
    /* written by whoever wakes it */
    alignas(PL_LINE) pl_parker parker;
} pl_worker;

typedef struct pl_pool {
    pl_sleep sleep;
    alignas(PL_LINE) _Atomic uint32_t high; /* workers[0 .. high) exist */
    _Atomic uint32_t threads;               /* how many the pool has made that have not ended */
    _Atomic uint32_t stopping;
    _Atomic uint64_t no_threads_until; /* after a failure to start one: when to try again, in ticks */
    _Atomic uint32_t eager;            /* loops under way that ask for more workers than cores */
    uint64_t spin_ticks;               /* how long a searcher looks around before it sleeps */
    unsigned cpus;                     /* that there are for all threads */
    struct pl_pool *forked;            /* pools of parent processes, kept reachable */
    _Atomic(pl_worker *) workers[PL_SLEEP_MAX];
} pl_pool;

/* How many workers a call has that does not say: PARALLEL_NUM_THREADS, else the CPUs that we may use. */
unsigned pl_pool_cores(void);

/* The calling thread's worker; makes it a guest of the program's pool if it has none. NULL if there is no memory
 * or there are too many workers. */
pl_worker *pl_worker_self(void);

/* Somebody has published work: makes sure that it is found. With `add`, by a further thread if need be. False if all
 * are busy: then whoever runs out of work first will find it. */
bool pl_pool_notify(pl_pool *pool, bool add);

/* For a thief, once it has done with the slot of a task that it stole: if it was the last searcher, makes sure that
 * other work is found (f2 in sleep.h). Before anything that takes long. */
void pl_worker_pass_on(pl_worker *worker);

/* Whether any deque has a public task. All loads are seq_cst: see sleep.h. */
bool pl_pool_has_public(const pl_pool *pool);

/* Worker number `i`, if there is one. */
static inline pl_worker *pl_pool_worker(const pl_pool *pool, unsigned i)
{
    /* W1 acquire: the record is filled in; pairs with W2 */
    return atomic_load_explicit((_Atomic(pl_worker *) *)&pool->workers[i], memory_order_acquire);
}

/* How many workers there are, for looking at all of them. */
static inline unsigned pl_pool_high(const pl_pool *pool)
{
    /* W3 seq_cst: takes part in the looks of sleep.h: a worker that published before is counted; pairs with W4 */
    return atomic_load_explicit((_Atomic uint32_t *)&pool->high, memory_order_seq_cst);
}

/* How many threads the pool has. */
static inline uint32_t pl_pool_threads(const pl_pool *pool)
{
    /* W5 relaxed: a hint; pairs with W6, W7 */
    return atomic_load_explicit((_Atomic uint32_t *)&pool->threads, memory_order_relaxed);
}

/* Whether more threads than CPUs are about, so that spinning for one of them is a waste. */
static inline bool pl_pool_crowded(const pl_pool *pool)
{
    return pl_pool_threads(pool) >= pool->cpus;
}

/* Whether more threads are about than a call that does not ask for more makes use of. */
static inline bool pl_pool_surplus(const pl_pool *pool)
{
    return pl_pool_threads(pool) >= pl_pool_cores();
}

/* Whether the pool is being ended. */
static inline bool pl_pool_stopping(const pl_pool *pool)
{
    /* W8 seq_cst: a worker going to sleep looks at it as it looks for work; pairs with W9 */
    return atomic_load_explicit((_Atomic uint32_t *)&pool->stopping, memory_order_seq_cst) != 0;
}

/* ---- between pool.c and worker.c ------------------------------------------------------------------------- */

/* The main function of a thread of the pool. It counts as searching from before it starts. */
void *pl_worker_main(void *worker);

/* Makes the calling thread `worker`, a thread of its pool. */
void pl_worker_become(pl_worker *worker);

/* Whether a thread may be added now: by the number of cores, or on special request; and after no recent failure. */
bool pl_pool_may_add(const pl_pool *pool, bool add);

/* Starts a thread, which counts as searching already. */
bool pl_pool_add_thread(pl_pool *pool);

/* A thread that found nothing to do for long: true if it is one too many, or the pool is being ended. Then it returns
 * at once, without another look at the pool: its record may be reused, and it is joined. */
bool pl_worker_leave(pl_worker *worker);

#endif
