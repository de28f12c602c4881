/* SPDX-License-Identifier: MIT */
/* The participant slots of a loop: how they are taken and left, and how they are handed over; loop.h and handoff.h say
 * why. */
#include "base/os.h"
#include "sched/loop_internal.h"
#include "sched/wake.h"

/* How long the participant slots that a caller hands over to searchers are theirs alone. */
#define SETTLE_US 2

/* ---- taking and leaving ---------------------------------------------------------------------------------- */

bool pl_loop_has_iterations(pl_loop *loop)
{
    const pl_loop_spec *spec = loop->spec;
    if (spec->open)
        return !pl_loop_is_stopped(loop) && spec->open->has_some(spec->ctx, false);
    for (uint32_t k = 0; k < loop->slots && !pl_loop_is_stopped(loop); k++)
        if (pl_range_rest(&loop->slot[k].range))
            return true;
    return false;
}

pl_loop_slot *pl_loop_take_slot(pl_loop *loop, pl_worker *w)
{
    for (uint32_t k = 0; k < loop->slots; k++) {
        _Atomic uint32_t *participant = &loop->slot[k].participant;
        /* R24 relaxed: a hint that spares the CAS; pairs with R10, R13 */
        uint32_t nobody = atomic_load_explicit(participant, memory_order_relaxed);
        /* R10 seq_cst: one worker gets the slot; it fills the range after the last participant has emptied it
         * (acquire), and comes before its first publish in S; pairs with R13, R15 */
        if (nobody == 0 && atomic_compare_exchange_strong_explicit(participant, &nobody, w->index + 1,
                                                                   memory_order_seq_cst, memory_order_relaxed)) {
            /* R8 relaxed: a hint; pairs with R7 */
            atomic_fetch_add_explicit(&loop->taken, 1, memory_order_relaxed);
            return &loop->slot[k];
        }
    }
    return NULL;
}

void pl_loop_leave_slot(pl_loop *loop, pl_loop_slot *slot)
{
    /* R13 release: a waiter that steals what this worker publishes later sees that it has left; and what it did as this
     * participant comes before what the next one does; pairs with R15, R10 */
    atomic_store_explicit(&slot->participant, 0, memory_order_release);
    /* R9 seq_cst: a hint; of an open loop, before the leaver's look whether there is something to do, in S; pairs with
     * R7 */
    atomic_fetch_sub_explicit(&loop->taken, 1, memory_order_seq_cst);
}

/* For a trace. */
static void note_steal(pl_loop *loop, pl_loop_slot *from)
{
    const pl_worker *other = pl_loop_other_participant(loop, from);
    pl_trace_moment(PL_TRACE_STEAL, other ? other->index : loop->owner->index, 0);
}

bool pl_loop_steal_range(pl_loop *loop, pl_loop_slot *slot)
{
    uint32_t me = (uint32_t)(slot - loop->slot), begin, end;
    for (uint32_t k = 1; k < loop->slots; k++) {
        pl_loop_slot *other = &loop->slot[(me + k) % loop->slots];
        /* R34 relaxed: a hint; whoever takes the slot meanwhile steals from this one; pairs with R10, R13, R25, R26 */
        bool is_free = atomic_load_explicit(&other->participant, memory_order_relaxed) == 0;
        if (pl_range_steal(&other->range, is_free ? PL_RANGE_ALL : PL_RANGE_HALF, &begin, &end)) {
            pl_range_set(&slot->range, begin, end);
            if (loop->call)
                note_steal(loop, other);
            return true;
        }
    }
    return false;
}

pl_worker *pl_loop_other_participant(pl_loop *loop, pl_loop_slot *slot)
{
    /* R15 seq_cst: before the steal, where to look, also in S after the announcement of a waiter about to park (L4);
     * after it, whether the participant was still there (acquire); pairs with R10, R13 */
    uint32_t participant = atomic_load_explicit(&slot->participant, memory_order_seq_cst);
    if (participant == 0 || participant == PL_LOOP_RESERVED || participant - 1 == loop->owner->index)
        return NULL;
    return pl_pool_worker(loop->owner->pool, participant - 1);
}

/* ---- handing over ---------------------------------------------------------------------------------------- */

/* Nobody has taken a slot that was handed over: from now on it is free for all, and no longer counted at the latch. */
static void free_slot(pl_loop *loop, pl_loop_slot *slot)
{
    pl_loop_leave_slot(loop, slot);
    pl_latch_drop(&loop->latch);
}

void pl_loop_settle(pl_loop *loop)
{
    pl_handoff *h = &loop->owner->handoff;
    pl_piece piece;
    if (!loop->handed.any)
        return;
    while (pl_handoff_take(h, &piece))
        free_slot(loop, &loop->slot[piece.begin]);
    if (pl_handoff_open(h)) {
        pl_handoff_vacate(h);
        loop->handed.any = false;
    }
}

void pl_loop_settle_at(pl_loop *loop, uint64_t now)
{
    if (now - loop->handed.since > SETTLE_US * pl_os_ticks_per_us())
        pl_loop_settle(loop);
}

pl_loop_slot *pl_loop_keep_handed_slot(pl_loop *loop, const pl_worker *w, size_t begin, size_t end)
{
    pl_loop_slot *slot = &loop->slot[begin];
    for (size_t k = begin + 1; k < end; k++)
        free_slot(loop, &loop->slot[k]); /* too many were taken: see handoff.h */
    /* R25 seq_cst: as R10, but that the slot was reserved for it; pairs with R15 */
    atomic_store_explicit(&slot->participant, w->index + 1, memory_order_seq_cst);
    return slot;
}

/* How many slots to hand over, of `parts` that would have something to do. */
static uint32_t slots_to_hand_over(const pl_loop *loop, uint32_t parts)
{
    const pl_worker *w = loop->owner;
    if (parts <= 1 || pl_handoff_busy(&w->handoff) || loop->growth == PL_GROWTH_BEYOND)
        return 0;
    uint32_t searching = pl_sleep_awake(&w->pool->sleep);
    return searching < parts - 1 ? searching : parts - 1;
}

/* Gives the slot a range, and reserves it for whoever takes it from the handoff. */
static void reserve_slot(pl_loop *loop, pl_loop_slot *slot, uint32_t begin, uint32_t end)
{
    pl_range_set(&slot->range, begin, end);
    /* R26 relaxed: whoever takes the slot sees it, by H2; pairs with R10, R15 */
    atomic_store_explicit(&slot->participant, PL_LOOP_RESERVED, memory_order_relaxed);
    /* R27 relaxed: as R8; pairs with R7 */
    atomic_fetch_add_explicit(&loop->taken, 1, memory_order_relaxed);
    pl_latch_add(&loop->latch);
}

void pl_loop_hand_over_slots(pl_loop *loop, uint32_t begin, uint32_t end, pl_loop_body *join)
{
    pl_worker *w = loop->owner;
    pl_handoff *h = &w->handoff;
    uint32_t count = slots_to_hand_over(loop, loop->slots < end - begin ? loop->slots : end - begin);
    for (uint32_t k = count; k > 0; k--) {
        uint32_t part = (end - begin) / (k + 1);
        reserve_slot(loop, &loop->slot[k], end - part, end);
        end -= part;
    }
    pl_range_set(&loop->slot[0].range, begin, end);
    if (count == 0)
        return;
    pl_handoff_occupy(h);
    loop->handed = (pl_loop_handed){.any = true, .since = pl_ticks()};
    h->body = join;
    h->ctx = loop;
    pl_handoff_lay_out_slots(h, 1, count + 1);
    pl_wake_call_for_help(w, PL_GROWTH_TO_SIZE); /* they may have gone to sleep */
}
