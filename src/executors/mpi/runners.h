/* SPDX-License-Identifier: MIT */
/*
 * Runners: the one or two threads of a rank that run pieces of a call (run.h), one after the other. Two, where the pool
 * has more threads than one, so that it has something to do while the last tasks of a piece run.
 */
#ifndef PL_MPI_RUNNERS_H
#define PL_MPI_RUNNERS_H

#include <pthread.h>

#include "executors/mpi/run.h"

enum { PL_RUNNERS_MOST = 2 };

typedef struct pl_runners {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pl_run *first, *last; /* to be run */
    int why;              /* nothing is to be begun any more: an error code */
    bool stop_all;        /* and what runs is to give up */
    bool end;             /* the threads are to end */
    unsigned count;
    unsigned started;
    pl_run *running[PL_RUNNERS_MOST]; /* by thread; NULL: none */
    pthread_t threads[PL_RUNNERS_MOST];
    void (*ended)(pl_run *run, void *data); /* called by the thread that has run it */
    void *data;
} pl_runners;

/* Where a piece of such a call runs, on a rank of so many threads: worker processes, the pool, or, if that is one
 * thread, the runner itself, which need not hand it over. */
parallel_executor_kind pl_runners_executor(parallel_isolation isolation, int max_workers, unsigned threads);

/* How many are of use to a call of at most so many workers; 0: as many as the pool has. */
unsigned pl_runners_wanted(int max_workers, unsigned threads);

/* Starts so many threads. False if there is none. */
bool pl_runners_begin(pl_runners *r, unsigned count, void (*ended)(pl_run *run, void *data), void *data);

/* Runs a piece, when its turn has come. */
void pl_runners_add(pl_runners *r, pl_run *run);

/* Nothing is begun any more, for that error code; what runs is asked to give up, or not. */
typedef enum pl_runners_stops { PL_RUNNERS_STOP_STARTING, PL_RUNNERS_STOP_ALL } pl_runners_stops;
void pl_runners_stop(pl_runners *r, int why, pl_runners_stops what);

/* Waits for what has been added, and ends the threads. */
void pl_runners_end(pl_runners *r);

#endif
