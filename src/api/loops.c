/* SPDX-License-Identifier: MIT */
/* Loops, and what is run as one. */
#include <errno.h>
#include <stdint.h>

#include "api/executors.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/light.h"
#include "call/others.h"
#include "call/plain.h"
#include "collections/captures.h"
#include "collections/tiles.h"
#include "collections/zip.h"
#include "sched/inline.h"

/* ---- all of them ----------------------------------------------------------------------------------------- */

/* A loop, and how its cost is remembered, which its body may share with others. */
typedef struct known_loop {
    pl_body loop;
    parallel_cost *cost; /* where; or NULL: */
    uintptr_t cost_key;  /* what it is known by */
} known_loop;

/* With all that a call may have. */
static int run_with(const known_loop *known, size_t n, const parallel_options *options)
{
    return pl_call_run_loop(&known->loop, n, known->cost, known->cost_key, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

/* ---- of iterations that may block ------------------------------------------------------------------------ */

/* More iterations than these are not run one by one: where one call of the body for many takes far less, an ordinary
 * call has made good what it costs. */
#define MOST_STEPS 256

/* Whether a loop whose iterations may block runs on its caller until one does (call/others.h). In a task there is
 * nobody yet who would take over. */
static bool may_step(const known_loop *known, const pl_cost *cost, size_t n)
{
    return n <= MOST_STEPS && !known->loop.parent && pl_light_is_worth_none(cost, n) && !pl_context_in_worker_process();
}

/* A `step` kernel whose items are a loop's iterations. */
static size_t step_body(parallel_span *span, size_t begin, size_t end)
{
    const pl_body *loop = span->args;
    size_t i = begin;
    for (; i < end && parallel_span_begins(span, i); i++)
        loop->body(i, i + 1, loop->ctx);
    return i;
}

static bool begin_others(pl_others *others, const parallel_options *options)
{
    static const pl_request later = {.background = true, .what = "parallel_for", .executors = pl_executors};
    const known_loop *known = others->given;
    return pl_call_begin_loop(&others->call, &known->loop, others->n, known->cost, known->cost_key, options, &later);
}

/* Some iterations have been run, and what is left is an ordinary loop; or others' already. */
PL_NOT_INLINED static int run_rest(const known_loop *known, size_t n, const parallel_options *options,
                                   const pl_begun *begun)
{
    pl_call own, *c = begun->others ? &begun->others->call : &own;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!begun->others && !pl_call_begin_loop(c, &known->loop, n, known->cost, known->cost_key, options,
                                              PL_NOW(PARALLEL_DEFAULT_EXECUTOR)))
        return -1;
    pl_cleanup_begin(&cleanup, pl_call_drop, c);
    bool well = begun->others ? pl_others_end(begun->others, begun) : pl_call_run_rest(c, NULL, begun);
    pl_cleanup_end(&cleanup);
    pl_call_return(c, !well);
    return well ? 0 : -1;
}

/* As a piece that is watched, up to an iteration that blocks. */
PL_NOT_INLINED static int run_steps(const known_loop *known, size_t n, const parallel_options *options, pl_cost *cost)
{
    const parallel_function steps = {.step = step_body, .cost = (parallel_cost *)cost};
    const pl_light light = {.workers = (unsigned)options->max_workers};
    pl_begun begun;
    pl_others others;
    others.given = known;
    others.n = n;
    others.out = NULL;
    others.options = options;
    others.workers = light.workers;
    others.begin = begin_others;
    return pl_light_run_watched(&steps, &known->loop, n, NULL, &light, &others, &begun)
               ? 0
               : run_rest(known, n, options, &begun);
}

/* ---- of any ---------------------------------------------------------------------------------------------- */

/* Whether a loop without options is run as a plain one: at once, or by a task of nobody, who would end it by giving
 * up. */
static inline bool is_plain(const pl_context *task, const pl_cost *cost, size_t n)
{
    return n > 0 && n <= PTRDIFF_MAX && (!task || pl_inline_fits_in_task(cost, n));
}

/* Whether options make no difference to a loop that runs at once, or but one: how many workers there may be. */
static bool is_light(const parallel_options *options)
{
    return pl_light_allows(options, false) && options->timeout <= 0 && options->call_timeout <= 0 &&
           options->retries <= 0 && !options->extras && !options->grain;
}

static int run_loop(const known_loop *known, size_t n, const parallel_options *options)
{
    pl_cost *cost = known->cost ? (pl_cost *)known->cost : pl_cost_of(known->cost_key);
    if (!is_plain(known->loop.parent, cost, n))
        return run_with(known, n, options);
    if (!options)
        return pl_plain_loop(&known->loop, n, cost);
    if (!is_light(options))
        return run_with(known, n, options);
    if ((unsigned)options->max_workers > pl_pool_cores())
        return may_step(known, cost, n) ? run_steps(known, n, options, cost) : run_with(known, n, options);
    return pl_inline_fits(cost, n) ? pl_plain_at_once(&known->loop, n, cost, n) : run_with(known, n, options);
}

/* ---- over [0, n) ----------------------------------------------------------------------------------------- */

int parallel_for_function(size_t n, void (*body)(size_t begin, size_t end, void *ctx), void *ctx,
                          const parallel_options *options)
{
    known_loop known = {.loop = {body, ctx, pl_context_thread.context, .what = "for"}, .cost_key = (uintptr_t)body};
    return body ? run_loop(&known, n, options) : run_with(&known, n, options);
}

/* ---- with captures --------------------------------------------------------------------------------------- */

/* At once, on the caller, without the way by a body. Not inlined: pl_context_unwinds() is for a function whose context
 * is in progress while it calls anything. */
PL_NOT_INLINED static int run_captures_at_once(const parallel_loop_body *body, ptrdiff_t begin, size_t n,
                                               const void *captures)
{
    pl_captures c = {body->call, captures, begin, pl_context_thread.context};
    PL_UNWIND_BY(pl_context_unwinds);
    pl_captures_run_iterations(&c, 0, 0, n);
    pl_inline_ended((const pl_cost *)body->cost, n);
    pl_failure_clear_last();
    return 0;
}

/* A plain one that is not to run at once. */
PL_NOT_INLINED static int run_plain_captures(const parallel_loop_body *body, ptrdiff_t begin, size_t n,
                                             const void *captures)
{
    pl_captures c = {body->call, captures, begin, pl_context_thread.context};
    return pl_plain_spec(&(pl_loop_spec){.n = n,
                                         .body = pl_captures_run,
                                         .ctx = &c,
                                         .ctx_size = sizeof c,
                                         .cost = (pl_cost *)body->cost,
                                         .what = "loop",
                                         .name = body->name});
}

/* With all that a call may have, and a body of whatever age. */
PL_NOT_INLINED static int run_captures_with(const parallel_loop_body *body, ptrdiff_t begin, size_t n,
                                            const void *captures, const parallel_options *options)
{
    parallel_loop_body copy;
    pl_failure_clear_last();
    if (!pl_captures_copy_body(&copy, body)) {
        pl_error_deny_part("the loop's body", body);
        return -1;
    }
    pl_captures c = {copy.call, captures, begin, pl_context_thread.context};
    known_loop known = {.loop = {pl_captures_body, &c, c.parent, .name = copy.name},
                        .cost = copy.cost,
                        .cost_key = (uintptr_t)copy.call};
    return run_loop(&known, n, options);
}

/* Nothing is on the stack here: each of the three has what it needs in registers. */
int parallel_loop_function(const parallel_loop_body *body, ptrdiff_t begin, ptrdiff_t end, const void *captures,
                           const parallel_options *options)
{
    size_t n = begin < end ? (size_t)end - (size_t)begin : 0;
    if (options || !body || body->size != sizeof *body || !body->call || !body->cost ||
        !is_plain(pl_context_thread.context, (const pl_cost *)body->cost, n))
        return run_captures_with(body, begin, n, captures, options);
    return pl_inline_fits((const pl_cost *)body->cost, n) ? run_captures_at_once(body, begin, n, captures)
                                                          : run_plain_captures(body, begin, n, captures);
}

/* ---- over rectangles ------------------------------------------------------------------------------------- */

/* What options say of tiles; zeros, if they are wrong, which whoever runs the loop finds, too. */
static void read_tile(const parallel_options *options, size_t *tile_rows, size_t *tile_cols)
{
    parallel_options known;
    *tile_rows = *tile_cols = 0;
    if (!options || !pl_options_copy(&known, options))
        return;
    *tile_rows = known.tile_rows <= PTRDIFF_MAX ? known.tile_rows : 0;
    *tile_cols = known.tile_cols <= PTRDIFF_MAX ? known.tile_cols : 0;
}

int parallel_for_2d_function(size_t rows, size_t cols,
                             void (*body)(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx), void *ctx,
                             const parallel_options *options)
{
    if (!body) {
        pl_failure_clear_last();
        return pl_error_refuse(EINVAL, "the loop's body is NULL");
    }
    pl_tiles tiles = {.call = body, .ctx = ctx, .rows = rows, .cols = cols};
    size_t tile_rows, tile_cols;
    read_tile(options, &tile_rows, &tile_cols);
    size_t n = pl_tiles_cut(&tiles, tile_rows, tile_cols);
    known_loop known = {.loop = {pl_tiles_body, &tiles, pl_context_thread.context, .what = "for_2d"},
                        .cost_key = pl_tiles_cost_key(&tiles)};
    return run_loop(&known, n, options);
}

/* ---- over two arrays ------------------------------------------------------------------------------------- */

/* What is missing of a call. */
static int refuse_zip(const parallel_zip *zip, const void *a, const void *b, size_t n)
{
    pl_failure_clear_last();
    if (!zip || !pl_zip_is_complete(zip))
        pl_error_deny_part("the function", zip);
    else
        pl_error_deny_null(!a ? "a" : !b ? "b" : "out", n);
    return -1;
}

int parallel_zip_map_into_function(const parallel_zip *zip, const void *a, const void *b, size_t n, void *out,
                                   const parallel_options *options)
{
    parallel_zip copy;
    if (!zip || zip->size != sizeof *zip)
        zip = pl_zip_copy(&copy, zip) ? &copy : NULL;
    if (!zip || !pl_zip_is_complete(zip) || (n && (!a || !b || !out)))
        return refuse_zip(zip, a, b, n);
    pl_zip z = {.function = zip, .a = a, .b = b, .out = out};
    known_loop known = {
        .loop = {pl_zip_body, &z, pl_context_thread.context, .what = "zip_map", .name = zip ? zip->name : NULL},
        .cost = zip->cost,
        .cost_key = zip->kernel ? (uintptr_t)zip->kernel : (uintptr_t)zip->call};
    parallel_options merged;
    if (!zip->options)
        return run_loop(&known, n, options);
    pl_failure_clear_last();
    return pl_options_merge(&merged, options, zip->options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR))
               ? run_with(&known, n, &merged)
               : -1;
}
