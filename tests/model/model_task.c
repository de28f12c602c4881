/* SPDX-License-Identifier: MIT */
/* Scenarios on tasks, as programs write them. Thread 0 runs them from outside. */
#define PARALLEL_DEBUG
#include "model/model.h"

#include <string.h>

#include "base/os.h"

/* ---- the tasks ------------------------------------------------------------------------------------------- */

/* Set when the task of this number runs. */
static event begun[TASKS];

/* The only thread that may run tasks of this number; -1: all may. */
static int only[TASKS];

static void set_up(int count, uint32_t slots)
{
    set_up_pool(count, slots);
    memset(&begun, 0, sizeof begun);
    memset(&only, -1, sizeof only);
}

static void set_up_two(void)
{
    set_up(2, 16);
}

static void set_up_three(void)
{
    set_up(3, 16);
}

PARALLEL_TASK(int, leaf, int, i)
{
    model_assert(only[i] < 0 || only[i] == model_self());
    ran[i]++;
    event_set(&begun[i]);
    return i;
}

/* `n` leaves from `first` on, joined at once; gives the sum of their numbers. */
PARALLEL_TASK(int, leaves, int, first, int, n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(leaf, first + i);
    for (int i = 0; i < n; i++)
        sum += PARALLEL_SYNC(leaf);
    return sum;
}

/* As before, but what spawned the leaves is long and does nothing until all have begun: others must come for them. */
PARALLEL_TASK(int, hidden_leaves, int, first, int, n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(leaf, first + i);
    for (int i = 0; i < n; i++)
        event_wait(&begun[first + i]);
    for (int i = 0; i < n; i++)
        sum += PARALLEL_SYNC(leaf);
    return sum;
}

static void ran_once(int tasks)
{
    for (int i = 0; i < tasks; i++)
        model_assert(ran[i] == 1);
}

/* ---- spawn and join -------------------------------------------------------------------------------------- */

static void run_one(void)
{
    model_assert(PARALLEL_RUN(leaves, 0, 1) == 0);
    ran_once(1);
    stop_pool();
}

static void run_three(void)
{
    model_assert(PARALLEL_RUN(leaves, 0, 3) == 3);
    ran_once(3);
    stop_pool();
}

static void run_twice(void)
{
    model_assert(PARALLEL_RUN(leaves, 0, 1) == 0);
    model_assert(PARALLEL_RUN(leaves, 1, 2) == 3);
    ran_once(3);
    stop_pool();
}

static void set_up_without_fences(void)
{
    model_no_fences = true;
    set_up_two();
}

static void set_up_failing_fences(void)
{
    set_up_two();
    model_fences_fail = true;
}

PARALLEL_TASK(int, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    int b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

static void run_fib(void)
{
    model_assert(PARALLEL_RUN(fib, 4) == 3);
    stop_pool();
}

/* Large arguments and results, and none. */
typedef struct large {
    int n[20];
} large;

PARALLEL_TASK(void, note, int, i)
{
    ran[i]++;
}

PARALLEL_TASK(large, grow, large, l)
{
    PARALLEL_SPAWN(note, l.n[19]);
    l.n[0]++;
    PARALLEL_SYNC(note);
    return l;
}

PARALLEL_TASK(int, grow_two, int, n)
{
    PARALLEL_SPAWN(grow, ((large){.n = {[0] = n, [19] = 0}}));
    PARALLEL_SPAWN(grow, ((large){.n = {[0] = n + 2, [19] = 1}}));
    int b = PARALLEL_SYNC(grow).n[0];
    return PARALLEL_SYNC(grow).n[0] * 10 + b;
}

static void run_large(void)
{
    model_assert(PARALLEL_RUN(grow_two, 1) == 24);
    ran_once(2);
    stop_pool();
}

/* ---- where there is no room, or no worker ---------------------------------------------------------------- */

static void set_up_narrow(void)
{
    set_up(2, 3);
}

static void set_up_alone(void)
{
    set_up(1, 16);
    without_workers();
}

PARALLEL_TASK(int, leaves_and_grow, int, n)
{
    PARALLEL_SPAWN(note, 0);
    PARALLEL_SPAWN(note, 1);
    PARALLEL_SPAWN(grow, ((large){.n = {[0] = n, [19] = 2}}));
    int sum = PARALLEL_SYNC(grow).n[0];
    PARALLEL_SYNC(note);
    PARALLEL_SYNC(note);
    return sum;
}

static void run_all_kinds(void)
{
    model_assert(PARALLEL_RUN(leaves, 0, 4) == 6);
    model_assert(PARALLEL_RUN(fib, 5) == 5);
    ran_once(4);
    memset(ran, 0, sizeof ran);
    model_assert(PARALLEL_RUN(grow_two, 3) == 46);
    ran_once(2);
    memset(ran, 0, sizeof ran);
    model_assert(PARALLEL_RUN(leaves_and_grow, 5) == 6);
    ran_once(3);
    stop_pool();
}

/* While a result is kept that has no room, what is spawned on top is in its slot for a moment only: nobody may come for
 * it. */
PARALLEL_TASK(int, grow_on_leaf, int, n)
{
    PARALLEL_SPAWN(leaf, 1);
    PARALLEL_SPAWN(grow, ((large){.n = {[0] = n, [19] = 0}}));
    PARALLEL_SPAWN(leaf, 2);
    int sum = PARALLEL_SYNC(leaf);
    sum += PARALLEL_SYNC(grow).n[0];
    sum += PARALLEL_RUN(leaves, 3, 1);
    return sum + PARALLEL_SYNC(leaf);
}

static void set_up_small(void)
{
    set_up_two();
    model_no_memory = true;
}

static void run_grow_on_leaf(void)
{
    model_assert(PARALLEL_RUN(grow_on_leaf, 3) == 10);
    ran_once(4);
    stop_pool();
}

/* Room for one task at first, and after each call. */
static void set_up_growing(void)
{
    pl_model_first_room = pl_model_kept_room = 2;
    set_up_two();
}

static void set_up_three_growing(void)
{
    pl_model_first_room = pl_model_kept_room = 2;
    set_up_three();
}

static void run_twice_two(void)
{
    model_assert(PARALLEL_RUN(leaves, 0, 2) == 1);
    model_assert(PARALLEL_RUN(leaves, 2, 2) == 5);
    ran_once(4);
    stop_pool();
}

static void run_growing_fib(void)
{
    model_assert(PARALLEL_RUN(fib, 5) == 5);
    stop_pool();
}

/* Joins of all, by their kinds: of those that are open, with others below. */
PARALLEL_TASK(int, join_all, int, n)
{
    int sum = 0;
    PARALLEL_SPAWN(note, n);
    PARALLEL_SPAWN(grow, ((large){.n = {[0] = n, [19] = n + 1}}));
    PARALLEL_SPAWN(leaf, n + 2);
    PARALLEL_SYNC_ALL();
    PARALLEL_SPAWN(leaf, n + 3);
    PARALLEL_SPAWN(leaf, n + 4);
    PARALLEL_SYNC_ALL(leaf, PARALLEL_PLUS, sum);
    return sum;
}

PARALLEL_TASK(int, join_all_on_leaf, int, n)
{
    PARALLEL_SPAWN(leaf, n);
    int sum = PARALLEL_CALL(join_all, n + 1);
    PARALLEL_SPAWN(leaf, n + 6);
    PARALLEL_SYNC_ALL(leaf, PARALLEL_PLUS, sum);
    return sum;
}

static void run_join_all(void)
{
    model_assert(PARALLEL_RUN(join_all, 0) == 7);
    ran_once(5);
    stop_pool();
}

static void run_join_all_on_leaf(void)
{
    model_assert(PARALLEL_RUN(join_all_on_leaf, 0) == 4 + 5 + 6);
    ran_once(7);
    stop_pool();
}

/* ---- long leaves ----------------------------------------------------------------------------------------- */

static void run_hidden(void)
{
    model_assert(PARALLEL_RUN(hidden_leaves, 0, 1) == 0);
    ran_once(1);
    stop_pool();
}

static void run_two_hidden(void)
{
    model_assert(PARALLEL_RUN(hidden_leaves, 0, 2) == 1);
    ran_once(2);
    stop_pool();
}

static void run_three_hidden(void)
{
    model_assert(PARALLEL_RUN(hidden_leaves, 0, 3) == 3);
    ran_once(3);
    stop_pool();
}

/* A worker that has slept since before there was anything to ask for. */
static void set_up_sleeper(void)
{
    set_up_two();
    pl_sleep_announce(&pool->sleep, 1);
}

static void sleep_and_be_a_worker(void)
{
    pl_worker *w = pl_worker_self();
    pl_park(&w->parker, -1);
    pl_sleep_withdraw(&pool->sleep, w->index);
    be_a_worker();
}

/* The bounds are the usual ones again when the long leaf begins. */
PARALLEL_TASK(int, short_then_hidden, int, n)
{
    PARALLEL_SPAWN(leaf, 0);
    int sum = PARALLEL_SYNC(leaf);
    return sum + PARALLEL_CALL(hidden_leaves, 1, n);
}

static void run_short_then_hidden(void)
{
    model_assert(PARALLEL_RUN(short_then_hidden, 1) == 1);
    ran_once(2);
    stop_pool();
}

/* Two tasks of a long leaf that each wait for the other to begin: two others must come. */
PARALLEL_TASK(void, meet, int, i)
{
    ran[i]++;
    event_set(&begun[i]);
    event_wait(&begun[1 - i]);
}

PARALLEL_TASK(void, meeting, int, n)
{
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(meet, i);
    for (int i = 0; i < n; i++)
        event_wait(&begun[i]);
    for (int i = 0; i < n; i++)
        PARALLEL_SYNC(meet);
}

static void run_meeting(void)
{
    PARALLEL_RUN(meeting, 2);
    ran_once(2);
    stop_pool();
}

/* ---- blocked joins --------------------------------------------------------------------------------------- */

/* The join of the outer task can only end when somebody has come for the leaves of the inner one: its thief's, whom the
 * joining worker helps, or its own. */
PARALLEL_TASK(int, outer, int, n)
{
    PARALLEL_SPAWN(hidden_leaves, 0, n);
    return PARALLEL_SYNC(hidden_leaves);
}

static void run_outer(void)
{
    model_assert(PARALLEL_RUN(outer, 1) == 0);
    ran_once(1);
    stop_pool();
}

static void run_outer_of_two(void)
{
    model_assert(PARALLEL_RUN(outer, 2) == 1);
    ran_once(2);
    stop_pool();
}

/* The same where the inner task runs on a thread that takes it and then never takes anything else. */
static event spawned, taken;

static void set_up_taken(void)
{
    set_up(2, 16);
    atomic_init(&pool->sleep.searching, 0);
    memset(&spawned, 0, sizeof spawned);
    memset(&taken, 0, sizeof taken);
    pl_deque_ask(&worker_number(0)->deque);
}

PARALLEL_TASK(int, outer_taken, int, n)
{
    PARALLEL_SPAWN(hidden_leaves, 0, n);
    event_set(&spawned);
    return PARALLEL_SYNC(hidden_leaves);
}

static void take_one(void)
{
    pl_worker *w = pl_worker_self(), *victim = worker_number(0);
    pl_slot *slot;
    const pl_task *task;
    event_wait(&spawned);
    bool got = pl_worker_steal(w, victim, &slot, &task) == PL_STEAL_GOT;
    if (!got || !task)
        event_set(&begun[0]), event_set(&begun[1]); /* nobody will come: its owner has it */
    if (got)
        pl_worker_run(w, victim, slot, task);
}

static void run_outer_taken(void)
{
    model_assert(PARALLEL_RUN(outer_taken, 1) == 0);
    ran_once(1);
}

static void run_outer_of_two_taken(void)
{
    model_assert(PARALLEL_RUN(outer_taken, 2) == 1);
    ran_once(2);
}

static void take_one_for_sure(void)
{
    pl_worker *w = pl_worker_self(), *victim = worker_number(0);
    pl_slot *slot;
    const pl_task *task;
    event_wait(&spawned);
    model_assert(pl_worker_steal(w, victim, &slot, &task) == PL_STEAL_GOT);
    event_set(&taken);
    pl_worker_run(w, victim, slot, task);
}

/* A leaf that its spawn has made public, as its owner's waiter asked for it: without heavy fences, nothing else reveals
 * it. */
static void set_up_taken_without_fences(void)
{
    model_no_fences = true;
    set_up_taken();
}

PARALLEL_TASK(int, open_leaf, int, i)
{
    PARALLEL_SPAWN(leaf, i);
    if (pl_deque_has_public(&worker_number(model_self())->deque))
        event_wait(&begun[i]);
    return PARALLEL_SYNC(leaf);
}

PARALLEL_TASK(int, outer_open, int, i)
{
    PARALLEL_SPAWN(open_leaf, i);
    event_set(&spawned);
    event_wait(&taken);
    return PARALLEL_SYNC(open_leaf);
}

static void run_outer_open(void)
{
    model_assert(PARALLEL_RUN(outer_open, 0) == 0);
    ran_once(1);
}

/* The same where the leaves are those of a call that the inner task makes. */
PARALLEL_TASK(int, call_hidden_leaves, int, n)
{
    return PARALLEL_RUN(hidden_leaves, 0, n);
}

PARALLEL_TASK(int, outer_call_taken, int, n)
{
    PARALLEL_SPAWN(call_hidden_leaves, n);
    event_set(&spawned);
    return PARALLEL_SYNC(call_hidden_leaves);
}

static void run_outer_call_taken(void)
{
    model_assert(PARALLEL_RUN(outer_call_taken, 1) == 0);
    ran_once(1);
}

/* A thief that is done with the awaited task goes on with one of another call, and puts tasks of that on its deque:
 * those are not for the one that waited. */
static event over;

static void set_up_others(void)
{
    set_up_taken();
    memset(&over, 0, sizeof over);
    only[1] = 1;
}

PARALLEL_TASK(int, spawn_one, int, i)
{
    PARALLEL_SPAWN(leaf, i);
    event_set(&spawned);
    event_wait(&taken);
    return PARALLEL_SYNC(leaf);
}

static void run_spawn_one(void)
{
    model_assert(PARALLEL_RUN(spawn_one, 0) == 0);
    event_set(&over);
}

PARALLEL_TASK(int, leaf_and_wait, int, i)
{
    PARALLEL_SPAWN(leaf, i);
    event_wait(&over);
    return PARALLEL_SYNC(leaf);
}

static void take_one_and_run_another(void)
{
    take_one_for_sure();
    model_assert(PARALLEL_RUN(leaf_and_wait, 1) == 1);
}

static void two_ran_once(void)
{
    ran_once(2);
    pool_is_at_rest();
}

/* ---- streaks --------------------------------------------------------------------------------------------- */

/* When its call returns, the thief of all tasks, or of some, is inside of none any more. */
static void run_streak(void)
{
    model_assert(PARALLEL_RUN(leaves, 0, 3) == 3);
    model_assert(atomic_load_explicit(&worker_number(1)->inside, memory_order_relaxed) == 0);
    ran_once(3);
    stop_pool();
}

/* The thief is held in its first task until its victim has another one. */
static event first_begun, second_begun, more;

static void set_up_streak(void)
{
    set_up_two();
    memset(&first_begun, 0, sizeof first_begun);
    memset(&second_begun, 0, sizeof second_begun);
    memset(&more, 0, sizeof more);
}

PARALLEL_TASK(int, first, int, i)
{
    ran[i]++;
    event_set(&first_begun);
    event_wait(&more);
    return i;
}

/* The victim wants the second one back. */
PARALLEL_TASK(int, first_and_leaf, int, i)
{
    PARALLEL_SPAWN(first, i);
    event_wait(&first_begun);
    PARALLEL_SPAWN(leaf, i + 1);
    event_set(&more);
    int sum = PARALLEL_SYNC(leaf);
    return sum + PARALLEL_SYNC(first);
}

static void run_first_and_leaf(void)
{
    model_assert(PARALLEL_RUN(first_and_leaf, 0) == 1);
    ran_once(2);
    stop_pool();
}

/* The second one needs the victim, which waits for that. */
PARALLEL_TASK(int, second, int, i)
{
    event_set(&second_begun);
    return PARALLEL_CALL(hidden_leaves, i, 1);
}

PARALLEL_TASK(int, first_and_second, int, i)
{
    PARALLEL_SPAWN(first, i + 1);
    event_wait(&first_begun);
    PARALLEL_SPAWN(second, i);
    event_set(&more);
    event_wait(&second_begun);
    int sum = PARALLEL_SYNC(second);
    return sum + PARALLEL_SYNC(first);
}

static void run_first_and_second(void)
{
    model_assert(PARALLEL_RUN(first_and_second, 0) == 1);
    ran_once(2);
    stop_pool();
}

/* Two tasks that meet, in the open: somebody must come for each. */
static event opened;

static void set_up_all(void)
{
    set_up_others();
    memset(&opened, 0, sizeof opened);
    set_up(3, 16);
    atomic_init(&pool->sleep.searching, 1);
    pl_deque_ask(&worker_number(0)->deque);
}

PARALLEL_TASK(void, open_meeting, int, n)
{
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(meet, i);
    event_set(&opened);
    event_set(&spawned);
    for (int i = 0; i < n; i++)
        event_wait(&begun[i]);
    for (int i = 0; i < n; i++)
        PARALLEL_SYNC(meet);
}

/* Who goes to sleep may reveal them while they are spawned; then one that waits takes the first, and wakes nobody for
 * the other. */
static void run_open_meeting(void)
{
    PARALLEL_RUN(open_meeting, 2);
    ran_once(2);
    stop_pool();
}

/* The same in a task that was stolen: a worker comes for one of them, who waits for the task for the other. */
PARALLEL_TASK(void, spawn_meeting, int, n)
{
    PARALLEL_SPAWN(open_meeting, n);
    event_set(&spawned);
    event_wait(&taken);
    PARALLEL_SYNC(open_meeting);
}

static void run_spawn_meeting(void)
{
    PARALLEL_RUN(spawn_meeting, 2);
    ran_once(2);
    stop_pool();
}

static void be_a_worker_later(void)
{
    event_wait(&opened);
    be_a_worker();
}

/* A call in a task goes on above what the task has spawned. */
PARALLEL_TASK(int, leaf_and_call, int, n)
{
    PARALLEL_SPAWN(leaf, 0);
    int sum = PARALLEL_RUN(leaves, 1, n);
    PARALLEL_SPAWN(leaf, n + 1);
    sum += PARALLEL_SYNC(leaf);
    return sum + PARALLEL_SYNC(leaf);
}

static void run_leaf_and_call(void)
{
    model_assert(PARALLEL_RUN(leaf_and_call, 2) == 6);
    ran_once(4);
    stop_pool();
}

/* ---- several calls --------------------------------------------------------------------------------------- */

static event finished;

static void set_up_two_calls(void)
{
    set_up(3, 16);
    atomic_init(&pool->sleep.searching, 1);
    memset(&finished, 0, sizeof finished);
    only[1] = 2; /* no guest helps another's call */
}

static void run_first(void)
{
    only[0] = -1;
    model_assert(PARALLEL_RUN(leaves, 0, 1) == 0);
    event_wait(&finished);
    stop_pool();
}

static void run_second(void)
{
    only[1] = -1;
    model_assert(PARALLEL_RUN(leaves, 1, 1) == 1);
    event_set(&finished);
}

const scenario task_scenarios[] = {
    {"task: one spawn", set_up_two, {run_one, be_a_worker}, pool_is_at_rest, 0},
    {"task: three spawns", set_up_two, {run_three, be_a_worker}, pool_is_at_rest, 0},
    {"task: no heavy fences", set_up_without_fences, {run_three, be_a_worker}, pool_is_at_rest, 0},
    {"task: heavy fences that fail", set_up_failing_fences, {run_three, be_a_worker}, pool_is_at_rest, 0},
    {"task: two runs", set_up_two, {run_twice, be_a_worker}, pool_is_at_rest, 0},
    {"task: two workers", set_up_three, {run_three, be_a_worker, be_a_worker}, pool_is_at_rest, 0},
    {"task: recursion", set_up_two, {run_fib, be_a_worker}, pool_is_at_rest, 0},
    {"task: large arguments", set_up_two, {run_large, be_a_worker}, pool_is_at_rest, 0},
    {"task: no room", set_up_narrow, {run_all_kinds, be_a_worker}, pool_is_at_rest, 0},
    {"task: no room for large arguments", set_up_small, {run_grow_on_leaf, be_a_worker}, pool_is_at_rest, 0},
    {"task: no room for the first", set_up_small, {run_large, be_a_worker}, pool_is_at_rest, 0},
    {"task: no worker", set_up_alone, {run_all_kinds}, pool_is_at_rest, 0},
    {"task: a join of all", set_up_two, {run_join_all, be_a_worker}, pool_is_at_rest, 0},
    {"task: a join of all, no room", set_up_narrow, {run_join_all_on_leaf, be_a_worker}, pool_is_at_rest, 0},
    {"task: a join of all, no room for large arguments",
     set_up_small,
     {run_join_all_on_leaf, be_a_worker},
     pool_is_at_rest,
     0},
    {"task: a join of all, no worker", set_up_alone, {run_join_all_on_leaf}, pool_is_at_rest, 0},
    {"task: growing room", set_up_growing, {run_three, be_a_worker}, pool_is_at_rest, 0},
    {"task: growing room, two workers",
     set_up_three_growing,
     {run_three, be_a_worker, be_a_worker},
     pool_is_at_rest,
     1},
    {"task: room that grows again", set_up_growing, {run_twice_two, be_a_worker}, pool_is_at_rest, 0},
    {"task: room that grows for a recursion", set_up_growing, {run_growing_fib, be_a_worker}, pool_is_at_rest, 0},
    {"task: room that grows in a long leaf", set_up_growing, {run_two_hidden, be_a_worker}, pool_is_at_rest, 0},
    {"task: a long leaf", set_up_two, {run_hidden, be_a_worker}, pool_is_at_rest, 0},
    {"task: a long leaf and a sleeper", set_up_sleeper, {run_hidden, sleep_and_be_a_worker}, pool_is_at_rest, 0},
    {"task: a long leaf with two", set_up_two, {run_two_hidden, be_a_worker}, pool_is_at_rest, 0},
    {"task: a long leaf with three", set_up_three, {run_three_hidden, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
    {"task: a long leaf after a short one", set_up_two, {run_short_then_hidden, be_a_worker}, pool_is_at_rest, 0},
    {"task: two that meet", set_up_three, {run_meeting, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
    {"task: a blocked join", set_up_two, {run_outer, be_a_worker}, pool_is_at_rest, 0},
    {"task: a blocked join, two leaves", set_up_two, {run_outer_of_two, be_a_worker}, pool_is_at_rest, 0},
    {"task: a blocked join, two workers",
     set_up_three,
     {run_outer_of_two, be_a_worker, be_a_worker},
     pool_is_at_rest,
     1},
    {"task: a streak", set_up_two, {run_streak, be_a_worker}, pool_is_at_rest, 0},
    {"task: a streak, the victim wants one back", set_up_streak, {run_first_and_leaf, be_a_worker}, pool_is_at_rest, 0},
    {"task: a streak that needs its victim", set_up_streak, {run_first_and_second, be_a_worker}, pool_is_at_rest, 0},
    {"task: a thief in need", set_up_taken, {run_outer_taken, take_one}, pool_is_at_rest, 0},
    {"task: a thief in need of two", set_up_taken, {run_outer_of_two_taken, take_one}, pool_is_at_rest, 0},
    {"task: an open meeting", set_up_all, {run_open_meeting, take_one, be_a_worker}, pool_is_at_rest, 1},
    {"task: an open meeting of a thief",
     set_up_all,
     {run_spawn_meeting, take_one_for_sure, be_a_worker_later},
     pool_is_at_rest,
     1},
    {"task: a thief in need, no fences",
     set_up_taken_without_fences,
     {run_outer_open, take_one_for_sure},
     pool_is_at_rest,
     0},
    {"task: a thief in need, in a call", set_up_taken, {run_outer_call_taken, take_one}, pool_is_at_rest, 0},
    {"task: a thief of other calls", set_up_others, {run_spawn_one, take_one_and_run_another}, two_ran_once, 0},
    {"task: a call in a task", set_up_two, {run_leaf_and_call, be_a_worker}, pool_is_at_rest, 0},
    {"task: two calls", set_up_two_calls, {run_first, run_second, be_a_worker}, pool_is_at_rest, 0},
    {0},
};
