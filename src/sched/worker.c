/* SPDX-License-Identifier: MIT */
/* What a worker does: it is inside of loops and tasks, steals and runs tasks, and waits for those who have stolen its
 * own. */
#include <string.h>

#include "base/os.h"
#include "base/unwind.h"
#include "sched/trace.h"
#include "sched/trace_name.h"
#include "sched/pool.h"
#include "sched/wake.h"

/* How many looks an owner takes at a slot that its thief is about to leave, before it sleeps. A thief needs some 50 ns;
 * one that takes longer is not on a CPU. */
#ifdef PL_MODEL
enum { AWAIT_LOOKS = 1 };
#else
enum { AWAIT_LOOKS = 64 };
#endif

/* A task shorter than 1 / WORTH us is not worth stealing: that its slot goes from cache to cache and back costs as
 * much. A thief that has stolen one leaves its victim alone for a microsecond, and twice as long each time, up to
 * this. */
enum { WORTH = 2, SHY_US = 32 };

/* How long a thief goes on with one victim's tasks, one after the other, before it looks elsewhere. */
#ifdef PL_MODEL
enum { STREAK_US = 4000 };
#else
enum { STREAK_US = 50 };
#endif

/* How long a thread relies on what it knows of the program's signal handlers: to ask takes some us. */
#define HANDLED_US 2000

/* ---- activations ----------------------------------------------------------------------------------------- */

static void count_activation(_Atomic uint32_t *counter, int step)
{
    /* W26 relaxed: only this thread writes it; no partner */
    uint32_t n = atomic_load_explicit(counter, memory_order_relaxed);
    /* W27 seq_cst: on the way in, before the look whether the pool is stopping (W8), or whether anybody is idle (S4,
     * S6), in S; on the way out (release), this thread is through; pairs with W18, W28 */
    atomic_store_explicit(counter, n + (uint32_t)step, memory_order_seq_cst);
}

void pl_worker_enter(pl_worker *w, pl_activation *activation)
{
    activation->outer = w->activation;
    w->activation = activation;
    count_activation(&w->inside, 1);
    if (activation->task)
        count_activation(&w->tasks, 1);
}

void pl_worker_exit(pl_worker *w)
{
    pl_activation *activation = w->activation;
    w->activation = activation->outer;
    if (activation->task)
        count_activation(&w->tasks, -1);
    count_activation(&w->inside, -1);
}

/* ---- what tasks see of the thread that waits for them ---------------------------------------------------- */

void pl_worker_show(pl_worker *w, const pl_os_ambient *ambient)
{
    /* W69 relaxed: before the tasks that are pushed, which release it; pairs with W70 */
    atomic_store_explicit(&w->floating, ambient->floating, memory_order_relaxed);
    /* W71 relaxed: as W69; pairs with W72 */
    atomic_store_explicit(&w->locale, ambient->locale, memory_order_relaxed);
}

/* What a thief is to see that has stolen a task from this worker. */
static pl_os_ambient shown_ambient(pl_worker *victim)
{
    pl_os_ambient ambient;
    /* W70 relaxed: acquired with the stolen task; what is written later is of the same computation; pairs with W69 */
    ambient.floating = atomic_load_explicit(&victim->floating, memory_order_relaxed);
    /* W72 relaxed: as W70; pairs with W71 */
    ambient.locale = atomic_load_explicit(&victim->locale, memory_order_relaxed);
    return ambient;
}

void pl_worker_mask_of(const pl_worker *w, pl_os_mask *mask)
{
    if (w->is_thread)
        *mask = w->mask ? *w->mask : w->origin;
    else
        pl_os_mask_get(mask);
}

static void set_mask(pl_worker *w, const pl_os_mask *mask)
{
    if (!mask) {
        pl_os_mask_block();
        return;
    }
    uint64_t now = pl_ticks();
    if (!w->handled_since || now - w->handled_since > HANDLED_US * pl_os_ticks_per_us()) {
        pl_os_handled(&w->handled);
        w->handled_since = now;
    }
    pl_os_mask_set_but(mask, &w->handled);
}

const pl_os_mask *pl_worker_set_mask(pl_worker *w, const pl_os_mask *mask)
{
    const pl_os_mask *before = w->mask;
    if (!w->is_thread || before == mask)
        return before;
    w->mask = mask;
    if (!before || !mask || memcmp(before, mask, sizeof *mask) != 0)
        set_mask(w, mask);
    return before;
}

/* ---- stealing -------------------------------------------------------------------------------------------- */

void pl_worker_end(pl_worker *victim, pl_slot *slot, unsigned how)
{
    if (pl_slot_end(slot, how))
        pl_unpark(&victim->parker);
}

/* A stolen task took so many ticks. */
static void note_duration(pl_worker *thief, uint64_t ticks)
{
    uint64_t us = pl_os_ticks_per_us(), longer = thief->shy_for ? 2 * thief->shy_for : us;
    if (ticks >= us / WORTH) {
        thief->shy_for = 0;
    } else {
        thief->shy_for = longer < SHY_US * us ? longer : SHY_US * us;
        thief->shy_since = pl_ticks();
    }
}

bool pl_worker_is_shy(const pl_worker *thief)
{
    return thief->shy_for && pl_ticks() - thief->shy_since < thief->shy_for;
}

void pl_worker_start(pl_worker *w, const pl_task *task, pl_slot *slot)
{
    if (pl_pool_idle(w->pool))
        pl_deque_ask(&w->deque);
    PL_UNWIND_BARRIER();
    task->run(&w->deque.bounds, slot, w->deque.head);
}

/*
 * A thread of the pool that has run a task which it stole goes on with its victim's next one, if there is one: a
 * *streak*. So between two of many tasks that one worker has spawned it does not count as searching, look at what else
 * there is, nor leave and enter an activation.
 *
 *   - The next task is stolen before the slot of the last one is ended, and the last slot of a streak is ended behind
 *     the activation. So when its victim has joined all, this thread is inside of nothing any more (W18). The victim
 *     does not wait long for the attempt to steal: while it waits, nothing but what it has pushed meanwhile is public
 *     (deque.h (7)).
 *   - No wake-up is lost: the thread owes nothing, as it has done f1 and f2 (sleep.h) before the first task, and nobody
 *     relies on it before it counts as searching again. It steals as one that waits for a task does.
 *   - Nobody else waits for long: a streak ends after STREAK_US, with the first job that may be taken, and where tasks
 *     turn out to be too short to be worth it.
 */
typedef struct stolen_task {
    pl_slot *slot;
    const pl_task *task;
} stolen_task;

/* The thief takes on what its victim's tasks are to see, also where the last of them has changed it. */
static void take_ambient(pl_worker *thief, pl_worker *victim, pl_os_ambient *before)
{
    pl_os_ambient theirs = shown_ambient(victim);
    pl_os_ambient_enter(&theirs, before);
    pl_worker_show(thief, &theirs);
}

/* Runs a task that it began to get ready for at `start`. Returns when it has ended. */
static uint64_t run_stolen(pl_worker *thief, const pl_worker *victim, const stolen_task *stolen, uint64_t start)
{
    pl_worker_start(thief, stolen->task, stolen->slot);
    uint64_t now = pl_ticks();
    note_duration(thief, now - start);
    if (pl_trace_is_on())
        pl_trace_record(PL_TRACE_TASK, 0, start, now, victim->index, pl_trace_name("task", stolen->task->name), 0);
    return now;
}

/* After a task, in the thief's outermost activation: steals the next one, if the streak is to go on. */
static bool steal_next(pl_worker *thief, pl_worker *victim, uint64_t lasted, stolen_task *next)
{
    if (!thief->is_thread || thief->activation->outer || thief->shy_for || lasted > STREAK_US * pl_os_ticks_per_us() ||
        pl_injector_open(thief->pool) || pl_worker_steal(thief, victim, &next->slot, &next->task) != PL_STEAL_GOT)
        return false;
    if (!pl_deque_has_public(&victim->deque))
        pl_deque_ask(&victim->deque); /* it will want more */
    return true;
}

static bool is_plain(const pl_task *task)
{
    return task && task->run;
}

/* A task, and those of the streak that follow. What it has stolen last and cannot run in this way goes to *left, whose
 * slot is else NULL. */
static void run_tasks(pl_worker *thief, pl_worker *victim, stolen_task stolen, stolen_task *left)
{
    pl_activation activation = {.slot = stolen.slot, .waiter = &victim->parker, .task = true};
    pl_worker_enter(thief, &activation);
    int state = thief->is_thread ? -1 : pl_os_cancel_defer(); /* it is not the thread's own task */
    pl_os_ambient before, last;
    take_ambient(thief, victim, &before);
    uint64_t start = pl_ticks(), now = run_stolen(thief, victim, &stolen, start);
    while (steal_next(thief, victim, now - start, left) && is_plain(left->task)) {
        pl_worker_end(victim, stolen.slot, PL_SLOT_DONE);
        stolen = *left;
        left->slot = NULL;
        activation.slot = stolen.slot;
        take_ambient(thief, victim, &last);
        now = run_stolen(thief, victim, &stolen, now);
    }
    pl_worker_show(thief, &before);
    pl_os_ambient_leave(&before);
    pl_worker_exit(thief);
    pl_worker_end(victim, stolen.slot, PL_SLOT_DONE);
    pl_os_cancel_restore(state);
}

static void run_task(pl_worker *thief, pl_worker *victim, pl_slot *slot, const pl_task *task)
{
    stolen_task left = {NULL, NULL};
    pl_worker_pass_on(thief);
    run_tasks(thief, victim, (stolen_task){slot, task}, &left);
    if (left.slot)
        pl_worker_run(thief, victim, left.slot, left.task);
}

void pl_worker_run_if(bool wanted, pl_worker *thief, pl_worker *victim, pl_slot *slot, const pl_task *task)
{
    if (task && !task->run)
        ((const pl_internal_task *)task)->take(thief, victim, slot, wanted);
    else if (task && wanted)
        run_task(thief, victim, slot, task);
    else
        pl_worker_end(victim, slot, PL_SLOT_RETURNED);
}

pl_steal pl_worker_steal(pl_worker *thief, pl_worker *victim, pl_slot **slot, const pl_task **task)
{
    pl_steal got = pl_deque_steal(&victim->deque, thief->index + 1, slot, task);
    if (got == PL_STEAL_EMPTY)
        pl_deque_ask(&victim->deque);
    else
        pl_stats_count(&thief->counters, got == PL_STEAL_GOT ? PL_COUNT_STEALS : PL_COUNT_FAILED, 1);
    if (got == PL_STEAL_GOT)
        PL_PROBE(steal, thief->index, victim->index);
    if (got == PL_STEAL_GOT && pl_trace_is_on())
        pl_trace_moment(PL_TRACE_STEAL, victim->index, 0);
    return got;
}

/* Someone else is about to reveal what a deque hides, or to steal it. */
bool pl_worker_look_again(void)
{
    pl_os_yield();
    return true;
}

bool pl_worker_uncover(pl_worker *thief, pl_worker *victim)
{
    pl_deque *d = &victim->deque;
    uint32_t me = thief->index + 1;
    if (!thief->pool->can_fence) {
        pl_deque_ask(d);
        return pl_deque_has_public(d);
    }
    pl_steal claim = pl_deque_claim(d, me);
    if (claim == PL_STEAL_LOST)
        return pl_worker_look_again();
    if (claim == PL_STEAL_GOT && !pl_os_fence_all())
        pl_deque_unclaim(d, me);
    else if (claim == PL_STEAL_GOT && pl_deque_reveal(d, me))
        pl_wake_notify(thief->pool, PL_GROWTH_TO_SIZE); /* there may be more than one */
    return pl_deque_has_public(d);
}

unsigned pl_worker_await(pl_worker *w, pl_slot *slot)
{
    unsigned state;
    for (int i = 0; !((state = pl_slot_state(slot)) & PL_SLOT_ENDED); i++) {
        if (i < AWAIT_LOOKS) {
            pl_pause();
            continue;
        }
        if (!(pl_slot_await(slot) & PL_SLOT_ENDED))
            pl_park(&w->parker, -1);
        pl_slot_unawait(slot);
    }
    return state;
}
