/* SPDX-License-Identifier: MIT */
/* What a task can ask and do while it runs. */
#include <errno.h>
#include <math.h>

#include "call/context.h"
#include "call/error.h"
#include "base/os.h"

/* How often a sleeper looks in a worker process, whose stop words are raised by other processes, which do not notify
 * it. */
#define LOOK_NS UINT64_C(5000000)

_Thread_local pl_thread pl_context_thread;

/* A piece is unwound. */
static void end_piece(const pl_piece_limit *piece)
{
    if (piece->others && pl_watch_was_relieved(piece->watch))
        piece->abandon(piece->others);
    pl_watch_end(piece->watch);
}

int pl_context_unwinds(int version, int actions, uint64_t kind, void *exception, void *unwinder)
{
    pl_context *context = pl_context_thread.context;
    if (!(actions & PL_UNWIND_IS_FORCED))
        return pl_unwind_barrier(version, actions, kind, exception, unwinder);
    if (context->piece)
        end_piece(context->piece);
    if (context->can_fail)
        pl_context_end(context);
    else /* it has no message */
        pl_context_thread.context = context->outer;
    return PL_UNWIND_GO_ON;
}

/* How often a task of a piece looks whether it is late, when that may be; and how long it sleeps at most. */
#define PIECE_LOOK_US 500
#define MOST_US UINT64_C(1000000000)

static bool is_worker_process;

void pl_context_enter_worker_process(void)
{
    is_worker_process = true;
}

bool pl_context_in_worker_process(void)
{
    return is_worker_process;
}

int pl_context_reason(const pl_context *context)
{
    for (; context; context = context->parent) {
        if (context->deadline && pl_os_nanoseconds() > context->deadline)
            return ETIMEDOUT;
        if (context->piece && pl_watch_is_late(context->piece->watch, context->piece->limit))
            return ETIMEDOUT;
        const pl_stop *stop = pl_context_stop(context);
        if (stop && pl_stop_level(stop) == PL_STOP_ALL)
            return ECANCELED;
    }
    return 0;
}

/* The same for the calling thread's task, which is told. */
static int seen_reason(void)
{
    pl_context *context = pl_context_thread.context;
    int why = pl_context_reason(context);
    if (why) {
        context->saw_cancel = true;
        context->saw_cancel_index = context->span.index;
        if (context->piece) /* else one after it may hide that this task was late */
            pl_watch_end_after_task(context->piece->watch);
    }
    return why;
}

bool parallel_cancelled(void)
{
    return seen_reason() != 0;
}

static bool is_over(void *context)
{
    int *why = context;
    *why = seen_reason();
    return *why != 0;
}

/* When it is worth while to look whether a task of a piece is late. */
static uint64_t next_look(const pl_piece_limit *piece)
{
    uint64_t lasted = pl_watch_lasted(piece->watch, pl_ticks());
    uint64_t us = lasted < piece->limit ? (piece->limit - lasted) / pl_os_ticks_per_us() : 0;
    us = us < PIECE_LOOK_US ? PIECE_LOOK_US : us < MOST_US ? us : MOST_US;
    return pl_os_nanoseconds() + us * 1000;
}

/* When the first deadline around the calling thread's task is over, or may be. */
static uint64_t first_deadline(void)
{
    uint64_t first = UINT64_MAX;
    for (const pl_context *context = pl_context_thread.context; context; context = context->parent) {
        uint64_t look = context->piece ? next_look(context->piece) : UINT64_MAX;
        if (context->deadline && context->deadline < first)
            first = context->deadline + 1;
        first = look < first ? look : first;
    }
    return first;
}

int parallel_sleep(double seconds)
{
    if (isnan(seconds))
        return pl_error_refuse(EINVAL, "seconds is NaN");
    int state = pl_os_cancel_defer(); /* where the system has no better way to sleep, that is a cancellation point */
    uint64_t now = pl_os_nanoseconds(), until = UINT64_MAX;
    if (seconds < 1e9)
        until = now + (seconds > 0 ? (uint64_t)(seconds * 1e9) : 0);
    int why = 0;
    const void *root = pl_context_thread.context ? pl_context_root(pl_context_thread.context) : NULL;
    for (;;) {
        uint64_t wake = first_deadline();
        wake = wake < until ? wake : until;
        if (pl_context_in_worker_process() && wake - pl_os_nanoseconds() > LOOK_NS)
            wake = pl_os_nanoseconds() + LOOK_NS;
        if (pl_stop_sleep(root, wake, is_over, &why))
            break;
        if (pl_os_nanoseconds() >= until)
            break;
    }
    pl_os_cancel_restore(state);
    if (!why)
        return 0;
    return pl_error_return(why);
}

size_t parallel_worker_index(void)
{
    return pl_context_thread.context ? pl_context_thread.context->participant : 0;
}
