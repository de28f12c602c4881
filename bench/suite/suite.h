/* SPDX-License-Identifier: MIT */
/*
 * What every program of the suite shares: `PROGRAM REPS [small]` runs its kernel so often, checks each result, prints
 *
 *     min_ns=N median_ns=N spawns=N idle_cpu_ns=N result=OK
 *
 * where spawns counts those of one run, and idle_cpu_ns is the CPU time that the whole process burns in 20 ms of
 * idleness that begin 2 ms after the last run. The exit status is 1 if a result was WRONG. Threads come from the
 * environment: PARALLEL_NUM_THREADS, OMP_NUM_THREADS, and SUITE_THREADS for TBB.
 */
#ifndef SUITE_H
#define SUITE_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct suite_kernel {
    long size;                  /* what run() gets, */
    long small_size;            /* or gets if asked for a small run: about a hundredth of the work or less */
    long (*spawns)(long size);  /* how many spawns a run does */
    void (*prepare)(long size); /* before each run and not timed: makes the input, spoils the last result */
    void (*run)(long size);
    int (*check)(long size); /* after each run and not timed: whether the result is right */
} suite_kernel;

int suite_main(const suite_kernel *kernel, int argc, char **argv);

/* SUITE_THREADS, or 1. */
int suite_threads(void);

#ifdef __cplusplus
}
#endif

#endif
