/* SPDX-License-Identifier: MIT */
/* The coordinator's side of the board: the thread of the program whose call it is. board.h says how it works. */
#ifndef PL_PROCESS_COORDINATOR_H
#define PL_PROCESS_COORDINATOR_H

#include "executors/process/board.h"

/* The coordinator's own account of the board, in its own memory. */
typedef struct pl_coordinator {
    pl_board *board;
    unsigned slots;
    size_t index_at;              /* where in a slot's room the index is */
    uint64_t tail;                /* the next position */
    uint64_t published;           /* what the board knows of it */
    uint64_t first;               /* the position of this call's first assignment */
    unsigned open;                /* assignments that are not done */
    uint64_t tasks;               /* all that have been assigned in this call; who is assigned again counts again */
    unsigned active, wanted;      /* as told to the board */
    uint32_t kill_requests;       /* likewise */
    uint64_t watch_ns, work_seal; /* likewise */
    uint32_t deaths_read;
    uint64_t began, done_before;           /* when this call did, in ticks; and what had been counted in all slots */
    bool corrupted;                        /* the board contradicts itself */
    unsigned char state[PL_BOARD_ENTRIES]; /* of what has been assigned there in this call; the coordinator.c */
    uint64_t seal[PL_BOARD_ENTRIES];
    pl_assignment assigned[PL_BOARD_ENTRIES];
    struct {
        uint32_t read, died; /* bytes of reports; and generations */
        uint64_t done, busy; /* done: as far as it is believed; busy: before this call */
    } slot[PL_BOARD_SLOTS];
} pl_coordinator;

/* Of a board that pl_board_init() has made. `the coordinator` is all zero. */
void pl_coordinator_init(pl_coordinator *coordinator, pl_board *board, unsigned slots, size_t index_at);

/* A call begins: `active` workers, of which tasks are watched that may take `watch_ns`; 0: none are. */
void pl_coordinator_begin(pl_coordinator *coordinator, pl_board *board, const pl_board_work *job, unsigned active,
                          uint64_t watch_ns);
void pl_coordinator_end(pl_coordinator *coordinator);

/* At least so many workers are to be there: true if that is more than before. All tasks that run are to be killed. The
 * supervisor finds out when it looks next. */
bool pl_coordinator_want(pl_coordinator *coordinator, unsigned workers);
void pl_coordinator_kill_tasks(pl_coordinator *coordinator);

/* Offers some tasks, and says where. False if there is no room now. */
bool pl_coordinator_assign(pl_coordinator *coordinator, pl_assignment *assignment);

/* A place is assigned again only after all that has been reported of it has been read: pl_coordinator_look() before all reports are
 * read, and pl_coordinator_settle() after. The former also finds out whether the board is what the coordinator has made of it. */
void pl_coordinator_look(pl_coordinator *coordinator);
void pl_coordinator_settle(pl_coordinator *coordinator);

/* Nothing has been heard for a while, and all reports and deaths have been read: whether something has been taken that nobody has,
 * or is where nobody looks. All is done: whether that is what the board says of all that was assigned. */
void pl_coordinator_doubt(pl_coordinator *coordinator);
void pl_coordinator_verify(pl_coordinator *coordinator);

/* Whether the stop word is raised. */
bool pl_coordinator_stopped(const pl_coordinator *coordinator);

/* Whether there is more to be assigned: then somebody will ring in time. */
void pl_coordinator_has_more(pl_coordinator *coordinator, bool more);

/* Raises the stop word to `level`. */
void pl_coordinator_stop(pl_coordinator *coordinator, int level);

/* Why no worker can be had: an error code, or 0. */
int pl_coordinator_unavailable(const pl_coordinator *coordinator);

/* Sees to it that `workers` of them, if they sleep, look for what has been assigned. */
void pl_coordinator_call(pl_coordinator *coordinator, unsigned workers);

/* Takes back an assignment that nobody has taken. False if there is none. */
bool pl_coordinator_take_back(pl_coordinator *coordinator, pl_assignment *assignment);

/* Whether all that was assigned is done, as of the last pl_coordinator_look(). Reports may have to be read yet. */
bool pl_coordinator_all_done(const pl_coordinator *coordinator);

/* The next report of a slot, and its text, of at most PL_BOARD_TEXT bytes. False if there is none now. */
bool pl_coordinator_report(pl_coordinator *coordinator, unsigned slot, pl_report *report, char *text);

/* The next death; and what that worker had taken: false if that is nothing. */
bool pl_coordinator_death(pl_coordinator *coordinator, pl_death *death);
bool pl_coordinator_reclaim(pl_coordinator *coordinator, const pl_death *death, pl_assignment *assignment);

/* All have died. What some worker had taken, as if it had been killed: false if there is no more. */
bool pl_coordinator_reclaim_any(pl_coordinator *coordinator, pl_assignment *assignment, pl_death *death);

/* Whether somebody has taken the assignment at a place: `who` is another number for each generation and lap, and `starts` one
 * that changes whenever that worker starts something. */
bool pl_coordinator_taken(const pl_coordinator *coordinator, unsigned place, uint64_t *who, uint64_t *starts);

/* The bell; and to sleep as long as it is what it was, up to a time in nanoseconds. */
uint32_t pl_coordinator_bell(const pl_coordinator *coordinator);
void pl_coordinator_sleep(pl_coordinator *coordinator, uint32_t bell, uint64_t timeout_ns, bool soon);

/* Tasks of this call that went well, and ticks spent; false if they cannot be so many. */
uint64_t pl_coordinator_done(pl_coordinator *coordinator);
bool pl_coordinator_busy(const pl_coordinator *coordinator, uint64_t *ticks);

#endif
