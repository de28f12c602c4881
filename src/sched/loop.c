/* SPDX-License-Identifier: MIT */
/* Parallel loops; loop.h says how they work. */
#include "sched/loop.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/os.h"
#include "base/unwind.h"
#include "sched/chunking.h"
#include "sched/inline.h"
#include "sched/stop.h"
#include "sched/latch.h"
#include "sched/pool.h"
#include "sched/range.h"

/* How long the caller looks around for the last participants before it parks. */
#define WAIT_US 50
/* How long the participant slots that a caller hands over to searchers are theirs alone. */
#define SETTLE_US 2
/* What is expected to cost no more leaves helpers' signal masks alone: to set one and take it back costs 0.2 us. */
#define MASKED_US 100
/* Seats of a loop that need no memory from the heap. */
#define NEAR_SLOTS 8u

/* Where a participant stays. */
typedef struct part_slot {
    alignas(PL_LINE) pl_range range;
    _Atomic uint32_t participant; /* its worker's index + 1; 0: free */
} part_slot;

typedef struct pl_loop {
    const pl_loop_spec *spec;
    pl_worker *owner;
    size_t unit;    /* iterations in one step of a range: the grain, or more, where 32 bits would not do */
    uint32_t slots; /* how many */
    bool add;       /* the call asks for more workers than cores */
    bool handed;    /* the owner's: there are, or may be, participant slots that searchers may take from its handoff */
    uint64_t handed_at; /* since when, in ticks: those that nobody has taken are soon free for all */
    uint64_t chunk_ticks;
    part_slot *part_slot;
    pl_os_ambient ambient; /* what iterations see of the owner's thread, wherever they run; */
    pl_os_mask mask;       /* likewise, if it has one: */
    bool has_mask;         /* it lasts long enough for a task to start something that inherits it */
    alignas(PL_LINE) pl_latch latch;
    _Atomic uint32_t taken; /* participant slots taken */
    pl_stop stop;
    _Atomic uint64_t ticks; /* what the work has cost */
} pl_loop;

/* A participant's side of a loop. */
typedef struct part {
    pl_loop *loop;
    pl_worker *worker;
    part_slot *part_slot;
    pl_slot *share; /* the open share on its deque, or NULL */
    uint64_t ticks; /* what its work has cost */
    bool worked;    /* it has come to the end of its work: it is not being unwound */
} part;

/* The participant of a participant slot that is handed over. */
#define RESERVED UINT32_MAX

static void take_share(pl_worker *w, pl_worker *victim, pl_slot *slot, bool wanted);

static const pl_internal_task share_task = {.task = {.name = "a share of a loop"}, .take = take_share};

bool pl_loop_stopped(void *stop)
{
    /* R11 relaxed: a hint that nothing more need begin; pairs with E2 */
    return atomic_load_explicit((_Atomic int *)stop, memory_order_relaxed) != 0;
}

static bool stopped(pl_loop *loop)
{
    return pl_loop_stopped(&loop->stop);
}

/* ---- shares ---------------------------------------------------------------------------------------------- */

/* Takes the share back, or waits until its thief has left the slot. */
static void close_share(part *p)
{
    pl_slot *share = p->share;
    if (!share)
        return;
    p->share = NULL;
    if (pl_deque_pop(&p->worker->deque) == PL_POP_STOLEN) {
        unsigned state = pl_worker_await(p->worker, share);
        pl_deque_forget(&p->worker->deque, share);
        if (state & PL_SLOT_DONE)
            return;
    }
    pl_latch_drop(&p->loop->latch);
}

/* Whether there are iterations in any participant slot. */
static bool has_iterations(pl_loop *loop)
{
    for (uint32_t k = 0; k < loop->slots && !stopped(loop); k++)
        if (pl_range_rest(&loop->part_slot[k].range))
            return true;
    return false;
}

/* Sees to it that there is a share while there is something to share, in whatever participant slot, and a participant slot to share. True if
 * that took some time. */
static bool keep_share(part *p)
{
    pl_loop *loop = p->loop;
    pl_deque *deque = &p->worker->deque;
    if (p->share && !pl_deque_stolen_to(deque, p->share)) {
        if (pl_deque_is_private(deque, p->share))
            pl_deque_publish(deque, deque->head);      /* a task that an iteration ran has taken it back */
        pl_worker_call_for_help(p->worker, loop->add); /* those who were busy may be idle by now */
        return false;
    }
    if (pl_range_rest(&p->part_slot->range) == 0 && !has_iterations(loop))
        return false;
    /* R7 relaxed: a hint; whoever takes the share looks for a participant slot; pairs with R8, R9 */
    if (atomic_load_explicit(&loop->taken, memory_order_relaxed) >= loop->slots) {
        /* the caller, who keeps its participant slot, may have parked while these iterations were on their way here */
        pl_latch_poke(&loop->latch);
        return false;
    }
    close_share(p);
    pl_slot *share = deque->head;
    pl_latch_add(&loop->latch);
    if (!pl_deque_push(deque, &share_task.task, loop)) {
        pl_latch_drop(&loop->latch);
        return false;
    }
    p->share = share;
    pl_deque_publish(deque, deque->head);
    pl_worker_call_for_help(p->worker, loop->add);
    return true;
}

/* ---- taking part ----------------------------------------------------------------------------------------- */

/* Sits down on a free participant slot; NULL if there is none. */
static part_slot *take_slot(pl_loop *loop, pl_worker *w)
{
    for (uint32_t k = 0; k < loop->slots; k++) {
        _Atomic uint32_t *participant = &loop->part_slot[k].participant;
        /* R24 relaxed: a hint that spares the CAS; pairs with R10, R13 */
        uint32_t nobody = atomic_load_explicit(participant, memory_order_relaxed);
        /* R10 seq_cst: one worker gets the participant slot; it fills the range after the last participant has emptied it (acquire),
         * and comes before its first publish in S; pairs with R13, R15 */
        if (nobody == 0 && atomic_compare_exchange_strong_explicit(participant, &nobody, w->index + 1,
                                                                   memory_order_seq_cst, memory_order_relaxed)) {
            /* R8 relaxed: a hint; pairs with R7 */
            atomic_fetch_add_explicit(&loop->taken, 1, memory_order_relaxed);
            return &loop->part_slot[k];
        }
    }
    return NULL;
}

static void leave_slot(pl_loop *loop, part_slot *part_slot)
{
    /* R13 release: a waiter that steals what this worker publishes later sees that it has left; pairs with R15, R10 */
    atomic_store_explicit(&part_slot->participant, 0, memory_order_release);
    /* R9 relaxed: a hint; pairs with R7 */
    atomic_fetch_sub_explicit(&loop->taken, 1, memory_order_relaxed);
}

/* Nobody takes a participant slot that was handed over. */
static void free_slot(pl_loop *loop, part_slot *part_slot)
{
    leave_slot(loop, part_slot);
    pl_latch_drop(&loop->latch);
}

/* Owner: takes back the participant slots that nobody has taken, with their iterations in them, for whoever finds them. */
static void settle(pl_loop *loop)
{
    pl_handoff *h = &loop->owner->handoff;
    pl_piece piece;
    while (pl_handoff_take(h, &piece))
        free_slot(loop, &loop->part_slot[piece.begin]);
    if (pl_handoff_open(h)) {
        pl_handoff_vacate(h);
        loop->handed = false;
    }
}

/* A participant's number is its participant slot's. */
static unsigned number_of(const part *p)
{
    return (unsigned)(p->part_slot - p->loop->part_slot);
}

/* Fills its own range from somebody else's. */
static bool steal_range(part *p)
{
    pl_loop *loop = p->loop;
    uint32_t me = number_of(p), begin, end;
    for (uint32_t k = 1; k < loop->slots; k++) {
        if (pl_range_steal(&loop->part_slot[(me + k) % loop->slots].range, &begin, &end)) {
            pl_range_set(&p->part_slot->range, begin, end);
            return true;
        }
    }
    return false;
}

/* Runs [begin, end), in pieces of the grain that was asked for. */
static int run_grains(const pl_loop_spec *spec, size_t begin, size_t end, void *stop, unsigned participant)
{
    if (!spec->grain)
        return spec->body(spec->ctx, begin, end, stop, participant);
    for (size_t to; begin < end && !pl_loop_stopped(stop); begin = to) {
        bool over = spec->is_over && spec->is_over(spec->ctx);
        to = over || end - begin < spec->grain ? end : begin + spec->grain;
        if (spec->body(spec->ctx, begin, to, stop, participant))
            return 1;
    }
    return 0;
}

/* Runs one chunk. */
static void run_chunk(const part *p, uint32_t begin, uint32_t end)
{
    pl_loop *loop = p->loop;
    const pl_loop_spec *spec = loop->spec;
    size_t from = begin * loop->unit, to = end <= (spec->n - 1) / loop->unit ? end * loop->unit : spec->n;
    if (run_grains(spec, from, to, &loop->stop, number_of(p)))
        pl_stop_raise(&loop->stop, PL_STOP_ALL); /* if need be, the body tells those who sleep */
}

/* Works until nothing is left that it could take. */
static void work(part *p)
{
    pl_loop *loop = p->loop;
    uint64_t one = pl_cost_guess(loop->spec->cost, loop->unit);
    uint32_t size = pl_chunking_first_of_range(one, loop->chunk_ticks), begin, end;
    uint64_t before = pl_ticks();
    while (!stopped(loop)) {
        if (!pl_range_take(&p->part_slot->range, size, &begin, &end)) {
            if (!steal_range(p))
                break;
            continue;
        }
        if (keep_share(p))
            before = pl_ticks(); /* a wake-up is not what iterations cost */
        run_chunk(p, begin, end);
        uint64_t now = pl_ticks(), spent = now - before;
        size = pl_chunking_next_of_range(end - begin, spent, loop->chunk_ticks);
        p->ticks += spent;
        before = now;
        if (p->worker == loop->owner && loop->handed && now - loop->handed_at > SETTLE_US * pl_os_ticks_per_us())
            settle(loop);
    }
    close_share(p);
}

/* Adds what its work has cost to the loop's account. */
static void account(const part *p)
{
    /* R16 relaxed: a sum, read behind the latch; pairs with R17 */
    atomic_fetch_add_explicit(&p->loop->ticks, p->ticks, memory_order_relaxed);
}

/* A thread of the pool begins (1) or ends (-1) its part in a loop whose iterations may block. */
static void lend(const pl_loop *loop, const pl_worker *w, int step)
{
    if (loop->add && w->is_thread) {
        /* R28 relaxed: a hint; pairs with W52 */
        atomic_fetch_add_explicit(&w->pool->lent, (uint32_t)step, memory_order_relaxed);
    }
}

/* Takes part on a participant slot, and is no longer counted then. In somebody else's loop, so the thread is not cancelled. */
PL_NOT_INLINED static void take_part(pl_loop *loop, pl_worker *w, part_slot *part_slot)
{
    PL_UNWIND_BARRIER();
    int state = pl_os_cancel_defer();
    pl_activation activation = {.latch = &loop->latch};
    part p = {.loop = loop, .worker = w, .part_slot = part_slot};
    pl_worker_enter(w, &activation);
    lend(loop, w, 1);
    pl_os_ambient before;
    pl_os_ambient_enter(&loop->ambient, &before);
    const pl_os_mask *mask = loop->has_mask ? pl_worker_set_mask(w, &loop->mask) : NULL;
    work(&p);
    if (loop->has_mask)
        pl_worker_set_mask(w, mask);
    pl_os_ambient_leave(&before);
    account(&p);
    lend(loop, w, -1);
    leave_slot(loop, part_slot);
    pl_worker_exit(w);
    pl_latch_drop(&loop->latch);
    pl_os_cancel_restore(state);
}

/* What the thief of a share does: takes part, if it still may and there is a participant slot. The share's count at the latch
 * is now the thief's. */
static void take_share(pl_worker *w, pl_worker *victim, pl_slot *slot, bool wanted)
{
    pl_loop *loop = *(void **)(void *)slot->data;
    pl_assert(w->deque.head == w->deque.base || pl_deque_stolen_to(&w->deque, w->deque.head - 1)); /* see loop.h */
    part_slot *part_slot = wanted ? take_slot(loop, w) : NULL;
    pl_worker_end(victim, slot, PL_SLOT_DONE);
    pl_worker_pass_on(w);
    if (part_slot)
        take_part(loop, w, part_slot);
    else
        pl_latch_drop(&loop->latch);
}

/* ---- participant slots that are handed over -------------------------------------------------------------------------- */

/* What a searcher does that has taken a participant slot from the owner's handoff, and is counted at the latch for it. */
static int join(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    pl_loop *loop = ctx;
    pl_worker *w = pl_worker_known();
    part_slot *part_slot = &loop->part_slot[begin];
    (void)stop;
    (void)participant; /* that is its participant slot's index */
    for (size_t k = begin + 1; k < end; k++)
        free_slot(loop, &loop->part_slot[k]); /* too many were taken: see handoff.h */
    /* R25 seq_cst: as R10, but that the participant slot was reserved for it; pairs with R15 */
    atomic_store_explicit(&part_slot->participant, w->index + 1, memory_order_seq_cst);
    take_part(loop, w, part_slot);
    return 0;
}

/* Spreads [begin, end) over the owner's participant slot and those that it hands over: one for each that is searching. */
static void hand_over_slots(part *p, uint32_t begin, uint32_t end)
{
    pl_loop *loop = p->loop;
    pl_worker *w = loop->owner;
    pl_handoff *h = &w->handoff;
    uint32_t parts = loop->slots < end - begin ? loop->slots : end - begin, most = parts ? parts - 1 : 0;
    uint32_t count = pl_handoff_busy(h) || loop->add ? 0 : pl_sleep_awake(&w->pool->sleep);
    count = count < most ? count : most;
    for (uint32_t k = count; k > 0; k--) {
        uint32_t share = (end - begin) / (k + 1);
        pl_range_set(&loop->part_slot[k].range, end - share, end);
        end -= share;
        /* R26 relaxed: whoever takes the participant slot sees it, by H2; pairs with R10, R15 */
        atomic_store_explicit(&loop->part_slot[k].participant, RESERVED, memory_order_relaxed);
        /* R27 relaxed: as R8; pairs with R7 */
        atomic_fetch_add_explicit(&loop->taken, 1, memory_order_relaxed);
        pl_latch_add(&loop->latch);
    }
    pl_range_set(&p->part_slot->range, begin, end);
    if (count == 0)
        return;
    loop->handed = true;
    pl_handoff_occupy(h);
    loop->handed_at = pl_ticks();
    h->body = join;
    h->ctx = loop;
    pl_handoff_lay_out_slots(h, 1, count + 1);
    pl_worker_call_for_help(w, false); /* they may have gone to sleep */
}

/* ---- waiting --------------------------------------------------------------------------------------------- */

/* The participant of a participant slot, if it is someone else than the waiter. */
static pl_worker *other_participant(pl_loop *loop, part_slot *part_slot)
{
    /* R15 seq_cst: before the steal, where to look, also in S after the announcement of a waiter about to park (L4);
     * after it, whether the participant was still there (acquire); pairs with R10, R13 */
    uint32_t participant = atomic_load_explicit(&part_slot->participant, memory_order_seq_cst);
    if (participant == 0 || participant == RESERVED || participant - 1 == loop->owner->index)
        return NULL;
    return pl_pool_worker(loop->owner->pool, participant - 1);
}

/* Whether all that is on the owner's deque has been stolen from it; else it may not help (loop.h). */
static bool may_help(const pl_loop *loop)
{
    const pl_deque *d = &loop->owner->deque;
    return d->head == d->base || pl_deque_stolen_to(d, d->head - 1);
}

/* Steals a share or a task made by iterations of this loop, and runs it. */
static bool help(pl_loop *loop)
{
    for (uint32_t k = 0; k < loop->slots && may_help(loop); k++) {
        pl_slot *slot;
        const pl_task *task;
        pl_worker *other = other_participant(loop, &loop->part_slot[k]);
        if (!other || pl_worker_steal(loop->owner, other, &slot, &task) != PL_STEAL_GOT)
            continue;
        pl_worker_run(loop->owner, other, slot, task, other_participant(loop, &loop->part_slot[k]) == other);
        return true;
    }
    return false;
}

/* Whether help() would find something; for the owner that is about to park. */
static bool could_help(pl_loop *loop)
{
    for (uint32_t k = 0; k < loop->slots && may_help(loop); k++) {
        pl_worker *other = other_participant(loop, &loop->part_slot[k]);
        if (other && pl_worker_uncover(loop->owner, other))
            return true;
    }
    return false;
}

/* The caller is out of work: helps, unless it is being unwound, and waits until all participants have left. */
static void wait_for_all(part *p)
{
    pl_loop *loop = p->loop;
    pl_pool *pool = loop->owner->pool;
    uint64_t patience = loop->add || pl_pool_crowded(pool) ? 0 : WAIT_US * pl_os_ticks_per_us();
    uint64_t start = pl_ticks();
    if (pl_latch_open(&loop->latch))
        return;
    pl_pool_wait(pool, 1);
    while (!pl_latch_open(&loop->latch)) {
        if (has_iterations(loop)) {
            work(p);
            start = pl_ticks();
        } else if (p->worked && help(loop))
            start = pl_ticks();
        else if (pl_ticks() - start < patience)
            pl_pause();
        else {
            if (pl_latch_announce(&loop->latch) && !(p->worked && could_help(loop)) && !has_iterations(loop))
                pl_park(&loop->owner->parker, -1);
            pl_latch_withdraw(&loop->latch);
        }
    }
    pl_pool_wait(pool, -1);
}

/* ---- running --------------------------------------------------------------------------------------------- */

/* Runs [begin, n) on the caller alone. */
static void run_alone(const pl_loop_spec *spec, size_t begin)
{
    _Atomic int stop = 0;
    uint64_t start = pl_ticks();
    if (run_grains(spec, begin, spec->n, &stop, 0) == 0)
        pl_inline_learn(spec, pl_ticks() - start, spec->n - begin, PL_COST_UNSURE);
}

/* The caller's work has ended, or was left by its task (unwind.h): then nothing more begins. Waits for all. */
static void end_shared(void *participant)
{
    part *p = participant;
    pl_loop *loop = p->loop;
    pl_worker *w = p->worker;
    if (!p->worked) {
        if (pl_stop_raise(&loop->stop, PL_STOP_ALL))
            pl_stop_notify_all();
        close_share(p);
    }
    if (loop->handed)
        settle(loop);
    wait_for_all(p);
    if (loop->handed)
        settle(loop); /* who has joined has left the handoff before */
    account(p);
    lend(loop, w, -1);
    if (loop->add) {
        /* R23 relaxed: a hint; pairs with W14 */
        atomic_fetch_sub_explicit(&w->pool->eager, 1, memory_order_relaxed);
    }
    pl_worker_exit(w);
}

/* Runs [begin, n) with help. False, and nothing is run, if the pool is being ended. */
PL_NOT_INLINED static bool run_shared(pl_loop *loop, size_t begin)
{
    const pl_loop_spec *spec = loop->spec;
    pl_worker *w = loop->owner;
    pl_activation activation = {.latch = &loop->latch};
    PL_UNWIND_CLEANS();
    pl_worker_enter(w, &activation);
    if (pl_pool_stopping(w->pool)) {
        pl_worker_exit(w);
        return false;
    }
    if (loop->add) {
        /* R22 relaxed: a hint; pairs with W14 */
        atomic_fetch_add_explicit(&w->pool->eager, 1, memory_order_relaxed);
    }
    lend(loop, w, 1);
    pl_assert(begin % loop->unit == 0); /* where a unit is not 1, nothing has been run yet */
    part p = {.loop = loop, .worker = w, .part_slot = take_slot(loop, w)};
    pl_assert(number_of(&p) == 0); /* nobody else has come yet */
    pl_cleanup cleanup;
    pl_cleanup_begin(&cleanup, end_shared, &p);
    hand_over_slots(&p, (uint32_t)(begin / loop->unit), (uint32_t)((spec->n - 1) / loop->unit + 1));
    work(&p);
    p.worked = true;
    pl_cleanup_end(&cleanup);
    end_shared(&p);
    w->helpers += w->helpers == 0; /* there may be some about */
    pl_inline_own.last = pl_ticks();
    if (!stopped(loop)) {
        /* R17 relaxed: everybody has left, and the latch ordered it; pairs with R16 */
        pl_inline_learn(spec, atomic_load_explicit(&loop->ticks, memory_order_relaxed), spec->n - begin,
                        PL_COST_UNSURE);
    }
    return true;
}

/* What is put back after a loop, also if its caller is being unwound. */
typedef struct before {
    pl_worker *worker;
    pl_slot *head;
    part_slot *far;
} before;

static void put_back(void *what)
{
    before *b = what;
    b->worker->deque.head = b->head;
    free(b->far);
}

/* Makes the loop and runs [begin, n) of it, if help is to be had. */
PL_NOT_INLINED static bool try_shared(const pl_loop_spec *spec, size_t begin, unsigned slots, bool add, bool has_mask)
{
    pl_worker *w = pl_worker_self();
    if (!w)
        return false;
    pl_pool_start_threads(w->pool, slots - 1, add);
    part_slot near[NEAR_SLOTS];
    before b = {.worker = w, .head = w->deque.head};
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (slots > NEAR_SLOTS && !(b.far = pl_os_zalloc(slots * sizeof(part_slot))))
        slots = NEAR_SLOTS;
    size_t grain = spec->grain ? spec->grain : 1, unit = ((spec->n - 1) / grain / UINT32_MAX + 1) * grain;
    pl_loop loop = {
        .spec = spec,
        .owner = w,
        .unit = unit,
        .slots = slots,
        .add = add,
        .has_mask = has_mask,
        .chunk_ticks = (spec->chunk_us ? spec->chunk_us : PL_CHUNKING_US) * pl_os_ticks_per_us(),
        .part_slot = b.far ? b.far : near,
    };
    pl_os_ambient_get(&loop.ambient);
    if (has_mask)
        pl_worker_mask_of(w, &loop.mask);
    pl_latch_init(&loop.latch, &w->parker);
    for (uint32_t k = 0; k < slots; k++) {
        atomic_init(&loop.part_slot[k].range.word, 0);
        atomic_init(&loop.part_slot[k].participant, 0);
    }
    pl_deque_find_head(&w->deque);
    pl_cleanup_begin(&cleanup, put_back, &b);
    bool done = run_shared(&loop, begin);
    pl_cleanup_end(&cleanup);
    put_back(&b);
    return done;
}

/* Runs a loop of one iteration or more. */
static void run(const pl_loop_spec *spec)
{
    unsigned cores = pl_pool_cores(), slots = spec->workers ? spec->workers : cores;
    size_t most = spec->grain ? (spec->n - 1) / spec->grain + 1 : spec->n, begin = 0;
    slots = slots < most ? slots : (unsigned)most;
    slots = slots < PL_SLEEP_MAX ? slots : PL_SLEEP_MAX;
    /* Who asks for more workers than cores has tasks that wait, perhaps for each other: those are never kept alone. */
    bool add = spec->workers > cores, has_mask = true;
    if (slots > 1 && !add) {
        uint64_t guess = pl_cost_guess(spec->cost, spec->n);
        has_mask = guess > MASKED_US * pl_os_ticks_per_us();
        if (spec->grain)
            slots = pl_inline_is_short(guess) ? 1 : slots;
        else if ((begin = pl_inline_run(spec, slots, guess)) == spec->n)
            return;
    }
    if (cores == 1)
        pl_inline_own.limit = UINT64_MAX; /* whatever it costs */
    if (slots == 1 || !try_shared(spec, begin, slots, add, has_mask))
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
    if (spec->n == 0)
        return;
    pl_cleanup_begin(&cleanup, end_call, NULL);
    run(spec);
    pl_cleanup_end(&cleanup);
    pl_worker_end_call();
}
