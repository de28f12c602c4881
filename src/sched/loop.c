/* SPDX-License-Identifier: MIT */
/* Parallel loops: their beginning and their end; loop.h says how they work. */
#include "sched/loop.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/os.h"
#include "base/unwind.h"
#include "sched/chunking.h"
#include "sched/inline.h"
#include "sched/loop_internal.h"
#include "sched/wake.h"

/* How long the caller looks around for the last participants before it parks. */
#define WAIT_US 50
/* What is expected to cost no more leaves helpers' signal masks alone: to set one and take it back costs 0.2 us. */
#define MASKED_US 100
/* Participant slots of a loop that need no memory from the heap. */
#define NEAR_SLOTS 8u

/* ---- waiting --------------------------------------------------------------------------------------------- */

/* Whether all that is on the owner's deque has been stolen from it; else it may not help (loop.h). */
static bool may_help(const pl_loop *loop)
{
    const pl_deque *d = &loop->owner->deque;
    return d->head == d->base || pl_deque_stolen_to(d, d->head - 1);
}

/* A walk over the slots that are taken. */
typedef struct slot_walk {
    pl_loop *loop;
    pl_loop_slot *slot; /* the one that it has come to */
    uint32_t word;
    uint64_t left; /* those that are still to come, of the word in hand */
} slot_walk;

static slot_walk walk_slots(pl_loop *loop)
{
    return (slot_walk){.loop = loop, .left = pl_loop_taken_slots(loop, 0)};
}

/* Comes to the next one. False if there is none. */
static bool walk_on(slot_walk *walk)
{
    while (!walk->left) {
        if (++walk->word * 64 >= walk->loop->slots)
            return false;
        walk->left = pl_loop_taken_slots(walk->loop, walk->word);
    }
    walk->slot = &walk->loop->slot[walk->word * 64 + (unsigned)__builtin_ctzll(walk->left)];
    walk->left &= walk->left - 1;
    return true;
}

/* Steals a share or a task made by iterations of this loop, and runs it. */
static bool help_participants(pl_loop *loop)
{
    for (slot_walk walk = walk_slots(loop); may_help(loop) && walk_on(&walk);) {
        pl_slot *slot;
        const pl_task *task;
        pl_worker *other = pl_loop_other_participant(loop, walk.slot);
        if (!other || pl_worker_steal(loop->owner, other, &slot, &task) != PL_STEAL_GOT)
            continue;
        bool still = pl_loop_other_participant(loop, walk.slot) == other;
        pl_worker_run_if(still, loop->owner, other, slot, task);
        return true;
    }
    return false;
}

/* Whether help_participants() would find something; for the owner that is about to park. */
static bool could_help(pl_loop *loop)
{
    for (slot_walk walk = walk_slots(loop); may_help(loop) && walk_on(&walk);) {
        pl_worker *other = pl_loop_other_participant(loop, walk.slot);
        if (other && pl_worker_uncover(loop->owner, other))
            return true;
    }
    return false;
}

/* Whether there is something for the owner to do in the loop itself. */
static bool has_work(pl_loop *loop)
{
    const pl_loop_spec *spec = loop->spec;
    if (spec->open)
        return !pl_loop_is_stopped(loop) && spec->open->has_some(spec->ctx, true);
    return pl_loop_has_iterations(loop);
}

/* Parks until all participants have left, or there is something to do again. */
static void park_at_latch(pl_participant *p)
{
    pl_loop *loop = p->loop;
    if (pl_latch_announce(&loop->latch) && !(p->worked && could_help(loop)) && !has_work(loop))
        pl_park(&loop->owner->parker, -1);
    pl_latch_withdraw(&loop->latch);
}

/* The caller has waited, with nothing to do. */
static void note_wait(const pl_participant *p, uint64_t since, uint64_t now)
{
    p->worker->waited += now - since;
    if (pl_trace_is_on())
        pl_trace_record(PL_TRACE_WAIT, p->loop->call, since, now, 0, 0, 0);
}

/* The caller is out of work: helps, unless it is being unwound, and waits until all participants have left. */
static void wait_for_all(pl_participant *p)
{
    pl_loop *loop = p->loop;
    pl_pool *pool = loop->owner->pool;
    bool impatient = loop->growth == PL_GROWTH_BEYOND || pl_pool_crowded(pool);
    uint64_t patience = impatient ? 0 : WAIT_US * pl_os_ticks_per_us();
    uint64_t start = pl_ticks(), now = start;
    if (pl_latch_open(&loop->latch))
        return;
    pl_wake_waiter_begins(pool);
    p->waits = true;
    while (!pl_latch_open(&loop->latch)) {
        if (has_work(loop)) {
            note_wait(p, start, pl_ticks());
            pl_participant_work(p);
            start = now = pl_ticks();
        } else if (p->worked && help_participants(loop)) {
            note_wait(p, start, now);
            start = now = pl_ticks();
        } else if ((now = pl_ticks()) - start < patience)
            pl_pause();
        else
            park_at_latch(p);
    }
    note_wait(p, start, pl_ticks());
    p->waits = false;
    pl_wake_waiter_ends(pool);
}

/* ---- a shared loop --------------------------------------------------------------------------------------- */

/* The caller begins its part, as participant 0. */
static void begin_shared(pl_participant *p, pl_loop *loop)
{
    pl_worker *w = loop->owner;
    *p = (pl_participant){.loop = loop, .worker = w, .slot = pl_loop_take_slot(loop, w), .activation = w->activation};
    pl_assert(p->slot == loop->slot); /* nobody else has come yet */
    if (loop->growth == PL_GROWTH_BEYOND) {
        /* R22 relaxed: a hint; pairs with W14 */
        atomic_fetch_add_explicit(&w->pool->eager, 1, memory_order_relaxed);
    }
    pl_participant_begin(p);
}

/* Waits until the caller is the only participant, and nobody can join any more. */
static void await_others(pl_participant *p)
{
    pl_loop *loop = p->loop;
    pl_loop_settle(loop);
    wait_for_all(p);
    pl_loop_settle(loop); /* whoever has joined has left the handoff before */
}

/* The caller, alone by now, ends its part. */
static void end_shared(const pl_participant *p)
{
    pl_worker *w = p->worker;
    pl_participant_end(p);
    pl_stats_count(&w->counters, PL_COUNT_SHARED, 1);
    if (!w->is_thread && !p->activation->outer)
        pl_stats_count(&w->counters, PL_COUNT_BUSY, p->ticks);
    if (p->loop->growth == PL_GROWTH_BEYOND) {
        /* R23 relaxed: a hint; pairs with W14 */
        atomic_fetch_sub_explicit(&w->pool->eager, 1, memory_order_relaxed);
    }
    pl_worker_exit(w);
}

/* The caller's part is left by a task that is being unwound (unwind.h), perhaps one that it came to run as it waited
 * for the others: nothing more begins. */
static void leave_shared(void *participant)
{
    pl_participant *p = participant;
    if (pl_stop_raise(&p->loop->stop, PL_STOP_ALL))
        pl_stop_notify_all();
    pl_participant_close_share(p);
    p->worked = false;
    if (p->waits)
        pl_wake_waiter_ends(p->worker->pool);
    await_others(p);
    end_shared(p);
}

/* What the loop has taught, which began at `begin`. */
static void learn_from_shared(pl_loop *loop, size_t begin)
{
    pl_worker *w = loop->owner;
    w->helpers += w->helpers == 0; /* there may be some about */
    pl_inline_timed(pl_ticks());
    if (!loop->spec->open && !pl_loop_is_stopped(loop)) {
        /* R17 relaxed: everybody has left, and the latch ordered it; pairs with R16 */
        uint64_t ticks = atomic_load_explicit(&loop->ticks, memory_order_relaxed);
        pl_inline_learn(loop->spec, ticks, loop->spec->n - begin, PL_COST_UNSURE);
    }
}

/* Runs [begin, n) with help. False, and nothing is run, if the pool is being ended. */
PL_NOT_INLINED static bool run_shared(pl_loop *loop, size_t begin)
{
    pl_worker *w = loop->owner;
    pl_activation activation = {.latch = &loop->latch};
    pl_participant p;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_worker_enter(w, &activation);
    if (pl_pool_stopping(w->pool)) {
        pl_worker_exit(w);
        return false;
    }
    begin_shared(&p, loop);
    pl_cleanup_begin(&cleanup, leave_shared, &p);
    pl_assert(begin % loop->unit == 0); /* where a unit is not 1, nothing has been run yet */
    if (!loop->spec->open)
        pl_loop_hand_over_slots(loop, (uint32_t)(begin / loop->unit), (uint32_t)((loop->spec->n - 1) / loop->unit + 1),
                                pl_participant_join_by_handoff);
    pl_participant_work(&p);
    p.worked = true;
    await_others(&p); /* which may find work again */
    pl_cleanup_end(&cleanup);
    end_shared(&p);
    learn_from_shared(loop, begin);
    return true;
}

/* ---- running --------------------------------------------------------------------------------------------- */

/* What a loop is run with, if with help. */
typedef struct loop_means {
    unsigned slots;   /* the most participants */
    pl_growth growth; /* of the pool, for it */
    bool has_mask;    /* helpers take the caller's signal mask */
} loop_means;

/* What is put back after a loop, also if its caller is being unwound. */
typedef struct loop_before {
    pl_worker *worker;
    pl_slot *head;
    pl_loop_slot *far; /* memory from the heap, or NULL */
} loop_before;

static void put_back(void *what)
{
    loop_before *b = what;
    b->worker->deque.head = b->head;
    free(b->far);
}

/* How long a chunk is to last. Not at all where iterations may wait for each other, and there is a worker for each. */
static uint64_t chunk_ticks(const pl_loop_spec *spec, const loop_means *means)
{
    if (means->growth == PL_GROWTH_BEYOND && spec->n <= means->slots)
        return 0;
    return (spec->chunk_us ? spec->chunk_us : PL_CHUNKING_US) * pl_os_ticks_per_us();
}

static void init_loop(pl_loop *loop, const pl_loop_spec *spec, pl_worker *w, const loop_means *means,
                      pl_loop_slot *slots)
{
    size_t grain = spec->grain ? spec->grain : 1, n = spec->open ? 1 : spec->n;
    *loop = (pl_loop){
        .spec = spec,
        .owner = w,
        .unit = pl_chunking_even(pl_chunking_even(n, grain), UINT32_MAX) * grain,
        .slots = means->slots,
        .growth = means->growth,
        .has_mask = means->has_mask,
        .chunk_ticks = chunk_ticks(spec, means),
        .slot = slots,
        .call = pl_trace_own.loop,
    };
    pl_os_ambient_get(&loop->ambient);
    if (means->has_mask)
        pl_worker_mask_of(w, &loop->mask);
    pl_latch_init(&loop->latch, &w->parker);
}

/* Makes the loop and runs [begin, n) of it, if help is to be had. */
PL_NOT_INLINED static bool try_shared(const pl_loop_spec *spec, size_t begin, loop_means means)
{
    pl_worker *w = pl_worker_self();
    if (!w)
        return false;
    pl_pool_start_threads(w->pool, means.slots - 1, means.growth);
    pl_loop_slot near[NEAR_SLOTS];
    loop_before b = {.worker = w, .head = w->deque.head};
    pl_loop loop;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (means.slots > NEAR_SLOTS && !(b.far = pl_os_zalloc(means.slots * sizeof(pl_loop_slot))))
        means.slots = NEAR_SLOTS;
    for (unsigned k = 0; !b.far && k < means.slots; k++) {
        atomic_init(&near[k].range.word, 0);
        atomic_init(&near[k].participant, 0);
    }
    init_loop(&loop, spec, w, &means, b.far ? b.far : near);
    pl_deque_find_head(&w->deque);
    pl_cleanup_begin(&cleanup, put_back, &b);
    bool done = run_shared(&loop, begin);
    pl_cleanup_end(&cleanup);
    put_back(&b);
    return done;
}

/* Runs an open loop on the caller alone, for so many ticks. True if that is all of it. */
static bool run_openly_alone(const pl_loop_spec *spec, uint64_t lasting)
{
    _Atomic int stop = 0;
    uint64_t start = pl_ticks();
    pl_loop_found found;
    do
        found = spec->open->work(spec->ctx, NULL, &stop, 0);
    while (found == PL_LOOP_SOME && pl_ticks() - start < lasting);
    pl_inline_timed(pl_ticks());
    return found != PL_LOOP_SOME;
}

/* Runs [begin, n) on the caller alone. */
static void run_alone(const pl_loop_spec *spec, size_t begin)
{
    _Atomic int stop = 0;
    uint64_t start = pl_ticks();
    if (spec->open) {
        run_openly_alone(spec, UINT64_MAX);
        return;
    }
    uint64_t call = pl_trace_own.loop;
    if (pl_participant_run_grains(spec, begin, spec->n, &stop, 0) == 0)
        pl_inline_learn(spec, pl_ticks() - start, spec->n - begin, PL_COST_UNSURE);
    pl_stats_count_inline(&pl_inline_own.account, spec->n - begin);
    if (call)
        pl_trace_run(call, start, pl_ticks(), begin, spec->n,
                     spec->grain ? pl_chunking_even(spec->n - begin, spec->grain) : 1);
}

/* Runs an open loop. */
static void run_open_loop(const pl_loop_spec *spec)
{
    unsigned cores = pl_pool_cores(), slots = spec->workers ? spec->workers : cores;
    slots = slots < PL_SLEEP_MAX ? slots : PL_SLEEP_MAX;
    loop_means means = {
        .slots = slots, .growth = spec->workers > cores ? PL_GROWTH_BEYOND : PL_GROWTH_TO_SIZE, .has_mask = true};
    if (slots > 1 && means.growth == PL_GROWTH_TO_SIZE && spec->open->begins_alone &&
        run_openly_alone(spec, pl_inline_price()))
        return;
    if (slots == 1 || !try_shared(spec, 0, means))
        run_alone(spec, 0);
}

/* Runs a loop of one iteration or more. */
static void run_loop(const pl_loop_spec *spec)
{
    uint64_t guess = pl_cost_guess(spec->cost, spec->n);
    bool early = pl_inline_is_early(spec);
    size_t begin = early ? pl_inline_run(spec, 1, guess) : 0;
    if (begin == spec->n)
        return;
    unsigned cores = pl_pool_cores(), slots = spec->workers ? spec->workers : cores;
    size_t most = pl_chunking_even(spec->n, spec->grain ? spec->grain : 1);
    slots = slots < most ? slots : (unsigned)most;
    slots = slots < PL_SLEEP_MAX ? slots : PL_SLEEP_MAX;
    /* A call that asks for more workers than cores has tasks that wait, perhaps for each other: those are never kept
     * alone here, where nobody would take them over. */
    loop_means means = {.growth = spec->workers > cores ? PL_GROWTH_BEYOND : PL_GROWTH_TO_SIZE,
                        .has_mask = guess > MASKED_US * pl_os_ticks_per_us()};
    if (slots > 1 && means.growth == PL_GROWTH_TO_SIZE) {
        if (spec->grain)
            slots = pl_inline_is_short(guess) ? 1 : slots;
        else if (!early && (begin = pl_inline_run(spec, slots, guess)) == spec->n)
            return;
    }
    if (slots == 1)
        pl_inline_renew();
    if (cores == 1 && !pl_trace_is_on())
        pl_inline_own.limit = UINT64_MAX; /* whatever it costs */
    means.slots = slots;
    if (slots == 1 || !try_shared(spec, begin, means))
        run_alone(spec, begin);
}

static void end_call(void *unused)
{
    (void)unused;
    pl_worker_end_call();
}

PL_NOT_INLINED void pl_loop_run(const pl_loop_spec *spec)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (spec->n == 0 && !spec->open)
        return;
    pl_cleanup_begin(&cleanup, end_call, NULL);
    PL_PROBE(call_begin, spec->name, spec->n);
    pl_trace_call call = {0};
    bool traced = pl_trace_is_on();
    if (traced)
        call = pl_trace_loop_begin();
    if (spec->open)
        run_open_loop(spec);
    else
        run_loop(spec);
    PL_PROBE(call_end, spec->name, spec->n);
    if (traced) {
        call.what = spec->what;
        call.name = spec->name;
        call.n = spec->n;
        call.grain = spec->grain;
        pl_trace_call_end(&call);
    }
    pl_cleanup_end(&cleanup);
    pl_worker_end_call();
}
