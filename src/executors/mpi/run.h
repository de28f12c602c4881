/* SPDX-License-Identifier: MIT */
/* A piece that is run, as a call of its own on the rank's pool or worker processes; and what comes of it. */
#ifndef PL_MPI_RUN_H
#define PL_MPI_RUN_H

#include "call/services.h"

/* What the library that has the calls offers; set once, before anything else. */
extern const pl_services *pl_run_services;

/* Tasks of a piece that ended badly: neighbours, for one reason. */
typedef struct pl_run_failed {
    size_t begin, count; /* in the piece */
    parallel_failure failure;
} pl_run_failed;

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
    uint64_t began;    /* when the call was made, in nanoseconds */

    uint64_t took_ns;      /* from then on; 0: it was not run */
    const void *results;   /* NULL: there are none */
    pl_run_failed *failed; /* on the heap, or `whole` */
    size_t failures;
    pl_run_failed whole;         /* where the piece failed as such */
    parallel_executor *executor; /* owns the results and messages */
    char *message;               /* of a failure that no executor owns; or NULL */
} pl_run;

/* A run with nothing but zeros, the caller's; NULL: there is no memory. Frees it with what it owns, but for `owned`. */
pl_run *pl_run_new(void);
void pl_run_free(pl_run *run);

/* The piece failed as a whole, without having been begun. The message, which may be NULL, is copied. */
void pl_run_fail(pl_run *run, parallel_state state, int code, const char *message);

/* Makes the call. False if there is no memory: the piece has failed. */
bool pl_run_prepare(pl_run *run);

/* Makes it run, to its end, on this thread or with others. */
void pl_run_perform(pl_run *run);

/* Asks a call that has been made to give up, while it runs, or before. */
void pl_run_cancel(const pl_run *run);

#endif
