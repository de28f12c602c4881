/* SPDX-License-Identifier: MIT */
/* The participant slots of a loop: how they are taken and left, and how they are handed over; loop.h and handoff.h say
 * why. */
#include "base/os.h"
#include "sched/loop_internal.h"
#include "sched/wake.h"

/* How long the participant slots that a caller hands over to searchers are theirs alone. */
#define SETTLE_US 2

/* ---- taking and leaving ---------------------------------------------------------------------------------- */

static uint64_t bit_of(const pl_loop *loop, const pl_loop_slot *slot)
{
    return UINT64_C(1) << (slot - loop->slot) % 64;
}

static pl_loop_bits *bits_of(pl_loop *loop, const pl_loop_slot *slot)
{
    return &loop->bits[(slot - loop->slot) / 64];
}

/* The number of the first slot of these. */
static uint32_t lowest_slot(uint32_t word, uint64_t bits)
{
    return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

uint64_t pl_loop_taken_slots(pl_loop *loop, uint32_t word)
{
    /* R35 seq_cst: in S after the announcement of a waiter about to park (L4); pairs with R10, R34 */
    return atomic_load_explicit(&loop->bits[word].taken, memory_order_seq_cst);
}

static uint64_t filled_slots(pl_loop *loop, uint32_t word)
{
    /* R37 seq_cst: as R2; pairs with R39, R40 */
    return atomic_load_explicit(&loop->bits[word].filled, memory_order_seq_cst);
}

static bool is_filled(pl_loop *loop, const pl_loop_slot *slot)
{
    /* R38 relaxed: the slot's own participant, or nobody else, changes its bit; pairs with R39, R40 */
    return atomic_load_explicit(&bits_of(loop, slot)->filled, memory_order_relaxed) & bit_of(loop, slot);
}

/* There are iterations in the slot now, or none. */
static void note_filled(pl_loop *loop, const pl_loop_slot *slot)
{
    if (is_filled(loop, slot))
        return;
    /* R39 seq_cst: as R1: a waiter that did not see this bit is seen waiting (L6); pairs with R37, R38 */
    atomic_fetch_or_explicit(&bits_of(loop, slot)->filled, bit_of(loop, slot), memory_order_seq_cst);
}

static void note_empty(pl_loop *loop, const pl_loop_slot *slot)
{
    if (!is_filled(loop, slot))
        return;
    /* R40 relaxed: a look that still finds the bit looks at the range; pairs with R37, R38 */
    atomic_fetch_and_explicit(&bits_of(loop, slot)->filled, ~bit_of(loop, slot), memory_order_relaxed);
}

bool pl_loop_has_iterations(pl_loop *loop)
{
    const pl_loop_spec *spec = loop->spec;
    if (spec->open)
        return !pl_loop_is_stopped(loop) && spec->open->has_some(spec->ctx, false);
    for (uint32_t word = 0; word * 64 < loop->slots; word++)
        for (uint64_t left = filled_slots(loop, word); left && !pl_loop_is_stopped(loop); left &= left - 1)
            if (pl_range_rest(&loop->slot[lowest_slot(word, left)].range))
                return true;
    return false;
}

/* Of the slots from 64 * word on, those that there are. */
static uint64_t existing_slots(const pl_loop *loop, uint32_t word)
{
    uint32_t rest = loop->slots - word * 64;
    return rest < 64 ? (UINT64_C(1) << rest) - 1 : UINT64_MAX;
}

pl_loop_slot *pl_loop_take_slot(pl_loop *loop, pl_worker *w)
{
    for (uint32_t word = 0; word * 64 < loop->slots; word++) {
        _Atomic uint64_t *taken = &loop->bits[word].taken;
        /* R24 relaxed: R10 decides; pairs with R10, R34 */
        uint64_t before = atomic_load_explicit(taken, memory_order_relaxed), unused;
        while ((unused = ~before & existing_slots(loop, word))) {
            uint64_t bit = unused & -unused;
            /* R10 seq_cst: one worker gets the slot; it fills the range after the last participant has emptied it
             * (acquire), and comes before its first publish in S; pairs with R34, R35 */
            before = atomic_fetch_or_explicit(taken, bit, memory_order_seq_cst);
            if (before & bit)
                continue;
            pl_loop_slot *slot = &loop->slot[lowest_slot(word, bit)];
            /* R36 seq_cst: before its first publish in S; pairs with R15 */
            atomic_store_explicit(&slot->participant, w->index + 1, memory_order_seq_cst);
            /* R8 relaxed: a hint; pairs with R7 */
            atomic_fetch_add_explicit(&loop->taken, 1, memory_order_relaxed);
            return slot;
        }
    }
    return NULL;
}

void pl_loop_leave_slot(pl_loop *loop, pl_loop_slot *slot)
{
    /* R13 release: a waiter that steals what this worker publishes later sees that it has left; pairs with R15 */
    atomic_store_explicit(&slot->participant, 0, memory_order_release);
    /* R34 seq_cst: what it did as this participant comes before what the next one does (release); pairs with R10, R24,
     * R35 */
    atomic_fetch_and_explicit(&bits_of(loop, slot)->taken, ~bit_of(loop, slot), memory_order_seq_cst);
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

/* Fills the range of a slot from that of one among these; they are of one word. */
static bool steal_from(pl_loop *loop, pl_loop_slot *slot, uint32_t word, uint64_t those)
{
    uint32_t begin, end;
    for (uint64_t left = those; left; left &= left - 1) {
        pl_loop_slot *from = &loop->slot[lowest_slot(word, left)];
        /* R42 relaxed: a hint; whoever takes the slot meanwhile steals from this one; pairs with R13, R25, R26, R36 */
        bool is_free = atomic_load_explicit(&from->participant, memory_order_relaxed) == 0;
        if (from == slot || !pl_range_steal(&from->range, is_free ? PL_RANGE_ALL : PL_RANGE_HALF, &begin, &end))
            continue;
        pl_range_set(&slot->range, begin, end);
        note_filled(loop, slot);
        if (loop->call)
            note_steal(loop, from);
        return true;
    }
    return false;
}

bool pl_loop_steal_range(pl_loop *loop, pl_loop_slot *slot)
{
    uint32_t me = (uint32_t)(slot - loop->slot), words = (loop->slots + 63) / 64;
    uint64_t above = ~(bit_of(loop, slot) - 1);
    for (uint32_t k = 0; k <= words; k++) { /* its own word first, from its own place on, and last, up to there */
        uint32_t word = (me / 64 + k) % words;
        uint64_t those = filled_slots(loop, word);
        if (steal_from(loop, slot, word, k == 0 ? those & above : k == words ? those & ~above : those))
            return true;
    }
    note_empty(loop, slot);
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
    /* R25 seq_cst: as R36; pairs with R15 */
    atomic_store_explicit(&slot->participant, w->index + 1, memory_order_seq_cst);
    return slot;
}

/* How many slots to hand over, of `parts` that would have something to do. */
static uint32_t slots_to_hand_over(const pl_loop *loop, uint32_t parts)
{
    const pl_worker *w = loop->owner;
    if (parts <= 1 || pl_handoff_busy(&w->handoff) || loop->growth == PL_GROWTH_BEYOND)
        return 0;
    uint32_t searching = pl_pool_helpers(w->pool);
    return searching < parts - 1 ? searching : parts - 1;
}

/* Gives the slot a range, and reserves it for whoever takes it from the handoff. */
static void reserve_slot(pl_loop *loop, pl_loop_slot *slot, uint32_t begin, uint32_t end)
{
    pl_range_set(&slot->range, begin, end);
    note_filled(loop, slot);
    /* R26 relaxed: whoever takes the slot sees it, by H2; pairs with R15 */
    atomic_store_explicit(&slot->participant, PL_LOOP_RESERVED, memory_order_relaxed);
    /* R41 relaxed: as R26: nobody else takes a slot yet; pairs with R24, R35 */
    atomic_fetch_or_explicit(&bits_of(loop, slot)->taken, bit_of(loop, slot), memory_order_relaxed);
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
    note_filled(loop, &loop->slot[0]);
    if (count == 0)
        return;
    pl_handoff_occupy(h);
    loop->handed = (pl_loop_handed){.any = true, .since = pl_ticks()};
    h->body = join;
    h->ctx = loop;
    pl_handoff_lay_out_slots(h, 1, count + 1);
    pl_wake_call_for_help(w, PL_GROWTH_TO_SIZE); /* they may have gone to sleep */
}
