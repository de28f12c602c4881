/* SPDX-License-Identifier: MIT */
/* What there is to say of a timeline in a sentence: of its longest call, how many CPUs were busy, and why not more. */
#ifndef PL_TRACE_FINDINGS_H
#define PL_TRACE_FINDINGS_H

#include "trace/timeline.h"

/* The longest call that is not in another of the same thread; NULL: there is none. */
const pl_timeline_call *pl_findings_main_call(const pl_timeline *t);

/* The sentence, into `text`. */
void pl_findings_write(const pl_timeline *t, char *text, size_t size);

/* A duration as people read it: "1.83 ms". */
enum { PL_FINDINGS_TIME = 24 };
const char *pl_findings_time(char text[PL_FINDINGS_TIME], uint64_t ns);

/* A count with a space between thousands. */
const char *pl_findings_count(char text[PL_FINDINGS_TIME], uint64_t count);

#endif
