/* SPDX-License-Identifier: MIT */
/* Chains of links; chain.h says how they work, and why. */
#include "sched/chain.h"

/* A link's word. */
enum { MADE = 1, REACHED = 2, FINISHED = 4 };

/* So many jobs are done here, rather than spread. */
#define FEW_JOBS 2
/* Jobs in jobs are spread to this depth. */
#define DEEPEST 8

#define NONE SIZE_MAX

void pl_chain_init(pl_chain *chain, const pl_chain_work *work, void *ctx, size_t count, size_t window,
                   pl_chain_link *links)
{
    *chain = (pl_chain){.work = work, .ctx = ctx, .count = count, .window = window, .links = links};
    for (size_t k = 0; k < count; k++)
        atomic_init(&links[k], k ? 0 : REACHED);
}

/* ---- turns ----------------------------------------------------------------------------------------------- */

/* d2: whether the window is closed for link k. */
static bool is_closed(const pl_chain *c, size_t k)
{
    if (k < c->window)
        return false;
    /* G1 seq_cst: whoever finished it is done with what is in the window's place; and d2, in S after the debt, before
     * which it was not finished; pairs with G9, G2 */
    return !(atomic_load_explicit(&c->links[k - c->window], memory_order_seq_cst) & FINISHED);
}

/* The window is closed: leaves a debt. False if it has been opened meanwhile, and the debt is taken back. */
static bool leave_debt(pl_chain *c, size_t k)
{
    /* G2 seq_cst: d1, in S before d2; pairs with G10, G1 */
    atomic_fetch_add_explicit(&c->debts, 1, memory_order_seq_cst);
    if (is_closed(c, k))
        return true;
    /* G3 relaxed: a guess for the CAS; no partner */
    size_t debts = atomic_load_explicit(&c->debts, memory_order_relaxed);
    while (debts > 0)
        /* G4 relaxed: d3, a number: a turn takes nothing over from who could not have it; no partner */
        if (atomic_compare_exchange_weak_explicit(&c->debts, &debts, debts - 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return false;
    return true;
}

/* Takes the next link; NONE: there is none any more, or for now. */
static size_t take_link(pl_chain *c)
{
    /* G5 relaxed: a guess for the CAS; no partner */
    size_t k = atomic_load_explicit(&c->taken, memory_order_relaxed);
    while (k < c->count) {
        if (is_closed(c, k)) {
            if (leave_debt(c, k))
                return NONE;
            continue;
        }
        /* G6 relaxed: who takes a link takes nothing over from who took the one before; no partner */
        if (atomic_compare_exchange_weak_explicit(&c->taken, &k, k + 1, memory_order_relaxed, memory_order_relaxed))
            return k;
    }
    return NONE;
}

/* m0: whether all before it are known. */
static bool is_reached(const pl_chain *c, size_t k)
{
    /* G11 acquire: what comes before it is there; pairs with G8 */
    return atomic_load_explicit(&c->links[k], memory_order_acquire) & REACHED;
}

/* m1: a link has been made. True: it is to be passed. */
static bool link_was_made(pl_chain *c, size_t k)
{
    /* G7 acq_rel: its part is there for who passes it; or what comes before it is there for its maker, who does; pairs
     * with G8 */
    return atomic_fetch_or_explicit(&c->links[k], MADE, memory_order_acq_rel) & REACHED;
}

/* r1: what comes before a link is known. True: it has been put aside, and is to be passed. */
static bool reach_link(pl_chain *c, size_t k)
{
    /* G8 acq_rel: the same the other way around; pairs with G7, G11 */
    return atomic_fetch_or_explicit(&c->links[k], REACHED, memory_order_acq_rel) & MADE;
}

/* f1: a link is finished. How many debts there were (f3). */
static size_t end_link(pl_chain *c, size_t k)
{
    if (c->window >= c->count)
        return 0;
    /* G9 seq_cst: what is in its place of the window is not looked at any more; and f1, in S before f2; pairs with G1
     * */
    atomic_fetch_or_explicit(&c->links[k], FINISHED, memory_order_seq_cst);
    /* G10 seq_cst: f2; pairs with G2 */
    if (atomic_load_explicit(&c->debts, memory_order_seq_cst) == 0)
        return 0;
    /* G12 relaxed: a number, as G4: turns that are had take nothing over; no partner */
    return atomic_exchange_explicit(&c->debts, 0, memory_order_relaxed);
}

static size_t finish_link(pl_chain *c, size_t k)
{
    if (c->work->finish)
        c->work->finish(c->ctx, k);
    return end_link(c, k);
}

/* Does jobs in order; returns the debts that it has found. */
static size_t do_or_spread(const pl_chain_jobs *jobs);

/* A turn; returns debts that it has found. */
static size_t have_turn(pl_chain *c, unsigned depth)
{
    size_t k = take_link(c), first = k, to;
    if (k == NONE)
        return 0;
    bool is_all = c->work->all && is_reached(c, k);
    size_t debts = 0;
    if (is_all) {
        c->work->all(c->ctx, k);
        debts = end_link(c, k);
        first = k + 1;
    } else {
        c->work->make(c->ctx, k);
        if (!link_was_made(c, k))
            return 0;
        c->work->pass(c->ctx, k);
    }
    for (to = k + 1; to < c->count && reach_link(c, to); to++)
        c->work->pass(c->ctx, to);
    return debts + do_or_spread(&(pl_chain_jobs){c, first, to - first, 0, depth});
}

static size_t do_job(const pl_chain_jobs *jobs, size_t i)
{
    return i < jobs->links ? finish_link(jobs->chain, jobs->first + i) : have_turn(jobs->chain, jobs->depth);
}

static size_t do_or_spread(const pl_chain_jobs *jobs)
{
    size_t n = jobs->links + jobs->turns, debts = 0;
    const pl_chain *c = jobs->chain;
    if (n > FEW_JOBS && jobs->depth < DEEPEST && c->work->spread) {
        pl_chain_jobs more = *jobs;
        more.depth++;
        c->work->spread(c->ctx, &more);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        debts += do_job(jobs, i);
    return debts;
}

/* Has the turns that have been taken over. */
static void pay_debts(pl_chain *c, size_t debts, unsigned depth)
{
    while (debts > 0)
        debts = do_or_spread(&(pl_chain_jobs){c, 0, 0, debts, depth});
}

void pl_chain_turn(pl_chain *chain)
{
    pay_debts(chain, have_turn(chain, 0), 0);
}

void pl_chain_do(const pl_chain_jobs *jobs, size_t i)
{
    pay_debts(jobs->chain, do_job(jobs, i), jobs->depth);
}
