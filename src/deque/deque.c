/* SPDX-License-Identifier: MIT */
/* The slow paths of the deque; deque.h says how it works and why. */
#include "deque/deque.h"

#include <string.h>

#include "base/os.h"

/* Slots that the first commit makes usable, or all where there are fewer. And: a deque that has grown beyond KEPT_ROOM
 * gives memory back when it is empty. */
#ifdef PL_MODEL
#define FIRST_ROOM pl_model_first_room
#define KEPT_ROOM pl_model_kept_room
#else
#define FIRST_ROOM 64u
#define KEPT_ROOM (UINT32_C(1) << 18)
#endif

/* No slot is from here on: what `limit` is after a thief has asked. */
#define ASKED ((pl_slot *)UINTPTR_MAX)

/* ---- the shared word ------------------------------------------------------------------------------------- */

enum { INDEX_BITS = 26, CLAIM_BITS = 64 - 2 * INDEX_BITS, BARRED = (1 << CLAIM_BITS) - 1 };

static inline uint64_t span_of(uint32_t top, uint32_t split, uint32_t claim)
{
    return (uint64_t)top << (INDEX_BITS + CLAIM_BITS) | (uint64_t)split << CLAIM_BITS | claim;
}

static inline uint32_t top_of(uint64_t span)
{
    return (uint32_t)(span >> (INDEX_BITS + CLAIM_BITS));
}

static inline uint32_t split_of(uint64_t span)
{
    return (uint32_t)(span >> CLAIM_BITS) & PL_DEQUE_MAX;
}

static inline uint32_t claim_of(uint64_t span)
{
    return (uint32_t)span & BARRED;
}

static inline uint32_t index_of(const pl_deque *d, const pl_slot *slot)
{
    return (uint32_t)(slot - d->base);
}

/* The owner's look at it. */
static inline uint64_t own_span(const pl_deque *d)
{
    /* D6 relaxed: a CAS that follows decides; and that a slot is stolen stays so, once true; pairs with D12 */
    return atomic_load_explicit((_Atomic uint64_t *)&d->span, memory_order_relaxed);
}

/* The owner's change to it, o8. While there are kept results, it bars claims: a slot holds a task for a moment, in its
 * push, that will not stay. */
static inline bool change_span(pl_deque *d, uint64_t *span, uint32_t top, uint32_t split)
{
    uint64_t to = span_of(top, split, d->overflowed ? BARRED : 0);
    /* D9 seq_cst: publishes what is public from now on (release), continues that release for what stays public, and is
     * ordered before the look for sleepers that follows; after it in S, no claim from before it holds;
     * pairs with D12, D20, D26, D27 and with S4, S6 in src/sched/sleep.c */
    return atomic_compare_exchange_weak_explicit(&d->span, span, to, memory_order_seq_cst, memory_order_relaxed);
}

/* o7: the usual bounds. Always followed by a change of the span. */
static void set_bounds(pl_deque *d, uint32_t split)
{
    /* D1 relaxed: the owner's own; no partner */
    uint32_t room = atomic_load_explicit(&d->room, memory_order_relaxed);
    bool all_slow = d->overflowed > 0;
    /* D13 relaxed: read by the owner, which checks; released by D9 to those who ask by a claim; pairs with T6 */
    atomic_store_explicit(&d->bounds.limit, all_slow ? ASKED : d->base + split, memory_order_relaxed);
    /* D14 relaxed: likewise; pairs with T3 */
    atomic_store_explicit(&d->bounds.end, all_slow ? d->base : d->base + room - 1, memory_order_relaxed);
}

static bool is_asked(const pl_deque *d)
{
    /* D5 relaxed: a hint; pairs with D15 */
    return atomic_load_explicit((_Atomic(pl_slot *) *)&d->bounds.limit, memory_order_relaxed) == ASKED;
}

static bool commit_room(pl_deque *d, uint32_t room)
{
    return pl_os_commit(d->base - 1, (size_t)(room + 1) * sizeof(pl_slot));
}

/* ---- beginning and end ----------------------------------------------------------------------------------- */

bool pl_deque_init(pl_deque *d, uint32_t reserve)
{
    memset(d, 0, sizeof *d);
    if (reserve < 2)
        reserve = 2;
    size_t bytes = (size_t)(reserve + 1) * sizeof(pl_slot), less = pl_os_to_reserve(bytes);
    if (less < bytes)
        reserve = (uint32_t)(less / sizeof(pl_slot)) - 1;
    pl_slot *floor;
    while (!(floor = pl_os_reserve((size_t)(reserve + 1) * sizeof(pl_slot)))) {
        if (reserve <= FIRST_ROOM)
            return false;
        reserve /= 2;
    }
    d->reserve = reserve;
    d->base = d->head = floor + 1;
    uint32_t room = reserve < FIRST_ROOM ? reserve : FIRST_ROOM;
    if (!commit_room(d, room)) {
        pl_deque_destroy(d);
        return false;
    }
    atomic_init(&d->room, room);
    set_bounds(d, 0);
    return true;
}

void pl_deque_init_serial(pl_deque *d, pl_slot *slots)
{
    memset(d, 0, sizeof *d);
    memset(slots, 0, 2 * sizeof *slots);
    d->base = slots;
    d->head = slots + 1;
    d->reserve = 2;
    atomic_init(&d->room, 2);
    pl_deque_ask(d);
}

/* ---- room ------------------------------------------------------------------------------------------------ */

/* Makes room for a slot above number `index`. */
static bool grow_room(pl_deque *d, uint32_t index)
{
    /* D2 relaxed: the owner's own; no partner */
    uint32_t room = atomic_load_explicit(&d->room, memory_order_relaxed);
    if (index + 1 < room)
        return true;
    if (room == d->reserve)
        return false;
    uint32_t wider = room > d->reserve / 2 ? d->reserve : room * 2;
    if (!commit_room(d, wider))
        return false;
    /* D3 release: the memory is there; pairs with D28 */
    atomic_store_explicit(&d->room, wider, memory_order_release);
    return true;
}

/* ---- push and pop ---------------------------------------------------------------------------------------- */

/* Where split goes, so that as much is public below `head` as is to be. */
static uint32_t next_split(uint32_t top, uint32_t split, uint32_t head, pl_share how)
{
    if (how == PL_SHARE_ALL && split < head)
        return head;
    if (how == PL_SHARE_HALF && split < head && top == split)
        return split + (head - split + 1) / 2;
    return split;
}

/* One attempt to set the usual bounds, end a claim, catch up with pops of stolen slots down to number `low`, and
 * publish, with *published saying so. What a thief has revealed meanwhile counts as published: the request that came
 * with it is overwritten, and its thief may be too late for it and asleep. If it fails, *span is what has come
 * between. */
static bool try_to_settle(pl_deque *d, uint64_t *span, uint32_t low, uint32_t head, pl_share how, bool *published)
{
    uint32_t top = d->behind ? low : top_of(*span), split = d->behind ? low : split_of(*span);
    uint32_t to = next_split(top, split, head, how);
    set_bounds(d, to);
    if (!change_span(d, span, top, to))
        return false;
    *published = to > split || (!d->behind && split > d->shared && top < split);
    d->behind = false;
    d->shared = to;
    return true;
}

static bool settle_span(pl_deque *d, uint32_t low, uint32_t head, pl_share how)
{
    bool published;
    for (uint64_t span = own_span(d); !try_to_settle(d, &span, low, head, how, &published);)
        ;
    return published;
}

/* The owner joins a stolen slot, and all below it are stolen, too: pops are slow, whatever a failed attempt to take
 * back has set, and so is the next push, at number `head`. A request stays one. */
static void fall_behind(pl_deque *d, uint32_t head, bool asked)
{
    uint32_t split = split_of(own_span(d));
    d->behind = head < split;
    /* D38 relaxed: the owner's own, until its next change of the span; pairs with T6 */
    atomic_store_explicit(&d->bounds.limit, asked ? ASKED : d->base + split, memory_order_relaxed);
    /* D37 relaxed: likewise; pairs with T3 */
    atomic_store_explicit(&d->bounds.end, d->base, memory_order_relaxed);
}

bool pl_deque_push_slow(pl_deque *d, pl_slot *slot, bool *published)
{
    *published = false;
    bool asked = is_asked(d);
    if (d->overflowed || !grow_room(d, index_of(d, slot))) {
        /* D8 relaxed: no task after all; nobody looks at a slot that has none above it; no partner */
        atomic_store_explicit(&slot->task, NULL, memory_order_relaxed);
        return false;
    }
    *published = settle_span(d, index_of(d, slot), index_of(d, slot) + 1, asked ? PL_SHARE_HALF : PL_SHARE_NONE);
    return true;
}

pl_pop pl_deque_pop_slow(pl_deque *d, pl_slot *slot, pl_take take, bool *published)
{
    uint32_t h = index_of(d, slot);
    pl_share how = is_asked(d) ? PL_SHARE_HALF : PL_SHARE_NONE;
    *published = false;
    for (uint64_t span = own_span(d);;) {
        uint32_t top = top_of(span), split = split_of(span);
        if (top > h) {
            pl_assert(top == split);
            fall_behind(d, h + 1, how == PL_SHARE_HALF); /* it may push above while it waits */
            return PL_POP_STOLEN;
        }
        if (split <= h) {
            if (try_to_settle(d, &span, h, h, how, published))
                return PL_POP_OWN;
            continue;
        }
        uint32_t to = take == PL_TAKE_HALF ? top + (h - top) / 2 : h;
        set_bounds(d, to);
        if (change_span(d, &span, top, to)) {
            d->shared = to;
            return PL_POP_OWN;
        }
    }
}

void pl_deque_forget(pl_deque *d, pl_slot *slot)
{
    /* D10 relaxed: the thief is through with it; the next publish releases it; pairs with D29, D30 */
    atomic_store_explicit(&slot->state, 0, memory_order_relaxed);
    fall_behind(d, index_of(d, slot), is_asked(d));
}

bool pl_deque_share(pl_deque *d, pl_slot *head, pl_share how)
{
    return settle_span(d, index_of(d, head), index_of(d, head), how);
}

void pl_deque_trim(pl_deque *d)
{
    /* D4 relaxed: the owner's own; no partner */
    uint32_t room = atomic_load_explicit(&d->room, memory_order_relaxed);
    /* a slot less of each, but whole pages */
    pl_os_trim(d->base - 1, KEPT_ROOM * sizeof(pl_slot), room * sizeof(pl_slot), &d->warm);
    if (room > KEPT_ROOM) {
        pl_assert(d->head < d->base + KEPT_ROOM);
        /* D7 relaxed: a thief that still sees the larger room finds memory there, all zero; pairs with D28 */
        atomic_store_explicit(&d->room, KEPT_ROOM, memory_order_relaxed);
        pl_deque_share(d, d->head, PL_SHARE_NONE);
    }
    pl_deque_spill_trim(d);
}

bool pl_deque_stolen_to(const pl_deque *d, const pl_slot *slot)
{
    return top_of(own_span(d)) > index_of(d, slot);
}

bool pl_deque_is_private(const pl_deque *d, const pl_slot *slot)
{
    return split_of(own_span(d)) <= index_of(d, slot);
}

/* ---- stealing -------------------------------------------------------------------------------------------- */

pl_steal pl_deque_steal(pl_deque *d, uint32_t me, pl_slot **slot, const pl_task **task)
{
    /* D11 relaxed: D12 decides; a worker that sees none here and goes to sleep looks again (D20); pairs with D9, D27 */
    uint64_t span = atomic_load_explicit(&d->span, memory_order_relaxed);
    uint32_t top = top_of(span), split = split_of(span);
    if (top >= split)
        return PL_STEAL_EMPTY;
    /* D12 acq_rel: the slot may be looked at (acquire). It happens before a publish that comes after it (release), so
     * that a look for work (D20) after that one in S does not see this older value in its stead, which in C11 before
     * its defect reports a relaxed one allows; pairs with D9, D27 */
    if (!atomic_compare_exchange_strong_explicit(&d->span, &span, span_of(top + 1, split, claim_of(span)),
                                                 memory_order_acq_rel, memory_order_relaxed))
        return PL_STEAL_LOST;
    *slot = d->base + top;
    /* D22 relaxed: D12 acquired it, from its owner or from the thief that has revealed it; NULL if its owner is joining
     * it; pairs with T1, T4 */
    *task = atomic_load_explicit(&(*slot)->task, memory_order_relaxed);
    /* D29 relaxed: tells the owner whom to help: a hint; pairs with D10, D31 */
    atomic_fetch_or_explicit(&(*slot)->state, me * PL_SLOT_THIEF, memory_order_relaxed);
    return PL_STEAL_GOT;
}

bool pl_deque_has_public(const pl_deque *d)
{
    /* D20 seq_cst: the sleeper's recheck, ordered after its announcement; pairs with D9, D27 */
    uint64_t span = atomic_load_explicit((_Atomic uint64_t *)&d->span, memory_order_seq_cst);
    return top_of(span) < split_of(span);
}

void pl_deque_ask(pl_deque *d)
{
    /* D39 relaxed: a line that has a request on it already is left alone; the owner may have overwritten half of one;
     * pairs with D14, D16 */
    if (is_asked(d) && atomic_load_explicit(&d->bounds.end, memory_order_relaxed) == d->base)
        return;
    /* D15 relaxed: a hint that may get lost; before a reveal, ordered by the fence; pairs with T6, D5 */
    atomic_store_explicit(&d->bounds.limit, ASKED, memory_order_relaxed);
    /* D16 relaxed: likewise; pairs with T3 */
    atomic_store_explicit(&d->bounds.end, d->base, memory_order_relaxed);
}

pl_steal pl_deque_claim(pl_deque *d, uint32_t me)
{
    /* D17 relaxed: the CAS decides; pairs with D9 */
    uint64_t span = atomic_load_explicit(&d->span, memory_order_relaxed);
    if (claim_of(span) == BARRED)
        return PL_STEAL_EMPTY;
    if (top_of(span) != split_of(span) || claim_of(span) != 0)
        return PL_STEAL_LOST;
    /* D26 seq_cst: v1; the ~0 that follows comes after the bounds that the owner set before the D9 that this reads
     * (acquire); pairs with D9, D27 */
    if (!atomic_compare_exchange_strong_explicit(&d->span, &span, span_of(top_of(span), split_of(span), me),
                                                 memory_order_seq_cst, memory_order_relaxed))
        return PL_STEAL_LOST;
    /* D18 relaxed: v2, even where it seems to be asked: the bounds must be stored after the claim; pairs with T6, D5 */
    atomic_store_explicit(&d->bounds.limit, ASKED, memory_order_relaxed);
    /* D19 relaxed: likewise; pairs with T3 */
    atomic_store_explicit(&d->bounds.end, d->base, memory_order_relaxed);
    return PL_STEAL_GOT;
}

void pl_deque_unclaim(pl_deque *d, uint32_t me)
{
    /* D40 relaxed: D41 decides; pairs with D9 */
    uint64_t span = atomic_load_explicit(&d->span, memory_order_relaxed);
    /* D41 relaxed: nothing was done under the claim; fails only if it has ended, since nobody steals under it; pairs
     * with D9 */
    if (claim_of(span) == me)
        atomic_compare_exchange_strong_explicit(&d->span, &span, span_of(top_of(span), split_of(span), 0),
                                                memory_order_relaxed, memory_order_relaxed);
}

/* The number of the first slot from `from` on, below `to`, that has no task; `to` if all have. Those that have one come
 * first. */
static uint32_t first_without(const pl_deque *d, uint32_t from, uint32_t to)
{
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        /* D23 acquire: a task there has its arguments, also for the thief that steals it after the reveal; pairs with
         * T1, T4 */
        if (atomic_load_explicit((_Atomic(const pl_task *) *)&d->base[middle].task, memory_order_acquire))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

bool pl_deque_reveal(pl_deque *d, uint32_t me)
{
    /* D25 relaxed: before it, the caller's heavy fence, v3, the other side of T2 and T5; the CAS decides;
     * pairs with D9 */
    uint64_t span = atomic_load_explicit(&d->span, memory_order_relaxed);
    if (claim_of(span) != me)
        return false;
    /* D28 acquire: the slots below are in memory; pairs with D3, D7 */
    uint32_t room = atomic_load_explicit(&d->room, memory_order_acquire);
    uint32_t split = split_of(span), head = split < room - 1 ? first_without(d, split, room - 1) : split;
    /* D27 seq_cst: v5; publishes as D9 does, in the owner's stead: the thief of a task acquires it from D12;
     * pairs with D9, D12, D20 */
    return atomic_compare_exchange_strong_explicit(&d->span, &span, span_of(top_of(span), head, 0),
                                                   memory_order_seq_cst, memory_order_relaxed) &&
           head > split;
}

void pl_deque_find_head(pl_deque *d)
{
    /* D24 relaxed: the owner's own; no partner */
    if (!atomic_load_explicit(&d->head->task, memory_order_relaxed))
        return;
    /* D21 relaxed: the owner's own; no partner */
    uint32_t room = atomic_load_explicit(&d->room, memory_order_relaxed);
    d->head = d->base + first_without(d, index_of(d, d->head), room - 1);
}

/* ---- stolen slots ---------------------------------------------------------------------------------------- */

bool pl_slot_end(pl_slot *slot, unsigned how)
{
    /* D30 seq_cst: all that the thief did with the slot comes before the owner's next use (release); it sees the
     * owner's AWAITED, or the owner, which parks only after a look, sees this; pairs with D31, D32, D10 */
    return atomic_fetch_or_explicit(&slot->state, how, memory_order_seq_cst) & PL_SLOT_AWAITED;
}

unsigned pl_slot_state(const pl_slot *slot)
{
    /* D31 acquire: the result, or that the slot may be written again; pairs with D29, D30 */
    return atomic_load_explicit((_Atomic unsigned *)&slot->state, memory_order_acquire);
}

unsigned pl_slot_await(pl_slot *slot)
{
    /* D32 seq_cst: before the owner's look for work to help with, in S; acquire as D31; pairs with D30, D34 */
    return atomic_fetch_or_explicit(&slot->state, PL_SLOT_AWAITED, memory_order_seq_cst);
}

void pl_slot_unawait(pl_slot *slot)
{
    /* D33 relaxed: a thief that still sees AWAITED leaves a token that means nothing; pairs with D30, D34 */
    atomic_fetch_and_explicit(&slot->state, ~(unsigned)PL_SLOT_AWAITED, memory_order_relaxed);
}

bool pl_slot_awaited(const pl_slot *slot)
{
    /* D34 seq_cst: after a publish (D9) in S: an owner that announced itself and did not see what was published is
     * seen here; pairs with D32, D33 */
    return atomic_load_explicit((_Atomic unsigned *)&slot->state, memory_order_seq_cst) & PL_SLOT_AWAITED;
}
