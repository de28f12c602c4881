/* SPDX-License-Identifier: MIT */
/* Maps and loops: from a function, an array and options to the scheduler and back. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "api/internal.h"
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

typedef struct map {
    const parallel_function *f;
    const void *args;
    void *out;
    void *extras;
    pl_failures failures;
} map;

static const void *arg_of(const map *m, size_t i)
{
    return (const unsigned char *)m->args + i * m->f->arg_size;
}

/* The kernel of a function that has only `call`. */
static size_t call_each(const map *m, parallel_span *span, size_t begin, size_t end)
{
    unsigned char *result = m->out;
    for (size_t i = begin; i < end && !pl_loop_stopped(span->stop); i++) {
        span->index = i;
        span->code = m->f->call(arg_of(m, i), result ? result + i * m->f->result_size : NULL, m->extras);
        if (span->code)
            return i;
    }
    return end;
}

/* Notes that a task failed. */
static void note_failure(map *m, pl_chunk *chunk, size_t i)
{
    parallel_failure failure = {
        .index = i,
        .state = PARALLEL_ERROR,
        .code = chunk->span.code,
        .attempts = 1,
        .arg = arg_of(m, i),
    };
    if (m->out && m->f->result_size)
        memset((unsigned char *)m->out + i * m->f->result_size, 0, m->f->result_size);
    pl_failures_add(&m->failures, &failure, pl_chunk_message(chunk, i));
}

/* The body of the scheduler's loop. */
static int run_tasks(void *ctx, size_t begin, size_t end, void *stop)
{
    map *m = ctx;
    pl_chunk chunk = {
        .span = {.args = m->args, .results = m->out, .extras = m->extras, .stop = stop},
        .can_fail = can_fail(m->f),
    };
    pl_chunk_begin(&chunk);
    int failed = 0;
    while (begin < end && !failed) {
        size_t i = m->f->kernel ? m->f->kernel(&chunk.span, begin, end) : call_each(m, &chunk.span, begin, end);
        if (chunk.span.code == 0)
            break;
        note_failure(m, &chunk, i);
        chunk.span.code = 0;
        failed = !m->failures.keep_all;
        begin = i + 1;
    }
    pl_chunk_end(&chunk);
    return failed;
}

/* Runs all tasks, and finishes the account of failures. */
static void run_map(map *m, size_t n, const parallel_options *o)
{
    parallel_cost *own = m->f->cost;
    pl_visit visit;
    pl_enter(&visit, o);
    pl_loop_run(&(pl_loop_spec){
        .n = n,
        .body = run_tasks,
        .ctx = m,
        .workers = o->executor == PARALLEL_SERIAL ? 1 : (unsigned)o->max_workers,
        .cost = own ? (pl_cost *)own : pl_cost_of(m->f->kernel ? (uintptr_t)m->f->kernel : (uintptr_t)m->f->call),
    });
    pl_leave(&visit, o);
    pl_failures_finish(&m->failures, o->names);
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

/* What the calls of one kind have in common: everything but where the results go. */
typedef struct call {
    map m;
    parallel_function f;
    parallel_options o;
    pl_names names;
} call;

/* Checks what was given. False with errno; then nothing is left to end. */
static bool begin_call(call *c, const parallel_function *f, const void *args, size_t n, const parallel_options *options,
                       parallel_executor_kind executor)
{
    *c = (call){.m = {.f = &c->f, .args = args}};
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
    c->m.extras = c->o.extras;
    pl_failures_init(&c->m.failures, c->o.silent);
    return true;
}

/* Ends what begin_call() began. If the call has failed, errno and the last failure say why. */
static void end_call(call *c, bool failed)
{
    pl_failures *failures = &c->m.failures;
    int code = failures->lost || !failures->count ? ENOMEM : failures->list[0].code;
    pl_last_failure_clear(); /* there may be one of a call that a task of this call made on this thread */
    if (failed && !failures->lost && failures->count)
        pl_last_failure_set(&failures->list[0]);
    pl_failures_free(failures);
    pl_names_free(&c->names);
    if (failed)
        errno = code;
}

static parallel_results *map_on(parallel_executor_kind executor, const parallel_function *f, const void *args, size_t n,
                                const parallel_options *options)
{
    call c;
    if (!begin_call(&c, f, args, n, options, executor))
        return NULL;
    parallel_results *r = pl_results_new(n, c.f.result_size, can_fail(&c.f));
    if (r) {
        c.m.out = pl_results_vector(r);
        run_map(&c.m, n, &c.o);
    }
    if (!r || c.m.failures.lost || (c.m.failures.count && !c.o.silent)) {
        parallel_results_free(r);
        end_call(&c, true);
        return NULL;
    }
    pl_results_finish(r, &c.m.failures, &c.names);
    c.names = (pl_names){0};
    end_call(&c, false);
    return r;
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

int parallel_map_into_function(const parallel_function *f, const void *args, size_t n, void *out,
                               const parallel_options *options)
{
    call c;
    if (!begin_call(&c, f, args, n, options, PARALLEL_DEFAULT_EXECUTOR))
        return -1;
    if (n && !out && c.f.result_size) {
        end_call(&c, false);
        errno = EINVAL;
        return -1;
    }
    c.m.out = out;
    run_map(&c.m, n, &c.o);
    bool failed = c.m.failures.lost || c.m.failures.count;
    end_call(&c, failed);
    return failed ? -1 : 0;
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
        .workers = o.executor == PARALLEL_SERIAL ? 1 : (unsigned)o.max_workers,
        .cost = pl_cost_of((uintptr_t)body),
    });
    pl_leave(&visit, &o);
    pl_last_failure_clear();
    return 0;
}
