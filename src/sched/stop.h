/* SPDX-License-Identifier: MIT */
/*
 * That a call is to stop, and sleeping until it is.
 *
 * A call has a *stop word*, an _Atomic int that only grows. It is the word that kernels look at before each task, so
 * PL_STOP_STARTING keeps tasks from starting, and PL_STOP_ALL asks those that run to give up, too.
 *
 * A task that sleeps waits for two things: the end of its time, and that one of several stop words (its call's, and
 * those of the calls around it) reaches PL_STOP_ALL. All sleepers with the same outermost call, their *root*, wait at
 * one place, an *epoch* that whoever has raised a stop word moves on:
 *
 *      sleeper                                   canceller
 *      -------                                   ---------
 *      n1  sleepers += 1            (RMW)        m1  stop word = PL_STOP_ALL   (RMW)
 *      n2  e = epoch                (load)       m2  epoch += 1                (RMW)
 *      n3  looks at its stop words  (loads)      m3  if sleepers > 0           (load)
 *      n4  waits while epoch == e                m4      wakes all
 *      n5  sleepers -= 1, or again from n2
 *
 * n1, n2, m2 and m3 are seq_cst. No wake-up is lost: suppose that n3 does not see m1. Then e is older than what m2
 * makes of the epoch: had n2 read that, it would have acquired m1. So n2 < m2 in S, hence n1 < n2 < m2 < m3, and m3
 * sees the sleeper. Either n4 finds the epoch changed, or it waits already when m4 wakes it. Roots share places, some
 * 64 of them, so now and then a sleeper is woken for nothing; it looks, and sleeps on. A canceller that does not know
 * the root moves all epochs.
 *
 * The right-hand side is safe in a signal handler.
 */
#ifndef PL_SCHED_STOP_H
#define PL_SCHED_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

enum { PL_STOP_STARTING = 1, PL_STOP_ALL = 2 };

typedef _Atomic int pl_stop;

/* A stop word that nobody has raised. */
static inline void pl_stop_init(pl_stop *stop)
{
    atomic_init(stop, 0);
}

/* How far a call is to stop: 0, PL_STOP_STARTING or PL_STOP_ALL. */
static inline int pl_stop_level(const pl_stop *stop)
{
    /* E1 acquire: n3, and why; pairs with E2 */
    return atomic_load_explicit((pl_stop *)stop, memory_order_acquire);
}

/* The same for a body that runs tasks: whether anybody has raised the stop word that it was given. */
static inline bool pl_stop_is_raised(const void *stop)
{
    /* R11 relaxed: a hint that nothing more need begin; pairs with E2 */
    return atomic_load_explicit((pl_stop *)stop, memory_order_relaxed) != 0;
}

/* m1: raises a stop word to `level`, if it is below. True if it was. */
bool pl_stop_raise(pl_stop *stop, int level);

/* m2 to m4: those who sleep under `root` are to look again; all who sleep. */
void pl_stop_notify(const void *root);
void pl_stop_notify_all(void);

/* Sleeps until `until`, in pl_os_nanoseconds(), or until give_up(context) is true, which is asked first and then
 * whenever a stop word anywhere has been raised. True if it gave up. */
bool pl_stop_sleep(const void *root, uint64_t until, bool (*give_up)(void *context), void *context);

#endif
