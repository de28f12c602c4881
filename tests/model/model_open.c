/* SPDX-License-Identifier: MIT */
/* Scenarios on open loops, whose items lie in bags, and add others: as those of src/collections/for_each.h. */
#include "model/model.h"

#include <string.h>

#include "sched/bag.h"

enum { MOST = 8 };

/* What an item, which is its number, does in turn: adds others, up to a 0; waits for others, if these are not 0; adds
 * some more, and waits once more. */
typedef struct item {
    int adds[4], for_begin, for_end;
    int adds_later[4], for_last_end;
} item;

static pl_bag_shape shape;
static pl_bag bags[MODEL_THREADS];
static unsigned parties;
static item items[MOST];
static event begun[MOST], ended[MOST];

static void set_up_open(unsigned count)
{
    set_up_pool((int)count, 16);
    parties = count;
    memset(ran, 0, sizeof ran);
    memset(items, 0, sizeof items);
    memset(begun, 0, sizeof begun);
    memset(ended, 0, sizeof ended);
    shape = pl_bag_shape_of(sizeof(int), _Alignof(int));
    shape.room = 2;
    for (unsigned i = 0; i < count; i++)
        pl_bag_init(&bags[i], &shape);
}

/* Adds in public, as where items take long. */
static void add_items(pl_bag *bag, pl_participant *p, const int *list)
{
    for (; *list; list++) {
        int *record = pl_bag_begin_put(bag);
        model_assert(record);
        *record = *list;
        pl_bag_end_put(bag);
        pl_loop_offer(p);
    }
}

static void run_item(pl_bag *bag, pl_participant *p, int i)
{
    const item *it = &items[i];
    event_set(&begun[i]);
    add_items(bag, p, it->adds);
    if (it->for_begin)
        event_wait(&begun[it->for_begin]);
    if (it->for_end)
        event_wait(&ended[it->for_end]);
    add_items(bag, p, it->adds_later);
    if (it->for_last_end)
        event_wait(&ended[it->for_last_end]);
    ran[i]++;
    event_set(&ended[i]);
}

static bool steal_items(unsigned me)
{
    for (unsigned k = 1; k < parties; k++)
        if (pl_bag_steal(&bags[(me + k) % parties], &bags[me]))
            return true;
    return false;
}

static pl_loop_found work(void *ctx, pl_participant *p, void *stop, unsigned participant)
{
    pl_bag *bag = &bags[participant];
    (void)ctx;
    (void)stop;
    work_as(participant);
    if (bag->count == 0 && !pl_bag_take_back(bag) && !steal_items(participant))
        return PL_LOOP_NOTHING;
    pl_bag_publish(bag, 1);
    if (pl_bag_has_public(bag))
        pl_loop_offer(p);
    const int *record = pl_bag_pop(bag);
    run_item(bag, p, *record);
    return PL_LOOP_SOME;
}

static bool has_some(void *ctx, bool for_caller)
{
    (void)ctx;
    (void)for_caller;
    for (unsigned i = 0; i < parties; i++)
        if (pl_bag_has_public(&bags[i]))
            return true;
    return false;
}

static const pl_open_loop open_loop = {.work = work, .has_some = has_some};

/* Runs item 1, and all that come of it, which are `count`. */
static void run_open(int count)
{
    pl_cost unknown = {0};
    *(int *)pl_bag_push(&bags[0]) = 1;
    pl_loop_run(&(pl_loop_spec){.open = &open_loop, .workers = parties, .cost = &unknown});
    for (int i = 1; i <= count; i++)
        model_assert(ran[i] == 1);
    for (unsigned i = 0; i < parties; i++) {
        model_assert(bags[i].count == 0 && bags[i].shared.chunks == 0);
        pl_bag_free(&bags[i]);
    }
    stop_pool();
}

/* ---- a tree ---------------------------------------------------------------------------------------------- */

static void set_up_tree(void)
{
    set_up_open(2);
    items[1] = (item){.adds = {2, 3}};
    items[3] = (item){.adds = {4}};
}

static void set_up_tree_for_two(void)
{
    set_up_open(3);
    items[1] = (item){.adds = {2, 3, 4}};
}

static void run_tree(void)
{
    run_open(4);
}

/* ---- items that meet ------------------------------------------------------------------------------------- */

/* What an item adds, another thread begins while that item runs on. */
static void set_up_meeting(void)
{
    set_up_open(2);
    items[1] = (item){.adds = {2}, .for_begin = 2};
}

static void run_meeting(void)
{
    run_open(2);
}

/* What it adds last, too, when that thread may be leaving, as it has found nothing more. */
static void set_up_leaver(void)
{
    set_up_open(2);
    items[1] = (item){.adds = {2, 3}, .for_begin = 3};
}

static void run_three(void)
{
    run_open(3);
}

/* The other thread adds two, when the caller may have parked, as it has nothing to do. One of them is for it. */
static void set_up_call(void)
{
    set_up_open(2);
    items[1] = (item){.adds = {2}, .for_begin = 2};
    items[2] = (item){.for_end = 1, .adds_later = {3, 4}};
    items[3] = (item){.for_begin = 4};
    items[4] = (item){.for_begin = 3};
}

/* Three workers where there are two CPUs, so that items may wait for each other: the last two, while the one that has
 * added them waits, too. The caller, which may have come to wait, is needed, and is to have one of three slots only. */
static void set_up_crowd(void)
{
    set_up_open(3);
    pool->size = 2;
    items[1] = (item){.adds = {2}, .for_begin = 2};
    items[2] = (item){.for_end = 1, .adds_later = {3, 4}, .for_last_end = 3};
    items[3] = (item){.for_begin = 4};
    items[4] = (item){.for_begin = 3};
}

/* ---- a bag, by itself ------------------------------------------------------------------------------------ */

static int taken[2];
static event shown;

static void set_up_bag(void)
{
    set_up_open(2);
    memset(taken, 0, sizeof taken);
    memset(&shown, 0, sizeof shown);
}

static void count_items(int who)
{
    for (const int *record; (record = pl_bag_pop(&bags[who])); taken[who]++)
        ran[*record]++;
}

/* Has five, of which some become public twice, and runs what is left to it. */
static void own_bag(void)
{
    for (int i = 0; i < 5; i++) {
        *(int *)pl_bag_push(&bags[0]) = i;
        if (i % 2)
            pl_bag_publish(&bags[0], 1);
    }
    do
        count_items(0);
    while (pl_bag_take_back(&bags[0]));
    event_set(&shown);
}

static void steal_from_bag(void)
{
    while (pl_bag_steal(&bags[0], &bags[1]))
        count_items(1);
    event_wait(&shown);
}

static void five_taken(void)
{
    model_assert(taken[0] + taken[1] == 5);
    for (int i = 0; i < 5; i++)
        model_assert(ran[i] == 1);
}

const scenario open_scenarios[] = {
    {"bag: an owner and a thief", set_up_bag, {own_bag, steal_from_bag}, five_taken, 0},
    {"open: a caller and a worker", set_up_tree, {run_tree, be_a_worker}, pool_is_at_rest, 0},
    {"open: a caller and two workers", set_up_tree_for_two, {run_tree, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
    {"open: an item that meets its own", set_up_meeting, {run_meeting, be_a_worker}, pool_is_at_rest, 0},
    {"open: a worker that leaves looks once more", set_up_leaver, {run_three, be_a_worker}, pool_is_at_rest, 0},
    {"open: a caller that waits is called", set_up_call, {run_tree, be_a_worker}, pool_is_at_rest, 0},
    {"open: a caller that waits is needed", set_up_crowd, {run_tree, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
    {0},
};
