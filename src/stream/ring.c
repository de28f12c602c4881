/* SPDX-License-Identifier: MIT */
/* The ring of a stream; stream.h says why it is right. */
#include "stream/ring.h"

#include <stdlib.h>

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
    *ring =
        (pl_ring){.window = window, .mask = places - 1, .is_unordered = order == PL_RING_UNORDERED, .stride = stride};
    if (places == PL_SIZE_NONE || bytes == PL_SIZE_NONE || pl_size_multiply(places, sizeof(void *)) == PL_SIZE_NONE)
        return false;
    ring->waiting = calloc(places, sizeof *ring->waiting);
    ring->ended = calloc(places, sizeof *ring->ended);
    ring->spare = calloc(places, sizeof *ring->spare);
    ring->memory = aligned_alloc(alignment, pl_size_round(bytes, alignment));
    if (!ring->waiting || !ring->ended || !ring->spare || !ring->memory) {
        pl_ring_free(ring);
        return false;
    }
    atomic_init(&ring->ended[0], PL_RING_LEFT);
    return true;
}

void pl_ring_free(pl_ring *ring)
{
    free(ring->waiting);
    free(ring->ended);
    free(ring->spare);
    free(ring->memory);
    *ring = (pl_ring){.window = 0};
}

/* ---- claiming -------------------------------------------------------------------------------------------- */

bool pl_ring_claim(pl_ring *ring, unsigned most, pl_ring_range *range)
{
    size_t taken = pl_ring_taken(ring);
    for (;;) {
        /* after `taken`: it is not the greater one */
        size_t wait = pl_ring_put(ring) - taken;
        most = most < PL_RING_RANGE ? most : PL_RING_RANGE;
        range->first = taken;
        range->count = wait < most ? (unsigned)wait : most;
        if (range->count == 0)
            return false;
        for (unsigned i = 0; i < range->count; i++) {
            /* V17 relaxed: these are the slots of those items if V15 finds that they are still to be had; pairs with
             * V18 */
            range->slot[i] = atomic_load_explicit(&ring->waiting[(taken + i) & ring->mask], memory_order_relaxed);
        }
        /* V15 seq_cst: each item is claimed once; and before the look for what is left, in S; pairs with V14 */
        if (atomic_compare_exchange_weak_explicit(&ring->taken, &taken, taken + range->count, memory_order_seq_cst,
                                                  memory_order_seq_cst))
            return true;
    }
}
