/* SPDX-License-Identifier: MIT */
/*
 * The parts of the runner: run_workloads.c has what is measured, run_series.c measures it, run_report.c tells the
 * results, and run.c decides what runs and when.
 */
#ifndef RUN_H
#define RUN_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum { MOST_ROUNDS = 101, MOST_THREAD_COUNTS = 8, MOST_SERIES = 256, MOST_SIZES = 32, MOST_NAME = 32 };

/* ---- what is measured ------------------------------------------------------------------------------------ */

typedef struct workload {
    const char *name;
    const char *about;
    const char *mode; /* this and the next two as the programs know them */
    const char *kernel;
    const char *shape;
    double item_ns;         /* how long an item takes; 0: as long as it takes */
    double item2_ns;        /* and after the jump */
    long sizes[MOST_SIZES]; /* 0 ends */
    const char *unit;       /* NULL: ns */
    bool by_median;         /* what is done rarely is judged by its median, what is done often by its minimum */
    bool no_serial;         /* it is no question of serial code */
    bool neighbours;        /* with a busy process on each CPU */
    bool crowded;           /* with two threads on each CPU */
} workload;

extern const workload workloads[]; /* one without a name ends */

/* Measures how long the items take here. */
void calibrate(void);

/* How many turns make an item of so many nanoseconds, and how many nanoseconds they take in a loop. */
unsigned turns_of(double ns);
double ns_of(unsigned turns);

/* ---- measuring ------------------------------------------------------------------------------------------- */

typedef struct conditions {
    const char *directory; /* of the programs */
    const char *output;    /* directory */
    const char *commit;
    char **ways;         /* beginnings of the names of those wanted besides serial; none: all */
    int rounds;          /* of each */
    double milliseconds; /* that a program fills with calls */
    bool small;          /* only to see whether all works */
    int threads[MOST_THREAD_COUNTS + 1];
} conditions;

extern conditions how;

/* How far the CPUs are from each other: it changes where a virtual machine's CPUs move. */
typedef enum distance { NEAR, FAR, MIXED, DISTANCES } distance;

typedef struct run {
    distance state;
    double min;
    double median;
    double round_trip;
} run;

/* One program with one number of threads on one workload of one size, over the rounds. */
typedef struct series {
    char path[PATH_MAX];
    char way[MOST_NAME];
    const char *compiler;
    const char *wait_policy; /* of OpenMP; else NULL */
    int threads;
    bool serial;
    bool ours;
    bool cannot; /* do this kernel */
    bool slow;   /* one round says enough */
    bool failed;
    bool wrong;
    int repeats; /* runs done again because of others, or because the state changed meanwhile */
    int n_runs;
    run runs[MOST_ROUNDS];
} series;

typedef struct measured {
    const workload *what;
    long n;
    int n_series;
    series all[MOST_SERIES];
    char checksum[32]; /* that all must have */
} measured;

void find_series(measured *m);
void run_once(measured *m, series *s);

/* ---- telling --------------------------------------------------------------------------------------------- */

void report_header(FILE *csv);
void report_measured(FILE *csv, FILE *summary, const measured *m);
void report_summary_header(FILE *summary);

#endif
