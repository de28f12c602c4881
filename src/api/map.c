/* SPDX-License-Identifier: MIT */
/* Maps. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "api/executors.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/plain.h"
#include "base/size.h"
#include "sched/inline.h"

/* ---- plain calls ----------------------------------------------------------------------------------------- */

/* Whether a call is one of a function that cannot fail, and without any options. Such a call needs no account of
 * failures, nor much else. */
static bool is_plain(const parallel_function *f, const void *args, size_t n, const parallel_options *options)
{
    return !options && f && f->size == sizeof *f && f->kernel && !f->can_fail && !f->options && f->cost && args &&
           pl_function_is_aligned(f) && f->arg_size && f->arg_size <= UINT16_MAX && f->result_size <= UINT16_MAX &&
           n <= PTRDIFF_MAX / UINT16_MAX;
}

/* Runs a call at once, on its caller. Then the thread has no last failure (failure.c), but that of a call which a task
 * of this call makes. Not inlined: pl_context_unwinds() is for a function whose chunk is in progress while it calls
 * anything. */
PL_NOT_INLINED static int run_at_once(const parallel_function *f, const void *args, size_t n, void *out)
{
    pl_cost *cost = (pl_cost *)f->cost;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_work_run_kernel(pl_context_thread.context, 0, f->kernel, args, out, 0, n);
    pl_inline_ended(cost, n);
    pl_failure_clear_last();
    return 0;
}

static int run_plain(const parallel_function *f, const void *args, size_t n, void *out)
{
    pl_cost *cost = (pl_cost *)f->cost;
    if (pl_inline_fits(cost, n))
        return run_at_once(f, args, n, out);
    pl_map m = {.kernel = f->kernel, .args = args, .out = out, .parent = pl_context_thread.context};
    return pl_plain_spec(
        &(pl_loop_spec){.n = n, .body = pl_work_run_sure_tasks, .ctx = &m, .ctx_size = sizeof m, .cost = cost});
}

/* ---- maps ------------------------------------------------------------------------------------------------ */

/* A map, or a split, with all that a call may have. */
PL_NOT_INLINED static parallel_results *map_with(const pl_request *request, const pl_work_kind *kind,
                                                 const parallel_function *f, const void *args, size_t n,
                                                 const parallel_options *options)
{
    pl_call c;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!pl_call_begin_map(&c, kind, f, args, n, options, request))
        return NULL;
    pl_cleanup_begin(&cleanup, pl_call_drop, &c);
    parallel_results *r = pl_call_results(&c);
    pl_cleanup_end(&cleanup);
    pl_call_return(&c, !r);
    return r;
}

/* A map without any options. */
PL_NOT_INLINED static parallel_results *map_plain(const parallel_function *f, const void *args, size_t n)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    parallel_results *r = pl_results_new(n, f->result_size, f->result_align, PL_RESULTS_ANY, NULL);
    if (!r) {
        pl_failure_clear_last();
        return NULL;
    }
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    run_plain(f, args, n, pl_results_vector(r));
    pl_cleanup_end(&cleanup);
    return r;
}

static parallel_results *map_on_threads(parallel_executor_kind executor, const parallel_function *f, const void *args,
                                        size_t n, const parallel_options *options)
{
    return is_plain(f, args, n, options) ? map_plain(f, args, n)
                                         : map_with(PL_NOW(executor), &pl_work_map, f, args, n, options);
}

parallel_results *parallel_map_function(const parallel_function *f, const void *args, size_t n,
                                        const parallel_options *options)
{
    return map_on_threads(PARALLEL_DEFAULT_EXECUTOR, f, args, n, options);
}

parallel_results *parallel_thread_map_function(const parallel_function *f, const void *args, size_t n,
                                               const parallel_options *options)
{
    return map_on_threads(PARALLEL_THREAD, f, args, n, options);
}

parallel_results *parallel_process_map_function(const parallel_function *f, const void *args, size_t n,
                                                const parallel_options *options)
{
    return map_with(PL_NOW(PARALLEL_PROCESS), &pl_work_map, f, args, n, options);
}

parallel_results *parallel_split_function(const parallel_function *f, const void *args, size_t n,
                                          const parallel_options *options)
{
    return map_with(PL_NOW(PARALLEL_DEFAULT_EXECUTOR), &pl_work_split, f, args, n, options);
}

PL_NOT_INLINED static int map_into_with(const parallel_function *f, const void *args, size_t n, void *out,
                                        const parallel_options *options)
{
    pl_call c;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!pl_call_begin_map(&c, &pl_work_map, f, args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR)))
        return -1;
    if (n && !out && c.work.function.result_size) {
        pl_call_return(&c, false);
        errno = EINVAL;
        return -1;
    }
    void *copy = NULL;
    if (n && out && out == args &&
        c.options.retries > 0) { /* an attempt may write its result, and the next wants its argument */
        copy = pl_results_allocate(pl_size_multiply(n, c.work.map.arg_size), c.work.function.arg_align);
        if (copy)
            memcpy(copy, args, n * c.work.map.arg_size);
        c.work.map.args = copy;
        c.failures.lost = !copy;
    }
    pl_cleanup_begin(&cleanup, pl_call_drop, &c);
    bool well = !c.failures.lost && pl_call_run(&c, out);
    pl_cleanup_end(&cleanup);
    pl_call_return(&c, !well);
    free(copy);
    return well ? 0 : -1;
}

int parallel_map_into_function(const parallel_function *f, const void *args, size_t n, void *out,
                               const parallel_options *options)
{
    return is_plain(f, args, n, options) && out ? run_plain(f, args, n, out) : map_into_with(f, args, n, out, options);
}
