/* SPDX-License-Identifier: MIT */
/* Calls whose blocks are links of a chain; chained.h says what for. */
#include "collections/chained.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/results.h"
#include "sched/loop.h"

/* How long a link is to take at least. */
enum { WORTH_US = 3 };

/* Bytes of links, places and slots that are on the caller's stack. */
enum { NEAR = 16384 };

/* The iterations of the call's loop are turns: which link comes next does not depend on who comes. */
static void have_turns(size_t begin, size_t end, void *ctx)
{
    pl_chained *c = ctx;
    for (size_t k = begin; k < end; k++)
        pl_chain_turn(&c->chain);
}

static void do_jobs(size_t begin, size_t end, void *ctx)
{
    for (size_t i = begin; i < end; i++)
        pl_chain_do(ctx, i);
}

/* Jobs are a loop in the loop: whoever has nothing to do comes and helps. */
static void spread_jobs(void *ctx, const pl_chain_jobs *jobs)
{
    pl_cost cost = {0};
    pl_body body = {do_jobs, (void *)jobs, pl_context_thread.context};
    (void)ctx;
    pl_loop_run(&(pl_loop_spec){.n = jobs->links + jobs->turns,
                                .body = pl_work_run_loop,
                                .ctx = &body,
                                .ctx_size = sizeof body,
                                .grain = 1,
                                .cost = &cost});
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
        if (!far) {
            errno = ENOMEM;
            return -1;
        }
    }
    pl_cleanup_begin(&cleanup, free, far);
    c->places = far ? far : near;
    c->slots = c->places + slots_at;
    c->window = window;
    c->own = *c->links;
    c->own.spread = options && options->max_workers > 0 ? NULL : spread_jobs; /* who comes is not counted there */
    pl_chain_init(&c->chain, &c->own, c, count, window, (pl_chain_link *)(void *)(c->places + links_at));
    begin(c);
    c->work.treat = have_turns;
    int result = pl_blocks_treat(&c->work, cost, options, NULL, request);
    if (result == 0)
        end(c);
    pl_cleanup_end(&cleanup);
    free(far);
    return result;
}
