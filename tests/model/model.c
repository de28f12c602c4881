/* SPDX-License-Identifier: MIT */
/*
 * model [--deep] [SCENARIO...]: explores every interleaving of small scenarios on the lock-free parts, up to 2
 * preemptions, or 3 with --deep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/os.h"
#include "deque/deque.h"
#include "model/explore.h"
#include "sched/latch.h"
#include "sched/loop.h"
#include "sched/pool.h"
#include "sched/range.h"

/* ---- deque: an owner and thieves --------------------------------------------------------------------------------- */

enum { TASKS = 8 };

static pl_deque deque;
static int ran[TASKS];

static void run_task(void *thief, pl_slot *slot, bool wanted)
{
    (void)wanted;
    pl_model_point(__FILE__, __LINE__); /* the slot is read later than it is stolen */
    ran[(size_t)(uintptr_t)slot->argument]++;
    pl_slot_done(slot);
    if (thief)
        pl_worker_pass_on(thief);
}

static void push(size_t number)
{
    model_assert(pl_deque_push(&deque, run_task, (void *)(uintptr_t)number));
}

static void pop(void)
{
    if (pl_deque_pop(&deque))
        ran[(size_t)(uintptr_t)deque.base[deque.head].argument]++;
    else
        pl_deque_forget(&deque);
}

static void set_up_deque(void)
{
    if (deque.base)
        pl_deque_destroy(&deque);
    model_assert(pl_deque_init(&deque, 16));
    memset(ran, 0, sizeof ran);
}

static void steal_one(void)
{
    pl_slot *slot;
    if (pl_deque_steal(&deque, &slot) == PL_STEAL_GOT)
        slot->run(NULL, slot, true);
}

static void steal_two(void)
{
    steal_one();
    steal_one();
}

static void check_ran(int tasks)
{
    for (int i = 0; i < tasks; i++)
        model_assert(ran[i] == 1);
    model_assert(deque.head == 0);
}

static void owner_of_three(void)
{
    for (size_t i = 0; i < 3; i++)
        push(i);
    pl_deque_publish(&deque);
    for (size_t i = 0; i < 3; i++)
        pop();
}

static void three_ran(void)
{
    check_ran(3);
}

/* The same index is published again and again, for another task each time. */
static void owner_at_one_index(void)
{
    for (size_t i = 0; i < 4; i++) {
        push(i);
        pl_deque_publish(&deque);
        pop();
    }
}

static void four_ran(void)
{
    check_ran(4);
}

/* Publishes on top of tasks that are public already, while they are stolen. */
static void owner_that_widens(void)
{
    push(0);
    pl_deque_publish(&deque);
    push(1);
    pl_deque_publish(&deque);
    push(2);
    push(3);
    pl_deque_publish(&deque);
    for (size_t i = 0; i < 4; i++)
        pop();
}

static void ask_and_steal(void)
{
    pl_deque_ask(&deque);
    steal_one();
    pl_deque_ask(&deque);
    steal_one();
}

static void owner_that_is_asked(void)
{
    push(0);
    push(1);
    pop();
    push(2);
    push(3);
    pop();
    pop();
    pop();
}

/* ---- parking
 * ------------------------------------------------------------------------------------------------------- */

static pl_parker parker;
static _Atomic int flag[2];

static void set_up_parker(void)
{
    memset(&parker, 0, sizeof parker);
    memset(&flag, 0, sizeof flag);
}

static void set_flag(int i)
{
    atomic_store_explicit(&flag[i], 1, memory_order_release);
    pl_unpark(&parker);
}

static void set_first(void)
{
    set_flag(0);
}

static void set_second(void)
{
    set_flag(1);
}

static bool is_set(int i)
{
    return atomic_load_explicit(&flag[i], memory_order_acquire);
}

static void park_for_both(void)
{
    while (!is_set(0) || !is_set(1))
        pl_park(&parker, -1);
}

static void park_with_a_time(void)
{
    for (int i = 0; i < 2 && !(is_set(0) && is_set(1)); i++)
        pl_park(&parker, 1000);
    park_for_both();
}

static void nothing(void)
{
}

/* ---- latch: its memory is its owner's again as soon as it is open
 * --------------------------------------------------- */

static pl_latch latch;
static pl_parker decoy;
static int helped;

static void set_up_latch(void)
{
    set_up_parker();
    memset(&decoy, 0, sizeof decoy);
    helped = 0;
    pl_latch_init(&latch, &parker);
    pl_latch_add(&latch);
    pl_latch_add(&latch);
}

static void help_latch(void)
{
    helped++;
    pl_latch_poke(&latch);
    pl_latch_drop(&latch);
}

static void wait_at_latch(void)
{
    while (!pl_latch_open(&latch)) {
        if (pl_latch_announce(&latch))
            pl_park(&parker, -1);
        pl_latch_withdraw(&latch);
    }
    model_assert(helped == 2);
    pl_latch_init(&latch, &decoy); /* whoever comes now, comes to something else */
    atomic_init(&latch.word, 7);
}

static void latch_was_left_alone(void)
{
    model_assert(latch.word == 7);
    model_assert(decoy.word == 0);
}

/* ---- ranges
 * -------------------------------------------------------------------------------------------------------- */

static pl_range ranges[2];

static void eat(uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        ran[i]++;
}

static void set_up_ranges(void)
{
    memset(ran, 0, sizeof ran);
    pl_range_set(&ranges[0], 0, 6);
    pl_range_set(&ranges[1], 0, 0);
}

static void eat_from(int mine)
{
    uint32_t b, e;
    do
        while (pl_range_take(&ranges[mine], 2, &b, &e))
            eat(b, e);
    while (pl_range_steal(&ranges[!mine], &b, &e) && (pl_range_set(&ranges[mine], b, e), true));
}

static void eat_first(void)
{
    eat_from(0);
}

static void eat_second(void)
{
    eat_from(1);
}

static void six_eaten(void)
{
    for (int i = 0; i < 6; i++)
        model_assert(ran[i] == 1);
}

/* ---- the pool: its real threads' main function, and real loops
 * ------------------------------------------------------ */

/* Thread 0 is the caller; the others are the pool's. */
static pl_pool *pool;
static int workers;

unsigned pl_pool_cores(void)
{
    return (unsigned)workers;
}

pl_worker *pl_worker_self(void)
{
    return pl_pool_worker(pool, (unsigned)model_self());
}

void pl_worker_become(pl_worker *worker)
{
    model_assert(worker == pl_worker_self());
}

bool pl_worker_leave(pl_worker *worker)
{
    return pl_pool_stopping(worker->pool);
}

bool pl_pool_may_add(const pl_pool *p, bool add)
{
    (void)p;
    (void)add;
    return false;
}

bool pl_pool_add_thread(pl_pool *p)
{
    (void)p;
    return false;
}

/* All threads exist, and search, when a scenario begins. */
static void set_up_pool(int count)
{
    if (!pool) {
        pool = pl_os_zalloc(sizeof *pool);
        for (unsigned i = 0; pool && i < MODEL_THREADS; i++)
            atomic_init(&pool->workers[i], pl_os_zalloc(sizeof(pl_worker)));
    }
    workers = count;
    memset(&pool->sleep, 0, sizeof pool->sleep);
    atomic_init(&pool->stopping, 0);
    atomic_init(&pool->high, (uint32_t)count);
    atomic_init(&pool->sleep.searching, (uint32_t)count - 1);
    for (unsigned i = 0; i < (unsigned)count; i++) {
        pl_worker *w = pool->workers[i];
        if (w->deque.base)
            pl_deque_destroy(&w->deque);
        memset(w, 0, sizeof *w);
        model_assert(pl_deque_init(&w->deque, 16));
        w->pool = pool;
        w->index = i;
    }
    memset(ran, 0, sizeof ran);
}

static void stop_pool(void)
{
    atomic_store_explicit(&pool->stopping, 1, memory_order_seq_cst);
    for (unsigned i = 1; i < (unsigned)workers; i++)
        pl_unpark(&pool->workers[i]->parker);
}

static void be_a_worker(void)
{
    pl_worker_main(pl_worker_self());
}

static void pool_is_at_rest(void)
{
    model_assert(pool->sleep.searching == 0 || pool->sleep.searching == (uint32_t)workers - 1);
    for (unsigned i = 0; i < (unsigned)workers; i++)
        model_assert(pool->workers[i]->deque.head == 0 && pool->workers[i]->inside == 0);
}

static int run_iterations(void *ctx, size_t begin, size_t end, void *stop)
{
    (void)ctx;
    (void)stop;
    for (size_t i = begin; i < end; i++)
        ran[i]++;
    return 0;
}

static void run_loop(size_t n, pl_loop_body *body)
{
    pl_cost unknown = {0};
    pl_loop_run(&(pl_loop_spec){.n = n, .body = body, .cost = &unknown});
}

static void two_workers(void)
{
    set_up_pool(2);
}

static void three_workers(void)
{
    set_up_pool(3);
}

static void call_once(void)
{
    run_loop(3, run_iterations);
    for (int i = 0; i < 3; i++)
        model_assert(ran[i] == 1);
    stop_pool();
}

static void call_twice(void)
{
    run_loop(2, run_iterations);
    run_loop(2, run_iterations);
    for (int i = 0; i < 2; i++)
        model_assert(ran[i] == 2);
    stop_pool();
}

/* Loops in loops. That a waiter takes only what descends from its own call, shows in that no thread begins an iteration
 * while it is inside of one at the same depth or deeper. */
static int depth_of[MODEL_THREADS], depths;

static int run_at(int depth, size_t begin, size_t end);

static int run_outermost(void *ctx, size_t begin, size_t end, void *stop)
{
    (void)ctx;
    (void)stop;
    return run_at(1, begin, end);
}

static int run_middle(void *ctx, size_t begin, size_t end, void *stop)
{
    (void)ctx;
    (void)stop;
    return run_at(2, begin, end);
}

static int run_innermost(void *ctx, size_t begin, size_t end, void *stop)
{
    (void)ctx;
    (void)stop;
    return run_at(3, begin, end);
}

static int run_at(int depth, size_t begin, size_t end)
{
    static pl_loop_body *const next[] = {run_outermost, run_middle, run_innermost};
    for (size_t i = begin; i < end; i++) {
        int before = depth_of[model_self()];
        model_assert(before < depth);
        depth_of[model_self()] = depth;
        if (depth < depths)
            run_loop(2, next[depth]);
        else
            ran[i]++;
        depth_of[model_self()] = before;
    }
    return 0;
}

static void call_nested(int levels, int times)
{
    depths = levels;
    memset(depth_of, 0, sizeof depth_of);
    run_loop(2, run_outermost);
    model_assert(ran[0] == times && ran[1] == times);
    stop_pool();
}

static void call_two_deep(void)
{
    call_nested(2, 2);
}

static void call_three_deep(void)
{
    call_nested(3, 4);
}

/* Sleeps until the thieves of the first two slots have done with them: the worker does nothing more. */
static void wait_for_slots(pl_worker *w)
{
    for (size_t i = 0; i < 2; i++) {
        pl_slot *slot = &w->deque.base[i];
        while (atomic_load_explicit(&slot->done, memory_order_acquire) != PL_SLOT_DONE) {
            uint32_t pending = PL_SLOT_PENDING;
            atomic_compare_exchange_strong_explicit(&slot->done, &pending, PL_SLOT_AWAITED, memory_order_acquire,
                                                    memory_order_acquire);
            pl_os_wait(&slot->done, PL_SLOT_AWAITED, -1);
        }
    }
}

static void drop_slots(pl_worker *w)
{
    for (size_t i = 0; i < 2; i++) {
        model_assert(!pl_deque_pop(&w->deque));
        pl_deque_forget(&w->deque);
    }
}

/* Who publishes while others go to sleep: the tasks must be found. */
static void publish_and_park(void)
{
    pl_worker *w = pl_worker_self();
    for (size_t i = 0; i < 2; i++) {
        model_assert(pl_deque_push(&w->deque, run_task, (void *)(uintptr_t)i));
        pl_deque_publish(&w->deque);
        pl_pool_notify(pool, false);
    }
    wait_for_slots(w);
    drop_slots(w);
    model_assert(ran[0] == 1 && ran[1] == 1);
    stop_pool();
}

/* Two tasks that each wait until the other has begun: both workers must come, also if they sleep. */
static _Atomic uint32_t begun[2];

static void run_and_meet(void *thief, pl_slot *slot, bool may_run)
{
    size_t i = (size_t)(uintptr_t)slot->argument;
    run_task(thief, slot, may_run);
    atomic_store_explicit(&begun[i], 1, memory_order_release);
    pl_os_wake(&begun[i]);
    while (!atomic_load_explicit(&begun[!i], memory_order_acquire))
        pl_os_wait(&begun[!i], 0, -1);
}

static void set_up_meeting(void)
{
    set_up_pool(3);
    memset(&begun, 0, sizeof begun);
}

static void publish_a_meeting(void)
{
    pl_worker *w = pl_worker_self();
    for (size_t i = 0; i < 2; i++) {
        model_assert(pl_deque_push(&w->deque, run_and_meet, (void *)(uintptr_t)i));
        pl_deque_publish(&w->deque);
        pl_pool_notify(pool, false);
    }
    wait_for_slots(w);
    drop_slots(w);
    stop_pool();
}

/* ---- all of them
 * --------------------------------------------------------------------------------------------------- */

static const scenario scenarios[] = {
    {"deque: owner and thief", set_up_deque, {owner_of_three, steal_two}, three_ran, 0},
    {"deque: owner and two thieves", set_up_deque, {owner_of_three, steal_two, steal_two}, three_ran, 0},
    {"deque: one index over and over", set_up_deque, {owner_at_one_index, steal_two, steal_two}, four_ran, 0},
    {"deque: publishing on top of public tasks", set_up_deque, {owner_that_widens, steal_two, steal_two}, four_ran, 0},
    {"deque: asking", set_up_deque, {owner_that_is_asked, ask_and_steal}, four_ran, 0},
    {"parker: two wakers", set_up_parker, {park_for_both, set_first, set_second}, nothing, 0},
    {"parker: with a time", set_up_parker, {park_with_a_time, set_first, set_second}, nothing, 0},
    {"latch: two helpers", set_up_latch, {wait_at_latch, help_latch, help_latch}, latch_was_left_alone, 0},
    {"range: two workers", set_up_ranges, {eat_first, eat_second}, six_eaten, 0},
    {"pool: a publisher and a worker", two_workers, {publish_and_park, be_a_worker}, pool_is_at_rest, 0},
    {"pool: a publisher and two workers",
     three_workers,
     {publish_and_park, be_a_worker, be_a_worker},
     pool_is_at_rest,
     0},
    {"pool: two tasks that meet", set_up_meeting, {publish_a_meeting, be_a_worker, be_a_worker}, pool_is_at_rest, 0},
    {"loop: a caller and a worker", two_workers, {call_once, be_a_worker}, pool_is_at_rest, 0},
    {"loop: a caller and two workers", three_workers, {call_once, be_a_worker, be_a_worker}, pool_is_at_rest, 0},
    {"loop: two calls", two_workers, {call_twice, be_a_worker}, pool_is_at_rest, 0},
    {"loop: nested", two_workers, {call_two_deep, be_a_worker}, pool_is_at_rest, 0},
    {"loop: nested, two workers", three_workers, {call_two_deep, be_a_worker, be_a_worker}, pool_is_at_rest, 0},
    {"loop: three deep", three_workers, {call_three_deep, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
};

enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

static bool wanted(const char *name, int argc, char **argv)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-')
            continue;
        any = true;
        if (strstr(name, argv[i]))
            return true;
    }
    return !any;
}

int main(int argc, char **argv)
{
    int bound = argc > 1 && strcmp(argv[1], "--deep") == 0 ? 3 : 2, count = 0;
    unsigned long total = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < SCENARIOS; i++) {
        if (!wanted(scenarios[i].name, argc, argv))
            continue;
        clock_t start = clock();
        unsigned long executions = model_explore(&scenarios[i], bound - scenarios[i].less);
        printf("ok %d - %s: %lu executions, %d preemptions, %.2f s\n", ++count, scenarios[i].name, executions,
               bound - scenarios[i].less, (double)(clock() - start) / CLOCKS_PER_SEC);
        total += executions;
    }
    printf("1..%d\n# %lu executions\n", count, total);
    return count ? 0 : 2;
}
