/* SPDX-License-Identifier: MIT */
/* Maps whose results are taken window by window; windows.h says what for. */
#include "collections/windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/unwind.h"
#include "call/call.h"
#include "call/failure.h"
#include "collections/blocks.h"

/* A window, after it has been run. */
typedef struct window {
    pl_windows *w;
    size_t begin, end;
    const pl_failed_list *failed; /* by index in the window */
} window;

/* ---- progress -------------------------------------------------------------------------------------------- */

/* Calls the program's callback. */
PL_NOT_INLINED static void call_back(pl_windows *w)
{
    PL_UNWIND_BARRIER();
    pl_progress_facts *outer = pl_progress_now;
    w->facts.failures = w->failed + w->failed_now;
    pl_progress_now = &w->facts;
    w->options->progress(w->ended + w->ended_now, w->n, w->options->progress_data);
    pl_progress_now = outer;
    w->reported = pl_os_nanoseconds();
}

/* The callback of a window. That it ends is no end of the call; but many short ones are reported now and then. */
static void report_progress(size_t done, size_t total, void *data)
{
    pl_windows *w = data;
    (void)total;
    w->ended_now = done;
    w->failed_now = pl_progress_now->failures;
    bool is_end = pl_progress_now->ended;
    if (!is_end || (w->ended + done < w->n && pl_os_nanoseconds() - w->reported > PL_PROGRESS_NS))
        call_back(w);
}

static void report_end(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    call_back(ctx);
}

/* The call has ended, well or not: the callback is called for the last time. */
static void end_progress(pl_windows *w)
{
    if (!w->options->progress || !w->has_begun)
        return;
    pl_put_aside failure;
    int saved = errno, state = pl_os_cancel_defer();
    pl_failure_put_aside(&failure);
    w->facts.ended = true;
    pl_blocks_call(report_end, w);
    pl_failure_put_back(&failure);
    pl_os_cancel_restore(state);
    errno = saved;
}

/* ---- taking ---------------------------------------------------------------------------------------------- */

static void free_message(void *windows)
{
    pl_windows *w = windows;
    free((char *)w->failure.message);
    w->failure.message = NULL;
    w->has_failure = false;
}

static void forget_failure(pl_windows *w)
{
    free_message(w);
    w->code = 0;
}

/* Keeps the first failure that is come to: one of tasks that failed alike. */
static void keep_failure(pl_windows *w, const window *now, const pl_failed *e)
{
    const parallel_failure *first = &e->first;
    size_t last = w->order == PL_WINDOWS_BACKWARDS ? e->count - 1 : 0;
    if (w->code)
        return;
    w->code = first->state == PARALLEL_CRASHED ? EOWNERDEAD : first->code;
    w->failure = *first;
    w->failure.index += now->begin + last;
    w->failure.arg = w->args + w->failure.index * w->f->arg_size;
    w->failure.name = w->options->names ? w->options->names[w->failure.index] : NULL;
    w->failure.message = strdup(first->message);
    w->has_failure = w->failure.message != NULL;
}

/* Whether it is the call that has failed tasks: they did not run, or not to their end, as it was stopped. */
static bool were_stopped(const pl_windows *w, const parallel_failure *failure)
{
    bool is_late = w->deadline && pl_os_nanoseconds() >= w->deadline;
    return failure->state == PARALLEL_NOT_RUN || failure->state == PARALLEL_CANCELLED ||
           (failure->state == PARALLEL_TIMED_OUT && is_late);
}

/* Has the results of tasks [from, to) of the window taken. False: that was the end. */
static bool take_results(const window *now, size_t from, size_t to)
{
    pl_windows *w = now->w;
    if (from < to && !w->take(w->ctx, now->begin + from, to - from, w->results + from * w->f->result_size))
        w->is_over = true;
    return !w->is_over;
}

/* The same for failed ones. */
static bool pass_failed(const window *now, const pl_failed *e)
{
    pl_windows *w = now->w;
    bool stops = w->failures == PL_WINDOWS_FAIL_AS_LOOPS && were_stopped(w, &e->first);
    if (stops && w->options->silent) /* this one tells why the call ends, and not one that was passed */
        forget_failure(w);
    keep_failure(w, now, e);
    w->is_stopped = stops;
    if (stops || !w->options->silent)
        return false;
    w->is_over = !w->take(w->ctx, now->begin + e->first.index, e->count, NULL);
    return !w->is_over;
}

static void take_forwards(const window *now)
{
    size_t from = 0;
    for (size_t k = 0; k < now->failed->count; k++) {
        const pl_failed *e = &now->failed->list[k];
        if (!take_results(now, from, e->first.index) || !pass_failed(now, e))
            return;
        from = e->first.index + e->count;
    }
    take_results(now, from, now->end - now->begin);
}

static void take_backwards(const window *now)
{
    size_t to = now->end - now->begin;
    for (size_t k = now->failed->count; k-- > 0;) {
        const pl_failed *e = &now->failed->list[k];
        if (!take_results(now, e->first.index + e->count, to) || !pass_failed(now, e))
            return;
        to = e->first.index;
    }
    take_results(now, 0, to);
}

static void take_window(size_t begin, size_t end, void *ctx)
{
    const window *now = ctx;
    (void)begin;
    (void)end;
    if (now->w->order == PL_WINDOWS_BACKWARDS)
        take_backwards(now);
    else
        take_forwards(now);
}

/* ---- running --------------------------------------------------------------------------------------------- */

/* The options of a window that begins now. */
static void window_options(const pl_windows *w, size_t begin, parallel_options *o)
{
    *o = *w->options;
    o->names = o->names ? o->names + begin : NULL;
    o->silent = o->silent || w->failures == PL_WINDOWS_FAIL_AS_LOOPS;
    if (o->progress) {
        o->progress = report_progress;
        o->progress_data = (void *)w;
    }
    uint64_t now = w->deadline ? pl_os_nanoseconds() : 0;
    if (w->deadline)
        o->call_timeout = w->deadline > now ? (double)(w->deadline - now) * 1e-9 : 1e-9;
}

/* Runs a window. 0; or -1 with errno and the last failure. */
PL_NOT_INLINED static int run_window(pl_windows *w, size_t begin, size_t end)
{
    parallel_options o;
    pl_call c;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    window_options(w, begin, &o);
    parallel_function f = *w->f;
    f.options = NULL; /* they are in `o` */
    memset(w->results, 0, (end - begin) * f.result_size);
    const unsigned char *args = end ? w->args + begin * f.arg_size : NULL;
    if (!pl_call_begin_map(&c, &pl_work_map, &f, args, end - begin, &o, w->request))
        return -1;
    w->has_begun = true;
    pl_cleanup_begin(&cleanup, pl_call_drop, &c);
    bool well = pl_call_run(&c, w->results);
    bool goes_on = well || (o.silent && !c.error && !c.failures.lost);
    if (goes_on)
        pl_blocks_call(take_window, &(window){w, begin, end, &c.failures.all});
    else if (pl_call_failure(&c)) /* it is known by its index in the call */
        c.failures.all.list[0].first.index += begin;
    pl_cleanup_end(&cleanup);
    pl_call_return(&c, !goes_on);
    w->ended += w->ended_now;
    w->failed += w->failed_now;
    w->ended_now = w->failed_now = 0;
    return goes_on ? 0 : -1;
}

static int run_windows(pl_windows *w)
{
    double timeout = w->options->call_timeout;
    w->facts.started = w->reported = pl_os_nanoseconds();
    w->deadline = timeout > 0 && timeout < 1e9 ? w->reported + (uint64_t)(timeout * 1e9) + 1 : 0;
    do {
        size_t rest = w->n - w->done, length = w->length ? w->length(w->ctx, w->done) : w->room;
        length = length < rest ? length : rest;
        size_t begin = w->order == PL_WINDOWS_BACKWARDS ? rest - length : w->done;
        if (run_window(w, begin, begin + length) != 0)
            return -1;
        w->done += length;
    } while (w->done < w->n && !w->is_over && !w->is_stopped && (w->options->silent || !w->code));
    return 0;
}

PL_NOT_INLINED int pl_windows_run(pl_windows *w)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_cleanup_begin(&cleanup, free_message, w);
    int result = run_windows(w);
    end_progress(w);
    pl_cleanup_end(&cleanup);
    if (result == 0 && w->code && !w->is_over) {
        if (w->has_failure)
            pl_failure_set_last(&w->failure, &(pl_failed_call){.function = w->f->name});
        else
            pl_error_return(w->code);
        errno = w->code;
        result = -1;
    }
    int saved = errno;
    free_message(w);
    errno = saved;
    return result;
}
