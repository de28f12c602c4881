/* SPDX-License-Identifier: MIT */
/* The parts of the runner: run.c decides what runs and when, run_report.c tells the results. */
#ifndef RUN_H
#define RUN_H

#include "../harness/rounds.h"

typedef struct workload {
    const char *name, *title;
    const char *const *ways; /* the first is what the others are compared with; NULL ends */
    bool is_delay;           /* what is told is how late an item is, and not how long it takes */
} workload;

void report_header(FILE *csv, const conditions *c);

/* The rows of one workload. */
void report_workload(FILE *csv, const conditions *c, const workload *w, series *all, int n);

#endif
