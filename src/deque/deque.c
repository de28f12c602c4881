/* SPDX-License-Identifier: MIT */
/* The slow paths of the deque; deque.h says how it works and why. */
#include "deque/deque.h"

#include <string.h>

#include "base/os.h"

/* Slots that the first commit makes usable: a page of them, or all where there are fewer. */
#define FIRST_ROOM 64u

/* How long an owner looks at a slot that its thief is about to leave, before it sleeps, in pauses. A thief
 * needs some 50 ns; one that takes longer is not on a CPU. */
#ifdef PL_MODEL
enum { LOOKS = 1 };
#else
enum { LOOKS = 64 };
#endif

#define ASKED UINT32_MAX

static inline uint64_t span_of(uint32_t top, uint32_t split)
{
    return (uint64_t)top << 32 | split;
}

static inline uint32_t top_of(uint64_t span)
{
    return (uint32_t)(span >> 32);
}

static inline uint32_t split_of(uint64_t span)
{
    return (uint32_t)span;
}

/* Restores what `ask` overwrote, and follows a changed split. */
static void set_bounds(pl_deque *d)
{
    /* D13 relaxed: only the owner trusts it, and checks; pairs with D4 */
    atomic_store_explicit(&d->limit, d->split, memory_order_relaxed);
    /* D14 relaxed: likewise; pairs with D3 */
    atomic_store_explicit(&d->end, d->room - 1, memory_order_relaxed);
}

bool pl_deque_init(pl_deque *d, uint32_t reserve)
{
    memset(d, 0, sizeof *d);
    if (reserve < 2)
        reserve = 2;
    while (!(d->base = pl_os_reserve((size_t)reserve * sizeof(pl_slot)))) {
        if (reserve <= FIRST_ROOM)
            return false;
        reserve /= 2;
    }
    d->reserve = reserve;
    d->room = reserve < FIRST_ROOM ? reserve : FIRST_ROOM;
    if (!pl_os_commit(d->base, d->room * sizeof(pl_slot))) {
        pl_deque_destroy(d);
        return false;
    }
    set_bounds(d);
    return true;
}

void pl_deque_destroy(pl_deque *d)
{
    pl_os_release(d->base, (size_t)d->reserve * sizeof(pl_slot));
    d->base = NULL;
}

/* Makes room for a slot above head. */
static bool grow(pl_deque *d)
{
    if (d->head + 1 < d->room)
        return true;
    if (d->room == d->reserve)
        return false;
    uint32_t room = d->room > d->reserve / 2 ? d->reserve : d->room * 2;
    if (!pl_os_commit(d->base, (size_t)room * sizeof(pl_slot)))
        return false;
    d->room = room;
    return true;
}

/* The new slot is written and head not yet above it. Either there is no further room or somebody asked. */
bool pl_deque_push_slow(pl_deque *d)
{
    bool grown = grow(d);
    /* D5 relaxed: a hint; pairs with D15 */
    bool asked = atomic_load_explicit(&d->limit, memory_order_relaxed) == ASKED;
    if (asked) {
        d->head += grown;
        pl_deque_publish(d);
        d->head -= grown;
    }
    set_bounds(d);
    return grown;
}

/* head is already lowered to the popped slot. It is public, or stolen, or somebody asked. */
bool pl_deque_pop_slow(pl_deque *d)
{
    uint32_t h = d->head;
    if (h >= d->split) {
        /* private: somebody asked for what is left below it */
        if (h > d->split)
            pl_deque_publish(d);
        set_bounds(d);
        return true;
    }
    /* D6 relaxed: the CAS that follows is what decides, and that top > h stays so once true; pairs with D12 */
    uint64_t span = atomic_load_explicit(&d->span, memory_order_relaxed);
    for (;;) {
        uint32_t top = top_of(span);
        if (top > h) {
            pl_assert(top == split_of(span));
            return false;
        }
        /* take back this one only: the older ones stay public, for whoever is hungry */
        /* D7 relaxed: the owner gets back what it wrote itself; continues the release sequence of D9, D10, D11
         * for the thieves of what stays public; pairs with D12 */
        if (atomic_compare_exchange_weak_explicit(&d->span, &span, span_of(top, h), memory_order_relaxed,
                                                  memory_order_relaxed)) {
            d->split = h;
            set_bounds(d);
            return true;
        }
    }
}

void pl_deque_forget(pl_deque *d)
{
    uint32_t h = d->head;
    pl_slot *slot = d->base + h;
    for (int i = 0;; i++) {
        /* D2 acquire: the thief's use of the slot is over, so it may be written again; pairs with D8 */
        uint32_t done = atomic_load_explicit(&slot->done, memory_order_acquire);
        if (done == PL_SLOT_DONE)
            break;
        if (i < LOOKS) {
            pl_pause();
            continue;
        }
        /* D17 acquire: on failure the slot is done, as in D2; on success the thief sees that it must wake us;
         * pairs with D8 */
        if (done == PL_SLOT_PENDING &&
            !atomic_compare_exchange_strong_explicit(&slot->done, &done, PL_SLOT_AWAITED, memory_order_acquire,
                                                     memory_order_acquire))
            break;
        pl_os_wait(&slot->done, PL_SLOT_AWAITED, -1);
    }
    d->split = h;
    /* D18 relaxed: top == split, so nobody can steal, and nobody needs the release sequence that this ends, before the
     * next publish; pairs with D11, D20 */
    atomic_store_explicit(&d->span, span_of(h, h), memory_order_relaxed);
    set_bounds(d);
}

void pl_slot_done(pl_slot *slot)
{
    /* D8 release: all that the thief did with the slot comes before the owner's next use; pairs with D2, D17 */
    uint32_t before = atomic_exchange_explicit(&slot->done, PL_SLOT_DONE, memory_order_release);
    if (before == PL_SLOT_AWAITED)
        pl_os_wake(&slot->done);
}

void pl_deque_publish(pl_deque *d)
{
    /* D19 relaxed: the owner's own last value, or a thief's CAS on it; pairs with D12 */
    uint64_t span = atomic_load_explicit(&d->span, memory_order_relaxed);
    uint32_t head = d->head;
    if (d->split == head)
        return;
    if (top_of(span) == split_of(span)) {
        /* D9 seq_cst: publishes the slots (release), and is ordered before the look for sleepers that follows;
         * pairs with D12, D20 and with S4, S6 in src/sched/sleep.c */
        atomic_store_explicit(&d->span, span_of(top_of(span), head), memory_order_seq_cst);
    } else {
        uint64_t wider;
        do
            wider = span_of(top_of(span), head);
        /* D10 seq_cst: as D9, while thieves may be at it; pairs with D12, D20, S4, S6 */
        while (
            !atomic_compare_exchange_weak_explicit(&d->span, &span, wider, memory_order_seq_cst, memory_order_relaxed));
    }
    d->split = head;
    set_bounds(d);
}

bool pl_deque_stolen_to(const pl_deque *d, uint32_t index)
{
    /* D21 relaxed: asked of the owner's own tasks: a late answer is as good; pairs with D12 */
    return top_of(atomic_load_explicit((_Atomic uint64_t *)&d->span, memory_order_relaxed)) >= index;
}

pl_steal pl_deque_steal(pl_deque *d, pl_slot **slot)
{
    /* D11 seq_cst: an empty answer counts as a look in the sleeper's recheck; pairs with D9, D10 */
    uint64_t span = atomic_load_explicit(&d->span, memory_order_seq_cst);
    uint32_t top = top_of(span);
    if (top >= split_of(span))
        return PL_STEAL_EMPTY;
    /* D12 seq_cst: the slot may be read, and run (acquire). In S, too, so that a look for work (D11, D20) that
     * comes after a publish in S cannot see this older value in its stead; pairs with D9, D10 */
    if (!atomic_compare_exchange_strong_explicit(&d->span, &span, span_of(top + 1, split_of(span)),
                                                 memory_order_seq_cst, memory_order_relaxed))
        return PL_STEAL_LOST;
    *slot = d->base + top;
    return PL_STEAL_GOT;
}

bool pl_deque_has_public(const pl_deque *d)
{
    /* D20 seq_cst: the sleeper's recheck, ordered after its announcement; pairs with D9, D10 */
    uint64_t span = atomic_load_explicit((_Atomic uint64_t *)&d->span, memory_order_seq_cst);
    return top_of(span) < split_of(span);
}

void pl_deque_ask(pl_deque *d)
{
    /* D15 relaxed: a hint that may get lost; pairs with D4, D5 */
    atomic_store_explicit(&d->limit, ASKED, memory_order_relaxed);
    /* D16 relaxed: likewise; pairs with D3 */
    atomic_store_explicit(&d->end, 0, memory_order_relaxed);
}
