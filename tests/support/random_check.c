/* SPDX-License-Identifier: MIT */
/* Random calls: what may come of them, by what their tasks have noted. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "support/random.h"
#include "support/tasks.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char first_complaint[1000];

void rnd_complain(const rnd_call *c, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&mutex);
    if (!*first_complaint && c)
        snprintf(
            first_complaint, sizeof first_complaint,
            "seed %llu, depth %d, %s of function %d, n %zu, workers %d, executor %d, silent %d, times %d %d, retries "
            "%d after %g, grain %zu: %s",
            c->plan.seed, c->plan.depth, rnd_kinds[c->plan.kind].name, c->plan.function, c->plan.n,
            c->options.max_workers, c->options.executor, c->options.silent, c->plan.timeout, c->plan.call_timeout,
            c->options.retries, c->options.retry_delay, c->options.grain, text);
    else if (!*first_complaint)
        snprintf(first_complaint, sizeof first_complaint, "%s", text);
    pthread_mutex_unlock(&mutex);
}

const char *rnd_complaint(void)
{
    pthread_mutex_lock(&mutex);
    const char *text = *first_complaint ? first_complaint : NULL;
    pthread_mutex_unlock(&mutex);
    return text;
}

/* ---- one task -------------------------------------------------------------------------------------------- */

static bool was_stopped(const rnd_call *c)
{
    return c->plan.call_timeout == RND_SHORT || atomic_load_explicit(&c->stopped, memory_order_relaxed);
}

/* Whether any of its tasks may be told to give up. */
static bool may_tell(const rnd_call *c)
{
    bool any = was_stopped(c) || (c->plan.fails && !c->options.silent);
    for (size_t i = 0; i < c->plan.n && !any; i++)
        any = rnd_late(c, i);
    return any;
}

/* Whether the call may have ended with the task that makes it, which waits for it; also, further out, for one in the
 * background. */
static bool may_end_with_outer(const rnd_call *c)
{
    for (bool in_background = rnd_is_async(c); c->outer && !in_background; c = c->outer)
        if (may_tell(c->outer))
            return true;
    return false;
}

bool rnd_stopped(const rnd_call *c)
{
    return was_stopped(c) || may_end_with_outer(c);
}

/* Whether the task has failed by itself, for certain. */
static bool failed(const rnd_call *c, size_t i)
{
    const rnd_log *log = &c->logs[i];
    bool too_late = log->told_late && c->plan.depth == 0;
    return rnd_runs(c, i) > 0 && (too_late || (log->code != 0 && log->code != ECANCELED && !log->told));
}

/* Whether the task may have ended like this. `fast`: the call ends with the first failure. */
static bool allowed(const rnd_call *c, size_t i, parallel_state state, int code, bool fast)
{
    const rnd_log *log = &c->logs[i];
    bool cut = rnd_stopped(c) || fast, told = log->told || (log->code == ECANCELED && cut);
    if (rnd_runs(c, i) == 0)
        return state == PARALLEL_NOT_RUN && cut &&
               (code == ECANCELED ||
                (code == ETIMEDOUT && (c->plan.call_timeout == RND_SHORT || may_end_with_outer(c))));
    switch (state) {
    case PARALLEL_OK:
        return log->code == 0 && !(log->told_late && c->plan.depth == 0);
    case PARALLEL_ERROR:
        return log->code != 0 && !log->told && code == log->code;
    case PARALLEL_TIMED_OUT:
        return rnd_late(c, i) && code == ETIMEDOUT;
    case PARALLEL_CANCELLED:
        return log->code != 0 && told && code == ECANCELED;
    default:
        return false;
    }
}

bool rnd_may_be_well(const rnd_call *c, size_t i)
{
    return allowed(c, i, PARALLEL_OK, 0, false);
}

bool rnd_is_well(const rnd_call *c, size_t i)
{
    return rnd_may_be_well(c, i) && !rnd_late(c, i);
}

/* Whether a failed task has had all its attempts, if nothing has stopped the call. */
static bool tried_enough(const rnd_call *c, const parallel_failure *f, bool fast)
{
    return rnd_stopped(c) || fast || (f->state != PARALLEL_ERROR && f->state != PARALLEL_TIMED_OUT) ||
           f->attempts == (unsigned)rnd_retries_of(c, f->index) + 1;
}

static const char *name_of(const rnd_call *c, size_t i)
{
    return rnd_is_par(c) && c->futures[i].name ? c->futures[i].name : c->plan.named ? c->names[i] : NULL;
}

/* Messages of tasks are the task's last; others are not a task's. */
static void check_message(const rnd_call *c, const parallel_failure *f)
{
    const rnd_log *log = &c->logs[f->index];
    char text[128];
    if (!f->message)
        rnd_complain(c, "failure %zu has no message", f->index);
    else if (rnd_runs(c, f->index) > 0 && log->spoke && log->code != 0) {
        rnd_message(c, log->speaker, log->speaker_run, text, sizeof text);
        if (strcmp(text, f->message) != 0)
            rnd_complain(c, "failure %zu says '%s', not '%s'", f->index, f->message, text);
    } else if (strncmp(f->message, "task", 4) == 0)
        rnd_complain(c, "failure %zu, which said nothing, says '%s' (state %d, run %u times)", f->index, f->message,
                     f->state, rnd_runs(c, f->index));
    else if (f->state == PARALLEL_ERROR &&
             (strerror_r(f->code, text, sizeof text) != 0 || strcmp(text, f->message) != 0))
        rnd_complain(c, "failure %zu of code %d says '%s'", f->index, f->code, f->message);
}

void rnd_check_task(const rnd_call *c, const parallel_failure *f, bool fast)
{
    if (f->index >= c->plan.n) {
        rnd_complain(c, "failure %zu", f->index);
        return;
    }
    const rnd_log *log = &c->logs[f->index];
    if (!allowed(c, f->index, f->state, f->code, fast) || f->attempts != rnd_runs(c, f->index) || f->signal != 0)
        rnd_complain(c, "task %zu is in state %d, code %d, attempts %u; but it ran %u times, code %d, told %d late %d",
                     f->index, f->state, f->code, f->attempts, rnd_runs(c, f->index), log->code, log->told,
                     log->told_late);
    if (!tried_enough(c, f, fast))
        rnd_complain(c, "task %zu has been tried %u times only", f->index, f->attempts);
    const char *name = name_of(c, f->index);
    if ((!name != !f->name) || (name && strcmp(name, f->name) != 0))
        rnd_complain(c, "failure %zu is named '%s', not '%s'", f->index, f->name, name);
    bool has_copy = c->is_copied || rnd_family_of(c) == RND_STREAMS;
    if (!has_copy && f->arg != (c->plan.kind == RND_FOR || c->plan.kind == RND_RANGE ? NULL : &c->items[f->index]))
        rnd_complain(c, "failure %zu has a wrong argument", f->index);
    check_message(c, f);
}

/* ---- results --------------------------------------------------------------------------------------------- */

static bool has_value(const rnd_call *c, size_t i)
{
    return rnd_function_of(c, i) != RND_VOID;
}

static void check_value(const rnd_call *c, const parallel_results *r, size_t i, bool well)
{
    const unsigned long long *value = parallel_result(r, i), *all = parallel_values(r);
    if (!well || !has_value(c, i)) {
        if (value)
            rnd_complain(c, "task %zu has a result", i);
    } else if (!value || *value != rnd_value(c, i))
        rnd_complain(c, "task %zu has a wrong result", i);
    if (all && all[i] != (well ? rnd_value(c, i) : 0))
        rnd_complain(c, "task %zu has a wrong value in the vector", i);
    const char *name = name_of(c, i);
    if (name && parallel_get(r, name) != value)
        rnd_complain(c, "the name of task %zu leads elsewhere", i);
}

/* Indices, counts, and what is beyond them. */
static void check_counts(const rnd_call *c, const parallel_results *r, size_t failures)
{
    size_t n = c->plan.n, some[3] = {n, n, n}, k = 0;
    if (parallel_length(r) != n || parallel_failures(r) != failures || parallel_failed(r, failures) != NULL)
        rnd_complain(c, "%zu results, %zu failures, not %zu", parallel_length(r), parallel_failures(r), failures);
    if (parallel_succeeded(r, some, 3) != n - failures || parallel_succeeded(r, NULL, 0) != n - failures)
        rnd_complain(c, "it is not %zu that succeeded", n - failures);
    for (size_t i = 0; i < n && k < 3; i++)
        if (parallel_result_state(r, i) == PARALLEL_OK && some[k++] != i)
            rnd_complain(c, "task %zu is left out of those that succeeded", i);
    errno = 0;
    if (parallel_result(r, n) || errno != EINVAL)
        rnd_complain(c, "there is a result beyond the last");
    errno = 0;
    if (parallel_get(r, "nobody") || errno != ENOENT)
        rnd_complain(c, "nobody has a result");
    bool vector = n && !rnd_is_par(c) && has_value(c, 0);
    if (!parallel_values(r) != !vector)
        rnd_complain(c, "there is a vector, or none");
}

void rnd_check_progress(const rnd_call *c, bool complete, size_t ended)
{
    if (!c->plan.with_progress)
        return;
    if (c->reports == 0 || atomic_load_explicit(&c->reporting, memory_order_relaxed))
        rnd_complain(c, "progress has not been reported to the end");
    if (complete && c->done != ended)
        rnd_complain(c, "of %zu tasks that ended, %zu have been reported", ended, c->done);
}

void rnd_check_results(const rnd_call *c, const parallel_results *r)
{
    size_t failures = 0, not_run = 0;
    for (size_t i = 0; i < c->plan.n; i++) {
        parallel_state state = parallel_result_state(r, i);
        check_value(c, r, i, state == PARALLEL_OK);
        if (state == PARALLEL_OK) {
            if (!allowed(c, i, state, 0, false))
                rnd_complain(c, "task %zu is well, though it ran %u times, the last with code %d", i, rnd_runs(c, i),
                             c->logs[i].code);
            continue;
        }
        const parallel_failure *f = parallel_failed(r, failures++);
        if (!c->options.silent || !f || f->index != i || f->state != state)
            rnd_complain(c, "task %zu is in state %d, but is not listed so", i, state);
        else
            rnd_check_task(c, f, false);
        not_run += state == PARALLEL_NOT_RUN;
    }
    check_counts(c, r, failures);
    rnd_check_progress(c, true, c->plan.n - not_run);
    rnd_check_runs(c);
}

/* Whether a task other than `i` may have failed. */
static bool others_failed(const rnd_call *c, size_t i)
{
    for (size_t k = 0; k < c->plan.n; k++)
        if (k != i && rnd_runs(c, k) > 0 && (c->logs[k].code != 0 || rnd_late(c, k)))
            return true;
    return false;
}

void rnd_check_first_failure(const rnd_call *c, const parallel_failure *f, size_t end)
{
    bool keeps = c->options.silent; /* what keeps outcomes in vain still tries everything */
    rnd_check_task(c, f, !keeps && f->state != PARALLEL_NOT_RUN && others_failed(c, f->index));
    /* a task that failed by itself comes before those that were stopped; but streams do not wait for it */
    bool is_stream = c->plan.kind == RND_STREAM || c->plan.kind == RND_STREAM_OPEN;
    bool last = !keeps && !is_stream && (f->state == PARALLEL_NOT_RUN || f->state == PARALLEL_CANCELLED);
    for (size_t i = 0; i < c->plan.n; i++)
        if (failed(c, i) && (i < end || last))
            rnd_complain(c, "failure %zu in state %d is reported, but task %zu failed with code %d", f->index, f->state,
                         i, c->logs[i].code);
    rnd_check_progress(c, false, 0);
    rnd_check_runs(c);
}

void rnd_check_failure(const rnd_call *c, int code)
{
    const parallel_failure *f = parallel_last_failure();
    if (f && f->code == code)
        rnd_check_first_failure(c, f, f->index);
    else
        rnd_complain(c, "the call has failed, with errno %d, %s", code, f ? f->message : "without a failure");
}

void rnd_check_out(const rnd_call *c, bool well)
{
    for (size_t i = 0; i < c->plan.n; i++) {
        unsigned long long got = c->out[i], value = rnd_value(c, i);
        bool ran = rnd_runs(c, i) > 0, maybe = c->plan.kind == RND_INTO && (rnd_late(c, i) || c->logs[i].code != 0);
        bool right = ran && has_value(c, i) ? (got == value && c->logs[i].code == 0) || (got == 0 && maybe)
                                            : got == UINT64_C(0xa5a5a5a5a5a5a5a5);
        if (!right && !(c->plan.kind == RND_FOR && got == value))
            rnd_complain(c, "slot %zu is %llx after %u runs, the last with code %d", i, got, rnd_runs(c, i),
                         c->logs[i].code);
        if (well && (!ran || c->logs[i].code != 0))
            rnd_complain(c, "all is well, but task %zu ran %u times, the last with code %d", i, rnd_runs(c, i),
                         c->logs[i].code);
    }
    if (well) {
        rnd_check_progress(c, true, c->plan.n);
        rnd_check_runs(c);
    }
}

unsigned long long rnd_compose(unsigned long long left, unsigned long long right)
{
    unsigned a = (unsigned)(left >> 32), b = (unsigned)left, then_a = (unsigned)(right >> 32), then_b = (unsigned)right;
    return (unsigned long long)(a * then_a) << 32 | (b * then_a + then_b);
}

void rnd_check_reduced(const rnd_call *c, unsigned long long got, bool well)
{
    unsigned long long value = 1;
    bool is_certain = well || !c->options.silent || (!rnd_stopped(c) && c->plan.depth == 0);
    for (size_t i = 0; i < c->plan.n && (well || c->options.silent); i++) {
        bool is_well = rnd_runs(c, i) > 0 && c->logs[i].code == 0;
        if (well && !is_well)
            rnd_complain(c, "all is well, but task %zu ran %u times, the last with code %d", i, rnd_runs(c, i),
                         c->logs[i].code);
        if (is_well)
            value = rnd_compose(value, rnd_value(c, i));
        is_certain = is_certain && (well || !rnd_late(c, i));
    }
    if (is_certain && got != value)
        rnd_complain(c, "%s, and the values are reduced to %llx, not %llx",
                     well ? "all is well" : "the call has failed", got, value);
    if (well) {
        rnd_check_progress(c, true, c->plan.n);
        rnd_check_runs(c);
    }
}

void rnd_check_stopped(const rnd_call *c, int code)
{
    if (!rnd_stopped(c) || (code != ECANCELED && code != ETIMEDOUT))
        rnd_complain(c, "the call has failed for no reason, with errno %d", code);
    rnd_check_runs(c);
}

/* A task that was told to give up is one of a call that may have been stopped. */
void rnd_check_runs(const rnd_call *c)
{
    bool any = rnd_stopped(c) || c->plan.depth > 0;
    for (size_t i = 0; i < c->plan.n && !any; i++)
        any = rnd_late(c, i) || (!c->options.silent && failed(c, i));
    for (size_t i = 0; i < c->plan.n; i++) {
        const rnd_log *log = &c->logs[i];
        if (log->told && !any)
            rnd_complain(c, "task %zu is told to give up for no reason", i);
        if (rnd_runs(c, i) > (unsigned)rnd_retries_of(c, i) + 1)
            rnd_complain(c, "task %zu ran %u times", i, rnd_runs(c, i));
    }
}
