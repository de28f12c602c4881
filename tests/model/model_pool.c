/* SPDX-License-Identifier: MIT */
/* Scenarios on the life of pools: threads that come and go, attachments, and the end. */
#include "model/model.h"

#include <string.h>

#include "base/os.h"
#include "model/memory.h"
#include "sched/injector.h"

static event made, entered, over;
static pl_pool *own;
static pl_job job;

static void set_up(int size)
{
    without_a_pool(size);
    memset(&met, 0, sizeof met);
    memset(&made, 0, sizeof made);
    memset(&entered, 0, sizeof entered);
    memset(&over, 0, sizeof over);
    memset(&job, 0, sizeof job);
    own = NULL;
}

static void set_up_one(void)
{
    set_up(1);
}

static void set_up_two(void)
{
    set_up(2);
}

static void no_thread_is_left(void)
{
    model_assert(model_started() == 0);
}

static void nothing_is_left(void)
{
    no_thread_is_left();
    model_assert(memory_left() == 0);
}

/* ---- the program's pool ---------------------------------------------------------------------------------- */

static void ran_both(int times)
{
    model_assert(ran[0] == times && ran[1] == times);
}

/* The second iteration runs on a thread that the first call brings into being. Once it has run, it is not kept off a
 * CPU. */
static void call_and_end(void)
{
    for (int i = 1; i <= 2; i++) {
        memset(&met, 0, sizeof met);
        run_loop(2, meet);
        ran_both(i);
        model_assert(!model_excluded_cpu(1));
    }
    pl_pool_end_all();
}

static void set_up_with_cpus(void)
{
    set_up_two();
    model_keeps_off = true;
}

static void set_up_failing(void)
{
    set_up_two();
    model_starts_fail = true;
}

/* Where no thread can be had, the caller does it alone, and nobody is waited for. */
static void call_without_help(void)
{
    run_loop(2, run_iterations);
    ran_both(1);
    const pl_pool *p = pl_worker_known()->pool;
    if (model_started() == 0)
        model_assert(p->sleep.searching == 0 && p->sleep.waking == 0 && p->threads == 0);
    pl_pool_end_all();
}

/* A second caller becomes a guest while the thread that the first one has started looks for work, or goes to sleep. */
static void call_first(void)
{
    run_loop(2, meet);
    event_set(&made);
}

static void call_second(void)
{
    event_wait(&made);
    memset(&met, 0, sizeof met);
    run_loop(2, meet);
    ran_both(2);
    model_await_end(0);
    pl_pool_end_all();
}

/* The second one has its record for a call alone, with all that is called inside. */
static int call_inside(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)end;
    (void)stop;
    (void)participant;
    if (begin == 0) {
        run_loop(2, run_iterations);
        model_assert(pl_worker_known() && pl_worker_known()->activation);
    }
    return 0;
}

static void call_in_calls(void)
{
    event_wait(&made);
    run_loop(2, call_inside);
    model_assert(!pl_worker_known());
    event_set(&over);
    model_await_end(0);
    pl_pool_end_all();
}

static void call_and_stay(void)
{
    run_loop(2, run_iterations);
    event_set(&made);
    event_wait(&over);
}

/* The end does not wait for calls: what they run lasts longer. The pool is left alone then, and ends another time. */
static void end(void)
{
    pl_pool_end_all();
    event_set(&over);
}

static void end_while_others_call(void)
{
    end();
    model_await_end(1);
    if (model_started() > 0)
        pl_pool_end_all();
}

static int run_until_over(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    event_wait(&over);
    return run_iterations(ctx, begin, end, stop, participant);
}

static void call_until_over(void)
{
    run_loop(2, run_until_over);
    ran_both(1);
}

static void call_twice(void)
{
    run_loop(2, run_iterations);
    memset(ran, 0, sizeof ran);
    call_until_over();
}

/* The end by a call: the pool has been used, and its thread sleeps or searches, while another thread makes its first
 * call, and one more. Each finds the pool, or none, and then works alone; as does who has ended it, from then on. */
static int run_more_iterations(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant; /* that is another loop's than the iterations of run_iterations() */
    for (size_t i = begin; i < end; i++)
        ran[2 + i]++;
    return 0;
}

static void call_end_and_call(void)
{
    run_loop(2, run_iterations);
    ran_both(1);
    pl_pool_end_all();
    run_loop(2, run_iterations);
    ran_both(2);
    model_await_end(1);
    if (model_started() > 0)
        pl_pool_end_all();
}

static void call_for_the_first_time(void)
{
    for (int i = 1; i <= 2; i++) {
        run_loop(2, run_more_iterations);
        model_assert(ran[2] == i && ran[3] == i);
    }
}

/* The pool's threads end, and the pool stays: calls in between run alone, and the next ones bring threads anew. */
static void call_shut_down_and_call(void)
{
    run_loop(2, run_iterations);
    ran_both(1);
    pl_pool_shut_down();
    run_loop(2, run_iterations);
    ran_both(2);
    model_await_end(1);
    model_assert(pl_pool_shut_down());
    no_thread_is_left();
    pl_pool_end_all();
}

static void call_and_shut_down(void)
{
    run_loop(2, run_more_iterations);
    model_assert(ran[2] == 1 && ran[3] == 1);
    pl_pool_shut_down();
    run_loop(2, run_more_iterations);
    model_assert(ran[2] == 2 && ran[3] == 2);
}

/* A job that comes meanwhile is run. */
static void shut_down_once(void)
{
    run_loop(2, run_iterations);
    event_set(&made);
    pl_pool_shut_down();
    model_await_end(1);
    pl_pool_end_all();
}

static void run_at_once(pl_job *e)
{
    ran[2]++;
    pl_injector_end(e->pool);
    event_set(&over);
}

static void submit_to(pl_pool *held)
{
    job = (pl_job){.run = run_at_once, .pool = held};
    pl_injector_submit(&job);
    event_wait(&over);
    model_assert(ran[2] == 1);
    pl_pool_let_go(held);
}

static void submit_one(void)
{
    event_wait(&made);
    submit_to(pl_pool_hold_here());
}

/* A shutdown that is refused, as a call is under way, leaves a job that comes meanwhile to others. */
static void be_refused(void)
{
    pl_worker *w = pl_worker_self();
    pl_activation activation = {0};
    model_assert(w != NULL);
    pl_worker_enter(w, &activation);
    event_set(&made);
    event_wait(&entered);
    model_assert(!pl_pool_shut_down());
    event_wait(&over); /* this thread is not free meanwhile */
    pl_worker_exit(w);
    model_await_end(1);
    pl_pool_end_all();
}

static void submit_meanwhile(void)
{
    event_wait(&made);
    pl_pool *held = pl_pool_hold_here(); /* before the shutdown has the mutex */
    event_set(&entered);
    submit_to(held);
}

/* Who holds the program's pool looks at it. */
static void hold_it(void)
{
    pl_pool *p = pl_pool_hold_here();
    if (!p)
        return;
    model_assert(p->size == 2);
    pl_pool_let_go(p);
}

static void run_job(pl_job *e)
{
    event_wait(&over);
    ran[0]++;
    pl_injector_end(e->pool);
    event_set(&made);
}

/* A job is run, or taken back; it is not lost at the end. */
static void end_with_a_job(void)
{
    job = (pl_job){.run = run_job, .pool = pl_pool_hold_here()};
    pl_injector_submit(&job);
    end();
    bool withdrawn = pl_injector_withdraw(&job);
    if (!withdrawn)
        event_wait(&made);
    model_assert(ran[0] == !withdrawn);
    if (model_started() > 0)
        pl_pool_end_all();
    pl_pool_let_go(job.pool);
}

/* ---- pools of the program's own -------------------------------------------------------------------------- */

static void attachment(void (*act)(void))
{
    pl_attachment v = {0};
    pl_pool_attach(&v, own);
    act();
    pl_pool_detach(&v);
}

static void make_own(unsigned size)
{
    own = pl_pool_new(size, NULL);
    model_assert(own);
    event_set(&made);
}

static void call_there(void)
{
    event_set(&entered);
    run_loop(2, run_iterations);
    ran_both(1);
}

/* Whoever comes last ends it: its maker, or a visitor. */
static void make_and_free(void)
{
    make_own(2);
    event_wait(&entered);
    pl_pool_free(own);
}

static void visit_once(void)
{
    event_wait(&made);
    attachment(call_there);
}

static void make_and_visit(void (*act)(void))
{
    make_own(2);
    attachment(act);
    pl_pool_free(own);
}

static void be_short(void)
{
    make_and_visit(call_there);
}

static void be_long(void)
{
    make_and_visit(call_until_over);
}

/* The program ends meanwhile. */
static void end_meanwhile(void)
{
    event_wait(&made);
    end();
}

/* A thread beyond the pool's size leaves after a while, or has to come once more. */
static void call_for_more(void)
{
    pl_cost unknown = {0};
    for (int i = 1; i <= 2; i++) {
        memset(&met, 0, sizeof met);
        pl_loop_run(&(pl_loop_spec){.n = 2, .body = meet, .workers = 2, .cost = &unknown});
        ran_both(i);
    }
}

static void call_for_more_there(void)
{
    make_own(1);
    attachment(call_for_more);
    pl_pool_free(own);
}

const scenario pool_scenarios[] = {
    {"life: a thread comes", set_up_two, {call_and_end, model_spare}, nothing_is_left, 0},
    {"life: a thread is kept off a CPU", set_up_with_cpus, {call_and_end, model_spare}, nothing_is_left, 0},
    {"life: a thread may not start", set_up_failing, {call_without_help, model_spare}, nothing_is_left, 0},
    {"life: a second caller", set_up_two, {call_first, call_second, model_spare}, nothing_is_left, 0},
    {"life: a second caller, and calls in its call",
     set_up_two,
     {call_and_stay, call_in_calls, model_spare},
     nothing_is_left,
     1},
    {"life: the end while others call",
     set_up_two,
     {end_while_others_call, call_twice, model_spare},
     no_thread_is_left,
     0},
    {"life: the end of a used pool, and a first call",
     set_up_two,
     {call_end_and_call, call_for_the_first_time, model_spare},
     no_thread_is_left,
     1},
    {"life: a shutdown and a first call",
     set_up_two,
     {call_shut_down_and_call, call_for_the_first_time, model_spare},
     no_thread_is_left,
     1},
    {"life: two shutdowns",
     set_up_two,
     {call_shut_down_and_call, call_and_shut_down, model_spare},
     no_thread_is_left,
     1},
    {"life: a shutdown and a job", set_up_two, {shut_down_once, submit_one, model_spare}, no_thread_is_left, 1},
    {"life: a shutdown that is refused, and a job",
     set_up_two,
     {be_refused, submit_meanwhile, model_spare},
     no_thread_is_left,
     0},
    {"life: the end while it is held", set_up_two, {end, hold_it}, nothing, 0},
    {"life: the end with a job", set_up_two, {end_with_a_job, model_spare}, no_thread_is_left, 0},
    {"life: a visitor", set_up_one, {make_and_free, visit_once, model_spare}, nothing_is_left, 0},
    {"life: the end while others visit", set_up_one, {be_long, end_meanwhile, model_spare}, nothing_is_left, 0},
    {"life: two ends of one pool", set_up_one, {be_short, end_meanwhile, model_spare}, nothing_is_left, 1},
    {"life: a thread too many", set_up_one, {call_for_more_there, model_spare, model_spare}, nothing_is_left, 0},
    {0},
};
