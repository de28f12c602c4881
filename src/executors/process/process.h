/* SPDX-License-Identifier: MIT */
/*
 * Calls on worker processes: what the coordinator does, which is the thread that makes the call, or performs it.
 *
 * The coordinator assigns tasks to workers, takes in what they report and which of them have died, and decides what is
 * to become of each failed task, as call_worker.c does for threads: its failure is noted, or it is tried again later.
 * It runs nothing itself. What a worker has left undone is assigned again, and so is what a worker had still before it
 * when it died; the task that it died in is not. If the supervisor dies, all workers do, and the coordinator goes on
 * with another group.
 *
 * How workers are reached is the affair of coordinator.h and group.h. The files here know the board only as that
 * account.
 *
 * A GROUP THAT DOES NOT FOLLOW. Where there are timeouts, the coordinator has to come back, whatever tasks have done to
 * workers, board and supervisor. So it has a clock of its own, which counts how often it has looked, once in 10 ms at
 * most: what stops the whole program, such as a debugger or a frozen container, does not count. The group is given up,
 * and is killed, if
 *
 *      - it was told to kill what runs, and after a grace period not all is done;
 *      - a worker has taken an assignment, and has started nothing for as long as a task may take, and a grace period,
 *        in which the supervisor would have killed it; or has had the assignment for longer than all of its tasks may
 *        take;
 *      - there are assignments, and no worker has taken any, for a grace period.
 *
 * Grace periods are longer where a fork took long. What was taken by a worker that is late then is PARALLEL_TIMED_OUT.
 *
 * process.c begins and ends calls, and gets worker groups; layout.c gives workers what they need; assignments.c knows
 * what has become of each task.
 */
#ifndef PL_PROCESS_PROCESS_H
#define PL_PROCESS_PROCESS_H

#include "call/call_worker.h"
#include "executors/process/group.h"
#include "executors/process/remote.h"

/* Tasks to be assigned. */
typedef struct pl_pending {
    pl_assignment assignment;
    pl_retry *retry; /* what the attempt before came to; NULL: it is the first */
} pl_pending;

/* What is outstanding at a place of the board: what the coordinator knows of the assignment that it has put there
 * last. */
typedef struct pl_outstanding {
    /* What the attempt before came to. NULL: there was none, or it does not count any more. */
    pl_retry *retry;

    /* What the worker has reported. */
    bool reported;         /* anything */
    size_t ended;          /* the tasks before this one have ended */
    size_t left;           /* this task and those after it have been given back */
    char *message;         /* of the failure that is reported next, as far as it has come */
    size_t message_length; /* in bytes */

    /* How long the worker has it, by the coordinator's own clock. */
    uint64_t holder, starts; /* pl_coordinator_taken() */
    uint64_t since;          /* when `holder` became what it is */
    uint64_t changed;        /* when `holder` or `starts` changed last */
    bool late;               /* that is too long ago */
} pl_outstanding;

/* Tasks [begin, end). */
typedef struct pl_stretch {
    size_t begin, end;
} pl_stretch;

typedef struct pl_process_call {
    pl_call *call;
    pl_call_worker worker; /* the coordinator, as a worker on the call that notes failures and reports progress */
    pl_group *group;
    pl_coordinator *coordinator; /* the group's */
    unsigned groups;             /* that died in a row and had done nothing */

    /* What the call asks for. */
    pl_group_kind kind;   /* of its groups */
    bool kept;            /* workers serve other calls, too: they are sent arguments */
    bool is_short;        /* it is expected to be over so soon that it is worth one worker, and being awake for */
    unsigned workers;     /* at most */
    uint64_t watch_ns;    /* the shortest timeout of its tasks; 0: none has one */
    size_t least;         /* tasks to be assigned at once, at least */
    size_t whole;         /* tasks to be assigned at once, but for the last ones; 0: any number */
    uint64_t traced_call; /* its number in a trace; 0: there is none */
    pl_board_work work;   /* as workers read it on the board */

    /* What workers read and write, but for results that the call has room for in the arena: layout.c. */
    pl_block block;
    pl_remote *remote;     /* in the block */
    unsigned char *sent;   /* where the block has copies of a map's arguments; NULL: there are none */
    bool copies_results;   /* results are in the block, to be copied to the program's vector */
    unsigned char *vector; /* the program's; NULL: it has none */
    pl_stretch *alone;     /* tasks that are not run, and whose results in the vector are left as they are */
    size_t alone_count;

    /* What is to be assigned. */
    size_t next;         /* the first task that has never been assigned, as all after it */
    pl_pending *pending; /* to be assigned before it */
    size_t pending_count, pending_room;

    /* How far it is. */
    uint64_t counted; /* tasks that the group has done, as far as they have been added to `worker` */
    size_t reported;  /* tasks that the program's callback has been told of */
    int over;         /* why nothing more is to start: an error code; 0: tasks may start */
    bool lost;        /* there was no memory to keep an account of something */

    /* The coordinator's own clock, in nanoseconds. */
    uint64_t clock;
    uint64_t looked;     /* when it was moved, by the system's clock */
    uint64_t moved;      /* when a worker was last seen to have taken something, or nothing was open */
    bool killed;         /* the supervisor has been told to kill what runs */
    uint64_t kill_asked; /* when that was first */

    pl_outstanding outstanding[PL_BOARD_ENTRIES]; /* by place; not set where nothing has been assigned */
} pl_process_call;

/* ---- layout.c ---------------------------------------------------------------------------------------------- */

/* Gets memory for what workers are given, and fills it in. False if there is no memory. */
bool pl_process_lay_out(pl_process_call *p);

/* ---- assignments.c ----------------------------------------------------------------------------------------- */

/* Assigns what there is, as far as there is room. Whether that was anything. */
bool pl_process_feed(pl_process_call *p);

/* Takes in all that workers and the supervisor have to say. Whether that was anything. */
bool pl_process_take_in(pl_process_call *p);

/* Whether the group does not do what there is to do, or only in far more time than tasks may take; to be asked each
 * time that the coordinator's clock has moved. */
bool pl_process_is_stuck(pl_process_call *p);

/* A worker has died that had taken `assignment`. */
void pl_process_reclaim(pl_process_call *p, const pl_death *death, const pl_assignment *assignment);

/* Tasks [begin, end) of `assignment` are to be assigned again. `retry` is what the attempt before came to. */
void pl_process_put_off(pl_process_call *p, const pl_assignment *assignment, size_t begin, size_t end, pl_retry *retry);

/* An assignment that has not been begun, and will not be: it is not run, or the attempt before, if there was one,
 * counts. */
void pl_process_drop(pl_process_call *p, const pl_assignment *assignment, pl_retry *retry);

/* The attempt before counts: there is not going to be another. */
void pl_process_give_up(pl_process_call *p, pl_retry *retry);

/* Tasks [begin, end) are not run. */
void pl_process_leave_out(pl_process_call *p, size_t begin, size_t end);

/* Copies results to the program's vector, but for those of tasks that are not run. */
void pl_process_copy_back(pl_process_call *p);

/* What is outstanding of the assignment at a position. */
pl_outstanding *pl_process_outstanding(pl_process_call *p, uint64_t position);

/* What the attempt before that of what stands at `position` came to, the caller's from now on. NULL: it is the
 * first. */
pl_retry *pl_process_take_retry(pl_process_call *p, uint64_t position);

/* Frees what is kept of all that has been assigned to the group. */
void pl_process_forget_all(pl_process_call *p);

#endif
