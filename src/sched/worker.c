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

static void run_task(pl_worker *thief, pl_worker *victim, pl_slot *slot, const pl_task *task)
{
    pl_worker_pass_on(thief);
    pl_activation activation = {.slot = slot, .waiter = &victim->parker, .task = true};
    pl_worker_enter(thief, &activation);
    int state = thief->is_thread ? -1 : pl_os_cancel_defer(); /* it is not the thread's own task */
    pl_os_ambient theirs = shown_ambient(victim), before;
    pl_os_ambient_enter(&theirs, &before);
    pl_worker_show(thief, &theirs);
    uint64_t start = pl_ticks();
    pl_worker_start(thief, task, slot);
    uint64_t now = pl_ticks();
    note_duration(thief, now - start);
    if (pl_trace_is_on())
        pl_trace_record(PL_TRACE_TASK, 0, start, now, victim->index, pl_trace_name("task", task->name), 0);
    pl_worker_show(thief, &before);
    pl_os_ambient_leave(&before);
    pl_worker_exit(thief);
    pl_worker_end(victim, slot, PL_SLOT_DONE);
    pl_os_cancel_restore(state);
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
