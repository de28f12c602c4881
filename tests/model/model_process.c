/* SPDX-License-Identifier: MIT */
/* Scenarios on the board of worker processes: here, its parties are threads. */
#include "model/model.h"

#include <string.h>

#include "base/os.h"
#include "executors/process/coordinator.h"
#include "executors/process/endpoint.h"

enum { SLOTS = 2, QUIT = 100 };
#define ALL (SIZE_MAX - 1)

static union {
    pl_board board;
    unsigned char room[sizeof(pl_board) + SLOTS * sizeof(pl_slot_board)];
} memory;
static pl_coordinator coordinator;
static int taken_back, killed, spared;
static size_t failing; /* the task that fails, if there is one; or all do */
static event looked;

static void set_up_board(void)
{
    pl_board_init(&memory.board, SLOTS, 0);
    memset(&coordinator, 0, sizeof coordinator);
    pl_coordinator_init(&coordinator, &memory.board, SLOTS, 0);
    pl_coordinator_begin(&coordinator, &(pl_board_work){.timed = false}, SLOTS, 0);
    memset(ran, 0, sizeof ran);
    memset(&looked, 0, sizeof looked);
    taken_back = killed = spared = 0;
    failing = PL_NO_INDEX;
}

/* A worker as worker.c has it, until it is assigned QUIT. It notes each task that it begins. */
static void be_a_generation(unsigned number, unsigned generation)
{
    pl_endpoint endpoint;
    pl_assignment assignment;
    pl_endpoint_begin(&endpoint, &memory.board, SLOTS, 0, number, generation);
    for (bool worked = false;;) {
        bool found = pl_endpoint_take(&endpoint, &assignment);
        if (found && assignment.begin == QUIT)
            model_may_not_be_killed();
        if (worked && !found)
            pl_endpoint_ring_idle(&endpoint);
        else if (worked)
            pl_endpoint_ring_low(&endpoint);
        worked = found;
        if (!found) {
            pl_endpoint_rest(&endpoint);
            continue;
        }
        pl_endpoint_pass_on(&endpoint);
        for (size_t i = assignment.begin; i < assignment.end && assignment.begin != QUIT; i++) {
            *endpoint.index = i;
            ran[i]++;
            if (i == failing || failing == ALL)
                pl_endpoint_report(
                    &endpoint,
                    &(pl_report){.kind = PL_REPORT_FAILED, .position = assignment.position, .begin = i, .end = i + 1},
                    NULL);
        }
        pl_endpoint_done(&endpoint);
        if (assignment.begin == QUIT) {
            pl_endpoint_ring_idle(&endpoint);
            return;
        }
    }
}

static void work(void)
{
    be_a_generation((unsigned)model_self() - 1, 1);
}

/* There are none, but a place is assigned again only after that. Nothing looks as if no worker had it. */
static void read_reports(void)
{
    pl_coordinator_look(&coordinator);
    pl_coordinator_settle(&coordinator);
    pl_coordinator_doubt(&coordinator);
    model_assert(!coordinator.corrupted);
}

static void assign_one(size_t begin)
{
    model_assert(pl_coordinator_assign(&coordinator, &(pl_assignment){.begin = begin, .end = begin + 1}));
}

static void await_all(void)
{
    for (;;) {
        uint32_t bell = pl_coordinator_bell(&coordinator);
        read_reports();
        if (pl_coordinator_all_done(&coordinator))
            break;
        pl_coordinator_sleep(&coordinator, bell, UINT64_MAX);
    }
    pl_coordinator_verify(&coordinator);
    model_assert(!coordinator.corrupted);
}

static void dismiss(int workers)
{
    read_reports();
    for (int i = 0; i < workers; i++)
        assign_one(QUIT);
    pl_coordinator_call(&coordinator, SLOTS);
}

static void assign_two(void)
{
    assign_one(0);
    assign_one(1);
    pl_coordinator_call(&coordinator, 1);
    await_all();
    model_assert(ran[0] == 1 && ran[1] == 1);
    dismiss(2);
}

static void assign_more_than_fit(void)
{
    for (size_t next = 0; next < 6;) {
        uint32_t bell = pl_coordinator_bell(&coordinator);
        read_reports();
        pl_coordinator_announce_rest(&coordinator, PL_MORE_TO_COME);
        while (next < 6 && pl_coordinator_assign(&coordinator, &(pl_assignment){.begin = next, .end = next + 1}))
            next++;
        pl_coordinator_call(&coordinator, 1);
        if (next < 6)
            pl_coordinator_sleep(&coordinator, bell, UINT64_MAX);
    }
    pl_coordinator_announce_rest(&coordinator, PL_NOTHING_LEFT);
    await_all();
    dismiss(1);
}

static void assign_and_take_back(void)
{
    pl_assignment assignment;
    assign_one(0);
    pl_coordinator_call(&coordinator, 1);
    assign_one(1);
    while (pl_coordinator_take_back(&coordinator, &assignment)) {
        ran[assignment.begin]++;
        taken_back++;
    }
    await_all();
    dismiss(1);
}

/* Two tasks with a timeout, and a supervisor that finds that they are late. */
static void run_tasks(void)
{
    pl_endpoint endpoint;
    pl_endpoint_begin(&endpoint, &memory.board, SLOTS, 0, 0, 1);
    for (int i = 0; i < 2; i++) {
        pl_endpoint_start(&endpoint, 10, i ? 1000 : 5);
        if (i)
            event_wait(&looked);
        if (!pl_endpoint_end(&endpoint))
            return;
        spared++;
    }
}

static void kill_late(void)
{
    uint64_t late_at;
    if (pl_board_kill(&memory.board, 0, 20, PL_KILL_LATE, &late_at))
        killed++;
    model_assert(late_at == UINT64_MAX || late_at == 15 || late_at == 1010);
    event_set(&looked);
}

/* ---- a worker that is killed ------------------------------------------------------------------------------- */

enum { MORTAL = 1, MOST_TASKS = 4 };

static size_t tasks;
static int failed[MOST_TASKS], crashed[MOST_TASKS];
static pl_assignment to_assign[MOST_TASKS]; /* still, or again */
static int assignments;
static size_t ended[PL_BOARD_ENTRIES]; /* how far the assignment that stands there has come, by reports */

static void put_off(size_t begin, size_t end)
{
    if (begin < end)
        to_assign[assignments++] = (pl_assignment){.begin = begin, .end = end};
}

static void set_up_accounts(void)
{
    set_up_board();
    memset(failed, 0, sizeof failed);
    memset(crashed, 0, sizeof crashed);
    assignments = 0;
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
    pl_death death = {.slot = 0, .generation = 1, .signal = 9, .index = *pl_board_index(&memory.board, 0, 0)};
    model_assert(pl_board_has_room(&memory.board, 0));
    pl_board_note_death(&memory.board, SLOTS, 0, &death);
    return true;
}

/* It is the successor itself. */
static void supervise(void)
{
    if (note_death())
        be_a_generation(0, 2);
}

static void only_note_death(void)
{
    note_death();
}

static void read_reports_of(unsigned slot)
{
    pl_report report;
    char text[PL_BOARD_TEXT];
    while (pl_coordinator_report(&coordinator, slot, &report, text)) {
        ended[report.position % PL_BOARD_ENTRIES] = report.end;
        failed[report.begin]++;
    }
}

/* What assignments.c makes of it. */
static void take_in(void)
{
    pl_death death;
    pl_assignment assignment;
    pl_coordinator_look(&coordinator);
    for (unsigned i = 0; i < SLOTS; i++)
        read_reports_of(i);
    while (pl_coordinator_death(&coordinator, &death)) {
        read_reports_of(death.slot);
        if (!pl_coordinator_reclaim(&coordinator, &death, &assignment))
            continue;
        size_t from = ended[assignment.position % PL_BOARD_ENTRIES], at = death.index;
        bool at_one = at >= from && at < assignment.end;
        if (at_one)
            crashed[at]++;
        put_off(at_one ? at + 1 : from, assignment.end);
    }
    pl_coordinator_settle(&coordinator);
    pl_coordinator_doubt(&coordinator);
    model_assert(!coordinator.corrupted);
}

static void assign_all(void)
{
    for (; assignments > 0; assignments--) {
        pl_assignment *next = &to_assign[assignments - 1];
        if (!pl_coordinator_assign(&coordinator, next))
            break;
        ended[next->position % PL_BOARD_ENTRIES] = next->begin;
    }
    pl_coordinator_call(&coordinator, SLOTS);
}

static void await_all_of_mortals(void)
{
    for (;;) {
        uint32_t bell = pl_coordinator_bell(&coordinator);
        take_in();
        assign_all();
        if (pl_coordinator_all_done(&coordinator))
            break;
        pl_coordinator_sleep(&coordinator, bell, UINT64_MAX);
    }
    take_in();
}

static void assign_to_mortals(void)
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
    pl_endpoint endpoint;
    pl_assignment assignment;
    pl_endpoint_begin(&endpoint, &memory.board, SLOTS, 0, 0, 1);
    if (!pl_endpoint_take(&endpoint, &assignment))
        return;
    pl_endpoint_pass_on(&endpoint);
    *endpoint.index = assignment.begin;
    ran[assignment.begin]++;
    pl_endpoint_done(&endpoint);
    pl_endpoint_ring_idle(&endpoint);
}

static void assign_to_both(void)
{
    tasks = 2;
    put_off(1, 2);
    put_off(0, 1);
    await_all_of_mortals();
    model_await_end(MORTAL);
    put_off(QUIT, QUIT + 1);
    await_all_of_mortals();
}

static void assign_failing(void)
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
    for (unsigned generation = 1; generation <= 3; generation++) {
        while (!pl_board_has_room(&memory.board, generation - 1))
            pl_os_yield();
        pl_board_note_death(&memory.board, SLOTS, generation - 1,
                            &(pl_death){.generation = generation, .index = generation * 7});
    }
}

static void read_three_deaths(void)
{
    pl_death death;
    for (unsigned generation = 1; generation <= 3; generation++) {
        for (uint32_t bell; bell = pl_coordinator_bell(&coordinator), !pl_coordinator_death(&coordinator, &death);)
            pl_coordinator_sleep(&coordinator, bell, UINT64_MAX);
        model_assert(death.generation == generation && death.index == generation * 7);
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

/* The first may be killed, the second not; and a worker that is killed has not gone on. */
static void one_of_both_won(void)
{
    model_assert(killed ? spared == 0 : spared == 2);
}

const scenario process_scenarios[] = {
    {"board: two tasks, two workers", set_up_board, {assign_two, work, work}, two_ran, 0},
    {"board: more than fit", set_up_board, {assign_more_than_fit, work}, six_ran, 0},
    {"board: taken back", set_up_board, {assign_and_take_back, work}, two_ran, 0},
    {"board: a late task", set_up_board, {run_tasks, kill_late}, one_of_both_won, 0},
    {"board: more reports than fit", set_up_failing, {assign_failing, work}, all_failed, 0},
    {"board: more deaths than fit", set_up_board, {read_three_deaths, note_three_deaths}, nothing, 0},
    {"board: killed anywhere", set_up_killing, {assign_to_mortals, work, supervise}, nothing_is_lost, 1},
    {"board: killed, and a task fails",
     set_up_killing_and_failing,
     {assign_to_mortals, work, supervise},
     nothing_is_lost,
     1},
    {"board: killed while waking another",
     set_up_killing,
     {assign_to_both, take_one_and_pass_on, work, only_note_death},
     nothing_is_lost,
     1},
    {0},
};
