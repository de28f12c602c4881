/* SPDX-License-Identifier: MIT */
/* Maps and loops. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "api/call.h"
#include "sched/brief.h"
#include "sched/loop.h"

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
    const pl_chunk *parent = pl_this_thread.chunk;
    if (pl_brief_fits(cost, n)) { /* then the thread has no last failure, either (failure.c) */
        pl_run_kernel(parent, f->kernel, args, out, 0, n);
        pl_brief_ended(cost, n);
        pl_last_failure_clear(); /* of a call that a task of this call made */
        return;
    }
    pl_map m = {.kernel = f->kernel, .args = args, .out = out, .parent = parent};
    pl_last_failure_clear();
    pl_loop_run(&(pl_loop_spec){.n = n, .body = pl_run_sure_tasks, .ctx = &m, .ctx_size = sizeof m, .cost = cost});
    pl_last_failure_clear();
}

/* ---- maps ------------------------------------------------------------------------------------------------ */

/* Runs a call that has begun, ends it, and gives its results. */
static parallel_results *finish(pl_call *c)
{
    parallel_results *r = pl_call_results(c);
    pl_call_return(c, !r);
    return r;
}

static parallel_results *map_on(parallel_executor_kind executor, const parallel_function *f, const void *args, size_t n,
                                const parallel_options *options)
{
    pl_call c;
    if (executor != PARALLEL_PROCESS && is_plain(f, args, n, options)) {
        parallel_results *r = pl_results_new(n, f->result_size, PL_RESULTS_ANY);
        if (r)
            run_plain(f, args, n, pl_results_vector(r));
        else
            pl_last_failure_clear();
        return r;
    }
    return pl_call_begin_map(&c, f, args, n, options, executor, false) ? finish(&c) : NULL;
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

parallel_results *parallel_process_map_function(const parallel_function *f, const void *args, size_t n,
                                                const parallel_options *options)
{
    return map_on(PARALLEL_PROCESS, f, args, n, options);
}

parallel_results *parallel_split_function(const parallel_function *f, const void *args, size_t n,
                                          const parallel_options *options)
{
    pl_call c;
    if (!pl_call_begin_map(&c, f, args, n, options, PARALLEL_DEFAULT_EXECUTOR, false))
        return NULL;
    c.splits = true;
    return finish(&c);
}

int parallel_map_into_function(const parallel_function *f, const void *args, size_t n, void *out,
                               const parallel_options *options)
{
    pl_call c;
    if (is_plain(f, args, n, options) && out) {
        run_plain(f, args, n, out);
        return 0;
    }
    if (!pl_call_begin_map(&c, f, args, n, options, PARALLEL_DEFAULT_EXECUTOR, false))
        return -1;
    if (n && !out && c.f.result_size) {
        pl_call_return(&c, false);
        errno = EINVAL;
        return -1;
    }
    void *copy = NULL;
    if (n && out && out == args &&
        c.o.retries > 0) { /* an attempt may write its result, and the next wants its argument */
        copy = malloc(n * c.m.arg_size);
        if (copy)
            memcpy(copy, args, n * c.m.arg_size);
        c.m.args = copy;
        c.failures.lost = !copy;
    }
    bool well = !c.failures.lost && pl_call_run(&c, out);
    pl_call_return(&c, !well);
    free(copy);
    return well ? 0 : -1;
}

/* ---- loops ----------------------------------------------------------------------------------------------- */

int parallel_for_function(size_t n, void (*body)(size_t begin, size_t end, void *ctx), void *ctx,
                          const parallel_options *options)
{
    pl_call c;
    pl_body loop = {body, ctx, pl_this_thread.chunk};
    pl_cost *cost = pl_cost_of((uintptr_t)body);
    if (!options && body && n && pl_brief_fits(cost, n)) {
        pl_run_body(&loop, 0, n);
        pl_brief_ended(cost, n);
        pl_last_failure_clear();
        return 0;
    }
    if (!options && body) {
        pl_last_failure_clear();
        pl_loop_run(&(pl_loop_spec){.n = n, .body = pl_run_loop, .ctx = &loop, .ctx_size = sizeof loop, .cost = cost});
        pl_last_failure_clear();
        return 0;
    }
    if (!pl_call_begin_loop(&c, &loop, n, options))
        return -1;
    bool well = pl_call_run(&c, NULL);
    pl_call_return(&c, !well);
    return well ? 0 : -1;
}
