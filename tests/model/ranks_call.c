/* SPDX-License-Identifier: MIT */
/* What stands for the library in scenarios on calls on ranks. */
#include "model/ranks_call.h"

#include <errno.h>

#include "executors/mpi/outcome.h"
#include "executors/mpi/pieces.h"
#include "model/memory.h"
#include "model/model.h"

/* ---- runs ---------------------------------------------------------------------------------------------------- */

const pl_services *pl_run_services;

pl_run *pl_run_new(void)
{
    return memory_calloc(1, sizeof(pl_run));
}

/* What stands for a run's executor are its results. */
void pl_run_free(pl_run *run)
{
    memory_free(run->executor);
    if (run->failed != &run->whole)
        memory_free(run->failed);
    memory_free(run);
}

void pl_run_fail(pl_run *run, parallel_state state, int code, const char *message)
{
    (void)message;
    run->whole = (pl_run_failed){0, run->count, {.state = state, .code = code, .attempts = state != PARALLEL_NOT_RUN}};
    run->failed = &run->whole;
    run->failures = 1;
    run->results = NULL;
}

bool pl_run_prepare(pl_run *run)
{
    run->executor = memory_calloc(run->count, sizeof(int));
    return true;
}

void pl_run_perform(pl_run *run)
{
    int *results = (void *)run->executor;
    for (size_t i = 0; i < run->count; i++)
        results[i] = 10 * ((const int *)run->args)[i];
    run->results = results;
    run->took_ns = 1000;
}

/* It has not been freed. */
void pl_run_cancel(const pl_run *run)
{
    model_assert(run->executor);
}

/* ---- functions are all in one place -------------------------------------------------------------------------- */

bool pl_image_find(pl_image_place *place, const void *function)
{
    (void)function;
    place->id_bytes = 0;
    return true;
}

bool pl_image_resolve(const pl_image_place *place, void **function, pl_image_place *here)
{
    (void)place;
    (void)here;
    *function = NULL;
    return true;
}

void pl_image_id_text(const pl_image_place *place, char text[static 17])
{
    (void)place;
    text[0] = '\0';
}

/* ---- a call -------------------------------------------------------------------------------------------------- */

ranks_account ranks_call;

static int return_zero(const void *arg, void *result, void *extras)
{
    (void)arg;
    (void)result;
    (void)extras;
    return 0;
}

const parallel_function ranks_function = {
    .size = sizeof ranks_function, .arg_size = sizeof(int), .result_size = sizeof(int), .call = return_zero};

static void bind_task(const pl_work *work, size_t i, pl_bound *to)
{
    (void)work;
    (void)i;
    *to = (pl_bound){.function = ranks_function, .args = ranks_call.args, .out = ranks_call.results};
}

const pl_work_kind ranks_kind = {.name = "map", .bind = bind_task};

static void count_all(int *ways, size_t begin, size_t end)
{
    model_assert(!ranks_call.is_over);
    for (size_t i = begin; i < end; i++)
        ways[i]++;
}

static void ended_well(pl_ended *ended, size_t begin, size_t end)
{
    (void)ended;
    count_all(ranks_call.well, begin, end);
}

static void begin_policy(pl_policy *policy, const parallel_options *options, size_t n)
{
    (void)options;
    (void)n;
    policy->began = 1;
}

static pl_task_policy policy_of_task(const pl_policy *policy, const pl_work *work, size_t i)
{
    (void)policy;
    (void)work;
    (void)i;
    return (pl_task_policy){.attempts = ranks_call.attempts};
}

static pl_retry *take_retry(pl_policy *policy)
{
    (void)policy;
    return ranks_call.waiting ? ranks_call.retries[--ranks_call.waiting] : NULL;
}

static uint64_t next_due(pl_policy *policy)
{
    (void)policy;
    return ranks_call.waiting ? 0 : UINT64_MAX;
}

static int policy_over(const pl_policy *policy)
{
    return pl_stop_level(&policy->stop) ? ECANCELED : 0;
}

static int call_over(const pl_call *c)
{
    int why = policy_over(&c->policy);
    if (model_self() == RANKS_COORDINATOR)
        ranks_call.is_woken |= why != 0;
    return why;
}

static void worker_begin(pl_call_worker *t, pl_call *c, unsigned participant)
{
    (void)participant;
    t->call = c;
}

static void worker_end(pl_call_worker *t)
{
    size_t left_out = 0;
    for (size_t i = 0; i < ranks_call.call.work.n; i++)
        left_out += (size_t)ranks_call.left_out[i];
    model_assert(t->done + t->failed + left_out == ranks_call.call.work.n);
}

static void worker_report(pl_call_worker *t)
{
    (void)t;
}

static void worker_fail(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    model_assert(failure->state != PARALLEL_NOT_RUN && failure->attempts <= ranks_call.attempts);
    count_all(ranks_call.failed, begin, end);
    t->failed += end - begin;
    memory_free(message);
}

static void worker_put_off(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    (void)t;
    pl_retry *r = memory_calloc(1, sizeof *r);
    *r = (pl_retry){.begin = begin, .end = end, .failure = *failure, .message = message};
    model_assert(failure->attempts < ranks_call.attempts && ranks_call.waiting < RANKS_TASKS);
    ranks_call.retries[ranks_call.waiting++] = r;
}

static void worker_give_up(pl_call_worker *t, pl_retry *r)
{
    worker_fail(t, &r->failure, r->message, r->begin, r->end);
    memory_free(r);
}

static void worker_leave_out(pl_call_worker *t, int why, size_t begin, size_t end)
{
    (void)t;
    model_assert(why);
    count_all(ranks_call.left_out, begin, end);
}

static void end_progress(pl_call *c)
{
    (void)c;
    ranks_call.is_over = true;
}

/* ---- services ------------------------------------------------------------------------------------------------ */

const pl_executor *ranks_executor;

static void set_executor(const pl_executor *executor)
{
    ranks_executor = executor;
}

/* The messenger has to look at its transport again and again; and so has the coordinator for a cancelling, until it has
 * seen it. Everything else is to wake it up: else this is a deadlock. */
static void wait_for(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t until_ns)
{
    bool looks = model_self() == RANKS_MESSENGER || !ranks_call.is_woken;
    pl_os_cond_wait(condition, mutex, looks ? until_ns : UINT64_MAX);
}

static unsigned one_core(void)
{
    return 1;
}

static pl_cost *call_cost(const pl_call *c, pl_call_way way)
{
    (void)c;
    (void)way;
    return NULL;
}

static uint64_t guess_cost(const pl_cost *cost, uint64_t items)
{
    (void)cost;
    (void)items;
    return UINT64_MAX;
}

static void learn_cost(pl_cost *cost, uint64_t ticks, uint64_t items, pl_cost_trust trust)
{
    (void)cost;
    (void)ticks;
    (void)items;
    (void)trust;
}

static uint64_t trace_nothing(void)
{
    return 0;
}

const pl_services ranks_services = {
    .set_executor = set_executor,
    .nanoseconds = pl_os_nanoseconds,
    .cond_init = pl_os_cond_init,
    .cond_wait = wait_for,
    .thread = pl_os_thread,
    .cores = one_core,
    .ticks_per_us = pl_os_ticks_per_us,
    .call_cost = call_cost,
    .cost_guess = guess_cost,
    .cost_learn = learn_cost,
    .call_over = call_over,
    .recording_drop = nothing,
    .trace_pending_call = trace_nothing,
    .policy_begin = begin_policy,
    .policy_of_task = policy_of_task,
    .policy_take_due = take_retry,
    .policy_take_any = take_retry,
    .policy_next_due = next_due,
    .policy_over = policy_over,
    .worker_begin = worker_begin,
    .worker_end = worker_end,
    .worker_report = worker_report,
    .worker_fail = worker_fail,
    .worker_put_off = worker_put_off,
    .worker_give_up = worker_give_up,
    .worker_leave_out = worker_leave_out,
    .worker_end_progress = end_progress,
    .ended_well = ended_well,
};

const void *parallel_private_services(unsigned version)
{
    return version == PL_SERVICES_VERSION ? &ranks_services : NULL;
}
