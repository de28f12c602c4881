/* SPDX-License-Identifier: MIT */
/* The parts of the runner: run.c decides what runs and when, run_report.c tells the results. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdio.h>

enum { MOST_ROUNDS = 101, MOST_WAYS = 8 };

typedef struct workload {
    const char *name;
    const char *what; /* to measure: the driver's first argument */
    long n, megabytes;
    const char *ways[MOST_WAYS]; /* the first is what the others are compared with, if it is no way of ours */
    const char *title;
} workload;

/* One way of a workload, over the rounds. */
typedef struct series {
    const workload *workload;
    const char *way;
    int runs, disturbed; /* disturbed: runs before which others did not stop using the CPUs */
    bool failed;
    double min_ns[MOST_ROUNDS]; /* of each run, until report_workload() sorts them; likewise */
    double median_ns[MOST_ROUNDS];
    double max_ns; /* of all runs */
    char sum[20];  /* of the results */
} series;

typedef struct conditions {
    const char *directory; /* of the programs */
    const char *csv;       /* file */
    const char *commit;
    int rounds, workers;
    double ms; /* that a program fills */
} conditions;

void report_header(FILE *csv, const conditions *c);

/* The rows of one workload. */
void report_workload(FILE *csv, const conditions *c, series *all, int n);

#endif
