/* SPDX-License-Identifier: MIT */
/* What a task can ask and do while it runs. */
#include <errno.h>
#include <math.h>

#include "call/internal.h"
#include "base/os.h"
#include "executors/process/group.h"

/* How often a sleeper looks in a worker process, whose stop words are raised by other processes, which do not nudge it. */
#define LOOK_NS UINT64_C(5000000)

int pl_chunk_unwinds(int version, int actions, uint64_t kind, void *exception, void *context)
{
    pl_chunk *chunk = pl_this_thread.chunk;
    if (!(actions & PL_UNWIND_IS_FORCED))
        return pl_unwind_barrier(version, actions, kind, exception, context);
    if (chunk->can_fail)
        pl_chunk_end(chunk);
    else /* it has no message */
        pl_this_thread.chunk = chunk->outer;
    return PL_UNWIND_GO_ON;
}

int pl_chunk_reason(const pl_chunk *chunk)
{
    for (; chunk; chunk = chunk->parent) {
        if (chunk->deadline && pl_os_nanoseconds() > chunk->deadline)
            return ETIMEDOUT;
        if (chunk->span.stop && pl_stop_level(chunk->span.stop) == PL_STOP_ALL)
            return ECANCELED;
    }
    return 0;
}

/* The same for the calling thread's task, which is told. */
static int told_reason(void)
{
    pl_chunk *chunk = pl_this_thread.chunk;
    int why = pl_chunk_reason(chunk);
    if (why) {
        chunk->gave_up = true;
        chunk->gave_up_index = chunk->span.index;
    }
    return why;
}

bool parallel_cancelled(void)
{
    return told_reason() != 0;
}

static bool is_over(void *context)
{
    int *why = context;
    *why = told_reason();
    return *why != 0;
}

/* When the first deadline around the calling thread's task is over. */
static uint64_t first_deadline(void)
{
    uint64_t first = UINT64_MAX;
    for (const pl_chunk *chunk = pl_this_thread.chunk; chunk; chunk = chunk->parent)
        if (chunk->deadline && chunk->deadline < first)
            first = chunk->deadline + 1;
    return first;
}

int parallel_sleep(double seconds)
{
    if (isnan(seconds)) {
        errno = EINVAL;
        return -1;
    }
    int state = pl_os_cancel_defer(); /* where the system has no better way to sleep, that is a cancellation point */
    uint64_t now = pl_os_nanoseconds(), until = UINT64_MAX, deadline = first_deadline();
    if (seconds < 1e9)
        until = now + (seconds > 0 ? (uint64_t)(seconds * 1e9) : 0);
    int why = 0;
    const void *root = pl_this_thread.chunk ? pl_chunk_root(pl_this_thread.chunk) : NULL;
    deadline = deadline < until ? deadline : until;
    for (;;) {
        uint64_t wake = deadline;
        if (pl_in_worker_process() && deadline - pl_os_nanoseconds() > LOOK_NS)
            wake = pl_os_nanoseconds() + LOOK_NS;
        if (pl_stop_sleep(root, wake, is_over, &why))
            break;
        if (pl_os_nanoseconds() >= until)
            break;
    }
    pl_os_cancel_restore(state);
    if (!why)
        return 0;
    errno = why;
    return -1;
}
