/* SPDX-License-Identifier: MIT */
/* The parts of the runner: run.c decides what runs and when, run_series.c runs it, run_report.c tells the results. */
#ifndef RUN_H
#define RUN_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum { MOST_ROUNDS = 101, MOST_THREAD_COUNTS = 8, MOST_SERIES = 256, MOST_SIZES = 8, MOST_NAME = 32 };

typedef struct conditions {
    const char *directory; /* of the programs */
    const char *csv;       /* file */
    const char *commit;
    char **ways;         /* beginnings of the names of those wanted besides serial; none: all */
    int rounds;          /* of each */
    int most_repeats;    /* of a run that others disturbed */
    double milliseconds; /* that a program fills with calls */
    bool small;          /* only to see whether all works */
    int threads[MOST_THREAD_COUNTS + 1];
} conditions;

extern conditions how;

typedef struct workload {
    const char *name; /* as the programs know it */
    const char *about;
    long sizes[MOST_SIZES]; /* 0 ends */
} workload;

/* ---- measuring ------------------------------------------------------------------------------------------- */

/* One program with one number of threads on one workload of one size, over the rounds. */
typedef struct series {
    char path[PATH_MAX];
    char way[MOST_NAME];
    const char *compiler;
    const char *wait_policy; /* of OpenMP; else NULL */
    int threads;
    bool serial;
    bool ours;
    bool variant; /* ours, written in another way: no peer */
    bool cannot;  /* do this workload */
    bool failed;
    bool wrong;
    int repeats; /* runs done again because of others */
    int runs;
    double min_ns[MOST_ROUNDS]; /* of each run, until report_measured() sorts them; likewise */
    double median_ns[MOST_ROUNDS];
} series;

typedef struct measured {
    const workload *what;
    long n;
    int n_series;
    series all[MOST_SERIES];
} measured;

void find_series(measured *m);
void run_once(const measured *m, series *s);

/* ---- telling --------------------------------------------------------------------------------------------- */

void report_header(FILE *csv);
void report_summary_header(FILE *summary);

/* Series without runs are left out. */
void report_measured(FILE *csv, FILE *summary, measured *m);

#endif
