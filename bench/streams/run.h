/* SPDX-License-Identifier: MIT */
/* The parts of the runner: run.c decides what runs and when, run_report.c tells the results. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdio.h>

enum { MOST_ROUNDS = 101, MOST_WAYS = 12 };

typedef struct workload {
    const char *name, *title;
    bool is_delay; /* what is told is how late an item is, and not how long it takes */
} workload;

/* One way of a workload, over the rounds. */
typedef struct series {
    const workload *workload;
    const char *way;
    int runs, disturbed; /* disturbed: runs during which others used the CPUs */
    bool failed;
    double min_ns[MOST_ROUNDS]; /* of each run, until report_workload() sorts them; likewise */
    double median_ns[MOST_ROUNDS];
    double max_ns; /* of all runs */
    char sum[20];  /* of the results, in order */
} series;

typedef struct conditions {
    const char *directory; /* of the programs */
    const char *csv;       /* file */
    const char *commit;
    const char *ways; /* those that are wanted; NULL: all */
    int rounds, workers;
    double ms; /* that a program fills */
} conditions;

void report_header(FILE *csv, const conditions *c);

/* The rows of one workload. */
void report_workload(FILE *csv, const conditions *c, series *all, int n);

#endif
