/* SPDX-License-Identifier: MIT */
/*
 * parallel_stream_map(): a stream whose ends are functions; stream.h says how it works.
 *
 * Items that are so cheap that help costs more than it brings are run by the caller *alone*: source, function and sink
 * in turn, in one slot, past the ring. So is everything where there is one worker. While it is alone, it looks at the
 * clock once in ALONE_ITEMS items; when these were not cheap, it measures the three parts of some, and adds up what
 * help would have saved, which is all but the longest part, or half, if that is more; when that comes to what a wake-up
 * costs, it calls for help: that is, it runs an open loop. That one ends, to be alone again, when ranges have been
 * cheap for a while.
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
#include "stream/stream.h"

/* How many items are run alone between two looks at the clock, where they are cheap. */
enum { ALONE_ITEMS = 16 };
/* What is cheap, in nanoseconds for one item, all of its parts together. */
enum { CHEAP_NS = 300 };
/* How many items are measured once one was not cheap. */
enum { TIMED_ITEMS = 64 };
/* How much help is to save before it is called for. */
enum { HELP_US = 20 };
/* So many ranges in a row have to be cheap. */
enum { CHEAP_RANGES = 16 };

typedef struct stream_map {
    pl_stream stream; /* first */
    int (*source)(void *arg, void *data);
    int (*sink)(const parallel_item *item, void *data);
    void *data;
    bool has_help;                 /* it may have more than one worker */
    bool may_be_alone;             /* none of its tasks waits for another */
    size_t items;                  /* that source has given; of whoever is there */
    unsigned turn;                 /* how many of them the next turn there may take */
    pl_cost *cost;                 /* what an item takes, all of its parts together */
    _Atomic bool has_ended;        /* source has said so */
    _Atomic bool goes_alone;       /* what is in the ring is run, and then the caller goes on alone */
    _Atomic uint32_t idle;         /* how often a thread has found nothing to do */
    _Atomic uint32_t present;      /* how many threads are at work */
    _Atomic uint32_t source_ticks; /* what source takes, an average */
    _Atomic uint32_t sink_ticks;   /* the same of sink */
    _Atomic uint32_t cheap;        /* ranges in a row */
} stream_map;

static uint64_t slow_ticks(void)
{
    return PL_STREAM_RANGE_US * pl_os_ticks_per_us();
}

static uint64_t cheap_ticks(void)
{
    return CHEAP_NS * pl_os_ticks_per_us() / 1000;
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

/* ---- what there is to do --------------------------------------------------------------------------------- */

static bool has_ended(const stream_map *m)
{
    /* V26 seq_cst: part of a look (R1, R2); pairs with V27 */
    return atomic_load_explicit((_Atomic bool *)&m->has_ended, memory_order_seq_cst) ||
           pl_stream_limits(&m->stream) != PL_STREAM_ALL;
}

static bool is_to_go_alone(const stream_map *m)
{
    /* V28 seq_cst: part of a look; pairs with V29 */
    return atomic_load_explicit((_Atomic bool *)&m->goes_alone, memory_order_seq_cst);
}

/* Whether source is to be asked. */
static bool wants_more(const stream_map *m)
{
    return pl_ring_has_room(&m->stream.ring) && !has_ended(m) && !is_to_go_alone(m);
}

/* Whether there is something for one more thread. */
static bool has_more(const stream_map *m)
{
    const pl_ring *ring = &m->stream.ring;
    return pl_ring_has_waiting(ring) || (!pl_ring_at_source(ring) && wants_more(m));
}

/* A thread has found nothing to do. Whether there is something after all. */
static bool looks_again(stream_map *m)
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
    stream_map *map;
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

/* ---- source ---------------------------------------------------------------------------------------------- */

/* Source is not asked any more. */
static void end_source(stream_map *m, int code)
{
    if (code < 0)
        pl_stream_break(&m->stream, -code);
    /* V27 seq_cst: a look after this sees it; pairs with V26 */
    atomic_store_explicit(&m->has_ended, true, memory_order_seq_cst);
}

/* Asks source for the next item, and publishes it. False if there is none. */
PL_NOT_INLINED static bool ask_source(stream_map *m)
{
    pl_stream *s = &m->stream;
    PL_UNWIND_BARRIER();
    pl_stream_slot *slot = pl_ring_spare(&s->ring);
    pl_stream_renew(s, slot);
    int code = m->source(pl_stream_arg(s, slot), m->data);
    if (code <= 0) {
        end_source(m, code);
        return false;
    }
    slot->number = m->items++;
    pl_ring_publish(&s->ring, slot);
    return true;
}

/* At source: takes what one range has, unless source is slow, or nobody is there to run it meanwhile. */
static void take_turn(hand *h)
{
    stream_map *m = h->map;
    uint64_t slow = slow_ticks(), start = pl_ticks(), before = start, spent;
    /* V30 relaxed: a hint; pairs with V31, V32 */
    bool is_alone = atomic_load_explicit(&m->present, memory_order_relaxed) < 2;
    size_t room = pl_ring_room(&m->stream.ring);
    unsigned want = is_alone ? 1 : m->turn, most = room < want ? (unsigned)room : want, count = 0;
    do {
        if (!ask_source(m))
            return;
        uint64_t now = pl_ticks();
        spent = now - before;
        before = now;
        add_to_average(&m->source_ticks, spent);
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
    if (has_room)
        take_turn(h);
    pl_ring_leave_source(ring);
    return true; /* also where there was no room: others may have left because of this turn, so it looks again */
}

/* ---- sink ------------------------------------------------------------------------------------------------ */

/* Gives an item to sink. */
PL_NOT_INLINED static void give_item(stream_map *m, pl_stream_slot *slot)
{
    pl_stream *s = &m->stream;
    PL_UNWIND_BARRIER();
    parallel_item item = pl_stream_item(s, slot);
    int code = m->sink(&item, m->data);
    if (code)
        pl_stream_refuse(s, code, slot->number);
}

/* At sink: gives the head. */
static void give_head(hand *h, pl_stream_slot *slot)
{
    stream_map *m = h->map;
    call_others(h);
    uint64_t start = pl_ticks();
    give_item(m, slot);
    uint64_t spent = pl_ticks() - start;
    h->sink_ticks += spent;
    h->given++;
    h->failed += slot->failed;
    add_to_average(&m->sink_ticks, spent);
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
static void look_whether_cheap(stream_map *m)
{
    uint64_t one =
        (uint64_t)average_of(&m->stream.item_ticks) + average_of(&m->source_ticks) + average_of(&m->sink_ticks);
    uint32_t cheap = one < cheap_ticks() ? average_of(&m->cheap) + 1 : 0;
    /* V33 relaxed: a count that one of several at once will do for; pairs with V24 */
    atomic_store_explicit(&m->cheap, cheap, memory_order_relaxed);
    if (cheap > CHEAP_RANGES && m->may_be_alone) {
        /* V29 seq_cst: a look after this sees it; pairs with V28 */
        atomic_store_explicit(&m->goes_alone, true, memory_order_seq_cst);
    }
}

static bool try_items(hand *h)
{
    stream_map *m = h->map;
    pl_stream *s = &m->stream;
    pl_ring_range range;
    bool is_slow = average_of(&m->sink_ticks) > slow_ticks();
    if (!pl_ring_claim(&s->ring, is_slow ? 1 : pl_stream_range(s), &range))
        return false;
    call_others(h);
    uint64_t start = pl_ticks(), at_sink = h->sink_ticks;
    bool has_turn = false; /* at sink: the next item of the range is the head */
    for (unsigned i = 0; i < range.count; i++) {
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

/* ---- alone ----------------------------------------------------------------------------------------------- */

/* What is known of items that are run alone. */
typedef struct parts {
    unsigned timed; /* of so many further items the parts are measured */
    uint64_t saved; /* ticks that help would have saved */
    uint64_t last;  /* the last look at the clock */
} parts;

/* When the parts of an item have ended. */
typedef struct part_ends {
    uint64_t source, run, sink;
} part_ends;

/* One item, from source to sink. False if there is none. */
PL_NOT_INLINED static bool run_one_alone(stream_map *m, pl_context *context, part_ends *ends)
{
    pl_stream *s = &m->stream;
    pl_stream_slot *slot = s->alone;
    PL_UNWIND_BARRIER();
    pl_stream_renew(s, slot);
    int code = m->source(pl_stream_arg(s, slot), m->data);
    if (code <= 0) {
        end_source(m, code);
        return false;
    }
    ends->source = pl_ticks();
    slot->number = m->items++;
    pl_stream_run(s, context, slot);
    ends->run = pl_ticks();
    give_item(m, slot);
    ends->sink = pl_ticks();
    if (s->policy.progress.callback)
        pl_progress_add(&s->policy.progress, 1, slot->failed);
    pl_stream_drop(s, slot);
    return true;
}

/* An item of these did not go as it should. False if nothing more begins. */
static bool give_failed_item(stream_map *m, pl_context *context, pl_stream_slot *slot, bool began)
{
    pl_stream_ended(&m->stream, context, slot, began);
    give_item(m, slot);
    pl_stream_drop(&m->stream, slot);
    return !has_ended(m);
}

/* Some items in the same way, of a simple stream, by the function's kernel. False if there are no more. */
PL_NOT_INLINED static bool run_some_alone(stream_map *m, pl_context *context)
{
    pl_stream *s = &m->stream;
    pl_stream_slot *slot = s->alone;
    void *arg = pl_stream_arg(s, slot);
    parallel_item item = pl_stream_item(s, slot);
    bool can_fail = pl_function_can_fail(&s->function);
    size_t end = m->items + ALONE_ITEMS;
    PL_UNWIND_BARRIER();
    pl_stream_bind(s, context, slot);
    while (m->items != end) {
        pl_stream_renew(s, slot);
        int code = m->source(arg, m->data);
        if (code <= 0) {
            end_source(m, code);
            return false;
        }
        slot->number = item.index = m->items++;
        if (can_fail) {
            context->can_fail = true;
            bool began = s->function.kernel(&context->span, 0, 1) == 1;
            context->can_fail = false;
            if (!began || context->span.code || context->message) {
                if (!give_failed_item(m, context, slot, began))
                    return false;
                continue;
            }
        } else
            s->function.kernel(&context->span, 0, 1);
        if ((code = m->sink(&item, m->data)) != 0) {
            pl_stream_refuse(s, code, slot->number);
            return false;
        }
    }
    return true;
}

/* The parts of an item have been measured: what help would have saved. */
static void weigh_parts(parts *p, const part_ends *ends)
{
    uint64_t source = ends->source - p->last, sink = ends->sink - ends->run, all = ends->sink - p->last;
    uint64_t longest = source > sink ? source : sink;
    longest = longest > all / 2 ? longest : all / 2;
    p->last = ends->sink;
    p->timed -= p->timed > 0;
    if (all >= cheap_ticks()) {
        p->saved += all - longest;
        p->timed = TIMED_ITEMS;
    }
}

/* Items have been run without a look at the parts of each: whether they were cheap. */
static void weigh_group(parts *p)
{
    uint64_t now = pl_ticks();
    p->timed = now - p->last > ALONE_ITEMS * cheap_ticks() ? TIMED_ITEMS : 0;
    p->last = now;
}

/* Runs items on the caller alone, until there are no more, or help is to be called for. */
static void run_alone(stream_map *m)
{
    pl_stream *s = &m->stream;
    pl_context context;
    part_ends ends;
    size_t items = m->items;
    uint64_t start = pl_ticks(), help = m->has_help ? HELP_US * pl_os_ticks_per_us() : UINT64_MAX;
    parts p = {.last = start};
    bool more = true, is_plain = s->is_simple && s->function.kernel && !s->policy.progress.callback;
    pl_stream_enter(s, &context, 0);
    while (more && p.saved < help && !pl_stream_look(s) && !has_ended(m)) {
        if (p.timed == 0 && is_plain) {
            more = run_some_alone(m, &context);
            weigh_group(&p);
        } else if ((more = run_one_alone(m, &context, &ends)))
            weigh_parts(&p, &ends);
    }
    pl_context_end(&context);
    if (m->items - items >= ALONE_ITEMS)
        pl_cost_learn(m->cost, pl_ticks() - start, m->items - items, PL_COST_UNSURE);
}

/* ---- a call ---------------------------------------------------------------------------------------------- */

static bool is_over(const stream_map *m)
{
    return has_ended(m) && pl_ring_is_empty(&m->stream.ring);
}

/* Runs items with help, until there are no more, or they are cheap. */
static void run_shared(stream_map *m)
{
    static const pl_open_loop open = {.work = work_on_stream, .has_some = has_some};
    pl_loop_spec spec = {.open = &open, .ctx = m, .workers = m->stream.workers, .cost = m->cost};
    /* V34 relaxed: nobody else is there; pairs with V28 */
    atomic_store_explicit(&m->goes_alone, false, memory_order_relaxed);
    /* V35 relaxed: as V34; pairs with V24 */
    atomic_store_explicit(&m->cheap, 0, memory_order_relaxed);
    m->turn = 1;
    pl_loop_run(&spec);
    if (m->may_be_alone && average_of(&m->stream.item_ticks))
        pl_cost_learn(m->cost, average_of(&m->stream.item_ticks), 1, PL_COST_UNSURE);
}

/* Whether the caller is to begin alone: as it will stay so, or items are known to be cheap. */
static bool begins_alone(const stream_map *m)
{
    return !m->has_help || (m->may_be_alone && pl_cost_guess(m->cost, 1) < cheap_ticks());
}

static void run_all(stream_map *m)
{
    bool is_alone = begins_alone(m);
    while (!is_over(m)) {
        if (is_alone)
            run_alone(m);
        if (!is_over(m) && m->has_help)
            run_shared(m);
        is_alone = true;
    }
}

/* Runs all on the pool that it is for. */
static void run_on_pool(stream_map *m)
{
    pl_stream *s = &m->stream;
    const pl_pool_handle *pool = (const pl_pool_handle *)s->options.pool;
    pl_attachment attachment = {.pool = NULL};
    if (pool && s->options.executor != PARALLEL_SERIAL)
        pl_pool_attach(&attachment, pool->pool);
    m->has_help = s->workers > 1;
    m->may_be_alone = s->workers <= pl_pool_cores();
    run_all(m);
    if (attachment.pool)
        pl_pool_detach(&attachment);
}

static void end_progress(stream_map *m)
{
    pl_context context;
    if (!m->stream.policy.progress.callback)
        return;
    pl_stream_enter(&m->stream, &context, 0);
    pl_progress_end(&m->stream.policy.progress);
    pl_context_end(&context);
}

int pl_stream_map_run(const parallel_function *f, int (*source)(void *arg, void *data),
                      int (*sink)(const parallel_item *item, void *data), void *data, const parallel_options *options,
                      const pl_request *request)
{
    stream_map m = {.source = source, .sink = sink, .data = data};
    pl_failure_clear_last();
    if (!source || !sink)
        return pl_error_refuse(EINVAL, source ? "the sink is NULL" : "the source is NULL");
    if (!pl_stream_init(&m.stream, f, options, request))
        return -1;
    int state = pl_os_cancel_defer();
    m.cost = pl_cost_of(pl_stream_cost_key(&m.stream));
    run_on_pool(&m);
    end_progress(&m);
    pl_os_cancel_restore(state);
    int result = pl_stream_return(&m.stream), saved = errno;
    pl_stream_end(&m.stream);
    errno = saved;
    return result;
}
