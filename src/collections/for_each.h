/* SPDX-License-Identifier: MIT */
/*
 * Calls whose tasks bring forth others: parallel_for_each().
 *
 * All items are equal, and nothing is joined: each participant of an open loop (sched/loop.h) has a bag (bag.h), runs
 * the newest of its items until there is none, then takes the oldest of another's bag, and leaves when all are empty.
 * Tasks put what they add into the bag of their own participant; so nothing is counted, and no stack grows, however
 * long a chain of items is. That the call is over is known without a count: a participant leaves its own bag empty, and
 * nobody but itself puts anything into it; so when all have left, and the caller finds nothing, all are empty.
 *
 * A participant works in *slices* of some microseconds. Before each it makes public all but what it is going to run in
 * that time, by what items have taken so far, and offers it (pl_loop_offer()). Where an item alone takes that long,
 * everything else is public at any time: also what it adds, at once. A task that is much longer than those before it
 * withholds a slice's worth from the others, as in a loop it withholds the chunk that it is in.
 *
 *     for_each.c        the call
 *     for_each_tasks.c  slices: how items are run
 *     for_each_parts.c  the participants, and what they add
 *
 * Retries. A task that is tried again at once is so where it is. One that is to wait is copied, and waits in the
 * policy's queue; any participant takes it when it is due. If nothing else is left, the caller alone waits for that,
 * inside of its work, and so keeps the call open: others leave. Whoever makes items public, or puts off a task, wakes
 * it (pl_for_each_tell()).
 */
#ifndef PL_COLLECTIONS_FOR_EACH_H
#define PL_COLLECTIONS_FOR_EACH_H

#include "call/options.h"

/* Runs f on n items and on all that are added. 0; or -1 with errno. */
int pl_for_each_run(const parallel_function *f, const void *items, size_t n, const parallel_options *options,
                    const pl_request *request);

#endif
