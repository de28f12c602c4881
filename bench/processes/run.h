/* SPDX-License-Identifier: MIT */
/* The parts of the runner: run.c decides what runs and when, run_report.c tells the results. */
#ifndef RUN_H
#define RUN_H

#include "../harness/rounds.h"

enum { MOST_OF_ONE = 8 };

typedef struct workload {
    const char *name;
    const char *what; /* to measure: the driver's first argument */
    long n, megabytes;
    const char *ways[MOST_OF_ONE]; /* the first is what the others are compared with, if it is no way of ours */
    const char *title;
} workload;

void report_header(FILE *csv, const conditions *c);

/* The rows of one workload. */
void report_workload(FILE *csv, const conditions *c, const workload *w, series *all, int n);

#endif
