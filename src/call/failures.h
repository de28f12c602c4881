/* SPDX-License-Identifier: MIT */
/* The account of a call's failures; failures.c says how it is kept. */
#ifndef PL_CALL_FAILURES_H
#define PL_CALL_FAILURES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <parallel.h>

#include "base/publish.h"

/* Neighbours that have failed alike: the tasks [first.index, first.index + count). */
typedef struct pl_failed {
    parallel_failure first; /* its message is on the heap; NULL: none; neighbours may share one, once settled */
    size_t count;
    size_t before;       /* once settled: how many failed tasks come before these */
    pl_published blocks; /* records of each of them, as far as they have been asked for */
} pl_failed;

typedef struct pl_failed_list {
    pl_failed *list;
    size_t count, room;       /* entries */
    size_t tasks;             /* in all of them */
    bool scattered;           /* when it was full the last time, there were few neighbours to join */
    const char *const *names; /* of all tasks of the call; or NULL */
    const void *args;         /* what the arguments are known by: where the first is, */
    size_t arg_size;
    const void **each; /* or where each is, on the heap; or NULL */
} pl_failed_list;

/* The failures of one call. Tasks add to it from several threads. */
typedef struct pl_failures {
    pthread_mutex_t mutex;
    bool keep_all;                   /* else only the one that the call is to report */
    bool lost;                       /* there was no memory for one */
    bool chunks;                     /* tasks fail by chunks */
    const struct pl_context *parent; /* the chunk that the call was made in, and waits in */
    void *arg;                       /* room for a copy of the argument of the one that is kept, where arguments do not
                                        stay; of so many bytes; else NULL */
    size_t arg_size;
    pl_failed_list all;
} pl_failures;

void pl_failures_init(pl_failures *failures, bool keep_all);
void pl_failures_free(pl_failures *failures);

/* Adds those of `count` neighbours that failed together, as `failure` says of the first. Takes `message`, a heap string
 * or NULL, for its own. */
void pl_failures_add(pl_failures *failures, const parallel_failure *failure, size_t count, char *message);

/* What there is to say of a failure whose task said nothing, on the heap; NULL if there is no memory. */
char *pl_failures_text(const parallel_failure *failure);

/* When all have been added, and the list knows names and arguments: sorts by index; fills in what is missing. */
void pl_failures_settle(pl_failures *failures);

/* Of a settled list: how a task ended; and the k-th failure, NULL if there are no more, or with errno ENOMEM. Safe from
 * several threads at once. */
parallel_state pl_failures_state(const pl_failed_list *all, size_t i);
const parallel_failure *pl_failures_get(const pl_failed_list *all, size_t k);

void pl_failures_free_list(pl_failed_list *all);

#endif
