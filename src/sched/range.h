/* SPDX-License-Identifier: MIT */
/*
 * A range of loop iterations that its worker eats from the front, chunk by chunk, and that others halve from the
 * back, or take whole where it has no worker: lazy splitting (Tzannes, Caragea, Barua, Vishkin, "Lazy
 * binary-splitting", PPoPP 2010), with the rest always within reach of thieves, so that a worker in a long iteration
 * withholds only the chunk that it is in.
 *
 *      word = begin << 32 | end            empty when begin >= end
 *
 * The word is the whole truth: whoever moves begin or end by a CAS owns exactly the iterations in between, so a
 * value that came back (ABA) does no harm, and the exact count needs no order. What the iterations read
 * and write is ordered by how a thread came to the loop and how it leaves it (the deque and the latch).
 */
#ifndef PL_SCHED_RANGE_H
#define PL_SCHED_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "sched/chunking.h"

typedef struct pl_range {
    _Atomic uint64_t word;
} pl_range;

static inline uint64_t pl_range_word(uint32_t begin, uint32_t end)
{
    return (uint64_t)begin << 32 | end;
}

/* Its worker: fills an empty range. Thieves leave an empty range alone, so a store will do. */
static inline void pl_range_set(pl_range *range, uint32_t begin, uint32_t end)
{
    /* R1 seq_cst: the word is the whole truth, so no order is needed but one: a waiter that did not see these
     * iterations (R2) is seen waiting (L6); pairs with R2, R3, R5 */
    atomic_store_explicit(&range->word, pl_range_word(begin, end), memory_order_seq_cst);
}

/* How many iterations are left. */
static inline uint32_t pl_range_rest(const pl_range *range)
{
    /* R2 seq_cst: in S after a waiter's announcement (L4); pairs with R1, R4, R6 */
    uint64_t word = atomic_load_explicit((_Atomic uint64_t *)&range->word, memory_order_seq_cst);
    uint32_t begin = (uint32_t)(word >> 32), end = (uint32_t)word;
    return begin < end ? end - begin : 0;
}

/* Its worker, or several that share it: takes `want` iterations from the front, but at most a quarter of the rest; at
 * least one; rounded up to whole vectors, if that is not 1, and so many are wanted; then at least `least`, or all where
 * fewer would be left. False if there is none. */
static inline bool pl_range_take_vectors(pl_range *range, uint32_t want, uint32_t vector, uint32_t least,
                                         uint32_t *begin, uint32_t *end)
{
    /* R3 relaxed: R4 decides; pairs with R1, R6 */
    uint64_t word = atomic_load_explicit(&range->word, memory_order_relaxed);
    for (;;) {
        uint32_t b = (uint32_t)(word >> 32), e = (uint32_t)word;
        if (b >= e)
            return false;
        uint32_t size = pl_chunking_by_vectors(e - b, want, vector, least);
        /* R4 relaxed: moves begin, so [b, b + size) is this worker's; pairs with R2, R5, R6 */
        if (atomic_compare_exchange_weak_explicit(&range->word, &word, pl_range_word(b + size, e), memory_order_relaxed,
                                                  memory_order_relaxed)) {
            *begin = b;
            *end = b + size;
            return true;
        }
    }
}

static inline bool pl_range_take(pl_range *range, uint32_t want, uint32_t *begin, uint32_t *end)
{
    return pl_range_take_vectors(range, want, 1, 0, begin, end);
}

/* How much of a range is stolen: the back half, rounded up, of one that somebody is at; all of another. */
typedef enum pl_range_part { PL_RANGE_ALL, PL_RANGE_HALF } pl_range_part;

/* Anyone: takes that part. False if there is none. */
static inline bool pl_range_steal(pl_range *range, pl_range_part part, uint32_t *begin, uint32_t *end)
{
    /* R5 relaxed: R6 decides; pairs with R1, R4 */
    uint64_t word = atomic_load_explicit(&range->word, memory_order_relaxed);
    for (;;) {
        uint32_t b = (uint32_t)(word >> 32), e = (uint32_t)word;
        if (b >= e)
            return false;
        uint32_t middle = part == PL_RANGE_ALL ? b : b + (e - b) / 2;
        /* R6 relaxed: moves end, so [middle, e) is the thief's; pairs with R2, R3, R4 */
        if (atomic_compare_exchange_weak_explicit(&range->word, &word, pl_range_word(b, middle), memory_order_relaxed,
                                                  memory_order_relaxed)) {
            *begin = middle;
            *end = e;
            return true;
        }
    }
}

/*
 * A range that nobody steals from, but that several workers take from, hands out its iterations from the front. Whoever
 * finds that none from `end` on need be run cuts it there: the end never grows again. Since each of them moves the
 * front on, all iterations before one that is taken have been taken before; so when the loop is over, all before the
 * least of such ends have been run, and none was begun beyond it once that was known.
 */

/* Anyone: none from `end` on is taken any more. */
static inline void pl_range_cut(pl_range *range, uint32_t end)
{
    /* R30 relaxed: R31 decides; pairs with R1, R4 */
    uint64_t word = atomic_load_explicit(&range->word, memory_order_relaxed);
    while ((uint32_t)word > end) {
        /* R31 relaxed: moves the end, and what has been taken stays taken; pairs with R3, R4, R32 */
        if (atomic_compare_exchange_weak_explicit(&range->word, &word, word >> 32 << 32 | end, memory_order_relaxed,
                                                  memory_order_relaxed))
            return;
    }
}

/* Where it ends, as far as is known; and how far it has been taken. */
static inline uint32_t pl_range_end(const pl_range *range)
{
    /* R32 relaxed: a hint that nothing more need be run; pairs with R31 */
    return (uint32_t)atomic_load_explicit((_Atomic uint64_t *)&range->word, memory_order_relaxed);
}

static inline uint32_t pl_range_front(const pl_range *range)
{
    /* R33 relaxed: a hint; pairs with R1, R4 */
    return (uint32_t)(atomic_load_explicit((_Atomic uint64_t *)&range->word, memory_order_relaxed) >> 32);
}

#endif
