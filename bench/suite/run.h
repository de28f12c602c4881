/* SPDX-License-Identifier: MIT */
/* The parts of the runner: run.c decides what runs and when, run_child.c runs it, run_report.c tells the results. */
#ifndef RUN_H
#define RUN_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum { MOST_ROUNDS = 101, MOST_THREAD_COUNTS = 16, MOST_SERIES = 128, MOST_NAME = 32 };

/* ---- one run of a program -------------------------------------------------------------------------------- */

typedef struct outcome {
    bool ok; /* it ended well and its results were right; else all else is 0 */
    double min_ms;
    double median_ms;
    double idle_cpu_ms;
    double peak_mb;
    double lasted; /* seconds, all in all */
    double others; /* seconds of CPU time that others used meanwhile */
    long spawns;
} outcome;

typedef struct child {
    char path[PATH_MAX];
    int threads;
    int reps;
    bool small;
    unsigned most_seconds; /* then it is killed */
} child;

outcome run_child(const child *c);

/* ---- one program with one number of threads, over the rounds --------------------------------------------- */

typedef struct series {
    child child;
    char kernel[MOST_NAME];
    const char *way;
    const char *compiler;
    bool serial;
    bool failed;
    int runs;
    int repeats; /* runs done again because of others */
    long spawns;
    double peak_mb;             /* the most */
    double min_ms[MOST_ROUNDS]; /* of each run, until report_kernel() sorts them; likewise */
    double median_ms[MOST_ROUNDS];
    double idle_cpu_ms[MOST_ROUNDS];
} series;

/* ---- telling --------------------------------------------------------------------------------------------- */

typedef struct conditions {
    const char *directory; /* of the programs */
    const char *csv;       /* file */
    const char *commit;
    int rounds;
    double seconds; /* that the runs of a kernel in one process fill */
    double limit;   /* seconds beyond which a run is a small one */
} conditions;

void report_header(FILE *csv, const conditions *c);

/* The rows of one kernel, of which series without runs are left out. */
void report_kernel(FILE *csv, series *all, int n);

#endif
