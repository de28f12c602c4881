/* SPDX-License-Identifier: MIT */
/* The workers' side of the board; board.h says how it works. */
#ifndef PL_PROCESS_ENDPOINT_H
#define PL_PROCESS_ENDPOINT_H

#include <stdnoreturn.h>

#include "executors/process/board.h"

/* A worker's own account. */
struct pl_endpoint {
    pl_board *board;
    pl_slot_board *slot;
    unsigned number, generation, ran;
    unsigned slots;
    size_t *index;            /* the slot's */
    unsigned forks;           /* pl_pool_forks() of this process */
    uint64_t entry;           /* the position taken, */
    pl_assignment assignment; /* what stands there, */
    pl_board_work job;        /* what there is to do, */
    uint64_t seal;            /* and the seal of both */
    uint64_t run;             /* what the slot's word is, while the worker runs */
    uint32_t wrote;           /* bytes of reports, in all generations */
};

/* A generation of a slot begins. */
void pl_endpoint_begin(pl_endpoint *endpoint, pl_board *board, unsigned slots, size_t index_at, unsigned number,
                       unsigned generation);

/* Takes an assignment; gives it back as done. False if there is none. */
bool pl_endpoint_take(pl_endpoint *endpoint, pl_assignment *assignment);
void pl_endpoint_done(pl_endpoint *endpoint);

/* What the worker was working with in its room has been changed by somebody else: so that the call fails, gives the assignment back with
 * a wrong seal, and ends the process. */
noreturn void pl_endpoint_renounce(pl_endpoint *endpoint);

/* s1 to s3: sleeps until there may be something to take, or for a second. */
void pl_endpoint_rest(pl_endpoint *endpoint);

/* Wakes another worker, if there is more than this one has taken. */
void pl_endpoint_pass_on(pl_endpoint *endpoint);

/* The coordinator is to know when a worker has run out of work; or that the rest is short, while the coordinator has more to assignment. */
void pl_endpoint_ring(pl_endpoint *endpoint, bool idle);

/* In a child that a task has forked, and that came back from it: ends it, as it is not this worker. */
void pl_endpoint_check(const pl_endpoint *endpoint);

/* Ends the process: who is killed does not wait to be killed, as nobody may be able to. */
noreturn void pl_endpoint_await_death(pl_endpoint *endpoint);

/* The call's stop word. */
void *pl_endpoint_stop(pl_endpoint *endpoint);

/* c1 and c2. Who gets false is killed. */
void pl_endpoint_start(pl_endpoint *endpoint, uint64_t now, uint64_t timeout_ns);
bool pl_endpoint_end(pl_endpoint *endpoint);

/* For the coordinator. The text may be of any length, and NULL. */
void pl_endpoint_report(pl_endpoint *endpoint, const pl_report *report, const char *text);

/* Counts tasks that went well, and the time spent. */
void pl_endpoint_count(pl_endpoint *endpoint, size_t tasks);
void pl_endpoint_spent(pl_endpoint *endpoint, uint64_t ticks);

/* Whether the worker is to leave: it has run as many tasks as it may; or one has made memory its own (arena.h) in which a later
 * call may have what it needs. In worker.c. */
bool pl_endpoint_is_spent(const pl_endpoint *endpoint);

#endif
