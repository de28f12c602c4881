/* SPDX-License-Identifier: MIT */
/* Sorts: some items in a body of a loop; and what the call's loops have in common. */
#include <errno.h>
#include <stdint.h>

#include "base/os.h"
#include "base/unwind.h"
#include "call/context.h"
#include "collections/sort.h"

size_t pl_sort_effort(size_t n)
{
    size_t log = 1;
    while (log < sizeof n * 8 - 1 && n >> log)
        log++;
    return n > SIZE_MAX / log ? SIZE_MAX : n * log;
}

static bool is_over(void *context)
{
    return pl_context_reason(context) != 0;
}

pl_sort_over *pl_sort_stopper(void)
{
    const pl_context *context = pl_context_thread.context;
    return context->parent || context->deadline || context->span.stop ? is_over : NULL;
}

bool pl_sort_is_over(void)
{
    pl_sort_over *stopper = pl_sort_stopper();
    return stopper && stopper(pl_context_thread.context);
}

int pl_sort_reason(const pl_sort_call *c)
{
    int why = pl_context_thread.context ? pl_context_reason(pl_context_thread.context) : 0;
    if (why)
        return why;
    return c->deadline && pl_os_nanoseconds() > c->deadline ? ETIMEDOUT : ECANCELED;
}

const parallel_options *pl_sort_options(const pl_sort_call *c, pl_sort_report report, parallel_options *room)
{
    if (!c->has_options)
        return NULL;
    *room = c->merged;
    if (report == PL_SORT_SILENTLY)
        room->progress = NULL;
    if (c->deadline) {
        uint64_t now = pl_os_nanoseconds();
        room->call_timeout = now < c->deadline ? (double)(c->deadline - now) / 1e9 : 1e-9;
    }
    return room;
}

int pl_sort_loop(const pl_sort_call *c, pl_blocks_work *work, void (*treat)(size_t begin, size_t end, void *ctx),
                 pl_sort_report report)
{
    parallel_options room;
    pl_cost *cost = pl_cost_of((uintptr_t)treat * 31 + (uintptr_t)c->order.call + c->order.type_size);
    work->treat = treat;
    return pl_blocks_treat(work, cost, pl_sort_options(c, report, &room), NULL, c->request);
}

/* ---- some items ------------------------------------------------------------------------------------------ */

/* A sort of some items that may be left by another way than returning. */
typedef struct sort_in_progress {
    parallel_sorting *s;
    size_t size;
} sort_in_progress;

static void settle_items(void *in_progress)
{
    const sort_in_progress *p = in_progress;
    parallel_sort_settle(p->s, p->size);
}

PL_NOT_INLINED bool pl_sort_some(parallel_sorting *s, const parallel_order *order, bool is_elsewhere)
{
    sort_in_progress p = {s, order->type_size};
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    s->is_over = pl_sort_stopper();
    s->ctx = pl_context_thread.context;
    s->stopped = false;
    s->count = s->n > 0;
    s->segments[0] = (parallel_segment){.end = s->n, .is_elsewhere = is_elsewhere, .rest = PARALLEL_SORT_BAD_};
    pl_cleanup_begin(&cleanup, settle_items, &p);
    order->sorter->sort(s, order);
    pl_cleanup_end(&cleanup);
    settle_items(&p);
    return !s->stopped;
}
