/* SPDX-License-Identifier: MIT */
/* Calls: from work and options to an executor and back. */
#include "call/call.h"

#include <errno.h>
#include <string.h>

#include "call/failure.h"
#include "call/handle.h"
#include "base/size.h"
#include "sched/trace.h"

_Static_assert(sizeof(parallel_cost) == sizeof(pl_cost) && _Alignof(parallel_cost) >= _Alignof(pl_cost),
               "a program's parallel_cost is the scheduler's pl_cost");

/* ---- beginning ------------------------------------------------------------------------------------------- */

void pl_call_begin(pl_call *c, const pl_work_kind *kind, size_t n)
{
    c->work.kind = kind;
    c->work.n = n;
    c->work.given = NULL;
    c->work.futures = NULL;
    c->work.results = NULL;
    c->work.stops = false;
    c->first = 0;
    c->names = (pl_names){0};
    c->has_own_workers = false;
    c->participant = 0;
    c->has_policy = false;
    c->error = 0;
    c->reason = NULL;
    c->parent = c->maker = NULL;
    c->ended = NULL;
    pl_failure_clear_last();
}

bool pl_call_merge_options(pl_call *c, const parallel_options *options, const parallel_options *decoration,
                           const pl_request *request)
{
    if (!pl_options_merge(&c->options, options, decoration, request))
        return false;
    c->executor = request->executors[c->options.executor];
    c->work.extras = c->options.extras;
    return !c->executor->check || c->executor->check(c);
}

void pl_call_begun(pl_call *c, const pl_request *request)
{
    const pl_pool_handle *pool = (const pl_pool_handle *)c->options.pool;
    /* a call in the background is not waited for by the task that makes it */
    c->parent = c->maker = request->background ? NULL : pl_context_thread.context;
    c->pool = pool ? pool->pool : NULL;
    c->groups = pool ? pool->groups : PL_PROGRAM_GROUPS;
    c->options.pool = NULL; /* the program may free it before the call runs */
    pl_failures_init(&c->failures, c->options.silent);
    c->failures.parent = c->parent;
    const parallel_options *o = &c->options;
    c->has_policy = request->background || c->work.kind->adjust || c->executor->needs_policy || o->timeout > 0 ||
                    o->retries > 0 || o->call_timeout > 0 || o->progress;
    if (c->has_policy)
        pl_policy_init(&c->policy);
}

bool pl_call_begin_map(pl_call *c, const pl_work_kind *kind, const parallel_function *f, const void *args, size_t n,
                       const parallel_options *options, const pl_request *request)
{
    pl_work *work = &c->work;
    pl_call_begin(c, kind, n);
    if (!pl_function_take(&work->function, f))
        return false;
    if (n && !args)
        return pl_error_deny_null("args", n);
    f = &work->function;
    if (pl_size_multiply(n, f->arg_size) == PL_SIZE_NONE || pl_size_multiply(n, f->result_size) == PL_SIZE_NONE)
        return pl_error_deny_memory();
    if (!pl_call_merge_options(c, options, f->options, request))
        return false;
    if (c->options.names && !pl_names_init(&c->names, c->options.names, n, PL_NAMES_OF_ALL))
        return false;
    work->given = args;
    work->map = (pl_map){
        .kernel = f->kernel,
        .call = f->call,
        .args = args,
        .extras = work->extras,
        .arg_size = f->arg_size,
        .result_size = f->result_size,
    };
    pl_call_begun(c, request);
    if (c->has_policy && !pl_function_can_fail(f) && f->step && (c->options.timeout > 0 || c->options.call_timeout > 0))
        work->map.kernel = f->step;
    work->stops = pl_function_can_fail(f) || work->map.kernel == f->step;
    if (pl_function_can_fail(f))
        work->map.failures = &c->failures;
    else
        work->map.parent = c->parent;
    c->failures.chunks = f->splits;
    return true;
}

/* What a loop has not, but is asked for; NULL: nothing. */
static const char *find_absent(const parallel_options *o)
{
    return o->names ? "names" : o->extras ? "extras" : o->timeout > 0 ? "timeout" : o->retries > 0 ? "retries" : NULL;
}

bool pl_call_begin_loop(pl_call *c, const pl_body *loop, size_t n, parallel_cost *cost, uintptr_t key,
                        const parallel_options *options, const pl_request *request)
{
    pl_call_begin(c, &pl_work_loop, n);
    if (!pl_call_merge_options(c, options, NULL, request))
        return false;
    const char *absent = find_absent(&c->options);
    if (!loop->body)
        return pl_error_deny(EINVAL, "the loop's body is NULL");
    if (n > PTRDIFF_MAX)
        return pl_error_deny(EINVAL, "there are %zu iterations, more than PTRDIFF_MAX", n);
    if (absent)
        return pl_error_deny(EINVAL, "this call has no option %s", absent);
    c->work.loop = *loop;
    c->work.loop_cost_key = key;
    c->work.map = (pl_map){0};
    c->work.function = (parallel_function){.name = loop->name, .cost = cost};
    pl_call_begun(c, request);
    return true;
}

/* ---- running --------------------------------------------------------------------------------------------- */

pl_cost *pl_call_cost(const pl_call *c, pl_call_way way)
{
    const pl_work *work = &c->work;
    if (way == PL_CALL_SIMPLE && work->function.cost)
        return (pl_cost *)work->function.cost;
    return pl_cost_of(work->kind->cost_key(work) + way);
}

/* Settles the account of failures, which may outlive futures, though not their arguments. */
static void settle_failures(pl_call *c)
{
    pl_failed_list *all = &c->failures.all;
    const pl_work *work = &c->work;
    all->names = c->names.names ? c->names.names : c->options.names;
    all->args = work->given;
    all->arg_size = work->map.arg_size;
    if (work->futures && all->count) {
        all->each = pl_results_allocate(pl_size_multiply(work->n, sizeof *all->each), 0);
        for (size_t i = 0; all->each && i < work->n; i++)
            all->each[i] = work->kind->arg(work, i);
        c->failures.lost |= !all->each;
    }
    pl_failures_settle(&c->failures);
}

int pl_call_over(const pl_call *c)
{
    int why = c->has_policy ? pl_policy_over(&c->policy) : 0;
    return why || !c->maker ? why : pl_context_reason(c->maker);
}

/* For a trace: 0, or an error code, before failures are settled. */
static int outcome_of(const pl_call *c)
{
    if (c->error || c->failures.lost)
        return c->error ? c->error : ENOMEM;
    const parallel_failure *first = c->failures.all.count ? &c->failures.all.list[0].first : NULL;
    return !first ? 0 : first->code ? first->code : EOWNERDEAD;
}

static void end_trace(pl_trace_call *call, const pl_call *c)
{
    bool is_loop = c->work.kind == &pl_work_loop && c->work.loop.what;
    call->what = is_loop ? c->work.loop.what : c->work.kind->name;
    call->name = c->work.function.name;
    call->n = c->work.n;
    call->grain = c->options.grain;
    call->outcome = outcome_of(c);
    pl_trace_call_end(call);
}

void pl_call_run_tasks(pl_call *c, void *out)
{
    /* a task of a simple call may be where its thread is cancelled: unwind.h */
    int state = c->has_policy ? pl_os_cancel_defer() : pl_os_cancel_unless_unwound();
    c->work.map.out = out;
    pl_trace_call call = {0};
    bool traced = pl_trace_is_on();
    if (traced)
        call = pl_trace_call_begin();
    c->executor->run(c, out);
    if (traced)
        end_trace(&call, c);
    pl_os_cancel_restore(state);
}

bool pl_call_settle(pl_call *c)
{
    settle_failures(c);
    return !c->error && !c->failures.lost && c->failures.all.count == 0;
}

bool pl_call_run(pl_call *c, void *out)
{
    pl_call_run_tasks(c, out);
    return pl_call_settle(c);
}

bool pl_call_run_rest(pl_call *c, void *out, const pl_begun *begun)
{
    pl_work *work = &c->work;
    bool failed = begun->failure.state != PARALLEL_OK;
    c->first = begun->done + failed;
    work->map.out = out;
    if (failed) {
        work->kind->zero(work, begun->done, c->first);
        pl_failures_add(&c->failures, &begun->failure, 1, begun->message);
    }
    if (c->has_policy) {
        pl_policy_begin(&c->policy, &c->options, work->n);
        c->policy.deadline -= c->policy.deadline ? begun->lasted_ns : 0;
    }
    if (c->first < work->n && (c->options.silent || !failed))
        return pl_call_run(c, out);
    settle_failures(c);
    return !failed;
}

PL_NOT_INLINED parallel_results *pl_call_results(pl_call *c)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    bool may_lack_some = c->has_policy || pl_work_can_fail(&c->work) || (c->maker && c->options.silent);
    pl_results_fill fill = may_lack_some ? PL_RESULTS_ZEROED : PL_RESULTS_ANY;
    parallel_results *r = c->work.kind->new_results(&c->work, fill, c->executor->memory);
    if (!r) {
        c->failures.lost = true;
        return NULL;
    }
    c->work.results = r;
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    bool well = pl_call_run(c, pl_results_vector(r));
    pl_cleanup_end(&cleanup);
    return pl_call_finish_results(c, r, well);
}

parallel_results *pl_call_finish_results(pl_call *c, parallel_results *r, bool well)
{
    if (!well && (!c->options.silent || c->failures.lost || c->error)) {
        if (c->ended)
            pl_ended_keep(c->ended, r);
        else
            parallel_results_free(r);
        return NULL;
    }
    pl_results_finish(r, &c->failures, &c->names);
    c->names = (pl_names){0};
    return r;
}

/* ---- ending ---------------------------------------------------------------------------------------------- */

int pl_call_code(const pl_call *c)
{
    if (c->error)
        return c->error;
    if (c->failures.lost || !c->failures.all.count)
        return ENOMEM;
    const parallel_failure *first = &c->failures.all.list[0].first;
    return first->state == PARALLEL_CRASHED ? EOWNERDEAD : first->code;
}

const parallel_failure *pl_call_failure(const pl_call *c)
{
    return c->error || c->failures.lost || !c->failures.all.count ? NULL : &c->failures.all.list[0].first;
}

void pl_call_end(pl_call *c)
{
    pl_failures_free(&c->failures);
    if (c->names.slots)
        pl_names_free(&c->names);
    if (c->has_policy)
        pl_policy_end(&c->policy);
    if (c->ended)
        pl_ended_free(c->ended);
}

void pl_call_drop(void *call)
{
    pl_call_end(call);
}

static const char *function_of(const pl_call *c, size_t i)
{
    const pl_work *work = &c->work;
    return work->futures && i < work->n ? work->futures[i].function->name : work->function.name;
}

void pl_call_tell(const pl_call *c)
{
    const parallel_failure *failure = pl_call_failure(c);
    int code = pl_call_code(c);
    if (failure)
        pl_failure_set_last(failure, &(pl_failed_call){.function = function_of(c, failure->index),
                                                       .arg_size = c->failures.arg ? c->failures.arg_size : 0,
                                                       .arg_align = c->work.function.arg_align});
    else if (c->error && c->reason)
        pl_error_refuse(code, "%s", c->reason);
    else
        pl_error_return(code);
    errno = code;
}

void pl_call_return(pl_call *c, bool failed)
{
    pl_failure_clear_last(); /* there may be one of a call that a task of this call made on this thread */
    if (failed)
        pl_call_tell(c);
    int saved = errno;
    pl_call_end(c);
    if (failed)
        errno = saved;
}

PL_NOT_INLINED int pl_call_run_loop(const pl_body *loop, size_t n, parallel_cost *cost, uintptr_t key,
                                    const parallel_options *options, const pl_request *request)
{
    pl_call c;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!pl_call_begin_loop(&c, loop, n, cost, key, options, request))
        return -1;
    pl_cleanup_begin(&cleanup, pl_call_drop, &c);
    bool well = pl_call_run(&c, NULL);
    pl_cleanup_end(&cleanup);
    pl_call_return(&c, !well);
    return well ? 0 : -1;
}
