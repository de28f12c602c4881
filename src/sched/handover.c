/* SPDX-License-Identifier: MIT */
/* Short loops that are handed over in part; handoff.h has the protocol, and inline.h says which they are. */
#include "sched/handover.h"

#include <string.h>

#include "base/unwind.h"
#include "sched/chunking.h"
#include "sched/inline.h"
#include "sched/pool.h"
#include "sched/stop.h"

/* How long the caller looks out for its helpers' end before it parks; where there are more threads than CPUs. */
#define WAIT_US 50
#define CROWDED_WAIT_US 5
/* How many looks that takes without a pause in between. */
#ifdef PL_MODEL
enum { EAGER_LOOKS = 1 };
#else
enum { EAGER_LOOKS = 64 };
#endif
/* A helper that is later than that has lost its CPU, which says nothing of the next one. And no longer loops run at
 * once, whatever they have taken with helpers. */
#define LATEST_US 2
/* After so many losses in a row it is believed that loops of a size are better off without helpers. */
enum { LOSSES = 2 };
/* One hand-over out of so many is measured. */
enum { MEASURED = 8 };

/* ---- helpers --------------------------------------------------------------------------------------------- */

static bool is_stopped(pl_handoff *h)
{
    return pl_stop_is_raised(&h->stop);
}

static inline void run_piece(pl_handoff *h, pl_loop_body *body, void *ctx, const pl_piece *piece, unsigned participant)
{
    uint64_t call = h->call, start = call ? pl_ticks() : 0;
    if (body(ctx, piece->begin, piece->end, &h->stop, participant))
        pl_stop_raise(&h->stop, PL_STOP_ALL);
    if (call)
        pl_trace_run(call, start, pl_ticks(), piece->begin, piece->end, 1);
}

/* Runs a piece on a helper's thread, unless the loop has been stopped. False if it has. */
static bool run_helpers_piece(pl_handoff *h, const pl_piece *piece, unsigned participant)
{
    if (is_stopped(h))
        return false;
    run_piece(h, h->body, h->ctx, piece, participant);
    return !is_stopped(h);
}

/* A searcher has taken participant slots: it has left the place before it begins with one. */
static void run_slots(pl_handoff *h, pl_worker *victim, pl_piece piece)
{
    pl_loop_body *body = h->body;
    void *loop = h->ctx;
    if (pl_handoff_leave(h))
        pl_unpark(&victim->parker);
    body(loop, piece.begin, piece.end, NULL, piece.participant);
}

PL_NOT_INLINED void pl_handover_help(pl_worker *thief, pl_worker *victim, pl_piece piece)
{
    pl_handoff *h = &victim->handoff;
    if (piece.slots) {
        run_slots(h, victim, piece);
        return;
    }
    PL_UNWIND_BARRIER();
    pl_activation activation = {0}; /* no waiter could help here */
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
    uint64_t now = pl_ticks();
    w->waited += now - start;
    if (pl_trace_is_on())
        pl_trace_record(PL_TRACE_WAIT, 0, start, now, 0, 0, 0);
    return true;
}

/* ---- handing over ---------------------------------------------------------------------------------------- */

/* A loop that is handed over in part. */
typedef struct handed_loop {
    const pl_loop_spec *spec;
    pl_worker *worker;
    uint64_t guess; /* how long it is expected to take */
    uint32_t helpers;
    pl_chunking_plan plan;
    bool measured; /* the caller's part is */
} handed_loop;

/* How it went. Times are in ticks, and 0 where nothing is measured. */
typedef struct handed_result {
    uint64_t began;
    uint64_t own_ended; /* the caller's part */
    uint64_t ended;
    uint32_t back; /* how many pieces the caller took back */
    bool waited;   /* for helpers, after that */
} handed_result;

/* How much of a loop the caller does, and how much each helper. */
static handed_loop plan_loop(const pl_loop_spec *spec, pl_worker *w, unsigned workers, uint64_t guess, bool closely)
{
    handed_loop loop = {.spec = spec, .worker = w, .guess = guess, .helpers = helpers_for(w, workers, guess)};
    /* longer ones in smaller pieces, which the caller can take back */
    uint32_t cuts = guess > PL_HANDOVER_US / 2 * pl_os_ticks_per_us() ? PL_CHUNKING_PIECES : 1;
    loop.plan = pl_chunking_hand_over((uint32_t)spec->n, guess, w->handoff_latency, loop.helpers, cuts);
    bool doubtful = guess < w->handoff_least + w->handoff_least / 4;
    loop.measured = closely || doubtful || w->handed % MEASURED == 0 || w->handed < MEASURED;
    return loop;
}

/* Lays out all but the caller's part, for `most` helpers or fewer. */
static void publish_loop(const handed_loop *loop, uint32_t most)
{
    const pl_loop_spec *spec = loop->spec;
    pl_handoff *h = &loop->worker->handoff;
    pl_handoff_occupy(h);
    h->body = spec->body;
    h->ctx = spec->ctx;
    if (spec->ctx_size) {
        memcpy(h->copy, spec->ctx, spec->ctx_size);
        h->ctx = h->copy;
    }
    h->call = pl_trace_own.loop;
    pl_os_ambient_get(&h->ambient);
    atomic_init(&h->stop, 0);
    pl_handoff_lay_out(h, loop->plan.mine, (uint32_t)spec->n, loop->plan.piece, most);
    loop->worker->handed++;
}

/* Runs the caller's part, and takes back what nobody has begun. */
static void run_own_part(const handed_loop *loop, handed_result *result)
{
    pl_handoff *h = &loop->worker->handoff;
    const pl_loop_spec *spec = loop->spec;
    pl_piece piece = {.end = loop->plan.mine};
    run_piece(h, spec->body, spec->ctx, &piece, 0);
    if (loop->measured)
        result->own_ended = pl_ticks();
    for (; pl_handoff_take(h, &piece); result->back++)
        if (!is_stopped(h))
            run_piece(h, spec->body, spec->ctx, &piece, 0);
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
    pl_handoff_vacate(&w->handoff);
}

/* Runs the caller's part, and so on as run_own_part() does it, and waits. */
PL_NOT_INLINED static void run_handed(const handed_loop *loop, handed_result *result)
{
    pl_worker *w = loop->worker;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_cleanup_begin(&cleanup, leave_handoff, w);
    run_own_part(loop, result);
    pl_cleanup_end(&cleanup);
    result->waited = wait_for_helpers(w, &w->handoff);
}

/* ---- what a hand-over teaches ---------------------------------------------------------------------------- */

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

/* By which of the two ends was first: they should meet. */
static void learn_from_ends(const handed_loop *loop, const handed_result *result)
{
    pl_worker *w = loop->worker;
    uint64_t late = w->handoff_latency;
    if (result->back == 0) {
        w->handoff_latency = result->waited ? late + late / 32 : late - late / 32;
    } else if (result->back == loop->plan.pieces) { /* no helper came: they are later than the caller's part took */
        uint64_t own = loop->guess * loop->plan.mine / loop->spec->n;
        if (late < own && pl_sleep_awake(&w->pool->sleep))
            learn_latency(w, own);
    }
}

/* With help it took `took`, and would have taken `alone` without: such loops run at once from now on, if that is a
 * loss. */
static void learn_worth(pl_worker *w, uint64_t took, uint64_t alone)
{
    uint64_t most = LATEST_US * pl_os_ticks_per_us(), least = alone + alone / 4;
    if (took < alone)
        w->handoff_losses = 0;
    else if (least > w->handoff_least && least < most && ++w->handoff_losses == LOSSES) {
        w->handoff_losses = 0;
        w->handoff_least = least;
    }
}

/* By the clock. */
static void learn_from_times(const handed_loop *loop, const handed_result *result)
{
    uint64_t own = result->own_ended - result->began, all = result->ended - result->began, mine = loop->plan.mine;
    pl_cost_learn(loop->spec->cost, own, mine, PL_COST_SURE);
    uint64_t needed = own * (loop->spec->n - mine) / loop->helpers / mine;
    learn_worth(loop->worker, all + PL_INLINE_CALL, own * loop->spec->n / mine);
    if (result->back == 0 && result->waited)
        learn_latency(loop->worker, all > needed ? all - needed : 0);
}

/* How long the caller has worked is what is expected of its part. */
static void count_handed(const handed_loop *loop)
{
    pl_worker *w = loop->worker;
    pl_stats_count(&w->counters, PL_COUNT_HANDED_OVER, 1);
    pl_stats_count(&w->counters, PL_COUNT_CHUNKS, 1 + loop->plan.pieces);
    pl_stats_count(&w->counters, PL_COUNT_ITEMS, loop->spec->n);
    if (!w->is_thread && !w->activation)
        pl_stats_count(&w->counters, PL_COUNT_BUSY, loop->guess * loop->plan.mine / loop->spec->n);
}

pl_handover pl_handover_run(const pl_loop_spec *spec, pl_worker *w, unsigned workers, uint64_t guess, bool closely)
{
    handed_loop loop = plan_loop(spec, w, workers, guess, closely);
    handed_result result = {0};
    publish_loop(&loop, workers - 1);
    if (loop.measured)
        result.began = pl_ticks();
    run_handed(&loop, &result);
    result.ended = pl_ticks();
    bool stopped = is_stopped(&w->handoff);
    pl_handoff_vacate(&w->handoff);
    w->helpers = loop.plan.pieces - result.back;
    count_handed(&loop);
    if (!stopped)
        learn_from_ends(&loop, &result);
    if (!stopped && loop.measured)
        learn_from_times(&loop, &result);
    return (pl_handover){.ended = result.ended, .is_unknown = !stopped && !loop.measured};
}
