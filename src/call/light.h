/* SPDX-License-Identifier: MIT */
/*
 * Light calls: such as have options, or a function that can fail, but nothing that has to be looked at while a few
 * cheap tasks run. Where they are short, they run at once on their caller, as plain ones do; nothing is checked, merged
 * and set up for them but what they have. Where a task fails, or time limits matter after all, the rest is an ordinary
 * call; and where tasks may block, others take it over when one does (others.h).
 */
#ifndef PL_CALL_LIGHT_H
#define PL_CALL_LIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include <parallel.h>

#include "call/call.h"
#include "call/others.h"
#include "sched/inline.h"

/* What the options of a light call say. */
typedef struct pl_light {
    unsigned workers; /* the most; 0: as many as there are cores */
    size_t grain;
    void *extras;
    double timeout, call_timeout; /* not more than 0: none */
    int retries;                  /* the same */
} pl_light;

/* Whether options are right, and a light call's: with others, pl_options_merge() decides. */
static inline bool pl_light_allows(const parallel_options *o, bool can_fail)
{
    return !o ||
           (o->size == sizeof *o && o->retry_delay <= 0 && o->timeout == o->timeout &&
            o->call_timeout == o->call_timeout && o->max_workers >= 0 && (unsigned)o->executor <= PARALLEL_THREAD &&
            (o->retries <= 0 || !can_fail) && !o->names && !o->progress && !o->pool && !o->deferred && !o->isolation &&
            !o->tasks_per_worker && !o->tile_rows && !o->tile_cols);
}

/* The call's over the decoration's, which are a light call's; NULL: none. */
static inline pl_light pl_light_merge(const parallel_options *call, const parallel_options *decoration)
{
    const parallel_options *o = call ? call : decoration, *d = decoration ? decoration : o;
    if (!o)
        return (pl_light){0};
    return (pl_light){
        .workers = (unsigned)(o->max_workers ? o->max_workers : d->max_workers),
        .grain = o->grain ? o->grain : d->grain,
        .extras = o->extras ? o->extras : d->extras,
        .timeout = o->timeout != 0 ? o->timeout : d->timeout,
        .call_timeout = o->call_timeout != 0 ? o->call_timeout : d->call_timeout,
        .retries = o->retries ? o->retries : d->retries,
    };
}

/* Whether its tasks are run as a piece that is watched: it has time limits, or may block, as it asks for more workers
 * than there are CPUs. */
static inline bool pl_light_is_watched(const pl_light *light)
{
    return light->timeout > 0 || light->call_timeout > 0 || light->workers > pl_pool_cores();
}

/* Whether such a call takes less than an ordinary one would add to it. */
static inline bool pl_light_is_cheap(const pl_cost *cost, size_t n)
{
    return pl_cost_guess(cost, n) <= pl_os_ticks_per_us();
}

/* Whether no other thread is worth waking for it, as far as is known. */
static inline bool pl_light_is_worth_none(const pl_cost *cost, size_t n)
{
    return pl_inline_is_short(pl_cost_guess(cost, n)) && !pl_cost_varies(cost);
}

/* Runs tasks of a function that can fail at once, up to the first that fails. False if there is something left to do,
 * as `begun` says. */
bool pl_light_run(const parallel_function *f, const void *args, size_t n, void *out, const pl_light *light,
                  pl_begun *begun);

/* The same of one that is watched, and for any function that has a `step`. `others`, who may take
 * over, are NULL if tasks may not block. */
bool pl_light_run_watched(const parallel_function *f, const void *args, size_t n, void *out, const pl_light *light,
                          pl_others *others, pl_begun *begun);

#endif
