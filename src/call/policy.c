/* SPDX-License-Identifier: MIT */
/* Running calls under a policy; care.h says how. */
#include "call/policy.h"

#include <errno.h>
#include <string.h>

#include "call/call.h"
#include "base/os.h"
#include "base/unwind.h"
#include "sched/cost.h"

/* How long a piece is to last, and how often a thread tells what it has done. */
#define PIECE_US 50
/* A time that does not come. */
#define FOR_EVER (UINT64_MAX - 1)
/* How long the callback is left alone. */
#define REPORT_NS UINT64_C(50000000)

void pl_policy_init(pl_call *c)
{
    memset(&c->policy, 0, sizeof c->policy);
    pthread_mutex_init(&c->policy.mutex, NULL);
}

void pl_policy_end(pl_call *c)
{
    pthread_mutex_destroy(&c->policy.mutex);
    free(c->policy.waiting);
}

/* The moment that is `seconds` after `now`; more than 0. */
static uint64_t after(uint64_t now, double seconds)
{
    return seconds < 1e9 ? now + (uint64_t)(seconds * 1e9) + 1 : FOR_EVER;
}

void pl_policy_begin(pl_call *c)
{
    pl_policy *policy = &c->policy;
    policy->began = policy->reported = pl_os_nanoseconds();
    policy->deadline = c->options.call_timeout > 0 ? after(policy->began, c->options.call_timeout) : 0;
    policy->facts = (pl_progress_facts){.started = policy->began};
    policy->random = policy->began | 1;
    if (!c->par.futures)
        policy->task_policy = pl_policy_of_task(c, 0);
}

int pl_policy_over(const pl_call *c)
{
    if (c->policy.deadline && pl_os_nanoseconds() > c->policy.deadline)
        return ETIMEDOUT;
    return pl_stop_level(&c->policy.stop) ? ECANCELED : 0;
}

/* ---- terms ----------------------------------------------------------------------------------------------- */

/* What goes for a future: its own; none, if the call wants that; its function's; or the call's. */
static double first_set(double own, double function, double call)
{
    return own != 0 ? own : call < 0 || function == 0 ? call : function;
}

pl_task_policy pl_policy_of_task(const pl_call *c, size_t i)
{
    double timeout = c->options.timeout, delay = c->options.retry_delay;
    int retries = c->options.retries;
    if (c->par.futures) {
        const parallel_future *future = &c->par.futures[i];
        parallel_options own;
        parallel_function f;
        pl_function_copy(&f, future->function);
        pl_options_copy(&own, f.options); /* both have been tried, and can be done */
        timeout = first_set(future->timeout, own.timeout, timeout);
        delay = first_set(future->retry_delay, own.retry_delay, delay);
        retries = (int)first_set(future->retries, own.retries, retries);
    }
    return (pl_task_policy){
        .timeout_ns = timeout > 0 ? after(0, timeout) : 0,
        .attempts = retries > 0 ? (unsigned)retries + 1 : 1,
        .delay = delay > 0 ? delay : 0,
    };
}

/* ---- telling --------------------------------------------------------------------------------------------- */

/* Calls the callback. With the mutex held, which it lets go meanwhile. */
static void report(pl_call *c, bool ended)
{
    pl_policy *policy = &c->policy;
    size_t done = policy->done;
    policy->reporting = true;
    policy->facts.failures = policy->failed;
    policy->facts.ended = ended;
    pthread_mutex_unlock(&policy->mutex);
    PL_UNWIND_BARRIER();
    pl_progress_facts *outer = pl_progress_now;
    pl_progress_now = &policy->facts;
    c->options.progress(done, c->n, c->options.progress_data);
    pl_progress_now = outer;
    pthread_mutex_lock(&policy->mutex);
    policy->reporting = false;
    policy->reported = pl_os_nanoseconds();
}

void pl_call_worker_report(pl_call_worker *t)
{
    pl_call *c = t->call;
    pl_policy *policy = &c->policy;
    t->reported_at = pl_ticks();
    t->now = 0;
    if (!c->options.progress)
        return;
    pthread_mutex_lock(&policy->mutex);
    policy->done += t->done;
    policy->failed += t->failed;
    t->done = t->failed = 0;
    if (!policy->reporting && policy->done < c->n && pl_os_nanoseconds() - policy->reported > REPORT_NS)
        report(c, false);
    pthread_mutex_unlock(&policy->mutex);
}

/* ---- a run ---------------------------------------------------------------------------------------------- */

void pl_call_worker_begin(pl_call_worker *t, pl_call *c)
{
    *t = (pl_call_worker){.call = c};
    t->context.span = (parallel_span){
        .args = c->map.args, .results = c->map.out, .extras = c->options.extras, .stop = &c->policy.stop};
    t->context.can_fail = !c->loop.body && pl_can_fail(&c->function);
    t->context.parent = c->parent;
    t->context.call = c;
    t->reported_at = pl_ticks();
    pl_context_begin(&t->context);
}

void pl_call_worker_end(pl_call_worker *t)
{
    pl_call_worker_report(t);
    pl_context_end(&t->context);
}

void pl_call_worker_note(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    pl_call *c = t->call;
    parallel_failure f = *failure;
    if (begin == end)
        return;
    if (f.state != PARALLEL_NOT_RUN)
        pl_call_zero(c, begin, end);
    f.index = begin;
    pl_failures_add(&c->failures, &f, end - begin, message);
    if (c->options.silent)
        return;
    t->stop = true;
    if (failure->state != PARALLEL_NOT_RUN && pl_stop_raise(&c->policy.stop, PL_STOP_ALL))
        pl_stop_notify(pl_context_root(&t->context));
}

/* Notes that [begin, end) is not run. */
static void leave_out(pl_call_worker *t, int why, size_t begin, size_t end)
{
    pl_policy *policy = &t->call->policy;
    pthread_mutex_lock(&policy->mutex);
    policy->left_out = true;
    pthread_mutex_unlock(&policy->mutex);
    parallel_failure failure = {.state = PARALLEL_NOT_RUN, .code = why};
    pl_call_worker_note(t, &failure, NULL, begin, end);
}

/* One task of a par. */
static size_t run_future(pl_call_worker *t, size_t i)
{
    pl_call *c = t->call;
    const parallel_future *future = &c->par.futures[i];
    parallel_span *span = &t->context.span;
    parallel_function f;
    pl_function_copy(&f, future->function);
    t->context.can_fail = pl_can_fail(&f);
    span->args = future->arg;
    span->results = pl_results_place(c->par.results, i);
    span->extras = future->extras ? future->extras : c->options.extras;
    if (f.kernel)
        return i + f.kernel(span, 0, 1);
    pl_map m = {.call = f.call, .args = future->arg, .out = span->results};
    return i + pl_call_each(&m, span, 0, 1);
}

/* Runs [begin, end) once. Returns as a kernel does. */
static size_t run_once(pl_call_worker *t, size_t begin, size_t end)
{
    pl_call *c = t->call;
    PL_UNWIND_BARRIER();
    pl_context_renew(&t->context);
    if (c->par.futures)
        return run_future(t, begin);
    if (!c->loop.body)
        return c->map.kernel ? c->map.kernel(&t->context.span, begin, end)
                             : pl_call_each(&c->map, &t->context.span, begin, end);
    c->loop.body(begin, end, c->loop.ctx);
    return end;
}

/* When what starts now is late. */
static uint64_t deadline(pl_call_worker *t, const pl_task_policy *task_policy)
{
    uint64_t task = 0, call = t->call->policy.deadline;
    if (task_policy->timeout_ns) {
        uint64_t now = t->now ? t->now : pl_os_nanoseconds();
        task = task_policy->timeout_ns < FOR_EVER - now ? now + task_policy->timeout_ns : FOR_EVER;
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

/* Tasks [from, to) have failed for now, as `failure` says of the first: they are tried again later, or that was it. Takes
 * the message. */
static void fail(pl_call_worker *t, const parallel_failure *failure, bool again, char *message, size_t from, size_t to)
{
    if (again && pl_retry_later(t, failure, message, from, to))
        return;
    pl_call_worker_note(t, failure, message, from, to);
    t->done += to - from;
    t->failed += to - from;
}

size_t pl_call_worker_attempt(pl_call_worker *t, size_t begin, size_t end, unsigned tried)
{
    pl_call *c = t->call;
    pl_context *context = &t->context;
    pl_task_policy task_policy = c->par.futures ? pl_policy_of_task(c, begin) : c->policy.task_policy;
    parallel_failure failure = {0}; /* of the last attempt, if it is to be made again at once */
    char *message = NULL;
    for (;; tried++) {
        context->deadline = deadline(t, &task_policy);
        size_t i = run_once(t, begin, end);
        bool late = is_late(t);
        if (context->span.code == 0 && i == begin && i < end && failure.attempts) {
            fail(t, &failure, false, message, begin, end); /* the call was stopped in between */
            return end;
        }
        free(message);
        message = NULL;
        if (context->span.code == 0 && (i < end || !late)) {
            t->done += i - begin;
            return i;
        }
        if (i != begin && !late) { /* those before it went well */
            t->done += i - begin;
            begin = i;
            tried = 0;
        }
        size_t last = late || c->failures.chunks ? end : begin + 1;
        size_t noted = c->par.futures ? 0 : begin;
        failure = pl_context_failure(context, begin, noted, late, tried);
        if (context->span.code) /* else it said something, and then went well, but too late */
            message = pl_context_message(context, noted);
        bool again = failure.state != PARALLEL_CANCELLED && failure.attempts < task_policy.attempts &&
                     !pl_policy_over(c) && !pl_context_is_final(context, noted);
        if (!again || task_policy.delay > 0) {
            fail(t, &failure, again, message, begin, last);
            return last;
        }
        pl_call_zero(c, begin, last);
        end = last;
        t->now = 0;
    }
}

/* ---- the body -------------------------------------------------------------------------------------------- */

/* How many tasks of [begin, end) to run in one go: one where there is a clock to look at, else `piece`, if that is known. */
static size_t piece_end(const pl_call *c, size_t piece, size_t begin, size_t end)
{
    if (c->failures.chunks || (c->loop.body && c->options.grain))
        return end;
    if (c->par.futures || (!c->loop.body && (c->policy.deadline || c->options.timeout > 0)))
        return begin + 1;
    return end - begin < piece ? end : begin + piece;
}

/* What lasts about as long as a piece should, by what tasks have cost before. */
static size_t first_piece(const pl_loop_spec *spec)
{
    uint64_t one = pl_cost_guess(spec->cost, 1), all = PIECE_US * pl_os_ticks_per_us();
    return one < all ? all / (one + 1) + 1 : 1;
}

/* A piece of `size` took so long: the next is to be longer, or shorter. */
static size_t next_piece(size_t piece, size_t size, uint64_t took)
{
    uint64_t right = PIECE_US * pl_os_ticks_per_us();
    if (took > right * 2)
        return size / 2 + 1;
    return took < right / 2 && size == piece && size < SIZE_MAX / 4 ? size * 4 : piece;
}

typedef struct with_policy {
    pl_call *call;
    const pl_loop_spec *spec;
} with_policy;

static int run_under_policy(void *ctx, size_t begin, size_t end, void *loop_stop, unsigned participant)
{
    const with_policy *all = ctx;
    pl_call *c = all->call;
    size_t piece = first_piece(all->spec);
    pl_call_worker t;
    (void)loop_stop;
    (void)participant;
    pl_call_worker_begin(&t, c);
    pl_retry_enter(&t);
    uint64_t before = t.reported_at;
    while (begin < end && !t.stop) {
        int why = pl_policy_over(c);
        if (why) {
            leave_out(&t, why, begin, end);
            break;
        }
        size_t to = pl_call_worker_attempt(&t, begin, piece_end(c, piece, begin, end), 0);
        uint64_t now = pl_ticks();
        piece = next_piece(piece, to - begin, now - before);
        before = now;
        begin = to;
        if (now - t.reported_at > PIECE_US * pl_os_ticks_per_us()) {
            pl_call_worker_report(&t);
            pl_retry_due(&t);
            before = pl_ticks();
        }
    }
    pl_retry_due(&t);
    pl_retry_leave(&t);
    pl_call_worker_end(&t);
    return t.stop;
}

/* Then tasks are left out, however many at a time. */
static bool is_over(void *ctx)
{
    return pl_policy_over(((const with_policy *)ctx)->call) != 0;
}

/* Who asks now for the results has them no more than any task. */
void pl_policy_report_end(pl_call *c)
{
    pl_policy *policy = &c->policy;
    pl_call_worker t;
    pl_call_worker_begin(&t, c);
    pthread_mutex_lock(&policy->mutex);
    report(c, true);
    pthread_mutex_unlock(&policy->mutex);
    pl_context_end(&t.context);
}

void pl_policy_run(pl_call *c, pl_loop_spec *spec)
{
    with_policy all = {c, spec};
    spec->body = run_under_policy;
    spec->ctx = &all;
    spec->ctx_size = 0;
    spec->is_over = is_over;
    spec->chunk_us = PIECE_US;
    if (!c->policy.began)
        pl_policy_begin(c);
    pl_retry_begin(c, spec->workers);
    pl_loop_run(spec);
    pl_retry_end(c);
    if (c->policy.left_out)
        pl_cost_forget(spec->cost);
    if (c->options.progress)
        pl_policy_report_end(c);
}
