/* SPDX-License-Identifier: MIT */
/*
 * The ring of a stream: where its items are between source and sink. stream.h has the protocol, and why it is right.
 *
 * A *slot* is memory of the stream's for one item. The ring knows nothing of it but where it is. Slots go round:
 *
 *      source       takes a spare slot, fills it in, and publishes it                  spare -> waiting
 *      takers       claim a range of those that wait, run them, and say that they      waiting -> ended
 *                   have ended
 *      sink         is given the *head*, the next that is to be given, when it has     ended -> spare
 *                   ended; then the slot is spare again
 *
 * Each of these is an array of as many *places* as the window has items, rounded up to a power of two; three counters,
 * which only grow, say which places are in use:
 *
 *      given <= taken <= put <= given + window
 *
 *      place                  is
 *      ---------------------  -----------------------------------------------------------------------------------
 *      spare[put ..)          the slots that source has next: each is there from when `given` makes room for it
 *      waiting[taken, put)    items that nobody has claimed
 *      ended[given ..)        slots of items that have ended, in the order in which sink gets them: that of source,
 *                             or, of an unordered ring, that in which they end; NULL or PL_RING_LEFT: that one has
 *                             not ended
 */
#ifndef PL_STREAM_RING_H
#define PL_STREAM_RING_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/atomic.h"

/* In `ended`, at the place of the head: it has not ended, and nobody is at sink; whoever ends it is. */
#define PL_RING_LEFT ((void *)(uintptr_t)1)

/* The most items that are claimed at once. */
enum { PL_RING_RANGE = 64 };

/* What a claim was of: so many slots, the first of which has that place. */
typedef struct pl_ring_range {
    unsigned count;
    size_t first;
    void *slot[PL_RING_RANGE];
} pl_ring_range;

typedef struct pl_ring {
    size_t window; /* the most items between source's return and sink's */
    size_t mask;   /* places, less one */
    bool is_unordered;
    _Atomic(void *) *waiting; /* each of these has as many entries as there are places */
    _Atomic(void *) *ended;
    void **spare;
    unsigned char *memory; /* window slots, of so many bytes; */
    size_t stride;
    size_t fresh; /* so many of which have been used: source's */
    alignas(PL_LINE) _Atomic size_t put;
    _Atomic bool source; /* somebody is at source */
    alignas(PL_LINE) _Atomic size_t taken;
    alignas(PL_LINE) _Atomic size_t given;
    alignas(PL_LINE) _Atomic size_t endings; /* of an unordered ring: how many items have ended */
} pl_ring;

typedef enum pl_ring_order { PL_RING_ORDERED, PL_RING_UNORDERED } pl_ring_order;

/* Makes a ring whose slots have `stride` bytes, at multiples of `alignment`. False if there is no memory. */
bool pl_ring_init(pl_ring *ring, size_t window, pl_ring_order order, size_t stride, size_t alignment);
void pl_ring_free(pl_ring *ring);

/* Claims the first items that wait, up to `most`. False if there are none. */
bool pl_ring_claim(pl_ring *ring, unsigned most, pl_ring_range *range);

/* ---- counters -------------------------------------------------------------------------------------------- */

static inline size_t pl_ring_put(const pl_ring *ring)
{
    /* V7 seq_cst: what source has filled in is visible (acquire); part of a look; pairs with V8, V16 */
    return atomic_load_explicit((_Atomic size_t *)&ring->put, memory_order_seq_cst);
}

static inline size_t pl_ring_taken(const pl_ring *ring)
{
    /* V14 seq_cst: part of a look; pairs with V15 */
    return atomic_load_explicit((_Atomic size_t *)&ring->taken, memory_order_seq_cst);
}

static inline size_t pl_ring_given(const pl_ring *ring)
{
    /* V9 seq_cst: what is spare by it has been given (acquire); part of a look; pairs with V10 */
    return atomic_load_explicit((_Atomic size_t *)&ring->given, memory_order_seq_cst);
}

/* Whether somebody is at source. */
static inline bool pl_ring_at_source(const pl_ring *ring)
{
    /* V3 seq_cst: part of a look (R1, R2); pairs with V2 */
    return atomic_load_explicit((_Atomic bool *)&ring->source, memory_order_seq_cst);
}

/* Whether nothing is in it: of a ring at whose source nobody is. */
static inline bool pl_ring_is_empty(const pl_ring *ring)
{
    size_t given = pl_ring_given(ring);
    return pl_ring_put(ring) == given;
}

/* Whether there are items that nobody has claimed. */
static inline bool pl_ring_has_waiting(const pl_ring *ring)
{
    size_t taken = pl_ring_taken(ring);
    return pl_ring_put(ring) != taken;
}

/* ---- source ---------------------------------------------------------------------------------------------- */

/* Begins a turn at source, if nobody is there; and ends it. */
static inline bool pl_ring_try_source(pl_ring *ring)
{
    /* V1 seq_cst: what was done at source before is visible (acquire); or somebody is there, who looks again after V2,
     * later in S; pairs with V2 */
    return !pl_ring_at_source(ring) && !atomic_exchange_explicit(&ring->source, true, memory_order_seq_cst);
}

static inline void pl_ring_leave_source(pl_ring *ring)
{
    /* V2 seq_cst: what was done at source comes before the next turn (release), and before the look for what there is
     * now, in S; pairs with V1, V3 */
    atomic_store_explicit(&ring->source, false, memory_order_seq_cst);
}

/* For how many more items there is room; for whoever is at source, it does not become less by others. */
static inline size_t pl_ring_room(const pl_ring *ring)
{
    size_t given = pl_ring_given(ring), between = pl_ring_put(ring) - given; /* in this order: it is not below 0 */
    return between < ring->window ? ring->window - between : 0;
}

static inline bool pl_ring_has_room(const pl_ring *ring)
{
    return pl_ring_room(ring) > 0;
}

/* At source, where there is room: the slot for the next item. It stays the same until it is published. */
static inline void *pl_ring_spare(const pl_ring *ring)
{
    pl_assert(pl_ring_has_room(ring));
    if (ring->fresh < ring->window)
        return ring->memory + ring->fresh * ring->stride;
    return ring->spare[pl_ring_put(ring) & ring->mask];
}

static inline void pl_ring_publish(pl_ring *ring, void *slot)
{
    size_t place = pl_ring_put(ring);
    ring->fresh += ring->fresh < ring->window;
    /* V18 relaxed: V8 publishes it; pairs with V17 */
    atomic_store_explicit(&ring->waiting[place & ring->mask], slot, memory_order_relaxed);
    /* V8 seq_cst: whoever claims the item sees all of it (release); before the look whether anybody waits for work, in
     * S; pairs with V7 */
    atomic_store_explicit(&ring->put, place + 1, memory_order_seq_cst);
}

/* ---- takers ---------------------------------------------------------------------------------------------- */

/* Item i of the range has ended. True if the turn at sink was left at it: then that is the caller's. */
static inline bool pl_ring_end(pl_ring *ring, const pl_ring_range *range, unsigned i)
{
    size_t place = range->first + i;
    if (ring->is_unordered) {
        /* V11 acq_rel: each ending has a place of its own, which is free by what those before it have seen; pairs with
         * V11 */
        place = atomic_fetch_add_explicit(&ring->endings, 1, memory_order_acq_rel);
    }
    /* V12 seq_cst: e1; sink sees what the item has come to (release), and the caller what has been done at sink
     * (acquire); for who waits for the head, before the look whether anybody does, in S; pairs with V5, V13 */
    return atomic_exchange_explicit(&ring->ended[place & ring->mask], range->slot[i], memory_order_seq_cst) ==
           PL_RING_LEFT;
}

/* ---- sink ------------------------------------------------------------------------------------------------ */

/* The head, if it has ended; else NULL. */
static inline void *pl_ring_head(const pl_ring *ring)
{
    size_t given = pl_ring_given(ring);
    /* V13 seq_cst: the item's end is visible (acquire); part of a look; pairs with V5, V12, V16 */
    void *slot = atomic_load_explicit(&ring->ended[given & ring->mask], memory_order_seq_cst);
    return slot == PL_RING_LEFT ? NULL : slot;
}

/* At sink: the head has been given, and `slot`, it or another one, is spare. */
static inline void pl_ring_give(pl_ring *ring, void *slot)
{
    size_t given = pl_ring_given(ring);
    /* V16 relaxed: V10 publishes it: who ends an item at that place does so after it has been put, by V9; pairs with
     * V13 */
    atomic_store_explicit(&ring->ended[given & ring->mask], NULL, memory_order_relaxed);
    ring->spare[(given + ring->window) & ring->mask] = slot;
    /* V10 seq_cst: the slot is spare (release); before the look whether anybody is to come for the room, in S; pairs
     * with V9 */
    atomic_store_explicit(&ring->given, given + 1, memory_order_seq_cst);
}

/* Ends the turn at sink, and leaves it to who ends the head. False, and it goes on, if that has ended. */
static inline bool pl_ring_leave_sink(pl_ring *ring)
{
    void *not_ended = NULL;
    size_t given = pl_ring_given(ring);
    /* V5 seq_cst: s2; who finds it left sees what has been done at sink (release); else the item's end is visible
     * (acquire); pairs with V12 */
    return atomic_compare_exchange_strong_explicit(&ring->ended[given & ring->mask], &not_ended, PL_RING_LEFT,
                                                   memory_order_seq_cst, memory_order_seq_cst);
}

#endif
