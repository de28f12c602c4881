/* SPDX-License-Identifier: MIT */
/*
 * Handing over part of a short loop to a worker that is searching.
 *
 * A loop of less than a microsecond is over before the pool's ordinary machinery (loop.h) has spread it. But a searcher
 * that spins can have the back part of it for two cache misses: one to see it, one to take it. So each worker has a
 * place, on lines of its own, where it lays out what it hands over, and which the searchers look at on their rounds:
 *
 *      caller                                        searcher
 *      ------                                        --------
 *      h1  fills in the loop           (plain)       t1  sees iterations there              (load)
 *      h2  word = [m, n)               (store)       t2  takes a piece from the back, and
 *      h3  runs [0, m)                                   counts itself                      (CAS)
 *      h4  takes back what is left,                  t3  runs it
 *          piece by piece              (CAS)         t4  takes a further piece, back to t3  (CAS)
 *      h5  waits until nobody is counted             t5  no longer counts itself            (RMW)
 *
 *      word = active << 48 | waiting << 47 | participant slots << 46 | begin << 23 | end         empty when begin >= end
 *
 * One word says everything, so each iteration is run once: whoever moves begin or end owns what is in between, and a
 * value that came back (ABA) does no harm, since what else there is to know about the loop is read after t2. It stays
 * as it is until the caller has seen (h5) that nobody is counted; and nobody is counted who has not taken a piece, so
 * that a searcher which loses its CPU between t1 and t2 keeps nobody waiting. What the loop's memory needs in order:
 * t2 reads h2's store or an RMW after it (a release sequence), and h5 reads the last t5, or an RMW after it.
 *
 * A loop that is not short hands over participant slots instead of iterations (loop.h), and says so in the word. Whoever has taken
 * one leaves (t5) before it takes a slot, so that the place is soon free for loops inside of this one. A thief may have read
 * the size of a piece before the loop that it then takes from was laid out: so it may get more participant slots than one, and
 * gives back what is too much.
 *
 * No short loop depends on a searcher to come: what it does not take, the caller runs itself. So there is no race with
 * searchers that go to sleep. Seats are public work: h2 is p1 in sleep.h, and looks for work see them. A searcher that takes a piece has found work, as by a steal (f1, f2 in sleep.h).
 *
 * The caller may only park in h5. It sets `waiting` by an RMW on the word that the last t5 decrements by an RMW: the
 * later of the two sees the other. After t5 a thief touches the caller's parker at most, which lives on (latch.h).
 */
#ifndef PL_SCHED_HANDOFF_H
#define PL_SCHED_HANDOFF_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/os.h"
#include "sched/stop.h"
#include "sched/loop.h"

#define PL_HANDOFF_ITEMS ((UINT32_C(1) << 23) - 1) /* the most iterations */
#define PL_HANDOFF_SLOTS (UINT64_C(1) << 46)
#define PL_HANDOFF_WAITING (UINT64_C(1) << 47)
#define PL_HANDOFF_ONE (UINT64_C(1) << 48) /* one that is active */

typedef struct pl_handoff {
    alignas(PL_LINE) _Atomic uint64_t word;
    _Atomic uint32_t piece; /* iterations that are taken at once, not 0 */
    pl_stop stop;
    pl_loop_body *body;
    void *ctx;
    pl_os_ambient ambient;                            /* of the caller's thread, for iterations */
    _Atomic bool busy;                                /* this place is in use; the caller's, but also read at exit */
    alignas(PL_LINE) unsigned char copy[PL_LOOP_CTX]; /* of what ctx points to, so that it comes along */
} pl_handoff;

static inline uint32_t pl_handoff_begin(uint64_t word)
{
    return (uint32_t)(word >> 23) & PL_HANDOFF_ITEMS;
}

static inline uint32_t pl_handoff_end(uint64_t word)
{
    return (uint32_t)word & PL_HANDOFF_ITEMS;
}

/* Caller: takes and leaves its place. */
static inline void pl_handoff_set_busy(pl_handoff *h, bool busy)
{
    /* H11 relaxed: for the caller itself; at exit, a hint that it had better not wait for helpers; pairs with H12 */
    atomic_store_explicit(&h->busy, busy, memory_order_relaxed);
}

static inline bool pl_handoff_busy(const pl_handoff *h)
{
    /* H12 relaxed: see H11; pairs with H11 */
    return atomic_load_explicit((_Atomic bool *)&h->busy, memory_order_relaxed);
}

/* Caller, h2: [begin, end) is to be had, in pieces of so many. */
static inline void pl_handoff_lay_out(pl_handoff *h, uint32_t begin, uint32_t end, uint32_t piece)
{
    /* H1 relaxed: any size will do for any loop; pairs with H4 */
    atomic_store_explicit(&h->piece, piece, memory_order_relaxed);
    /* H2 release: whoever takes a piece sees the loop; pairs with H3, H5, H6 */
    atomic_store_explicit(&h->word, (uint64_t)begin << 23 | end, memory_order_release);
}

/* The same for participant slots, one by one. */
static inline void pl_handoff_lay_out_slots(pl_handoff *h, uint32_t begin, uint32_t end)
{
    /* H13 relaxed: as H1; pairs with H4 */
    atomic_store_explicit(&h->piece, 1, memory_order_relaxed);
    /* H14 seq_cst: as H2; and p1, in S before the look for sleepers (S6, S4); pairs with H3, H5, H6, H15 */
    atomic_store_explicit(&h->word, PL_HANDOFF_SLOTS | (uint64_t)begin << 23 | end, memory_order_seq_cst);
}

/* Thief, t1: whether there is anything. */
static inline bool pl_handoff_offers(const pl_handoff *h)
{
    /* H3 acquire: the size of a piece is that of this loop, or of another, and not 0; pairs with H2, H14 */
    uint64_t word = atomic_load_explicit((_Atomic uint64_t *)&h->word, memory_order_acquire);
    return pl_handoff_begin(word) < pl_handoff_end(word);
}

/* Any thread: whether there are participant slots to be had. */
static inline bool pl_handoff_has_slots(const pl_handoff *h)
{
    /* H15 seq_cst: a look for work (a3, f2 in sleep.h), in S; pairs with H14 */
    uint64_t word = atomic_load_explicit((_Atomic uint64_t *)&h->word, memory_order_seq_cst);
    return (word & PL_HANDOFF_SLOTS) && pl_handoff_begin(word) < pl_handoff_end(word);
}

/* What was taken. */
typedef struct pl_piece {
    uint32_t begin, end;
    bool slots; /* of participant slots, not of iterations */
} pl_piece;

/* Thief, who has seen that there is something, t2 (`counts` is PL_HANDOFF_ONE) and t4 (0); caller, h4 (0): takes a piece
 * from the back. False if there is nothing. */
static inline bool pl_handoff_take(pl_handoff *h, uint64_t counts, pl_piece *taken)
{
    /* H4 relaxed: see H1, H3; pairs with H1 */
    uint32_t piece = atomic_load_explicit(&h->piece, memory_order_relaxed);
    /* H5 relaxed: H6 decides; pairs with H2, H14 */
    uint64_t word = atomic_load_explicit(&h->word, memory_order_relaxed);
    for (;;) {
        uint32_t b = pl_handoff_begin(word), e = pl_handoff_end(word);
        if (b >= e)
            return false;
        uint32_t size = piece < e - b ? piece : e - b;
        /* H6 acquire: what the loop is, is visible; pairs with H2, H14 */
        if (atomic_compare_exchange_weak_explicit(&h->word, &word, word - size + counts, memory_order_acquire,
                                                  memory_order_relaxed)) {
            *taken = (pl_piece){.begin = e - size, .end = e, .slots = word & PL_HANDOFF_SLOTS};
            return true;
        }
    }
}

/* Thief, t5: it does not touch the loop again. True if the caller sleeps, and is to be unparked. */
static inline bool pl_handoff_leave(pl_handoff *h)
{
    /* H7 release: what this thief did comes before the caller's return, also when a later thief's is the one that the
     * caller reads; pairs with H8, H9 */
    uint64_t word = atomic_fetch_sub_explicit(&h->word, PL_HANDOFF_ONE, memory_order_release);
    return (word & PL_HANDOFF_WAITING) && word / PL_HANDOFF_ONE == 1;
}

/* Caller, h5: whether anybody is counted. */
static inline bool pl_handoff_open(const pl_handoff *h)
{
    /* H8 acquire: the thieves' work is visible; pairs with H7 */
    return atomic_load_explicit((_Atomic uint64_t *)&h->word, memory_order_acquire) / PL_HANDOFF_ONE == 0;
}

/* Caller: announces that it is going to park. False if nobody is counted. */
static inline bool pl_handoff_announce(pl_handoff *h)
{
    /* H9 relaxed: a last t5 before this leaves nobody here, as H8 then sees; one after it sees that the caller waits; pairs
     * with H7 */
    return atomic_fetch_or_explicit(&h->word, PL_HANDOFF_WAITING, memory_order_relaxed) / PL_HANDOFF_ONE != 0;
}

#endif
