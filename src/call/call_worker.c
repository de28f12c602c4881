/* SPDX-License-Identifier: MIT */
/* One thread at work on a call that is under a policy. */
#include "call/call_worker.h"

#include <errno.h>
#include <stdlib.h>

#include "call/failure.h"
#include "base/os.h"
#include "base/unwind.h"
#include "sched/pool_stats.h"
#include "sched/trace.h"

/* A limit in nanoseconds in ticks: not too many to be counted with. */
static uint64_t limit_ticks(uint64_t ns)
{
    uint64_t most = UINT64_MAX >> (PL_WATCH_CLASS_BITS + 1), us = pl_os_ticks_per_us();
    return ns / 1000 < most / us ? ns / 1000 * us : most;
}

/* Not where the function does not look for a stop, or tasks differ; nor in worker processes, which are to have no other
 * threads. */
unsigned pl_call_worker_piece_class(const pl_call *c)
{
    const pl_work_kind *kind = c->work.kind;
    double task = c->options.timeout, call = c->options.call_timeout;
    if ((!(task > 0) && !(call > 0)) || kind->is_separate || kind->is_untimed || kind->adjust || kind->run_all ||
        c->failures.chunks || !c->work.stops || pl_context_in_worker_process())
        return 0;
    double least = !(call > 0) || (task > 0 && task < call) ? task : call;
    return pl_watch_class(limit_ticks(least < 1e9 ? (uint64_t)(least * 1e9) : UINT64_MAX));
}

void pl_call_worker_begin(pl_call_worker *t, pl_call *c, unsigned participant)
{
    pl_context *context = &t->context;
    t->call = c;
    /* by parts: as one it is cleared by `rep stos`, which takes a part of a short call */
    context->span = (parallel_span){
        .args = c->work.map.args, .results = c->work.map.out, .extras = c->work.extras, .stop = &c->policy.stop};
    context->can_fail = pl_work_can_fail(&c->work);
    context->saw_cancel = context->final = false;
    context->participant = participant;
    context->saw_cancel_index = context->said_index = 0;
    context->deadline = 0;
    context->piece = NULL;
    context->message = NULL;
    context->parent = c->parent;
    context->call = c;
    context->part = NULL;
    t->stop = false;
    t->piece = pl_call_worker_piece_class(c);
    t->done = t->failed = 0;
    t->reported = pl_ticks();
    t->now = 0;
    pl_context_begin(context);
}

void pl_call_worker_end(pl_call_worker *t)
{
    if (t->call->policy.progress.callback)
        pl_call_worker_report(t);
    pl_context_end(&t->context);
}

void pl_call_worker_report(pl_call_worker *t)
{
    t->reported = pl_ticks();
    t->now = 0;
    if (!t->call->policy.progress.callback)
        return;
    size_t done = t->done, failed = t->failed;
    t->done = t->failed = 0;
    pl_progress_add(&t->call->policy.progress, done, failed);
}

/* A task was late, or is tried again. */
static void note_attempt(pl_counter which, size_t task)
{
    pl_pool_count(which);
    if (pl_trace_is_on())
        pl_trace_moment(which == PL_COUNT_RETRIES ? PL_TRACE_RETRY : PL_TRACE_TIMEOUT, task, 0);
}

/* ---- failures -------------------------------------------------------------------------------------------- */

void pl_call_worker_note(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    pl_call *c = t->call;
    parallel_failure f = *failure;
    if (begin == end)
        return;
    if (c->ended && f.state == PARALLEL_NOT_RUN)
        pl_ended_leave_out(c->ended, f.code);
    else if (c->ended)
        pl_ended_badly(c->ended, &f, message, begin, end);
    if (f.state != PARALLEL_NOT_RUN)
        c->work.kind->zero(&c->work, begin, end);
    f.index = c->work.kind->number ? c->work.kind->number(&c->work, begin) : begin;
    f.arg = c->work.kind->number ? c->work.kind->arg(&c->work, begin) : NULL;
    pl_failures_add(&c->failures, &f, end - begin, message);
    if (c->options.silent)
        return;
    t->stop = true;
    if (failure->state != PARALLEL_NOT_RUN && pl_stop_raise(&c->policy.stop, PL_STOP_ALL))
        pl_stop_notify(pl_context_root(&t->context));
}

void pl_call_worker_leave_out(pl_call_worker *t, int why, size_t begin, size_t end)
{
    pl_policy *policy = &t->call->policy;
    parallel_failure failure = {.state = PARALLEL_NOT_RUN, .code = why};
    pthread_mutex_lock(&policy->mutex);
    policy->left_out = true;
    pthread_mutex_unlock(&policy->mutex);
    pl_call_worker_note(t, &failure, NULL, begin, end);
}

void pl_call_worker_fail(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    pl_call_worker_note(t, failure, message, begin, end);
    t->done += end - begin;
    t->failed += end - begin;
}

void pl_call_worker_put_off(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    pl_call *c = t->call;
    const pl_work *work = &c->work;
    size_t kept = work->kind->keep ? work->kind->keep(work, begin) : begin;
    if ((kept || !work->kind->keep) &&
        pl_policy_put_off(&c->policy, work, failure, message, kept, kept + (end - begin))) {
        note_attempt(PL_COUNT_RETRIES, begin);
        return;
    }
    if (work->kind->keep)
        free((void *)(uintptr_t)kept);
    pl_call_worker_fail(t, failure, message, begin, end);
}

void pl_call_worker_give_up(pl_call_worker *t, pl_retry *r)
{
    pl_call_worker_fail(t, &r->failure, r->message, r->begin, r->end);
    free(r);
}

/* ---- attempts -------------------------------------------------------------------------------------------- */

/* When what starts now is late. */
static uint64_t deadline_of(pl_call_worker *t, const pl_task_policy *policy)
{
    uint64_t task = 0, call = t->call->policy.deadline;
    if (policy->timeout_ns) {
        uint64_t now = t->now ? t->now : pl_os_nanoseconds();
        task = policy->timeout_ns < UINT64_MAX - 1 - now ? now + policy->timeout_ns : UINT64_MAX - 1;
    }
    return task == 0 || (call && call < task) ? call : task;
}

/* Whether what has just ended is late. The next task starts now. */
static bool is_late(pl_call_worker *t)
{
    if (!t->context.deadline)
        return false;
    t->now = pl_os_nanoseconds();
    return t->now > t->context.deadline;
}

/* What one attempt at tasks came to. */
typedef enum outcome {
    DONE,    /* those before `reached` went well; no other was begun */
    STOPPED, /* none was begun: the call has been stopped */
    FAILED,  /* those before `reached` went well, and that one failed */
    LATE     /* those before `reached` went well, and those from there to `last` ended too late */
} outcome;

typedef struct attempt {
    outcome outcome;
    size_t reached, last;
} attempt;

/* Tasks [begin, end) at once, which are late, if they are, together. */
PL_NOT_INLINED static attempt try_together(pl_call_worker *t, const pl_task_policy *policy, size_t begin, size_t end)
{
    const pl_work *work = &t->call->work;
    PL_UNWIND_BARRIER();
    t->context.deadline = deadline_of(t, policy);
    pl_context_renew(&t->context);
    size_t reached = work->kind->run(work, &t->context, begin, end);
    bool late = is_late(t);
    if (t->context.span.code == 0 && (reached < end || !late))
        return (attempt){reached == begin && begin < end ? STOPPED : DONE, reached, reached};
    if (late)
        return (attempt){LATE, begin, end};
    return (attempt){FAILED, reached, t->call->failures.chunks ? end : reached + 1};
}

/* Whether the task that ended last in a piece was late, or ended when the call was. */
static bool has_late(pl_call_worker *t, const pl_piece_limit *limit)
{
    uint64_t deadline = t->context.deadline;
    return pl_watch_is_late(limit->watch, limit->limit) || (deadline && pl_os_nanoseconds() > deadline);
}

/* Tasks [begin, end) as a piece (sched/watch.h), which lasts but some microseconds, as a rule. */
PL_NOT_INLINED static attempt try_piece(pl_call_worker *t, const pl_task_policy *policy, pl_watch *watch, size_t begin,
                                        size_t end)
{
    const pl_work *work = &t->call->work;
    pl_stop *stop = t->context.span.stop;
    pl_piece_limit limit = {
        .watch = watch, .limit = policy->timeout_ns ? limit_ticks(policy->timeout_ns) : UINT64_MAX, .stop = stop};
    PL_UNWIND_BARRIER();
    t->context.deadline = t->call->policy.deadline;
    t->context.piece = &limit;
    t->context.span.stop = &watch->stop;
    pl_context_renew(&t->context);
    size_t reached = work->kind->run(work, &t->context, begin, end);
    bool failed = t->context.span.code != 0, late = (failed || reached > begin) && has_late(t, &limit);
    pl_watch_end(watch);
    t->context.span.stop = stop;
    t->context.piece = NULL;
    t->now = 0;
    if (late)
        return failed ? (attempt){LATE, reached, reached + 1} : (attempt){LATE, reached - 1, reached};
    return failed ? (attempt){FAILED, reached, reached + 1} : (attempt){DONE, reached, reached};
}

static attempt try_once(pl_call_worker *t, const pl_task_policy *policy, size_t begin, size_t end)
{
    pl_watch *watch = t->piece && end - begin > 1 ? pl_watch_begin(t->piece) : NULL;
    if (watch)
        return try_piece(t, policy, watch, begin, end);
    return try_together(t, policy, begin, t->piece && begin < end ? begin + 1 : end);
}

/* What follows on a failed attempt. */
typedef enum decision { FINAL, AGAIN_NOW, AGAIN_LATER } decision;

static decision decide_next(const pl_call_worker *t, const pl_task_policy *policy, const parallel_failure *failure,
                            size_t noted)
{
    bool again = failure->state != PARALLEL_CANCELLED && failure->attempts < policy->attempts &&
                 !pl_call_over(t->call) && !pl_failure_is_final(&t->context, noted);
    return !again ? FINAL : policy->delay > 0 ? AGAIN_LATER : AGAIN_NOW;
}

size_t pl_call_worker_run(pl_call_worker *t, size_t begin, size_t end, unsigned tried)
{
    pl_call *c = t->call;
    const pl_work *work = &c->work;
    pl_task_policy policy = pl_policy_of_task(&c->policy, work, begin);
    parallel_failure failure = {0}; /* of the last attempt, if it is to be made again at once */
    char *message = NULL;
    for (;; tried++) {
        attempt a = try_once(t, &policy, begin, end);
        outcome came_to = a.outcome;
        if (came_to == STOPPED && failure.attempts) { /* in between: so the last attempt counts */
            pl_call_worker_fail(t, &failure, message, begin, end);
            return end;
        }
        free(message);
        message = NULL;
        t->done += a.reached - begin;
        if (c->ended)
            pl_ended_well(c->ended, begin, a.reached);
        if (came_to == DONE || came_to == STOPPED)
            return a.reached;
        if (a.reached != begin) {
            begin = a.reached;
            tried = 0;
        }
        size_t last = a.last;
        size_t noted = work->kind->is_separate ? 0 : begin;
        if (came_to == LATE)
            note_attempt(PL_COUNT_TIMEOUTS, begin);
        failure = came_to == LATE ? pl_failure_of_late(begin, tried)
                                  : pl_failure_of_context(&t->context, begin, noted, tried);
        if (t->context.span.code) /* else it said something, and then went well, but too late */
            message = pl_failure_message(&t->context, noted);
        decision next = decide_next(t, &policy, &failure, noted);
        if (next == AGAIN_LATER)
            pl_call_worker_put_off(t, &failure, message, begin, last);
        else if (next == FINAL)
            pl_call_worker_fail(t, &failure, message, begin, last);
        if (next != AGAIN_NOW)
            return last;
        note_attempt(PL_COUNT_RETRIES, begin);
        work->kind->zero(work, begin, last);
        end = last;
        t->now = 0;
    }
}

void pl_call_worker_retry(pl_call_worker *t, pl_retry *r)
{
    const pl_work *work = &t->call->work;
    work->kind->zero(work, r->begin, r->end);
    if (pl_call_worker_run(t, r->begin, r->end, r->failure.attempts) == r->end) {
        free(r->message);
        free(r);
    } else {
        pl_call_worker_give_up(t, r); /* the call has been stopped meanwhile */
    }
}

void pl_call_worker_run_here(pl_call *c, size_t begin, size_t end)
{
    pl_call_worker t;
    pl_call_worker_begin(&t, c, 0);
    while (begin < end && !t.stop) {
        int why = pl_call_over(c);
        if (why)
            pl_call_worker_leave_out(&t, why, begin, end);
        begin = why ? end : pl_call_worker_run(&t, begin, begin + 1, 0);
    }
    pl_call_worker_end(&t);
}

/* ---- the end --------------------------------------------------------------------------------------------- */

/* Whoever asks now for the results has them no more than any task. */
void pl_call_worker_end_progress(pl_call *c)
{
    pl_call_worker t;
    if (!c->policy.progress.callback)
        return;
    pl_call_worker_begin(&t, c, 0);
    pl_progress_end(&c->policy.progress);
    pl_context_end(&t.context);
}
