/* SPDX-License-Identifier: MIT */
/* Scenarios on loops and tasks in one another. */
#include "model/model.h"

#include <string.h>

#include "base/os.h"

static event begun[TASKS], joined, stolen;

static void set_up_two(void)
{
    two_workers();
    memset(&begun, 0, sizeof begun);
    memset(&joined, 0, sizeof joined);
    memset(&stolen, 0, sizeof stolen);
}

/* Thread 1 takes part in a loop when thread 0 says so, or says so again; and does nothing else. */
static _Atomic bool over;

static void set_up_part(void)
{
    set_up_two();
    atomic_init(&pool->sleep.searching, 0);
    atomic_init(&over, false);
}

static void set_up_part_without_fences(void)
{
    model_no_fences = true;
    set_up_part();
}

static void take_part(void)
{
    pl_worker *w = pl_worker_self(), *victim = worker_number(0);
    pl_slot *slot;
    const pl_task *task = NULL;
    while (!task) {
        event_wait(&joined);
        atomic_exchange_explicit(&joined.word, 0, memory_order_acquire);
        if (atomic_load_explicit(&over, memory_order_acquire))
            return;
        bool got = pl_worker_steal(w, victim, &slot, &task) == PL_STEAL_GOT;
        event_set(&stolen);
        if (got)
            pl_worker_run(w, victim, slot, task);
    }
}

static void share_loop_of(pl_loop_body *body, size_t n)
{
    run_loop(n, body);
    atomic_store_explicit(&over, true, memory_order_release);
    event_set(&joined);
}

static void ran_once(int tasks)
{
    for (int i = 0; i < tasks; i++)
        model_assert(ran[i] == 1);
}

static void three_ran_once(void)
{
    ran_once(3);
    pool_is_at_rest();
}

static void four_ran_once(void)
{
    ran_once(4);
    pool_is_at_rest();
}

PARALLEL_TASK(int, leaf, int, i)
{
    ran[i]++;
    event_set(&begun[i]);
    return i;
}

PARALLEL_TASK(int, leaves, int, first, int, n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(leaf, first + i);
    for (int i = 0; i < n; i++)
        sum += PARALLEL_SYNC(leaf);
    return sum;
}

/* ---- tasks in a loop ------------------------------------------------------------------------------------- */

static int run_tasks(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    for (size_t i = begin; i < end; i++)
        model_assert(PARALLEL_RUN(leaves, (int)i, 1) == (int)i);
    return 0;
}

static void run_tasks_in_a_loop(void)
{
    run_loop(2, run_tasks);
    ran_once(2);
    stop_pool();
}

/* The caller has done its part, and comes for a task that the other participant hides in a long leaf. */
PARALLEL_TASK(int, hidden_leaf, int, i)
{
    PARALLEL_SPAWN(leaf, i);
    event_wait(&begun[i]);
    return PARALLEL_SYNC(leaf);
}

static int run_hidden(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    for (size_t i = begin; i < end; i++) {
        ran[i]++;
        event_set(&joined);
        if (model_self() == 1 && i == 1)
            model_assert(PARALLEL_RUN(hidden_leaf, 2) == 2);
        else if (i == 1)
            ran[2]++;
    }
    return 0;
}

static void run_a_hidden_task_in_a_loop(void)
{
    share_loop_of(run_hidden, 2);
}

/* ---- iterations that wait for others --------------------------------------------------------------------- */

/* Whoever has the third iteration waits for the fourth, for which the other must come. */
static int run_waiting(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    for (size_t i = begin; i < end; i++) {
        ran[i]++;
        event_set(&joined);
        event_set(&begun[i]);
        if (i == 0)
            event_wait(&stolen);
        if (i == 2)
            event_wait(&begun[3]);
    }
    return 0;
}

static void run_iterations_that_wait(void)
{
    share_loop_of(run_waiting, 4);
}

/* ---- loops in a task ------------------------------------------------------------------------------------- */

PARALLEL_TASK(void, loop, int, n)
{
    run_loop((size_t)n, run_iterations);
}

PARALLEL_TASK(void, loop_and_leaf, int, n)
{
    PARALLEL_SPAWN(loop, n);
    PARALLEL_SPAWN(leaf, n);
    PARALLEL_SYNC(leaf);
    PARALLEL_SYNC(loop);
}

static void run_a_loop_in_a_task(void)
{
    PARALLEL_RUN(loop_and_leaf, 2);
    ran_once(3);
    stop_pool();
}

/* A loop makes all below it public, and the join of a task half of that private again: also the share of a loop around
 * both, which the next iteration makes public. */
PARALLEL_TASK(int, leaf_and_loop, int, i)
{
    PARALLEL_SPAWN(leaf, i);
    run_loop(2, run_iterations);
    return PARALLEL_SYNC(leaf);
}

static int run_around(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    for (size_t i = begin; i < end; i++) {
        if (i == 0)
            model_assert(PARALLEL_RUN(leaf_and_loop, 2) == 2);
        if (i == 1) {
            event_set(&joined);
            event_wait(&begun[3]);
        }
        if (i == 2)
            event_set(&begun[3]);
    }
    return 0;
}

static void run_a_loop_around_a_loop(void)
{
    share_loop_of(run_around, 3);
}

const scenario mixed_scenarios[] = {
    {"mixed: tasks in a loop", set_up_two, {run_tasks_in_a_loop, be_a_worker}, pool_is_at_rest, 0},
    {"mixed: a hidden task in a loop", set_up_part, {run_a_hidden_task_in_a_loop, take_part}, three_ran_once, 0},
    {"mixed: iterations that wait", set_up_part, {run_iterations_that_wait, take_part}, four_ran_once, 0},
    {"mixed: iterations that wait, no fences",
     set_up_part_without_fences,
     {run_iterations_that_wait, take_part},
     four_ran_once,
     0},
    {"mixed: a loop in a task", set_up_two, {run_a_loop_in_a_task, be_a_worker}, pool_is_at_rest, 0},
    {"mixed: a loop around a loop", set_up_part, {run_a_loop_around_a_loop, take_part}, three_ran_once, 0},
    {0},
};
