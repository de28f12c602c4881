/* SPDX-License-Identifier: MIT */
/* Scenarios on the board of worker processes: here, its parties are threads. */
#include "model/model.h"

#include <string.h>

#include "process/board.h"

enum { SLOTS = 2, QUIT = 100 };

static union {
    pl_board board;
    unsigned char room[sizeof(pl_board) + SLOTS * sizeof(pl_slot_board)];
} memory;
static pl_home home;
static int taken_back, condemned, spared;
static event looked;

static void set_up_board(void)
{
    pl_board_init(&memory.board, SLOTS, 0);
    memset(&home, 0, sizeof home);
    pl_home_begin(&home, &memory.board, &(pl_board_job){.timed = false}, SLOTS, 0);
    memset(ran, 0, sizeof ran);
    memset(&looked, 0, sizeof looked);
    taken_back = condemned = spared = 0;
}

/* A worker as worker.c has it, until it is offered QUIT. */
static void work(void)
{
    unsigned number = (unsigned)model_self() - 1;
    pl_seat seat = {.board = &memory.board, .slot = &memory.board.slot[number], .number = number, .life = 1};
    pl_offer offer;
    for (bool worked = false;;) {
        bool found = pl_seat_take(&seat, &offer);
        if (worked)
            pl_seat_tell(&seat, !found);
        worked = found;
        if (!found) {
            pl_seat_rest(&seat);
            continue;
        }
        pl_seat_pass_on(&seat);
        for (size_t i = offer.begin; i < offer.end && offer.begin != QUIT; i++)
            ran[i]++;
        pl_seat_done(&seat);
        if (offer.begin == QUIT)
            return;
    }
}

/* There are none, but a place is offered again only after that. */
static void read_reports(void)
{
    pl_home_look(&home);
    pl_home_settle(&home);
    model_assert(!home.corrupted);
}

static void offer_one(size_t begin)
{
    model_assert(pl_home_offer(&home, &(pl_offer){.begin = begin, .end = begin + 1}));
}

static void await_all(void)
{
    for (;;) {
        uint32_t bell = pl_home_bell(&home);
        read_reports();
        if (pl_home_all_done(&home))
            return;
        pl_home_sleep(&home, bell, UINT64_MAX, false);
    }
}

static void dismiss(int workers)
{
    read_reports();
    for (int i = 0; i < workers; i++)
        offer_one(QUIT);
    pl_home_call(&home, SLOTS);
}

static void offer_two(void)
{
    offer_one(0);
    offer_one(1);
    pl_home_call(&home, 1);
    await_all();
    model_assert(ran[0] == 1 && ran[1] == 1);
    dismiss(2);
}

static void offer_more_than_fit(void)
{
    for (size_t next = 0; next < 6;) {
        uint32_t bell = pl_home_bell(&home);
        read_reports();
        pl_home_has_more(&home, true);
        while (next < 6 && pl_home_offer(&home, &(pl_offer){.begin = next, .end = next + 1}))
            next++;
        pl_home_call(&home, 1);
        if (next < 6)
            pl_home_sleep(&home, bell, UINT64_MAX, false);
    }
    pl_home_has_more(&home, false);
    await_all();
    dismiss(1);
}

static void offer_and_take_back(void)
{
    pl_offer offer;
    offer_one(0);
    pl_home_call(&home, 1);
    offer_one(1);
    while (pl_home_take_back(&home, &offer)) {
        ran[offer.begin]++;
        taken_back++;
    }
    await_all();
    dismiss(1);
}

/* Two tasks with a timeout, and a supervisor who finds that they are late. */
static void run_tasks(void)
{
    pl_seat seat = {.board = &memory.board, .slot = &memory.board.slot[0], .number = 0, .life = 1};
    for (int i = 0; i < 2; i++) {
        pl_seat_start(&seat, 10, i ? 1000 : 5);
        if (i)
            event_wait(&looked);
        if (!pl_seat_end(&seat))
            return;
        spared++;
    }
}

static void condemn_late(void)
{
    uint64_t late_at;
    if (pl_board_condemn(&memory.board, 0, 20, false, &late_at))
        condemned++;
    model_assert(late_at == UINT64_MAX || late_at == 15 || late_at == 1010);
    event_set(&looked);
}

static void two_ran(void)
{
    model_assert(ran[0] == 1 && ran[1] == 1);
}

static void six_ran(void)
{
    for (int i = 0; i < 6; i++)
        model_assert(ran[i] == 1);
}

/* The first may be condemned, the second not; and who is condemned has not gone on. */
static void one_of_both_won(void)
{
    model_assert(condemned ? spared == 0 : spared == 2);
}

const scenario process_scenarios[] = {
    {"board: two tasks, two workers", set_up_board, {offer_two, work, work}, two_ran, 0},
    {"board: more than fit", set_up_board, {offer_more_than_fit, work}, six_ran, 0},
    {"board: taken back", set_up_board, {offer_and_take_back, work}, two_ran, 0},
    {"board: condemned", set_up_board, {run_tasks, condemn_late}, one_of_both_won, 0},
    {0},
};
