/* SPDX-License-Identifier: MIT */
/* What the two kinds of streams have in common: slots, how items are run, how a stream ends; stream.h says more. */
#include "stream/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/call.h"
#include "call/failure.h"
#include "sched/pool.h"

/* The default window: so many items, or what fits so many bytes, but so many for each worker. */
#define WINDOW_ITEMS 256
#define WINDOW_BYTES (UINT32_C(1) << 20)
#define WINDOW_EACH 4
/* What the costs of calls of a function are known by, plus so much (pl_call_way). */
#define COST_KEY 3
/* What a function may want of its arguments and results, if it does not say. */
#define DEFAULT_ALIGN 64

/* ---- making ---------------------------------------------------------------------------------------------- */

/* Of a type of so many bytes, if its alignment is not known: no more than that has. */
static size_t alignment_of(size_t alignment, size_t size)
{
    size_t most = size & (~size + 1);
    if (alignment || size == 0)
        return alignment ? alignment : 1;
    return most < DEFAULT_ALIGN ? most : DEFAULT_ALIGN;
}

/* Lays out a slot, of so many bytes. */
static void lay_out_slot(pl_stream *s, size_t *stride)
{
    parallel_function *f = &s->function;
    size_t arg = alignment_of(f->arg_align, f->arg_size), result = alignment_of(f->result_align, f->result_size);
    size_t align =
        alignof(pl_stream_slot) > alignof(parallel_failure) ? alignof(pl_stream_slot) : alignof(parallel_failure);
    align = arg > align ? arg : align;
    align = result > align ? result : align;
    f->arg_align = arg; /* for copies of it */
    /* what is zeroed is whole words */
    size_t word = arg > sizeof(size_t) ? arg : sizeof(size_t);
    s->arg_at = pl_size_round(sizeof(pl_stream_slot), word);
    s->result_at = pl_size_round(pl_size_add(s->arg_at, f->arg_size), result);
    s->failure_at = pl_size_round(pl_size_add(s->result_at, f->result_size), alignof(parallel_failure));
    *stride = pl_size_round(pl_size_add(s->failure_at, sizeof(parallel_failure)), align);
    s->align = align;
}

static size_t default_window(const pl_stream *s)
{
    size_t bytes = s->function.arg_size + s->function.result_size, fits = bytes ? WINDOW_BYTES / bytes : WINDOW_ITEMS;
    size_t least = (size_t)WINDOW_EACH * s->workers, window = fits < WINDOW_ITEMS ? fits : WINDOW_ITEMS;
    return window < least ? least : window;
}

/* How many items a range has at most: each worker is to have one, and as many be there besides. Where there are more
 * workers than cores, items may wait for each other, and so none may wait for another to be run first. */
static unsigned most_together(const pl_stream *s)
{
    if (s->workers > pl_pool_cores() && s->options.executor != PARALLEL_PROCESS)
        return 1;
    size_t share = s->ring.window / (2 * (size_t)s->workers);
    return share == 0 ? 1 : share < PL_RING_RANGE ? (unsigned)share : PL_RING_RANGE;
}

/* What goes for the stream. */
static bool take_options(pl_stream *s, const parallel_options *options, const pl_request *request)
{
    const parallel_options *o = &s->options;
    if (!pl_options_merge(&s->options, options, s->function.options, request))
        return false;
    if (o->names || o->deferred)
        return pl_error_deny(EINVAL, "a stream has no option %s", o->names ? "names" : "deferred");
    if (o->executor == PARALLEL_PROCESS && o->isolation == PARALLEL_PERSISTENT && o->extras && !o->extras_size)
        return pl_error_deny(EINVAL, "extras without extras_size cannot be sent to workers that are kept");
    if (o->executor == PARALLEL_MPI)
        return pl_error_deny(ENOTSUP, "a stream cannot run on ranks");
    s->request = *request;
    s->request.background = false;
    s->workers = (unsigned)parallel_worker_limit(o);
    s->is_simple = o->timeout <= 0 && o->call_timeout <= 0 && o->retries <= 0;
    return true;
}

bool pl_stream_init(pl_stream *s, const parallel_function *f, const parallel_options *options,
                    const pl_request *request)
{
    memset(s, 0, sizeof *s);
    pl_failure_clear_last();
    if (!pl_function_take(&s->function, f))
        return false;
    if (!take_options(s, options, request))
        return false;
    size_t stride, window = s->options.window;
    lay_out_slot(s, &stride);
    s->failed = aligned_alloc(s->align, pl_size_multiply(2, stride));
    if (!s->failed || !pl_ring_init(&s->ring, window ? window : default_window(s),
                                    s->options.unordered ? PL_RING_UNORDERED : PL_RING_ORDERED, stride, s->align)) {
        free(s->failed);
        return pl_error_deny_memory();
    }
    s->most_together = most_together(s);
    s->alone = (pl_stream_slot *)(void *)((unsigned char *)s->failed + stride);
    s->alone->failed = false;
    s->parent = request->background ? NULL : pl_context_thread.context;
    pthread_mutex_init(&s->mutex, NULL);
    pl_policy_init(&s->policy);
    pl_policy_begin(&s->policy, &s->options, 0);
    return true;
}

uintptr_t pl_stream_cost_key(const pl_stream *s)
{
    const parallel_function *f = &s->function;
    return (f->kernel ? (uintptr_t)f->kernel : (uintptr_t)f->call) + COST_KEY;
}

void pl_stream_end(pl_stream *s)
{
    if (s->has_failure)
        free((char *)s->failure.message);
    pl_policy_end(&s->policy);
    pthread_mutex_destroy(&s->mutex);
    pl_ring_free(&s->ring);
    free(s->failed);
}

/* ---- items ----------------------------------------------------------------------------------------------- */

void *pl_stream_new_slot(const pl_stream *s)
{
    pl_stream_slot *slot = aligned_alloc(s->align, s->ring.stride);
    if (slot)
        slot->failed = false;
    return slot;
}

parallel_item pl_stream_item(const pl_stream *s, pl_stream_slot *slot)
{
    bool has_result = s->function.result_size && !slot->failed;
    return (parallel_item){
        .index = slot->number,
        .arg = pl_stream_arg(s, slot),
        .result = has_result ? (unsigned char *)slot + s->result_at : NULL,
        .failure = slot->failed ? pl_stream_failure(s, slot) : NULL,
    };
}

/* Where there is no memory for what a failure says. */
static const char nothing[] = "";

static void free_message(const parallel_failure *failure)
{
    if (failure->message != nothing)
        free((char *)failure->message);
}

void pl_stream_drop(const pl_stream *s, pl_stream_slot *slot)
{
    if (slot->failed)
        free_message(pl_stream_failure(s, slot));
    slot->failed = false;
}

/* ---- limits ---------------------------------------------------------------------------------------------- */

/* With the mutex held. */
static void set_limits(pl_stream *s, pl_stream_limit limits)
{
    if (pl_stream_limits(s) < limits) {
        /* V20 seq_cst: a look after this sees it; pairs with V19 */
        atomic_store_explicit(&s->limits, (int)limits, memory_order_seq_cst);
    }
}

bool pl_stream_starts(pl_stream *s, const pl_stream_slot *slot)
{
    pl_stream_limit limits = pl_stream_limits(s);
    if (limits != PL_STREAM_BEFORE)
        return limits == PL_STREAM_ALL;
    pthread_mutex_lock(&s->mutex);
    bool is_before = slot->number < s->limit;
    pthread_mutex_unlock(&s->mutex);
    return is_before;
}

/* Nothing more begins, for this reason, and what runs is to give up. With the mutex held, which is let go. */
static void stop_all(pl_stream *s)
{
    set_limits(s, PL_STREAM_NONE);
    pthread_mutex_unlock(&s->mutex);
    if (pl_stop_raise(&s->policy.stop, PL_STOP_ALL))
        pl_stop_notify_all();
}

bool pl_stream_look(pl_stream *s)
{
    int why = pl_policy_over(&s->policy);
    /* by pl_stream_close(): nothing begins, and what runs goes on */
    bool is_closed = why == ECANCELED && pl_stop_level(&s->policy.stop) == PL_STOP_STARTING;
    if (is_closed)
        why = 0;
    if (!why && s->parent)
        why = pl_context_reason(s->parent);
    if (why)
        pl_stream_halt(s, why);
    return why || is_closed;
}

void pl_stream_halt(pl_stream *s, int code)
{
    pthread_mutex_lock(&s->mutex);
    if (!s->stopped && !s->refused)
        s->stopped = code;
    stop_all(s);
}

void pl_stream_refuse(pl_stream *s, int code, size_t number)
{
    pthread_mutex_lock(&s->mutex);
    bool is_first = !s->has_failure || (!s->ring.is_unordered && number < s->failure.index);
    if (!s->refused && !s->stopped && is_first)
        s->refused = code;
    stop_all(s);
}

void pl_stream_close(pl_stream *s)
{
    pthread_mutex_lock(&s->mutex);
    set_limits(s, PL_STREAM_NONE);
    pthread_mutex_unlock(&s->mutex);
    if (pl_stop_raise(&s->policy.stop, PL_STOP_STARTING))
        pl_stop_notify_all();
}

void pl_stream_break(pl_stream *s, int code)
{
    pthread_mutex_lock(&s->mutex);
    s->source = code;
    pthread_mutex_unlock(&s->mutex);
}

/* ---- failures -------------------------------------------------------------------------------------------- */

/* An item has failed, of a stream that fails with it. */
static void keep_failure(pl_stream *s, pl_stream_slot *slot)
{
    const parallel_failure *failure = pl_stream_failure(s, slot);
    pthread_mutex_lock(&s->mutex);
    if (!s->refused && (!s->has_failure || (!s->ring.is_unordered && slot->number < s->failure.index))) {
        if (s->has_failure)
            free_message(&s->failure);
        char *message = strdup(failure->message);
        s->has_failure = true;
        s->failure = *failure;
        s->failure.message = message ? message : nothing;
        s->failure.arg = memcpy(pl_stream_arg(s, s->failed), failure->arg, s->function.arg_size);
        s->limit = slot->number;
    }
    set_limits(s, s->ring.is_unordered ? PL_STREAM_NONE : PL_STREAM_BEFORE);
    pthread_mutex_unlock(&s->mutex);
}

/* Takes down how an item has ended, and the message. */
static void note_failure(const pl_stream *s, pl_stream_slot *slot, const parallel_failure *failure, char *message)
{
    parallel_failure *to = pl_stream_failure(s, slot);
    memset((unsigned char *)slot + s->result_at, 0, s->function.result_size);
    slot->failed = true;
    *to = *failure;
    to->index = slot->number;
    to->arg = pl_stream_arg(s, slot);
    message = message ? message : pl_failures_text(to);
    to->message = message ? message : nothing;
}

void pl_stream_fail(pl_stream *s, pl_stream_slot *slot, const parallel_failure *failure)
{
    note_failure(s, slot, failure, failure->message ? strdup(failure->message) : NULL);
    if (!s->options.silent)
        keep_failure(s, slot);
}

void pl_stream_leave_out(pl_stream *s, pl_stream_slot *slot)
{
    pthread_mutex_lock(&s->mutex);
    parallel_failure failure = {.state = PARALLEL_NOT_RUN, .code = s->stopped ? s->stopped : ECANCELED};
    pthread_mutex_unlock(&s->mutex);
    note_failure(s, slot, &failure, NULL);
}

/* ---- running --------------------------------------------------------------------------------------------- */

void pl_stream_enter(const pl_stream *s, pl_context *context, unsigned participant)
{
    *context = (pl_context){
        .span = {.extras = s->options.extras, .stop = (pl_stop *)&s->policy.stop},
        .participant = participant,
        .parent = s->parent,
        .call = s,
    };
    pl_context_begin(context);
}

/* Runs the function once. False if it was not begun, as the stream was stopped at that moment. */
PL_NOT_INLINED static bool call_function(const pl_stream *s, pl_context *context)
{
    const parallel_function *f = &s->function;
    PL_UNWIND_BARRIER();
    if (f->kernel)
        return f->kernel(&context->span, 0, 1) == 1 || context->span.code;
    pl_map m = {.call = f->call, .args = context->span.args, .out = context->span.results};
    return pl_work_call_each(&m, &context->span, 0, 1) == 1 || context->span.code;
}

/* When what starts now is late; 0: never. */
static uint64_t deadline_of(const pl_stream *s)
{
    uint64_t timeout = s->policy.common.timeout_ns, call = s->policy.deadline;
    if (!timeout)
        return call;
    uint64_t now = pl_os_nanoseconds(), task = timeout < UINT64_MAX - 1 - now ? now + timeout : UINT64_MAX - 1;
    return call && call < task ? call : task;
}

static bool is_over(void *stream)
{
    return pl_stream_look(stream);
}

/* Waits before the next attempt. False if that is not to be made any more. */
static bool wait_to_try(pl_stream *s, const pl_context *context, unsigned attempts)
{
    double delay = s->policy.common.delay;
    if (delay <= 0)
        return !pl_stream_look(s);
    pthread_mutex_lock(&s->policy.mutex);
    uint64_t until = pl_os_nanoseconds() + pl_retry_delay(&s->policy.retries, delay, attempts);
    pthread_mutex_unlock(&s->policy.mutex);
    if (s->policy.deadline && until > s->policy.deadline)
        return false;
    return !pl_stop_sleep(pl_context_root(context), until, is_over, s);
}

/* Runs the item in the slot, as often as it takes. True if it has been started. */
static bool try_item(pl_stream *s, pl_context *context, pl_stream_slot *slot)
{
    parallel_failure failure = {0};
    char *message = NULL;
    for (unsigned tried = 0;; tried++) {
        context->deadline = s->is_simple ? 0 : deadline_of(s);
        pl_context_renew(context);
        context->can_fail = pl_function_can_fail(&s->function);
        bool began = call_function(s, context);
        context->can_fail = false;
        if (!began && tried == 0)
            return false;
        bool late = context->deadline && pl_os_nanoseconds() > context->deadline;
        context->deadline = 0;
        if (!began)
            break; /* so the last attempt counts */
        free(message);
        message = NULL;
        if (!context->span.code && !late)
            return true;
        failure = late ? pl_failure_of_late(0, tried) : pl_failure_of_context(context, 0, 0, tried);
        if (context->span.code)
            message = pl_failure_message(context, 0);
        if (failure.state == PARALLEL_CANCELLED || failure.attempts >= s->policy.common.attempts ||
            pl_failure_is_final(context, 0) || !wait_to_try(s, context, failure.attempts))
            break;
        memset((unsigned char *)slot + s->result_at, 0, s->function.result_size);
    }
    note_failure(s, slot, &failure, message);
    return true;
}

void pl_stream_bind(const pl_stream *s, pl_context *context, pl_stream_slot *slot)
{
    context->span.args = pl_stream_arg(s, slot);
    context->span.results = s->function.result_size ? (unsigned char *)slot + s->result_at : NULL;
}

void pl_stream_ended(pl_stream *s, pl_context *context, pl_stream_slot *slot, bool began)
{
    if (context->span.code) {
        size_t noted = context->span.index;
        parallel_failure failure = pl_failure_of_context(context, 0, noted, 0);
        note_failure(s, slot, &failure, pl_failure_message(context, noted));
        if (!s->options.silent)
            keep_failure(s, slot);
    } else if (!began)
        pl_stream_leave_out(s, slot);
    pl_context_renew(context);
}

/* Runs the item that a context is bound to, of a simple stream. */
PL_NOT_INLINED static bool run_simple(const pl_stream *s, pl_context *context, bool *began)
{
    PL_UNWIND_BARRIER();
    return pl_stream_call_bound(s, context, began);
}

void pl_stream_run(pl_stream *s, pl_context *context, pl_stream_slot *slot)
{
    bool began;
    pl_stream_bind(s, context, slot);
    if (s->is_simple && s->function.kernel && pl_stream_limits(s) == PL_STREAM_ALL) {
        if (!run_simple(s, context, &began))
            pl_stream_ended(s, context, slot, began);
    } else if (!pl_stream_starts(s, slot) || (!s->is_simple && pl_stream_look(s)) || !try_item(s, context, slot))
        pl_stream_leave_out(s, slot);
    else if (slot->failed && !s->options.silent)
        keep_failure(s, slot);
}

unsigned pl_stream_range(const pl_stream *s)
{
    /* V21 relaxed: a number by itself; pairs with V23 */
    uint32_t one = atomic_load_explicit((_Atomic uint32_t *)&s->item_ticks, memory_order_relaxed);
    uint64_t range = (s->lanes ? PL_STREAM_RANGE_APART_US : PL_STREAM_RANGE_US) * pl_os_ticks_per_us();
    return one == 0 || one >= range ? 1 : range / one < s->most_together ? (unsigned)(range / one) : s->most_together;
}

void pl_stream_learn(pl_stream *s, uint64_t ticks, unsigned items)
{
    uint64_t one = ticks / items, most = UINT32_MAX / 2;
    one = one == 0 ? 1 : one < most ? one : most;
    /* V22 relaxed: a number by itself; pairs with V23 */
    uint32_t old = atomic_load_explicit(&s->item_ticks, memory_order_relaxed);
    /* V23 relaxed: an average, which one of several at once will do for; pairs with V21, V22 */
    atomic_store_explicit(&s->item_ticks, old ? old - old / 4 + (uint32_t)one / 4 : (uint32_t)one,
                          memory_order_relaxed);
}

/* ---- how it ends ----------------------------------------------------------------------------------------- */

/* It has ended before its time, and that is no failure of a task's. */
static void say_end(const pl_stream *s, int code)
{
    if (s->refused || !s->stopped)
        pl_error_refuse(code, "%s has returned %d", s->refused ? "the sink" : "the source", code);
    else
        pl_error_refuse(code, code == ETIMEDOUT ? "call_timeout was over" : "the stream was cancelled");
}

int pl_stream_return(pl_stream *s)
{
    pl_failure_clear_last(); /* there may be one of a call that a task made on this thread */
    pthread_mutex_lock(&s->mutex);
    bool by_failure = s->has_failure && !s->refused;
    int failed = s->failure.state == PARALLEL_CRASHED ? EOWNERDEAD : s->failure.code;
    int code = s->refused ? s->refused : by_failure ? failed : s->stopped ? s->stopped : s->source;
    if (by_failure)
        pl_failure_set_last(&s->failure, &(pl_failed_call){.function = s->function.name,
                                                           .arg_size = s->function.arg_size,
                                                           .arg_align = s->function.arg_align});
    pthread_mutex_unlock(&s->mutex);
    if (!code)
        return 0;
    if (!by_failure)
        say_end(s, code);
    errno = code;
    return -1;
}
