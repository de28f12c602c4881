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
    unsigned number, generation; /* of the slot */
    unsigned slots;              /* of the board */
    unsigned ran;                /* tasks, in this generation */
    size_t *index;               /* the slot's */
    unsigned forks;              /* pl_pool_forks() of this process */
    uint32_t wrote;              /* bytes of reports, in all generations */
    uint64_t run;                /* what the slot's word is while the worker runs something, but for its state */

    /* What it has taken. */
    uint64_t entry; /* the position */
    pl_assignment assignment;
    pl_board_work work;
    uint64_t seal; /* of both */
};

/* A generation of a slot begins. */
void pl_endpoint_begin(pl_endpoint *endpoint, pl_board *board, unsigned slots, size_t index_at, unsigned number,
                       unsigned generation);

/* ---- assignments ------------------------------------------------------------------------------------------- */

/* Takes an assignment. False if there is none. */
bool pl_endpoint_take(pl_endpoint *endpoint, pl_assignment *assignment);

/* The assignment that was taken is done. */
void pl_endpoint_done(pl_endpoint *endpoint);

/* Another party has changed what the worker was working with in its room. So that the call fails, gives the assignment
 * back with a wrong seal, and ends the process. */
noreturn void pl_endpoint_renounce(pl_endpoint *endpoint);

/* s1 to s3: sleeps until there may be something to take, or for a second. */
void pl_endpoint_rest(pl_endpoint *endpoint);

/* Wakes another worker, if there is more than this one has taken. */
void pl_endpoint_pass_on(pl_endpoint *endpoint);

/* This worker has run out of work: the coordinator is to know. */
void pl_endpoint_ring_idle(pl_endpoint *endpoint);

/* The coordinator is to know if little is left on the board and it has more to assign. */
void pl_endpoint_ring_low(pl_endpoint *endpoint);

/* ---- tasks ------------------------------------------------------------------------------------------------- */

/* The call's stop word. */
void *pl_endpoint_stop(pl_endpoint *endpoint);

/* c1: a task starts, or several. */
void pl_endpoint_start(pl_endpoint *endpoint, uint64_t now, uint64_t timeout_ns);

/* c2: they have ended. False if the worker has been killed: it is to report nothing, and to leave. */
bool pl_endpoint_end(pl_endpoint *endpoint);

/* Ends the process if it is a child that a task has forked, and that came back from the task: it is not this worker. */
void pl_endpoint_check(const pl_endpoint *endpoint);

/* Reports something to the coordinator. The text may be of any length, and NULL. */
void pl_endpoint_report(pl_endpoint *endpoint, const pl_report *report, const char *text);

/* When the entry was run, for a trace. The bell does not ring. */
void pl_endpoint_report_run(pl_endpoint *endpoint, const pl_assignment *assignment, const uint64_t ticks[2]);

/* Counts tasks that went well; and the time spent on entries. */
void pl_endpoint_count(pl_endpoint *endpoint, size_t tasks);
void pl_endpoint_spent(pl_endpoint *endpoint, uint64_t ticks);

/* Whether the worker is to leave: it has run as many tasks as it may; or one has made memory its own (arena.h) in which
 * a later call may have what it needs. In worker.c, as the board has nothing to do with that. */
bool pl_endpoint_is_spent(const pl_endpoint *endpoint);

#endif
