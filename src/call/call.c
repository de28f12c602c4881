/* SPDX-License-Identifier: MIT */
/* Calls: from a function, an array and options to the scheduler and back. */
#include "call/call.h"

#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "sched/loop.h"
#include "sched/pool.h"

_Static_assert(sizeof(parallel_cost) == sizeof(pl_cost) && _Alignof(parallel_cost) >= _Alignof(pl_cost),
               "a program's parallel_cost is the scheduler's pl_cost");
_Static_assert(sizeof(pl_map) <= PL_LOOP_CTX, "a map fits where a loop's context goes");

/* ---- simple calls ---------------------------------------------------------------------------------------- */

static const void *arg_of(const pl_map *m, size_t i)
{
    return (const unsigned char *)m->args + i * m->arg_size;
}

static void zero(const pl_map *m, size_t begin, size_t end)
{
    if (m->out && m->result_size)
        memset((unsigned char *)m->out + begin * m->result_size, 0, (end - begin) * m->result_size);
}

size_t pl_call_each(const pl_map *m, parallel_span *span, size_t begin, size_t end)
{
    unsigned char *result = m->out;
    size_t i = begin;
    for (; i < end && !pl_loop_stopped(span->stop); i++) {
        span->index = i;
        span->code = m->call(arg_of(m, i), result ? result + i * m->result_size : NULL, span->extras);
        if (span->code)
            break;
    }
    return i;
}

/* Notes that a function which was given the tasks [begin, end) at once failed. */
static void note_failures(const pl_map *m, pl_context *context, size_t begin, size_t end)
{
    parallel_failure failure = pl_context_failure(context, begin, begin, false, 0);
    zero(m, begin, end);
    pl_failures_add(m->failures, &failure, end - begin, pl_context_message(context, begin));
}

PL_NOT_INLINED int pl_work_run_tasks(void *map, size_t begin, size_t end, void *stop, unsigned participant)
{
    const pl_map *m = map;
    pl_context context = {
        .span = {.args = m->args, .results = m->out, .extras = m->extras, .stop = stop},
        .can_fail = true,
        .parent = m->failures->parent,
        .call = m->failures,
    };
    pl_context_begin(&context);
    (void)participant;
    PL_UNWIND_BY(pl_context_unwinds);
    bool failed = false;
    while (begin < end && !failed) {
        size_t i = m->kernel ? m->kernel(&context.span, begin, end) : pl_call_each(m, &context.span, begin, end);
        if (context.span.code == 0)
            break;
        size_t last = m->failures->chunks ? end : i + 1;
        note_failures(m, &context, i, last);
        context.span.code = 0;
        failed = !m->failures->keep_all;
        begin = last;
    }
    if (failed && pl_stop_raise(stop, PL_STOP_ALL))
        pl_stop_notify(pl_context_root(&context));
    pl_context_end(&context);
    return failed;
}

PL_NOT_INLINED int pl_work_run_sure_tasks(void *map, size_t begin, size_t end, void *stop, unsigned participant)
{
    const pl_map *m = map;
    (void)stop;
    (void)participant;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_work_run_kernel(m->parent, m->kernel, m->args, m->out, begin, end);
    return 0;
}

PL_NOT_INLINED int pl_work_run_loop(void *loop, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)stop;
    (void)participant;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_work_run_body(loop, begin, end);
    return 0;
}

/* ---- beginning ------------------------------------------------------------------------------------------- */

bool pl_function_copy(parallel_function *to, const parallel_function *from)
{
    if (!from)
        return false;
    if (from->size >= sizeof *to) {
        *to = *from;
    } else {
        size_t known = offsetof(parallel_function, size);
        memset(to, 0, sizeof *to);
        memcpy(to, from, from->size > known ? from->size : known);
    }
    return to->arg_size != 0 && (to->kernel || to->call) && pl_are_alignments(to);
}

void pl_call_begin(pl_call *c, size_t n)
{
    c->n = n;
    c->par = (pl_par){0};
    c->loop.body = NULL;
    c->names = (pl_names){0};
    c->given = NULL;
    c->splits = c->with_policy = false;
    c->error = 0;
    c->parent = NULL;
    pl_last_failure_clear();
}

void pl_call_begun(pl_call *c, bool background, bool with_policy)
{
    /* a call in the background is not waited for by the task that makes it */
    c->parent = background ? NULL : pl_this_thread.context;
    c->pool = pl_pool_of(c->options.pool);
    c->groups = pl_pool_groups(c->options.pool);
    c->options.pool = NULL; /* the program may free it before the call runs */
    pl_failures_init(&c->failures, c->options.silent);
    c->failures.parent = c->parent;
    c->with_policy = background || with_policy || c->options.call_timeout > 0 || c->options.progress ||
                     c->options.executor == PARALLEL_PROCESS;
    if (c->with_policy)
        pl_policy_init(c);
}

static bool wrong(int code)
{
    errno = code;
    return false;
}

bool pl_call_begin_map(pl_call *c, const parallel_function *f, const void *args, size_t n,
                       const parallel_options *options, parallel_executor_kind executor, bool background)
{
    pl_call_begin(c, n);
    if (!pl_function_copy(&c->function, f) || (n && !args))
        return wrong(EINVAL);
    if (pl_size_multiply(n, c->function.arg_size) == PL_SIZE_NONE ||
        pl_size_multiply(n, c->function.result_size) == PL_SIZE_NONE)
        return wrong(ENOMEM);
    if (!pl_options(&c->options, options, c->function.options, executor, background))
        return false;
    int error = c->options.names ? pl_names_init(&c->names, c->options.names, n, false) : 0;
    if (error)
        return wrong(error);
    c->given = args;
    c->map = (pl_map){
        .kernel = c->function.kernel,
        .call = c->function.call,
        .args = args,
        .extras = c->options.extras,
        .arg_size = c->function.arg_size,
        .result_size = c->function.result_size,
    };
    pl_call_begun(c, background, c->options.timeout > 0 || c->options.retries > 0);
    if (pl_can_fail(&c->function))
        c->map.failures = &c->failures;
    else
        c->map.parent = c->parent;
    c->failures.chunks = c->function.splits;
    return true;
}

bool pl_call_begin_loop(pl_call *c, const pl_body *loop, size_t n, const parallel_options *options)
{
    pl_call_begin(c, n);
    if (!pl_options(&c->options, options, NULL, PARALLEL_DEFAULT_EXECUTOR, false))
        return false;
    if (!loop->body || c->options.names || c->options.extras || c->options.timeout > 0 || c->options.retries > 0)
        return wrong(EINVAL);
    if (c->options.executor == PARALLEL_PROCESS)
        return wrong(ENOTSUP);
    c->loop = *loop;
    c->map = (pl_map){0};
    c->function = (parallel_function){0};
    pl_call_begun(c, false, false);
    return true;
}

/* ---- running --------------------------------------------------------------------------------------------- */

pl_cost *pl_call_cost(const pl_call *c, unsigned way)
{
    const parallel_function *f = &c->function;
    uintptr_t key = f->kernel ? (uintptr_t)f->kernel : (uintptr_t)f->call;
    if (c->loop.body)
        key = (uintptr_t)c->loop.body;
    for (size_t i = 0; c->par.futures && i < c->n; i++)
        key = key * 31 + (uintptr_t)c->par.futures[i].function;
    if (way)
        return pl_cost_of(key + way);
    return f->cost ? (pl_cost *)f->cost : pl_cost_of(key);
}

static size_t grain_of(const pl_call *c, unsigned workers)
{
    if (!c->splits || c->options.grain || c->n == 0)
        return c->options.grain;
    return (c->n - 1) / (workers ? workers : pl_pool_cores()) + 1;
}

/* Settles the account of failures, which may outlive futures, though not their arguments. */
static void settle(pl_call *c)
{
    pl_failed_list *all = &c->failures.all;
    all->names = c->names.names ? c->names.names : c->options.names;
    all->args = c->given;
    all->arg_size = c->map.arg_size;
    if (c->par.futures && all->count) {
        all->each = pl_allocate(pl_size_multiply(c->n, sizeof *all->each), 0);
        for (size_t i = 0; all->each && i < c->n; i++)
            all->each[i] = c->par.futures[i].arg;
        c->failures.lost |= !all->each;
    }
    pl_failures_settle(&c->failures);
}

static void leave_pool(void *attachment)
{
    if (((pl_attachment *)attachment)->pool)
        pl_pool_detach(attachment);
}

/* Runs all tasks on threads. */
PL_NOT_INLINED static void run(pl_call *c)
{
    unsigned workers = c->options.executor == PARALLEL_SERIAL ? 1 : (unsigned)c->options.max_workers;
    pl_loop_spec spec = {.n = c->n,
                         .ctx = &c->map,
                         .ctx_size = sizeof c->map,
                         .workers = workers,
                         .cost = pl_call_cost(c, c->with_policy)};
    pl_attachment attachment = {.pool = NULL};
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_cleanup_begin(&cleanup, leave_pool, &attachment);
    if (c->pool)
        pl_pool_attach(&attachment, c->pool);
    spec.grain = grain_of(c, workers);
    if (c->with_policy) {
        pl_policy_run(c, &spec);
    } else {
        spec.body = pl_can_fail(&c->function) ? pl_work_run_tasks : pl_work_run_sure_tasks;
        if (c->loop.body) {
            spec.body = pl_work_run_loop;
            spec.ctx = &c->loop;
            spec.ctx_size = sizeof c->loop;
        }
        pl_loop_run(&spec);
    }
    pl_cleanup_end(&cleanup);
    leave_pool(&attachment);
}

bool pl_call_run(pl_call *c, void *out)
{
    /* a task of a simple call may be where its thread is cancelled: unwind.h */
    int state = c->with_policy ? pl_os_cancel_defer() : pl_os_cancel_unless_unwound();
    c->map.out = out;
    if (c->options.executor == PARALLEL_PROCESS)
        pl_process_run(c, out);
    else
        run(c);
    pl_os_cancel_restore(state);
    settle(c);
    return !c->error && !c->failures.lost && c->failures.all.count == 0;
}

PL_NOT_INLINED parallel_results *pl_call_results(pl_call *c)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    bool par = c->par.futures != NULL;
    pl_results_kind kind = c->options.executor == PARALLEL_PROCESS              ? PL_RESULTS_SHARED
                           : par || c->with_policy || pl_can_fail(&c->function) ? PL_RESULTS_ZEROED
                                                                                : PL_RESULTS_ANY;
    parallel_results *r = par ? pl_results_of_futures(c->par.futures, c->n, kind)
                              : pl_results_new(c->n, c->function.result_size, c->function.result_align, kind);
    if (!r) {
        c->failures.lost = true;
        return NULL;
    }
    c->par.results = r;
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    bool well = pl_call_run(c, pl_results_vector(r));
    pl_cleanup_end(&cleanup);
    if (!well && (!c->options.silent || c->failures.lost || c->error)) {
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
    if (c->with_policy)
        pl_policy_end(c);
}

void pl_call_drop(void *call)
{
    pl_call_end(call);
}

void pl_call_return(pl_call *c, bool failed)
{
    int code = pl_call_code(c);
    pl_last_failure_clear(); /* there may be one of a call that a task of this call made on this thread */
    if (failed && pl_call_failure(c))
        pl_last_failure_set(pl_call_failure(c));
    pl_call_end(c);
    if (failed)
        errno = code;
}

/* ---- some tasks ------------------------------------------------------------------------------------------ */

void pl_call_zero(const pl_call *c, size_t begin, size_t end)
{
    if (!c->par.futures) {
        zero(&c->map, begin, end);
        return;
    }
    for (size_t i = begin; i < end; i++) {
        parallel_function f;
        if (pl_function_copy(&f, c->par.futures[i].function) && f.result_size)
            memset(pl_results_place(c->par.results, i), 0, f.result_size);
    }
}
