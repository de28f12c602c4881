/* SPDX-License-Identifier: MIT */
/* A timeline in Chrome's trace format, which Perfetto and speedscope read. */
#ifndef PL_TRACE_JSON_H
#define PL_TRACE_JSON_H

#include <stdio.h>

#include "trace/timeline.h"

void pl_json_write(FILE *file, const pl_timeline *t);

#endif
