/* SPDX-License-Identifier: MIT */
/* Names of functions, as traces keep them: copies, each with an index, since what a name is in may be unloaded before
 * the trace is read. */
#ifndef PL_SCHED_TRACE_NAME_H
#define PL_SCHED_TRACE_NAME_H

#include <stdint.h>

/* More functions than that share a name. */
enum { PL_TRACE_NAMES = 1000 };

/* The index of a name, as "what of name"; 0: it has none. */
uint64_t pl_trace_name(const char *what, const char *name);

/* A name by its index; a question mark for 0. */
const char *pl_trace_name_at(uint64_t index);

#endif
