/* SPDX-License-Identifier: MIT */
/*
 * Calls on worker processes: the coordinator, the thread that makes the call, or performs it.
 *
 * The coordinator assigns tasks on the board (process/board.h), takes in what workers report and the supervisor notes, and decides what is
 * to become of each failed task, as policy.c does for threads: noted, or tried again later (retry.c's heap). It runs nothing
 * itself. What a worker has left undone, or was taking care of when it died, is assigned again; a task that a worker died
 * in is not. If the supervisor dies, all workers do, and the coordinator goes on with another group.
 *
 * Where there are timeouts, the coordinator has to come back, whatever tasks have done to workers, board and supervisor. So it
 * has a clock of its own, which counts how often it has looked, once in 10 ms at most: what stops the whole program,
 * such as a debugger or a frozen container, does not count. The group is as good as dead, and is killed, if
 *
 *      - it was told to kill what runs, and after a grace period not all is done;
 *      - somebody has taken an assignment, and has started nothing for as long as a task may take, and a grace period, in
 *        which the supervisor would have killed it; or has had the assignment for longer than all of its tasks may take;
 *      - there are assignments, and nobody has taken any, for a grace period.
 *
 * Graces are longer where a fork took long. What was taken by whoever is late then is PARALLEL_TIMED_OUT.
 *
 * process.c begins and ends calls, and gets worker groups; assignments.c knows what has become of each task.
 */
#ifndef PL_PROCESS_PROCESS_H
#define PL_PROCESS_PROCESS_H

#include "call/call_worker.h"
#include "executors/process/remote.h"
#include "executors/process/group.h"

/* Tasks to be assigned, of which the last attempt came to `retry`, if that is not the first. */
typedef struct pl_pending {
    pl_assignment assignment;
    pl_retry *retry;
} pl_pending;

/* What has come of a worker's message so far, by slot. */
typedef struct pl_received {
    char *message;
    size_t length;
    uint64_t position; /* of the assignment that it is about */
} pl_received;

/* What workers have reported of what is assigned at a place: tasks before `ended` have ended, and those from `left` on have been
 * given back. */
typedef struct pl_progressed {
    size_t ended, left;
    bool any; /* something */
} pl_progressed;

/* What the coordinator has seen of an assignment that somebody has taken. */
typedef struct pl_waited {
    uint64_t who, starts; /* pl_coordinator_taken() */
    uint64_t since;       /* when that began, and when it changed, by the coordinator's own clock: */
    uint64_t changed;
    bool late;
} pl_waited;

/* Tasks [begin, end). */
typedef struct pl_stretch {
    size_t begin, end;
} pl_stretch;

typedef struct pl_process_call {
    pl_call *call;
    pl_call_worker run;
    pl_group *group;
    pl_coordinator *coordinator;
    pl_block block;        /* what workers read and write but the results of a vector, */
    unsigned char *memory; /* which begins here; NULL: as yet it is only known how large it is to be, */
    size_t alignment;      /* and how it is to be aligned */
    pl_remote *remote;
    unsigned char *sent; /* where copies of a map's arguments go; NULL: they are not sent */
    pl_board_work job;
    unsigned workers;
    uint64_t watch_ns;
    bool persistent, back; /* results have to be copied to the program's vector: */
    unsigned char *vector;
    pl_stretch *alone; /* but for those of tasks that are not run */
    size_t alone_count;
    size_t next;         /* the first task that has not been assigned */
    size_t least, whole; /* tasks to assignment at once: at least; 0, or all but the last */
    pl_pending *pending; /* to be assigned before */
    size_t pending_count, room;
    pl_received *received;      /* by slot */
    bool killed;                /* the supervisor has been told to kill what runs */
    uint64_t clock, looked;     /* the coordinator's own, in nanoseconds; and when it was set by the system's */
    uint64_t kill_asked, moved; /* when that was first; and when somebody was last seen to have taken something */
    uint64_t counted;           /* of what the group has done */
    size_t reported;            /* that so many have ended */
    int over;                   /* why nothing more is to start */
    unsigned groups;            /* that have done nothing */
    bool lost;                  /* there was no memory for something */
    /* by where they are assigned; not set before that */
    pl_retry *trying[PL_BOARD_ENTRIES];
    pl_progressed progress[PL_BOARD_ENTRIES];
    pl_waited waited[PL_BOARD_ENTRIES];
} pl_process_call;

/* Offers what there is, as far as there is room. Whether that was anything. */
bool pl_process_feed(pl_process_call *p);

/* Takes in all that workers and the supervisor have to say; whether that was anything. */
bool pl_process_take_in(pl_process_call *p);

/* Whether the group does not do what there is to do, or only in far more time than tasks may take; each time that
 * the coordinator's clock has moved. */
bool pl_process_is_stuck(pl_process_call *p);

/* A worker has died that had taken `assignment`. */
void pl_process_reclaim(pl_process_call *p, const pl_death *death, const pl_assignment *assignment);

/* To be assigned (again): tasks [begin, end), whose last attempt came to `retry`. */
void pl_process_put_off(pl_process_call *p, const pl_assignment *assignment, size_t begin, size_t end, pl_retry *retry);

/* An assignment that nobody has begun, and nobody will: it is not run, or its last attempt counts. */
void pl_process_drop(pl_process_call *p, const pl_assignment *assignment, pl_retry *retry);

/* The attempt that came before is the last. */
void pl_process_give_up(pl_process_call *p, pl_retry *r);

/* Tasks [begin, end) are not run. */
void pl_process_leave_out(pl_process_call *p, size_t begin, size_t end);

/* Copies results to the program's vector, but for those of tasks that are not run. */
void pl_process_copy_back(pl_process_call *p);

/* The attempt before that of what stands at `position`, the caller's from now on; NULL: it was the first. */
pl_retry *pl_process_take_retry(pl_process_call *p, uint64_t position);

/* The attempt before that of what stands at `position` does not count any more. */
void pl_process_forget_retry(pl_process_call *p, uint64_t position);

#endif
