/* SPDX-License-Identifier: MIT */
/*
 * A parallel loop: one body over [0, n), on the caller and on whoever helps.
 *
 * The iterations are in *ranges* (range.h), one for each *participant slot* of the loop. The caller takes the first
 * slot, with the whole range. The other slots are empty at first. That there are some, others learn by a *share*: a
 * task on the deque of each participant, which lies there for as long as that participant has iterations to share and
 * the loop has a free slot. A thief of a share takes a free slot, steals the back half of somebody's range, makes a
 * share of its own, and so on: the work spreads like a rumour, and each share wakes at most one sleeper, or else the
 * callers that wait for a loop around this one.
 *
 * Where workers are searching when the loop begins, the caller does not wait for that: it spreads the range over its
 * own slot and one for each searcher, which are reserved, and hands those slots over (handoff.h). A searcher that takes
 * one is counted at the latch already. Slots that nobody has taken after two microseconds the caller takes back: they
 * are free for all then, with their iterations still in them.
 *
 * A participant eats its range in chunks that grow until one lasts some microseconds; where it is known what iterations
 * cost, they begin at that (chunking.h). Then it steals from the other slots; when all are empty it leaves. The caller
 * waits at the latch, which counts participants and open shares, until all have left.
 *
 * While it waits, it looks after its own call only: iterations that have come into another slot, and shares of loops
 * that the participants' iterations have started (those on the deques of its own loop's participants; loops that
 * thieves of those have started further away are left to others). The rule "a waiter runs only tasks of the call it
 * waits for" is kept so:
 *
 *   - While a worker has a slot that it took by stealing a share, or by taking the slot itself, all that is public on
 *     its deque was pushed by iterations of this loop. For when it took its slot, nothing public was there: either it
 *     was idle, and its deque empty; or it was itself waiting for a loop, and then it takes shares only if all that is
 *     on its deque has been stolen (as its own share has been, as a rule, and with that all older tasks: deque.h, (7)).
 *     What is stolen stays so until its owner pops it, which is after it has left the slot.
 *   - The participant may have left between the waiter's look at the slot and its steal. So the waiter looks again. If
 *     the participant is still there, the task was pushed while it had the slot: it cannot have left and come back
 *     meanwhile, since before it leaves any inner loop it waits until the thief of its share is done with the deque's
 *     slot, which the waiter is not. If it has left, the waiter drops the share unused, and the participant makes a new
 *     one at its next chunk.
 */
#ifndef PL_SCHED_LOOP_H
#define PL_SCHED_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/cost.h"

/*
 * Runs the iterations [begin, end). Returns 0; or non-zero to stop the loop: no further chunk is begun. `stop` is an
 * _Atomic int that is not zero once anybody has stopped the loop (pl_stop_is_raised). `participant` is the number of
 * the participant that runs them: 0 is the caller; all are below the most workers that the loop may have
 * (spec->workers, else pl_pool_cores()); and no two threads that run the body of one loop at the same time have the
 * same number. A thread may have several, one after the other, and what one thread did as a participant happens before
 * what the next thread with that number does.
 */
typedef int pl_loop_body(void *ctx, size_t begin, size_t end, void *stop, unsigned participant);

/*
 * Open loops. How many iterations a loop has may not be known, as those that run bring forth others. Then it has a body
 * of another kind, which finds iterations by itself, in memory that the participants share (bag.h is
 * such). All else is as above, with this in place of ranges: participants come by shares, and leave when their body
 * finds nothing; a share is made when the body says that there is something to take (pl_loop_offer()). What the body
 * says in `has_some` is seen by a caller that waits, as a range is: what makes it true comes before pl_loop_offer() or
 * pl_loop_poke(), and what has_some() reads of it is ordered by a mutex, or is seq_cst on both sides (R1, R2).
 */
typedef struct pl_participant pl_participant;

typedef enum pl_loop_found {
    PL_LOOP_NOTHING, /* no participant had anything to take: this one is to leave */
    PL_LOOP_SOME,    /* it has run some of it */
    PL_LOOP_STOP     /* nothing more is to begin */
} pl_loop_found;

typedef struct pl_open_loop {
    /* Finds some microseconds' worth of work, and runs it. `p` is NULL where the loop runs on its caller alone. What a
     * participant takes, it has run when this returns, or has left it where others find it. */
    pl_loop_found (*work)(void *ctx, pl_participant *p, void *stop, unsigned participant);

    /* Whether there is something to take; or, for the caller, to wait for inside of `work`. */
    bool (*has_some)(void *ctx, bool for_caller);

    /* Iterations are so cheap that it runs on its caller alone until that has taken as long as to call somebody. */
    bool begins_alone;
} pl_open_loop;

/* In `work`, and in what it runs: there is something that others could take. Sees to it that somebody comes, at once or
 * when the participant offers something the next time. */
void pl_loop_offer(pl_participant *p);

/* The same: a caller that waits is to look again. */
void pl_loop_poke(pl_participant *p);

/* The most of a body's context that can be copied. */
enum { PL_LOOP_CTX = 64 };

typedef struct pl_loop_spec {
    size_t n;
    pl_loop_body *body;
    void *ctx;
    size_t ctx_size;            /* of what ctx points to, if helpers may have a copy; at most PL_LOOP_CTX; or 0 */
    size_t grain;               /* iterations in each chunk; 0: what is best */
    bool (*is_over)(void *ctx); /* whether it no longer matters how many iterations a chunk has; or NULL */
    unsigned chunk_us;          /* how long a chunk is to last; 0: what is best for the balance */
    unsigned workers;           /* the most that take part, the caller among them; 0: as many as there are cores */
    pl_cost *cost;              /* what iterations of this body have cost; never NULL */
    const pl_open_loop *open;   /* in place of n and a body; or NULL */
    const char *what, *name;    /* for traces: as in "map" of "cube"; or NULL */
} pl_loop_spec;

/* Runs the loop. When it returns, nobody touches the spec or ctx any more. Without memory or threads for help, the
 * caller does it alone. */
void pl_loop_run(const pl_loop_spec *spec);

#endif
