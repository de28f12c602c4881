/* SPDX-License-Identifier: MIT */
/* Calls on threads that are under a policy; managed.h says how. */
#include "executors/managed.h"

#include "base/os.h"
#include "sched/chunking.h"
#include "sched/cost.h"
#include "sched/trace.h"

/* How many tasks of [begin, end) to run in one go: one where there is a clock to look at after each, or each is wanted
 * as it ends; else `piece`. */
static size_t piece_end(const pl_call_worker *t, size_t piece, size_t begin, size_t end)
{
    const pl_call *c = t->call;
    const pl_work_kind *kind = c->work.kind;
    if (c->failures.chunks || (kind->is_untimed && c->options.grain))
        return end;
    if (c->ended || kind->is_separate ||
        (!t->piece && !kind->is_untimed && (c->policy.deadline || c->options.timeout > 0)))
        return begin + 1;
    return end - begin < piece ? end : begin + piece;
}

static int run_pieces(void *ctx, size_t begin, size_t end, void *loop_stop, unsigned participant)
{
    pl_managed *m = ctx;
    pl_call *c = m->call;
    uint64_t lasting = PL_CHUNKING_PIECE_US * pl_os_ticks_per_us();
    size_t piece = pl_chunking_first(pl_cost_guess(m->cost, 1), lasting);
    pl_call_worker t;
    (void)loop_stop;
    begin += c->first;
    end += c->first;
    pl_call_worker_begin(&t, c, participant);
    pl_retry_timer_enter(m, &t, participant);
    t.context.participant += c->participant;
    uint64_t before = t.reported;
    while (begin < end && !t.stop) {
        int why = pl_call_over(c);
        if (why) {
            pl_call_worker_leave_out(&t, why, begin, end);
            break;
        }
        size_t to = pl_call_worker_run(&t, begin, piece_end(&t, piece, begin, end), 0);
        uint64_t now = pl_ticks();
        piece = pl_chunking_next_piece(piece, to - begin, now - before, lasting);
        before = now;
        begin = to;
        if (now - t.reported > lasting) {
            pl_call_worker_report(&t);
            pl_retry_timer_run_due(m, &t);
            before = pl_ticks();
        }
    }
    pl_retry_timer_run_due(m, &t);
    t.context.participant -= c->participant;
    pl_retry_timer_leave(m, &t);
    pl_call_worker_end(&t);
    return t.stop;
}

/* Then tasks are left out, however many at a time. */
static bool is_over(void *ctx)
{
    return pl_call_over(((const pl_managed *)ctx)->call) != 0;
}

/* The only task of a call: there is nothing to be shared, and, unless it may be tried again later, no piece to be
 * measured. */
static void run_one(pl_call *c, pl_cost *cost, unsigned workers)
{
    uint64_t call = pl_trace_own.pending, start = pl_ticks();
    pl_trace_own.pending = 0;
    if (c->policy.common.delay > 0 || c->work.kind->adjust) {
        pl_managed m = {.call = c, .cost = cost};
        pl_retry_timer_begin(&m, workers);
        run_pieces(&m, 0, 1, NULL, 0);
        pl_retry_timer_end(&m);
    } else {
        pl_call_worker_run_here(c, c->first, c->first + 1);
    }
    uint64_t now = pl_ticks();
    pl_cost_learn(cost, now - start, 1, PL_COST_UNSURE);
    if (call)
        pl_trace_run(call, start, now, 0, 1, 1);
}

static void run_all(pl_call *c, pl_loop_spec *spec)
{
    pl_managed m = {.call = c, .cost = spec->cost};
    spec->body = run_pieces;
    spec->ctx = &m;
    spec->ctx_size = 0;
    spec->is_over = is_over;
    spec->chunk_us = PL_CHUNKING_PIECE_US;
    pl_retry_timer_begin(&m, spec->workers);
    pl_loop_run(spec);
    pl_retry_timer_end(&m);
}

void pl_managed_run(pl_call *c, pl_loop_spec *spec)
{
    if (!c->policy.began)
        pl_policy_begin(&c->policy, &c->options, c->work.n);
    if (c->work.n == 1)
        run_one(c, spec->cost, spec->workers);
    else
        run_all(c, spec);
    if (c->policy.left_out)
        pl_cost_forget(spec->cost);
    pl_call_worker_end_progress(c);
}
