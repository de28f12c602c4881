/* SPDX-License-Identifier: MIT */
/*
 * Rest and wake: how idle workers go to sleep, and why none sleeps through work.
 *
 * A worker without work is *searching*: it looks into all deques, for some microseconds. Then it parks. A
 * thread that publishes work makes sure that somebody will find it:
 *
 *      searcher going to sleep                     publisher
 *      -----------------------                     ---------
 *      a1  asleep |= its bit          (RMW)        p1  publish: split = head in its deque (store or RMW)
 *      a2  searching -= 1             (RMW)        p2  if searching > 0, leave it to them
 *      a3  look into all deques       (loads)      p3  look for a bit in `asleep`       (loads)
 *          work there: take the bit back,          p4  searching += 1, for whom it will wake
 *          go on searching                         p5  claim it: asleep &= ~bit         (RMW)
 *      a4  park                                    p6  unpark it; or, if another was faster with each bit, f1, f2
 *
 *      searcher that found work
 *      ------------------------
 *      f1  searching -= 1             (RMW)
 *      f2  if it was the last: look into all deques, and if there is more work go through p2 to p6
 *
 *      sleeper that takes its bit back (work seen in a3, or its time is over)
 *      ----------------------------------------------------------------------
 *      b1  searching += 1             (RMW)
 *      b2  asleep &= ~its bit         (RMW)
 *      b3  if the bit was gone: searching -= 1, as whoever claimed it has counted it (p4 comes before p5)
 *
 * All these accesses are seq_cst, so they have one total order S.
 *
 * No wake-up is lost. Suppose a worker W parks (a4) for good, although a task published by p1 is still public, and
 * nobody is awake to find it. W's look a3 did not see the task, so a3 < p1 in S, and a1 < a2 < a3 < p1 < p2.
 *   - If p2 read searching == 0, then p3 saw W's bit, since a1 < p3, unless somebody else had claimed it; in
 *     both cases W is unparked, contradicting "for good", or another sleeper was claimed, which then finds the
 *     task or, on its own way to sleep, is the W of this argument.
 *   - If p2 read searching > 0, some V (a searcher, or a waker between p4 and p6) had not done its a2 or f1 before
 *     p2. If V goes on to sleep, its a3 comes after its a2, hence after p1 in S: it sees the task. If V does f1, it
 *     does so after p2: either V was the last, and its look f2 sees the task, and it wakes somebody (or sees that
 *     all are awake); or some other searcher remains, to whom the same argument applies. They are finitely many.
 *     The count is never too low: a worker that b3 or p5 makes a searcher is counted before its bit goes.
 *   A task that a look did not see because it had been stolen in the meantime is no longer waiting.
 *
 * What is not public. Workers that run tasks keep most of them in private. Let W be parked, as a sleeper or waiting for
 * a thief, and V a worker with a private task that W might take, whose push was V's last change of its deque's bounds
 * or came after it by the fast path alone. Then somebody else is awake who looks for W: for after its announcement (a1,
 * or the latch's or slot's) W has claimed, asked, fenced and looked at V's deque (W28, pl_worker_uncover()), and would
 * have tried again, had it lost the claim. So the push came after, and V's slow path in between, which overwrote the
 * request and then looked whether anybody is idle (W24), in S after W's announcement. It saw W. If it then had
 * something to publish, or found it revealed in its stead, it has woken somebody, or left it to searchers, and has
 * poked the waiters of its own activations (W30). Whoever of these steals last (f2) goes once more through claim, fence
 * and look for the others, as does whoever finds nothing and goes to sleep. If it had nothing to publish, it asked
 * itself, and the push took the slow path. A worker that begins a task (W27) looks likewise, as a W that saw no task
 * there (W28) had announced itself before. Where the system has no heavy fence, what is private when V enters a long
 * leaf stays so until V returns.
 *
 * A thief that lost a race (PL_STEAL_LOST) has not seen an empty deque; it never goes from there to a1, but looks
 * again. A worker to be woken counts as searching from p4 on, before it runs, so that the next publisher does
 * not wake a second one for the same work: one waker wakes one sleeper, which wakes the next (f2).
 *
 * A worker that parks for a while only (extra threads, which leave after some idleness) takes its own bit back
 * when its time is over. If the bit is gone, somebody claimed it and counts on it: it goes on as if woken.
 *
 * Where a look goes. A look into all deques passes over those workers that have announced that they sleep, and those
 * that are *quiet*: a record that no thread uses, or a worker that is parked until a thief has ended, with all stolen
 * that it ever pushed. So what a look costs depends on how many workers have something to do, not on how many there
 * are. Nothing is missed. A worker's bit in `asleep` or `quiet` is set when there is nothing on its deque or in its
 * handoff, and is gone before it pushes or hands over anything (b2, p5, S17). So if a look finds the bit (S18, S19),
 * what that worker publishes next comes after the look in S, as does what comes after a1 above; and what it had
 * published earlier, nobody waits for any more.
 */
#ifndef PL_SCHED_SLEEP_H
#define PL_SCHED_SLEEP_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

/* ---- one thread's parking place -------------------------------------------------------------------------- */

/* Holds at most one token. Lives at least as long as any thread that may call pl_unpark(). */
typedef struct pl_parker {
    _Atomic uint32_t word;
} pl_parker;

/*
 * Sleeps until there is a token, and takes it; for at most `timeout_ns`, if not negative. True if it took a
 * token. A token may be left over from an earlier wake-up: callers check what they wait for, in a loop.
 */
bool pl_park(pl_parker *parker, int64_t timeout_ns);

/* Leaves a token, and wakes the thread if it sleeps. What the caller did before is visible after pl_park(). */
void pl_unpark(pl_parker *parker);

/* ---- the sleepers of a pool ------------------------------------------------------------------------------ */

enum { PL_SLEEP_WORDS = 16, PL_SLEEP_MAX = 64 * PL_SLEEP_WORDS };

/* What 64 workers have to say, a bit each. */
typedef struct pl_sleep_bits {
    _Atomic uint64_t asleep; /* it has announced that it is going to sleep */
    _Atomic uint64_t quiet;  /* it has nothing for others, and is not asleep */
} pl_sleep_bits;

typedef struct pl_sleep {
    _Atomic uint32_t searching;
    _Atomic uint32_t waking; /* how many of them have been woken, or started, and do not run yet: a hint */
    alignas(PL_LINE) pl_sleep_bits bits[PL_SLEEP_WORDS];
} pl_sleep;

/* a1 and a2: worker `i`, until now searching, announces that it is going to sleep. */
void pl_sleep_announce(pl_sleep *sleep, unsigned i);

/* b1 to b3: worker `i` takes its announcement back. False if a waker has claimed it: then it counts as searching
 * already, and a token for it is on its way. */
bool pl_sleep_withdraw(pl_sleep *sleep, unsigned i);

/* p2: whether somebody is searching. */
bool pl_sleep_searching(const pl_sleep *sleep);

/* One more (1) or one less (-1) of those that search is on its way. */
void pl_sleep_waking(pl_sleep *sleep, int step);

/* How many are searching, and awake: a hint. */
uint32_t pl_sleep_awake(const pl_sleep *sleep);

/* How many of the first `count` have announced that they sleep: a hint. */
unsigned pl_sleep_count(const pl_sleep *sleep, unsigned count);

/* Whether somebody of the first `count` has announced that it sleeps. */
bool pl_sleep_any(const pl_sleep *sleep, unsigned count);

/* p3 to p5: claims the sleeper with the lowest index among the first `count`, which then counts as searching; the
 * caller unparks it. The lowest, so that those which were added last get to rest. PL_SLEEP_NONE if there is none.
 * Others may have been faster with those that there were: then PL_SLEEP_OTHERS if somebody searches, and
 * PL_SLEEP_OWING if nobody does, and the caller owes f2, like a searcher that was the last. */
enum { PL_SLEEP_NONE = -1, PL_SLEEP_OTHERS = -2, PL_SLEEP_OWING = -3 };
int pl_sleep_claim(pl_sleep *sleep, unsigned count);

/* Worker `i` has nothing for others, and is not asleep; and may have something again. */
void pl_sleep_be_quiet(pl_sleep *sleep, unsigned i);
void pl_sleep_be_heard(pl_sleep *sleep, unsigned i);

/* A walk over the workers that may have something for others, in [from, to). It reads each word once. */
typedef struct pl_sleep_walk {
    const pl_sleep *sleep;
    uint64_t left; /* those that are still to come, of the word in hand */
    unsigned word, to;
} pl_sleep_walk;

/* Those among 64 workers that may have something. */
static inline uint64_t pl_sleep_busy(const pl_sleep *sleep, unsigned word)
{
    pl_sleep_bits *bits = (pl_sleep_bits *)&sleep->bits[word];
    /* S18 seq_cst: part of the look, a3 or f2, in S; pairs with S1, S5, S8 */
    uint64_t asleep = atomic_load_explicit(&bits->asleep, memory_order_seq_cst);
    /* S19 seq_cst: likewise; pairs with S16, S17 */
    return ~(asleep | atomic_load_explicit(&bits->quiet, memory_order_seq_cst));
}

static inline pl_sleep_walk pl_sleep_walk_over(const pl_sleep *sleep, unsigned from, unsigned to)
{
    uint64_t left = from < to ? pl_sleep_busy(sleep, from / 64) & UINT64_MAX << from % 64 : 0;
    return (pl_sleep_walk){.sleep = sleep, .left = left, .word = from / 64, .to = to};
}

/* Comes to the next one. False if there is none. */
static inline bool pl_sleep_walk_on(pl_sleep_walk *walk, unsigned *i)
{
    while (!walk->left) {
        if (++walk->word * 64 >= walk->to)
            return false;
        walk->left = pl_sleep_busy(walk->sleep, walk->word);
    }
    *i = walk->word * 64 + (unsigned)__builtin_ctzll(walk->left);
    walk->left &= walk->left - 1;
    return *i < walk->to;
}

/* One more is searching: a worker that ran out of work, or a thread about to be started for published work. */
void pl_sleep_search(pl_sleep *sleep);

/* f1: one less. True if it was the last one; then the caller owes f2. */
bool pl_sleep_found(pl_sleep *sleep);

#endif
