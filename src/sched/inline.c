/* SPDX-License-Identifier: MIT */
/* Short loops: at once, or handed over in part (handover.c); inline.h says which, and why. */
#include "sched/inline.h"

#include <stdlib.h>

#include "sched/chunking.h"
#include "sched/handover.h"
#include "sched/pool.h"
#include "sched/pool_internal.h"
#include "sched/wake.h"

/* A loop of less is never handed over. */
#define LEAST_NS 150
/* By how much longer a loop has to be than what a hand-over costs. */
#define WORTH_NS 60
/* A loop of more is not for here, where no worker spins. */
#define ALONE_US 5
/* Where there are no threads yet, and nothing is known of a loop of so many items for each CPU, its first ones tell
 * whether it is worth starting some. */
enum { UNKNOWN_ITEMS = 16 };
/* And these are not believed before that part of what it costs to start one: a first item finds cold caches. */
enum { UNKNOWN_PART = 4 };
/* It is not asked how many CPUs there are before a loop is worth it, or there have been so many. The tester's workers
 * are not the pool's threads, so that there all loops would be early. */
#ifdef PL_MODEL
enum { EARLY_LOOPS = 0 };
#else
enum { EARLY_LOOPS = 100 };
#endif
/* A measurement this long is no accident: no interrupt takes that long. */
#define SURE_US 100
/* What it costs to start a worker, about. */
#define START_US 100
/* Loops that come closer together than this find a worker that they have woken still spinning. */
#define NEAR_US 25
/* How many loops in a row may have taken twice as long as expected before the next is looked at. */
enum { OUTLIERS = 16 };
/* A loop that ran at once, or the program beside it, has taken so long: what it was shows if it comes again, among the
 * next; and how many these are: one for so many microseconds, so that their close looks cost a hundredth of it at
 * most. */
#define SUSPECT_US 1000
enum { SUSPECT_EACH_US = 4, MOST_SUSPECTS = 4096 };

_Thread_local pl_inline pl_inline_own;

/* ---- close looks ----------------------------------------------------------------------------------------- */

void pl_inline_outlier(uint64_t took, uint64_t expected)
{
    pl_inline *own = &pl_inline_own;
    if (took > 8 * expected + pl_os_ticks_per_us() || ++own->outliers == OUTLIERS) {
        own->outliers = 0;
        pl_inline_look();
        uint64_t us = took / pl_os_ticks_per_us(), suspects = us / SUSPECT_EACH_US;
        if (us > SUSPECT_US)
            own->suspects = suspects < MOST_SUSPECTS ? (uint32_t)suspects : MOST_SUSPECTS;
    }
}

void pl_inline_learn(const pl_loop_spec *spec, uint64_t ticks, uint64_t items, pl_cost_trust trust)
{
    pl_cost_learn(spec->cost, ticks, items, ticks > SURE_US * pl_os_ticks_per_us() ? PL_COST_SURE : trust);
}

/* ---- on the caller --------------------------------------------------------------------------------------- */

/* So much of a loop has run on its caller. */
static void note_alone(uint64_t call, uint64_t start, size_t items, size_t chunks)
{
    if (call)
        pl_trace_run(call, start, pl_ticks(), 0, items, chunks);
}

/* Runs a loop, or its beginning, chunk by chunk, for as long as what is left does not seem to take longer than `price`.
 * PL_COST_SURE: if it has become dearer, this is the second time that it shows. */
static size_t run_closely(const pl_loop_spec *spec, uint64_t guess, uint64_t price, pl_cost_trust trust)
{
    _Atomic int stop = 0;
    bool varies = pl_cost_varies(spec->cost);
    uint64_t lasting = PL_CHUNKING_US * pl_os_ticks_per_us(), start = pl_ticks(), spent = 0;
    uint64_t rest = guess == UINT64_MAX || varies ? 0 : guess;
    size_t n = spec->n, begin = 0, chunks = 0;
    size_t size = varies ? pl_chunking_sample(n) : pl_chunking_first_alone(n, guess, lasting);
    uint64_t call = pl_trace_own.loop;
    while (begin < n && (rest <= price || (guess == UINT64_MAX && spent < price / UNKNOWN_PART))) {
        bool stopped = spec->body(spec->ctx, begin, begin + size, &stop, 0);
        begin += size;
        chunks++;
        spent = pl_ticks() - start;
        if (stopped) {
            note_alone(call, start, begin, chunks);
            pl_stats_count_inline(&pl_inline_own.account, begin);
            return n;
        }
        rest = spent * (n - begin) / begin;
        size = pl_chunking_next_alone(n, begin, spent, lasting);
    }
    note_alone(call, start, begin, chunks);
    pl_inline_learn(spec, spent, begin, trust);
    pl_inline_timed(start + spent);
    if (begin == n)
        pl_stats_count_inline(&pl_inline_own.account, n);
    else
        pl_stats_count_begun(&pl_inline_own.account, begin);
    return begin;
}

/* How long a loop has to be, to be worth waking somebody for. */
static uint64_t wake_price(const pl_worker *w)
{
    uint64_t us = pl_os_ticks_per_us(), least = ALONE_US * us;
    if (!w || pl_pool_threads(w->pool) == 0)
        return START_US * us;
    uint64_t price = pl_wake_price(w->pool);
    return price > least ? price : least;
}

/* A worker that spins would have saved some time. Calls one, if that comes to enough. */
static void ask_for_help(uint64_t guess, uint64_t late, uint64_t took)
{
    pl_inline *own = &pl_inline_own;
    pl_worker *w = pl_worker_known();
    if (took > guess + NEAR_US * pl_os_ticks_per_us())
        own->credit = 0;
    if (guess <= late)
        return;
    own->credit += (guess - late) / 2;
    if (own->credit < 2 * wake_price(w))
        return;
    own->credit = 0;
    if ((w = pl_worker_self()) && !pl_pool_stopping(w->pool))
        pl_wake_notify(w->pool, PL_GROWTH_TO_SIZE);
}

static void run_at_once(const pl_loop_spec *spec)
{
    _Atomic int stop = 0;
    uint64_t call = pl_trace_own.loop, start = call ? pl_ticks() : 0;
    if (spec->body(spec->ctx, 0, spec->n, &stop, 0) == 0)
        pl_inline_ended(spec->cost, spec->n);
    note_alone(call, start, spec->n, 1);
}

/* Runs a loop on the caller, unless it turns out to be worth waking somebody for. */
static size_t run_here(const pl_loop_spec *spec, uint64_t guess, uint64_t price, uint64_t late, bool closely,
                       bool varies)
{
    uint64_t last = pl_inline_own.last;
    size_t end = spec->n;
    if (closely || varies || guess > ALONE_US * pl_os_ticks_per_us())
        end = run_closely(spec, guess, price, closely ? PL_COST_SURE : PL_COST_UNSURE);
    else {
        run_at_once(spec);
    }
    if (end == spec->n)
        ask_for_help(guess, late, pl_inline_own.last - last);
    return end;
}

/* ---- which of the two ------------------------------------------------------------------------------------ */

/* Runs the loop with those that are spinning. */
static void hand_over(const pl_loop_spec *spec, pl_worker *w, unsigned workers, uint64_t guess, bool closely)
{
    pl_handover h = pl_handover_run(spec, w, workers, guess, closely);
    uint64_t took = h.ended - pl_inline_own.last, allowed = pl_inline_own.allowed;
    pl_inline_timed(h.ended);
    if (h.is_unknown && took > allowed + guess + w->handoff_latency + PL_INLINE_CALL)
        pl_inline_outlier(took, guess);
}

/* Whether somebody may come. */
static bool may_hand_over(const pl_loop_spec *spec, pl_worker *w)
{
    return w && !pl_handoff_busy(&w->handoff) && spec->n <= PL_HANDOFF_ITEMS &&
           (w->helpers || pl_sleep_awake(&w->pool->sleep)) && !pl_pool_overloaded(w->pool);
}

bool pl_inline_is_short(uint64_t guess)
{
    return guess <= ALONE_US * pl_os_ticks_per_us();
}

/* Whether a close look is due, with the limit at 0: not if that is so because of a trace. */
static bool is_due(void)
{
    return pl_inline_own.untraced == 0 || pl_stats_get(&pl_inline_own.account.loops) >= pl_inline_own.look_at;
}

/* The thread's loops may run at once again, up to this many ticks. */
static uint64_t renew_limit(const pl_worker *w)
{
    uint64_t us = pl_os_ticks_per_us(), late = w ? w->handoff_latency : 0, least = w ? w->handoff_least : 0;
    uint64_t limit = late + WORTH_NS * us / 1000;
    limit = limit < LEAST_NS * us / 1000 ? LEAST_NS * us / 1000 : limit;
    limit = limit < least ? least : limit;
    pl_stats_enter(&pl_inline_own.account);
    if (is_due())
        pl_inline_own.look_at = pl_stats_get(&pl_inline_own.account.loops) + PL_INLINE_TRUST;
    pl_inline_own.limit = limit * PL_COST_FRACTION;
    if (pl_inline_own.suspects) {
        pl_inline_own.suspects--;
        pl_inline_own.limit = 0;
    }
    pl_inline_own.untraced = 0;
    if (pl_trace_is_on()) {
        pl_inline_own.untraced = pl_inline_own.limit;
        pl_inline_own.limit = 0;
    }
    return limit;
}

uint64_t pl_inline_price(void)
{
    pl_worker *w = pl_worker_known();
    return w && pl_pool_helpers(w->pool) ? ALONE_US * pl_os_ticks_per_us() : wake_price(w);
}

void pl_inline_renew(void)
{
    renew_limit(pl_worker_known());
}

static bool has_no_threads(void)
{
    const pl_pool *pool = pl_pool_here();
    return !pool || (!pool->own && pl_pool_threads(pool) == 0);
}

bool pl_inline_is_early(const pl_loop_spec *spec)
{
    int64_t loops = (int64_t)pl_stats_get(&pl_inline_own.account.loops);
    if (spec->workers || spec->grain || loops >= EARLY_LOOPS || !has_no_threads())
        return false;
    if (loops == 0)
        pl_os_choose_clock(); /* as whoever asks for the number of CPUs does */
    return true;
}

/* Whether a loop that nothing is known of is better begun alone: to start a thread takes longer than many loops do. It
 * costs what one item takes, if they turn out to be dear, which is little beside all of so many for each CPU. Not where
 * there may be more workers than CPUs, since somebody asks for them: then iterations block. */
static bool is_first(const pl_loop_spec *spec)
{
    return has_no_threads() && spec->n <= UINT32_MAX && !getenv("PARALLEL_NUM_THREADS") &&
           spec->n / UNKNOWN_ITEMS >= pl_os_cpus_allowed();
}

/* Whether a loop that is expected to be long is begun alone where the cost varies: a sample is to be short beside
 * it. */
static bool may_be_sampled(const pl_loop_spec *spec)
{
    return spec->n >= PL_CHUNKING_SAMPLES / 2 && spec->n <= UINT32_MAX;
}

size_t pl_inline_run(const pl_loop_spec *spec, unsigned workers, uint64_t guess)
{
    pl_worker *w = pl_worker_known();
    bool closely = pl_inline_own.limit == 0 && is_due();
    if (closely && w && !pl_inline_own.suspects) {
        w->handoff_latency -= w->handoff_latency / 8; /* they may have become less, and only a hand-over would tell */
        w->handoff_least -= w->handoff_least / 8;
    }
    uint64_t us = pl_os_ticks_per_us(), late = w ? w->handoff_latency : 0, limit = renew_limit(w);
    if (workers > 1 && guess > limit && guess <= PL_HANDOVER_US * us && may_hand_over(spec, w)) {
        hand_over(spec, w, workers, guess, closely);
        return spec->n;
    }
    if (guess == UINT64_MAX)
        return is_first(spec) ? run_closely(spec, guess, wake_price(w), PL_COST_SURE) : 0;
    bool hot = w && pl_pool_helpers(w->pool), varies = pl_cost_varies(spec->cost);
    uint64_t price = hot ? ALONE_US * us : wake_price(w) + guess / spec->n;
    if (guess > price)
        return varies && may_be_sampled(spec) ? run_closely(spec, guess, price, PL_COST_UNSURE) : 0;
    if (w && !pl_inline_is_short(guess))
        pl_wake_doubt(w->pool);
    return run_here(spec, guess, price, late, closely, varies);
}
