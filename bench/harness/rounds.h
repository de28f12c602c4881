/* SPDX-License-Identifier: MIT */
/*
 * Suites of programs that print `min_ns=N median_ns=N max_ns=N sum=HEX`, each for a way of a workload: options, rounds
 * and figures.
 *
 * In each round every way of a workload runs once, in a process of its own, in turn with the others.
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include "harness.h"

enum { MOST_ROUNDS = 101, MOST_WAYS = 12 };

/* What a runner's command line says. */
typedef struct conditions {
    const char *directory; /* of the programs */
    const char *csv;       /* file */
    const char *commit;
    const char *ways; /* those that are wanted, with spaces between them; NULL: all */
    int rounds, workers;
    double ms; /* that a program fills */
} conditions;

/* Those of a command line without options; the file is NAME.csv. */
conditions conditions_of(const char *csv);

/* Takes the options off it. The index of the first word that is none, or 0 if an option is wrong. */
int conditions_parse(conditions *c, int argc, char **argv);

/* Tells what options there are; the workloads are the runner's to tell. */
void conditions_usage(const conditions *c);

/* Machine, compilers, commit and rounds, as comments. */
void conditions_describe(FILE *to, const conditions *c);

/* Whether a way is wanted. */
bool conditions_want(const conditions *c, const char *way);

/* One way of a workload, over the rounds. */
typedef struct series {
    const char *workload, *way;
    int runs, disturbed; /* disturbed: of so many runs others had the CPUs, too */
    bool failed;
    double min_ns[MOST_ROUNDS]; /* of each run, until series_sort(); likewise */
    double median_ns[MOST_ROUNDS];
    double max_ns; /* of all runs */
    char sum[20];  /* of the results */
} series;

/* Adds what a program has printed; false, and it has failed, if that is no figures, or its sum is another than that of
 * those of `all` that are to be alike. */
bool series_add(series *s, const ended *e, const series *all, int n, bool (*alike)(const series *, const series *));

/* All rounds of all ways; run_once() adds a run. How many have failed. */
int series_run(const conditions *c, series *all, int n, void (*run_once)(series *s, const series *all, int n));

/* After the last round. */
void series_sort(series *all, int n);
double series_median(const series *s);

/* The fields min_ns, median_ns and max_ns of a CSV; and three columns of a table. */
void series_write(FILE *csv, const series *s);
void series_print(const series *s);

#endif
