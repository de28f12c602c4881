/* SPDX-License-Identifier: MIT */
/*
 * A completion latch: its owner waits until a count of helpers has dropped to zero.
 *
 *      word = WAITING (the top bit) | count
 *
 * The owner alone adds while the count is zero; a helper may add while it is counted itself (it hands a count to
 * a further helper). The classic bug of latches is the last helper that still touches the latch when its owner,
 * having seen zero, has returned and its stack activation is gone. Here a helper's last access to the latch is the
 * decrement itself: it reads the owner's parker before, and parkers live as long as the pool.
 *
 * A late pl_unpark() may thus reach an owner that waits for something else by now; it finds a token that means
 * nothing, and looks again. All who park do so in a loop.
 *
 * No wake-up is lost: the owner sets WAITING by an RMW on the word that the last helper decrements by an RMW. One
 * of the two comes first: the helper sees WAITING and unparks; or the owner sees zero and does not park.
 */
#ifndef PL_SCHED_LATCH_H
#define PL_SCHED_LATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/atomic.h"
#include "sched/sleep.h"

typedef struct pl_latch {
    _Atomic uint32_t word;
    pl_parker *owner;
} pl_latch;

#define PL_LATCH_WAITING (UINT32_C(1) << 31)

static inline void pl_latch_init(pl_latch *latch, pl_parker *owner)
{
    latch->owner = owner;
    atomic_init(&latch->word, 0);
}

/* One more helper. */
static inline void pl_latch_add(pl_latch *latch)
{
    /* L1 relaxed: the helper learns of the latch by a stolen task, which orders it; pairs with L2 */
    atomic_fetch_add_explicit(&latch->word, 1, memory_order_relaxed);
}

/* A helper is done: nothing that it did is missed by the owner, and it does not touch the latch again. */
static inline void pl_latch_drop(pl_latch *latch)
{
    pl_parker *owner = latch->owner;
    /* L2 release: what this helper did comes before the owner's return, also when a later helper's decrement is the one
     * that the owner reads (its RMW continues the release sequence); pairs with L3, L4 */
    if (atomic_fetch_sub_explicit(&latch->word, 1, memory_order_release) == (PL_LATCH_WAITING | 1))
        pl_unpark(owner);
}

/* Owner: whether all helpers are done. */
static inline bool pl_latch_open(const pl_latch *latch)
{
    /* L3 acquire: the helpers' work is visible; pairs with L2 */
    return (atomic_load_explicit((_Atomic uint32_t *)&latch->word, memory_order_acquire) & ~PL_LATCH_WAITING) == 0;
}

/* Owner: announces that it is going to park. False if all helpers are done. */
static inline bool pl_latch_announce(pl_latch *latch)
{
    /* L4 seq_cst: a last helper before this leaves zero here (acquire), one after it sees WAITING; and in S before
     * the owner's look for work to help with; pairs with L2, L6 */
    return (atomic_fetch_or_explicit(&latch->word, PL_LATCH_WAITING, memory_order_seq_cst) & ~PL_LATCH_WAITING) != 0;
}

/* Owner: is not going to park, or was woken. */
static inline void pl_latch_withdraw(pl_latch *latch)
{
    /* L5 relaxed: a helper that still sees WAITING leaves a token that means nothing; pairs with L2, L6 */
    atomic_fetch_and_explicit(&latch->word, ~PL_LATCH_WAITING, memory_order_relaxed);
}

/* A counted helper: wakes an owner that waits, as there may be work for it to help with. */
static inline void pl_latch_poke(pl_latch *latch)
{
    /* L6 seq_cst: after the publish (D9, D10) in S: an owner that announced itself (L4) and then did not see the
     * published task is seen here; pairs with L4, L5 */
    if (atomic_load_explicit(&latch->word, memory_order_seq_cst) & PL_LATCH_WAITING)
        pl_unpark(latch->owner);
}

#endif
