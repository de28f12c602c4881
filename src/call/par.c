/* SPDX-License-Identifier: MIT */
/* Different functions at once, as a kind of work: futures, their names and their results. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "call/call.h"
#include "call/error.h"
#include "base/size.h"

/* ---- the kind -------------------------------------------------------------------------------------------- */

/* pl_function_copy() and pl_options_copy() have been tried when the call began, and can be done. */
static void bind_future(const pl_work *work, size_t i, pl_bound *to)
{
    const parallel_future *future = &work->futures[i];
    pl_function_copy(&to->function, future->function);
    to->args = future->arg;
    to->out = pl_results_place(work->results, i);
    to->own_extras = future->extras != NULL;
    to->extras = future->extras ? future->extras : work->extras;
}

static size_t run_future(const pl_work *work, pl_context *context, size_t begin, size_t end)
{
    pl_bound bound;
    (void)end;
    bind_future(work, begin, &bound);
    context->can_fail = pl_function_can_fail(&bound.function);
    context->span.args = bound.args;
    context->span.results = bound.out;
    context->span.extras = bound.extras;
    if (bound.function.kernel)
        return begin + bound.function.kernel(&context->span, 0, 1);
    pl_map m = {.call = bound.function.call, .args = bound.args, .out = bound.out};
    return begin + pl_work_call_each(&m, &context->span, 0, 1);
}

static void zero_futures(const pl_work *work, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        pl_bound bound;
        bind_future(work, i, &bound);
        if (bound.out)
            memset(bound.out, 0, bound.function.result_size);
    }
}

static const void *future_arg(const pl_work *work, size_t i)
{
    return work->futures[i].arg;
}

static uintptr_t futures_cost_key(const pl_work *work)
{
    uintptr_t key = 0;
    for (size_t i = 0; i < work->n; i++)
        key = key * 31 + (uintptr_t)work->futures[i].function;
    return key;
}

static parallel_results *new_future_results(const pl_work *work, pl_results_fill fill, const pl_memory *memory)
{
    return pl_results_of_futures(work->futures, work->n, fill, memory);
}

/* What goes for a future: its own; none, if the call wants that; its function's; or the call's. */
static double first_set(double own, double function, double call)
{
    return own != 0 ? own : call < 0 || function == 0 ? call : function;
}

static void adjust_future(const pl_work *work, size_t i, pl_trials *trials)
{
    const parallel_future *future = &work->futures[i];
    parallel_function f;
    parallel_options own;
    pl_function_copy(&f, future->function);
    pl_options_copy(&own, f.options);
    trials->timeout = first_set(future->timeout, own.timeout, trials->timeout);
    trials->delay = first_set(future->retry_delay, own.retry_delay, trials->delay);
    trials->retries = (int)first_set(future->retries, own.retries, trials->retries);
}

const pl_work_kind pl_work_par = {
    .name = "par",
    .is_separate = true,
    .run = run_future,
    .zero = zero_futures,
    .arg = future_arg,
    .cost_key = futures_cost_key,
    .new_results = new_future_results,
    .bind = bind_future,
    .adjust = adjust_future,
};

/* ---- a call begins --------------------------------------------------------------------------------------- */

/* What is wrong with a future: false with errno. */
static bool check_future(const parallel_future *future, size_t i)
{
    parallel_function f;
    parallel_options own;
    if (!pl_function_take(&f, future->function))
        return false;
    if (!future->arg)
        return pl_error_deny(EINVAL, "future %zu has no argument", i);
    if (!pl_options_copy(&own, f.options))
        return false;
    if (isnan(future->timeout) || isnan(own.timeout))
        return pl_error_deny(EINVAL, "future %zu: timeout is NaN", i);
    if (isnan(future->retry_delay) || isnan(own.retry_delay))
        return pl_error_deny(EINVAL, "future %zu: retry_delay is NaN", i);
    return true;
}

/* The futures' own names, or else those of the call. False with errno. */
static bool gather_names(pl_call *c)
{
    const parallel_future *futures = c->work.futures;
    size_t n = c->work.n;
    bool any = c->options.names != NULL;
    for (size_t i = 0; i < n && !any; i++)
        any = futures[i].name != NULL;
    if (!any)
        return true;
    const char **names = pl_results_allocate(pl_size_multiply(n ? n : 1, sizeof *names), 0);
    if (!names)
        return pl_error_deny_memory();
    for (size_t i = 0; i < n; i++) {
        if (c->options.names && !c->options.names[i]) {
            free(names);
            return pl_error_deny(EINVAL, "name %zu is NULL", i);
        }
        names[i] = futures[i].name ? futures[i].name : c->options.names ? c->options.names[i] : NULL;
    }
    if (!pl_names_init(&c->names, names, n, PL_NAMES_OF_SOME)) {
        free(names);
        return false;
    }
    c->names.own = names;
    return true;
}

bool pl_call_begin_par(pl_call *c, const parallel_future *futures, size_t n, const parallel_options *options,
                       const pl_request *request)
{
    static const parallel_future none;
    pl_call_begin(c, &pl_work_par, n);
    c->work.futures = futures ? futures : &none;
    c->work.map = (pl_map){0};
    c->work.function = (parallel_function){0};
    if (n && !futures)
        return pl_error_deny_null("futures", n);
    if (!pl_call_merge_options(c, options, NULL, request))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!check_future(&futures[i], i))
            return false;
    if (!gather_names(c))
        return false;
    pl_call_begun(c, request);
    return true;
}
