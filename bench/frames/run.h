/* SPDX-License-Identifier: MIT */
/* The parts of the runner: run.c decides what runs and when, run_report.c tells the results. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdio.h>

enum { MOST_WAYS = 8 };

typedef struct workload {
    const char *name, *title;
    int neighbours; /* processes of others that use a CPU each meanwhile */
} workload;

/* A program, and how its threads wait for work. */
typedef struct way {
    const char *name, *program;
    const char *wait_policy; /* NULL: as the library chooses */
} way;

/* One way of a workload, over the rounds. */
typedef struct series {
    const workload *workload;
    const way *way;
    int runs, disturbed; /* disturbed: runs during which others used the CPUs */
    bool failed;
    double *us; /* of each frame of all runs, until report_workload() sorts them */
    size_t frames;
    double cpus;  /* that the process used, the sum of all runs */
    char sum[20]; /* of the results */
} series;

typedef struct conditions {
    const char *directory; /* of the programs */
    const char *csv;       /* file */
    const char *commit;
    const char *ways; /* those that are wanted; NULL: all */
    int rounds, workers, frames;
} conditions;

void report_header(FILE *csv, const conditions *c);

/* The rows of one workload. */
void report_workload(FILE *csv, const conditions *c, series *all, int n);

#endif
