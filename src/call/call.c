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
static void note_failures(const pl_map *m, pl_chunk *chunk, size_t begin, size_t end)
{
    parallel_failure failure = pl_chunk_failure(chunk, begin, begin, false, 0);
    zero(m, begin, end);
    pl_failures_add(m->failures, &failure, end - begin, pl_chunk_message(chunk, begin));
}

PL_NOT_INLINED int pl_run_tasks(void *map, size_t begin, size_t end, void *stop)
{
    const pl_map *m = map;
    pl_chunk chunk = {
        .span = {.args = m->args, .results = m->out, .extras = m->extras, .stop = stop},
        .can_fail = true,
        .parent = m->failures->parent,
        .call = m->failures,
    };
    pl_chunk_begin(&chunk);
    PL_UNWIND_BY(pl_chunk_unwinds);
    bool failed = false;
    while (begin < end && !failed) {
        size_t i = m->kernel ? m->kernel(&chunk.span, begin, end) : pl_call_each(m, &chunk.span, begin, end);
        if (chunk.span.code == 0)
            break;
        size_t last = m->failures->chunks ? end : i + 1;
        note_failures(m, &chunk, i, last);
        chunk.span.code = 0;
        failed = !m->failures->keep_all;
        begin = last;
    }
    if (failed && pl_stop_raise(stop, PL_STOP_ALL))
        pl_stop_nudge(pl_chunk_root(&chunk));
    pl_chunk_end(&chunk);
    return failed;
}

PL_NOT_INLINED int pl_run_sure_tasks(void *map, size_t begin, size_t end, void *stop)
{
    const pl_map *m = map;
    (void)stop;
    PL_UNWIND_BY(pl_chunk_unwinds);
    pl_run_kernel(m->parent, m->kernel, m->args, m->out, begin, end);
    return 0;
}

PL_NOT_INLINED int pl_run_loop(void *loop, size_t begin, size_t end, void *stop)
{
    (void)stop;
    PL_UNWIND_BY(pl_chunk_unwinds);
    pl_run_body(loop, begin, end);
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
    c->splits = c->careful = false;
    c->error = 0;
    c->parent = NULL;
    pl_last_failure_clear();
}

void pl_call_begun(pl_call *c, bool background, bool careful)
{
    /* a call in the background is not waited for by the task that makes it */
    c->parent = background ? NULL : pl_this_thread.chunk;
    c->pool = pl_pool_of(c->o.pool);
    c->crews = pl_pool_crews(c->o.pool);
    c->o.pool = NULL; /* the program may free it before the call runs */
    pl_failures_init(&c->failures, c->o.silent);
    c->failures.parent = c->parent;
    c->careful = background || careful || c->o.call_timeout > 0 || c->o.progress || c->o.executor == PARALLEL_PROCESS;
    if (c->careful)
        pl_care_init(c);
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
    if (!pl_function_copy(&c->f, f) || (n && !args))
        return wrong(EINVAL);
    if (pl_size_multiply(n, c->f.arg_size) == PL_SIZE_NONE || pl_size_multiply(n, c->f.result_size) == PL_SIZE_NONE)
        return wrong(ENOMEM);
    if (!pl_options(&c->o, options, c->f.options, executor, background))
        return false;
    int error = c->o.names ? pl_names_init(&c->names, c->o.names, n, false) : 0;
    if (error)
        return wrong(error);
    c->given = args;
    c->m = (pl_map){
        .kernel = c->f.kernel,
        .call = c->f.call,
        .args = args,
        .extras = c->o.extras,
        .arg_size = c->f.arg_size,
        .result_size = c->f.result_size,
    };
    pl_call_begun(c, background, c->o.timeout > 0 || c->o.retries > 0);
    if (pl_can_fail(&c->f))
        c->m.failures = &c->failures;
    else
        c->m.parent = c->parent;
    c->failures.chunks = c->f.splits;
    return true;
}

bool pl_call_begin_loop(pl_call *c, const pl_body *loop, size_t n, const parallel_options *options)
{
    pl_call_begin(c, n);
    if (!pl_options(&c->o, options, NULL, PARALLEL_DEFAULT_EXECUTOR, false))
        return false;
    if (!loop->body || c->o.names || c->o.extras || c->o.timeout > 0 || c->o.retries > 0)
        return wrong(EINVAL);
    if (c->o.executor == PARALLEL_PROCESS)
        return wrong(ENOTSUP);
    c->loop = *loop;
    c->m = (pl_map){0};
    c->f = (parallel_function){0};
    pl_call_begun(c, false, false);
    return true;
}

/* ---- running --------------------------------------------------------------------------------------------- */

pl_cost *pl_call_cost(const pl_call *c, unsigned way)
{
    const parallel_function *f = &c->f;
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
    if (!c->splits || c->o.grain || c->n == 0)
        return c->o.grain;
    return (c->n - 1) / (workers ? workers : pl_pool_cores()) + 1;
}

/* Settles the account of failures, which may outlive futures, though not their arguments. */
static void settle(pl_call *c)
{
    pl_failed_list *all = &c->failures.all;
    all->names = c->names.names ? c->names.names : c->o.names;
    all->args = c->given;
    all->arg_size = c->m.arg_size;
    if (c->par.futures && all->count) {
        all->each = pl_allocate(pl_size_multiply(c->n, sizeof *all->each), 0);
        for (size_t i = 0; all->each && i < c->n; i++)
            all->each[i] = c->par.futures[i].arg;
        c->failures.lost |= !all->each;
    }
    pl_failures_settle(&c->failures);
}

static void leave_pool(void *visit)
{
    if (((pl_visit *)visit)->pool)
        pl_pool_leave(visit);
}

/* Runs all tasks on threads. */
PL_NOT_INLINED static void run(pl_call *c)
{
    unsigned workers = c->o.executor == PARALLEL_SERIAL ? 1 : (unsigned)c->o.max_workers;
    pl_loop_spec spec = {
        .n = c->n, .ctx = &c->m, .ctx_size = sizeof c->m, .workers = workers, .cost = pl_call_cost(c, c->careful)};
    pl_visit visit = {.pool = NULL};
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_cleanup_begin(&cleanup, leave_pool, &visit);
    if (c->pool)
        pl_pool_enter(&visit, c->pool);
    spec.grain = grain_of(c, workers);
    if (c->careful) {
        pl_care_run(c, &spec);
    } else {
        spec.body = pl_can_fail(&c->f) ? pl_run_tasks : pl_run_sure_tasks;
        if (c->loop.body) {
            spec.body = pl_run_loop;
            spec.ctx = &c->loop;
            spec.ctx_size = sizeof c->loop;
        }
        pl_loop_run(&spec);
    }
    pl_cleanup_end(&cleanup);
    leave_pool(&visit);
}

bool pl_call_run(pl_call *c, void *out)
{
    /* a task of a simple call may be where its thread is cancelled: unwind.h */
    int state = c->careful ? pl_os_cancel_defer() : pl_os_cancel_unless_unwound();
    c->m.out = out;
    if (c->o.executor == PARALLEL_PROCESS)
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
    pl_results_kind kind = c->o.executor == PARALLEL_PROCESS         ? PL_RESULTS_SHARED
                           : par || c->careful || pl_can_fail(&c->f) ? PL_RESULTS_ZEROED
                                                                     : PL_RESULTS_ANY;
    parallel_results *r = par ? pl_results_of_futures(c->par.futures, c->n, kind)
                              : pl_results_new(c->n, c->f.result_size, c->f.result_align, kind);
    if (!r) {
        c->failures.lost = true;
        return NULL;
    }
    c->par.results = r;
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    bool well = pl_call_run(c, pl_results_vector(r));
    pl_cleanup_end(&cleanup);
    if (!well && (!c->o.silent || c->failures.lost || c->error)) {
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
    if (c->careful)
        pl_care_end(c);
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
        zero(&c->m, begin, end);
        return;
    }
    for (size_t i = begin; i < end; i++) {
        parallel_function f;
        if (pl_function_copy(&f, c->par.futures[i].function) && f.result_size)
            memset(pl_results_place(c->par.results, i), 0, f.result_size);
    }
}
