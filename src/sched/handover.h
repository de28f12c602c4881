/* SPDX-License-Identifier: MIT */
/*
 * Short loops that are handed over in part, to workers that are searching: how much of one, and what is learnt from how
 * it went. handoff.h says how the parts change hands, inline.h which loops these are.
 */
#ifndef PL_SCHED_HANDOVER_H
#define PL_SCHED_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/loop.h"
#include "sched/worker.h"

/* A loop of more is not for here. */
#define PL_HANDOVER_US 24

/* How one has ended. */
typedef struct pl_handover {
    uint64_t ended;  /* when, in ticks */
    bool is_unknown; /* how long it took has not been looked at */
} pl_handover;

/* Runs a loop that is expected to take `guess` ticks by its caller and those who come, `workers` in all at most.
 * `closely`: it is measured in any case. */
pl_handover pl_handover_run(const pl_loop_spec *spec, pl_worker *w, unsigned workers, uint64_t guess, bool closely);

/* A searcher: runs a piece of what `victim` has handed over, and what more there is. */
void pl_handover_help(pl_worker *thief, pl_worker *victim, pl_piece piece);

#endif
