/* SPDX-License-Identifier: MIT */
/* What a thread of the pool does all day: search, run, rest. The protocol is in sleep.h. */
#include <stdio.h>

#include "base/os.h"
#include "sched/handover.h"
#include "sched/pool.h"
#include "sched/trace.h"
#include "sched/wake.h"

/* How long a thread beyond the number of cores rests before it leaves. */
#define LEAVE_AFTER_NS INT64_C(1000000000)
/* Part of its time after which a searcher yields; all that it has where there are more threads than CPUs. */
enum { SHORT = 16 };
/* What a wake-up costs is this part of the longest search (SPIN_US in pool.c). */
enum { WAKE_UPS = 10 };
/* How many looks a searcher takes between two looks at the clock; and how many workers it looks at each time, at most:
 * of more that are busy, the next look begins with those that follow. */
#ifdef PL_MODEL
enum { LOOKS = 1, MOST_VICTIMS = 16 };
#else
enum { LOOKS = 16, MOST_VICTIMS = 16 };
#endif

/* ---- searching ------------------------------------------------------------------------------------------- */

/* What a search has found. */
typedef enum found_kind {
    FOUND_NOTHING,
    FOUND_RACE,  /* nothing, but another thief was faster somewhere: there may be more */
    FOUND_JOB,   /* `job` */
    FOUND_TASK,  /* `task`, in `slot` of `victim` */
    FOUND_PIECE, /* `piece` of what `victim` hands over */
    FOUND_END    /* the time has come to leave the pool, perhaps */
} found_kind;

typedef struct find {
    pl_job *job;
    pl_worker *victim;
    pl_slot *slot;
    const pl_task *task;
    pl_piece piece;
} find;

/* One look at what worker number i hands over, and into its deque. It reads nothing else of that worker: the lines
 * where its thread keeps what is its own are to stay in that thread's cache. */
static found_kind look_at(pl_worker *w, unsigned i, find *found)
{
    pl_worker *victim = pl_pool_worker(w->pool, i);
    pl_handoff *h = &victim->handoff;
    found->victim = victim;
    if (pl_handoff_offers(h) && pl_handoff_join(h, &found->piece))
        return FOUND_PIECE;
    if (i == w->victim && pl_worker_is_shy(w))
        return FOUND_NOTHING;
    switch (pl_worker_steal(w, victim, &found->slot, &found->task)) {
    case PL_STEAL_GOT:
        if (!pl_deque_has_public(&victim->deque) && pl_pool_idle(w->pool))
            pl_deque_ask(&victim->deque);
        return FOUND_TASK;
    case PL_STEAL_LOST:
        return FOUND_RACE;
    default:
        return FOUND_NOTHING;
    }
}

/* A look at those of the workers [from, to) that may have something, and at `*most` at most. */
static found_kind look_along(pl_worker *w, unsigned from, unsigned to, unsigned *most, find *found)
{
    found_kind best = FOUND_NOTHING;
    unsigned i;
    for (pl_sleep_walk walk = pl_sleep_walk_over(&w->pool->sleep, from, to); pl_sleep_walk_on(&walk, &i);) {
        if (i == w->index)
            continue;
        if (*most == 0) {
            w->victim = i;
            break;
        }
        found_kind got = look_at(w, i, found);
        if (got > FOUND_RACE) {
            w->victim = i;
            return got;
        }
        best = got > best ? got : best;
        --*most;
    }
    return best;
}

/* One look into other deques, from where the last one had success. */
static found_kind look_around(pl_worker *w, find *found)
{
    pl_pool *pool = w->pool;
    unsigned from = w->victim, most = MOST_VICTIMS;
    found->job = pl_injector_open(pool) ? pl_injector_take(pool) : NULL;
    if (found->job)
        return FOUND_JOB;
    found_kind best = look_along(w, from, pl_pool_high(pool), &most, found);
    if (best > FOUND_RACE || w->victim != from)
        return best;
    found_kind got = look_along(w, 0, from, &most, found);
    return got > best ? got : best;
}

/* A thread's time is in three parts, told apart by clock readings that are made anyway: it searches up to the last
 * reading before it has found something, is busy until it searches again, but for what it has waited for others
 * meanwhile, or else sleeps. */
static void begin_search(pl_worker *w, uint64_t now)
{
    if (w->looked)
        pl_stats_count(&w->counters, PL_COUNT_BUSY, now - w->looked - w->waited);
    w->looked = now;
    w->waited = 0;
}

static void note_search(pl_worker *w, uint64_t start)
{
    pl_stats_count(&w->counters, PL_COUNT_SEARCHING, w->looked - start);
    if (pl_trace_is_on())
        pl_trace_record(PL_TRACE_SEARCH, 0, start, w->looked, 0, 0, 0);
}

/* Searches until it has found something, or nothing for a while. Now and then it lets others have the CPU: the thread
 * that woke it may have been put behind it. */
static found_kind search_for_work(pl_worker *w, find *found)
{
    uint64_t spin = pl_pool_crowded(w->pool) ? w->pool->spin_ticks / SHORT : w->pool->spin_ticks;
    uint64_t start = pl_ticks(), last_yield = start;
    begin_search(w, start);
    do {
        if (pl_ticks() - last_yield > w->pool->spin_ticks / SHORT) {
            pl_os_yield();
            last_yield = pl_ticks();
        }
        for (int i = 0; i < LOOKS;) {
            found_kind got = look_around(w, found);
            if (got > FOUND_RACE) {
                note_search(w, start);
                return got;
            }
            i += got == FOUND_NOTHING;
            pl_pause();
        }
        w->looked = pl_ticks();
    } while (w->looked - start < spin);
    note_search(w, start);
    return FOUND_NOTHING;
}

/* ---- resting --------------------------------------------------------------------------------------------- */

/* Workers whose deques are claimed. */
typedef struct claimed_set {
    uint64_t word[PL_SLEEP_WORDS];
} claimed_set;

/* Claims the deques of all that run tasks, but for its own. PL_STEAL_LOST if any claim was lost, else PL_STEAL_GOT if
 * there is any. */
static pl_steal claim_all(pl_worker *w, claimed_set *claimed)
{
    pl_steal all = PL_STEAL_EMPTY;
    unsigned i;
    for (pl_sleep_walk walk = pl_pool_walk(w->pool); pl_sleep_walk_on(&walk, &i);) {
        pl_worker *other = pl_pool_worker(w->pool, i);
        /* W28 seq_cst: a worker that enters a task later sees that somebody sleeps, and asks itself; pairs with W27 */
        if (other == w || atomic_load_explicit(&other->tasks, memory_order_seq_cst) == 0)
            continue;
        pl_steal claim = pl_deque_claim(&other->deque, w->index + 1);
        if (claim == PL_STEAL_GOT)
            claimed->word[i / 64] |= UINT64_C(1) << i % 64;
        if (claim != PL_STEAL_EMPTY && all != PL_STEAL_LOST)
            all = claim;
    }
    return all;
}

/* Behind a heavy fence, or else not: makes public what the claimed deques hide, or gives the claims back. */
static void end_claims(pl_worker *w, const claimed_set *claimed, bool fenced)
{
    for (unsigned word = 0; word < PL_SLEEP_WORDS; word++) {
        for (uint64_t left = claimed->word[word]; left; left &= left - 1) {
            unsigned i = word * 64 + (unsigned)__builtin_ctzll(left);
            pl_deque *d = &pl_pool_worker(w->pool, i)->deque;
            if (fenced)
                pl_deque_reveal(d, w->index + 1);
            else
                pl_deque_unclaim(d, w->index + 1);
        }
    }
}

/* Whether there is work, or there may be, for a worker that sleeps, or is about to and has announced it: what is
 * public; and what the workers that run tasks have in private. One heavy fence serves for all of them. */
static bool look_for_sleepers(pl_worker *w)
{
    pl_pool *pool = w->pool;
    if (pl_pool_has_public(pool))
        return true;
    claimed_set claimed = {{0}};
    pl_steal claims = pool->can_fence ? claim_all(w, &claimed) : PL_STEAL_EMPTY;
    if (claims == PL_STEAL_EMPTY)
        return false;
    end_claims(w, &claimed, pl_os_fence_all());
    return claims == PL_STEAL_LOST ? pl_worker_look_again() : pl_pool_has_public(pool);
}

void pl_worker_pass_on(pl_worker *w)
{
    if (!w->was_last)
        return;
    w->was_last = false;
    pl_pool *pool = w->pool;
    /* W14 relaxed: a hint; pairs with R22, R23 in loop.c */
    bool eager = atomic_load_explicit(&pool->eager, memory_order_relaxed) > 0;
    pl_growth growth = eager ? PL_GROWTH_BEYOND : PL_GROWTH_TO_SIZE;
    bool anybody = pl_sleep_any(&pool->sleep, pl_pool_high(pool)) || pl_pool_may_add(pool, growth);
    if (pl_injector_count(&pool->injector) || (anybody ? look_for_sleepers(w) : pl_pool_has_public(pool)))
        pl_wake_notify(pool, growth);
}

/* It has slept, since the end of its search, and been woken at that time, if that is not 0. */
static void note_sleep(pl_worker *w, uint64_t woken)
{
    uint64_t now = pl_ticks();
    pl_stats_count(&w->counters, PL_COUNT_SLEEPS, 1);
    pl_stats_count(&w->counters, PL_COUNT_ASLEEP, now - w->looked);
    if (pl_trace_is_on())
        pl_trace_record(PL_TRACE_SLEEP, 0, w->looked, now, 0, 0, 0);
    if (woken) {
        pl_stats_count(&w->counters, PL_COUNT_WAKES, 1);
        pl_stats_count(&w->counters, PL_COUNT_WAKE_LATENCY, now - woken);
        pl_wake_measured(&w->pool->wake_latency, now - woken);
    }
}

/* Goes to sleep, unless there is work after all. It counts as searching before and after. True if it has rested for
 * so long that it may leave. */
static bool rest_until_woken(pl_worker *w)
{
    pl_pool *pool = w->pool;
    bool timed_out = false;
    pl_deque_trim(&w->deque);
    /* W63 relaxed: k0; released by the announcement; pairs with W43 */
    atomic_store_explicit(&w->excluded_cpu, 0, memory_order_relaxed);
    pl_sleep_announce(&pool->sleep, w->index);
    bool slept = !look_for_sleepers(w) && !pl_pool_stopping(pool);
    if (slept) {
        PL_PROBE(sleep, w->index, 0);
        int64_t opens = pl_injector_opens_in(pool); /* if there is a job, this thread is on the watch */
        bool surplus = pl_pool_surplus(pool);
        timed_out = !pl_park(&w->parker, opens >= 0 ? opens : surplus ? LEAVE_AFTER_NS : -1) && opens < 0;
    }
    bool unclaimed = pl_sleep_withdraw(&pool->sleep, w->index);
    uint64_t woken = 0;
    if (!unclaimed) {
        pl_sleep_waking(&pool->sleep, -1);
        /* W40 relaxed: see W39; pairs with W39 */
        woken = atomic_load_explicit(&w->woken, memory_order_relaxed);
    }
    if (slept)
        note_sleep(w, woken);
    w->looked = 0;
    pl_wake_restore_affinity(w);
    return timed_out && unclaimed;
}

/* Whether a search that has found nothing since `start` is to go on, for as long again: jobs that were submitted
 * meanwhile, and taken back by those who want their results, would have cost their submitters more in wake-ups than
 * they have cost this thread. */
static bool has_spared_wakes(const pl_worker *w, uint32_t jobs, uint64_t start)
{
    return jobs * w->pool->spin_ticks >= WAKE_UPS * (w->looked - start);
}

/* Searches and rests until there is something, or it may be time to leave. */
static found_kind find_work(pl_worker *w, find *found)
{
    const pl_injector *injector = &w->pool->injector;
    for (;;) {
        uint32_t before = pl_injector_submitted(injector);
        uint64_t start = pl_ticks();
        found_kind what = search_for_work(w, found);
        if (what != FOUND_NOTHING)
            return what;
        if (pl_pool_stopping(w->pool) || w->inferior)
            return FOUND_END;
        uint32_t jobs = pl_injector_submitted(injector) - before;
        if (!(jobs && has_spared_wakes(w, jobs, start)) && rest_until_woken(w))
            return FOUND_END;
    }
}

/* ---- a thread of the pool -------------------------------------------------------------------------------- */

/* Makes the thread what threads of its pool are. */
static void begin_thread(pl_worker *w, const pl_thread_kind *kind)
{
    w->is_thread = true;
    w->looked = w->waited = 0;
    pl_stats_count(&w->counters, PL_COUNT_STARTED, 1);
    pl_trace_be_worker(w->index);
    w->mask = NULL;
    w->inferior = !pl_os_thread_begins(&kind->attributes);
    pl_os_cancel_defer(); /* for good: whoever waits for a task would wait for ever */
    char name[16];
    snprintf(name, sizeof name, "parallel/%u", w->index);
    pl_os_name_self(kind->name[0] ? kind->name : name);
    if (kind->start)
        kind->start(kind->data);
}

/* Runs what was found. False if the thread has left the pool, whose record may be another's from then on. */
static bool run_found(pl_worker *w, found_kind what, const find *found)
{
    if (what == FOUND_TASK) /* a task that is run has passed on before */
        pl_worker_run(w, found->victim, found->slot, found->task);
    pl_worker_pass_on(w);
    switch (what) {
    case FOUND_JOB:
        found->job->run(found->job);
        return true;
    case FOUND_PIECE:
        pl_handover_help(w, found->victim, found->piece);
        return true;
    case FOUND_END:
        return !pl_worker_leave(w);
    default:
        return true;
    }
}

void *pl_worker_main(void *worker)
{
    pl_worker *w = worker;
    pl_pool *pool = w->pool;
    pl_worker_stay_out();
    /* W62 relaxed: as W61; pairs with W61 */
    atomic_store_explicit(&w->me, pl_os_thread_self(), memory_order_relaxed);
    const pl_thread_kind kind = pool->kind;
    begin_thread(w, &kind);
    pl_worker_become(w);
    pl_wake_restore_affinity(w);
    pl_sleep_waking(&pool->sleep, -1);
    for (;;) {
        find found;
        found_kind what = find_work(w, &found);
        w->was_last = pl_sleep_found(&pool->sleep);
        if (!run_found(w, what, &found))
            break;
        pl_sleep_search(&pool->sleep);
    }
    if (kind.end)
        kind.end(kind.data);
    return NULL;
}
