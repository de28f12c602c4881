/* SPDX-License-Identifier: MIT */
/* What others take over of a light call; others.h says when. */
#include "call/others.h"

#include "call/call_worker.h"
#include "call/failure.h"
#include "sched/pool.h"

/* What a task is taken to last, when one has been seen to block: longer than any chunk. */
#define DEAR_US 1000

static const pl_os_thread_attributes attributes;

/* The thread that makes others' call. */
static void *run_others(void *what)
{
    pl_others *others = what;
    pl_os_ambient before;
    pl_os_thread_begins(&attributes);
    pl_os_ambient_enter(&others->ambient, &before);
    pl_call_run_tasks(&others->call, others->out);
    pl_os_ambient_leave(&before);
    return NULL;
}

/* The call's tasks are cheap no more: so none waits for a worker that is at another one. */
static void doubt_cost(const pl_call *c)
{
    uint64_t dear = DEAR_US * pl_os_ticks_per_us();
    pl_cost_learn(pl_call_cost(c, PL_CALL_SIMPLE), dear, 1, PL_COST_SURE);
    pl_cost_learn(pl_call_cost(c, PL_CALL_UNDER_POLICY), dear, 1, PL_COST_SURE);
}

/* Begins others' call: by the workers that are left, whose numbers follow on the caller's. */
static bool begin_call(pl_others *others, size_t first)
{
    parallel_options options = {.size = sizeof options};
    if (others->options)
        options = *others->options;
    options.max_workers = (int)others->workers - 1;
    pl_call *c = &others->call;
    if (!others->begin(others, &options))
        return false;
    c->work.map.out = others->out;
    c->first = first;
    c->participant = 1;
    pl_policy_begin(&c->policy, &c->options, others->n);
    c->policy.deadline = others->context->deadline;
    doubt_cost(c);
    return true;
}

/* Where that fails, the caller goes on with all tasks, when it can. */
static void take_over(pl_relief *relief, size_t first)
{
    pl_others *others = (pl_others *)((char *)relief - offsetof(pl_others, relief));
    if (first >= others->n || !begin_call(others, first))
        return;
    others->forks = pl_pool_forks();
    if (pl_os_thread(&others->thread, run_others, others, -1, &attributes))
        others->first = first;
    else
        pl_call_end(&others->call);
}

const pl_stop *pl_others_begin(pl_others *others, pl_context *context)
{
    pl_stop *stop = &others->call.policy.stop;
    others->relief = (pl_relief){&context->span.index, take_over};
    others->context = context;
    others->first = 0;
    pl_os_ambient_get(&others->ambient);
    pl_stop_init(stop);
    context->call = &others->call;
    return stop;
}

/* Not in a child process that the caller's task has forked: what it waits for is its parent's. */
bool pl_others_took_over(const pl_others *others)
{
    return others->first && others->forks == pl_pool_forks();
}

/* No further task begins. */
static void stop_others(pl_others *others)
{
    if (pl_stop_raise(&others->call.policy.stop, PL_STOP_ALL))
        pl_stop_notify(&others->call);
}

static void await_others(pl_others *others)
{
    int state = pl_os_cancel_defer(); /* a join is a cancellation point */
    pthread_join(others->thread, NULL);
    pl_os_cancel_restore(state);
}

bool pl_others_end(pl_others *others, const pl_begun *begun)
{
    pl_call *c = &others->call;
    bool failed = begun->failure.state != PARALLEL_OK;
    int state = pl_os_cancel_defer();
    if (failed) {
        c->work.kind->zero(&c->work, begun->done, begun->done + 1);
        pl_failures_add(&c->failures, &begun->failure, 1, begun->message);
    }
    if (failed && !c->options.silent)
        stop_others(others);
    else
        pl_call_worker_run_here(c, begun->done + failed, others->first);
    await_others(others);
    pl_os_cancel_restore(state);
    return pl_call_settle(c);
}

void pl_others_abandon(pl_others *others)
{
    if (!pl_others_took_over(others))
        return;
    stop_others(others);
    await_others(others);
    pl_call_end(&others->call);
}
