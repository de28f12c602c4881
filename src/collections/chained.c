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

/* The number that this thread has taken, and of which call, the innermost. */
typedef struct own_number {
    const pl_chained *call;
    size_t number;
} own_number;

static _Thread_local own_number own PL_OF_THREAD;

/* ---- numbers ----------------------------------------------------------------------------------------------- */

/* Those that there are not are taken from the beginning. */
static void init_numbers(pl_chained *c, size_t count)
{
    c->numbers = count;
    for (size_t w = 0; w < PL_SLEEP_WORDS; w++, count -= count < 64 ? count : 64)
        atomic_init(&c->taken[w], count < 64 ? UINT64_MAX << count : 0);
    atomic_init(&c->owed, 0);
}

static bool take_bit(pl_chained *c, size_t number)
{
    uint64_t bit = UINT64_C(1) << number % 64;
    /* G13 seq_cst: what is kept by this number is there, of who had it before; and o3, in S after o2; pairs with G14,
     * G15 */
    return !(atomic_fetch_or_explicit(&c->taken[number / 64], bit, memory_order_seq_cst) & bit);
}

/* o1, o3: takes that number, or another. False if all are taken. */
static bool take_number(pl_chained *c, size_t *number)
{
    if (take_bit(c, *number))
        return true;
    for (size_t w = 0; w * 64 < c->numbers; w++) {
        uint64_t taken;
        /* G18 seq_cst: o3, in S after o2; pairs with G14, G15 */
        while ((taken = atomic_load_explicit(&c->taken[w], memory_order_seq_cst)) != UINT64_MAX) {
            *number = w * 64 + (size_t)__builtin_ctzll(~taken);
            if (take_bit(c, *number))
                return true;
        }
    }
    return false;
}

/* g1: gives it back. */
static void give_number(pl_chained *c, size_t number)
{
    uint64_t bit = UINT64_C(1) << number % 64;
    /* G14 seq_cst: what is kept by this number is there for who has it next; and g1, in S before g2; pairs with G13,
     * G16, G18 */
    atomic_fetch_and_explicit(&c->taken[number / 64], ~bit, memory_order_seq_cst);
}

/* o2: leaves turns to whoever gives a number back. */
static void owe_turns(pl_chained *c, size_t turns)
{
    /* G15 seq_cst: o2, in S before o3; pairs with G16, G13, G18 */
    atomic_fetch_add_explicit(&c->owed, turns, memory_order_seq_cst);
}

/* g2: all that is owed. */
static size_t take_owed(pl_chained *c)
{
    /* G16 seq_cst: g2, in S after g1; pairs with G15, G14 */
    if (atomic_load_explicit(&c->owed, memory_order_seq_cst) == 0)
        return 0;
    /* G17 relaxed: a number: a turn takes nothing over from who could not have it; no partner */
    return atomic_exchange_explicit(&c->owed, 0, memory_order_relaxed);
}

/* What follows runs by this number, up to the end. Returns what was before. */
static own_number begin_by_number(const pl_chained *c, size_t number)
{
    own_number before = own;
    own = (own_number){c, number};
    pl_context_thread.context->participant = (unsigned)number;
    return before;
}

static void end_by_number(pl_chained *c, own_number before)
{
    size_t number = own.number;
    own = before;
    give_number(c, number);
}

/* ---- turns and jobs ---------------------------------------------------------------------------------------- */

static void want_turns(pl_chained *c, size_t turns, size_t number)
{
    for (; turns > 0; turns = take_owed(c)) {
        if (!take_number(c, &number)) {
            owe_turns(c, turns);
            if (!take_number(c, &number))
                return;
            turns = take_owed(c);
        }
        own_number before = begin_by_number(c, number);
        for (; turns > 0; turns--)
            pl_chain_turn(&c->chain);
        end_by_number(c, before);
    }
}

/* The iterations of the call's loop are turns: which link comes next does not depend on who comes. */
static void have_turns(size_t begin, size_t end, void *ctx)
{
    want_turns(ctx, end - begin, pl_context_thread.context->participant);
}

/* Jobs that are spread. */
typedef struct spread {
    const pl_chain_jobs *jobs;
    pl_chained *call;
    size_t count;
    _Atomic size_t next;
} spread;

/* Does the next ones, so many, if there are. */
static void do_next(spread *s, size_t most)
{
    for (size_t i; most > 0; most--) {
        /* G19 relaxed: whose it is; what jobs are about, the loop orders; no partner */
        i = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
        if (i >= s->count)
            return;
        pl_chain_do(s->jobs, i);
    }
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
    } else if (take_number(c, &number)) {
        own_number before = begin_by_number(c, number);
        do_next(s, end - begin);
        end_by_number(c, before);
        want_turns(c, take_owed(c), number);
    }
}

/* Jobs are a loop in the loop: whoever has nothing to do comes and helps. */
static void spread_jobs(void *ctx, const pl_chain_jobs *jobs)
{
    pl_cost cost = {0};
    spread s = {.jobs = jobs, .call = ctx, .count = jobs->links + jobs->turns};
    pl_body body = {do_jobs, &s, pl_context_thread.context};
    pl_loop_run(&(pl_loop_spec){.n = s.count,
                                .body = pl_work_run_loop,
                                .ctx = &body,
                                .ctx_size = sizeof body,
                                .grain = 1,
                                .workers = (unsigned)s.call->numbers,
                                .cost = &cost});
    do_next(&s, s.count);
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
    init_numbers(c, parallel_worker_limit(options));
    c->own.spread = c->numbers > 1 ? spread_jobs : NULL;
    own_number before = own;
    own = (own_number){0}; /* of a thread that is being unwound there may be one that is no more */
    pl_chain_init(&c->chain, &c->own, c, count, window, (pl_chain_link *)(void *)(c->places + links_at));
    begin(c);
    c->work.treat = have_turns;
    int result = pl_blocks_treat(&c->work, cost, options, NULL, request);
    own = before;
    if (result == 0)
        end(c);
    pl_cleanup_end(&cleanup);
    free(far);
    return result;
}
