/* SPDX-License-Identifier: MIT */
/*
 * A chain: work that is cut into *links*, neighbours, of which each wants to know what all before it have come to.
 *
 * A link is *made*, by itself, by whoever has taken it; when it is known what all before it have come to, it is
 * *passed*: that makes known what it comes to with these, and so the next one is *reached*; and then it is *finished*,
 * which may take long, and keeps nobody else waiting. It is "decoupled look-back" (Merrill and Garland, "Single-pass
 * parallel prefix scan with decoupled look-back", 2016), but that nobody waits:
 *
 *      the maker of link k                            whoever has passed link k - 1
 *      -------------------                            -----------------------------
 *      makes its part                 (writes)        what comes before k is known    (writes)
 *      m1  old = links[k] |= MADE     (RMW)           r1  old = links[k] |= REACHED   (RMW)
 *      if old has REACHED: passes k, finishes it      if old has MADE: passes k, and later finishes it
 *      else: puts it aside, takes another             else: leaves it to its maker
 *
 * The two RMWs on one word are ordered. The second one finds the bit of the first, acquires what the first has written,
 * and passes the link; the first one does not. So each link is passed once, after it is made and all before it are
 * passed; and if all are made, all are passed: the first is reached from the beginning, and whoever passes a link
 * reaches the next. As links are taken in order, by one CAS each, the one that others wait for has been taken before
 * theirs. A maker may look first (m0) whether its link is reached already, and then do everything in one go, as the
 * second to come.
 *
 * A chain may have a *window*: link k is not taken before link k - window is finished, so what links keep from the one
 * to the other needs room for so many alone. Who finds it closed does not wait, either: it leaves its turn as a *debt*,
 * which whoever opens the window takes over.
 *
 *      who wants to take link k                       who finishes link k - window
 *      ------------------------                       ----------------------------
 *      d1  debts += 1                   (RMW)         f1  links[k - window] |= FINISHED  (RMW)
 *      d2  links[k - window] FINISHED?  (load)        f2  debts > 0?                     (load)
 *      d3  if so: debts -= 1, if it is not 0 (RMW),   f3  if so: takes them all          (RMW), and has as many turns
 *          and has its turn
 *
 * d1, d2, f1 and f2 are seq_cst. No turn is lost: if d2 does not see f1, then d1 < d2 < f1 < f2 in S, and f2 sees the
 * debt, or others have taken it. A turn that is had finds a link, or leaves a debt again; and the link that closes the
 * window has been taken, so it will be finished, since nobody waits in between: by its maker, or by those before it,
 * down to the first that is not passed. So as many turns as there are links finish all of them.
 *
 * Several turns at once, and several links to be finished at once, are *spread*: others are asked to help.
 */
#ifndef PL_SCHED_CHAIN_H
#define PL_SCHED_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

typedef _Atomic uint32_t pl_chain_link;

typedef struct pl_chain pl_chain;

/* Links that have been passed, and are to be finished, from `first` on; and then turns. */
typedef struct pl_chain_jobs {
    pl_chain *chain;
    size_t first, links, turns;
    unsigned depth; /* of jobs in jobs */
} pl_chain_jobs;

/* What is done with links. What they come to is in memory of the caller's, as a rule one place for each. */
typedef struct pl_chain_work {
    void (*make)(void *ctx, size_t k);
    void (*pass)(void *ctx, size_t k);
    void (*finish)(void *ctx, size_t k); /* NULL: to pass it is to finish it */
    void (*all)(void *ctx, size_t k);    /* all three of a link that is reached when it is made; NULL: one by one */
    /* Calls pl_chain_do(jobs, i) for each of them, in any order, on any threads; NULL: they are done here, in order. */
    void (*spread)(void *ctx, const pl_chain_jobs *jobs);
} pl_chain_work;

struct pl_chain {
    const pl_chain_work *work;
    void *ctx;
    size_t count;  /* links */
    size_t window; /* no link is taken before the one so many before it is finished; at least `count`: there is none */
    pl_chain_link *links;
    _Alignas(PL_LINE) _Atomic size_t taken;
    _Atomic size_t debts;
};

/* Sets up a chain of so many links; `links` has room for them. */
void pl_chain_init(pl_chain *chain, const pl_chain_work *work, void *ctx, size_t count, size_t window,
                   pl_chain_link *links);

/* A turn: takes a link, if there is one, and does with it what is to be done, and with those that become known by
 * it. When as many turns as there are links have returned, all links are finished. */
void pl_chain_turn(pl_chain *chain);

/* Does job i. */
void pl_chain_do(const pl_chain_jobs *jobs, size_t i);

#endif
