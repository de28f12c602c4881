/* SPDX-License-Identifier: MIT */
/* Scenarios on what runs in the background, and on how it is stopped: the injector of a pool, and sleepers that
 * wake. */
#include "model/model.h"

#include <string.h>

#include "base/os.h"
#include "sched/stop.h"
#include "sched/injector.h"

/* ---- sleepers -------------------------------------------------------------------------------------------- */

static pl_stop inner, outer;

static void nobody_stops(void)
{
    memset(&inner, 0, sizeof inner);
    memset(&outer, 0, sizeof outer);
}

static bool one_is_stopped(void *context)
{
    (void)context;
    return pl_stop_level(&inner) == PL_STOP_ALL || pl_stop_level(&outer) == PL_STOP_ALL;
}

static void sleep_for_good(void)
{
    model_assert(pl_stop_sleep(&outer, UINT64_MAX, one_is_stopped, NULL));
}

static void sleep_twice(void)
{
    pl_stop_sleep(&outer, pl_os_nanoseconds() + 5000000, one_is_stopped, NULL);
    sleep_for_good();
}

static void stop_inner(void)
{
    pl_stop_raise(&inner, PL_STOP_STARTING); /* not enough */
    if (pl_stop_raise(&inner, PL_STOP_ALL))
        pl_stop_notify(&outer);
}

static void stop_outer(void)
{
    if (pl_stop_raise(&outer, PL_STOP_ALL))
        pl_stop_notify_all();
    pl_stop_raise(&outer, PL_STOP_STARTING); /* never goes back */
    model_assert(pl_stop_level(&outer) == PL_STOP_ALL);
}

/* ---- the injector ------------------------------------------------------------------------------------------- */

static pl_job job[3];
static event ended[3], begun;

/* Which one it is. */
static int number(const pl_job *e)
{
    return (int)(e - job);
}

static bool on_a_worker(void)
{
    return model_self() > 0;
}

static void end_of(int i)
{
    ran[i]++;
    if (on_a_worker())
        pl_injector_end(pool);
    event_set(&ended[i]);
}

static void just_run(pl_job *e)
{
    end_of(number(e));
}

/* The first blocks until the last has run. */
static void wait_for_the_last(pl_job *e)
{
    if (number(e) == 0)
        event_wait(&ended[1]);
    end_of(number(e));
}

static void fill_injector(int count, unsigned size, void (*run)(pl_job *))
{
    memset(job, 0, sizeof job);
    memset(ended, 0, sizeof ended);
    memset(&begun, 0, sizeof begun);
    set_up_pool(count, 16);
    pool->size = size;
    for (int i = 0; i < 3; i++)
        job[i] = (pl_job){.run = run, .pool = pool};
}

static void one_driver(void)
{
    fill_injector(3, 1, wait_for_the_last);
}

static void one_worker(void)
{
    fill_injector(2, 2, just_run);
}

static void two_drivers(void)
{
    fill_injector(3, 2, just_run);
}

static void submit_two(void)
{
    pl_injector_submit(&job[0]);
    pl_injector_submit(&job[1]);
    event_wait(&ended[0]);
    event_wait(&ended[1]);
    stop_pool();
}

/* As who waits for results does. */
static void submit_and_take_back(void)
{
    pl_injector_submit(&job[0]);
    pl_injector_submit(&job[1]);
    if (pl_injector_withdraw(&job[1]))
        just_run(&job[1]);
    event_wait(&ended[0]);
    event_wait(&ended[1]);
    stop_pool();
}

static void submit_one_and_call(void);

static int wait_for_a_job(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    for (; begin < end; begin++) {
        ran[2 + begin]++;
        if (begin == 1)
            event_wait(&ended[0]);
    }
    return 0;
}

static void submit_one_and_call(void)
{
    pl_cost cost = {0};
    pl_injector_submit(&job[0]);
    pl_loop_run(&(pl_loop_spec){.n = 2, .body = wait_for_a_job, .workers = 3, .cost = &cost});
    event_wait(&ended[0]);
    stop_pool();
}

static void both_ran(void)
{
    pool_is_at_rest();
    model_assert(ran[0] == 1 && ran[1] == 1);
}

static void all_ran(void)
{
    pool_is_at_rest();
    model_assert(ran[0] == 1 && ran[2] == 1 && ran[3] == 1);
}

const scenario background_scenarios[] = {
    {"stop: a sleeper", nobody_stops, {sleep_for_good, stop_inner}, nothing, 0},
    {"stop: a sleeper and two who stop it", nobody_stops, {sleep_twice, stop_inner, stop_outer}, nothing, 0},
    {"stop: two sleepers", nobody_stops, {sleep_for_good, sleep_for_good, stop_outer}, nothing, 0},
    {"injector: two jobs, one worker", one_worker, {submit_two, be_a_worker}, both_ran, 0},
    {"injector: taken back", one_worker, {submit_and_take_back, be_a_worker}, both_ran, 0},
    {"injector: two jobs, two workers", two_drivers, {submit_two, be_a_worker, be_a_worker}, both_ran, 1},
    {"injector: the second while the first blocks", one_driver, {submit_two, be_a_worker, be_a_worker}, both_ran, 0},
    {"injector: a job and a loop", two_drivers, {submit_one_and_call, be_a_worker, be_a_worker}, all_ran, 1},
    {0},
};
