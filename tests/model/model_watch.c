/* SPDX-License-Identifier: MIT */
/*
 * Scenarios on the watcher of pieces: the shipped watch.c, whose thread comes and goes as the pool's do. There is one
 * record, which all pieces take in turn. The clock goes on by a millisecond whenever it is read.
 */
#include "model/model.h"

#include <string.h>

#include <parallel.h>

#include "base/os.h"
#include "model/memory.h"
#include "sched/stop.h"
#include "sched/watch.h"

/* A grace of 2048 ticks, of which a microsecond has one. And a limit, beyond the grace; here, tasks are short. */
enum { SHORT = 11, LIMIT = 5000 };
/* One of which half is more than the watcher waits when there is no piece: it need not be called. */
enum { LONG = 13 };
/* Whoever has waited so often for the watcher, while nobody else could do anything, waits for ever. */
enum { OFTEN = 60 };

static event both;
static unsigned class;

static void set_up_watcher(void)
{
    model_times_cost = true;
    without_a_pool(1);
    pl_watch_stop();
    pl_watch_last = NULL;
    memory_locals_of(0);
    memset(&both, 0, sizeof both);
    class = SHORT;
}

static void set_up_for_long_pieces(void)
{
    set_up_watcher();
    class = LONG;
}

static void no_watcher_is_left(void)
{
    model_assert(model_started() == 0 && pl_watch_period == UINT64_MAX);
}

/* ---- pieces ------------------------------------------------------------------------------------------------ */

/* A task ends, and another is to begin: when that is, before it looks at the stop word. Whether it begins. A machine
 * shows a store after a while, so the look is to find what was stored when it comes, if that was in S. */
static bool begin_task(const pl_watch *w, uint64_t *began)
{
    *began = pl_ticks();
    return atomic_load_explicit((pl_stop *)&w->stop, memory_order_seq_cst) == 0;
}

/* Runs tasks until the watcher stops them. */
static void run_until_stopped(pl_watch *w)
{
    for (int k = 0; !pl_stop_is_raised(&w->stop); k++) {
        model_assert(k < OFTEN);
        pl_ticks();
        pl_os_yield();
    }
}

/* A task, or what remains of one that began at the latest before `began`: runs until it is late. */
static void run_until_late(pl_watch *w, uint64_t began)
{
    for (int k = 0; !pl_watch_is_late(w, LIMIT); k++) {
        model_assert(k < OFTEN);
        pl_os_yield();
    }
    model_assert(pl_ticks() - began > LIMIT);
}

/* A piece of some short tasks. The last that has begun is not said to be late unless it is. */
static void run_some(void)
{
    pl_watch *w = pl_watch_begin(class);
    uint64_t began = 0, next;
    int tasks = 0;
    if (!w)
        return;
    for (; tasks < 9 && begin_task(w, &next); tasks++)
        began = next;
    if (tasks > 0 && pl_watch_is_late(w, LIMIT))
        model_assert(pl_ticks() - began > LIMIT);
    pl_watch_end(w);
}

static void be_stopped(void)
{
    pl_watch *w = pl_watch_begin(class);
    model_assert(w);
    run_until_stopped(w);
    pl_watch_end(w);
}

/* A piece whose last task is late. Now and then it is stopped before, by what was meant for the piece before it, but
 * not again and again. */
static void be_late(void)
{
    uint64_t began;
    pl_watch *w = pl_watch_begin(class);
    for (int k = 0; w && !begin_task(w, &began); k++) {
        model_assert(k < 4);
        pl_watch_end(w);
        w = pl_watch_begin(class);
    }
    model_assert(w);
    run_until_late(w, began);
    pl_watch_end(w);
}

/* ---- programs ------------------------------------------------------------------------------------------------ */

static void stopped_twice(void)
{
    be_stopped();
    be_stopped();
    pl_watch_stop();
}

static void late_once(void)
{
    run_some();
    be_late();
    pl_watch_stop();
}

static void late_after_another(void)
{
    be_stopped();
    run_some();
    be_late();
    pl_watch_stop();
}

/* For how long the watcher waits. */
static uint64_t watcher_period(void)
{
    return atomic_load_explicit(&pl_watch_period, memory_order_relaxed); /* a hint */
}

/* The watcher looks once more; until it waits for ever. */
static void rest_for_a_while(void)
{
    pl_os_yield();
    pl_os_yield();
}

static void rest_for_long(void)
{
    for (int k = 0; watcher_period() != UINT64_MAX; k++) {
        model_assert(k < OFTEN);
        pl_os_yield();
    }
}

/* When there has been no piece for a while, the watcher waits for ever. */
static void stopped_after_a_rest(void)
{
    be_stopped();
    rest_for_long();
    be_stopped();
    pl_watch_stop();
}

/* And it is about to. */
static void stopped_before_a_rest(void)
{
    be_stopped();
    rest_for_a_while();
    be_stopped();
    pl_watch_stop();
}

/* Two threads: whoever does not get the record runs its tasks one by one. */
static void be_stopped_if_watched(void)
{
    pl_watch *w = pl_watch_begin(class);
    if (!w)
        return;
    run_until_stopped(w);
    pl_watch_end(w);
}

static void stopped_with_another(void)
{
    be_stopped_if_watched();
    event_wait(&both);
    pl_watch_stop();
}

static void stopped_beside(void)
{
    be_stopped_if_watched();
    event_set(&both);
}

/* The watcher ends while another thread has a piece. */
static void stop_meanwhile(void)
{
    run_some();
    pl_watch_stop();
    event_wait(&both);
    pl_watch_stop();
}

/* ---- relief -------------------------------------------------------------------------------------------------- */

/* Tasks, which others may take over; and whether task 1 waits for the last. */
enum { FEW = 3 };
static parallel_span span;
static bool waits_for_last;
static event last_has_run;
static size_t others_first;

static void run_task(size_t i)
{
    ran[i]++;
    if (i == FEW - 1)
        event_set(&last_has_run);
    else if (i == 1 && waits_for_last)
        event_wait(&last_has_run);
    else
        pl_ticks();
}

/* Others run their tasks in whatever order. */
static void take_over(pl_relief *relief, size_t first)
{
    (void)relief;
    others_first = first;
    for (size_t i = FEW; i-- > first;)
        run_task(i);
}

static pl_relief relief = {&span.index, take_over};

static void set_up_relief(void)
{
    set_up_watcher();
    memset(&span, 0, sizeof span);
    memset(&last_has_run, 0, sizeof last_has_run);
    memset(ran, 0, sizeof ran);
    others_first = FEW;
    waits_for_last = false;
}

static void set_up_held_up(void)
{
    set_up_relief();
    waits_for_last = true;
}

/* As kernels do, and those who have them run. */
static void run_with_relief(void)
{
    pl_watch *w = pl_watch_begin_with(SHORT | PL_WATCH_RELIEF, &relief);
    size_t i = 0;
    model_assert(w);
    span.stop = &w->stop;
    while (i < FEW && parallel_span_begins(&span, i))
        run_task(i++);
    size_t end = pl_watch_was_relieved(w) ? others_first : FEW;
    pl_watch_end(w);
    for (; i < end; i++)
        run_task(i);
}

static void relieved(void)
{
    run_with_relief();
    pl_watch_stop();
}

/* The record's next piece has no relief. */
static void relieved_before_another(void)
{
    run_with_relief();
    be_stopped();
    pl_watch_stop();
}

static void each_task_ran_once(void)
{
    no_watcher_is_left();
    for (int i = 0; i < FEW; i++)
        model_assert(ran[i] == 1);
}

const scenario watch_scenarios[] = {
    {"watch: two pieces are stopped", set_up_watcher, {stopped_twice, model_spare}, no_watcher_is_left, 0},
    {"watch: a late task", set_up_watcher, {late_once, model_spare}, no_watcher_is_left, 0},
    {"watch: a late task after a piece that was stopped",
     set_up_watcher,
     {late_after_another, model_spare},
     no_watcher_is_left,
     0},
    {"watch: a piece after a rest", set_up_watcher, {stopped_after_a_rest, model_spare}, no_watcher_is_left, 0},
    {"watch: a piece before a rest",
     set_up_for_long_pieces,
     {stopped_before_a_rest, model_spare},
     no_watcher_is_left,
     0},
    {"watch: pieces of two threads",
     set_up_watcher,
     {stopped_with_another, stopped_beside, model_spare},
     no_watcher_is_left,
     0},
    {"watch: an end while there is a piece",
     set_up_watcher,
     {stop_meanwhile, stopped_beside, model_spare},
     no_watcher_is_left,
     0},
    {"watch: a piece with a relief", set_up_relief, {relieved, model_spare}, each_task_ran_once, 0},
    {"watch: a piece that is held up", set_up_held_up, {relieved, model_spare}, each_task_ran_once, 0},
    {"watch: a piece with a relief, and one without",
     set_up_relief,
     {relieved_before_another, model_spare},
     each_task_ran_once,
     0},
    {0},
};
