/* SPDX-License-Identifier: MIT */
/*
 * Runners: the one or two threads of a rank that run pieces of a call, one after the other, each as a call of its own
 * on the rank's pool or worker processes. Two, where the pool has more threads than one, so that it has something to do
 * while the last tasks of a piece run.
 */
#ifndef PL_MPI_RUNNERS_H
#define PL_MPI_RUNNERS_H

#include <pthread.h>

#include "call/services.h"

enum { PL_RUNNERS_MOST = 2 };

/* Tasks of a piece that ended badly: neighbours, for one reason. */
typedef struct pl_runners_failed {
    size_t begin, count; /* in the piece */
    parallel_failure failure;
} pl_runners_failed;

/* A piece to be run; and what came of it. */
typedef struct pl_run {
    struct pl_run *next;
    uint64_t piece; /* its number, the owner's */
    parallel_function function;
    const void *args;
    size_t count;
    parallel_options options;
    uint64_t deadline; /* of the call, in nanoseconds; 0: none */
    void *owned;       /* the owner's: what `args` are in */

    uint64_t took_ns;
    const void *results;       /* NULL: there are none */
    pl_runners_failed *failed; /* on the heap, or `whole` */
    size_t failures;
    pl_runners_failed whole;     /* where the piece failed as such */
    parallel_executor *executor; /* owns the results and messages */
    char *message;               /* of a failure that no executor owns; or NULL */
} pl_run;

typedef struct pl_runners {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pl_run *first, *last; /* to be run */
    int why;              /* nothing is to be begun any more: an error code */
    bool stop_all;        /* and what runs is to give up */
    bool end;             /* the threads are to end */
    unsigned count;
    unsigned started;
    parallel_executor *running[PL_RUNNERS_MOST]; /* by thread; NULL: none */
    pthread_t threads[PL_RUNNERS_MOST];
    void (*ended)(pl_run *run, void *data); /* called by the thread that has run it */
    void *data;
} pl_runners;

/* What the library that has the calls offers; set once, before anything else. */
extern const pl_services *pl_runners_services;

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

/* The piece failed as a whole, without having been begun. The message, which may be NULL, is copied. */
void pl_runners_fail(pl_run *run, parallel_state state, int code, const char *message);

/* A run with nothing but zeros, the caller's; NULL: there is no memory. Frees it with what it owns, but for `owned`. */
pl_run *pl_runners_new_run(void);
void pl_runners_free_run(pl_run *run);

#endif
