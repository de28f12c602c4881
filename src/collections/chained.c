/* SPDX-License-Identifier: MIT */
/* Calls whose blocks are links of a chain; chained.h says what for. */
#include "collections/chained.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/results.h"
#include "sched/loop.h"
#include "sched/range.h"

/* How long a link is to take at least. */
enum { WORTH_US = 3 };

/* Bytes of links, places and slots that are on the caller's stack. */
enum { NEAR = 16384 };

/* The number that this thread has taken, and of which call, the innermost. */
typedef struct own_number {
    const pl_chained *call;
    size_t number;
} own_number;

static _Thread_local own_number own PL_OF_THREAD;

/* What follows runs by this number, up to `own` being set back. Returns what was before. */
static own_number begin_by_number(const pl_chained *c, size_t number)
{
    own_number before = own;
    own = (own_number){c, number};
    pl_context_thread.context->participant = (unsigned)number;
    return before;
}

/* ---- turns and jobs ----------------------------------------------------------------------------------- */

static void have_turns(void *ctx, size_t number, size_t turns)
{
    pl_chained *c = ctx;
    own_number before = begin_by_number(c, number);
    for (; turns > 0; turns--)
        pl_chain_turn(&c->chain);
    own = before;
}

/* The iterations of the call's loop are turns: which link comes next does not depend on who comes. */
static void run_turns(size_t begin, size_t end, void *ctx)
{
    pl_chained *c = ctx;
    pl_numbers_have_turns(&c->numbers, end - begin, pl_context_thread.context->participant, have_turns, c);
}

/* Jobs that are spread. */
typedef struct spread {
    const pl_chain_jobs *jobs;
    pl_chained *call;
    pl_range left;
} spread;

/* Does the next ones, so many, if there are. */
static void do_next(spread *s, size_t most)
{
    uint32_t i, end;
    for (; most > 0 && pl_range_take(&s->left, 1, &i, &end); most--)
        pl_chain_do(s->jobs, i);
}

/* Whoever has a number of the call's already, in a frame that waits for this loop, keeps it. */
static void do_jobs(size_t begin, size_t end, void *ctx)
{
    spread *s = ctx;
    pl_chained *c = s->call;
    size_t number = pl_context_thread.context->participant;
    if (own.call == c) {
        pl_context_thread.context->participant = (unsigned)own.number;
        do_next(s, end - begin);
    } else if (pl_numbers_take(&c->numbers, &number)) {
        own_number before = begin_by_number(c, number);
        do_next(s, end - begin);
        own = before;
        pl_numbers_give(&c->numbers, number);
        pl_numbers_have_owed(&c->numbers, number, have_turns, c);
    }
}

/* Jobs are a loop in the loop: whoever has nothing to do comes and helps. */
static void spread_jobs(void *ctx, const pl_chain_jobs *jobs)
{
    pl_cost cost = {0};
    size_t count = jobs->links + jobs->turns;
    spread s = {.jobs = jobs, .call = ctx};
    pl_body body = {do_jobs, &s, pl_context_thread.context};
    pl_range_set(&s.left, 0, (uint32_t)count);
    pl_loop_run(&(pl_loop_spec){.n = count,
                                .body = pl_work_run_loop,
                                .ctx = &body,
                                .ctx_size = sizeof body,
                                .grain = 1,
                                .workers = (unsigned)s.call->numbers.count,
                                .cost = &cost});
    do_next(&s, count);
}

size_t pl_chained_worth(const pl_cost *cost, size_t items)
{
    uint64_t took = pl_cost_guess(cost, items), worth = WORTH_US * pl_os_ticks_per_us();
    return took > worth ? 1 : (size_t)(worth / (took + 1)) + 1;
}

PL_NOT_INLINED int pl_chained_run(pl_chained *c, void (*begin)(pl_chained *), void (*end)(pl_chained *), pl_cost *cost,
                                  const parallel_options *options, const pl_request *request)
{
    alignas(PL_LINE) unsigned char near[NEAR];
    size_t count = c->work.blocks.count, window = c->window < count ? c->window : count;
    size_t alignment = c->place_align > PL_LINE ? c->place_align : PL_LINE;
    size_t places = pl_size_multiply(c->place_count, c->place_size), slots = pl_size_multiply(window, c->slot_size);
    size_t links_at = pl_size_round(places, PL_LINE);
    size_t slots_at = pl_size_round(pl_size_add(links_at, count * sizeof(pl_chain_link)), PL_LINE);
    size_t bytes = pl_size_add(slots_at, slots);
    unsigned char *far = NULL;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (bytes > sizeof near || alignment > PL_LINE) {
        far = pl_results_allocate(bytes, alignment);
        if (!far)
            return pl_error_return(ENOMEM);
    }
    pl_cleanup_begin(&cleanup, free, far);
    c->places = far ? far : near;
    c->slots = c->places + slots_at;
    c->window = window;
    c->own = *c->links;
    pl_numbers_init(&c->numbers, parallel_worker_limit(options));
    c->own.spread = c->numbers.count > 1 ? spread_jobs : NULL;
    own_number before = own;
    own = (own_number){0}; /* of a thread that is being unwound there may be one that is no more */
    pl_chain_init(&c->chain, &c->own, c, count, window, (pl_chain_link *)(void *)(c->places + links_at));
    begin(c);
    c->work.treat = run_turns;
    int result = pl_blocks_treat(&c->work, cost, options, NULL, request);
    own = before;
    if (result == 0)
        end(c);
    pl_cleanup_end(&cleanup);
    free(far);
    return result;
}
