/* SPDX-License-Identifier: MIT */
/* Short loops: at once, or handed over in part; brief.h says which, and why. */
#include "sched/inline.h"

#include <string.h>

#include "base/assert.h"
#include "base/unwind.h"
#include "sched/stop.h"
#include "sched/pool.h"

/* A loop of less is never handed over. */
#define LEAST_NS 150
/* By how much longer a loop has to be than what a hand-over costs. */
#define WORTH_NS 60
/* A loop of more is not for here: with a worker that spins; and without. */
#define HANDOFF_US 24
#define ALONE_US 5
/* A measurement this long is no accident: no interrupt takes that long. */
#define SURE_US 100
/* What it costs to start a worker, about. */
#define START_US 100
/* Loops that come closer together than this find a worker that they have woken still spinning. */
#define NEAR_US 25
/* How long the caller looks out for its helpers' end before it parks; where there are more threads than CPUs. */
#define WAIT_US 50
#define CROWDED_WAIT_US 5
/* How many looks that takes without a pause in between. */
#ifdef PL_MODEL
enum { EAGER_LOOKS = 1 };
#else
enum { EAGER_LOOKS = 64 };
#endif
/* A helper that is later than that has lost its CPU, which says nothing of the next one. */
#define LATEST_US 2
/* How many loops in a row may have taken twice as long as expected before the next is looked at. */
enum { OUTLIERS = 16 };
/* Into how many pieces a helper's part of a longer loop is cut. */
enum { PARTS = 4 };
/* One hand-over out of so many is measured. */
enum { MEASURED = 8 };

_Thread_local pl_inline pl_inline_own;

/* ---- close looks ----------------------------------------------------------------------------------------- */

void pl_inline_outlier(uint64_t took, uint64_t expected)
{
    pl_inline *own = &pl_inline_own;
    if (took > 8 * expected + pl_os_ticks_per_us() || ++own->outliers == OUTLIERS) {
        own->outliers = 0;
        own->limit = 0;
    }
}

void pl_inline_learn(const pl_loop_spec *spec, uint64_t ticks, uint64_t items, bool sure)
{
    pl_cost_learn(spec->cost, ticks, items, sure || ticks > SURE_US * pl_os_ticks_per_us());
}

/* ---- on the caller --------------------------------------------------------------------------------------- */

/* Runs a loop, or its beginning, chunk by chunk, for as long as what is left does not seem to take longer than `price`.
 * `sure`: if it has become dearer, this is the second time that it shows. */
static size_t run_closely(const pl_loop_spec *spec, uint64_t guess, uint64_t price, bool sure)
{
    _Atomic int stop = 0;
    uint64_t chunk = ALONE_US * pl_os_ticks_per_us(), start = pl_ticks(), spent = 0, rest = guess;
    size_t n = spec->n, begin = 0, size = guess <= chunk ? n / 4 : n * chunk / guess;
    while (begin < n && rest <= price) {
        size = size < 1 ? 1 : size < n - begin ? size : n - begin;
        if (spec->body(spec->ctx, begin, begin + size, &stop, 0))
            return n;
        begin += size;
        spent = pl_ticks() - start;
        rest = spent * (n - begin) / begin;
        size = rest <= chunk ? n : begin * chunk / spent;
    }
    pl_inline_learn(spec, spent, begin, sure);
    pl_inline_own.last = start + spent;
    return begin;
}

/* How long a loop has to be, to be worth waking somebody for. */
static uint64_t wake_price(const pl_worker *w)
{
    uint64_t us = pl_os_ticks_per_us(), least = ALONE_US * us;
    if (!w || pl_pool_threads(w->pool) == 0)
        return START_US * us;
    uint64_t price = pl_pool_wake_price(w->pool);
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
        pl_pool_notify(w->pool, false);
}

/* Runs a loop on the caller, unless it turns out to be worth waking somebody for. */
static size_t run_here(const pl_loop_spec *spec, uint64_t guess, uint64_t price, uint64_t late, bool closely)
{
    uint64_t last = pl_inline_own.last;
    size_t end = spec->n;
    if (closely || guess > ALONE_US * pl_os_ticks_per_us())
        end = run_closely(spec, guess, price, closely);
    else {
        _Atomic int stop = 0;
        if (spec->body(spec->ctx, 0, spec->n, &stop, 0) == 0)
            pl_inline_ended(spec->cost, spec->n);
    }
    if (end == spec->n)
        ask_for_help(guess, late, pl_inline_own.last - last);
    return end;
}

/* ---- handing over ---------------------------------------------------------------------------------------- */

static bool stopped(pl_handoff *h)
{
    return pl_loop_stopped(&h->stop);
}

/* Runs iterations on the caller's thread. */
static void run_own_piece(pl_handoff *h, const pl_loop_spec *spec, size_t begin, size_t end)
{
    if (spec->body(spec->ctx, begin, end, &h->stop, 0))
        pl_stop_raise(&h->stop, PL_STOP_ALL);
}

/* Runs a piece on a helper's thread, unless the loop has been stopped. False if it has. */
static bool run_helpers_piece(pl_handoff *h, const pl_piece *piece, unsigned participant)
{
    if (stopped(h))
        return false;
    if (h->body(h->ctx, piece->begin, piece->end, &h->stop, participant))
        pl_stop_raise(&h->stop, PL_STOP_ALL);
    return !stopped(h);
}

PL_NOT_INLINED void pl_handoff_run(pl_worker *thief, pl_worker *victim, pl_piece piece)
{
    pl_handoff *h = &victim->handoff;
    if (piece.slots) {
        pl_loop_body *body = h->body;
        void *loop = h->ctx;
        if (pl_handoff_leave(h))
            pl_unpark(&victim->parker);
        body(loop, piece.begin, piece.end, NULL, piece.participant);
        return;
    }
    PL_UNWIND_BARRIER();
    pl_activation activation = {0}; /* nobody waits here who could help */
    pl_worker_enter(thief, &activation);
    pl_os_ambient before;
    pl_os_ambient_enter(&h->ambient, &before);
    unsigned participant = piece.participant;
    while (run_helpers_piece(h, &piece, participant) && pl_handoff_take(h, &piece)) {
    }
    pl_os_ambient_leave(&before);
    pl_worker_exit(thief);
    if (pl_handoff_leave(h))
        pl_unpark(&victim->parker);
}

/* How many helpers a loop is worth: each further one costs the others some time. */
static uint32_t helpers_for(const pl_worker *w, unsigned workers, uint64_t guess)
{
    uint32_t helpers = workers - 1 < w->helpers + 1 ? workers - 1 : w->helpers + 1;
    while (helpers > 1 && guess < (uint64_t)helpers * (helpers + 1) * w->handoff_latency)
        helpers--;
    return helpers ? helpers : 1;
}

/* Waits until all helpers have ended. False if they had done so already. */
static bool wait_for_helpers(pl_worker *w, pl_handoff *h)
{
    for (int i = 0; i < EAGER_LOOKS; i++)
        if (pl_handoff_open(h))
            return i > 0;
    uint64_t start = pl_ticks(), us = pl_os_ticks_per_us();
    uint64_t patience = pl_pool_crowded(w->pool) ? CROWDED_WAIT_US * us : WAIT_US * us;
    while (!pl_handoff_open(h)) {
        if (pl_ticks() - start < patience)
            pl_pause();
        else if (pl_handoff_announce(h))
            pl_park(&w->parker, -1);
    }
    return true;
}

/* A helper was so late: moves the estimate by a quarter of the difference, or, downward, by half. One that is far too
 * high would keep everything on the caller. */
static void learn_latency(pl_worker *w, uint64_t late)
{
    uint64_t most = LATEST_US * pl_os_ticks_per_us();
    late = late < most ? late : most;
    if (w->handoff_latency == 0)
        w->handoff_latency = late;
    else if (late > w->handoff_latency)
        w->handoff_latency += (late - w->handoff_latency) / 4;
    else
        w->handoff_latency -= (w->handoff_latency - late) / 2;
}

/* Runs the caller's part and takes back what nobody has begun. How many pieces that was. */
static uint32_t run_own(const pl_loop_spec *spec, pl_handoff *h, uint32_t mine, uint64_t *end)
{
    uint32_t back = 0;
    pl_piece piece;
    run_own_piece(h, spec, 0, mine);
    if (end)
        *end = pl_ticks();
    for (; pl_handoff_take(h, &piece); back++)
        if (!stopped(h))
            run_own_piece(h, spec, piece.begin, piece.end);
    return back;
}

/* A hand-over is left by a task that is being unwound (unwind.h): nothing more of it begins. */
static void leave_handoff(void *worker)
{
    pl_worker *w = worker;
    pl_piece piece;
    if (pl_stop_raise(&w->handoff.stop, PL_STOP_ALL))
        pl_stop_notify_all();
    while (pl_handoff_take(&w->handoff, &piece)) {
    }
    wait_for_helpers(w, &w->handoff);
    pl_handoff_set_busy(&w->handoff, false);
}

/* Runs the caller's part, and so on as run_own() does it, and waits. True if it had to wait. */
PL_NOT_INLINED static bool run_handed(const pl_loop_spec *spec, pl_worker *w, uint32_t mine, uint64_t *end,
                                      uint32_t *back)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_cleanup_begin(&cleanup, leave_handoff, w);
    *back = run_own(spec, &w->handoff, mine, end);
    pl_cleanup_end(&cleanup);
    return wait_for_helpers(w, &w->handoff);
}

/* Runs the loop with those that are spinning. */
static void hand_over(const pl_loop_spec *spec, pl_worker *w, unsigned workers, uint64_t guess, bool closely)
{
    pl_handoff *h = &w->handoff;
    uint32_t n = (uint32_t)spec->n, helpers = helpers_for(w, workers, guess);
    uint64_t lead = helpers * w->handoff_latency * n / guess, mine = (n + lead) / (helpers + 1);
    mine = mine < 1 ? 1 : mine < n ? mine : n - 1;
    /* longer ones in smaller pieces, which the caller can take back */
    bool finely = guess > HANDOFF_US / 2 * pl_os_ticks_per_us();
    uint32_t rest = n - (uint32_t)mine, parts = finely ? PARTS * helpers : helpers;
    uint32_t piece = (rest - 1) / parts + 1, pieces = (rest - 1) / piece + 1;
    pl_handoff_set_busy(h, true);
    h->body = spec->body;
    h->ctx = spec->ctx;
    if (spec->ctx_size) {
        memcpy(h->copy, spec->ctx, spec->ctx_size);
        h->ctx = h->copy;
    }
    pl_os_ambient_get(&h->ambient);
    atomic_init(&h->stop, 0);
    pl_handoff_lay_out(h, (uint32_t)mine, n, piece, workers - 1);
    closely = closely || w->handed % MEASURED == 0 || w->handed < MEASURED;
    w->handed++;
    uint64_t start = closely ? pl_ticks() : 0, mid = 0;
    uint32_t back;
    bool waited = run_handed(spec, w, (uint32_t)mine, closely ? &mid : NULL, &back);
    uint64_t last = pl_inline_own.last, now = pl_ticks();
    pl_inline_own.last = now;
    pl_handoff_set_busy(h, false);
    w->helpers = pieces - back;
    if (stopped(h))
        return;
    if (back == 0) /* both ends should meet */
        w->handoff_latency =
            waited ? w->handoff_latency + w->handoff_latency / 32 : w->handoff_latency - w->handoff_latency / 32;
    else if (back == pieces && w->handoff_latency < guess * mine / n && pl_sleep_awake(&w->pool->sleep))
        learn_latency(w, guess * mine / n); /* at least */
    if (closely) {
        pl_inline_learn(spec, mid - start, mine, closely);
        uint64_t needed = (mid - start) * rest / helpers / mine;
        if (back == 0 && waited)
            learn_latency(w, now - start > needed ? now - start - needed : 0);
    } else if (now - last > guess + w->handoff_latency + PL_INLINE_CALL)
        pl_inline_outlier(now - last, guess);
}

/* Whether somebody may come. */
static bool may_hand_over(const pl_loop_spec *spec, pl_worker *w)
{
    return w && !pl_handoff_busy(&w->handoff) && spec->n <= PL_HANDOFF_ITEMS &&
           (w->helpers || pl_sleep_awake(&w->pool->sleep));
}

/* ---- which of the two ------------------------------------------------------------------------------------ */

bool pl_inline_is_short(uint64_t guess)
{
    return guess <= ALONE_US * pl_os_ticks_per_us();
}

size_t pl_inline_run(const pl_loop_spec *spec, unsigned workers, uint64_t guess)
{
    pl_inline *own = &pl_inline_own;
    pl_worker *w = pl_worker_known();
    bool closely = own->limit == 0;
    if (closely && w)
        w->handoff_latency -= w->handoff_latency / 8; /* it may have become less, and only a hand-over would tell */
    uint64_t us = pl_os_ticks_per_us(), late = w ? w->handoff_latency : 0, limit = late + WORTH_NS * us / 1000;
    limit = limit < LEAST_NS * us / 1000 ? LEAST_NS * us / 1000 : limit;
    own->ran = 0;
    own->limit = limit * PL_COST_FRACTION;
    if (guess > limit && guess <= HANDOFF_US * us && may_hand_over(spec, w)) {
        hand_over(spec, w, workers, guess, closely);
        return spec->n;
    }
    if (guess == UINT64_MAX)
        return 0;
    bool hot = w && pl_sleep_awake(&w->pool->sleep);
    uint64_t price = hot ? ALONE_US * us : wake_price(w) + guess / spec->n;
    if (guess > price)
        return 0;
    if (w && !pl_inline_is_short(guess))
        pl_pool_doubt(w->pool);
    return run_here(spec, guess, price, late, closely);
}
