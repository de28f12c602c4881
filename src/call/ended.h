/* SPDX-License-Identifier: MIT */
/*
 * The account of a call's tasks in the order in which they end, for a program that takes them one by one while others
 * still run.
 *
 * Threads that run tasks add each that has ended for good, that is, will not be tried again; the program takes them.
 * All is under one mutex, which is not the account's own: that of the parallel_executor, whose state tells whether the
 * call has ended. There is room for all n tasks from the beginning, so adding one that went well cannot fail.
 *
 * Tasks that were never run are not added: once the call has ended, they are those that the set `known` lacks, and are
 * taken last, by number.
 */
#ifndef PL_CALL_ENDED_H
#define PL_CALL_ENDED_H

#include "call/results.h"
#include "call/work.h"

/* A task that has been run. */
typedef struct pl_ended_task {
    size_t index;
    const parallel_failure *failure; /* NULL: it went well */
} pl_ended_task;

typedef struct pl_ended pl_ended;
struct pl_ended {
    pthread_mutex_t *mutex;
    void (*more)(pl_ended *ended); /* there is a task to be taken where there was none; called with the mutex */
    const pl_work *work;
    const char *const *names;        /* of all tasks; or NULL */
    size_t count;                    /* tasks in `tasks`; */
    size_t taken;                    /* so many of them have been taken */
    size_t next;                     /* tasks before this one have been run, or taken as never run */
    int why;                         /* why tasks were not run: an error code; 0: nobody has said so yet */
    unsigned char *known;            /* a bit for each task that is in `tasks` */
    struct pl_ended_record *records; /* the last that was made */
    parallel_results *results;       /* those of a call that has failed; else NULL */
    pl_ended_task tasks[];
};

/* The account of a call's n tasks. NULL with errno ENOMEM. */
pl_ended *pl_ended_new(const pl_work *work, const char *const *names, pthread_mutex_t *mutex,
                       void (*more)(pl_ended *ended));
void pl_ended_free(pl_ended *ended);

/* The call has failed; what its tasks have written stays for as long as the account. */
void pl_ended_keep(pl_ended *ended, parallel_results *results);

/* ---- for who runs tasks, without the mutex ----------------------------------------------------------------- */

/* Tasks [begin, end) have ended well; or badly, as `failure` says of the first, with a message that may be NULL, and is
 * copied. */
void pl_ended_well(pl_ended *ended, size_t begin, size_t end);
void pl_ended_badly(pl_ended *ended, const parallel_failure *failure, const char *message, size_t begin, size_t end);

/* Some are not run, for that error code. */
void pl_ended_leave_out(pl_ended *ended, int why);

/* ---- for the program, with the mutex ----------------------------------------------------------------------- */

/* Whether there is a task to be taken that has been run. */
static inline bool pl_ended_any(const pl_ended *ended)
{
    return ended->taken < ended->count;
}

/* Takes the next that has been run, which there is; or, when all of them have been taken, and the call has ended, the
 * next of the others. 1; 0 if there is none; or -1 with errno ENOMEM: then it can be tried again. */
int pl_ended_take(pl_ended *ended, parallel_item *item);
int pl_ended_take_rest(pl_ended *ended, parallel_item *item);

#endif
