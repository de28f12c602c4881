/* SPDX-License-Identifier: MIT */
/*
 * Light calls: such as have options, or a function that can fail, but nothing that has to be looked at while tasks run.
 * Where they are short, they run at once on their caller, as plain ones do; nothing is checked, merged and set up for
 * them but what they have. The first failure makes an ordinary call of one, which goes on behind it.
 */
#ifndef PL_CALL_LIGHT_H
#define PL_CALL_LIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include <parallel.h>

#include "call/call.h"
#include "sched/inline.h"

/* What the options of a light call say. */
typedef struct pl_light {
    unsigned workers; /* the most; 0: as many as there are cores */
    size_t grain;
    void *extras;
} pl_light;

/* Whether options are right, and a light call's: with others, pl_options_merge() decides. */
static inline bool pl_light_allows(const parallel_options *o, bool can_fail)
{
    return !o || (o->size == sizeof *o && o->timeout <= 0 && o->call_timeout <= 0 && o->retry_delay <= 0 &&
                  o->max_workers >= 0 && (unsigned)o->executor <= PARALLEL_THREAD && (o->retries <= 0 || !can_fail) &&
                  !o->names && !o->progress && !o->pool && !o->deferred && !o->isolation && !o->tasks_per_worker &&
                  !o->tile_rows && !o->tile_cols);
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
    };
}

/* A task of a light call that has failed. */
typedef struct pl_light_failure {
    parallel_failure failure;
    char *message; /* on the heap; or NULL */
} pl_light_failure;

/* Runs tasks of a function that can fail at once, up to the first that fails. False if one has. */
bool pl_light_run(const parallel_function *f, const void *args, size_t n, void *out, void *extras,
                  pl_light_failure *failed);

#endif
