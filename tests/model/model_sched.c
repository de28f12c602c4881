/* SPDX-License-Identifier: MIT */
/* Scenarios on parking, latches, ranges, the sleep of a pool, and loops. */
#include "model/model.h"

#include <string.h>

#include "base/os.h"
#include "base/publish.h"
#include "sched/handover.h"
#include "sched/latch.h"
#include "sched/loop_internal.h"
#include "sched/range.h"

/* ---- parking --------------------------------------------------------------------------------------------- */

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

/* ---- publishing: what several make, and one is had by all ------------------------------------------------- */

static pl_published published;
static int made[MODEL_THREADS], *had[MODEL_THREADS];

static void set_up_publishing(void)
{
    memset(&published, 0, sizeof published);
    memset(made, 0, sizeof made);
    memset(had, 0, sizeof had);
}

static void have_it(void)
{
    int me = model_self(), *it = pl_published_get(&published);
    if (!it) {
        made[me] = 1;
        it = pl_published_set(&published, &made[me]);
    }
    model_assert(*it == 1);
    had[me] = it;
}

static void all_have_the_same(void)
{
    model_assert(had[0] && had[0] == had[1] && had[0] == had[2]);
}

/* ---- latch: its memory is its owner's again as soon as it is open ---------------------------------------- */

static pl_latch latch;
static pl_parker decoy;
static bool helped[MODEL_THREADS];

static void set_up_latch(void)
{
    set_up_parker();
    memset(&decoy, 0, sizeof decoy);
    memset(helped, 0, sizeof helped);
    pl_latch_init(&latch, &parker);
    pl_latch_add(&latch);
    pl_latch_add(&latch);
}

static void help_latch(void)
{
    helped[model_self()] = true;
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
    model_assert(helped[1] && helped[2]);
    pl_latch_init(&latch, &decoy); /* whoever comes now, comes to something else */
    atomic_init(&latch.word, 7);
}

static void latch_was_left_alone(void)
{
    model_assert(latch.word == 7);
    model_assert(decoy.word == 0);
}

/* ---- ranges ---------------------------------------------------------------------------------------------- */

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
    while (pl_range_steal(&ranges[!mine], mine ? PL_RANGE_ALL : PL_RANGE_HALF, &b, &e) &&
           (pl_range_set(&ranges[mine], b, e), true));
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

/* Both take from the front of one, and each may find something that makes all from there on superfluous. */
static uint32_t cuts[2]; /* where each has cut it */

static void set_up_front(void)
{
    memset(ran, 0, sizeof ran);
    cuts[0] = cuts[1] = 6;
    pl_range_set(&ranges[0], 0, 6);
}

static void eat_up_to(uint32_t last, uint32_t *cut)
{
    uint32_t b = 0, e;
    while (pl_range_take(&ranges[0], 1, &b, &e) && (eat(b, e), b < last)) {
    }
    if (b < last)
        return;
    *cut = b;
    pl_range_cut(&ranges[0], b);
    pl_range_cut(&ranges[0], 5); /* which changes nothing */
    model_assert(!pl_range_take(&ranges[0], 1, &b, &e));
}

static void eat_up_to_two(void)
{
    eat_up_to(2, &cuts[0]);
}

static void eat_up_to_three(void)
{
    eat_up_to(3, &cuts[1]);
}

static void eaten_to_the_first(void)
{
    uint32_t end = pl_range_end(&ranges[0]);
    model_assert(end == (cuts[0] < cuts[1] ? cuts[0] : cuts[1]));
    for (uint32_t i = 0; i < 6; i++)
        model_assert(i < end ? ran[i] == 1 : ran[i] <= 1);
}

/* ---- the slots of a loop --------------------------------------------------------------------------------- */

/* One slot, for two workers: each notes that it has been in it, as nobody else can who is not. */
static pl_loop slot_loop;
static pl_loop_slot only_slot;
static _Atomic int visits;

static void set_up_slot(void)
{
    three_workers();
    memset(ran, 0, sizeof ran);
    memset(&only_slot, 0, sizeof only_slot);
    slot_loop = (pl_loop){.slot = &only_slot, .slots = 1};
    atomic_store_explicit(&visits, 0, memory_order_relaxed);
}

static void visit_slot(int i)
{
    for (int k = 0; k < 2; k++) {
        pl_loop_slot *slot = pl_loop_take_slot(&slot_loop, worker_number(i));
        if (!slot)
            continue;
        int before = atomic_load_explicit(&visits, memory_order_relaxed);
        atomic_store_explicit(&visits, before + 1, memory_order_relaxed);
        ran[i]++;
        pl_loop_leave_slot(&slot_loop, slot);
    }
}

static void visit_first(void)
{
    visit_slot(1);
}

static void visit_second(void)
{
    visit_slot(2);
}

static void all_visits_count(void)
{
    model_assert(ran[1] + ran[2] > 0);
    model_assert(atomic_load_explicit(&visits, memory_order_relaxed) == ran[1] + ran[2]);
}

/* ---- the pool: its real threads' main function ----------------------------------------------------------- */

/* Jobs, as loops put them on deques. */
static void run_job(pl_worker *thief, pl_worker *victim, pl_slot *slot, bool may_run)
{
    model_assert(may_run);
    ran[*(uintptr_t *)(void *)slot->data]++;
    pl_worker_end(victim, slot, PL_SLOT_DONE);
    pl_worker_pass_on(thief);
}

static const pl_internal_task job = {.take = run_job};

static void publish_jobs(size_t n, const pl_internal_task *what)
{
    pl_worker *w = pl_worker_self();
    for (size_t i = 0; i < n; i++) {
        model_assert(pl_deque_push(&w->deque, &what->task, (void *)(uintptr_t)i));
        pl_deque_publish(&w->deque, w->deque.head);
        pl_wake_notify(pool, PL_GROWTH_TO_SIZE);
    }
}

/* Sleeps until the thieves of all jobs have done with them, and does nothing more: the jobs must be found. */
static void wait_for_jobs(size_t n)
{
    pl_worker *w = pl_worker_self();
    for (size_t i = 0; i < n; i++)
        model_assert(pl_worker_await(w, &w->deque.base[i]) & PL_SLOT_DONE);
    for (size_t i = 0; i < n; i++) {
        model_assert(pl_deque_pop(&w->deque) == PL_POP_STOLEN);
        pl_deque_forget(&w->deque, w->deque.head);
    }
    for (size_t i = 0; i < n; i++)
        model_assert(ran[i] == 1);
    stop_pool();
}

/* Who is woken may be up already; then, or else later, it is kept off no CPU any more. */
static void two_workers_and_cpus(void)
{
    two_workers();
    model_keeps_off = true;
}

static void nobody_is_kept_off(void)
{
    pool_is_at_rest();
    for (int i = 0; i < MODEL_THREADS; i++)
        model_assert(!model_excluded_cpu(i));
}

/* Who publishes while others go to sleep. */
static void publish_one(void)
{
    publish_jobs(1, &job);
    wait_for_jobs(1);
}

static void publish_two(void)
{
    publish_jobs(2, &job);
    wait_for_jobs(2);
}

/* Who had nothing for others so far, so that looks pass over it. */
static void set_up_quiet(void)
{
    two_workers();
    pl_sleep_be_quiet(&pool->sleep, 0);
}

static void be_heard_and_publish(void)
{
    pl_sleep_be_heard(&pool->sleep, 0);
    publish_one();
}

/* Two jobs that each wait until the other has met: both workers must come, also if they sleep. */

static void run_and_meet(pl_worker *thief, pl_worker *victim, pl_slot *slot, bool may_run)
{
    size_t i = (size_t) * (uintptr_t *)(void *)slot->data;
    run_job(thief, victim, slot, may_run);
    event_set(&met[i]);
    event_wait(&met[!i]);
}

static const pl_internal_task meeting = {.take = run_and_meet};

static void set_up_meeting(void)
{
    three_workers();
    memset(&met, 0, sizeof met);
}

static void publish_a_meeting(void)
{
    publish_jobs(2, &meeting);
    wait_for_jobs(2);
}

/* ---- loops ----------------------------------------------------------------------------------------------- */

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

/* Short loops, which are handed over. Their iterations end before the call returns, and find what it gave them. */
static int calls_made, calls_ended;

static void set_up_handing(void)
{
    set_up_pool(2, 16);
    pool->workers[0]->helpers = 1;
    calls_made = calls_ended = 0;
}

static void set_up_handing_to_two(void)
{
    set_up_handing();
    set_up_pool(3, 16);
    pool->workers[0]->helpers = 1;
}

static int run_handed(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    int call = *(int *)ctx;
    model_assert(call == calls_made && calls_ended == call - 1);
    model_assert((participant == 0) == (model_self() == 0) && participant < pl_pool_cores());
    run_iterations(ctx, begin, end, stop, participant);
    model_assert(call == calls_made && calls_ended == call - 1);
    return 0;
}

static void call_short(size_t n)
{
    pl_cost cost = {0};
    pl_cost_learn(&cost, n, n, PL_COST_UNSURE);
    int call = ++calls_made;
    pl_loop_run(&(pl_loop_spec){.n = n, .body = run_handed, .ctx = &call, .ctx_size = sizeof call, .cost = &cost});
    calls_ended++;
    call = -1;
    for (size_t i = 0; i < n; i++)
        model_assert(ran[i] == calls_made);
}

static void hand_over_once(void)
{
    call_short(3);
    stop_pool();
}

static void hand_over_twice(void)
{
    call_short(4);
    call_short(4);
    stop_pool();
}

/* A thief that has read the size of the first loop's pieces may take from the second, whose pieces are participant
 * slots. The caller waits there until somebody else takes part. */
static int run_with_others(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    if (model_self() == 0)
        event_wait(&met[1]);
    else
        event_set(&met[1]);
    return run_iterations(ctx, begin, end, stop, participant);
}

static void hand_over_then_share(void)
{
    call_short(5);
    memset(ran, 0, sizeof ran);
    run_loop(3, run_with_others);
    stop_pool();
}

/* One of two searchers counts as awake, and then searches no more. */
static void search_no_more(void)
{
    pl_worker *w = pl_worker_self();
    w->was_last = pl_sleep_found(&pool->sleep);
    pl_worker_pass_on(w);
}

static void set_up_a_late_helper(void)
{
    set_up_handing_to_two();
    atomic_init(&pool->sleep.waking, 1);
    memset(&met, 0, sizeof met);
}

static void three_ran(void)
{
    for (int i = 0; i < 3; i++)
        model_assert(ran[i] == 1);
}

/* The participant slot that was handed over must be taken, also if whoever was searching was about to go to sleep. */
static void set_up_a_loop_that_meets(void)
{
    set_up_handing();
    memset(&met, 0, sizeof met);
}

static void call_a_meeting(void)
{
    run_loop(2, meet);
    for (int i = 0; i < 2; i++)
        model_assert(ran[i] == 1);
    stop_pool();
}

static int stop_at_once(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    run_handed(ctx, begin, end, stop, participant);
    return 1;
}

static void hand_over_and_stop(void)
{
    pl_cost cost = {0};
    pl_cost_learn(&cost, 4, 4, PL_COST_UNSURE);
    int call = ++calls_made;
    pl_loop_run(&(pl_loop_spec){.n = 4, .body = stop_at_once, .ctx = &call, .ctx_size = sizeof call, .cost = &cost});
    calls_ended++;
    stop_pool();
}

/* Participants' numbers, where helpers come for sure: two threads join as soon as the loop is laid out, and its caller
 * waits for them. */
static event laid_out, come[MODEL_THREADS];

static void set_up_numbers(unsigned may_come)
{
    set_up_handing_to_two();
    pool->size = 1 + may_come;
    pool->workers[0]->helpers = may_come;
    memset(&met, 0, sizeof met);
    memset(&laid_out, 0, sizeof laid_out);
    memset(&come, 0, sizeof come);
}

static void one_may_come(void)
{
    set_up_numbers(1);
}

static void three_may_come(void)
{
    set_up_numbers(3);
}

static void join_if_one_may(void)
{
    pl_worker *caller = worker_number(0);
    pl_piece piece;
    event_wait(&laid_out);
    while (pl_handoff_join(&caller->handoff, &piece))
        pl_handover_help(pl_worker_self(), caller, piece);
}

static int run_with_one(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    model_assert((participant == 0) == (model_self() == 0) && participant < pl_pool_cores());
    if (begin == 0) {
        event_set(&laid_out);
        event_wait(&met[1]);
    } else if (participant)
        event_set(&met[1]);
    return run_iterations(ctx, begin, end, stop, participant);
}

/* Whoever helps is there at the same time as the other. The first stops the loop, when there is something left. */
static int run_with_two_and_stop(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    model_assert((participant == 0) == (model_self() == 0) && participant < pl_pool_cores());
    event_set(begin == 0 ? &laid_out : &come[model_self()]);
    for (int i = 1; i < 3; i++)
        event_wait(&come[i]);
    run_iterations(ctx, begin, end, stop, participant);
    return participant == 1;
}

/* A loop of 16 us, which is handed over in small pieces. */
static void run_longer(size_t n, pl_loop_body *body)
{
    pl_cost cost = {0};
    pl_cost_learn(&cost, 16, n, PL_COST_UNSURE);
    pl_loop_run(&(pl_loop_spec){.n = n, .body = body, .cost = &cost});
}

static void hand_over_to_one(void)
{
    run_longer(6, run_with_one);
    for (int i = 0; i < 6; i++)
        model_assert(ran[i] == 1);
}

static void hand_over_to_two_and_stop(void)
{
    run_longer(8, run_with_two_and_stop);
}

static void run_short(size_t n, pl_loop_body *body)
{
    pl_cost cost = {0};
    pl_cost_learn(&cost, n, n, PL_COST_UNSURE);
    pl_loop_run(&(pl_loop_spec){.n = n, .body = body, .cost = &cost});
}

/* Iterations that others run as well. */
static int count_iterations(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    for (size_t i = begin; i < end; i++)
        model_count(&ran[i]);
    return 0;
}

static int run_short_loops(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    for (size_t i = begin; i < end; i++)
        run_short(2, count_iterations);
    return 0;
}

static void hand_over_nested(void)
{
    run_short(2, run_short_loops);
    model_assert(ran[0] == 2 && ran[1] == 2);
    stop_pool();
}

/* Loops in loops. That a waiter takes only what descends from its own call, shows in that no thread begins an iteration
 * while it is inside of one at the same depth or deeper. */
static int depth_of[MODEL_THREADS], depths;

static int run_at(int depth, size_t begin, size_t end);

static int run_outermost(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    return run_at(1, begin, end);
}

static int run_middle(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    return run_at(2, begin, end);
}

static int run_innermost(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
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
            model_count(&ran[i]);
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

/* A participant that has left its loop, while another is still in it, makes a call of its own: that is not for the one
 * that waits at the loop. */
static event joined[MODEL_THREADS], elsewhere, over;

static void set_up_leaving(void)
{
    three_workers();
    atomic_init(&pool->sleep.searching, 0);
    memset(&joined, 0, sizeof joined);
    memset(&elsewhere, 0, sizeof elsewhere);
    memset(&over, 0, sizeof over);
}

static int run_together(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    event_set(&joined[model_self()]);
    for (int i = 0; i < 3; i++)
        event_wait(&joined[i]);
    if (model_self() == 2)
        event_wait(&elsewhere);
    return run_iterations(ctx, begin, end, stop, participant);
}

static int run_elsewhere(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    (void)participant;
    model_assert(model_self() == 1);
    event_set(&elsewhere);
    event_wait(&over);
    for (size_t i = begin; i < end; i++)
        ran[4 + i]++;
    return 0;
}

static void call_together(void)
{
    run_loop(4, run_together);
    event_set(&over);
}

/* Takes part when the thread before it does, which has offered a participant slot then. */
static void take_part(void)
{
    pl_worker *w = pl_worker_self();
    pl_slot *slot;
    const pl_task *task;
    int i = model_self() - 1;
    event_wait(&joined[i]);
    model_assert(pl_worker_steal(w, worker_number(i), &slot, &task) == PL_STEAL_GOT);
    pl_worker_run(w, worker_number(i), slot, task);
}

static void take_part_and_call(void)
{
    take_part();
    run_loop(2, run_elsewhere);
}

static void all_ran(void)
{
    for (int i = 0; i < 6; i++)
        model_assert(ran[i] == 1);
    pool_is_at_rest();
}

const scenario sched_scenarios[] = {
    {"parker: two wakers", set_up_parker, {park_for_both, set_first, set_second}, nothing, 0},
    {"parker: with a time", set_up_parker, {park_with_a_time, set_first, set_second}, nothing, 0},
    {"publish: three threads", set_up_publishing, {have_it, have_it, have_it}, all_have_the_same, 0},
    {"latch: two helpers", set_up_latch, {wait_at_latch, help_latch, help_latch}, latch_was_left_alone, 0},
    {"range: two workers", set_up_ranges, {eat_first, eat_second}, six_eaten, 0},
    {"range: from the front", set_up_front, {eat_up_to_two, eat_up_to_three}, eaten_to_the_first, 0},
    {"slot: two workers", set_up_slot, {visit_first, visit_second}, all_visits_count, 0},
    {"pool: a publisher and a worker", two_workers, {publish_two, be_a_worker}, pool_is_at_rest, 0},
    {"pool: a worker that is kept off a CPU", two_workers_and_cpus, {publish_two, be_a_worker}, nobody_is_kept_off, 0},
    {"pool: a worker that is heard", set_up_quiet, {be_heard_and_publish, be_a_worker}, pool_is_at_rest, 0},
    {"pool: a task and two workers", three_workers, {publish_one, be_a_worker, be_a_worker}, pool_is_at_rest, 0},
    {"pool: two tasks and two workers", three_workers, {publish_two, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
    {"pool: two tasks that meet", set_up_meeting, {publish_a_meeting, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
    {"loop: a caller and a worker", two_workers, {call_once, be_a_worker}, pool_is_at_rest, 0},
    {"loop: a caller and two workers", three_workers, {call_once, be_a_worker, be_a_worker}, pool_is_at_rest, 0},
    {"loop: two calls", two_workers, {call_twice, be_a_worker}, pool_is_at_rest, 0},
    {"handoff: one loop", set_up_handing, {hand_over_once, be_a_worker}, pool_is_at_rest, 0},
    {"handoff: two loops", set_up_handing, {hand_over_twice, be_a_worker}, pool_is_at_rest, 0},
    {"handoff: a stop", set_up_handing, {hand_over_and_stop, be_a_worker}, pool_is_at_rest, 0},
    {"handoff: two workers", set_up_handing_to_two, {hand_over_once, be_a_worker, be_a_worker}, pool_is_at_rest, 0},
    {"handoff: two loops, two workers",
     set_up_handing_to_two,
     {hand_over_twice, be_a_worker, be_a_worker},
     pool_is_at_rest,
     0},
    {"handoff: a loop, then slots",
     set_up_a_late_helper,
     {hand_over_then_share, be_a_worker, search_no_more},
     three_ran,
     0},
    {"handoff: slots for a meeting", set_up_a_loop_that_meets, {call_a_meeting, be_a_worker}, pool_is_at_rest, 0},
    {"handoff: one helper may come",
     one_may_come,
     {hand_over_to_one, join_if_one_may, join_if_one_may},
     pool_is_at_rest,
     0},
    {"handoff: a helper that stops the loop",
     three_may_come,
     {hand_over_to_two_and_stop, join_if_one_may, join_if_one_may},
     pool_is_at_rest,
     0},
    {"handoff: nested", set_up_handing, {hand_over_nested, be_a_worker}, pool_is_at_rest, 0},
    {"loop: nested", two_workers, {call_two_deep, be_a_worker}, pool_is_at_rest, 0},
    {"loop: nested, two workers", three_workers, {call_two_deep, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
    {"loop: a participant that leaves", set_up_leaving, {call_together, take_part_and_call, take_part}, all_ran, 1},
    {"loop: three deep", three_workers, {call_three_deep, be_a_worker, be_a_worker}, pool_is_at_rest, 1},
    {0},
};
