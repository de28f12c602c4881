/* SPDX-License-Identifier: MIT */
/*
 * Searching items by a predicate that cannot fail.
 *
 * The caller begins alone, with small pieces that grow: an item that is near the front is found in about the time of
 * the serial loop. After as much work as it takes to wake somebody, what is left is shared: all take pieces from the
 * front of one range (sched/range.h). Whoever finds an item cuts the range there, so that no piece is begun that lies
 * behind it; those that are under way are given up, or, if they lie before it, finished. So what is found last is the
 * first, and what was looked at beyond it is what others did at the same time: their pieces are short beside what lies
 * before them.
 *
 * *Positions* are indices in the order of the search: from the back, where the last item is wanted.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/plain.h"
#include "collections/blocks.h"
#include "collections/search.h"
#include "sched/chunking.h"
#include "sched/inline.h"
#include "sched/pool.h"
#include "sched/range.h"

/* How long the caller works alone, before it shares what is left, if it has somebody to share it with. */
#define ALONE_US 20
/* What is left to be looked at without looking at the clock. */
#define UNTIMED_NS 400
/* Pieces of the caller's own: the first has so many items at most, and takes so long at most, as far as is known; and
 * they grow by so much. */
enum { FIRST_PIECE = 8, FIRST_NS = 100, GROWTH = 2 };
/* A shared piece is at most so much of what lies before it, for each that takes part. */
enum { PART_BEFORE = 2 };
/* Items in a unit of the range, which has 32 bits, at least: so many are cheap. */
enum { UNIT = 64, UNIT_NS = 100 };
/* Where a kernel has the loop that a search equals, so few items are looked at by it, or any that are not cheap. Of
 * `LEAST_COUNTED` it is found out first whether there is one at all: compilers make vectors of counting, as a rule.
 * That is worth while where it takes so many picoseconds an item; it is tried with the first that come, and wherever
 * they are one part out of so many of what lies before them. */
enum { ONE_BY_ONE = 64, LEAST_COUNTED = 256, COUNTED_PS = 200, COUNTED_PART = 8 };

/* A search that is under way. */
typedef struct item_search {
    const pl_search_call *call;
    const pl_context *task; /* the one that makes the call, or NULL: it may be that it is to give up */
    uint64_t deadline;      /* of the call, in pl_os_nanoseconds(); 0: none */
    pl_cost *cost;          /* of an item */
    unsigned workers;       /* the most that take part */
    size_t grain;           /* items in a piece; 0: what is best */
    size_t at;              /* all positions before have been looked at */
    size_t found;           /* a position, or `n` */
    bool has_counted;       /* some items have been counted, */
    bool counts;            /* and that is worth while */
    bool left_out;          /* the task is to give up, or time is over, and some were not looked at in time */
    pl_progress *progress;  /* who wants to know; or NULL */
} item_search;

/* ---- pieces ---------------------------------------------------------------------------------------------- */

/* Where the items at positions [from, to) begin. */
static size_t first_index(const pl_search_call *s, size_t from, size_t to)
{
    return s->aim == PL_SEARCH_LAST ? s->n - to : from;
}

/* Whether what is sought is not at positions [from, to): that is known sooner than where it is. */
static bool is_in_vain(const pl_search_call *s, size_t from, size_t to)
{
    size_t begin = first_index(s, from, to), length = to - from;
    return pl_search_count_fused(s->f, s->args, begin, begin + length) == (s->aim == PL_SEARCH_FIRST_NOT ? length : 0);
}

/* By the loop that the search equals: the first position of [from, to) that is sought, or `to`. */
static size_t look_one_by_one(const pl_search_call *s, size_t from, size_t to)
{
    static const int words[] = {[PL_SEARCH_FIRST] = PARALLEL_FIND_TRUE_,
                                [PL_SEARCH_LAST] = PARALLEL_FIND_LAST_,
                                [PL_SEARCH_FIRST_NOT] = PARALLEL_FIND_FALSE_};
    size_t before;
    s->f->fused(&before, s->args + first_index(s, from, to) * s->f->arg_size, to - from, words[s->aim]);
    return from + before;
}

/* The same by the predicate's bytes. */
static size_t look_at_bytes(const pl_search_call *s, size_t from, size_t to, unsigned char *bytes)
{
    size_t begin = first_index(s, from, to), length = to - from;
    pl_search_ask(s->f, s->args, begin, begin + length, bytes);
    size_t i = pl_search_bytes(s->aim, bytes, length);
    return i == length ? to : from + (s->aim == PL_SEARCH_LAST ? length - 1 - i : i);
}

/* Looks at positions [from, to), PL_SEARCH_BUFFER or fewer: the first that is sought, or `to`. */
static inline size_t search_piece(const pl_search_call *s, size_t from, size_t to, unsigned char *bytes, bool counts)
{
    if (!s->f->fused)
        return look_at_bytes(s, from, to, bytes);
    if (!counts || to - from <= ONE_BY_ONE)
        return look_one_by_one(s, from, to);
    if (to - from >= LEAST_COUNTED) {
        if (is_in_vain(s, from, to))
            return to;
        while (to - from > LEAST_COUNTED && is_in_vain(s, from, from + LEAST_COUNTED))
            from += LEAST_COUNTED;
    }
    size_t end = to - from < LEAST_COUNTED ? to : from + LEAST_COUNTED, found = look_at_bytes(s, from, end, bytes);
    return found < end ? found : to;
}

/* Whether so many positions after the first `from` are to be counted. */
static inline bool is_counted(const item_search *s, size_t from, size_t length)
{
    return s->counts || (length >= LEAST_COUNTED && (!s->has_counted || length <= from / COUNTED_PART));
}

/* Whether items that take so many ticks are worth counting. */
static bool are_worth_counting(size_t items, uint64_t ticks)
{
    return ticks * 1000000 < items * COUNTED_PS * pl_os_ticks_per_us();
}

/* Looks at the next positions, on the caller: as search_piece(). */
static size_t search_next(item_search *s, size_t to, unsigned char *bytes)
{
    bool is_trial = s->call->f->fused && !s->counts && is_counted(s, s->at, to - s->at);
    uint64_t before = is_trial ? pl_ticks() : 0;
    size_t i = search_piece(s->call, s->at, to, bytes, s->counts || is_trial);
    if (is_trial) {
        s->has_counted = true;
        s->counts = are_worth_counting(to - s->at, pl_ticks() - before);
    }
    return i;
}

/* Whoever takes part in it begins: predicates that ask are told of its time. */
static void begin_part(const item_search *s)
{
    pl_context_thread.context->deadline = s->deadline;
}

/* Whether nothing more is to be looked at. */
static bool is_over(const item_search *s)
{
    return (s->task || s->deadline) && pl_context_reason(pl_context_thread.context);
}

/* Reports so many positions that have been looked at since the last time, `ticks` ago, if that is long enough. */
static void report_progress(const item_search *s, size_t *looked, uint64_t now, uint64_t *last)
{
    if (!s->progress || now - *last < PL_CHUNKING_PIECE_US * pl_os_ticks_per_us())
        return;
    pl_progress_add(s->progress, *looked, 0);
    *looked = 0;
    *last = now;
}

/* ---- alone ----------------------------------------------------------------------------------------------- */

/* How many items to look at next on the caller, after `size` of them, or none. */
static size_t next_alone(const item_search *s, size_t size)
{
    uint64_t us = pl_os_ticks_per_us(), lasting = size ? PL_CHUNKING_US * us : FIRST_NS * us / 1000;
    uint64_t most = pl_chunking_first(pl_cost_guess(s->cost, 1), lasting);
    if (s->grain)
        return s->grain;
    size = size ? size * GROWTH : FIRST_PIECE;
    size = size < PL_SEARCH_BUFFER ? size : PL_SEARCH_BUFFER;
    return size < most ? size : (size_t)most;
}

/* Whether what is left is worth somebody's help. */
static bool is_worth_help(const item_search *s, uint64_t spent)
{
    uint64_t us = pl_os_ticks_per_us();
    return s->workers > 1 && spent > ALONE_US * us && pl_cost_guess(s->cost, s->call->n - s->at) > ALONE_US * us;
}

/* Looks at positions from `at` on, until one is found, or what is left is to be shared. */
static void search_alone(item_search *s)
{
    alignas(PL_LINE) unsigned char bytes[PL_SEARCH_BUFFER];
    uint64_t us = pl_os_ticks_per_us(), start = pl_ticks(), now = start, reported = start;
    size_t n = s->call->n, size = s->at, looked = 0, unmeasured = 0;
    pl_cost_trust trust = pl_inline_own.limit ? PL_COST_UNSURE : PL_COST_SURE; /* it is to be looked at closely */
    begin_part(s);
    while (!(s->left_out = is_over(s)) && s->at < n && s->found == n && !is_worth_help(s, now - start)) {
        size = next_alone(s, size);
        size_t to = n - s->at < size ? n : s->at + size, i = search_next(s, to, bytes);
        s->found = i < to ? i : n;
        looked += to - s->at;
        unmeasured += to - s->at;
        s->at = to;
        if (s->found < n || to == n || pl_cost_guess(s->cost, unmeasured) > UNTIMED_NS * us / 1000) {
            uint64_t before = now;
            now = pl_ticks();
            pl_cost_learn(s->cost, now - before, unmeasured, trust);
            unmeasured = 0;
            report_progress(s, &looked, now, &reported);
        }
    }
    if (s->progress)
        pl_progress_add(s->progress, looked, 0);
    pl_inline_timed(now);
}

/* ---- shared ---------------------------------------------------------------------------------------------- */

/* What is left of a search, in units. */
typedef struct shared_search {
    item_search *s;
    pl_range range;
    size_t begin, unit; /* the position of unit 0; and positions in a unit */
    pl_stop left_out;   /* raised: some were not looked at, as the task is to give up */
    size_t *found;      /* what each participant has found: a position, or `n` */
} shared_search;

static size_t position_of(const shared_search *shared, uint32_t unit)
{
    size_t n = shared->s->call->n;
    return unit < (n - shared->begin) / shared->unit ? shared->begin + unit * shared->unit : n;
}

/* How many units to take next, after `size` of them, which took so long. */
static uint32_t next_shared(const shared_search *shared, uint32_t size, uint64_t ticks)
{
    const item_search *s = shared->s;
    if (s->grain)
        return (uint32_t)pl_chunking_even(s->grain < PL_CHUNKING_MOST ? s->grain : PL_CHUNKING_MOST, shared->unit);
    size_t before = shared->begin + pl_range_front(&shared->range) * shared->unit;
    size_t most = before / ((size_t)PART_BEFORE * s->workers) / shared->unit + 1;
    size = pl_chunking_next_of_range(size, size, ticks, PL_CHUNKING_US * pl_os_ticks_per_us());
    return size < most ? size : (uint32_t)most;
}

/* Some are left out. */
static void leave_out(void *search)
{
    shared_search *shared = search;
    pl_stop_raise(&shared->left_out, PL_STOP_ALL);
    pl_range_cut(&shared->range, 0);
}

/* Looks at units [begin, end) that have been taken. False: nothing more is to be taken. */
static bool search_units(shared_search *shared, uint32_t begin, uint32_t end, size_t *looked, unsigned char *bytes)
{
    const item_search *s = shared->s;
    size_t to = position_of(shared, end), next;
    for (size_t from = position_of(shared, begin); from < to; from = next) {
        if (pl_range_end(&shared->range) <= begin)
            return false;
        next = to - from < PL_SEARCH_BUFFER ? to : from + PL_SEARCH_BUFFER;
        size_t i = search_piece(s->call, from, next, bytes, is_counted(s, from, next - from));
        *looked += next - from;
        if (is_over(s)) {
            leave_out(shared);
            return false;
        }
        if (i < next) {
            shared->found[pl_context_thread.context->participant] = i;
            pl_range_cut(&shared->range, begin);
            return false;
        }
    }
    return true;
}

/* One that takes part. If its thread ends, so does the search: nothing more is to be taken. */
PL_NOT_INLINED static void take_part(shared_search *shared)
{
    alignas(PL_LINE) unsigned char bytes[PL_SEARCH_BUFFER];
    const item_search *s = shared->s;
    uint64_t lasting = PL_CHUNKING_US * pl_os_ticks_per_us(), before = pl_ticks(), reported = before;
    uint32_t begin, end, size = pl_chunking_first_of_range(pl_cost_guess(s->cost, shared->unit), lasting);
    size_t looked = 0;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_cleanup_begin(&cleanup, leave_out, shared);
    begin_part(s);
    for (size = next_shared(shared, size, lasting); pl_range_take(&shared->range, size, &begin, &end);) {
        if (!search_units(shared, begin, end, &looked, bytes))
            break;
        uint64_t now = pl_ticks();
        size = next_shared(shared, end - begin, now - before);
        before = now;
        report_progress(s, &looked, now, &reported);
    }
    pl_cleanup_end(&cleanup);
    if (s->progress)
        pl_progress_add(s->progress, looked, 0);
}

/* The loop has an iteration for each that may take part. */
static void take_parts(size_t begin, size_t end, void *ctx)
{
    for (; begin < end; begin++)
        take_part(ctx);
}

/* Items in a unit, so that all have one. */
static size_t unit_of(const item_search *s)
{
    size_t rest = s->call->n - s->at, least = (rest - 1) / UINT32_MAX + 1;
    uint64_t cheap = pl_chunking_first(pl_cost_guess(s->cost, 1), UNIT_NS * pl_os_ticks_per_us() / 1000);
    size_t unit = s->grain ? 1 : cheap < UNIT ? (size_t)cheap : UNIT;
    return unit > least ? unit : least;
}

/* Has the positions from `at` on looked at by all. 0; or -1 with errno. */
static int search_shared(item_search *s, const parallel_options *options, const pl_request *request)
{
    size_t found[PL_SLEEP_MAX], n = s->call->n;
    shared_search shared = {.s = s, .begin = s->at, .unit = unit_of(s), .found = found};
    pl_cost unknown = {0};
    pl_body loop = {take_parts, &shared, s->task, .what = "find"};
    for (unsigned k = 0; k < s->workers; k++)
        found[k] = n;
    pl_range_set(&shared.range, 0, (uint32_t)pl_chunking_even(n - s->at, shared.unit));
    int result = options ? pl_call_run_loop(&loop, s->workers, (parallel_cost *)&unknown, (uintptr_t)take_parts,
                                            options, request)
                         : pl_plain_loop(&loop, s->workers, &unknown);
    for (unsigned k = 0; k < s->workers; k++)
        s->found = found[k] < s->found ? found[k] : s->found;
    s->left_out = pl_stop_level(&shared.left_out) != 0;
    return result;
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

/* The item's index at a position. */
static size_t index_of(const pl_search_call *call, size_t found)
{
    return found == call->n ? PL_SEARCH_NONE : call->aim == PL_SEARCH_LAST ? call->n - 1 - found : found;
}

static void begin_alone(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    search_alone(ctx);
}

static void end_progress(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    pl_progress_end(ctx);
}

/* From position `at` on; the options are merged, or NULL. */
static size_t search_from(item_search *s, const parallel_options *options, const pl_request *request)
{
    int result = 0, state = s->progress ? pl_os_cancel_defer() : pl_os_cancel_unless_unwound();
    pl_blocks_call(begin_alone, s);
    pl_inline_renew();
    if (s->found == s->call->n && s->at < s->call->n && !s->left_out)
        result = search_shared(s, options, request);
    if (s->progress)
        pl_blocks_call(end_progress, s->progress);
    pl_os_cancel_restore(state);
    pl_failure_clear_last();
    if (result != 0) {
        result = pl_error_return(errno);
    } else if (s->left_out) {
        int why = pl_context_reason(s->task);
        result = pl_error_return(why ? why : ETIMEDOUT);
    }
    return result == 0 ? index_of(s->call, s->found) : PL_SEARCH_FAILED;
}

static item_search search_of(const pl_search_call *call, size_t at)
{
    return (item_search){
        .call = call,
        .task = pl_context_thread.context,
        .cost = call->f->cost ? (pl_cost *)call->f->cost : pl_cost_of((uintptr_t)call->f->kernel),
        .at = at,
        .found = call->n,
    };
}

PL_NOT_INLINED static size_t search_plain(const pl_search_call *call, size_t at, const pl_request *request)
{
    item_search s = search_of(call, at);
    s.workers = pl_context_in_worker_process() ? 1 : pl_pool_cores();
    if (pl_size_multiply(call->n, call->f->arg_size) == PL_SIZE_NONE) {
        pl_failure_clear_last();
        pl_error_return(ENOMEM);
        return PL_SEARCH_FAILED;
    }
    return search_from(&s, NULL, request);
}

PL_NOT_INLINED static size_t search_with(const pl_search_call *asked, const parallel_options *options,
                                         const pl_request *request)
{
    pl_search_call call = *asked;
    pl_search_means means;
    pl_progress progress;
    if (!pl_search_begin(&means, call.f, call.args, call.n, options, request))
        return PL_SEARCH_FAILED;
    call.f = &means.f;
    if (pl_search_needs_map(&means))
        return pl_search_tasks(&call, &means.options, request);
    if (call.n == 0)
        return pl_blocks_check(options, means.f.options, request) == 0 ? PL_SEARCH_NONE : PL_SEARCH_FAILED;
    item_search s = search_of(&call, 0);
    parallel_options *o = &means.options;
    s.workers = (unsigned)parallel_worker_limit(o);
    s.grain = o->grain < PL_SEARCH_BUFFER ? o->grain : PL_SEARCH_BUFFER;
    if (o->progress) {
        pl_progress_begin(&progress, o->progress, o->progress_data, call.n, pl_os_nanoseconds());
        s.progress = &progress;
        o->progress = NULL;
    }
    if (o->call_timeout > 0 && o->call_timeout < 1e9)
        s.deadline = pl_os_nanoseconds() + (uint64_t)(o->call_timeout * 1e9) + 1;
    o->call_timeout = 0;
    o->grain = 0; /* it is that of items */
    return search_from(&s, means.has_options ? o : NULL, request);
}

/* A beginning on the caller that takes so little time, as far as is known, that the clock is read once: how many
 * positions, how many of them first, and by what pieces grow. */
typedef struct short_search {
    size_t length, first, growth;
} short_search;

/* The longer, the cheaper items have to be: a beginning may take four times as long as what runs at once elsewhere. */
static const short_search *short_search_of(const pl_cost *cost, size_t n)
{
    static const short_search all[] = {{4096, 16, 4}, {1024, 16, 2}, {256, 8, 2}, {64, 8, 2}, {8, 2, 2}, {4, 1, 2}};
    enum { COUNT = sizeof all / sizeof all[0] };
    for (int k = 0; k < COUNT; k++) {
        size_t length = n < all[k].length ? n : all[k].length;
        if (pl_inline_fits(cost, (length + 3) / 4))
            return &all[k];
    }
    return NULL;
}

/* One that ran at once is over. */
static inline void end_short(const pl_search_call *s, const pl_context *context, size_t looked, bool is_all)
{
    pl_context_thread.context = context->outer;
    if (is_all) {
        pl_inline_ended((const pl_cost *)s->f->cost, looked);
        pl_failure_clear_last();
    }
}

/* Looks at the first positions on the caller, at once, by the loop that the search equals. */
PL_NOT_INLINED static size_t search_shortest(const pl_search_call *s, size_t to)
{
    pl_context context;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_context_begin_sure(&context, pl_context_thread.context, 0);
    size_t found = look_one_by_one(s, 0, to);
    end_short(s, &context, found < to ? found + 1 : to, found < to || to == s->n);
    return found;
}

/* The same piece by piece. Both: the position that is sought, or `to`. */
PL_NOT_INLINED static size_t search_short(const pl_search_call *s, const short_search *how, size_t to)
{
    alignas(PL_LINE) unsigned char bytes[PL_SEARCH_BUFFER];
    pl_context context;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_context_begin_sure(&context, pl_context_thread.context, 0);
    size_t from = 0, next, found, growth = s->f->fused ? LEAST_COUNTED / ONE_BY_ONE : how->growth;
    for (size_t size = s->f->fused ? ONE_BY_ONE : how->first;; size *= growth, from = next) {
        next = to - from < size ? to : from + size;
        found = search_piece(s, from, next, bytes, next - from >= LEAST_COUNTED);
        if (found < next || next == to)
            break;
    }
    end_short(s, &context, next, found < to || to == s->n);
    return found;
}

size_t pl_search(pl_search_aim aim, const parallel_function *f, const void *args, size_t n,
                 const parallel_options *options, const pl_request *request)
{
    pl_search_call call = {.f = f, .args = args, .n = n, .aim = aim};
    if (!pl_search_is_plain(f, args, options) || n == 0)
        return search_with(&call, options, request);
    const short_search *how = short_search_of((const pl_cost *)f->cost, n);
    if (!how)
        return search_plain(&call, 0, request);
    size_t to = n < how->length ? n : how->length;
    bool counts =
        to > LEAST_COUNTED && are_worth_counting(PL_COST_FRACTION, pl_cost_estimate((const pl_cost *)f->cost));
    size_t found = f->fused && !counts ? search_shortest(&call, to) : search_short(&call, how, to);
    return found < to || to == n ? index_of(&call, found) : search_plain(&call, to, request);
}
