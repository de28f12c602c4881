/* SPDX-License-Identifier: MIT */
/* Items that the caller runs alone; stream_map_alone.h says when. */
#include "stream/stream_map_alone.h"

#include "base/os.h"
#include "base/unwind.h"

/* How many items are run alone between two looks at the clock, where they are cheap: at first, and at most, in groups
 * that do not last longer than so. */
enum { ALONE_ITEMS = 16, ALONE_MOST = 64, ALONE_NS = 1000 };
/* How many items are measured once one was not cheap. */
enum { TIMED_ITEMS = 64 };
/* How much help is to save before it is called for. */
enum { HELP_US = 20 };

/* What is known of items that are run alone. */
typedef struct parts {
    unsigned group; /* how many items to run before the next look at the clock, if parts are not measured */
    unsigned timed; /* of so many further items they are */
    uint64_t saved; /* ticks that help would have saved */
    uint64_t last;  /* the last look at the clock */
} parts;

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

/* An item of these did not go as it should. False if nothing more begins. */
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

/* The parts of an item have been measured: what help would have saved. */
static void weigh_parts(parts *p, const part_ends *ends)
{
    uint64_t source = ends->source - p->last, sink = ends->sink - ends->run, all = ends->sink - p->last;
    uint64_t longest = source > sink ? source : sink;
    longest = longest > all / 2 ? longest : all / 2;
    p->last = ends->sink;
    p->timed -= p->timed > 0;
    if (all >= pl_stream_map_ends_cheap()) {
        p->saved += all - longest;
        p->timed = TIMED_ITEMS;
    }
}

/* Items have been run without a look at the parts of each: whether they were cheap. */
static void weigh_group(parts *p)
{
    uint64_t now = pl_ticks(), spent = now - p->last;
    bool is_short = spent < ALONE_NS * pl_os_ticks_per_us() / 1000;
    p->timed = spent > p->group * pl_stream_map_ends_cheap() ? TIMED_ITEMS : 0;
    p->group = !is_short ? ALONE_ITEMS : p->group < ALONE_MOST ? 2 * p->group : ALONE_MOST;
    p->last = now;
}

void pl_stream_map_alone_run(pl_stream_map *m)
{
    pl_stream *s = &m->stream;
    pl_context context;
    part_ends ends;
    size_t items = m->items;
    uint64_t start = pl_ticks(), help = m->has_help ? HELP_US * pl_os_ticks_per_us() : UINT64_MAX;
    parts p = {.group = ALONE_ITEMS, .last = start};
    bool more = true, is_plain = s->is_simple && s->function.kernel && !s->policy.progress.callback;
    pl_stream_enter(s, &context, 0);
    while (more && p.saved < help && !pl_stream_look(s) && !pl_stream_map_ends_over(m)) {
        if (p.timed == 0 && is_plain) {
            more = run_some_alone(m, &context, p.group);
            weigh_group(&p);
        } else if ((more = run_one_alone(m, &context, &ends)))
            weigh_parts(&p, &ends);
    }
    pl_context_end(&context);
    if (m->items - items >= ALONE_ITEMS)
        pl_cost_learn(m->cost, pl_ticks() - start, m->items - items, PL_COST_UNSURE);
}
