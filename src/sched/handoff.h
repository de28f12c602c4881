/* SPDX-License-Identifier: MIT */
/*
 * Handing over part of a short loop to a worker that is searching.
 *
 * A loop of less than a microsecond is over before the pool's ordinary machinery (loop.h) has spread it. But a searcher
 * that spins can have the back part of it for two cache misses: one to see it, one to take it. So each worker has a
 * place, on cache lines of its own, where it lays out what it hands over, and which the searchers look at on their
 * rounds. A searcher that has taken something is called a *helper* from then on:
 *
 *      caller                                        searcher
 *      ------                                        --------
 *      h1  fills in the loop           (plain)       t1  sees iterations there              (load)
 *      h2  word = [m, n)               (store)       t2  takes a piece from the back, and
 *      h3  runs [0, m)                                   counts itself, unless so many
 *      h4  takes back what is left,                      are counted as may be              (CAS)
 *          piece by piece              (CAS)         t3  runs it, unless the loop has been stopped
 *      h5  waits until nobody is counted             t4  takes a further piece, back to t3  (CAS)
 *                                                    t5  no longer counts itself            (RMW)
 *
 *      word = active << 53 | most << 42 | waiting << 41 | slots << 40 | begin << 20 | end
 *
 *      active   how many helpers are counted
 *      most     how many may be counted at once
 *      waiting  the caller is going to park, or has parked
 *      slots    participant slots are handed over, not iterations
 *      begin    the first iteration that is left, and
 *      end      the one after the last; there is none where begin >= end
 *
 * One word says everything, so each iteration is run once: whoever moves begin or end owns what is in between, and a
 * value that came back (ABA) does no harm, since what else there is to know about the loop is read after t2. That
 * stays as it is until the caller has seen (h5) that nobody is counted; and a searcher is counted only once it has
 * taken a piece, so that one which loses its CPU between t1 and t2 keeps nobody waiting. What the loop's memory needs
 * in order: t2 reads h2's store or an RMW after it (a release sequence), and h5 reads the last t5, or an RMW after it.
 *
 * Participants' numbers. The caller is participant 0. A helper is participant 1 + active, with the `active` that its t2
 * found. It is at most `most`, since t2 refuses where active >= most; so `most` is the number of workers that the loop
 * may have, less the caller. No two threads that run the body have the same number:
 *
 *   - While the loop has not been stopped, a helper leaves (t5) only when no piece is left. Within one loop begin stays
 *     and end only falls, so no t2 follows. Hence `active` only rises from one t2 to the next.
 *   - A helper that has seen the stop leaves earlier, and a t2 after that may find an `active` that an earlier one has
 *     found, too. But it runs nothing: that helper had read the stop before its t5 (H7, release), and t2 (H6, acquire)
 *     reads the word that this t5 wrote, or an RMW after it, which is in the same release sequence, since only h2, at
 *     the next loop, writes the word otherwise. So the read of the stop before the t5 happens before the one before t3,
 *     which then sees it as well (read-read coherence; a stop word is never lowered).
 *
 * A loop that is not short hands over participant slots instead of iterations (loop.h), and says so in the word. A
 * searcher that has taken one leaves (t5) before it begins with it, so that the place is soon free for loops inside of
 * this one. There a participant's number is that of its slot. A searcher may have read the size of a piece before the
 * loop that it then takes from was laid out: so it may get more participant slots than one, and gives back what is too
 * much.
 *
 * No short loop depends on a searcher's coming: what none takes, the caller runs itself. So there is no race with
 * searchers that go to sleep. Participant slots, however, are public work: h2 is p1 in sleep.h, and looks for work see
 * them. A searcher that takes a piece has found work, as by a steal (f1, f2 in sleep.h).
 *
 * The caller may only park in h5. It sets `waiting` by an RMW on the word that the last t5 decrements by an RMW: the
 * later of the two sees the other. After t5 a helper touches nothing but, at most, the caller's parker, which lives on
 * (latch.h).
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

#define PL_HANDOFF_BITS 20                                        /* of begin and of end */
#define PL_HANDOFF_ITEMS ((UINT32_C(1) << PL_HANDOFF_BITS) - 1)   /* the most iterations */
#define PL_HANDOFF_SLOTS (UINT64_C(1) << 2 * PL_HANDOFF_BITS)     /* participant slots, not iterations */
#define PL_HANDOFF_WAITING (UINT64_C(1) << 41)                    /* the caller parks */
#define PL_HANDOFF_MOST (UINT64_C(1) << 42)                       /* one that may be active */
#define PL_HANDOFF_ONE (UINT64_C(1) << 53)                        /* one that is active */
#define PL_HANDOFF_HELPERS (PL_HANDOFF_ONE / PL_HANDOFF_MOST - 1) /* the most helpers */

typedef struct pl_handoff {
    alignas(PL_LINE) _Atomic uint64_t word;
    _Atomic uint32_t piece; /* how many iterations are taken at once; not 0 */
    pl_stop stop;           /* of the loop */
    pl_loop_body *body;
    void *ctx;
    uint64_t call;         /* the call's number in a trace, or 0 */
    pl_os_ambient ambient; /* of the caller's thread, for iterations that run elsewhere */
    _Atomic bool busy;     /* whether this place is in use: for the caller itself, but also read at exit */
    alignas(PL_LINE) unsigned char copy[PL_LOOP_CTX]; /* of what ctx points to, so that it comes along */
} pl_handoff;

/* What was taken. */
typedef struct pl_piece {
    uint32_t begin, end;
    bool slots;           /* these are participant slots, not iterations */
    unsigned participant; /* the number of the helper that took it as its first piece */
} pl_piece;

static inline uint32_t pl_handoff_begin(uint64_t word)
{
    return (uint32_t)(word >> PL_HANDOFF_BITS) & PL_HANDOFF_ITEMS;
}

static inline uint32_t pl_handoff_end(uint64_t word)
{
    return (uint32_t)word & PL_HANDOFF_ITEMS;
}

/* How many helpers are counted. */
static inline unsigned pl_handoff_active(uint64_t word)
{
    return (unsigned)(word / PL_HANDOFF_ONE);
}

/* How many may be. */
static inline unsigned pl_handoff_most(uint64_t word)
{
    return (unsigned)(word / PL_HANDOFF_MOST % (PL_HANDOFF_ONE / PL_HANDOFF_MOST));
}

/* Caller: takes its place. */
static inline void pl_handoff_occupy(pl_handoff *h)
{
    /* H11 relaxed: for the caller itself; at exit, a hint that it had better not wait for helpers; pairs with H12 */
    atomic_store_explicit(&h->busy, true, memory_order_relaxed);
}

/* And leaves it. */
static inline void pl_handoff_vacate(pl_handoff *h)
{
    /* H16 relaxed: as H11; pairs with H12 */
    atomic_store_explicit(&h->busy, false, memory_order_relaxed);
}

static inline bool pl_handoff_busy(const pl_handoff *h)
{
    /* H12 relaxed: see H11; pairs with H11, H16 */
    return atomic_load_explicit((_Atomic bool *)&h->busy, memory_order_relaxed);
}

/* Caller, h2: [begin, end) is to be had, in pieces of so many, by `most` helpers or fewer. */
static inline void pl_handoff_lay_out(pl_handoff *h, uint32_t begin, uint32_t end, uint32_t piece, uint64_t most)
{
    /* H1 relaxed: any size will do for any loop; pairs with H4 */
    atomic_store_explicit(&h->piece, piece, memory_order_relaxed);
    /* H2 release: whoever takes a piece sees the loop; pairs with H3, H5, H6 */
    atomic_store_explicit(&h->word, most * PL_HANDOFF_MOST | (uint64_t)begin << PL_HANDOFF_BITS | end,
                          memory_order_release);
}

/* The same for participant slots, one by one, by any number of helpers: each leaves as soon as it has one. */
static inline void pl_handoff_lay_out_slots(pl_handoff *h, uint32_t begin, uint32_t end)
{
    uint64_t word = PL_HANDOFF_HELPERS * PL_HANDOFF_MOST | PL_HANDOFF_SLOTS | (uint64_t)begin << PL_HANDOFF_BITS | end;
    /* H13 relaxed: as H1; pairs with H4 */
    atomic_store_explicit(&h->piece, 1, memory_order_relaxed);
    /* H14 seq_cst: as H2; and p1, in S before the look for sleepers (S6, S4); pairs with H3, H5, H6, H15 */
    atomic_store_explicit(&h->word, word, memory_order_seq_cst);
}

/* Searcher, t1: whether there is anything. */
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

/* Takes a piece from the back; with `counted`, that is PL_HANDOFF_ONE or 0, its taker counts itself. False if there is
 * none, or that would be one helper too many. */
static inline bool pl_handoff_take_counted(pl_handoff *h, uint64_t counted, pl_piece *taken)
{
    /* H4 relaxed: see H1, H3; pairs with H1 */
    uint32_t piece = atomic_load_explicit(&h->piece, memory_order_relaxed);
    /* H5 relaxed: H6 decides; pairs with H2, H14 */
    uint64_t word = atomic_load_explicit(&h->word, memory_order_relaxed);
    for (;;) {
        uint32_t b = pl_handoff_begin(word), e = pl_handoff_end(word);
        unsigned active = pl_handoff_active(word);
        if (b >= e || (counted && active >= pl_handoff_most(word)))
            return false;
        uint32_t size = piece < e - b ? piece : e - b;
        /* H6 acquire: what the loop is, is visible, and so is a stop that made a helper leave; pairs with H2, H7,
         * H14 */
        if (atomic_compare_exchange_weak_explicit(&h->word, &word, word - size + counted, memory_order_acquire,
                                                  memory_order_relaxed)) {
            *taken =
                (pl_piece){.begin = e - size, .end = e, .slots = word & PL_HANDOFF_SLOTS, .participant = 1 + active};
            return true;
        }
    }
}

/* Searcher that has seen that there is something, t2: takes its first piece, and is a helper. */
static inline bool pl_handoff_join(pl_handoff *h, pl_piece *taken)
{
    return pl_handoff_take_counted(h, PL_HANDOFF_ONE, taken);
}

/* Helper, t4, and caller, h4: takes a piece; its participant stays what it was. */
static inline bool pl_handoff_take(pl_handoff *h, pl_piece *taken)
{
    return pl_handoff_take_counted(h, 0, taken);
}

/* Helper, t5: it does not touch the loop again. True if the caller sleeps, and is to be unparked. */
static inline bool pl_handoff_leave(pl_handoff *h)
{
    /* H7 release: what this helper did comes before the caller's return, also when a later helper's is the one that the
     * caller reads; and that it saw a stop, before what a later helper does; pairs with H6, H8, H9 */
    uint64_t word = atomic_fetch_sub_explicit(&h->word, PL_HANDOFF_ONE, memory_order_release);
    return (word & PL_HANDOFF_WAITING) && pl_handoff_active(word) == 1;
}

/* Caller, h5: whether nobody is counted. */
static inline bool pl_handoff_open(const pl_handoff *h)
{
    /* H8 acquire: the helpers' work is visible; pairs with H7 */
    return pl_handoff_active(atomic_load_explicit((_Atomic uint64_t *)&h->word, memory_order_acquire)) == 0;
}

/* Caller: announces that it is going to park. False if nobody is counted. */
static inline bool pl_handoff_announce(pl_handoff *h)
{
    /* H9 relaxed: a last t5 before this leaves nobody here, as H8 then sees; one after it sees that the caller waits;
     * pairs with H7 */
    return pl_handoff_active(atomic_fetch_or_explicit(&h->word, PL_HANDOFF_WAITING, memory_order_relaxed)) != 0;
}

#endif
