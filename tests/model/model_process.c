/* SPDX-License-Identifier: MIT */
/* Scenarios on the board of worker processes: here, its parties are threads. */
#include "model/model.h"

#include <string.h>

#include "base/os.h"
#include "executors/process/board.h"

enum { SLOTS = 2, QUIT = 100 };
#define ALL (SIZE_MAX - 1)

static union {
    pl_board board;
    unsigned char room[sizeof(pl_board) + SLOTS * sizeof(pl_slot_board)];
} memory;
static pl_home home;
static int taken_back, condemned, spared;
static size_t failing; /* the task that fails, if there is one; or all do */
static event looked;

static void set_up_board(void)
{
    pl_board_init(&memory.board, SLOTS, 0);
    memset(&home, 0, sizeof home);
    pl_home_init(&home, &memory.board, SLOTS, 0);
    pl_home_begin(&home, &memory.board, &(pl_board_job){.timed = false}, SLOTS, 0);
    memset(ran, 0, sizeof ran);
    memset(&looked, 0, sizeof looked);
    taken_back = condemned = spared = 0;
    failing = PL_NO_INDEX;
}

/* A worker as worker.c has it, until it is offered QUIT. It notes each task that it begins. */
static void be_a_life(unsigned number, unsigned life)
{
    pl_seat seat;
    pl_offer offer;
    pl_seat_begin(&seat, &memory.board, SLOTS, 0, number, life);
    for (bool worked = false;;) {
        bool found = pl_seat_take(&seat, &offer);
        if (found && offer.begin == QUIT)
            model_may_not_be_killed();
        if (worked)
            pl_seat_tell(&seat, !found);
        worked = found;
        if (!found) {
            pl_seat_rest(&seat);
            continue;
        }
        pl_seat_pass_on(&seat);
        for (size_t i = offer.begin; i < offer.end && offer.begin != QUIT; i++) {
            *seat.index = i;
            ran[i]++;
            if (i == failing || failing == ALL)
                pl_seat_report(
                    &seat, &(pl_report){.kind = PL_REPORT_FAILED, .position = offer.position, .begin = i, .end = i + 1},
                    NULL);
        }
        pl_seat_done(&seat);
        if (offer.begin == QUIT) {
            pl_seat_tell(&seat, true);
            return;
        }
    }
}

static void work(void)
{
    be_a_life((unsigned)model_self() - 1, 1);
}

/* There are none, but a place is offered again only after that. Nothing looks as if it were nobody's. */
static void read_reports(void)
{
    pl_home_look(&home);
    pl_home_settle(&home);
    pl_home_doubt(&home);
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
            break;
        pl_home_sleep(&home, bell, UINT64_MAX, false);
    }
    pl_home_verify(&home);
    model_assert(!home.corrupted);
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
    pl_seat seat;
    pl_seat_begin(&seat, &memory.board, SLOTS, 0, 0, 1);
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

/* ---- a worker that is killed ------------------------------------------------------------------------------- */

enum { MORTAL = 1, MOST_TASKS = 4 };

static size_t tasks;
static int failed[MOST_TASKS], crashed[MOST_TASKS];
static pl_offer to_offer[MOST_TASKS]; /* still, or again */
static int offers;
static size_t ended[PL_BOARD_ENTRIES]; /* tasks of the offer that stands there, by its reports */

static void put_off(size_t begin, size_t end)
{
    if (begin < end)
        to_offer[offers++] = (pl_offer){.begin = begin, .end = end};
}

static void set_up_accounts(void)
{
    set_up_board();
    memset(failed, 0, sizeof failed);
    memset(crashed, 0, sizeof crashed);
    offers = 0;
}

static void set_up_failing(void)
{
    set_up_accounts();
    failing = ALL;
}

static void set_up_killing(void)
{
    set_up_accounts();
    model_may_be_killed(MORTAL);
}

static void set_up_killing_and_failing(void)
{
    set_up_killing();
    failing = 1;
}

/* The supervisor's part. Whether the worker was killed. */
static bool note_death(void)
{
    if (!model_await_end(MORTAL))
        return false;
    pl_death death = {.slot = 0, .life = 1, .signal = 9, .index = *pl_slot_index(&memory.board, 0, 0)};
    model_assert(pl_board_has_room(&memory.board, 0));
    pl_board_note_death(&memory.board, SLOTS, 0, &death);
    return true;
}

/* It is the successor itself. */
static void supervise(void)
{
    if (note_death())
        be_a_life(0, 2);
}

static void only_note_death(void)
{
    note_death();
}

static void read_reports_of(unsigned slot)
{
    pl_report report;
    char text[PL_BOARD_TEXT];
    while (pl_home_report(&home, slot, &report, text)) {
        ended[report.position % PL_BOARD_ENTRIES] = report.end;
        failed[report.begin]++;
    }
}

/* What the API makes of it, in offers.c. */
static void take_in(void)
{
    pl_death death;
    pl_offer offer;
    pl_home_look(&home);
    for (unsigned i = 0; i < SLOTS; i++)
        read_reports_of(i);
    while (pl_home_death(&home, &death)) {
        read_reports_of(death.slot);
        if (!pl_home_bequest(&home, &death, &offer))
            continue;
        size_t from = ended[offer.position % PL_BOARD_ENTRIES], at = death.index;
        bool at_one = at >= from && at < offer.end;
        if (at_one)
            crashed[at]++;
        put_off(at_one ? at + 1 : from, offer.end);
    }
    pl_home_settle(&home);
    pl_home_doubt(&home);
    model_assert(!home.corrupted);
}

static void offer_all(void)
{
    for (; offers > 0; offers--) {
        pl_offer *next = &to_offer[offers - 1];
        if (!pl_home_offer(&home, next))
            break;
        ended[next->position % PL_BOARD_ENTRIES] = next->begin;
    }
    pl_home_call(&home, SLOTS);
}

static void await_all_of_mortals(void)
{
    for (;;) {
        uint32_t bell = pl_home_bell(&home);
        take_in();
        offer_all();
        if (pl_home_all_done(&home))
            break;
        pl_home_sleep(&home, bell, UINT64_MAX, false);
    }
    take_in();
}

static void offer_to_mortals(void)
{
    tasks = 3;
    put_off(2, 3);
    put_off(0, 2);
    await_all_of_mortals();
    put_off(QUIT, QUIT + 1);
    await_all_of_mortals();
}

/* One that takes a task, has another worker woken for the other, and may be killed over that. */
static void take_one_and_pass_on(void)
{
    pl_seat seat;
    pl_offer offer;
    pl_seat_begin(&seat, &memory.board, SLOTS, 0, 0, 1);
    if (!pl_seat_take(&seat, &offer))
        return;
    pl_seat_pass_on(&seat);
    *seat.index = offer.begin;
    ran[offer.begin]++;
    pl_seat_done(&seat);
    pl_seat_tell(&seat, true);
}

static void offer_to_both(void)
{
    tasks = 2;
    put_off(1, 2);
    put_off(0, 1);
    await_all_of_mortals();
    model_await_end(MORTAL);
    put_off(QUIT, QUIT + 1);
    await_all_of_mortals();
}

static void offer_failing(void)
{
    tasks = MOST_TASKS;
    put_off(0, tasks);
    await_all_of_mortals();
    dismiss(1);
}

static void all_failed(void)
{
    for (size_t i = 0; i < tasks; i++)
        model_assert(ran[i] == 1 && failed[i] == 1);
}

static void note_three_deaths(void)
{
    for (unsigned life = 1; life <= 3; life++) {
        while (!pl_board_has_room(&memory.board, life - 1))
            pl_os_yield();
        pl_board_note_death(&memory.board, SLOTS, life - 1, &(pl_death){.life = life, .index = life * 7});
    }
}

static void read_three_deaths(void)
{
    pl_death death;
    for (unsigned life = 1; life <= 3; life++) {
        for (uint32_t bell; bell = pl_home_bell(&home), !pl_home_death(&home, &death);)
            pl_home_sleep(&home, bell, UINT64_MAX, false);
        model_assert(death.life == life && death.index == life * 7);
    }
}

/* Each task once; but for one at most, which may have been killed before or while it ran. */
static void nothing_is_lost(void)
{
    int crashes = 0;
    for (size_t i = 0; i < tasks; i++) {
        crashes += crashed[i];
        model_assert(crashed[i] ? ran[i] <= 1 && !failed[i] : ran[i] == 1 && failed[i] == (i == failing));
    }
    model_assert(crashes <= 1);
}

/* ---- the scenarios ------------------------------------------------------------------------------------------- */

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
    {"board: more reports than fit", set_up_failing, {offer_failing, work}, all_failed, 0},
    {"board: more deaths than fit", set_up_board, {read_three_deaths, note_three_deaths}, nothing, 0},
    {"board: killed anywhere", set_up_killing, {offer_to_mortals, work, supervise}, nothing_is_lost, 1},
    {"board: killed, and a task fails",
     set_up_killing_and_failing,
     {offer_to_mortals, work, supervise},
     nothing_is_lost,
     1},
    {"board: killed while waking another",
     set_up_killing,
     {offer_to_both, take_one_and_pass_on, work, only_note_death},
     nothing_is_lost,
     1},
    {0},
};
