/* SPDX-License-Identifier: MIT */
/*
 * Numbers below some count, each held by one thread at a time: for what no two threads may have the same of, where more
 * threads come than there are numbers. Nobody waits for one: whoever comes for *turns*, which anybody can have, and
 * finds all numbers taken, leaves the turns behind, *owed*; and whoever gives a number back has what is owed.
 *
 *      who wants to have turns                      whoever has a number
 *      -----------------------                      --------------------
 *      o1  takes a number             (RMW)         g1  gives it back       (RMW)
 *      o2  if all are taken: owed += n (RMW)        g2  takes what is owed  (load, RMW), and wants to have it
 *      o3  looks again; if one is free, takes it, and all that is owed
 *
 * o2, o3, g1 and g2 are seq_cst. No turn is lost: if o3 does not see g1, then o2 < o3 < g1 < g2 in S, and g2 sees what
 * is owed, or others have taken it.
 */
#ifndef PL_SCHED_NUMBERS_H
#define PL_SCHED_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "sched/sleep.h"

typedef struct pl_numbers {
    size_t count;
    _Atomic uint64_t taken[PL_SLEEP_WORDS]; /* those that are taken, and those that there are not: a bit each */
    _Atomic size_t owed;                    /* turns */
} pl_numbers;

/* PL_SLEEP_MAX numbers at most. */
void pl_numbers_init(pl_numbers *numbers, size_t count);

/* Takes that number, or, if it is taken, another. False: all are. */
bool pl_numbers_take(pl_numbers *numbers, size_t *number);

void pl_numbers_give(pl_numbers *numbers, size_t number);

/* Has so many turns, as soon as there is a number, that one if it is free: have(ctx, number, turns), here or on another
 * thread, all of them or together with others. */
typedef void pl_numbers_turns(void *ctx, size_t number, size_t turns);
void pl_numbers_have_turns(pl_numbers *numbers, size_t turns, size_t number, pl_numbers_turns *have, void *ctx);

/* After a number was given back: has those that are owed. */
void pl_numbers_have_owed(pl_numbers *numbers, size_t number, pl_numbers_turns *have, void *ctx);

#endif
