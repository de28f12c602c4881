/* SPDX-License-Identifier: MIT */
/*
 * Calls whose blocks are links of a chain (sched/chain.h): scans, where each wants to know what all items before it
 * come to, and filters, where it wants to know where its own go. Memory is read once: a block is finished while it is
 * in the second cache, as a rule.
 *
 * How the items are cut depends on their number and on the types alone, so results are the same bit for bit, whoever
 * works on which block, and in whichever way.
 *
 * Jobs are spread by a loop in the call's loop. That has participants of its own; but what they run are functions of
 * the program's, in which no two threads of the call may have one number (parallel_worker_index()). So a number of the
 * call's is taken (sched/numbers.h) by whoever runs any of them, for as long as that lasts: its own, if it is a
 * participant of the call, and has come before others; else any. Nobody waits for one. Who comes for jobs, and finds
 * all taken, leaves them to whoever has spread them; who comes for turns owes them.
 */
#ifndef PL_COLLECTIONS_CHAINED_H
#define PL_COLLECTIONS_CHAINED_H

#include <stdbool.h>
#include <stddef.h>

#include "collections/blocks.h"
#include "sched/chain.h"
#include "sched/cost.h"
#include "sched/numbers.h"

/* What a chained call begins with: its functions (pl_chain_work) get it as their context. */
typedef struct pl_chained {
    pl_blocks_work work;            /* its blocks */
    const pl_chain_work *links;     /* what is done with them, but for `spread` */
    size_t place_count, place_size; /* places of so many bytes, as a rule one for each link; */
    size_t place_align;             /* and _Alignof() what is there, or 0 */
    size_t window;                  /* as of a chain */
    size_t slot_size;               /* bytes that each link has for as long as it is in the window */
    size_t result;                  /* for `end` to leave something in */

    /* the call's */
    unsigned char *places, *slots;
    pl_chain chain;
    pl_chain_work own;
    pl_numbers numbers; /* of who runs functions of the program's */
} pl_chained;

static inline void *pl_chained_place(const pl_chained *c, size_t k)
{
    return c->places + k * c->place_size;
}

static inline void *pl_chained_slot(const pl_chained *c, size_t k)
{
    return c->slots + k % c->window * c->slot_size;
}

/* Takes what memory the call needs, has `begin` called with the call, and its links finished; then `end`, if all is
 * well. `options` are merged, or NULL. 0; or -1 with errno: as pl_blocks_run(). */
int pl_chained_run(pl_chained *c, void (*begin)(pl_chained *), void (*end)(pl_chained *), pl_cost *cost,
                   const parallel_options *options, const pl_request *request);

/* How many times so many items, 1 or more, a link is to have, for it to be worth what it costs to have one. It depends
 * on what items have cost: so nothing that the bits of results depend on may depend on it. */
size_t pl_chained_worth(const pl_cost *cost, size_t items);

#endif
