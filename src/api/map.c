/* SPDX-License-Identifier: MIT */
/* Maps and loops: from a function, an array and options to the scheduler and back. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "api/internal.h"
#include "sched/brief.h"
#include "sched/loop.h"
#include "sched/pool.h"

_Static_assert(sizeof(parallel_cost) == sizeof(pl_cost) && _Alignof(parallel_cost) >= _Alignof(pl_cost),
               "a program's parallel_cost is the scheduler's pl_cost");

/* ---- what a function is ---------------------------------------------------------------------------------- */

/* The function as given, without members that an older or hand-filled one does not have. False if it cannot be
 * called. */
static bool copy_function(parallel_function *to, const parallel_function *from)
{
    if (!from)
        return false;
    size_t known = offsetof(parallel_function, size);
    if (from->size >= known)
        known = from->size < sizeof *to ? from->size : sizeof *to;
    memset(to, 0, sizeof *to);
    memcpy(to, from, known);
    return to->arg_size != 0 && (to->kernel || to->call);
}

static bool can_fail(const parallel_function *f)
{
    return f->can_fail || !f->kernel;
}

/* ---- a map in progress ----------------------------------------------------------------------------------- */

/* What running tasks takes: small enough to be handed to helpers as it is. */
typedef struct map {
    parallel_kernel *kernel; /* or NULL: */
    int (*call)(const void *arg, void *result, void *extras);
    const void *args;
    void *out;
    void *extras;
    size_t arg_size, result_size;
    pl_failures *failures; /* of functions that can fail */
} map;

_Static_assert(sizeof(map) <= PL_LOOP_CTX, "a map fits where a loop's context goes");

static const void *arg_of(const map *m, size_t i)
{
    return (const unsigned char *)m->args + i * m->arg_size;
}

/* The kernel of a function that has only `call`. */
static size_t call_each(const map *m, parallel_span *span, size_t begin, size_t end)
{
    unsigned char *result = m->out;
    for (size_t i = begin; i < end && !pl_loop_stopped(span->stop); i++) {
        span->index = i;
        span->code = m->call(arg_of(m, i), result ? result + i * m->result_size : NULL, m->extras);
        if (span->code)
            return i;
    }
    return end;
}

/* Notes that a task failed. Takes the message. */
static void note_failure(const map *m, const pl_chunk *chunk, size_t i, char *message)
{
    parallel_failure failure = {
        .index = i,
        .state = PARALLEL_ERROR,
        .code = chunk->span.code,
        .attempts = 1,
        .arg = arg_of(m, i),
    };
    if (m->out && m->result_size)
        memset((unsigned char *)m->out + i * m->result_size, 0, m->result_size);
    pl_failures_add(m->failures, &failure, message);
}

/* Notes that a function which was given [begin, end) at once failed. */
static void note_failures(const map *m, pl_chunk *chunk, size_t begin, size_t end)
{
    char *message = pl_chunk_message(chunk, begin);
    for (size_t i = begin + 1; i < end; i++)
        note_failure(m, chunk, i, message ? strdup(message) : NULL);
    note_failure(m, chunk, begin, message);
}

/* The body of the scheduler's loop, for functions that can fail; */
static int run_tasks(void *ctx, size_t begin, size_t end, void *stop)
{
    const map *m = ctx;
    pl_chunk chunk = {
        .span = {.args = m->args, .results = m->out, .extras = m->extras, .stop = stop},
        .can_fail = true,
    };
    pl_chunk_begin(&chunk);
    int failed = 0;
    while (begin < end && !failed) {
        size_t i = m->kernel ? m->kernel(&chunk.span, begin, end) : call_each(m, &chunk.span, begin, end);
        if (chunk.span.code == 0)
            break;
        size_t last = m->failures->chunks ? end : i + 1;
        note_failures(m, &chunk, i, last);
        chunk.span.code = 0;
        failed = !m->failures->keep_all;
        begin = last;
    }
    pl_chunk_end(&chunk);
    return failed;
}

/* and for others. */
static void run_kernel(parallel_kernel *kernel, const void *args, void *out, size_t begin, size_t end)
{
    pl_chunk chunk = {.span = {.args = args, .results = out}};
    pl_chunk_begin(&chunk); /* so that parallel_fail() does not take an outer task for this one */
    kernel(&chunk.span, begin, end);
    pl_this_thread.chunk = chunk.outer;
}

static int run_sure_tasks(void *ctx, size_t begin, size_t end, void *stop)
{
    const map *m = ctx;
    (void)stop;
    run_kernel(m->kernel, m->args, m->out, begin, end);
    return 0;
}

/* ---- plain calls ----------------------------------------------------------------------------------------- */

/* Whether a call is one of a function that cannot fail, and without any options. Such a call needs no account of
 * failures, nor much else. */
static bool is_plain(const parallel_function *f, const void *args, size_t n, const parallel_options *options)
{
    return !options && f && f->size == sizeof *f && f->kernel && !f->can_fail && !f->options && f->cost && args &&
           f->arg_size && f->arg_size <= UINT16_MAX && f->result_size <= UINT16_MAX && n <= PTRDIFF_MAX / UINT16_MAX;
}

static void run_plain(const parallel_function *f, const void *args, size_t n, void *out)
{
    pl_cost *cost = (pl_cost *)f->cost;
    if (pl_brief_fits(cost, n)) { /* then the thread has no last failure, either (failure.c) */
        run_kernel(f->kernel, args, out, 0, n);
        pl_brief_ended(cost, n);
        pl_last_failure_clear(); /* of a call that a task of this call made */
        return;
    }
    map m = {.kernel = f->kernel, .args = args, .out = out};
    pl_last_failure_clear();
    pl_loop_run(&(pl_loop_spec){.n = n, .body = run_sure_tasks, .ctx = &m, .ctx_size = sizeof m, .cost = cost});
    pl_last_failure_clear();
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

/* What the calls of one kind have in common: everything but where the results go. */
typedef struct call {
    map m;
    pl_failures failures;
    parallel_function f;
    parallel_options o;
    pl_names names;
    bool splits; /* into a chunk for each worker */
} call;

/* Checks what was given. False with errno; then nothing is left to end. */
static bool begin_call(call *c, const parallel_function *f, const void *args, size_t n, const parallel_options *options,
                       parallel_executor_kind executor)
{
    c->names = (pl_names){0};
    c->splits = false;
    pl_last_failure_clear();
    if (!copy_function(&c->f, f) || (n && !args)) {
        errno = EINVAL;
        return false;
    }
    if (n > PTRDIFF_MAX / c->f.arg_size) {
        errno = ENOMEM;
        return false;
    }
    if (!pl_options(&c->o, options, c->f.options, executor))
        return false;
    int error = c->o.names ? pl_names_init(&c->names, c->o.names, n) : 0;
    if (error) {
        errno = error;
        return false;
    }
    c->m = (map){
        .kernel = c->f.kernel,
        .call = c->f.call,
        .args = args,
        .extras = c->o.extras,
        .arg_size = c->f.arg_size,
        .result_size = c->f.result_size,
        .failures = &c->failures,
    };
    pl_failures_init(&c->failures, c->o.silent);
    c->failures.chunks = c->f.splits;
    return true;
}

/* Runs all tasks, and finishes the account of failures. True if all is well. */
static bool run_call(call *c, size_t n)
{
    const parallel_function *f = &c->f;
    unsigned workers = c->o.executor == PARALLEL_SERIAL ? 1 : (unsigned)c->o.max_workers;
    pl_visit visit;
    pl_enter(&visit, &c->o);
    pl_loop_run(&(pl_loop_spec){
        .n = n,
        .body = can_fail(f) ? run_tasks : run_sure_tasks,
        .ctx = &c->m,
        .ctx_size = sizeof c->m,
        .grain = c->splits && !c->o.grain && n ? (n - 1) / (workers ? workers : pl_pool_cores()) + 1 : c->o.grain,
        .workers = workers,
        .cost = f->cost ? (pl_cost *)f->cost : pl_cost_of(f->kernel ? (uintptr_t)f->kernel : (uintptr_t)f->call),
    });
    pl_leave(&visit, &c->o);
    pl_failures_finish(&c->failures, c->o.names);
    return !c->failures.lost && c->failures.count == 0;
}

/* Ends what begin_call() began. If the call has failed, errno and the last failure say why. */
static void end_call(call *c, bool failed)
{
    pl_failures *failures = &c->failures;
    int code = failures->lost || !failures->count ? ENOMEM : failures->list[0].code;
    pl_last_failure_clear(); /* there may be one of a call that a task of this call made on this thread */
    if (failed && !failures->lost && failures->count)
        pl_last_failure_set(&failures->list[0]);
    pl_failures_free(failures);
    pl_names_free(&c->names);
    if (failed)
        errno = code;
}

/* Runs a call that has begun, ends it, and gives its results. */
static parallel_results *finish_map(call *c, size_t n)
{
    parallel_results *r = pl_results_new(n, c->f.result_size, can_fail(&c->f));
    bool well = false;
    if (r) {
        c->m.out = pl_results_vector(r);
        well = run_call(c, n) || (c->o.silent && !c->failures.lost);
    }
    if (!well) {
        parallel_results_free(r);
        end_call(c, true);
        return NULL;
    }
    pl_results_finish(r, &c->failures, &c->names);
    c->names = (pl_names){0};
    end_call(c, false);
    return r;
}

static parallel_results *map_on(parallel_executor_kind executor, const parallel_function *f, const void *args, size_t n,
                                const parallel_options *options)
{
    call c;
    if (is_plain(f, args, n, options)) {
        parallel_results *r = pl_results_new(n, f->result_size, false);
        if (r)
            run_plain(f, args, n, pl_results_vector(r));
        else
            pl_last_failure_clear();
        return r;
    }
    if (!begin_call(&c, f, args, n, options, executor))
        return NULL;
    return finish_map(&c, n);
}

parallel_results *parallel_map_function(const parallel_function *f, const void *args, size_t n,
                                        const parallel_options *options)
{
    return map_on(PARALLEL_DEFAULT_EXECUTOR, f, args, n, options);
}

parallel_results *parallel_thread_map_function(const parallel_function *f, const void *args, size_t n,
                                               const parallel_options *options)
{
    return map_on(PARALLEL_THREAD, f, args, n, options);
}

parallel_results *parallel_split_function(const parallel_function *f, const void *args, size_t n,
                                          const parallel_options *options)
{
    call c;
    if (!begin_call(&c, f, args, n, options, PARALLEL_DEFAULT_EXECUTOR))
        return NULL;
    c.splits = true;
    return finish_map(&c, n);
}

int parallel_map_into_function(const parallel_function *f, const void *args, size_t n, void *out,
                               const parallel_options *options)
{
    call c;
    if (is_plain(f, args, n, options) && out) {
        run_plain(f, args, n, out);
        return 0;
    }
    if (!begin_call(&c, f, args, n, options, PARALLEL_DEFAULT_EXECUTOR))
        return -1;
    if (n && !out && c.f.result_size) {
        end_call(&c, false);
        errno = EINVAL;
        return -1;
    }
    c.m.out = out;
    bool well = run_call(&c, n);
    end_call(&c, !well);
    return well ? 0 : -1;
}

/* ---- loops ----------------------------------------------------------------------------------------------- */

typedef struct for_loop {
    void (*body)(size_t begin, size_t end, void *ctx);
    void *ctx;
} for_loop;

static int run_body(void *ctx, size_t begin, size_t end, void *stop)
{
    const for_loop *loop = ctx;
    (void)stop;
    loop->body(begin, end, loop->ctx);
    return 0;
}

int parallel_for_function(size_t n, void (*body)(size_t begin, size_t end, void *ctx), void *ctx,
                          const parallel_options *options)
{
    parallel_options o;
    pl_cost *cost = pl_cost_of((uintptr_t)body);
    if (!options && body && n && pl_brief_fits(cost, n)) {
        body(0, n, ctx);
        pl_brief_ended(cost, n);
        pl_last_failure_clear();
        return 0;
    }
    pl_last_failure_clear();
    if (!pl_options(&o, options, NULL, PARALLEL_DEFAULT_EXECUTOR))
        return -1;
    if (!body || o.names || o.extras) {
        errno = EINVAL;
        return -1;
    }
    for_loop loop = {body, ctx};
    pl_visit visit;
    pl_enter(&visit, &o);
    pl_loop_run(&(pl_loop_spec){
        .n = n,
        .body = run_body,
        .ctx = &loop,
        .ctx_size = sizeof loop,
        .grain = o.grain,
        .workers = o.executor == PARALLEL_SERIAL ? 1 : (unsigned)o.max_workers,
        .cost = cost,
    });
    pl_leave(&visit, &o);
    pl_last_failure_clear();
    return 0;
}
