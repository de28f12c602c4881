/* SPDX-License-Identifier: MIT */
/*
 * Worker groups: a supervisor and its workers, on one board.
 *
 * The supervisor is a process forked apart from the program (os_process.h). It forks the workers, so that they are
 * children of no part of the program, and they have the program's memory as it was when the supervisor was forked. It
 * has one thread, and waits for what the system tells it (a child has ended, a task is late, the program has ended) and
 * for the coordinator to notify it. It ends with the program, however that ends, and its workers with it.
 *
 * ENDS. At its end the supervisor kills its children, and goes on to kill and reap what comes to it from those that
 * die, until it has no children: as a subreaper it is the parent of all that its workers have forked and left behind,
 * however often that has forked. What it cannot kill so, because it is killed itself, or kill() is refused, others do:
 * the system kills workers whose supervisor has died; the keeper (os_process.h) is the next subreaper, and kills what
 * is left then; and it kills a supervisor that does not end when the program has ended. The coordinator kills a
 * supervisor that does not do as it is told. Each of these waits has a bound. Elsewhere than on Linux there are neither
 * subreapers nor keepers: there, process groups are killed, and workers look from time to time whether their supervisor
 * is still there.
 *
 * KEPT GROUPS. A group serves one call at a time. One that is *kept* waits after a call, among those of its owner (a
 * pool, the program, or a stream that has its own) that have nothing to do, for the next call. Owners are known by
 * numbers that are not used again, and those that have not ended stand in a list: a call may outlive the pool that it
 * was made on, and then its group has no owner, and ends with the call.
 *
 * A kept group is not used any more when it could not do the next call, or would do it otherwise than a new one: when
 * it has too few workers, when code has been loaded or unloaded since (a function may be where there was nothing, or
 * another), when the arena has grown, when its supervisor has died, or when the calling thread's rights or directories
 * (pl_os_attributes) are not those with which the supervisor was forked.
 *
 * When the supervisor is forked, it and its workers get a copy of the group. What they need to rely on is there: the
 * board (board.h) is written by all.
 */
#ifndef PL_PROCESS_GROUP_H
#define PL_PROCESS_GROUP_H

#include <stdnoreturn.h>

#include "base/os_process.h"
#include "executors/process/arena.h"
#include "executors/process/coordinator.h"

/* A pool or the like that has worker groups of its own, as long as it lives. It has this as a member. */
typedef struct pl_group_owner {
    _Atomic(struct pl_group_owner *) next;
    uint64_t number;
} pl_group_owner;

/* What a group is for. */
typedef enum pl_group_kind {
    PL_GROUP_ONCE,      /* one call, whose files workers have */
    PL_GROUP_OWN,       /* the calls of an owner, one after the other; workers have the files of the first */
    PL_GROUP_PERSISTENT /* the same; they have none of the program's files */
} pl_group_kind;

typedef struct pl_group {
    _Atomic(struct pl_group *) next;
    uint64_t owner; /* its number */
    bool busy;      /* a call has it */
    pl_group_kind kind;
    bool kept;        /* it may serve other calls after the first: it is not PL_GROUP_ONCE */
    unsigned workers; /* slots */
    size_t index_at;  /* where in the room of a slot the index is */
    pl_board *board;
    pl_block block; /* where the board is */
    pl_coordinator coordinator;
    pl_os_apart apart; /* the supervisor, as the program knows it */
    int program;       /* the process that it serves */

    /* What there was when the supervisor was forked. */
    unsigned forks;              /* pl_pool_forks() */
    unsigned regions;            /* pl_arena_regions() */
    uint64_t images;             /* pl_os_images() */
    pl_os_attributes attributes; /* of a group that is kept */

    /* The supervisor's, by slot. */
    int *pids;             /* of workers; 0: there is none */
    unsigned *generations; /* their numbers */
    uint64_t *starts;      /* pl_board_starts() when the worker was forked */
    bool *killed;          /* it has killed the worker */
} pl_group;

/* A group of at least so many workers, new, or one that was kept; NULL with errno. Workers keep the index of the task
 * that they are at in the rooms of their slots, at `index_at`. */
pl_group *pl_group_open(uint64_t owner, unsigned workers, pl_group_kind kind, size_t index_at);

/* Ends a group that is the caller's. */
void pl_group_end(pl_group *group);

/* Keeps it for the next call of its owner, if it was opened for that, the owner is still there, and has not too many
 * already. Else ends it. */
void pl_group_keep(pl_group *group);

/* Whether this is a child of the process that the group serves. */
bool pl_group_is_foreign(const pl_group *group);

/* Whether all of it has died, or it is foreign. */
bool pl_group_is_gone(const pl_group *group);

/* The coordinator has changed something that the supervisor is to look at. */
void pl_group_notify(const pl_group *group);

/* At least so many workers are to be there, if they can be had. */
void pl_group_want(pl_group *group, unsigned workers);

/* All tasks that run are to be killed, by the supervisor. */
void pl_group_kill_tasks(pl_group *group);

/* Kills the supervisor, and so all of the group, without its help. */
void pl_group_kill(const pl_group *group);

/* How much longer the ends of its processes may take than those of small programs, in nanoseconds: they give back what
 * the fork has made. */
static inline uint64_t pl_group_slowness(const pl_group *group)
{
    return 10 * group->apart.fork_ns;
}

/* ---- owners ------------------------------------------------------------------------------------------------ */

/* A new owner: sets its number. */
void pl_group_begin_owner(pl_group_owner *owner);

/* An owner goes, and the groups that are kept for it end. Those of calls that are under way end with these. */
void pl_group_end_owner(pl_group_owner *owner);

/* Ends the groups that are kept for an owner that stays. */
void pl_group_end_kept(uint64_t owner);

/* ---- between group.c, supervisor.c and worker.c ------------------------------------------------------------ */

/* The supervisor's main function. `group` is a pl_group. */
void pl_group_run_supervisor(int line, void *group);

/* A worker's main function. */
noreturn void pl_group_run_worker(const pl_group *group, unsigned slot, unsigned generation);

#endif
