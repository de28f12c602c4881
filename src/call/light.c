/* SPDX-License-Identifier: MIT */
/* Light calls; light.h says what they are. */
#include "call/light.h"

#include "call/failure.h"
#include "base/unwind.h"

static void begin_context(pl_context *context, const void *args, void *out, const pl_light *light, pl_stop *stop)
{
    pl_context_begin_sure(context, pl_context_thread.context, 0);
    context->span.args = args;
    context->span.results = out;
    context->span.extras = light->extras;
    context->span.stop = stop;
    context->span.code = 0;
    context->can_fail = true;
    context->saw_cancel = context->final = false;
    context->message = NULL;
}

/* What a task that has failed leaves. */
static void note_failure(pl_context *context, size_t i, pl_begun *begun)
{
    begun->failure = pl_failure_of_context(context, i, i, 0);
    begun->message = pl_failure_message(context, i);
}

/* Not inlined: pl_context_unwinds() is for a function whose context is in progress while it calls anything. Nobody else
 * knows of the call: so nobody stops it. */
PL_NOT_INLINED bool pl_light_run(const parallel_function *f, const void *args, size_t n, void *out,
                                 const pl_light *light, pl_begun *begun)
{
    pl_stop stop = 0;
    pl_context context;
    begin_context(&context, args, out, light, &stop);
    PL_UNWIND_BY(pl_context_unwinds);
    size_t reached = f->kernel(&context.span, 0, n);
    bool well = !context.span.code;
    if (well) {
        pl_inline_ended((const pl_cost *)f->cost, n);
    } else {
        *begun = (pl_begun){.done = reached};
        note_failure(&context, reached, begun);
    }
    pl_context_end(&context);
    pl_failure_clear_last();
    return well;
}

/* ---- time limits ----------------------------------------------------------------------------------------- */

/* Seconds, more than 0 or none, in ticks. */
static uint64_t ticks_of(double seconds, double us)
{
    double ticks = seconds * 1e6 * us;
    return seconds > 0 && ticks < 1e17 ? (uint64_t)ticks + 1 : UINT64_C(100000000000000000);
}

/* A piece that did not go through, or took long: which tasks are done, and whether one was late, of the task's limit or
 * of the call's. */
PL_NOT_INLINED static void note_piece(pl_context *context, size_t reached, uint64_t call_limit, pl_begun *begun)
{
    const pl_piece_limit *limit = context->piece;
    uint64_t lasted = pl_watch_lasted(limit->watch, pl_ticks());
    bool failed = context->span.code != 0, began = failed || reached > 0;
    bool late = began && (lasted > call_limit || pl_watch_is_late(limit->watch, limit->limit));
    begun->done = late && !failed ? reached - 1 : reached;
    begun->lasted_ns = lasted / pl_os_ticks_per_us() * 1000;
    if (failed)
        note_failure(context, reached, begun);
    if (late)
        begun->failure = pl_failure_of_late(begun->done, 0);
}

/* A measurement this long is no accident. */
#define LONG_US 100

/* A piece has come through n tasks. How long that lasted. */
static uint64_t note_end(pl_cost *cost, size_t n, const pl_watch *watch)
{
    bool fits = pl_inline_fits(cost, n);
    uint64_t now = pl_ticks(), lasted = pl_watch_lasted(watch, now);
    if (fits)
        pl_inline_ended_at(cost, n, now);
    else
        pl_inline_timed(now);
    bool is_long = lasted > LONG_US * pl_os_ticks_per_us();
    if (!fits || is_long)
        pl_cost_learn(cost, lasted, n, is_long ? PL_COST_SURE : PL_COST_UNSURE);
    if (!fits)
        pl_inline_renew();
    return lasted;
}

/* Begins to watch. False if nobody would. */
static bool begin_watch(pl_piece_limit *limit, uint64_t least, pl_others *others, pl_context *context)
{
    if (others) {
        limit->others = others;
        limit->abandon = pl_others_abandon;
        limit->stop = pl_others_begin(others, context);
        unsigned class = pl_watch_class_with_relief(least);
        limit->watch = class ? pl_watch_begin_with(class, &others->relief) : NULL;
    } else {
        unsigned class = pl_watch_class(least);
        limit->watch = class ? pl_watch_begin(class) : NULL;
    }
    return limit->watch != NULL;
}

PL_NOT_INLINED bool pl_light_run_watched(const parallel_function *f, const void *args, size_t n, void *out,
                                         const pl_light *light, pl_others *others, pl_begun *begun)
{
    double us = (double)pl_os_ticks_per_us();
    uint64_t call_limit = ticks_of(light->call_timeout, us);
    pl_piece_limit limit = {.limit = ticks_of(light->timeout, us)};
    uint64_t least = limit.limit < call_limit ? limit.limit : call_limit;
    *begun = (pl_begun){0};
    pl_context context;
    begin_context(&context, args, out, light, NULL);
    context.can_fail = f->can_fail;
    context.piece = &limit;
    if (light->call_timeout > 0)
        context.deadline = pl_os_nanoseconds() + call_limit / (uint64_t)us * 1000;
    if (!begin_watch(&limit, least, others, &context)) {
        pl_context_end(&context);
        return false;
    }
    context.span.stop = &limit.watch->stop;
    PL_UNWIND_BY(pl_context_unwinds);
    size_t reached = (f->can_fail ? f->kernel : f->step)(&context.span, 0, n);
    begun->others = others && pl_watch_was_relieved(limit.watch) && pl_others_took_over(others) ? others : NULL;
    bool well = reached == n && !context.span.code;
    uint64_t lasted = note_end((pl_cost *)f->cost, reached, limit.watch);
    well = well && lasted < least;
    if (!well)
        note_piece(&context, reached, call_limit, begun);
    pl_context_end(&context);
    pl_watch_end(limit.watch);
    pl_failure_clear_last();
    return well || (reached == n && begun->failure.state == PARALLEL_OK);
}
