/* SPDX-License-Identifier: MIT */
/* Different functions at once: futures, their names and their results. */
#include <errno.h>

#include "call/call.h"
#include "base/size.h"

/* What is wrong with a future: 0, or an error code. */
static int check(const parallel_future *future)
{
    parallel_function f;
    parallel_options own;
    if (!pl_function_copy(&f, future->function) || !future->arg || future->timeout != future->timeout ||
        future->retry_delay != future->retry_delay)
        return EINVAL;
    if (!pl_options_copy(&own, f.options))
        return errno;
    return own.timeout != own.timeout || own.retry_delay != own.retry_delay ? EINVAL : 0;
}

/* The futures' own names, or else those of the call. */
static int gather_names(pl_call *c)
{
    bool any = c->options.names != NULL;
    for (size_t i = 0; i < c->n && !any; i++)
        any = c->par.futures[i].name != NULL;
    if (!any)
        return 0;
    const char **names = pl_allocate(pl_size_multiply(c->n ? c->n : 1, sizeof *names), 0);
    if (!names)
        return ENOMEM;
    for (size_t i = 0; i < c->n; i++) {
        if (c->options.names && !c->options.names[i]) {
            free(names);
            return EINVAL;
        }
        names[i] = c->par.futures[i].name ? c->par.futures[i].name : c->options.names ? c->options.names[i] : NULL;
    }
    int error = pl_names_init(&c->names, names, c->n, true);
    if (error)
        free(names);
    else
        c->names.own = names;
    return error;
}

static int prepare(pl_call *c, const parallel_future *futures)
{
    c->par.futures = futures;
    c->map = (pl_map){0};
    c->function = (parallel_function){0};
    for (size_t i = 0; i < c->n; i++) {
        int error = check(&futures[i]);
        if (error)
            return error;
    }
    return gather_names(c);
}

bool pl_call_begin_par(pl_call *c, const parallel_future *futures, size_t n, const parallel_options *options,
                       parallel_executor_kind executor, bool background)
{
    static const parallel_future none;
    pl_call_begin(c, n);
    if (n && !futures) {
        errno = EINVAL;
        return false;
    }
    if (!pl_options(&c->options, options, NULL, executor, background))
        return false;
    int error = prepare(c, futures ? futures : &none);
    if (error) {
        errno = error;
        return false;
    }
    pl_call_begun(c, background, true);
    return true;
}

static parallel_results *par_on(parallel_executor_kind executor, const parallel_future *futures, size_t n,
                                const parallel_options *options)
{
    pl_call c;
    if (!pl_call_begin_par(&c, futures, n, options, executor, false))
        return NULL;
    parallel_results *r = pl_call_results(&c);
    pl_call_return(&c, !r);
    return r;
}

parallel_results *parallel_par_futures(const parallel_future *futures, size_t n, const parallel_options *options)
{
    return par_on(PARALLEL_DEFAULT_EXECUTOR, futures, n, options);
}

parallel_results *parallel_thread_par_futures(const parallel_future *futures, size_t n, const parallel_options *options)
{
    return par_on(PARALLEL_THREAD, futures, n, options);
}

parallel_results *parallel_process_par_futures(const parallel_future *futures, size_t n,
                                               const parallel_options *options)
{
    return par_on(PARALLEL_PROCESS, futures, n, options);
}
