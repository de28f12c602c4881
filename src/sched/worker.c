/* SPDX-License-Identifier: MIT */
/* What a thread of the pool does all day: search, run, rest; and how it is woken. The protocol is in sleep.h. */
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "base/unwind.h"
#include "sched/pool.h"

/* How long a thread beyond the number of cores rests before it leaves. */
#define LEAVE_AFTER_NS INT64_C(1000000000)
/* Part of its time after which a searcher yields; all that it has where there are more threads than CPUs. */
enum { SHORT = 16 };
/* How many looks a searcher takes between two looks at the clock; and how many an owner takes at a slot that its thief
 * is about to leave, before it sleeps. A thief needs some 50 ns; one that takes longer is not on a CPU. */
#ifdef PL_MODEL
enum { LOOKS = 1, AWAIT_LOOKS = 1 };
#else
enum { LOOKS = 16, AWAIT_LOOKS = 64 };
#endif

/* A task shorter than 1 / WORTH us is not worth stealing: that its slot goes from cache to cache and back costs as much.
 * Who has stolen one leaves its victim alone for a microsecond, and twice as long each time, up to this. */
enum { WORTH = 2, SHY_US = 32 };

/* How long a thread relies on what it knows of the program's signal handlers: to ask takes some us. */
#define HANDLED_US 2000

/* A longer time says that somebody else had the CPU, and nothing of the next. */
#define WAKE_MOST_US 500

void pl_pool_measured(_Atomic uint32_t *average, uint64_t ticks)
{
    uint64_t most = WAKE_MOST_US * pl_os_ticks_per_us();
    uint32_t new = (uint32_t)(ticks < most ? ticks : most);
    /* W38 relaxed: a number by itself; pairs with W37 */
    uint32_t old = atomic_load_explicit(average, memory_order_relaxed);
    /* W37 relaxed: a number by itself, one of several at once will do; pairs with W35, W36, W38 */
    atomic_store_explicit(average, old ? old - old / 4 + new / 4 : new, memory_order_relaxed);
}

void pl_pool_doubt(pl_pool *pool)
{
    /* W41 relaxed: as W38; pairs with W37 */
    uint32_t latency = atomic_load_explicit(&pool->wake_latency, memory_order_relaxed);
    /* W42 relaxed: as W37; pairs with W36, W38 */
    atomic_store_explicit(&pool->wake_latency, latency - latency / 64, memory_order_relaxed);
}

/* ---- who publishes work ------------------------------------------------------------------------------------------ */

/*
 * Where a woken or a new worker runs. Left to itself, the system may put it on the CPU of whoever wakes it, behind the
 * very thread that it is to help. So that CPU is taken out of the worker's affinity mask, and put back as soon as it runs:
 * nothing that a task starts inherits a narrowed mask.
 *
 *      waker, which has claimed the worker           worker
 *                                                    k0  excluded_cpu -> 0, and then it announces that it sleeps
 *      k1  excluded_cpu: 0 -> cpu + 1     (CAS)          k4  when it is up: excluded_cpu -> UP, what was it?    (RMW)
 *      k2  takes the CPU out                         k5  if that was a CPU: puts it back
 *      k3  if excluded_cpu has changed: puts it back
 *
 * Who is up is left alone (k1). Else the CPU is put back after it was taken out, whatever the order: if k4 comes before k3, by
 * k3; else by k5. A waker may be so late that the worker sleeps once more (then its token wakes that), or has left, and ended:
 * a thread is known by its number. A new one begins without the CPU (k1 and k2), and needs no k3.
 */
enum { UP = -1 };

static void exclude_cpu(pl_worker *w, int cpu)
{
    /* W61 relaxed: a number by itself, which may by now be another thread's; pairs with W62 */
    pl_os_id thread = atomic_load_explicit(&w->me, memory_order_relaxed);
    int nothing = 0;
    /* W43 seq_cst: k1; if it is up, or another waker is at it, this one leaves it alone; pairs with W45, W63 */
    if (!pl_os_may_exclude_cpu(thread, cpu) ||
        !atomic_compare_exchange_strong_explicit(&w->excluded_cpu, &nothing, cpu + 1, memory_order_seq_cst,
                                                 memory_order_relaxed))
        return;
    pl_os_exclude_cpu(thread, cpu, true);
    /* W44 seq_cst: k3; pairs with W45 */
    if (atomic_load_explicit(&w->excluded_cpu, memory_order_seq_cst) != cpu + 1)
        pl_os_exclude_cpu(thread, cpu, false);
}

static void restore_affinity(pl_worker *w)
{
    /* W45 seq_cst: k4; pairs with W43, W44, W48 */
    int excluded_cpu = atomic_exchange_explicit(&w->excluded_cpu, UP, memory_order_seq_cst);
    if (excluded_cpu > 0)
        pl_os_exclude_cpu(pl_os_thread_self(), excluded_cpu - 1, false);
}

/* Wakes a worker, whose announcement was claimed. */
static void wake(pl_worker *w)
{
    pl_pool *pool = w->pool;
    pl_sleep_waking(&pool->sleep, 1);
    uint64_t start = pl_ticks();
    /* W39 relaxed: who is woken by somebody else meanwhile may read an older time; pairs with W40 */
    atomic_store_explicit(&w->woken, start, memory_order_relaxed);
    exclude_cpu(w, pl_os_cpu());
    pl_unpark(&w->parker);
    pl_pool_measured(&pool->wake_cost, pl_ticks() - start);
}

void pl_pool_notify(pl_pool *pool, bool add)
{
    do {
        if (pl_sleep_searching(&pool->sleep))
            return;
        int i = pl_sleep_claim(&pool->sleep, pl_pool_high(pool));
        if (i >= 0)
            wake(pl_pool_worker(pool, (unsigned)i));
        if (i >= 0 || i == PL_SLEEP_OTHERS)
            return;
        if (i == PL_SLEEP_NONE) {
            if (!pl_pool_may_add(pool, add))
                return;
            pl_sleep_search(&pool->sleep);
            if (pl_pool_add_thread(pool, add) || !pl_sleep_found(&pool->sleep))
                return;
        }
        /* Somebody was counted as searching for a while, and a publisher may have relied on it. */
    } while (pl_pool_has_public(pool) || pl_injector_count(&pool->injector));
}

bool pl_pool_has_public(const pl_pool *pool)
{
    if (pl_injector_open(pool))
        return true;
    unsigned high = pl_pool_high(pool);
    for (unsigned i = 0; i < high; i++) {
        const pl_worker *w = pl_pool_worker(pool, i);
        if (pl_deque_has_public(&w->deque) || pl_handoff_has_slots(&w->handoff))
            return true;
    }
    return false;
}

bool pl_pool_idle(const pl_pool *pool)
{
    /* W24 seq_cst: a worker that announced that it waits, and then did not see what the caller publishes or reveals,
     * is seen; pairs with W25 */
    return pl_sleep_searching(&pool->sleep) || pl_sleep_any(&pool->sleep, pl_pool_high(pool)) ||
           atomic_load_explicit((_Atomic uint32_t *)&pool->waiting, memory_order_seq_cst) > 0 ||
           pl_pool_may_add(pool, false);
}

/* Who waits for what this thread is inside of may help with what it has published. */
static void poke_waiters(const pl_worker *w)
{
    for (pl_activation *f = w->activation; f; f = f->outer) {
        if (f->latch)
            pl_latch_poke(f->latch);
        else if (f->slot && pl_slot_awaited(f->slot))
            pl_unpark(f->waiter);
    }
}

void pl_worker_call_for_help(pl_worker *w, bool add)
{
    pl_pool_notify(w->pool, add);
    /* W30 seq_cst: as W24: who waits for what this thread does, and did not see what it has published, is seen; pairs
     * with W25 */
    if (atomic_load_explicit(&w->pool->waiting, memory_order_seq_cst) > 0)
        poke_waiters(w);
}

/* ---- activations ---------------------------------------------------------------------------------------------- */

static void count(_Atomic uint32_t *counter, int step)
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
    count(&w->inside, 1);
    if (activation->task)
        count(&w->tasks, 1);
}

void pl_worker_exit(pl_worker *w)
{
    pl_activation *activation = w->activation;
    w->activation = activation->outer;
    if (activation->task)
        count(&w->tasks, -1);
    count(&w->inside, -1);
}

/* ---- what tasks see of who waits for them ----------------------------------------------------------------- */

void pl_worker_show(pl_worker *w, const pl_os_ambient *ambient)
{
    /* W69 relaxed: before the tasks that are pushed, which release it; pairs with W70 */
    atomic_store_explicit(&w->floating, ambient->floating, memory_order_relaxed);
    /* W71 relaxed: as W69; pairs with W72 */
    atomic_store_explicit(&w->locale, ambient->locale, memory_order_relaxed);
}

/* What a thief is to see that has stolen a task from this worker. */
static pl_os_ambient shown(pl_worker *victim)
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
static void weigh(pl_worker *thief, uint64_t ticks)
{
    uint64_t us = pl_os_ticks_per_us(), longer = thief->shy_for ? 2 * thief->shy_for : us;
    if (ticks >= us / WORTH) {
        thief->shy_for = 0;
    } else {
        thief->shy_for = longer < SHY_US * us ? longer : SHY_US * us;
        thief->shy_since = pl_ticks();
    }
}

static bool is_shy(const pl_worker *thief)
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
    pl_os_ambient theirs = shown(victim), before;
    pl_os_ambient_enter(&theirs, &before);
    pl_worker_show(thief, &theirs);
    uint64_t start = pl_ticks();
    pl_worker_start(thief, task, slot);
    weigh(thief, pl_ticks() - start);
    pl_worker_show(thief, &before);
    pl_os_ambient_leave(&before);
    pl_worker_exit(thief);
    pl_worker_end(victim, slot, PL_SLOT_DONE);
    pl_os_cancel_restore(state);
}

void pl_worker_run(pl_worker *thief, pl_worker *victim, pl_slot *slot, const pl_task *task, bool wanted)
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
    return got;
}

/* Someone else is about to reveal what a deque hides, or to steal it. */
static bool look_again(void)
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
        return look_again();
    if (claim == PL_STEAL_GOT && !pl_os_fence_all())
        pl_deque_unclaim(d, me);
    else if (claim == PL_STEAL_GOT && pl_deque_reveal(d, me))
        pl_pool_notify(thief->pool, false); /* there may be more than one */
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

void pl_pool_wait(pl_pool *pool, int step)
{
    /* W25 seq_cst: before the look for work to help with, in S; pairs with W24 */
    atomic_fetch_add_explicit(&pool->waiting, (uint32_t)step, memory_order_seq_cst);
}

/* ---- who looks for work ---------------------------------------------------------------------------------- */

/* What a search found: a job; or a task in a slot; or iterations that are handed over, and no slot. */
typedef struct find {
    pl_job *job;
    pl_worker *victim;
    pl_slot *slot;
    const pl_task *task;
    pl_piece piece;
} find;

/* One look into all other deques, from where the last one had success. */
static pl_steal look_around(pl_worker *w, find *found)
{
    pl_pool *pool = w->pool;
    unsigned high = pl_pool_high(pool);
    pl_steal best = PL_STEAL_EMPTY;
    found->job = pl_injector_open(pool) ? pl_injector_take(pool) : NULL;
    if (found->job)
        return PL_STEAL_GOT;
    for (unsigned k = 0; k < high; k++) {
        unsigned i = (w->victim + k) % high;
        pl_worker *victim = pl_pool_worker(pool, i);
        if (i == w->index)
            continue;
        pl_handoff *h = &victim->handoff;
        if (pl_handoff_offers(h) && pl_handoff_join(h, &found->piece)) {
            found->victim = victim;
            found->slot = NULL;
            w->victim = i;
            return PL_STEAL_GOT;
        }
        if (i == w->victim && is_shy(w))
            continue;
        pl_steal got = pl_worker_steal(w, victim, &found->slot, &found->task);
        if (got == PL_STEAL_GOT) {
            w->victim = i;
            found->victim = victim;
            if (!pl_deque_has_public(&victim->deque) && pl_pool_idle(pool))
                pl_deque_ask(&victim->deque);
            return got;
        }
        if (got == PL_STEAL_LOST)
            best = PL_STEAL_LOST;
    }
    return best;
}

/* Searches until it has stolen something, or found nothing for a while: then false. Now and then it lets others have
 * the CPU: whoever woke it may have been put behind it. */
static bool search(pl_worker *w, find *found)
{
    uint64_t spin = pl_pool_crowded(w->pool) ? w->pool->spin_ticks / SHORT : w->pool->spin_ticks;
    uint64_t start = pl_ticks(), last_yield = start;
    do {
        if (pl_ticks() - last_yield > w->pool->spin_ticks / SHORT) {
            pl_os_yield();
            last_yield = pl_ticks();
        }
        for (int i = 0; i < LOOKS;) {
            pl_steal got = look_around(w, found);
            if (got == PL_STEAL_GOT)
                return true;
            i += got == PL_STEAL_EMPTY;
            pl_pause();
        }
    } while (pl_ticks() - start < spin);
    return false;
}

/* Claims the deques of all that run tasks, but for its own. PL_STEAL_LOST if any claim was lost, else PL_STEAL_GOT if
 * there is any. */
static pl_steal claim_all(pl_worker *w)
{
    unsigned high = pl_pool_high(w->pool);
    pl_steal all = PL_STEAL_EMPTY;
    for (unsigned i = 0; i < high; i++) {
        pl_worker *other = pl_pool_worker(w->pool, i);
        /* W28 seq_cst: a worker that enters a task later sees that somebody sleeps, and asks itself; pairs with W27 */
        if (other == w || atomic_load_explicit(&other->tasks, memory_order_seq_cst) == 0)
            continue;
        pl_steal claim = pl_deque_claim(&other->deque, w->index + 1);
        if (claim != PL_STEAL_EMPTY && all != PL_STEAL_LOST)
            all = claim;
    }
    return all;
}

/* Whether there is work, or there may be, for a worker that sleeps, or is about to and has announced it: what is public;
 * and what the workers that run tasks have in private. One heavy fence serves for all of them. */
static bool look_for_sleepers(pl_worker *w)
{
    pl_pool *pool = w->pool;
    if (pl_pool_has_public(pool))
        return true;
    pl_steal claims = pool->can_fence ? claim_all(w) : PL_STEAL_EMPTY;
    if (claims == PL_STEAL_EMPTY)
        return false;
    bool fenced = pl_os_fence_all();
    unsigned high = pl_pool_high(pool);
    for (unsigned i = 0; i < high; i++) {
        pl_deque *d = &pl_pool_worker(pool, i)->deque;
        if (fenced)
            pl_deque_reveal(d, w->index + 1);
        else
            pl_deque_unclaim(d, w->index + 1);
    }
    return claims == PL_STEAL_LOST ? look_again() : pl_pool_has_public(pool);
}

void pl_worker_pass_on(pl_worker *w)
{
    if (!w->was_last)
        return;
    w->was_last = false;
    pl_pool *pool = w->pool;
    /* W14 relaxed: a hint; pairs with R22, R23 in loop.c */
    bool add = atomic_load_explicit(&pool->eager, memory_order_relaxed) > 0;
    bool anybody = pl_sleep_any(&pool->sleep, pl_pool_high(pool)) || pl_pool_may_add(pool, add);
    if (pl_injector_count(&pool->injector) || (anybody ? look_for_sleepers(w) : pl_pool_has_public(pool)))
        pl_pool_notify(pool, add);
}

/* Goes to sleep, unless there is work after all. It counts as searching before and after. True if it has rested for
 * so long that it may leave. */
static bool rest(pl_worker *w)
{
    pl_pool *pool = w->pool;
    bool timed_out = false;
    pl_deque_trim(&w->deque);
    /* W63 relaxed: k0; released by the announcement; pairs with W43 */
    atomic_store_explicit(&w->excluded_cpu, 0, memory_order_relaxed);
    pl_sleep_announce(&pool->sleep, w->index);
    bool slept = !look_for_sleepers(w) && !pl_pool_stopping(pool);
    if (slept) {
        int64_t opens = pl_injector_opens_in(pool); /* if there is a job, this thread is on the watch */
        bool surplus = pl_pool_surplus(pool);
        timed_out = !pl_park(&w->parker, opens >= 0 ? opens : surplus ? LEAVE_AFTER_NS : -1) && opens < 0;
    }
    bool unclaimed = pl_sleep_withdraw(&pool->sleep, w->index);
    if (!unclaimed) {
        pl_sleep_waking(&pool->sleep, -1);
        /* W40 relaxed: see W39; pairs with W39 */
        uint64_t woken = atomic_load_explicit(&w->woken, memory_order_relaxed);
        if (slept && woken)
            pl_pool_measured(&pool->wake_latency, pl_ticks() - woken);
    }
    restore_affinity(w);
    return timed_out && unclaimed;
}

/* Makes the thread what threads of its pool are. */
static void begin(pl_worker *w, const pl_thread_kind *kind)
{
    w->is_thread = true;
    w->mask = NULL;
    w->inferior = !pl_os_thread_begins(&kind->attributes);
    pl_os_cancel_defer(); /* for good: what waits for a task would wait for ever */
    char name[16];
    snprintf(name, sizeof name, "parallel/%u", w->index);
    pl_os_name_self(kind->name[0] ? kind->name : name);
    if (kind->start)
        kind->start(kind->data);
}

void *pl_worker_main(void *worker)
{
    pl_worker *w = worker;
    pl_pool *pool = w->pool;
    pl_worker_stay_out();
    /* W62 relaxed: as W61; pairs with W61 */
    atomic_store_explicit(&w->me, pl_os_thread_self(), memory_order_relaxed);
    const pl_thread_kind kind = pool->kind;
    begin(w, &kind);
    pl_worker_become(w);
    restore_affinity(w);
    pl_sleep_waking(&pool->sleep, -1);
    for (;;) {
        find found;
        bool work = search(w, &found);
        bool leave = !work && (pl_pool_stopping(pool) || w->inferior || rest(w));
        if (!work && !leave)
            continue;
        w->was_last = pl_sleep_found(&pool->sleep);
        if (work && !found.job && found.slot)
            pl_worker_run(w, found.victim, found.slot, found.task, true);
        pl_worker_pass_on(w);
        if (work && found.job)
            found.job->run(found.job);
        else if (work && !found.slot)
            pl_handoff_run(w, found.victim, found.piece);
        if (leave && pl_worker_leave(w)) {
            if (kind.end)
                kind.end(kind.data);
            return NULL;
        }
        pl_sleep_search(&pool->sleep);
    }
}
