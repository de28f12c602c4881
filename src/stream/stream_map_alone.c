/* SPDX-License-Identifier: MIT */
/* Items that the caller runs alone; stream_map_alone.h says when. */
#include "stream/stream_map_alone.h"

#include "base/os.h"
#include "base/unwind.h"
#include "sched/trace.h"

/* How many items are run alone between two looks at the clock, where they are cheap: at first, and at most, in groups
 * that do not last longer than so. */
enum { ALONE_ITEMS = 16, ALONE_MOST = 64, ALONE_NS = 1000 };
/* How many items are measured once one was not cheap. */
enum { TIMED_ITEMS = 64 };
/* How much help is to save before it is called for. */
enum { HELP_US = 20 };

/* When the parts of an item have ended. */
typedef struct part_ends {
    uint64_t source, run, sink;
} part_ends;

/* One item, from source to sink. False if there is none. */
PL_NOT_INLINED static bool run_one_alone(pl_stream_map *m, pl_context *context, part_ends *ends)
{
    pl_stream *s = &m->stream;
    pl_stream_slot *slot = s->alone;
    PL_UNWIND_BARRIER();
    pl_stream_renew(s, slot);
    int code = m->source(pl_stream_arg(s, slot), m->data);
    if (code <= 0) {
        pl_stream_map_ends_stop(m, code);
        return false;
    }
    ends->source = pl_ticks();
    slot->number = m->items++;
    pl_stream_run(s, context, slot);
    ends->run = pl_ticks();
    pl_stream_map_ends_give(m, slot);
    ends->sink = pl_ticks();
    if (s->policy.progress.callback)
        pl_progress_add(&s->policy.progress, 1, slot->failed);
    pl_stream_drop(s, slot);
    return true;
}

/* An item of a group did not go as it should. False if nothing more begins. */
static bool give_failed_item(pl_stream_map *m, pl_context *context, pl_stream_slot *slot, bool began)
{
    pl_stream_ended(&m->stream, context, slot, began);
    pl_stream_map_ends_give(m, slot);
    pl_stream_drop(&m->stream, slot);
    return !pl_stream_map_ends_over(m);
}

/* Some items in the same way, of a simple stream, by the function's kernel. False if there are no more. */
PL_NOT_INLINED static bool run_some_alone(pl_stream_map *m, pl_context *context, unsigned count)
{
    pl_stream *s = &m->stream;
    pl_stream_slot *slot = s->alone;
    void *arg = pl_stream_arg(s, slot);
    parallel_item item = pl_stream_item(s, slot);
    bool can_fail = pl_function_can_fail(&s->function), more = true, began;
    size_t bytes = (can_fail ? s->failure_at : s->result_at) - s->arg_at; /* else results are written as a whole */
    size_t number = m->items, end = number + count;
    PL_UNWIND_BARRIER();
    pl_stream_bind(s, context, slot);
    for (int code; more && number != end; number++) {
        pl_stream_zero(arg, bytes);
        if ((code = m->source(arg, m->data)) <= 0) {
            pl_stream_map_ends_stop(m, code);
            more = false;
            break;
        }
        item.index = number;
        if (!can_fail)
            s->function.kernel(&context->span, 0, 1);
        else if (!pl_stream_call_bound(s, context, &began)) {
            slot->number = number;
            more = give_failed_item(m, context, slot, began);
            continue;
        }
        if ((code = m->sink(&item, m->data)) != 0) {
            pl_stream_refuse(s, code, number);
            more = false;
        }
    }
    m->items = number;
    return more;
}

/* ---- what help would save ---------------------------------------------------------------------------------- */

/* The parts of an item have been measured: what help would have saved. */
static void weigh_parts(pl_stream_map_alone *a, const part_ends *ends)
{
    uint64_t source = ends->source - a->last, sink = ends->sink - ends->run, all = ends->sink - a->last;
    uint64_t longest = source > sink ? source : sink;
    longest = longest > all / 2 ? longest : all / 2;
    a->last = ends->sink;
    a->timed -= a->timed > 0;
    if (all >= pl_stream_map_ends_cheap()) {
        a->saved += all - longest;
        a->timed = TIMED_ITEMS;
    }
}

/* Items have been run without a look at the parts of each: whether they were cheap. */
static void weigh_group(pl_stream_map_alone *a)
{
    uint64_t now = pl_ticks(), spent = now - a->last;
    bool is_short = spent < ALONE_NS * pl_os_ticks_per_us() / 1000;
    a->timed = spent > a->group * pl_stream_map_ends_cheap() ? TIMED_ITEMS : 0;
    a->group = !is_short ? ALONE_ITEMS : a->group < ALONE_MOST ? 2 * a->group : ALONE_MOST;
    a->last = now;
}

/* ---- for who makes the call -------------------------------------------------------------------------------- */

static void begin_alone(pl_stream_map *m, pl_stream_map_alone *a)
{
    const pl_stream *s = &m->stream;
    a->is_open = true;
    a->is_plain = s->is_simple && s->function.kernel && !s->policy.progress.callback;
    a->more = true;
    a->group = ALONE_ITEMS;
    a->timed = 0;
    a->saved = 0;
    a->help = m->has_help ? HELP_US * pl_os_ticks_per_us() : UINT64_MAX;
    a->start = a->last = pl_ticks();
    a->items = m->items;
    pl_stream_enter(s, &a->context, 0);
}

static void end_alone(const pl_stream_map *m, pl_stream_map_alone *a)
{
    pl_context_end(&a->context);
    uint64_t now = pl_ticks();
    if (m->items - a->items >= ALONE_ITEMS)
        pl_cost_learn(m->cost, now - a->start, m->items - a->items, PL_COST_UNSURE);
    if (m->traced)
        pl_trace_run(m->traced, a->start, now, 0, 0, 1);
    a->is_open = false;
}

bool pl_stream_map_alone_next(pl_stream_map *m, pl_stream_map_alone *a)
{
    pl_stream *s = &m->stream;
    part_ends ends;
    if (!a->is_open)
        begin_alone(m, a);
    while (a->more && a->saved < a->help && !pl_stream_look(s) && !pl_stream_map_ends_over(m)) {
        if (a->timed == 0 && a->is_plain) {
            if (m->has_batches) {
                a->context.can_fail = pl_function_can_fail(&s->function);
                return true;
            }
            a->more = run_some_alone(m, &a->context, a->group);
            weigh_group(a);
        } else if ((a->more = run_one_alone(m, &a->context, &ends)))
            weigh_parts(a, &ends);
    }
    end_alone(m, a);
    return false;
}

void pl_stream_map_alone_ran(pl_stream_map *m, pl_stream_map_alone *a, const parallel_stream_batch *batch)
{
    pl_stream_slot *slot = m->stream.alone;
    a->context.can_fail = false;
    m->items = batch->next;
    switch ((parallel_stream_batch_end)batch->how) {
    case PARALLEL_STREAM_BATCH_DONE:
        break;
    case PARALLEL_STREAM_BATCH_SOURCE:
        pl_stream_map_ends_stop(m, batch->code);
        a->more = false;
        break;
    case PARALLEL_STREAM_BATCH_SINK:
        pl_stream_refuse(&m->stream, batch->code, batch->next - 1);
        a->more = false;
        break;
    case PARALLEL_STREAM_BATCH_ITEM:
        slot->number = m->items++;
        a->more = give_failed_item(m, &a->context, slot, true);
        break;
    }
    weigh_group(a);
}
