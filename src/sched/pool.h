/* SPDX-License-Identifier: MIT */
/*
 * The pool: which workers there are, and how they come and go.
 *
 * A *worker* is a thread with a deque (worker.h). There are two kinds: threads that the pool has made, and *guests*,
 * threads of the program that make calls. A guest is a worker like any other while it is in a call: it has a deque that
 * others steal from. It never runs work of calls other than its own.
 *
 * Life. The program's pool is made when a call first wants help. A thread is started when work is published and nobody
 * searches or sleeps, one at a time (each that finds work and sees more brings in the next), up to the pool's size less
 * one, or beyond that for calls that ask for more workers; those leave after a second of rest. Records of workers are
 * reused but never freed before the pool is, so that a thread may look at another's deque or leave it a token at any
 * time.
 *
 * A guest keeps its record until its thread ends, so that its next call finds it again. Where many do (KEPT_GUESTS in
 * pool_guests.c), further ones give theirs back when their call returns: so there are records left, however many
 * threads have called and live on.
 *
 * End. When the library is unloaded or the program exits, threads are joined and the records freed, unless some call is
 * still running (exit() in a task, or while other threads compute): then all is left as it is, since waiting for it
 * might never end. At exit that is done by a function registered with atexit() when the first pool is made: so the
 * pool's threads end, with their thread-local objects, before the static objects do that there were by then.
 * pl_pool_shut_down() ends the threads alone: the pool stays, barred meanwhile, so that no guest's record dangles, and
 * calls that begin in between run alone.
 *
 * Fork. A child starts afresh: its copy of the parent's pool is not touched again. No lock is held while the program's
 * fork handlers run, since these may make calls. So another thread of the parent may have been in the middle of any
 * change, and have held the mutex; the child makes that new, and looks at nothing but the list of own pools, which is
 * changed by single stores.
 *
 * Pools of the program's own. Beside the pool above, which all calls share, there may be others, each with its threads
 * and a size that takes the place of pl_pool_cores(). A thread gets into one by an *attachment*: what it runs between
 * pl_pool_attach() and pl_pool_detach() is on that pool, calls inside of its tasks too, whatever pool it was in before.
 * It becomes a guest there when it first needs to be, and gives its record back when it leaves: so a thread without an
 * attachment has no record in any pool but the program's, and neither its end nor a pool's leaves anything dangling. An
 * attachment to a pool that the thread is in already, further out, goes on with the record from there.
 *
 * Such a pool is held by its maker, until pl_pool_free() lets it go, and by each attachment. The last one that lets go
 * ends it: it joins the threads and frees all. That is never a thread of the pool itself, which works inside of
 * somebody's attachment; and nobody waits for an attachment to end. When the program exits, the pools' threads are
 * joined as the program's are, but the pools themselves stay, to be freed later or never. A child of fork() finds them
 * as they were made, without a thread.
 */
#ifndef PL_SCHED_POOL_H
#define PL_SCHED_POOL_H

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/os.h"
#include "sched/injector.h"
#include "sched/sleep.h"
#include "sched/worker.h"

/* What the threads of a pool have, and do. */
typedef struct pl_thread_kind {
    pl_os_thread_attributes attributes;    /* the CPUs in it are the pool's to free */
    char name[16];                         /* for debuggers; "": one with a number */
    void (*start)(void *), (*end)(void *); /* run by each, first and last; or NULL */
    void *data;
} pl_thread_kind;

/* How many threads a pool may have: as many as go with its size; or more, for calls that ask for more workers than it
 * has, since their tasks may wait for each other. */
typedef enum pl_growth { PL_GROWTH_TO_SIZE, PL_GROWTH_BEYOND } pl_growth;

typedef struct pl_pool {
    pl_sleep sleep;
    alignas(PL_LINE) _Atomic uint32_t high; /* workers[0 .. high) exist */
    _Atomic uint32_t threads;               /* how many threads the pool has made that have not ended */
    _Atomic uint32_t stopping;              /* the pool is being ended */
    _Atomic uint64_t no_threads_until;      /* in pl_os_nanoseconds(): no thread is started before; one could not be */
    _Atomic uint32_t eager;                 /* how many loops under way ask for more workers than the pool has */
    _Atomic uint32_t lent;                  /* how many of its threads are at such loops: they may block for long */
    _Atomic uint32_t wake_cost;             /* how long it takes to wake a worker, in ticks; a moving average */
    _Atomic uint32_t wake_latency;          /* how long it takes until that worker is awake; likewise */
    _Atomic uint32_t waiting;               /* workers that wait for a stolen task, or for their loop's participants */
    alignas(PL_LINE) pl_injector injector;  /* what runs in the background */
    alignas(PL_LINE) bool can_fence;        /* there are asymmetric fences */
    bool own;                               /* it is not the program's */
    uint64_t spin_ticks;                    /* how long a searcher looks around before it sleeps */
    bool locked;   /* the program's memory is locked: so callers alone start threads, see pl_pool_start_threads() */
    unsigned cpus; /* that there are for all threads */
    unsigned size; /* workers that a call has which does not say, the caller among them */
    pl_thread_kind kind; /* of its threads */
    _Atomic(pl_worker *) workers[PL_SLEEP_MAX];

    /* how many hold it: its maker, attachments and executors; of the program's pool, the last alone */
    alignas(PL_LINE) _Atomic uint32_t holders;

    /* of an own pool */
    pl_counters counters; /* an own pool's: what threads have done in it that were no workers, or are none any more */
    bool owned;           /* its maker has not let it go; kept under the mutex */
    _Atomic(struct pl_pool *) next; /* in the list of all such pools, or in that of those of parent processes */

    /* kept under the pools' mutex */
    pl_worker *free; /* records that are PL_FREE */
    unsigned ended;  /* how many are PL_ENDED */
    unsigned kept;   /* guests that keep their records from call to call */
    bool ending;     /* somebody waits for the end of its threads */
} pl_pool;

/* How many workers a call of this thread has that does not say: the size of the pool that it is in. Outside of all,
 * pl_pool_default_cores(). */
unsigned pl_pool_cores(void);

/* The CPUs that we may use: pl_os_cpus(), which takes long, asked once. */
unsigned pl_pool_cpus(void);

/* The size of the program's pool: PARALLEL_NUM_THREADS, else the CPUs that we may use. */
unsigned pl_pool_default_cores(void);

/* What PARALLEL_NUM_THREADS is, if that is no number from 1 on; else NULL. */
const char *pl_pool_wrong_cores(void);

/* In a process that is to have one thread: the program's pool, which does not exist yet, has no further worker. */
void pl_pool_stay_alone(void);

/* Makes a pool of its own for calls of `size` workers, 1 to PL_SLEEP_MAX, with threads of this kind, or NULL; it starts
 * no thread yet. NULL if there is no memory. */
pl_pool *pl_pool_new(unsigned size, const pl_thread_kind *kind);

/* Lets go of it. It ends now, or with the last attachment. */
void pl_pool_free(pl_pool *pool);

/* What the calling thread runs until pl_pool_detach() runs on `pool`, which is held; if that is the program's, or the
 * one that the thread is in, nothing changes. The attachment is on the thread's stack: attachments are left in the
 * order in which they are nested. */
typedef struct pl_attachment {
    struct pl_attachment *outer;
    pl_pool *pool;
    pl_worker *before; /* the thread's worker outside, if it had one */
    pl_worker *found;  /* its worker in the pool from further out, if it had one */
} pl_attachment;

void pl_pool_attach(pl_attachment *attachment, pl_pool *pool);
void pl_pool_detach(pl_attachment *attachment);

/* The pool that the calling thread is in, or else the program's, held for something that outlives the thread's
 * attachment; and let go again. NULL if there is none any more, or no memory. A pool's own threads are not to be the
 * last to let it go. */
pl_pool *pl_pool_hold_here(void);
void pl_pool_hold(pl_pool *pool);
void pl_pool_let_go(pl_pool *pool);

/* The program exits, or the library is unloaded: ends all pools on which no call runs. */
void pl_pool_end_all(void);

/* Starts the threads of the pool that the calling thread is in. False if some could not be. */
bool pl_pool_warm_up(void);

/* Ends the threads of the program's pool, which the next call starts anew. False, and nothing is done, while calls
 * run. */
bool pl_pool_shut_down(void);

/* How many fork()s lie between this process and the first: a pool that was held before the last one is not to be let
 * go. */
unsigned pl_pool_forks(void);

/* Whether any worker has nothing to do: one that is awake, asleep or still to be started. The loads are seq_cst. */
bool pl_pool_idle(const pl_pool *pool);

/* Whether any deque has a public task, or any worker hands over participant slots, or a job may be taken. All loads are
 * seq_cst: see sleep.h. */
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

/* A walk over all workers that may have something for others; part of the looks of sleep.h. */
static inline pl_sleep_walk pl_pool_walk(const pl_pool *pool)
{
    return pl_sleep_walk_over(&pool->sleep, 0, pl_pool_high(pool));
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

/* Whether more threads than CPUs are awake: a searcher then is one that has lost its CPU, or takes somebody else's. */
bool pl_pool_overloaded(const pl_pool *pool);

/* How many searchers may come at once for what is handed over to them: a hint. */
uint32_t pl_pool_helpers(const pl_pool *pool);

/* Whether more threads are about than a call that does not ask for more makes use of. */
static inline bool pl_pool_surplus(const pl_pool *pool)
{
    return pl_pool_threads(pool) >= pool->size;
}

/* Whether the pool is being ended. */
static inline bool pl_pool_stopping(const pl_pool *pool)
{
    /* W8 seq_cst: a worker going to sleep looks at it as it looks for work; pairs with W9 */
    return atomic_load_explicit((_Atomic uint32_t *)&pool->stopping, memory_order_seq_cst) != 0;
}

/* ---- threads --------------------------------------------------------------------------------------------- */

/* Whether a thread may be added now: by the pool's size, which is meant without callers, where jobs run; for jobs that
 * nobody watches, if all are busy; or on special request; and after no recent failure. */
bool pl_pool_may_add(const pl_pool *pool, pl_growth growth);

/* Starts a thread, which counts as searching already, if it still may be added. */
bool pl_pool_add_thread(pl_pool *pool, pl_growth growth);

/*
 * A thread that starts another allocates memory for it, and C libraries have a heap for each thread that does so: glibc
 * reserves 64 MB, all of which is locked where the program's memory is. There, threads of the pool start others for
 * jobs only, and a caller starts all that its call wants, `count` in all, before it begins.
 */
void pl_pool_start_threads(pl_pool *pool, unsigned count, pl_growth growth);

#endif
