/* SPDX-License-Identifier: MIT */
/* Ends of calls in the background as an event loop sees them: by descriptors, and by notifications that are counted. */
#ifndef PL_TESTS_SUPPORT_ENDS_H
#define PL_TESTS_SUPPORT_ENDS_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "support/jobs.h"

/* Whether a descriptor becomes readable within so many milliseconds; -1: however long it takes. */
static inline bool is_readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int rc;
    do
        rc = poll(&p, 1, ms);
    while (rc < 0 && errno == EINTR);
    return rc == 1 && p.revents == POLLIN;
}

/* How many descriptors this process has, up to a thousand. */
static inline int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* What a notification finds. */
struct note {
    atomic_int calls;
    parallel_executor *ex;
    pthread_t thread;
    parallel_status status;
};

static inline void take_note(parallel_executor *ex, void *data)
{
    struct note *note = data;
    note->ex = ex;
    note->thread = pthread_self();
    note->status = parallel_executor_status(ex);
    atomic_fetch_add_explicit(&note->calls, 1, memory_order_release);
}

static inline int notes_taken(struct note *note)
{
    return atomic_load_explicit(&note->calls, memory_order_acquire);
}

/* Until it has been called. */
static inline void await_note(struct note *note)
{
    while (notes_taken(note) == 0)
        pl_test_sleep(200);
}

#endif
