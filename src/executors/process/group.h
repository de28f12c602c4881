/* SPDX-License-Identifier: MIT */
/*
 * Worker groups: a supervisor and its workers, on one board.
 *
 * The supervisor is a process forked apart from the program (os_process.h); it forks the workers, so that they are nobody
 * else's children, and they have the program's memory as it was when the supervisor was forked. It has one thread, and waits
 * for what the system tells it (a child has ended, a task is late, the program has gone) and for notifies from the coordinator. It ends
 * with the program, however that ends, and its workers with it.
 *
 * ENDS. At its end the supervisor kills its children, and goes on to kill and reap what comes to it from those that
 * die, until it has no children: as a subreaper it is the parent of all that its workers have forked and left behind,
 * however often that has forked. What it cannot do so, because it is killed, or kill() is refused, others do: the
 * system kills workers whose supervisor has died; the keeper (os_process.h) is the next subreaper, and kills what is
 * left then; and it kills a supervisor that does not end when the program has ended. The coordinator kills one that does not do
 * as it is told. Each of these waits has a bound. Elsewhere than on Linux there are neither subreapers nor keepers:
 * there, process groups are killed, and workers look from time to time whether their supervisor is still there.
 *
 * A group serves one call at a time. One that is *kept* is persistent: it goes back to those of its owner (a pool, or the
 * program) that have nothing to do, for the next call. Owners are known by numbers that are not used again, and those that have
 * not ended stand in a list: a call may outlive the pool that it was made on, and then its group is nobody's.
 *
 * A group is not used any more when it could not do the next call, or would do it otherwise than a new one: when it has too few
 * workers, when code has been loaded or unloaded since (a function may be where there was nothing, or another), when the
 * arena has grown, when its supervisor has died, or when the calling thread's rights or directories (pl_os_attributes) are not
 * those with which the supervisor was forked.
 *
 * Who has forked the supervisor has given it and the workers a copy of the group. What they need to rely on is there: the board
 * (board.h) is written by all.
 */
#ifndef PL_PROCESS_GROUP_H
#define PL_PROCESS_GROUP_H

#include <stdnoreturn.h>

#include "base/os_process.h"
#include "executors/process/arena.h"
#include "executors/process/coordinator.h"

/* A pool that has worker groups of its own, as long as it generations; in the pool. */
typedef struct pl_group_owner {
    _Atomic(struct pl_group_owner *) next;
    uint64_t number;
} pl_group_owner;

typedef struct pl_group {
    _Atomic(struct pl_group *) next;
    uint64_t owner;
    pl_board *board;
    pl_block block; /* where that is */
    pl_coordinator coordinator;
    pl_os_apart apart;
    unsigned workers; /* slots */
    size_t index_at;  /* in the room of a slot */
    bool busy;
    unsigned forks;              /* pl_pool_forks() */
    unsigned regions;            /* of the arena, when it was forked */
    uint64_t images;             /* pl_os_images(), likewise, */
    pl_os_attributes attributes; /* and these, if it is to be kept */
    bool kept;
    int program; /* the process that it serves */
    int *pids;   /* the supervisor's: of the workers; 0: none */
    unsigned *generations;
    uint64_t *starts; /* pl_board_starts(), when they began */
    bool *killed;     /* it has killed them */
} pl_group;

/* A group of at least so many workers, new, or one that was kept; NULL with errno. Workers keep at `index_at`, in the room of
 * their slots, the index of the task that they are at. */
pl_group *pl_group_open(uint64_t owner, unsigned workers, bool kept, size_t index_at);

/* Keeps it for the next call of its owner, if there is one yet; or ends it. */
void pl_group_close(pl_group *group, bool keep);

/* Whether all of it has died. */
bool pl_group_is_gone(const pl_group *group);

/* The coordinator has changed something that the supervisor is to look at. */
void pl_group_notify(const pl_group *group);

/* At least so many workers are to be there, if they can be had. */
void pl_group_want(pl_group *group, unsigned workers);

/* All tasks that run are to be killed. */
void pl_group_kill_tasks(pl_group *group);

/* Kills the supervisor, and so all of it, without its help. */
void pl_group_kill(const pl_group *group);

/* How much longer the ends of its processes may take than those of small programs, in nanoseconds: they give back what
 * the fork has made. */
static inline uint64_t pl_group_slowness(const pl_group *group)
{
    return 10 * group->apart.fork_ns;
}

/* An owner comes: its number is set. One goes, and the worker groups that are kept for it end. Those of calls that are under way end with
 * these. */
void pl_group_begin_owner(pl_group_owner *owner);
void pl_group_end_owner(pl_group_owner *owner);

/* Ends those that are kept for an owner who stays. */
void pl_group_end_kept(uint64_t owner);

/* ---- between group.c, supervisor.c and worker.c ------------------------------------------------------------ */

/* The supervisor's main function, of a pl_group, */
void pl_group_run_supervisor(int line, void *group);

/* and a worker's. */
noreturn void pl_group_run_worker(const pl_group *group, unsigned slot, unsigned generation);

#endif
