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
 * the pool's size less one, or beyond that for calls that ask for more workers; those leave after a second of rest.
 * Records of workers are reused but never freed before the pool is, so that a thread may look at another's
 * deque or leave it a token at any time.
 *
 * A guest keeps its record until its thread ends, so that its next call finds it again. Where many do (KEPT_GUESTS in pool.c),
 * further ones give theirs back when their call returns: however many threads have called and live on, there are records.
 *
 * End. When the library is unloaded or the program exits, threads are joined and the records freed, unless some call
 * is still running (exit() in a task, or while other threads compute): then all is left as it is, since waiting
 * for it might never end. At exit that is done by a function registered with atexit() when the pool is made: so the pool's
 * threads end, with their thread-local objects, before the static objects do that there were by then. pl_pool_shut_down()
 * ends the threads alone: the pool stays, barred meanwhile, so that no guest's record dangles, and calls that begin in
 * between run alone.
 *
 * Fork. A child starts afresh: its copy of the parent's pool is not touched again. No lock is held while the program's fork
 * handlers run, since these may make calls. So another thread of the parent may have been in the middle of any change, and
 * held the mutex; the child makes that new, and looks at nothing but the list of own pools, which is changed by single
 * stores.
 *
 * Pools of the program's own. The pool above is the program's; beside it there may be others, each with its threads and
 * a size that takes the place of pl_pool_cores(). A thread gets into one by a *attachment*: what it runs between
 * pl_pool_attach() and pl_pool_detach() is on that pool, calls inside of its tasks too, whatever pool it was in before.
 * It becomes a guest there when it first needs to be, and gives its record back when it leaves: so a thread that is in
 * no attachment has no record in any pool but the program's, and neither its end nor a pool's leaves anything dangling. A
 * attachment to a pool that the thread is in already, further out, goes on with the record from there.
 *
 * Such a pool is held by whoever made it, by pl_pool_free() let go, and by each attachment. Who lets go last ends it: joins
 * its threads and frees all. That is never a thread of the pool itself, which works inside of somebody's attachment; and
 * nobody waits for a attachment to end. When the program exits, the pools' threads are joined as the program's are, but the
 * pools themselves stay, to be freed later or never. A child of fork() finds them as they were made, without a thread.
 */
#ifndef PL_SCHED_POOL_H
#define PL_SCHED_POOL_H

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/os.h"
#include "deque/deque.h"
#include "sched/handoff.h"
#include "sched/injector.h"
#include "sched/latch.h"
#include "sched/sleep.h"

/* That a thread is inside of a loop, or runs a task of its own or of others. On its stack, innermost first. Who waits
 * for the loop, or for the stolen task, may be woken to help with what is published inside. */
typedef struct pl_activation {
    struct pl_activation *outer;
    pl_latch *latch;   /* of the loop, or NULL */
    pl_slot *slot;     /* of a stolen task, or NULL, */
    pl_parker *waiter; /* and who waits for it */
    bool task;         /* it is a task, not a loop */
} pl_activation;

typedef struct pl_worker {
    pl_deque deque; /* first: a worker is known to its tasks by its deque's bounds */
    /* its thread's own */
    struct pl_pool *pool;
    unsigned index;  /* in pool->workers and in the set of sleepers */
    unsigned victim; /* where its next look into the others' deques begins */
    bool is_thread;  /* of the pool's, not a guest */
    bool for_a_call; /* a guest that gives its record back when its call returns */
    bool inferior; /* a thread whose priority is not the process's, as the system did not allow that: it leaves soon */
    bool was_last; /* it was the last searcher when it found what it runs now, and owes a look */
    uint64_t shy_for;          /* how long it leaves a worker alone whose tasks it found too short to steal; 0: not, */
    uint64_t shy_since;        /* and since when it has left `victim` alone, in ticks */
    uint64_t handoff_latency;  /* of its loops: by how much a helper's part ends later than its work takes; */
    uint32_t helpers;          /* how many came, the last time; */
    uint32_t handed;           /* and how many loops it has handed over */
    pl_activation *activation; /* the innermost */
    const pl_os_mask
        *mask; /* of a thread: that of those who wait for what it runs, which is now its own; NULL: all blocked */
    pl_os_mask origin;       /* of a thread: that of the thread that started it */
    pl_os_mask handled;      /* signals that the program handled, as seen a short while ago, */
    uint64_t handled_since;  /* in ticks; 0: not yet */
    _Atomic uint32_t inside; /* how many activations that is; also read at exit */
    _Atomic uint32_t tasks;  /* how many of them are tasks: read by who goes to sleep */
    _Atomic pl_os_id me;     /* its thread's number */
    /* what tasks see of the thread that waits for the computation which this one takes part in: read by their thieves */
    _Atomic uint64_t floating;
    _Atomic(void *) locale;
    _Atomic int excluded_cpu; /* while it sleeps: the CPU, plus 1, that whoever wakes it keeps it off; or 0: worker.c */
    _Atomic uint64_t woken;   /* when it was woken the last time, in ticks; or 0 */
    /* kept under the pool's mutex */
    enum pl_use { PL_FREE, PL_GUEST, PL_THREAD, PL_ENDED } use;
    pthread_t thread;            /* of a PL_THREAD, or a PL_ENDED one still to be joined */
    struct pl_worker *next_free; /* of those that are PL_FREE */
    /* written by whoever wakes it */
    alignas(PL_LINE) pl_parker parker;
    pl_handoff handoff; /* what it hands over of a short loop */
} pl_worker;

/* What the threads of a pool have, and do. */
typedef struct pl_thread_kind {
    pl_os_thread_attributes attributes;    /* the CPUs in it are the pool's to free */
    char name[16];                         /* for debuggers; "": one with a number */
    void (*start)(void *), (*end)(void *); /* run by each, first and last; or NULL */
    void *data;
} pl_thread_kind;

typedef struct pl_pool {
    pl_sleep sleep;
    alignas(PL_LINE) _Atomic uint32_t high; /* workers[0 .. high) exist */
    _Atomic uint32_t threads;               /* how many the pool has made that have not ended */
    _Atomic uint32_t stopping;
    _Atomic uint64_t no_threads_until;     /* after a failure to start one: when to try again, in pl_os_nanoseconds() */
    _Atomic uint32_t eager;                /* loops under way that ask for more workers than it has, */
    _Atomic uint32_t lent;                 /* and how many of its threads are at those: they may block for long */
    _Atomic uint32_t wake_cost;            /* what it takes to wake a worker, in ticks: of who does it, */
    _Atomic uint32_t wake_latency;         /* and until it is awake; both moving averages */
    _Atomic uint32_t waiting;              /* workers that wait for a stolen task, or for their loop's participants */
    alignas(PL_LINE) pl_injector injector; /* what runs in the background */
    alignas(PL_LINE) bool can_fence;       /* there are asymmetric fences */
    bool own;                              /* it is not the program's */
    uint64_t spin_ticks;                   /* how long a searcher looks around before it sleeps */
    bool locked;         /* the program's memory is locked: so callers alone start threads, see below */
    unsigned cpus;       /* that there are for all threads */
    unsigned size;       /* workers that a call has which does not say, the caller among them */
    pl_thread_kind kind; /* of its threads */
    _Atomic(pl_worker *) workers[PL_SLEEP_MAX];
    /* of an own pool */
    alignas(PL_LINE) _Atomic uint32_t
        holders;                    /* its maker, the attachments, and executors; of the program's pool the last */
    bool owned;                     /* its maker has not let it go; kept under the mutex */
    _Atomic(struct pl_pool *) next; /* of all such pools; of those of parent processes, kept reachable */
    /* kept under the mutex */
    pl_worker *free; /* records that are PL_FREE */
    unsigned kept;   /* guests that keep their records from call to call */
    bool ending;     /* somebody waits for the end of its threads */
} pl_pool;

/* How many workers a call of this thread has that does not say: the size of the pool that it is in. Outside of all,
 * pl_pool_default_cores(). */
unsigned pl_pool_cores(void);

/* The size of the program's pool: PARALLEL_NUM_THREADS, else the CPUs that we may use. */
unsigned pl_pool_default_cores(void);

/* In a process that is to have one thread: the program's pool, which does not exist yet, has no further worker. */
void pl_pool_stay_alone(void);

/* The calling thread's worker; makes it a guest of the pool that it attachments, or else of the program's, if it has none.
 * NULL if there is no memory, there are too many workers, or the library is forking a process on this thread, where calls
 * that fork handlers make are to run alone. */
pl_worker *pl_worker_self(void);

/* The same, or NULL if it has none yet. */
pl_worker *pl_worker_known(void);

/* A call of this thread's is through with pl_worker_self(): gives the record back if it is not to be kept, and this was not a
 * call within another. */
void pl_worker_end_call(void);

/* Makes a pool of its own for calls of `size` workers, 1 to PL_SLEEP_MAX, with threads of this kind, or NULL; it starts no
 * thread yet. NULL if there is no memory. */
pl_pool *pl_pool_new(unsigned size, const pl_thread_kind *kind);

/* Lets go of it. It ends now, or with the last attachment. */
void pl_pool_free(pl_pool *pool);

/* What the calling thread runs until pl_pool_detach() runs on `pool`, which is held; if that is the program's, or the one that
 * the thread is in, nothing changes. The attachment
 * is on its stack: attachments are left in the order in which they are nested. */
typedef struct pl_attachment {
    struct pl_attachment *outer;
    pl_pool *pool;
    pl_worker *before; /* the thread's worker outside, if it had one */
    pl_worker *found;  /* its worker in the pool from further out, if it had one */
} pl_attachment;

void pl_pool_attach(pl_attachment *attachment, pl_pool *pool);
void pl_pool_detach(pl_attachment *attachment);

/* The pool that the calling thread is in, or else the program's, held for something that outlives the thread's attachment; and
 * let go again. NULL if there is none any more, or no memory. A pool's own threads are not to be the last to let it go. */
pl_pool *pl_pool_hold_here(void);
void pl_pool_hold(pl_pool *pool);
void pl_pool_let_go(pl_pool *pool);

/* The program exits, or the library is unloaded: ends all pools on which no call runs. */
void pl_pool_end_all(void);

/* Ends the threads of the program's pool, which the next call starts anew. False, and nothing is done, while calls run. */
bool pl_pool_shut_down(void);

/* How many fork()s lie between this process and the first: who was held before the last one is not to be let go. */
unsigned pl_pool_forks(void);

/* Somebody has published work: makes sure that it is found. With `add`, by a further thread if need be. If all are busy,
 * whoever runs out of work first will find it. */
void pl_pool_notify(pl_pool *pool, bool add);

/* A task or a share that is in a slot. What the library itself puts there has no `run`, and begins with this. */
typedef struct pl_internal_task {
    pl_task task;
    /* What a thief does with it. It calls pl_worker_end() for the slot before anything that takes long. `wanted` is
     * false if the thief found, too late, that it may not run it. */
    void (*take)(pl_worker *thief, pl_worker *victim, pl_slot *slot, bool wanted);
} pl_internal_task;

/* Runs what it stole from `victim`, or gives it back. */
void pl_worker_run(pl_worker *thief, pl_worker *victim, pl_slot *slot, const pl_task *task, bool wanted);

/* Runs a piece of what `victim` has handed over, and what more there is; brief.c. */
void pl_handoff_run(pl_worker *thief, pl_worker *victim, pl_piece piece);

/* Runs a task, at the deque's head, in the activation that the worker has just entered for it. */
void pl_worker_start(pl_worker *worker, const pl_task *task, pl_slot *slot);

/* A thief has done with a slot; `how` as in pl_slot_end(). */
void pl_worker_end(pl_worker *victim, pl_slot *slot, unsigned how);

/* Waits until the thief of a slot has left it; helps nobody. Returns its state. */
unsigned pl_worker_await(pl_worker *worker, pl_slot *slot);

/* One more (1) or one less (-1) waits, and may help with what its own thieves publish. */
void pl_pool_wait(pl_pool *pool, int step);

/* Steals from `victim`, for a worker that may take only what belongs to what it waits for. With PL_STEAL_EMPTY, it has
 * asked for more. */
pl_steal pl_worker_steal(pl_worker *thief, pl_worker *victim, pl_slot **slot, const pl_task **task);

/* Makes sure that the victim, which runs tasks, hides none from a waiter that is about to park, and has announced it. True
 * if there is one, public now, or may be: then the waiter is to look again. */
bool pl_worker_uncover(pl_worker *thief, pl_worker *victim);

/* The tasks that the worker spawns, or that are spawned for it, see this of who waits for them: its own thread. */
void pl_worker_show(pl_worker *worker, const pl_os_ambient *ambient);

/* The signal mask that tasks are to have which the worker's thread waits for: its own, or that of those whom it works for. */
void pl_worker_mask_of(const pl_worker *worker, pl_os_mask *mask);

/* A thread of the pool takes this mask, which stays where it is meanwhile; NULL: blocks all signals. Other threads keep theirs.
 * Returns what to go back to. Before whoever waits can know that the thread has done: its signals are for the program. */
const pl_os_mask *pl_worker_set_mask(pl_worker *worker, const pl_os_mask *mask);

/* Enters and leaves a activation. */
void pl_worker_enter(pl_worker *worker, pl_activation *activation);
void pl_worker_exit(pl_worker *worker);

/* Somebody is to come for what this worker has published: one that sleeps or searches, and those that wait for what the
 * worker does. */
void pl_worker_call_for_help(pl_worker *worker, bool add);

/* Whether there is anybody, awake, asleep or still to be started, who has nothing to do. The loads are seq_cst. */
bool pl_pool_idle(const pl_pool *pool);

/* For a thief, once it has done with the slot of a task that it stole: if it was the last searcher, makes sure that
 * other work is found (f2 in sleep.h). Before anything that takes long. */
void pl_worker_pass_on(pl_worker *worker);

/* Whether any deque has a public task, or any worker participant slots to hand over, or a job may be taken. All loads are seq_cst:
 * see sleep.h. */
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
    return pl_pool_threads(pool) >= pool->size;
}

/* How long a loop has to be, in ticks, to be worth waking somebody for: twice as long as by when help would be there, less
 * what the caller has done until then. */
static inline uint64_t pl_pool_wake_price(const pl_pool *pool)
{
    /* W35 relaxed: numbers by themselves; pairs with W37 */
    return (uint64_t)atomic_load_explicit((_Atomic uint32_t *)&pool->wake_cost, memory_order_relaxed) +
           /* W36 relaxed: as W35; pairs with W37 */
           atomic_load_explicit((_Atomic uint32_t *)&pool->wake_latency, memory_order_relaxed);
}

/* A further measurement of the one or the other: moves it by a quarter. */
void pl_pool_measured(_Atomic uint32_t *average, uint64_t ticks);

/* Nobody is woken for the price of it. Lowers it a little, so that it is tried again now and then. */
void pl_pool_doubt(pl_pool *pool);

/* Whether the pool is being ended. */
static inline bool pl_pool_stopping(const pl_pool *pool)
{
    /* W8 seq_cst: a worker going to sleep looks at it as it looks for work; pairs with W9 */
    return atomic_load_explicit((_Atomic uint32_t *)&pool->stopping, memory_order_seq_cst) != 0;
}

/* ---- between pool.c and worker.c ------------------------------------------------------------------------- */

/* The main function of a thread of the pool. It counts as searching from before it starts. */
void *pl_worker_main(void *worker);

/* Makes the calling thread `worker`, a thread of its pool; or one whose calls run alone. */
void pl_worker_become(pl_worker *worker);
void pl_worker_stay_out(void);

/* Whether a thread may be added now: by the pool's size, which is meant without callers, where jobs run; for jobs that
 * nobody watches, if all are busy; or on special request; and after no recent failure. */
bool pl_pool_may_add(const pl_pool *pool, bool add);

/* Starts a thread, which counts as searching already, if it still may be added. */
bool pl_pool_add_thread(pl_pool *pool, bool add);

/*
 * Who starts a thread allocates memory for it, and C libraries have a heap for each thread that does so: glibc reserves 64 MB,
 * all of which is locked where the program's memory is. There, threads of the pool start others for jobs only, and a
 * caller starts all that its call wants, `count` in all, before it begins.
 */
void pl_pool_start_threads(pl_pool *pool, unsigned count, bool add);

/* A thread that found nothing to do for long: true if it is one too many, or the pool is being ended. Then it returns
 * at once, without another look at the pool: its record may be reused, and it is joined. */
bool pl_worker_leave(pl_worker *worker);

#endif
