/* SPDX-License-Identifier: MIT */
/* Scenarios on chains: links that are made, passed in order and finished, whoever comes; and windows that close. And on
 * numbers, which those take who do that. */
#include "model/model.h"

#include <string.h>

#include "sched/chain.h"
#include "sched/numbers.h"

enum { LINKS = 4 };

static pl_chain chain;
static pl_chain_link links[LINKS];
static size_t window;
static int slots[LINKS], made[LINKS], known[LINKS + 1], finished[LINKS];

/* All are plain variables: two threads that are not ordered would race there. */
static void make(void *ctx, size_t k)
{
    (void)ctx;
    slots[k % window] = (int)k + 1;
    made[k] = (int)k + 1;
}

static void pass(void *ctx, size_t k)
{
    (void)ctx;
    model_assert(made[k] == (int)k + 1 && known[k + 1] == 0);
    known[k + 1] = known[k] * (LINKS + 1) + made[k];
}

static void finish(void *ctx, size_t k)
{
    (void)ctx;
    model_assert(slots[k % window] == (int)k + 1 && finished[k] == 0 && known[k + 1] != 0);
    finished[k] = known[k] + 1;
}

static void do_all(void *ctx, size_t k)
{
    make(ctx, k);
    pass(ctx, k);
    finish(ctx, k);
}

static void pass_and_finish(void *ctx, size_t k)
{
    pass(ctx, k);
    finish(ctx, k);
}

/* The last comes first. */
static void spread(void *ctx, const pl_chain_jobs *jobs)
{
    (void)ctx;
    for (size_t i = jobs->links + jobs->turns; i > 0; i--)
        pl_chain_do(jobs, i - 1);
}

static const pl_chain_work in_parts = {.make = make, .pass = pass, .finish = finish, .spread = spread},
                           at_once = {.make = make, .pass = pass, .finish = finish, .all = do_all},
                           in_order = {.make = make, .pass = pass_and_finish};

static void set_up(const pl_chain_work *work, size_t count, size_t within)
{
    window = within;
    pl_chain_init(&chain, work, NULL, count, window, links);
    memset(slots, 0, sizeof slots);
    memset(made, 0, sizeof made);
    memset(known, 0, sizeof known);
    memset(finished, 0, sizeof finished);
}

static void set_up_parts(void)
{
    set_up(&in_parts, 4, 4);
}

static void set_up_all(void)
{
    set_up(&at_once, 3, 3);
}

static void set_up_order(void)
{
    set_up(&in_order, 3, 3);
}

static void set_up_window(void)
{
    set_up(&in_parts, 4, 1);
}

static void set_up_wider_window(void)
{
    set_up(&in_parts, 4, 2);
}

static void set_up_window_at_once(void)
{
    set_up(&at_once, 3, 1);
}

static void turn(void)
{
    pl_chain_turn(&chain);
}

static void turn_twice(void)
{
    turn();
    turn();
}

static void all_finished(void)
{
    for (size_t k = 0, all = 0; k < chain.count; k++) {
        model_assert(finished[k] == (int)all + 1);
        all = all * (LINKS + 1) + k + 1;
    }
}

/* ---- numbers --------------------------------------------------------------------------------------------- */

static pl_numbers numbers;
static size_t had[2]; /* turns by each number: plain variables, again */

static void set_up_one_number(void)
{
    memset(had, 0, sizeof had);
    pl_numbers_init(&numbers, 1);
}

static void set_up_two_numbers(void)
{
    memset(had, 0, sizeof had);
    pl_numbers_init(&numbers, 2);
}

static void have(void *ctx, size_t number, size_t turns)
{
    (void)ctx;
    had[number] += turns;
}

static void have_one(void)
{
    pl_numbers_have_turns(&numbers, 1, 0, have, NULL);
}

static void have_two(void)
{
    pl_numbers_have_turns(&numbers, 2, 1 % numbers.count, have, NULL);
}

/* Does something by a number that is no turn. */
static void do_jobs(void)
{
    size_t number = 0;
    if (!pl_numbers_take(&numbers, &number))
        return;
    have(NULL, number, 0);
    pl_numbers_give(&numbers, number);
    pl_numbers_have_owed(&numbers, number, have, NULL);
}

static void three_turns_had(void)
{
    model_assert(had[0] + had[1] == 3);
}

const scenario chain_scenarios[] = {
    {"chain: two threads", set_up_parts, {turn_twice, turn_twice}, all_finished, 0},
    {"chain: three threads", set_up_parts, {turn_twice, turn, turn}, all_finished, 0},
    {"chain: links at once", set_up_all, {turn, turn, turn}, all_finished, 0},
    {"chain: links in order", set_up_order, {turn, turn, turn}, all_finished, 0},
    {"chain: a window", set_up_window, {turn_twice, turn_twice}, all_finished, 0},
    {"chain: a window, three threads", set_up_window, {turn_twice, turn, turn}, all_finished, 0},
    {"chain: a wider window", set_up_wider_window, {turn_twice, turn, turn}, all_finished, 0},
    {"chain: a window, links at once", set_up_window_at_once, {turn, turn, turn}, all_finished, 0},
    {"numbers: two threads", set_up_one_number, {have_one, have_two}, three_turns_had, 0},
    {"numbers: two threads, and a job", set_up_one_number, {have_one, have_two, do_jobs}, three_turns_had, 0},
    {"numbers: three threads", set_up_two_numbers, {have_two, have_one, do_jobs}, three_turns_had, 0},
    {0},
};
