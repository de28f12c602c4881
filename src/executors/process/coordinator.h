/* SPDX-License-Identifier: MIT */
/*
 * The coordinator's side of the board. The coordinator is the thread of the program whose call it is.
 *
 * Together with what group.h does to a whole group (wanting workers, killing), this is all that process.c and
 * assignments.c know of how workers are reached: which worker has which range, what came back, and which workers died.
 * board.h says how it works.
 *
 *      assign, take back          pl_coordinator_assign(), pl_coordinator_take_back()
 *      what has become of it      pl_coordinator_look(), then pl_coordinator_report() and pl_coordinator_death() with
 *                                 pl_coordinator_reclaim(), then pl_coordinator_settle()
 *      sleep until there is more  pl_coordinator_bell(), pl_coordinator_spin(), pl_coordinator_sleep()
 *      stop, kill                 pl_coordinator_stop(), pl_coordinator_kill_tasks()
 */
#ifndef PL_PROCESS_COORDINATOR_H
#define PL_PROCESS_COORDINATOR_H

#include "executors/process/board.h"

/* What the coordinator knows of a slot. */
typedef struct pl_coordinator_slot {
    uint32_t read; /* bytes of its reports that have been read */
    uint32_t died; /* generations that are known to have died */
    uint64_t done; /* tasks that went well, as far as the slot's counter is believed */
    uint64_t busy; /* ticks spent on entries before this call */
} pl_coordinator_slot;

/* The coordinator's own account of the board, in its own memory. */
typedef struct pl_coordinator {
    pl_board *board;
    unsigned slots;
    size_t index_at;    /* where in a slot's room the index is */
    uint64_t tail;      /* the next position */
    uint64_t published; /* the tail as the board has it: places that are passed over are not published */
    uint64_t first;     /* the position of this call's first assignment */
    unsigned open;      /* assignments that are not done */
    uint64_t tasks;     /* all that have been assigned in this call; a task that is assigned again counts again */

    /* What has been written to the board. */
    unsigned active, wanted;
    uint32_t kill_requests;
    uint64_t watch_ns;
    uint32_t deaths_read;

    uint64_t work_seal;                    /* the seal of what there is to do */
    uint64_t began;                        /* when this call did, in ticks */
    uint64_t done_before;                  /* the sum of all slots' counters then */
    bool corrupted;                        /* the board contradicts itself */
    unsigned char state[PL_BOARD_ENTRIES]; /* of each place: a place_state (coordinator.c) */
    uint64_t seal[PL_BOARD_ENTRIES];
    pl_assignment assigned[PL_BOARD_ENTRIES];
    pl_coordinator_slot slot[PL_BOARD_SLOTS];
} pl_coordinator;

/* ---- a call ------------------------------------------------------------------------------------------------ */

/* Of a board that pl_board_init() has made. The coordinator is all zero. */
void pl_coordinator_init(pl_coordinator *co, pl_board *board, unsigned slots, size_t index_at);

/* A call begins, with `active` workers. `watch_ns` is the shortest timeout of its tasks; 0: none has one. */
void pl_coordinator_begin(pl_coordinator *co, const pl_board_work *work, unsigned active, uint64_t watch_ns);
void pl_coordinator_end(pl_coordinator *co);

/* At least so many workers are to be there: true if that is more than before. The supervisor finds out when it looks
 * next. */
bool pl_coordinator_want(pl_coordinator *co, unsigned workers);

/* All tasks that run are to be killed. The supervisor finds out when it looks next. */
void pl_coordinator_kill_tasks(pl_coordinator *co);

/* Raises the call's stop word to `level`; and whether it is raised. */
void pl_coordinator_stop(pl_coordinator *co, int level);
bool pl_coordinator_stopped(const pl_coordinator *co);

/* Why no worker can be had: an error code, or 0. */
int pl_coordinator_unavailable(const pl_coordinator *co);

/* ---- assignments ------------------------------------------------------------------------------------------- */

/* Assigns some tasks, and sets the position. False if there is no room now. */
bool pl_coordinator_assign(pl_coordinator *co, pl_assignment *assignment);

/* Whether there is more than what is on the board. If so, the bell rings while there is still something on the
 * board. */
typedef enum pl_rest { PL_NOTHING_LEFT, PL_MORE_TO_COME } pl_rest;
void pl_coordinator_announce_rest(pl_coordinator *co, pl_rest rest);

/* Wakes up to so many workers, if they sleep, so that they look for what has been assigned. */
void pl_coordinator_call(pl_coordinator *co, unsigned workers);

/* Takes back an assignment that no worker has taken. False if there is none. */
bool pl_coordinator_take_back(pl_coordinator *co, pl_assignment *assignment);

/* The assignment at a position. NULL if none of this call stands there. */
const pl_assignment *pl_coordinator_assigned(const pl_coordinator *co, uint64_t position);

/* How many places of the board this call has used, and which is the i-th: what is at `position` stands at place
 * position % PL_BOARD_ENTRIES. */
unsigned pl_coordinator_places(const pl_coordinator *co);
unsigned pl_coordinator_place(const pl_coordinator *co, unsigned i);

/* The assignment at a place, if a worker has taken it; or NULL. `holder` is another number for each generation and lap,
 * and `starts` one that changes whenever that worker starts something. */
const pl_assignment *pl_coordinator_taken(const pl_coordinator *co, unsigned place, uint64_t *holder, uint64_t *starts);

/* ---- what comes back --------------------------------------------------------------------------------------- */

/* Finds out which assignments are done, and whether the board is what the coordinator has made of it. */
void pl_coordinator_look(pl_coordinator *co);

/* The assignment at a place, if a worker has run it, and that is known only since the last pl_coordinator_settle(); or
 * NULL. */
const pl_assignment *pl_coordinator_run(const pl_coordinator *co, unsigned place);

/* All reports have been read since pl_coordinator_look(): only now the places of what was done then are used again. */
void pl_coordinator_settle(pl_coordinator *co);

/* Whether all that was assigned is done, as of the last pl_coordinator_look(). There may be reports that have not been
 * read. */
bool pl_coordinator_all_done(const pl_coordinator *co);

/* The next report of a slot, and its text, of at most PL_BOARD_TEXT bytes. False if there is none now. */
bool pl_coordinator_report(pl_coordinator *co, unsigned slot, pl_report *report, char *text);

/* The next death. False if there is none now. */
bool pl_coordinator_death(pl_coordinator *co, pl_death *death);

/* Takes what that worker had taken. False if that is nothing. */
bool pl_coordinator_reclaim(pl_coordinator *co, const pl_death *death, pl_assignment *assignment);

/* All have died, with the supervisor. Takes what some worker had taken, and makes up its death: killed by others,
 * unless it was KILLED. False if there is no more. */
bool pl_coordinator_reclaim_any(pl_coordinator *co, pl_assignment *assignment, pl_death *death);

/* Tasks of this call that went well. */
uint64_t pl_coordinator_done(pl_coordinator *co);

/* Ticks that workers have spent on entries in this call. False if they cannot be so many. */
bool pl_coordinator_busy(const pl_coordinator *co, uint64_t *ticks);

/* ---- trust ------------------------------------------------------------------------------------------------- */

/* Nothing has been heard for a while, and all reports and deaths have been read: looks for what is taken and no worker
 * has, and for what is FREE and no worker looks at. */
void pl_coordinator_doubt(pl_coordinator *co);

/* All is done: compares that with what the board says of all that was assigned. */
void pl_coordinator_verify(pl_coordinator *co);

/* What the board says cannot be true. */
void pl_coordinator_distrust(pl_coordinator *co);

/* Whether that has been found, by any of these functions. */
bool pl_coordinator_is_corrupted(const pl_coordinator *co);

/* ---- sleep ------------------------------------------------------------------------------------------------- */

/* The bell, a number that changes whenever there is something for the coordinator. */
uint32_t pl_coordinator_bell(const pl_coordinator *co);

/* Looks at the bell for a short while. Whether it has changed from what it was. */
bool pl_coordinator_spin(const pl_coordinator *co, uint32_t bell);

/* Sleeps as long as the bell is what it was, but no longer than a time in nanoseconds. */
void pl_coordinator_sleep(pl_coordinator *co, uint32_t bell, uint64_t timeout_ns);

#endif
