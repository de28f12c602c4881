/* SPDX-License-Identifier: MIT */
/* A worker process: takes entries off the board and runs them. */
#include <stdio.h>

#include "base/os.h"
#include "process/crew.h"
#include "sched/pool.h"

/* How often a worker that finds nothing looks again before it sleeps; and for how long it sleeps before it looks whether its
 * supervisor is still there, where the system does not see to that. */
#define LOOKS 300
#define SLEEP_NS UINT64_C(1000000000)

static bool is_worker;

bool pl_in_worker_process(void)
{
    return is_worker;
}

/* Waits until there may be something to do. */
static void rest(pl_seat *seat, int supervisor)
{
    pl_slot_board *slot = seat->slot;
    for (int i = 0; i < LOOKS; i++) {
        if (pl_seat_sees_work(seat))
            return;
        pl_pause();
    }
    /* P7 seq_cst: s1, before s2 in S; pairs with P6, P8 */
    atomic_store_explicit(&slot->asleep, 1, memory_order_seq_cst);
    if (!pl_seat_sees_work(seat))
        pl_os_shared_wait(&slot->asleep, 1, SLEEP_NS);
    /* P70 relaxed: who resets it meanwhile wakes nobody; pairs with P6, P8 */
    atomic_store_explicit(&slot->asleep, 0, memory_order_relaxed);
    if (pl_os_parent() != supervisor)
        pl_os_leave(0);
}

/* There is more than this worker takes: wakes another. */
static void pass_on(pl_seat *seat)
{
    /* P71 relaxed: as P16; pairs with P17 */
    unsigned active = atomic_load_explicit(&seat->board->active, memory_order_relaxed);
    for (unsigned i = 0; i < active; i++)
        if (i != seat->number && pl_board_wake(seat->board, i))
            return;
}

/* Home is to know when a worker finds no more, or little more and home has more to offer. */
static void tell_home(pl_seat *seat, bool found)
{
    pl_board *board = seat->board;
    /* P72 relaxed: a hint, whose change is followed by an offer; pairs with P73 */
    if (!found || atomic_load_explicit(&board->more, memory_order_relaxed)) {
        /* P74 relaxed: a hint; pairs with P10 */
        uint64_t tail = atomic_load_explicit(&board->tail, memory_order_relaxed);
        if (!found || tail - seat->entry <= PL_BOARD_ENTRIES / 4)
            pl_board_ring(board);
    }
}

void pl_work(const pl_crew *crew, unsigned number, unsigned life)
{
    pl_board *board = crew->board;
    pl_seat seat = {.board = board, .slot = &board->slot[number], .number = number, .life = life};
    int supervisor = pl_os_parent();
    is_worker = true;
    pl_pool_stay_alone();
    seat.forks = pl_pool_forks();
    /* P76 relaxed: the last life's; no partner */
    seat.run = atomic_load_explicit(&seat.slot->run, memory_order_relaxed) & ~UINT64_C(3);
    /* P77 relaxed: this life is at no task; no partner */
    atomic_store_explicit(&seat.slot->run, seat.run, memory_order_relaxed);
    *pl_slot_index(board, number) = PL_NO_INDEX;
    for (bool worked = false;;) {
        pl_offer offer;
        bool found = pl_seat_take(&seat, &offer);
        if (worked)
            tell_home(&seat, found);
        worked = found;
        if (!found) {
            rest(&seat, supervisor);
            continue;
        }
        if (pl_seat_sees_work(&seat))
            pass_on(&seat);
        pl_os_limit_memory(board->job.memory_limit);
        uint64_t began = pl_ticks();
        board->job.run(&seat, &offer);
        pl_seat_check(&seat);
        pl_seat_spent(&seat, pl_ticks() - began);
        fflush(stdout);
        unsigned most = board->job.tasks_per_worker;
        pl_seat_done(&seat);
        if (most && seat.ran >= most) {
            tell_home(&seat, false);
            pl_os_leave(0);
        }
    }
}
