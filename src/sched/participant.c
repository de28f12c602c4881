/* SPDX-License-Identifier: MIT */
/* Taking part in a loop: eating its iterations, sharing them, and coming for a share; loop.h says how it works. */
#include "base/assert.h"
#include "base/os.h"
#include "base/unwind.h"
#include "sched/chunking.h"
#include "sched/loop_internal.h"
#include "sched/wake.h"

int pl_participant_run_grains(const pl_loop_spec *spec, size_t begin, size_t end, void *stop, unsigned participant)
{
    if (!spec->grain)
        return spec->body(spec->ctx, begin, end, stop, participant);
    for (size_t to; begin < end && !pl_stop_is_raised(stop); begin = to) {
        bool over = spec->is_over && spec->is_over(spec->ctx);
        to = over || end - begin < spec->grain ? end : begin + spec->grain;
        if (spec->body(spec->ctx, begin, to, stop, participant))
            return 1;
    }
    return 0;
}

/* ---- shares ---------------------------------------------------------------------------------------------- */

static void take_share(pl_worker *w, pl_worker *victim, pl_slot *share, bool wanted);

static const pl_internal_task share_task = {.task = {.name = "a share of a loop"}, .take = take_share};

void pl_participant_close_share(pl_participant *p)
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

/* The share has not been stolen: sees to it that it can be, and that somebody comes. */
static void renew_share(pl_participant *p)
{
    pl_deque *deque = &p->worker->deque;
    if (pl_deque_is_private(deque, p->share))
        pl_deque_publish(deque, deque->head);          /* a task that an iteration ran has taken it back */
    pl_wake_call_for_help(p->worker, p->loop->growth); /* those who were busy may be idle by now */
}

/* Puts a share on its deque, and calls for help. */
static void make_share(pl_participant *p)
{
    pl_loop *loop = p->loop;
    pl_deque *deque = &p->worker->deque;
    pl_slot *share = deque->head;
    pl_latch_add(&loop->latch);
    if (!pl_deque_push(deque, &share_task.task, loop)) {
        pl_latch_drop(&loop->latch);
        return;
    }
    p->share = share;
    pl_deque_publish(deque, deque->head);
    pl_wake_call_for_help(p->worker, loop->growth);
}

/* Sees to it that there is a share while there is something to share, in whatever slot, and a slot to share it with.
 * True if it made one, which takes some time. */
static bool keep_share(pl_participant *p)
{
    pl_loop *loop = p->loop;
    if (p->share && !pl_deque_stolen_to(&p->worker->deque, p->share)) {
        renew_share(p);
        return false;
    }
    if (pl_range_rest(&p->slot->range) == 0 && !pl_loop_has_iterations(loop))
        return false;
    /* R7 seq_cst: a hint; whoever takes the share looks for a slot. But of an open loop, whose iterations may wait for
     * this one, who leaves a slot that still counts here looks later in S, and finds what there is; pairs with R8,
     * R9 */
    if (atomic_load_explicit(&loop->taken, memory_order_seq_cst) >= loop->slots) {
        /* the caller, which keeps its slot, may have parked while these iterations were on their way here */
        pl_latch_poke(&loop->latch);
        return false;
    }
    pl_participant_close_share(p);
    make_share(p);
    return p->share != NULL;
}

/* ---- work ------------------------------------------------------------------------------------------------ */

/* A participant's number is its slot's index. */
static unsigned number_of(const pl_participant *p)
{
    return (unsigned)(p->slot - p->loop->slot);
}

/* Where the items of a step of a range begin. */
static size_t item_of(const pl_loop *loop, uint32_t step)
{
    return step <= (loop->spec->n - 1) / loop->unit ? step * loop->unit : loop->spec->n;
}

static size_t chunks_of(const pl_loop_spec *spec, size_t items)
{
    return spec->grain ? pl_chunking_even(items, spec->grain) : 1;
}

/* For a trace: a chunk has run. */
PL_NOT_INLINED static void note_run(const pl_participant *p, uint32_t begin, uint32_t end, uint64_t start, uint64_t now)
{
    size_t from = item_of(p->loop, begin), to = item_of(p->loop, end);
    pl_trace_run(p->loop->call, start, now, from, to, chunks_of(p->loop->spec, to - from));
}

static void run_chunk(const pl_participant *p, uint32_t begin, uint32_t end)
{
    pl_loop *loop = p->loop;
    const pl_loop_spec *spec = loop->spec;
    size_t from = item_of(loop, begin), to = item_of(loop, end);
    pl_stats_count(&p->worker->counters, PL_COUNT_CHUNKS, chunks_of(spec, to - from));
    pl_stats_count(&p->worker->counters, PL_COUNT_ITEMS, to - from);
    PL_PROBE(chunk, from, to);
    if (pl_participant_run_grains(spec, from, to, &loop->stop, number_of(p)))
        pl_stop_raise(&loop->stop, PL_STOP_ALL); /* if need be, the body notifies sleepers */
}

/* The same of an open loop. */
static void work_openly(pl_participant *p)
{
    pl_loop *loop = p->loop;
    const pl_loop_spec *spec = loop->spec;
    pl_loop_found found = PL_LOOP_SOME;
    while (found == PL_LOOP_SOME && !pl_loop_is_stopped(loop)) {
        uint64_t start = loop->call ? pl_ticks() : 0;
        found = spec->open->work(spec->ctx, p, &loop->stop, number_of(p));
        if (loop->call)
            pl_trace_run(loop->call, start, pl_ticks(), 0, 0, 1);
        pl_stats_count(&p->worker->counters, PL_COUNT_CHUNKS, found == PL_LOOP_SOME);
    }
    if (found == PL_LOOP_STOP)
        pl_stop_raise(&loop->stop, PL_STOP_ALL);
    pl_participant_close_share(p);
}

void pl_loop_offer(pl_participant *p)
{
    /* where a task that it runs has tasks of its own, these are where a share would go */
    if (p->worker->activation == p->activation)
        keep_share(p);
    else
        pl_loop_poke(p);
}

void pl_loop_poke(pl_participant *p)
{
    pl_latch_poke(&p->loop->latch);
}

static void work_on_ranges(pl_participant *p)
{
    pl_loop *loop = p->loop;
    uint64_t one = pl_cost_guess(loop->spec->cost, loop->unit), before = pl_ticks();
    uint32_t size = pl_chunking_first_of_range(one, loop->chunk_ticks), least = 0, begin, end;
    /* not where iterations may wait for each other */
    uint32_t vector = loop->unit == 1 && loop->growth != PL_GROWTH_BEYOND ? PL_CHUNKING_VECTOR : 1;
    while (!pl_loop_is_stopped(loop)) {
        if (!pl_range_take_vectors(&p->slot->range, size, vector, least, &begin, &end)) {
            if (!pl_loop_steal_range(loop, p->slot))
                break;
            pl_stats_count(&p->worker->counters, PL_COUNT_STEALS, 1);
            continue;
        }
        if (keep_share(p))
            before = pl_ticks(); /* a wake-up is not what iterations cost */
        run_chunk(p, begin, end);
        uint64_t now = pl_ticks(), spent = now - before;
        if (loop->call)
            note_run(p, begin, end, before, now);
        size = pl_chunking_next_of_range(size, end - begin, spent, loop->chunk_ticks);
        least = size / PL_CHUNKING_LEAST;
        p->ticks += spent;
        before = now;
        if (p->worker == loop->owner && loop->handed.any)
            pl_loop_settle_at(loop, now);
    }
    pl_participant_close_share(p);
}

void pl_participant_work(pl_participant *p)
{
    if (p->loop->spec->open)
        work_openly(p);
    else
        work_on_ranges(p);
}

/* ---- coming and going ------------------------------------------------------------------------------------ */

/* A thread of the pool that takes part in a loop whose iterations may block. */
static bool is_lent(const pl_participant *p)
{
    return p->loop->growth == PL_GROWTH_BEYOND && p->worker->is_thread;
}

void pl_participant_begin(pl_participant *p)
{
    if (is_lent(p)) {
        /* R28 relaxed: a hint; pairs with W52 */
        atomic_fetch_add_explicit(&p->worker->pool->lent, 1, memory_order_relaxed);
    }
}

void pl_participant_end(const pl_participant *p)
{
    /* R16 relaxed: a sum, read behind the latch; pairs with R17 */
    atomic_fetch_add_explicit(&p->loop->ticks, p->ticks, memory_order_relaxed);
    if (is_lent(p)) {
        /* R29 relaxed: a hint; pairs with W52 */
        atomic_fetch_sub_explicit(&p->worker->pool->lent, 1, memory_order_relaxed);
    }
}

/* Leaves the slot; or stays (true), in that or another, if there is something to do in an open loop by now: whoever has
 * made it so may have counted this participant, and called nobody. */
static bool leave_or_stay(pl_participant *p)
{
    pl_loop *loop = p->loop;
    pl_loop_leave_slot(loop, p->slot);
    if (!loop->spec->open || !pl_loop_has_iterations(loop))
        return false;
    pl_loop_slot *slot = pl_loop_take_slot(loop, p->worker);
    if (slot)
        p->slot = slot;
    return slot != NULL;
}

/* It is another thread's loop, so this one is not cancelled meanwhile. */
PL_NOT_INLINED void pl_participant_join(pl_loop *loop, pl_worker *w, pl_loop_slot *slot)
{
    PL_UNWIND_BARRIER();
    int state = pl_os_cancel_defer();
    pl_activation activation = {.latch = &loop->latch};
    pl_participant p = {.loop = loop, .worker = w, .slot = slot, .activation = &activation};
    pl_worker_enter(w, &activation);
    pl_participant_begin(&p);
    pl_os_ambient before;
    pl_os_ambient_enter(&loop->ambient, &before);
    const pl_os_mask *mask = loop->has_mask ? pl_worker_set_mask(w, &loop->mask) : NULL;
    pl_participant_work(&p);
    while (leave_or_stay(&p))
        pl_participant_work(&p);
    if (loop->has_mask)
        pl_worker_set_mask(w, mask);
    pl_os_ambient_leave(&before);
    pl_participant_end(&p);
    pl_worker_exit(w);
    pl_latch_drop(&loop->latch);
    pl_os_cancel_restore(state);
}

int pl_participant_join_by_handoff(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    pl_loop *loop = ctx;
    pl_worker *w = pl_worker_known();
    (void)stop;
    (void)participant; /* that is the slot's index here */
    pl_participant_join(loop, w, pl_loop_keep_handed_slot(loop, w, begin, end));
    return 0;
}

/* What the thief of a share does: takes part, if it still may and there is a free slot. The share's count at the latch
 * is now the thief's. The loop's own caller, which has come to it as it waits, has a slot: with a second one there
 * would be a thread less for iterations that wait for each other. It drops the share, and finds what there is in its
 * own. */
static void take_share(pl_worker *w, pl_worker *victim, pl_slot *share, bool wanted)
{
    pl_loop *loop = *(void **)(void *)share->data;
    pl_assert(w->deque.head == w->deque.base || pl_deque_stolen_to(&w->deque, w->deque.head - 1)); /* see loop.h */
    pl_loop_slot *slot = wanted && w != loop->owner ? pl_loop_take_slot(loop, w) : NULL;
    pl_worker_end(victim, share, PL_SLOT_DONE);
    pl_worker_pass_on(w);
    if (slot)
        pl_participant_join(loop, w, slot);
    else
        pl_latch_drop(&loop->latch);
}
