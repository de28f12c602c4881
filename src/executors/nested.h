/* SPDX-License-Identifier: MIT */
/*
 * Simple calls that a task makes: they end when that is to give up. Between pieces of some microseconds it is looked
 * whether it is; tasks that have not begun then are left out, and the failure says so.
 */
#ifndef PL_EXECUTORS_NESTED_H
#define PL_EXECUTORS_NESTED_H

#include "call/call.h"
#include "sched/loop.h"

/* Runs all tasks of such a call by the loop of `spec`, which lacks the body. */
void pl_nested_run(pl_call *c, pl_loop_spec *spec);

#endif
