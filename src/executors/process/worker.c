/* SPDX-License-Identifier: MIT */
/* A worker process: takes entries off the board and runs them. */
#include <pthread.h>

#include "base/os.h"
#include "executors/process/arena.h"
#include "executors/process/group.h"
#include "sched/pool.h"

static bool is_worker;
static pl_seat *at_work; /* the worker's, while it runs an entry */

bool pl_in_worker_process(void)
{
    return is_worker;
}

bool pl_seat_is_spent(const pl_seat *seat)
{
    unsigned most = seat->job.tasks_per_worker;
    return (most && seat->ran >= most) || pl_arena_has_own();
}

void pl_work(const pl_crew *crew, unsigned number, unsigned life)
{
    pl_seat seat;
    int supervisor = pl_os_parent();
    is_worker = true;
    pl_pool_stay_alone();
    pl_seat_begin(&seat, crew->board, crew->workers, crew->index_at, number, life);
    for (bool worked = false;;) {
        pl_offer offer;
        bool found = pl_seat_take(&seat, &offer);
        if (worked)
            pl_seat_tell(&seat, !found);
        worked = found;
        if (!found) {
            pl_seat_rest(&seat);
            if (pl_os_parent() != supervisor) /* where the system does not see to that */
                pl_os_leave(0);
            continue;
        }
        pl_seat_pass_on(&seat);
        pl_os_limit_memory(seat.job.memory_limit);
        uint64_t began = pl_ticks();
        at_work = &seat;
        seat.job.run(&seat, &offer);
        at_work = NULL;
        pl_seat_spent(&seat, pl_ticks() - began);
        pl_seat_done(&seat);
        if (pl_seat_is_spent(&seat)) {
            pl_seat_tell(&seat, true);
            pl_os_leave(0);
        }
    }
}

/* A task has forked. Should its child return, it is not to go on with what is the worker's; nor does it write to the
 * worker's room on the board. */
static void after_fork_in_child(void)
{
    if (!at_work)
        return;
    pl_slot_board *slot = at_work->slot;
    uintptr_t page = pl_os_page(), first = (uintptr_t)slot->room / page * page;
    uintptr_t last = ((uintptr_t)slot->room + sizeof slot->room + page - 1) / page * page;
    if (pl_os_unshare((void *)first, last - first))
        at_work->job.stray(slot->room);
    else
        pl_os_leave(1);
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, after_fork_in_child);
}
