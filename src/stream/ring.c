/* SPDX-License-Identifier: MIT */
/* The ring of a stream; stream.h says why it is right. */
#include "stream/ring.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/size.h"

/* ---- making ---------------------------------------------------------------------------------------------- */

/* The least power of two that is `n` or more; PL_SIZE_NONE: there is none. */
static size_t places_for(size_t n)
{
    size_t places = 1;
    while (places < n && places <= SIZE_MAX / 4)
        places *= 2;
    return places < n ? PL_SIZE_NONE : places;
}

bool pl_ring_init(pl_ring *ring, size_t window, pl_ring_order order, size_t stride, size_t alignment)
{
    size_t places = places_for(window), bytes = pl_size_multiply(window, stride);
    *ring = (pl_ring){
        .window = window, .mask = places - 1, .is_unordered = order == PL_RING_UNORDERED, .stride = stride};
    if (places == PL_SIZE_NONE || bytes == PL_SIZE_NONE ||
        pl_size_multiply(places, sizeof(void *)) == PL_SIZE_NONE)
        return false;
    ring->waiting = calloc(places, sizeof *ring->waiting);
    ring->ended = calloc(places, sizeof *ring->ended);
    ring->spare = calloc(places, sizeof *ring->spare);
    ring->memory = aligned_alloc(alignment, pl_size_round(bytes, alignment));
    if (ring->waiting && ring->ended && ring->spare && ring->memory)
        return true;
    pl_ring_free(ring);
    return false;
}

void pl_ring_free(pl_ring *ring)
{
    free(ring->waiting);
    free(ring->ended);
    free(ring->spare);
    free(ring->memory);
    *ring = (pl_ring){.window = 0};
}

/* ---- turns ----------------------------------------------------------------------------------------------- */

bool pl_ring_try_source(pl_ring *ring)
{
    /* V1 seq_cst: who was at source before has done with it (acquire); and if that one is still there, it looks again
     * after it has left, later in S; pairs with V2 */
    return !pl_ring_at_source(ring) && !atomic_exchange_explicit(&ring->source, true, memory_order_seq_cst);
}

void pl_ring_leave_source(pl_ring *ring)
{
    /* V2 seq_cst: source's doings come before the next turn's (release); and the turn's end comes before the look for
     * what others have left, in S; pairs with V1, V3 */
    atomic_store_explicit(&ring->source, false, memory_order_seq_cst);
}

bool pl_ring_at_source(const pl_ring *ring)
{
    /* V3 seq_cst: part of a look for something to do (R1, R2); pairs with V2 */
    return atomic_load_explicit((_Atomic bool *)&ring->source, memory_order_seq_cst);
}

bool pl_ring_try_sink(pl_ring *ring)
{
    /* V4 seq_cst: as V1; here it is e2, after V12 in S; pairs with V5 */
    return !pl_ring_at_sink(ring) && !atomic_exchange_explicit(&ring->sink, true, memory_order_seq_cst);
}

void pl_ring_leave_sink(pl_ring *ring)
{
    /* V5 seq_cst: as V2; g3, before the second look (V13) in S; pairs with V4, V6 */
    atomic_store_explicit(&ring->sink, false, memory_order_seq_cst);
}

bool pl_ring_at_sink(const pl_ring *ring)
{
    /* V6 seq_cst: as V3; pairs with V5 */
    return atomic_load_explicit((_Atomic bool *)&ring->sink, memory_order_seq_cst);
}

/* ---- counters -------------------------------------------------------------------------------------------- */

static size_t count_put(const pl_ring *ring)
{
    /* V7 seq_cst: what source has filled in is visible (acquire); part of a look; pairs with V8 */
    return atomic_load_explicit((_Atomic size_t *)&ring->put, memory_order_seq_cst);
}

static size_t count_given(const pl_ring *ring)
{
    /* V9 seq_cst: what is spare by it has been given (acquire); part of a look; of whoever says that an item has ended,
     * e2, after V12 in S; pairs with V10 */
    return atomic_load_explicit((_Atomic size_t *)&ring->given, memory_order_seq_cst);
}

static size_t count_taken(const pl_ring *ring)
{
    /* V14 seq_cst: part of a look; pairs with V15 */
    return atomic_load_explicit((_Atomic size_t *)&ring->taken, memory_order_seq_cst);
}

/* ---- source ---------------------------------------------------------------------------------------------- */

bool pl_ring_has_room(const pl_ring *ring)
{
    size_t given = count_given(ring); /* first: so it is not the greater one */
    return count_put(ring) - given < ring->window;
}

void *pl_ring_spare(pl_ring *ring)
{
    size_t place = count_put(ring);
    pl_assert(pl_ring_has_room(ring));
    if (ring->fresh < ring->window)
        return ring->memory + ring->fresh * ring->stride;
    return ring->spare[place & ring->mask];
}

void pl_ring_publish(pl_ring *ring, void *slot)
{
    size_t place = count_put(ring);
    ring->fresh += ring->fresh < ring->window;
    /* V16 relaxed: V8 publishes it; pairs with V17 */
    atomic_store_explicit(&ring->waiting[place & ring->mask], slot, memory_order_relaxed);
    /* V8 seq_cst: whoever claims the item sees all of it (release); before the look whether anybody waits for work, in
     * S; pairs with V7 */
    atomic_store_explicit(&ring->put, place + 1, memory_order_seq_cst);
}

/* ---- takers ---------------------------------------------------------------------------------------------- */

bool pl_ring_has_waiting(const pl_ring *ring)
{
    size_t taken = count_taken(ring);
    return count_put(ring) != taken;
}

bool pl_ring_claim(pl_ring *ring, unsigned most, pl_ring_range *range)
{
    size_t taken = count_taken(ring);
    for (;;) {
        /* after `taken`: it is not the greater one */
        size_t wait = count_put(ring) - taken;
        most = most < PL_RING_RANGE ? most : PL_RING_RANGE;
        range->first = taken;
        range->count = wait < most ? (unsigned)wait : most;
        if (range->count == 0)
            return false;
        for (unsigned i = 0; i < range->count; i++) {
            /* V17 relaxed: these are the slots of those items if V15 finds that they are still to be had; pairs with
             * V16 */
            range->slot[i] = atomic_load_explicit(&ring->waiting[(taken + i) & ring->mask], memory_order_relaxed);
        }
        /* V15 seq_cst: each item is claimed once; and before the look for what is left, in S; pairs with V14 */
        if (atomic_compare_exchange_weak_explicit(&ring->taken, &taken, taken + range->count, memory_order_seq_cst,
                                                  memory_order_seq_cst))
            return true;
    }
}

bool pl_ring_end(pl_ring *ring, const pl_ring_range *range, unsigned i)
{
    size_t place = range->first + i;
    if (ring->is_unordered) {
        /* V11 acq_rel: each ending has a place of its own; places before it that are free again are so by what the
         * others saw; pairs with V11 */
        place = atomic_fetch_add_explicit(&ring->endings, 1, memory_order_acq_rel);
    }
    /* V12 seq_cst: e1; sink sees what the item has come to (release); before V9, and V4, in S; pairs with V13 */
    atomic_store_explicit(&ring->ended[place & ring->mask], range->slot[i], memory_order_seq_cst);
    return count_given(ring) == place;
}

/* ---- sink ------------------------------------------------------------------------------------------------ */

void *pl_ring_head(const pl_ring *ring)
{
    size_t given = count_given(ring);
    /* V13 seq_cst: g2, after V10 in S, and after V5; the item's end is visible (acquire); pairs with V12, V18 */
    return atomic_load_explicit(&ring->ended[given & ring->mask], memory_order_seq_cst);
}

void pl_ring_give(pl_ring *ring, void *slot)
{
    size_t given = count_given(ring);
    /* V18 relaxed: V10 publishes it: who ends an item at that place does so after it has been put, by V9; pairs with
     * V13 */
    atomic_store_explicit(&ring->ended[given & ring->mask], NULL, memory_order_relaxed);
    ring->spare[(given + ring->window) & ring->mask] = slot;
    /* V10 seq_cst: g1; the slot is spare (release); before the look at the next (V13) in S; pairs with V9 */
    atomic_store_explicit(&ring->given, given + 1, memory_order_seq_cst);
}

/* ---- all ------------------------------------------------------------------------------------------------- */

bool pl_ring_is_empty(const pl_ring *ring)
{
    size_t given = count_given(ring);
    return count_put(ring) == given;
}
