/* SPDX-License-Identifier: MIT */
/*
 * A worker: a thread with a deque. What it is inside of, and what it does with its own tasks and with those of others.
 * The pool that it belongs to, and how workers come and go, is in pool.h.
 */
#ifndef PL_SCHED_WORKER_H
#define PL_SCHED_WORKER_H

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/os.h"
#include "deque/deque.h"
#include "sched/handoff.h"
#include "sched/latch.h"
#include "sched/sleep.h"
#include "sched/stats.h"

struct pl_pool;

/* That a thread is inside of a loop, or runs a task, its own or another's. On its stack, innermost first. A thread that
 * waits for the loop, or for the stolen task, may be woken to help with what is published inside. */
typedef struct pl_activation {
    struct pl_activation *outer;
    pl_latch *latch;   /* of the loop; or NULL */
    pl_slot *slot;     /* of a stolen task; or NULL */
    pl_parker *waiter; /* of the worker that waits for the stolen task */
    bool task;         /* it is a task, not a loop */
} pl_activation;

/* What a worker's record is used for. */
typedef enum pl_use {
    PL_FREE,   /* nothing */
    PL_GUEST,  /* a thread of the program */
    PL_THREAD, /* a thread of the pool */
    PL_ENDED   /* one that has ended, and is still to be joined */
} pl_use;

typedef struct pl_worker {
    pl_deque deque; /* first: a worker is known to its tasks by its deque's bounds */

    /* used by its own thread */
    struct pl_pool *pool;
    unsigned index;            /* in pool->workers and in the set of sleepers */
    unsigned victim;           /* the worker at which its next look into the others' deques begins */
    bool is_thread;            /* it is a thread of the pool, not a guest */
    bool for_a_call;           /* a guest that gives its record back when its call returns */
    bool inferior;             /* a thread that did not get the process's priority from the system: it leaves soon */
    bool was_last;             /* it was the last searcher when it found what it runs now, and owes a look */
    uint64_t shy_for;          /* how long it leaves its victim's tasks alone, which were too short to steal; or 0 */
    uint64_t shy_since;        /* when it began to, in ticks */
    uint64_t handoff_latency;  /* by how much a helper's part of its loops ends later than its work takes, in ticks */
    uint64_t handoff_least;    /* loops of fewer ticks have been seen to take longer with a helper than without */
    uint32_t handoff_losses;   /* how many measured loops in a row have */
    uint32_t helpers;          /* how many pieces helpers took of the last loop that it handed over */
    uint32_t handed;           /* how many loops it has handed over */
    pl_activation *activation; /* the innermost */
    const pl_os_mask *mask;    /* a thread's signal mask: that of those who wait for what it runs; NULL: all blocked */
    pl_os_mask origin;         /* the mask of the thread that started it, if it is a thread */
    pl_os_mask handled;        /* signals that the program handled at `handled_since` */
    uint64_t handled_since;    /* in ticks; 0: that is not known yet */
    uint64_t looked;           /* the last time that it looked at the clock as it searched */
    uint64_t waited;           /* how many ticks it has waited for others, inside of its activations */
    _Atomic uint32_t inside;   /* how many activations it is in; also read at exit */
    _Atomic uint32_t tasks;    /* how many of them are tasks; read by workers that go to sleep */
    _Atomic pl_os_id me;       /* its thread's number */

    /* what tasks see of the thread that waits for the computation which this one takes part in; read by their
     * thieves */
    _Atomic uint64_t floating;
    _Atomic(void *) locale;

    /* used by those who wake it: wake.c */
    _Atomic int excluded_cpu; /* the CPU, plus 1, that it was kept off while it slept; or 0 */
    _Atomic uint64_t woken;   /* when it was woken the last time, in ticks; or 0 */

    /* kept under the pools' mutex */
    pl_use use;
    pthread_t thread;            /* of a PL_THREAD or a PL_ENDED one */
    struct pl_worker *next_free; /* the next one that is PL_FREE */

    /* written by those who wake it */
    alignas(PL_LINE) pl_parker parker;
    pl_handoff handoff; /* what it hands over of a loop */

    pl_counters counters; /* what its threads have done */
} pl_worker;

/* ---- where a worker is ----------------------------------------------------------------------------------- */

/* The calling thread's worker; makes it a guest of the pool that it is attached to, or else of the program's, if it has
 * none. NULL if there is no memory, there are too many workers, or the library is forking a process on this thread,
 * where calls that fork handlers make are to run alone. */
pl_worker *pl_worker_self(void);

/* The same, or NULL if it has none yet. */
pl_worker *pl_worker_known(void);

/* A call of this thread's is through with pl_worker_self(): gives the record back if it is not to be kept, and this was
 * not a call within another. */
void pl_worker_end_call(void);

/* Enters and leaves an activation. */
void pl_worker_enter(pl_worker *worker, pl_activation *activation);
void pl_worker_exit(pl_worker *worker);

/* ---- tasks ----------------------------------------------------------------------------------------------- */

/* A task or a share that is in a slot. What the library itself puts there has no `run`, and begins with this. */
typedef struct pl_internal_task {
    pl_task task;
    /* What a thief does with it. It calls pl_worker_end() for the slot before anything that takes long. `wanted` is
     * false if the thief found, too late, that it may not run it. */
    void (*take)(pl_worker *thief, pl_worker *victim, pl_slot *slot, bool wanted);
} pl_internal_task;

/* Steals from `victim`, for a worker that may take only what belongs to what it waits for. With PL_STEAL_EMPTY, it has
 * asked for more. */
pl_steal pl_worker_steal(pl_worker *thief, pl_worker *victim, pl_slot **slot, const pl_task **task);

/* Runs what it stole from `victim`, if it is wanted; else gives it back. */
void pl_worker_run_if(bool wanted, pl_worker *thief, pl_worker *victim, pl_slot *slot, const pl_task *task);

static inline void pl_worker_run(pl_worker *thief, pl_worker *victim, pl_slot *slot, const pl_task *task)
{
    pl_worker_run_if(true, thief, victim, slot, task);
}

/* Runs a task, at the deque's head, in the activation that the worker has just entered for it. */
void pl_worker_start(pl_worker *worker, const pl_task *task, pl_slot *slot);

/* A thief has done with a slot; `how` as in pl_slot_end(). */
void pl_worker_end(pl_worker *victim, pl_slot *slot, unsigned how);

/* Waits until the thief of a slot has left it; helps nobody. Returns its state. */
unsigned pl_worker_await(pl_worker *worker, pl_slot *slot);

/* Makes sure that the victim, which runs tasks, hides none from a waiter that is about to park, and has announced it.
 * True if there is one, public now, or may be: then the waiter is to look again. */
bool pl_worker_uncover(pl_worker *thief, pl_worker *victim);

/* Someone else is about to reveal what a deque hides, or to steal it: lets others have the CPU, and is true. */
bool pl_worker_look_again(void);

/* Whether it leaves its victim's tasks alone for now. */
bool pl_worker_is_shy(const pl_worker *thief);

/* For a thief, once it has done with the slot of a task that it stole: if it was the last searcher, makes sure that
 * other work is found (f2 in sleep.h). Before anything that takes long. */
void pl_worker_pass_on(pl_worker *worker);

/* ---- what tasks see of the thread that waits for them ---------------------------------------------------- */

/* The tasks that the worker spawns, or that are spawned for it, see this of the waiting thread: its own. */
void pl_worker_show(pl_worker *worker, const pl_os_ambient *ambient);

/* The signal mask that tasks are to have which the worker's thread waits for: its own, or that of those whom it works
 * for. */
void pl_worker_mask_of(const pl_worker *worker, pl_os_mask *mask);

/* A thread of the pool takes this mask, which stays where it is meanwhile; NULL: blocks all signals. Other threads keep
 * theirs. Returns what to go back to; that comes before any waiter can know that the thread has done, since its signals
 * are for the program. */
const pl_os_mask *pl_worker_set_mask(pl_worker *worker, const pl_os_mask *mask);

/* ---- a thread of the pool -------------------------------------------------------------------------------- */

/* The main function of a thread of the pool. It counts as searching from before it starts. */
void *pl_worker_main(void *worker);

/* Makes the calling thread `worker`, a thread of its pool; or one whose calls run alone. */
void pl_worker_become(pl_worker *worker);
void pl_worker_stay_out(void);

/* A thread that found nothing to do for long: true if it is one too many, or the pool is being ended. Then it returns
 * at once, without another look at the pool: its record may be reused, and it is joined. */
bool pl_worker_leave(pl_worker *worker);

#endif
