/* SPDX-License-Identifier: MIT */
/*
 * Loops so short that help has to be weighed against what it costs to get it.
 *
 *      below the *limit*, some 150 ns     at once, on the caller, with as good as no work around it
 *      to some microseconds               handed over in part, if a worker is spinning (handoff.h); else on the caller,
 *                                         in two parts, so that a wrong guess is noticed after the first
 *      beyond                             an ordinary loop (loop.h)
 *
 * The limit is what a hand-over has been seen to cost: the time by which a helper is late (its *latency*: from laying
 * out to its beginning, and from its end to the caller). It is subtracted from the helper's part, too, so that both end
 * at the same time. Where measured loops have taken longer with a helper than they would have without, the limit is
 * a quarter above what they would have, for a while.
 *
 * A clock costs 10 ns or more. A loop that runs at once takes one reading at most, when it ends, and compares it with
 * the last reading of the thread: the time in between is what both the loop and the program beside it have taken. If
 * that is much more than was expected, the thread's next loop is looked at more closely, which takes a second reading.
 * So a cost that has risen is noticed in one call and known in the next. Loops so short that the reading would be a
 * large part of them share one, a few at a time: they have an *allowance* together, and the clock is read when that has
 * become large enough. A hand-over is measured every now and then, likewise.
 *
 * A loop of a function whose cost varies (cost.h) is begun with a small sample of its items, and then one knows; even
 * where it is expected to be long, if it has many items.
 *
 * Whoever runs loops of a microsecond one after the other is worth a helper that spins in between. What one would
 * have saved is added up (`credit`) for as long as they come close together; when it is twice what a wake-up costs, one
 * is called (the ski-rental argument: no more than three times the least possible is lost).
 */
#ifndef PL_SCHED_INLINE_H
#define PL_SCHED_INLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/os.h"
#include "sched/cost.h"
#include "sched/loop.h"
#include "sched/stats.h"
#include "sched/trace.h"

/* What a call costs around a loop, in ticks: so much more than expected is nothing. */
#define PL_INLINE_CALL 100
/* Loops that run at once are not timed before they have been allowed so many ticks together: eight that are as good as
 * nothing, or one that takes some 150 ns, where ticks are the CPU's. */
#define PL_INLINE_UNTIMED 800
/* What a loop may cost that runs at once in a task, in ticks: some 30 us, where these are the CPU's. */
#define PL_INLINE_TASK UINT64_C(100000)
/* After so many loops that ran at once, one is looked at closely, come what may. */
#define PL_INLINE_TRUST 500

/* A thread's account of its short loops. */
typedef struct pl_inline {
    uint64_t limit;    /* what a loop may cost that runs at once, in 1/256 ticks; 0: the next is looked at closely */
    uint64_t untraced; /* the same, if the limit is 0 because of a trace alone; else 0 */
    uint64_t last;     /* when the last one that was timed ended, in ticks */
    uint64_t allowed;  /* what those that have run at once since then may have taken, in ticks */
    uint64_t credit;   /* ticks that a helper would have saved lately */
    uint32_t outliers; /* how many loops may have taken longer than expected, since the last close look */
    uint64_t look_at;  /* the next close look is due when so many loops have run on the thread alone */
    uint32_t suspects; /* how many further loops are looked at closely: one that ran at once may have lasted long */
    pl_stats_account account;
} pl_inline;

extern _Thread_local pl_inline pl_inline_own PL_OF_THREAD __attribute__((visibility("hidden")));

/* Whether a loop of n items is to run at once, on the caller. */
static inline bool pl_inline_fits(const pl_cost *cost, size_t n)
{
    /* an unknown cost, 0, becomes larger than any limit, and stays so */
    return n <= UINT16_MAX && (pl_cost_estimate(cost) - 1) * n < pl_inline_own.limit;
}

/* The same for a task's loop, which is not to be long, however few threads there are: the task may be told to give
 * up. */
static inline bool pl_inline_fits_in_task(const pl_cost *cost, size_t n)
{
    return pl_inline_fits(cost, n) && (pl_cost_estimate(cost) - 1) * n < PL_INLINE_TASK * PL_COST_FRACTION;
}

/* A loop has ended, and that was timed. */
static inline void pl_inline_timed(uint64_t now)
{
    pl_inline_own.last = now;
    pl_inline_own.allowed = 0;
}

/* What a loop of n items that runs at once may take, in ticks, with no doubt about what it is expected to. */
static inline uint64_t pl_inline_allowance(const pl_cost *cost, size_t n)
{
    return 2 * (pl_cost_estimate(cost) * n / PL_COST_FRACTION) + PL_INLINE_CALL;
}

/* A loop took long, beside what was expected. */
void pl_inline_outlier(uint64_t took, uint64_t expected);

/* The thread's next loop is to be looked at closely, or at least not to run at once. */
static inline void pl_inline_look(void)
{
    pl_inline_own.limit = pl_inline_own.untraced = 0;
}

/* A loop of n items that ran at once has ended, at `now`. */
static inline void pl_inline_ended_at(const pl_cost *cost, size_t n, uint64_t now)
{
    uint64_t took = now - pl_inline_own.last, allowed = pl_inline_own.allowed + pl_inline_allowance(cost, n);
    pl_inline_timed(now);
    if (took > allowed)
        pl_inline_outlier(took, allowed / 2);
    if (pl_stats_count_inline(&pl_inline_own.account, n) >= pl_inline_own.look_at)
        pl_inline_look();
}

/* The same, at a time that is worth knowing or not. */
static inline void pl_inline_ended(const pl_cost *cost, size_t n)
{
    uint64_t allowed = pl_inline_own.allowed + pl_inline_allowance(cost, n);
    if (allowed < PL_INLINE_UNTIMED) {
        pl_inline_own.allowed = allowed;
        pl_stats_count_inline(&pl_inline_own.account, n);
    } else {
        pl_inline_ended_at(cost, n, pl_ticks());
    }
}

/* `items` items of a loop took `ticks` of work. A long time is never an accident. */
void pl_inline_learn(const pl_loop_spec *spec, uint64_t ticks, uint64_t items, pl_cost_trust trust);

/* Whether a loop that is expected to take `guess` ticks is not worth waking anybody for. */
bool pl_inline_is_short(uint64_t guess);

/* Runs a loop that is expected to take `guess` ticks, if it is a short one, by so many workers at most. Returns how far
 * it came: spec->n, if that is all, or if it was stopped; 0, if it is nothing for here. */
size_t pl_inline_run(const pl_loop_spec *spec, unsigned workers, uint64_t guess);

/* Whether that is to be tried before it is known how many CPUs there are, as there are no threads yet: to ask takes
 * longer than many loops do. */
bool pl_inline_is_early(const pl_loop_spec *spec);

/* How many ticks of work the calling thread does rather than wake somebody for it. */
uint64_t pl_inline_price(void);

/* A loop is looked at closely that nobody could help with: the next may run at once. */
void pl_inline_renew(void);

#endif
