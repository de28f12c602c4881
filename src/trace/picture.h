/* SPDX-License-Identifier: MIT */
/* A timeline as a picture (SVG) that needs no tool but a browser: less than 100 kB, however many events there are. */
#ifndef PL_TRACE_PICTURE_H
#define PL_TRACE_PICTURE_H

#include <stdio.h>

#include "trace/timeline.h"

void pl_picture_write(FILE *file, const pl_timeline *t);

#endif
