/* SPDX-License-Identifier: MIT */
/* Simple calls that a task makes; nested.h says why they differ. */
#include "executors/nested.h"

#include "base/os.h"
#include "sched/chunking.h"
#include "sched/cost.h"
#include "sched/stop.h"

typedef struct nested_call {
    pl_call *call;
    const pl_cost *cost;
    pl_loop_body *body;
    void *ctx;
} nested_call;

static void leave_out(const nested_call *nested, int why, size_t begin, size_t end)
{
    parallel_failure failure = {.index = begin, .state = PARALLEL_NOT_RUN, .code = why};
    pl_failures_add(&nested->call->failures, &failure, end - begin, NULL);
}

/* Whether a chunk is a task, or as the program wants it. */
static bool is_whole(const pl_call *c)
{
    return c->failures.chunks || (c->work.kind->is_untimed && c->options.grain);
}

static int run_pieces(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    const nested_call *nested = ctx;
    uint64_t lasting = PL_CHUNKING_PIECE_US * pl_os_ticks_per_us(), before = pl_ticks();
    begin += nested->call->first;
    end += nested->call->first;
    size_t piece = is_whole(nested->call) ? SIZE_MAX : pl_chunking_first(pl_cost_guess(nested->cost, 1), lasting);
    while (begin < end && !pl_stop_is_raised(stop)) {
        int why = pl_call_over(nested->call);
        if (why) {
            leave_out(nested, why, begin, end);
            return !nested->call->options.silent;
        }
        size_t to = end - begin < piece ? end : begin + piece;
        if (nested->body(nested->ctx, begin, to, stop, participant))
            return 1;
        uint64_t now = pl_ticks();
        piece = piece == SIZE_MAX ? piece : pl_chunking_next_piece(piece, to - begin, now - before, lasting);
        before = now;
        begin = to;
    }
    return 0;
}

/* Then tasks are left out, however many at a time. */
static bool is_over(void *ctx)
{
    return pl_call_over(((const nested_call *)ctx)->call) != 0;
}

void pl_nested_run(pl_call *c, pl_loop_spec *spec)
{
    nested_call nested = {.call = c, .cost = spec->cost};
    nested.body = c->work.kind->chunks(&c->work, &nested.ctx, &spec->ctx_size);
    spec->body = run_pieces;
    spec->ctx = &nested;
    spec->ctx_size = sizeof nested;
    spec->is_over = is_over;
    pl_loop_run(spec);
    if (c->failures.all.count && c->failures.all.list[0].first.state == PARALLEL_NOT_RUN)
        pl_cost_forget(spec->cost);
}
