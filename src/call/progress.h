/* SPDX-License-Identifier: MIT */
/* Progress of a call: how many tasks have ended, and the callback that is told. */
#ifndef PL_CALL_PROGRESS_H
#define PL_CALL_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/os.h"

/* How long the callback is left alone. */
#define PL_PROGRESS_NS UINT64_C(50000000)

/* What a callback that comes with the library, the bar, learns beyond done and total. */
typedef struct pl_progress_facts {
    uint64_t started; /* when the call began, by pl_os_nanoseconds() */
    size_t failures;  /* tasks that have failed so far */
    bool ended;       /* this is the last time that the callback is called */
    bool drawn;       /* the bar's own: it is on the screen. Kept from one time to the next; false at first */
} pl_progress_facts;

/* Those of the callback that runs on this thread; NULL if none does. */
extern _Thread_local pl_progress_facts *pl_progress_now PL_OF_THREAD __attribute__((visibility("hidden")));

typedef struct pl_progress {
    void (*callback)(size_t done, size_t total, void *data); /* NULL: nobody wants to know */
    void *data;
    pthread_mutex_t mutex; /* guards all that follows, but the facts while the callback runs */
    size_t total;
    size_t done, failed;     /* tasks, as far as threads have reported them */
    bool reporting;          /* the callback runs */
    uint64_t reported;       /* when it last ended, in pl_os_nanoseconds() */
    pl_progress_facts facts; /* of whoever reports */
} pl_progress;

/* A call of so many tasks begins, now. */
void pl_progress_begin(pl_progress *p, void (*callback)(size_t, size_t, void *), void *data, size_t total,
                       uint64_t now);

/* There are so many tasks more than was known. */
void pl_progress_extend(pl_progress *p, size_t more);

/* So many further tasks have ended, some of which have failed. Calls the callback, if it is time to. */
void pl_progress_add(pl_progress *p, size_t done, size_t failed);

/* The call has ended: calls the callback for the last time. In a context of the call's, as all callbacks: so it cannot
 * wait for the call's own results. */
void pl_progress_end(pl_progress *p);

#endif
