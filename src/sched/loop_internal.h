/* SPDX-License-Identifier: MIT */
/* Between loop.c (a loop's beginning and end), loop_slots.c (its participant slots) and participant.c (taking
 * part). */
#ifndef PL_SCHED_LOOP_INTERNAL_H
#define PL_SCHED_LOOP_INTERNAL_H

#include "sched/loop.h"
#include "sched/pool.h"
#include "sched/range.h"
#include "sched/trace.h"

/* A participant slot. Its index is the participant's number. */
typedef struct pl_loop_slot {
    alignas(PL_LINE) pl_range range; /* the iterations that it has */
    _Atomic uint32_t participant;    /* its worker's index + 1; 0: there is none yet; or PL_LOOP_RESERVED */
} pl_loop_slot;

/*
 * Of 64 slots, a bit each, so that what a look at them costs depends on how many are used. Whoever sets a slot's bit in
 * `taken` is its participant, and the only one to change the slot's other bit. Iterations are put into a slot before
 * its bit in `filled` is set, which says from then on that they are there; it stays until its participant has found
 * nothing anywhere, and may thus stand for an empty slot.
 */
typedef struct pl_loop_bits {
    _Atomic uint64_t taken;  /* it has a participant, or is reserved for one */
    _Atomic uint64_t filled; /* it has iterations, or had some */
} pl_loop_bits;

/* The participant of a slot that is handed over, and not taken yet. */
#define PL_LOOP_RESERVED UINT32_MAX

/* Participant slots that the owner has laid out in its handoff, for searchers to take. */
typedef struct pl_loop_handed {
    bool any;       /* there are, or may be, some */
    uint64_t since; /* in ticks: those that nobody has taken are soon free for all */
} pl_loop_handed;

typedef struct pl_loop {
    const pl_loop_spec *spec;
    pl_worker *owner;
    size_t unit;      /* iterations in one step of a range: the grain, or more, where 32 bits would not do */
    uint32_t slots;   /* how many participant slots there are */
    pl_growth growth; /* beyond the pool's size, if its iterations may wait for each other */
    uint64_t chunk_ticks;
    uint64_t call; /* its call's number in a trace, or 0 */
    pl_loop_slot *slot;
    pl_loop_handed handed; /* the owner's */
    pl_os_ambient ambient; /* what iterations see of the owner's thread, wherever they run */
    pl_os_mask mask;       /* its signal mask, which they have, if `has_mask` */
    bool has_mask;         /* it lasts long enough for a task to start something that inherits the mask */
    alignas(PL_LINE) pl_latch latch;
    _Atomic uint32_t taken; /* how many participant slots are taken */
    pl_loop_bits bits[PL_SLEEP_WORDS];
    pl_stop stop;
    _Atomic uint64_t ticks; /* what the work has cost */
} pl_loop;

static inline bool pl_loop_is_stopped(pl_loop *loop)
{
    return pl_stop_is_raised(&loop->stop);
}

/* ---- slots ----------------------------------------------------------------------------------------------- */

/* Whether there are iterations in any slot; of an open loop, anywhere. */
bool pl_loop_has_iterations(pl_loop *loop);

/* Takes a free slot for a worker; NULL if there is none. */
pl_loop_slot *pl_loop_take_slot(pl_loop *loop, pl_worker *w);

/* Its worker leaves it; it may have left iterations in it. */
void pl_loop_leave_slot(pl_loop *loop, pl_loop_slot *slot);

/* The taken ones among the slots [64 * word, 64 * word + 64), a bit each. */
uint64_t pl_loop_taken_slots(pl_loop *loop, uint32_t word);

/* Fills the range of a slot from another's. False if all are empty. */
bool pl_loop_steal_range(pl_loop *loop, pl_loop_slot *slot);

/* Owner: spreads [begin, end) over its own slot and those that it hands over: one for each worker that is searching,
 * which takes part by `join`. */
void pl_loop_hand_over_slots(pl_loop *loop, uint32_t begin, uint32_t end, pl_loop_body *join);

/* A searcher has taken the slots [begin, end) from the owner's handoff, and is counted at the latch for them: which is
 * its. */
pl_loop_slot *pl_loop_keep_handed_slot(pl_loop *loop, const pl_worker *w, size_t begin, size_t end);

/* Owner: takes back the slots that nobody has taken, with their iterations in them, for whoever finds them. */
void pl_loop_settle(pl_loop *loop);

/* The same, where there may be some, once they have been for searchers alone long enough. */
void pl_loop_settle_at(pl_loop *loop, uint64_t now);

/* The participant of a slot, if it is another worker than the owner. */
pl_worker *pl_loop_other_participant(pl_loop *loop, pl_loop_slot *slot);

/* ---- participants ---------------------------------------------------------------------------------------- */

/* A participant's side of a loop. */
struct pl_participant {
    pl_loop *loop;
    pl_worker *worker;
    pl_loop_slot *slot;
    const pl_activation *activation;
    pl_slot *share; /* the open share on its deque, or NULL */
    uint64_t ticks; /* what its work has cost */
    bool worked;    /* it has come to the end of its work: it is not being unwound */
    bool waits;     /* the caller, for the others; though it may have found work again */
};

/* Runs [begin, end), in pieces of the grain that was asked for. */
int pl_participant_run_grains(const pl_loop_spec *spec, size_t begin, size_t end, void *stop, unsigned participant);

/* It begins, and ends, its part. */
void pl_participant_begin(pl_participant *p);
void pl_participant_end(const pl_participant *p);

/* Works until nothing is left that it could take. */
void pl_participant_work(pl_participant *p);

/* Takes its share back, or waits until the thief has left the deque's slot. */
void pl_participant_close_share(pl_participant *p);

/* A worker takes part on a participant slot, and is no longer counted at the latch then. */
void pl_participant_join(pl_loop *loop, pl_worker *w, pl_loop_slot *slot);

/* What a searcher does that has taken slots from the owner's handoff: takes part in one of them. */
int pl_participant_join_by_handoff(void *ctx, size_t begin, size_t end, void *stop, unsigned participant);

#endif
