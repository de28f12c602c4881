/* SPDX-License-Identifier: MIT */
/* A worker process: takes entries off the board and runs them. */
#include <pthread.h>

#include "base/life.h"
#include "base/os.h"
#include "call/context.h"
#include "executors/process/arena.h"
#include "executors/process/endpoint.h"
#include "executors/process/group.h"
#include "sched/pool.h"

static pl_endpoint *at_work; /* this worker's, while it runs an entry; else NULL */

bool pl_endpoint_is_spent(const pl_endpoint *endpoint)
{
    unsigned most = endpoint->work.tasks_per_worker;
    return (most && endpoint->ran >= most) || pl_arena_has_own();
}

static void run_assignment(pl_endpoint *endpoint, const pl_assignment *assignment)
{
    pl_os_limit_memory(endpoint->work.memory_limit);
    uint64_t began = pl_ticks();
    at_work = endpoint;
    endpoint->work.run(endpoint, assignment);
    at_work = NULL;
    uint64_t ended = pl_ticks();
    pl_endpoint_spent(endpoint, ended - began);
    if (endpoint->work.traced)
        pl_endpoint_report_run(endpoint, assignment, (uint64_t[]){began, ended});
    pl_endpoint_done(endpoint);
}

void pl_group_run_worker(const pl_group *group, unsigned number, unsigned generation)
{
    pl_endpoint endpoint;
    int supervisor = pl_os_parent();
    pl_context_enter_worker_process();
    pl_pool_stay_alone();
    pl_endpoint_begin(&endpoint, group->board, group->workers, group->index_at, number, generation);
    for (bool worked = false;;) {
        pl_assignment assignment;
        bool found = pl_endpoint_take(&endpoint, &assignment);
        if (worked && !found)
            pl_endpoint_ring_idle(&endpoint);
        else if (worked)
            pl_endpoint_ring_low(&endpoint);
        worked = found;
        if (!found) {
            pl_endpoint_rest(&endpoint);
            if (pl_os_parent() != supervisor) /* where the system does not end it with its supervisor */
                pl_os_leave(0);
            continue;
        }
        pl_endpoint_pass_on(&endpoint);
        run_assignment(&endpoint, &assignment);
        if (pl_endpoint_is_spent(&endpoint)) {
            pl_endpoint_ring_idle(&endpoint);
            pl_os_leave(0);
        }
    }
}

/* A task has forked. If its child returns from the task, it is not to go on as the worker; nor is it to write to the
 * worker's room on the board. */
static void after_fork_in_child(void)
{
    if (!at_work)
        return;
    pl_slot_board *slot = at_work->slot;
    uintptr_t page = pl_os_page(), first = (uintptr_t)slot->room / page * page;
    uintptr_t last = ((uintptr_t)slot->room + sizeof slot->room + page - 1) / page * page;
    if (pl_os_unshare((void *)first, last - first))
        at_work->work.orphan(slot->room);
    else
        pl_os_leave(1);
}

PL_LIFE(PL_LIFE_WORKER, .in_child = after_fork_in_child);
