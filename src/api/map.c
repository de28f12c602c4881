/* SPDX-License-Identifier: MIT */
/* Maps. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "api/executors.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/light.h"
#include "call/plain.h"
#include "collections/indices.h"
#include "base/size.h"
#include "sched/inline.h"

/* ---- plain calls ----------------------------------------------------------------------------------------- */

/* Whether nothing is wrong with a call but, perhaps, its options. */
static inline bool is_right(const parallel_function *f, const void *args, size_t n)
{
    return f && f->size == sizeof *f && f->kernel && f->cost && args && pl_function_is_aligned(f) && f->arg_size &&
           f->arg_size <= UINT16_MAX && f->result_size <= UINT16_MAX && n <= PTRDIFF_MAX / UINT16_MAX;
}

/* Whether a call is one of a function that cannot fail, and without any options. Such a call needs no account of
 * failures, nor much else. */
static bool is_plain(const parallel_function *f, const void *args, size_t n, const parallel_options *options)
{
    return !options && is_right(f, args, n) && !f->can_fail && !f->options;
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

/* Whether a plain call is run as one: at once, or by a task of nobody, who would end it by giving up. */
static bool stays_plain(const parallel_function *f, size_t n)
{
    return !pl_context_thread.context || pl_inline_fits_in_task((const pl_cost *)f->cost, n);
}

/* By a loop. */
static int run_plain_loop(const parallel_function *f, const void *args, size_t n, void *out, const pl_light *light)
{
    pl_map m = {.kernel = f->kernel, .args = args, .out = out, .parent = pl_context_thread.context};
    return pl_plain_spec(&(pl_loop_spec){.n = n,
                                         .body = pl_work_run_sure_tasks,
                                         .ctx = &m,
                                         .ctx_size = sizeof m,
                                         .grain = light->grain,
                                         .workers = light->workers,
                                         .what = "map",
                                         .name = f->name,
                                         .cost = (pl_cost *)f->cost});
}

static int run_plain(const parallel_function *f, const void *args, size_t n, void *out)
{
    return pl_inline_fits((pl_cost *)f->cost, n) ? run_at_once(f, args, n, out)
                                                 : run_plain_loop(f, args, n, out, &(pl_light){0});
}

/* ---- light calls ----------------------------------------------------------------------------------------- */

/* What a call has been given. */
typedef struct given {
    const parallel_function *f;
    const void *args;
    size_t n;
    const parallel_options *options;
} given;

/* What becomes of a light call. */
typedef enum light_way {
    NOT_LIGHT, /* it is none, or not one of a few tasks: an ordinary call */
    AT_ONCE,
    BY_LOOP /* of a function that cannot fail */
} light_way;

static inline light_way way_of_light(const given *g, pl_light *light)
{
    const parallel_function *f = g->f;
    if (!is_right(f, g->args, g->n) || f->splits || !pl_light_allows(g->options, f->can_fail) ||
        !pl_light_allows(f->options, f->can_fail))
        return NOT_LIGHT;
    *light = pl_light_merge(g->options, f->options);
    bool is_watched = pl_light_is_watched(light), may_block = light->workers > pl_pool_cores();
    if (is_watched && (light->retries > 0 || !f->step || pl_context_in_worker_process()))
        return NOT_LIGHT;
    const pl_context *task = pl_context_thread.context;
    const pl_cost *cost = (const pl_cost *)f->cost;
    if (may_block) /* in a task there is nobody yet who would take over */
        return !task && pl_light_is_worth_none(cost, g->n) ? AT_ONCE : NOT_LIGHT;
    if (task ? pl_inline_fits_in_task(cost, g->n) : pl_inline_fits(cost, g->n))
        return AT_ONCE;
    if (is_watched)
        return !task && pl_light_is_cheap(cost, g->n) ? AT_ONCE : NOT_LIGHT;
    return task || f->can_fail ? NOT_LIGHT : BY_LOOP;
}

/* Some tasks of a light call have been run, and what is left is an ordinary one; or others' already. */
PL_NOT_INLINED static bool run_rest(const given *given, void *out, parallel_results **r, const pl_begun *begun)
{
    pl_call own, *c = begun->others ? &begun->others->call : &own;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!begun->others && !pl_call_begin_map(c, &pl_work_map, given->f, given->args, given->n, given->options,
                                             PL_NOW(PARALLEL_DEFAULT_EXECUTOR))) {
        free(begun->message);
        return false;
    }
    pl_cleanup_begin(&cleanup, pl_call_drop, c);
    bool well = begun->others ? pl_others_end(begun->others, begun) : pl_call_run_rest(c, out, begun);
    pl_cleanup_end(&cleanup);
    if (r)
        well = (*r = pl_call_finish_results(c, *r, well)) != NULL;
    pl_call_return(c, !well);
    return well;
}

/* Others take over what the caller cannot begin. */
static bool begin_others(pl_others *others, const parallel_options *options)
{
    static const pl_request later = {.background = true, .what = "parallel_map", .executors = pl_executors};
    const given *g = others->given;
    return pl_call_begin_map(&others->call, &pl_work_map, g->f, g->args, g->n, options, &later);
}

static inline bool run_watched(const given *g, void *out, const pl_light *light, pl_others *others, pl_begun *begun)
{
    if (light->workers <= pl_pool_cores()) {
        others = NULL;
    } else {
        others->given = g;
        others->n = g->n;
        others->out = out;
        others->options = g->options;
        others->workers = light->workers;
        others->begin = begin_others;
    }
    return pl_light_run_watched(g->f, g->args, g->n, out, light, others, begun);
}

/* Runs a light call. False if there is something left to do, perhaps by `others` already, which are to be there
 * then. */
static inline bool run_light(light_way way, const given *g, void *out, const pl_light *light, pl_others *others,
                             pl_begun *begun)
{
    if (pl_light_is_watched(light))
        return run_watched(g, out, light, others, begun);
    if (g->f->can_fail)
        return pl_light_run(g->f, g->args, g->n, out, light, begun);
    if (way == BY_LOOP)
        run_plain_loop(g->f, g->args, g->n, out, light);
    else
        run_at_once(g->f, g->args, g->n, out);
    return true;
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

/* A light one, also one that is plain. */
PL_NOT_INLINED static parallel_results *map_lightly(light_way way, const given *g, const pl_light *light)
{
    const parallel_function *f = g->f;
    pl_begun begun;
    pl_others others;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    bool may_lack_some = f->can_fail || pl_light_is_watched(light);
    parallel_results *r =
        pl_results_new(g->n, f->result_size, f->result_align, may_lack_some ? PL_RESULTS_ZEROED : PL_RESULTS_ANY, NULL);
    if (!r) {
        pl_failure_clear_last();
        pl_error_return(ENOMEM);
        return NULL;
    }
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    void *out = pl_results_vector(r);
    bool well = run_light(way, g, out, light, &others, &begun);
    pl_cleanup_end(&cleanup);
    return well || run_rest(g, out, &r, &begun) ? r : NULL;
}

static parallel_results *map_on_threads(parallel_executor_kind executor, const parallel_function *f, const void *args,
                                        size_t n, const parallel_options *options)
{
    given g = {f, args, n, options};
    pl_light light;
    light_way way = way_of_light(&g, &light);
    return way == NOT_LIGHT ? map_with(PL_NOW(executor), &pl_work_map, f, args, n, options)
                            : map_lightly(way, &g, &light);
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
        return pl_error_refuse(EINVAL, "out is NULL, though there are to be %zu results", n);
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

PL_NOT_INLINED static int map_into_lightly(const parallel_function *f, const void *args, size_t n, void *out,
                                           const parallel_options *options)
{
    given g = {f, args, n, options};
    pl_light light;
    pl_begun begun;
    pl_others others;
    light_way way = out ? way_of_light(&g, &light) : NOT_LIGHT;
    if (way == NOT_LIGHT)
        return map_into_with(f, args, n, out, options);
    return run_light(way, &g, out, &light, &others, &begun) || run_rest(&g, out, NULL, &begun) ? 0 : -1;
}

int parallel_map_into_function(const parallel_function *f, const void *args, size_t n, void *out,
                               const parallel_options *options)
{
    return is_plain(f, args, n, options) && out && stays_plain(f, n) ? run_plain(f, args, n, out)
                                                                     : map_into_lightly(f, args, n, out, options);
}

/* ---- maps over integers ---------------------------------------------------------------------------------- */

/* A map over integers that is not plain: its arguments are made, and then it is a map as any other. */
typedef struct range_call {
    pl_call call;
    void *args;
} range_call;

static void free_range(void *range)
{
    int saved = errno;
    free(((range_call *)range)->args);
    errno = saved;
}

static void drop_range(void *range)
{
    pl_call_drop(&((range_call *)range)->call);
    free_range(range);
}

/* How many integers there are, SIZE_MAX if there is no such range. */
static size_t count_range(ptrdiff_t begin, ptrdiff_t end)
{
    size_t n = (size_t)end - (size_t)begin;
    return begin > end || n > PTRDIFF_MAX ? SIZE_MAX : n;
}

/* False with errno; then there is nothing to end. No failure tells where an argument is: it is nowhere for long. */
static bool begin_range(range_call *range, const parallel_function *f, ptrdiff_t begin, ptrdiff_t end,
                        const parallel_options *options)
{
    parallel_function known;
    size_t n = count_range(begin, end);
    pl_failure_clear_last();
    if (!pl_function_take(&known, f))
        return false;
    if (!pl_indices_have_size(known.arg_size))
        return pl_error_deny(EINVAL, "the function takes %zu bytes, as no integer has", known.arg_size);
    if (n == SIZE_MAX)
        return pl_error_deny(EINVAL, "there is no range from %td to %td, or one of more than PTRDIFF_MAX", begin, end);
    range->args =
        pl_results_allocate(pl_size_add(pl_size_multiply(n, known.arg_size), PL_INDICES_MORE), known.arg_align);
    if (!range->args)
        return pl_error_deny_memory();
    pl_indices_fill(range->args, known.arg_size, begin, n);
    if (!pl_call_begin_map(&range->call, &pl_work_map, f, range->args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR))) {
        free_range(range);
        return false;
    }
    range->call.work.given = NULL;
    return true;
}

PL_NOT_INLINED static parallel_results *map_range_with(const parallel_function *f, ptrdiff_t begin, ptrdiff_t end,
                                                       const parallel_options *options)
{
    range_call range;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!begin_range(&range, f, begin, end, options))
        return NULL;
    pl_cleanup_begin(&cleanup, drop_range, &range);
    parallel_results *r = pl_call_results(&range.call);
    pl_cleanup_end(&cleanup);
    pl_call_return(&range.call, !r);
    free_range(&range);
    return r;
}

PL_NOT_INLINED static int map_range_into_with(const parallel_function *f, ptrdiff_t begin, ptrdiff_t end, void *out,
                                              const parallel_options *options)
{
    range_call range;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!begin_range(&range, f, begin, end, options))
        return -1;
    pl_cleanup_begin(&cleanup, drop_range, &range);
    bool has_room = out || range.call.work.n == 0 || range.call.work.function.result_size == 0;
    bool well = has_room && pl_call_run(&range.call, out);
    pl_cleanup_end(&cleanup);
    pl_call_return(&range.call, has_room && !well);
    free_range(&range);
    if (!has_room)
        return pl_error_refuse(EINVAL, "out is NULL, and there are results");
    return well ? 0 : -1;
}

/* Whether it is a plain one, and run as one. */
static bool is_plain_range(const parallel_function *f, ptrdiff_t begin, ptrdiff_t end, const parallel_options *options)
{
    size_t n = count_range(begin, end);
    return is_plain(f, &begin, n, options) && pl_indices_have_size(f->arg_size) && stays_plain(f, n);
}

/* As run_at_once(). */
PL_NOT_INLINED static int run_indices_at_once(const pl_indices *indices, size_t n, pl_cost *cost)
{
    PL_UNWIND_BY(pl_context_unwinds);
    pl_indices_run_tasks(indices, 0, 0, n);
    pl_inline_ended(cost, n);
    pl_failure_clear_last();
    return 0;
}

static int run_plain_range(const parallel_function *f, ptrdiff_t begin, size_t n, void *out)
{
    pl_cost *cost = (pl_cost *)f->cost;
    pl_indices m = {.kernel = f->kernel,
                    .out = out,
                    .begin = begin,
                    .arg_size = f->arg_size,
                    .result_size = f->result_size,
                    .parent = pl_context_thread.context};
    if (pl_inline_fits(cost, n))
        return run_indices_at_once(&m, n, cost);
    return pl_plain_spec(&(pl_loop_spec){
        .n = n, .body = pl_indices_run, .ctx = &m, .ctx_size = sizeof m, .cost = cost, .what = "map", .name = f->name});
}

PL_NOT_INLINED static parallel_results *map_plain_range(const parallel_function *f, ptrdiff_t begin, size_t n)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    parallel_results *r = pl_results_new(n, f->result_size, f->result_align, PL_RESULTS_ANY, NULL);
    if (!r) {
        pl_failure_clear_last();
        pl_error_return(ENOMEM);
        return NULL;
    }
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    run_plain_range(f, begin, n, pl_results_vector(r));
    pl_cleanup_end(&cleanup);
    return r;
}

parallel_results *parallel_map_range_function(const parallel_function *f, ptrdiff_t begin, ptrdiff_t end,
                                              const parallel_options *options)
{
    return is_plain_range(f, begin, end, options) ? map_plain_range(f, begin, count_range(begin, end))
                                                  : map_range_with(f, begin, end, options);
}

int parallel_map_range_into_function(const parallel_function *f, ptrdiff_t begin, ptrdiff_t end, void *out,
                                     const parallel_options *options)
{
    return is_plain_range(f, begin, end, options) && (out || !f->result_size)
               ? run_plain_range(f, begin, count_range(begin, end), out)
               : map_range_into_with(f, begin, end, out, options);
}
