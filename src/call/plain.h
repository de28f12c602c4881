/* SPDX-License-Identifier: MIT */
/* Loops without any options, whose body cannot fail: they need no account of failures, nor much else. */
#ifndef PL_CALL_PLAIN_H
#define PL_CALL_PLAIN_H

#include "call/work.h"
#include "sched/cost.h"

/* Runs a loop over [0, n), n > 0: on its caller, if that is known to be over before help would come, else by the
 * scheduler. Then the thread has no last failure. Returns 0. */
int pl_plain_loop(const pl_body *loop, size_t n, pl_cost *cost);

/* Runs it on its caller, as a whole, which has taken so many items that cost has been learnt of. */
int pl_plain_at_once(const pl_body *loop, size_t n, const pl_cost *cost, size_t items);

/* Runs a loop by a body of the scheduler's loop, with a context that may be copied. */
int pl_plain_spec(const pl_loop_spec *spec);

#endif
