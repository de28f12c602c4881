/* SPDX-License-Identifier: MIT */
/*
 * What one item of a loop has cost so far: a moving estimate per function, so that a call which is cheaper than
 * waking anybody runs on its caller alone.
 *
 *      word = dear << 49 | doubt << 45 | varies << 44 | estimate << 1 | suspect
 *
 * The estimate is in 1/256 ticks per item; 0: unknown.
 *
 * A measurement more than a factor of two off replaces the estimate, a nearer one moves it by a quarter of the
 * difference. A jump to eight times or more is believed only when it comes twice in a row (`suspect` is set in
 * between), since an interrupt fakes one now and then; or at once, if the measurement was longer than any interrupt.
 *
 * One number is not enough for a function whose calls are dear now and then. When the estimate has risen for a few
 * measurements only (`dear` counts them), and falls from what made a call last milliseconds, it is *doubted* for a
 * while: the cost is taken for unknown, so that help is called, and is there should the next call be dear again. A call
 * for help in vain takes some 10 us; so many are made, about one in DOUBT_ODDS of them making the doubt less, that all
 * of them take a tenth of what help would have saved at most.
 *
 * And a function whose cost has risen so much, to what made a call last longer than it takes to get help, *varies*, for
 * some thousand measurements: its loops are begun with a small sample, whatever is expected (inline.h).
 *
 * Several threads may learn at once; then one measurement is lost, and nothing else.
 */
#ifndef PL_SCHED_COST_H
#define PL_SCHED_COST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

typedef struct pl_cost {
    _Atomic uint64_t word;
} pl_cost;

#define PL_COST_FRACTION 256u

enum { PL_COST_ESTIMATE_BITS = 43, PL_COST_DOUBT_BITS = 4, PL_COST_MOST_DOUBT = 15, PL_COST_MOST_DEAR = 4 };

/* The estimate, in ticks / PL_COST_FRACTION for one item; 0 if it is unknown; more than any, if it is doubted or
 * varies, but less than 2 to the 48. */
static inline uint64_t pl_cost_estimate(const pl_cost *cost)
{
    /* C1 relaxed: a number by itself; pairs with C3 */
    uint64_t word = atomic_load_explicit((_Atomic uint64_t *)&cost->word, memory_order_relaxed);
    return word >> 1 & ((UINT64_C(1) << (PL_COST_ESTIMATE_BITS + 1 + PL_COST_DOUBT_BITS)) - 1);
}

/* Whether it is known to vary. */
static inline bool pl_cost_varies(const pl_cost *cost)
{
    return pl_cost_estimate(cost) >> PL_COST_ESTIMATE_BITS & 1;
}

/* Ticks that `items` items will take; UINT64_MAX if that is unknown. */
uint64_t pl_cost_guess(const pl_cost *cost, uint64_t items);

/* Whether a measurement may be an accident, as an interrupt is; or was too long for one, or is the second of its
 * kind. */
typedef enum pl_cost_trust { PL_COST_UNSURE, PL_COST_SURE } pl_cost_trust;

/* `items` items took `ticks` of work. */
void pl_cost_learn(pl_cost *cost, uint64_t ticks, uint64_t items, pl_cost_trust trust);

/* `to` becomes what `factor` items of `from` cost, taken for one; and what has been learnt of that goes back. */
void pl_cost_scale(pl_cost *to, const pl_cost *from, size_t factor);
void pl_cost_scale_back(pl_cost *to, const pl_cost *from, size_t factor);

/* What was learnt last was wrong: nothing is known any more. */
void pl_cost_forget(pl_cost *cost);

/* The estimate of a function that has no place of its own to keep it: one of a table, by the address of the
 * function. Two functions may share an entry; then the newer one begins afresh. */
pl_cost *pl_cost_of(uintptr_t function);

#endif
