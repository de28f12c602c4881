/* SPDX-License-Identifier: MIT */
/* What the runners of the suites share: running a program, what others do meanwhile, and what the machine is. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* ---- one run of a program: program.c --------------------------------------------------------------------- */

typedef struct program {
    const char *path;
    const char *const *arguments; /* after its name; NULL ends */
    const char *wait_policy;      /* OMP_WAIT_POLICY; NULL: the library's own choice */
    int threads;                  /* for each library by its own variable, and SUITE_THREADS */
    unsigned most_seconds;        /* then it is killed */
} program;

typedef struct ended {
    bool ok;    /* it exited with 0 */
    int status; /* it exited with; -1 if a signal ended it */
    double peak_mb;
    double lasted;  /* seconds, all in all */
    double others;  /* seconds of CPU time that others used meanwhile */
    char line[256]; /* what it printed, as much as fits */
} ended;

ended run_program(const program *p);

/* Seconds of CPU time that the whole machine has used, stolen ones with them; 0 where that is not told. */
double busy_seconds(void);

/* Whether others used more than a run can bear. */
bool disturbed(double others, double lasted);

/* ---- the machine: machine.c ------------------------------------------------------------------------------ */

/* Seconds of a monotonic clock. */
double seconds(void);

/* The lines of a file, or only the first that begins so, and of it what follows a colon. */
void copy_lines(FILE *to, const char *path, const char *beginning, const char *prefix);

/* The machine, and the compilers and flags that `directory`/versions tells. */
void describe_machine(FILE *to, const char *directory);

/*
 * Nanoseconds that a cache line takes from one CPU to another and back: two threads, each on a CPU of its own, in turns
 * write to it; the least of several batches. 0 where there is one CPU only.
 */
double round_trip_ns(void);

/* ---- neighbours: neighbours.c ---------------------------------------------------------------------------- */

enum { MOST_NEIGHBOURS = 256 };

/* Processes that do nothing but use CPU time, until stopped or until their parent ends. */
typedef struct neighbours {
    int n;
    pid_t pid[MOST_NEIGHBOURS];
} neighbours;

void start_neighbours(neighbours *them, int n);
void stop_neighbours(neighbours *them);

/* Whether a name is among those of a list that ends in NULL; an empty list has all. */
bool is_named(const char *name, char **names);

#endif
