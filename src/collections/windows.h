/* SPDX-License-Identifier: MIT */
/*
 * Tasks of a map whose results are not kept: they come window by window into the same memory, and are taken from there
 * in order.
 *
 * Each window is a map of its own. What goes for the whole call (its time, its progress, the first failure of those
 * that it goes on in spite of) is kept here. Whoever has the results taken is called on the caller, in a context.
 */
#ifndef PL_COLLECTIONS_WINDOWS_H
#define PL_COLLECTIONS_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call/options.h"
#include "call/progress.h"

/* When failures end a call that is not `silent`. */
typedef enum pl_windows_failures {
    PL_WINDOWS_FAIL, /* at once: the one with the lowest index among those that ran */

    /* When they are come to in order: those beyond where the call is ended are nothing. A `silent` call passes them;
     * but it ends where it comes to a task that was not run to its end, as the call itself was stopped. */
    PL_WINDOWS_FAIL_AS_LOOPS
} pl_windows_failures;

/* Which tasks come first. */
typedef enum pl_windows_order { PL_WINDOWS_FORWARDS, PL_WINDOWS_BACKWARDS } pl_windows_order;

typedef struct pl_windows {
    const parallel_function *f;
    const unsigned char *args;
    size_t n;
    const parallel_options *options; /* merged */
    const pl_request *request;
    pl_windows_failures failures;
    pl_windows_order order;
    unsigned char *results; /* room for those of the longest window */
    size_t room;            /* tasks that this is for, 1 or more */

    /* How many tasks the next window has, from 1 to `room`, after `done` tasks; it has fewer if no more are left.
     * NULL: `room`. */
    size_t (*length)(void *ctx, size_t done);

    /* Takes the results of the tasks [first, first + count), which follow those before; NULL: these have failed, of a
     * call that goes on in spite of it. False: the call ends here, and well. */
    bool (*take)(void *ctx, size_t first, size_t count, const unsigned char *results);
    void *ctx;

    /* the call's own, all zero at first */
    size_t done;                  /* tasks of the windows before */
    uint64_t deadline;            /* in pl_os_nanoseconds(); 0: none */
    uint64_t reported;            /* when the program's callback of progress last ended, in pl_os_nanoseconds() */
    pl_progress_facts facts;      /* what it is told: of the call, not of its windows */
    size_t ended, failed;         /* tasks of the windows before that have, as it is told; */
    size_t ended_now, failed_now; /* and of this one, as far as is known */
    bool has_begun;               /* a window has: progress is to be ended */
    bool is_over;                 /* `take` has ended the call */
    bool is_stopped;              /* it has ended where it came to a task that was not run to its end */
    int code;                     /* of the first failure that was kept, or 0 */
    bool has_failure;             /* `failure` is that, with its message on the heap */
    parallel_failure failure;
} pl_windows;

/* Runs all tasks, in windows; of none, one window, as a map of none does what the options say. 0; or -1 with errno and
 * the last failure: also where results of all others have been taken (`silent`), if `take` has not ended the call. */
int pl_windows_run(pl_windows *w);

#endif
