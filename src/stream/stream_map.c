/* SPDX-License-Identifier: MIT */
/*
 * parallel_stream_map(): a stream whose ends are functions; stream.h says how it works.
 *
 * It is the caller alone who works on it (stream_map_alone.h), or an open loop: that one ends, and the caller is alone
 * again, when ranges have been cheap for a while.
 */
#include "stream/stream_map.h"

#include <errno.h>
#include <stdlib.h>

#include "base/os.h"
#include "base/unwind.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/handle.h"
#include "sched/loop.h"
#include "sched/pool.h"
#include "sched/trace.h"
#include "sched/trace_name.h"
#include "stream/stream_apart.h"
#include "stream/stream_map_ends.h"

/* Of source and sink that are cheap, one call in so many is measured. */
enum { MEASURED_ITEMS = 16 };
/* What takes longer at an end shows in a trace. */
enum { TRACED_US = 10 };
/* So many ranges in a row have to be cheap. */
enum { CHEAP_RANGES = 16 };

static uint64_t slow_ticks(void)
{
    return PL_STREAM_SLOW_US * pl_os_ticks_per_us();
}

/* ---- averages -------------------------------------------------------------------------------------------- */

static uint32_t average_of(_Atomic uint32_t *average)
{
    /* V24 relaxed: a number by itself; pairs with V25 */
    return atomic_load_explicit(average, memory_order_relaxed);
}

static void add_to_average(_Atomic uint32_t *average, uint64_t ticks)
{
    uint32_t old = average_of(average), one = ticks < UINT32_MAX / 2 ? (uint32_t)ticks : UINT32_MAX / 2;
    /* V25 relaxed: as V24; whoever is at that end alone writes; pairs with V24 */
    atomic_store_explicit(average, old - old / 8 + one / 8, memory_order_relaxed);
}

/* Whether to measure a part of the next item: of those that are short as a rule, some are enough. */
static bool is_measured(_Atomic uint32_t *average, size_t item)
{
    return item % MEASURED_ITEMS == 0 || average_of(average) > pl_stream_map_ends_cheap();
}

/* ---- what there is to do --------------------------------------------------------------------------------- */

static bool is_to_go_alone(const pl_stream_map *m)
{
    /* V28 seq_cst: part of a look; pairs with V29 */
    return atomic_load_explicit((_Atomic bool *)&m->goes_alone, memory_order_seq_cst);
}

/* Whether source is to be asked. */
static bool wants_more(const pl_stream_map *m)
{
    return pl_ring_has_room(&m->stream.ring) && !pl_stream_map_ends_over(m) && !is_to_go_alone(m);
}

/* Whether there is something for one more thread. */
static bool has_more(const pl_stream_map *m)
{
    const pl_ring *ring = &m->stream.ring;
    return pl_ring_has_waiting(ring) || (!pl_ring_at_source(ring) && wants_more(m));
}

/* A thread has found nothing to do. Whether there is something after all. */
static bool looks_again(pl_stream_map *m)
{
    /* V36 seq_cst: before one more look, in S; pairs with V37 */
    atomic_fetch_add_explicit(&m->idle, 1, memory_order_seq_cst);
    return has_more(m);
}

static bool has_some(void *map, bool for_caller)
{
    return has_more(map) || (for_caller && looks_again(map));
}

/* A thread that works on the stream. */
typedef struct hand {
    pl_stream_map *map;
    pl_participant *participant; /* NULL: it is alone */
    pl_context context;
    bool has_called;      /* others, */
    uint64_t sink_ticks;  /* how long it has been at sink */
    size_t given, failed; /* items that it has given, and that had failed among them */
    uint32_t idle;        /* when so many had found nothing to do */
} hand;

/* Before what may take long: somebody is to come for what else there is. Whoever has been called is at work, or on the
 * way, unless it has found nothing meanwhile. */
static void call_others(hand *h)
{
    /* V37 seq_cst: after what this thread has made possible, in S: so it sees that somebody has found nothing, or that
     * one sees what it could do; pairs with V36 */
    uint32_t idle = atomic_load_explicit(&h->map->idle, memory_order_seq_cst);
    if (!h->participant || (h->has_called && h->idle == idle) || !has_more(h->map))
        return;
    pl_loop_offer(h->participant);
    h->has_called = true;
    h->idle = idle;
}

/* For a trace: a thread has been at source, or at sink, since then. What is short shows as a part of the stream. */
static void trace_end(const pl_stream_map *m, const char *which, uint64_t start, uint64_t items)
{
    uint64_t now = pl_ticks();
    if (now - start > TRACED_US * pl_os_ticks_per_us())
        pl_trace_record(PL_TRACE_END, m->traced, start, now, items, pl_trace_name(which, m->stream.function.name), 0);
}

/* ---- source ---------------------------------------------------------------------------------------------- */

/* Asks source for the next item, and publishes it. False if there is none. */
PL_NOT_INLINED static bool ask_source(pl_stream_map *m)
{
    pl_stream *s = &m->stream;
    PL_UNWIND_BARRIER();
    pl_stream_slot *slot = pl_ring_spare(&s->ring);
    pl_stream_renew(s, slot);
    int code = m->source(pl_stream_arg(s, slot), m->data);
    if (code <= 0) {
        pl_stream_map_ends_stop(m, code);
        return false;
    }
    slot->number = m->items++;
    pl_ring_publish(&s->ring, slot);
    return true;
}

/* At source: takes what one range has, unless source is slow, or nobody is there to run it meanwhile. */
static void take_turn(hand *h)
{
    pl_stream_map *m = h->map;
    uint64_t slow = slow_ticks(), start = pl_ticks(), before = start, spent = 0;
    /* V30 relaxed: a hint; pairs with V31, V32 */
    bool is_alone = !m->stream.lanes && atomic_load_explicit(&m->present, memory_order_relaxed) < 2;
    size_t room = pl_ring_room(&m->stream.ring);
    unsigned want = is_alone ? 1 : m->turn, most = room < want ? (unsigned)room : want, count = 0, asked = 0;
    do {
        if (!ask_source(m))
            return;
        asked++;
        if (is_measured(&m->source_ticks, count)) {
            uint64_t now = pl_ticks();
            spent = (now - before) / asked;
            add_to_average(&m->source_ticks, spent);
            before = now;
            asked = 0;
        }
        if (++count < most)
            call_others(h);
    } while (count < most && before - start < slow && pl_stream_limits(&m->stream) == PL_STREAM_ALL);
    unsigned range = pl_stream_range(&m->stream), twice = 2 * want;
    if (spent > slow)
        m->turn = 1;
    else if (!is_alone)
        m->turn = twice < range ? twice : range;
}

static bool try_source(hand *h)
{
    pl_ring *ring = &h->map->stream.ring;
    if (!wants_more(h->map) || !pl_ring_try_source(ring))
        return false;
    bool has_room = wants_more(h->map);
    uint64_t start = h->map->traced ? pl_ticks() : 0;
    size_t before = h->map->items;
    if (has_room)
        take_turn(h);
    if (has_room && h->map->traced)
        trace_end(h->map, "source", start, h->map->items - before);
    pl_ring_leave_source(ring);
    return true; /* also where there was no room: others may have left because of this turn, so it looks again */
}

/* ---- sink ------------------------------------------------------------------------------------------------ */

/* At sink: gives the head. */
static void give_head(hand *h, pl_stream_slot *slot)
{
    pl_stream_map *m = h->map;
    call_others(h);
    bool measured = m->traced || is_measured(&m->sink_ticks, h->given);
    uint64_t start = measured ? pl_ticks() : 0;
    pl_stream_map_ends_give(m, slot);
    uint64_t spent = measured ? pl_ticks() - start : average_of(&m->sink_ticks);
    if (m->traced)
        trace_end(m, "sink", start, 1);
    if (measured)
        add_to_average(&m->sink_ticks, spent);
    h->sink_ticks += spent;
    h->given++;
    h->failed += slot->failed;
    pl_stream_drop(&m->stream, slot);
    pl_ring_give(&m->stream.ring, slot);
}

/* At sink: gives all heads that have ended. */
static void give_heads(hand *h)
{
    pl_ring *ring = &h->map->stream.ring;
    do
        for (pl_stream_slot *slot; (slot = pl_ring_head(ring));)
            give_head(h, slot);
    while (!pl_ring_leave_sink(ring));
}

/* Tells the callback of progress what has been given. */
static void report_given(hand *h)
{
    pl_progress *progress = &h->map->stream.policy.progress;
    if (progress->callback && h->given)
        pl_progress_add(progress, h->given, h->failed);
}

/* ---- items ----------------------------------------------------------------------------------------------- */

/* A range has been run: goes on alone, if ranges have been cheap for a while. */
static void look_whether_cheap(pl_stream_map *m)
{
    uint64_t one =
        (uint64_t)average_of(&m->stream.item_ticks) + average_of(&m->source_ticks) + average_of(&m->sink_ticks);
    uint32_t cheap = one < pl_stream_map_ends_cheap() ? average_of(&m->cheap) + 1 : 0;
    /* V33 relaxed: a count that one of several at once will do for; pairs with V24 */
    atomic_store_explicit(&m->cheap, cheap, memory_order_relaxed);
    if (cheap > CHEAP_RANGES && m->may_be_alone) {
        /* V29 seq_cst: a look after this sees it; pairs with V28 */
        atomic_store_explicit(&m->goes_alone, true, memory_order_seq_cst);
    }
}

static bool try_items(hand *h)
{
    pl_stream_map *m = h->map;
    pl_stream *s = &m->stream;
    pl_ring_range range;
    bool is_slow = average_of(&m->sink_ticks) > slow_ticks();
    if (!pl_ring_claim(&s->ring, is_slow ? 1 : pl_stream_range(s), &range))
        return false;
    call_others(h);
    uint64_t start = pl_ticks(), at_sink = h->sink_ticks;
    bool have_run = pl_stream_apart_runs(s, &h->context, range.slot, range.count);
    bool has_turn = false; /* at sink: the next item of the range is the head */
    for (unsigned i = 0; i < range.count; i++) {
        if (!have_run)
            pl_stream_run(s, &h->context, range.slot[i]);
        if (has_turn)
            give_head(h, range.slot[i]);
        else if (pl_ring_end(&s->ring, &range, i)) {
            has_turn = true;
            give_head(h, range.slot[i]);
        }
        if (has_turn && (s->ring.is_unordered || i + 1 == range.count)) {
            give_heads(h);
            has_turn = false;
        }
    }
    uint64_t spent = pl_ticks() - start - (h->sink_ticks - at_sink);
    pl_stream_learn(s, spent, range.count);
    look_whether_cheap(m);
    return true;
}

/* What a participant does. */
static pl_loop_found work_on_stream(void *map, pl_participant *p, void *stop, unsigned participant)
{
    hand h = {.map = map, .participant = p};
    (void)stop;
    /* V31 relaxed: a hint; pairs with V30 */
    atomic_fetch_add_explicit(&h.map->present, 1, memory_order_relaxed);
    pl_stream_enter(&h.map->stream, &h.context, participant);
    pl_stream_look(&h.map->stream);
    bool any = try_source(&h);
    any |= try_items(&h);
    report_given(&h);
    pl_context_end(&h.context);
    /* V32 relaxed: a hint; pairs with V30 */
    atomic_fetch_sub_explicit(&h.map->present, 1, memory_order_relaxed);
    return any || looks_again(h.map) ? PL_LOOP_SOME : PL_LOOP_NOTHING;
}

/* ---- a call ---------------------------------------------------------------------------------------------- */

static bool is_over(const pl_stream_map *m)
{
    return pl_stream_map_ends_over(m) && pl_ring_is_empty(&m->stream.ring);
}

/* Runs items with help, until there are no more, or they are cheap. */
static void run_shared(pl_stream_map *m)
{
    static const pl_open_loop open = {.work = work_on_stream, .has_some = has_some};
    pl_loop_spec spec = {.open = &open, .ctx = m, .workers = m->stream.workers, .cost = m->cost};
    /* V34 relaxed: nobody else is there; pairs with V28 */
    atomic_store_explicit(&m->goes_alone, false, memory_order_relaxed);
    /* V35 relaxed: as V34; pairs with V24 */
    atomic_store_explicit(&m->cheap, 0, memory_order_relaxed);
    m->turn = 1;
    pl_trace_own.pending = m->traced; /* it may be one of several loops */
    pl_loop_run(&spec);
    if (m->may_be_alone && average_of(&m->stream.item_ticks))
        pl_cost_learn(m->cost, average_of(&m->stream.item_ticks), 1, PL_COST_UNSURE);
}

/* Whether the caller is to begin alone: as it will stay so, or items are known to be cheap. */
static bool begins_alone(const pl_stream_map *m)
{
    return !m->has_help || (m->may_be_alone && pl_cost_guess(m->cost, 1) < pl_stream_map_ends_cheap());
}

bool pl_stream_map_begin(pl_stream_call *c, const parallel_function *f, const parallel_options *options,
                         const pl_request *request)
{
    pl_stream_map *m = &c->map;
    pl_stream *s = &m->stream;
    pl_failure_clear_last();
    if (!m->source || !m->sink)
        return pl_error_deny(EINVAL, m->source ? "the sink is NULL" : "the source is NULL");
    if (!pl_stream_init(s, f, options, request))
        return false;
    if (!pl_stream_apart_init(s)) {
        pl_stream_end(s);
        return pl_error_deny_memory();
    }
    c->cancelling = pl_os_cancel_defer();
    m->cost = pl_cost_of(pl_stream_cost_key(s));
    if (pl_trace_is_on())
        c->trace = pl_trace_call_begin();
    m->traced = c->trace.number;
    const pl_pool_handle *pool = (const pl_pool_handle *)s->options.pool;
    if (pool && s->options.executor != PARALLEL_SERIAL)
        pl_pool_attach(&c->attachment, pool->pool);
    m->has_help = s->workers > 1 || s->lanes;
    m->may_be_alone = s->workers <= pl_pool_cores() && !s->lanes;
    c->is_alone = begins_alone(m);
    return true;
}

bool pl_stream_map_go_on(pl_stream_call *c)
{
    pl_stream_map *m = &c->map;
    while (!is_over(m) || c->alone.is_open) {
        if (c->is_alone && pl_stream_map_alone_next(m, &c->alone))
            return true;
        if (!is_over(m) && m->has_help)
            run_shared(m);
        c->is_alone = !m->stream.lanes;
    }
    return false;
}

static void end_progress(pl_stream_map *m)
{
    pl_context context;
    if (!m->stream.policy.progress.callback)
        return;
    pl_stream_enter(&m->stream, &context, 0);
    pl_progress_end(&m->stream.policy.progress);
    pl_context_end(&context);
}

int pl_stream_map_end(pl_stream_call *c)
{
    pl_stream_map *m = &c->map;
    if (c->attachment.pool)
        pl_pool_detach(&c->attachment);
    pl_stream_apart_end(&m->stream);
    end_progress(m);
    pl_os_cancel_restore(c->cancelling);
    int result = pl_stream_return(&m->stream), saved = errno;
    if (c->trace.from) {
        c->trace.what = "stream";
        c->trace.name = m->stream.function.name;
        c->trace.n = m->items;
        c->trace.outcome = result ? saved : 0;
        pl_trace_call_end(&c->trace);
    }
    pl_stream_end(&m->stream);
    errno = saved;
    return result;
}

int pl_stream_map_run(const parallel_function *f, int (*source)(void *arg, void *data),
                      int (*sink)(const parallel_item *item, void *data), void *data, const parallel_options *options,
                      const pl_request *request)
{
    pl_stream_call c = {.map = {.source = source, .sink = sink, .data = data}};
    if (!pl_stream_map_begin(&c, f, options, request))
        return -1;
    pl_stream_map_go_on(&c);
    return pl_stream_map_end(&c);
}
