/* SPDX-License-Identifier: MIT */
/* Failed tasks that wait for their next attempt: a heap, the one that is due first at the top. Whoever has it locks
 * it. */
#ifndef PL_CALL_RETRY_H
#define PL_CALL_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parallel.h>

/* Tasks [begin, end). */
typedef struct pl_retry {
    size_t begin, end;
    uint64_t due;             /* in pl_os_nanoseconds() */
    parallel_failure failure; /* what the last attempt came to */
    char *message;            /* what it said, on the heap; or NULL */
} pl_retry;

typedef struct pl_retry_queue {
    pl_retry **heap;
    size_t count, room;
    uint64_t random; /* for jitter; not 0 */
} pl_retry_queue;

/* Puts one in. False if there is no memory. */
bool pl_retry_push(pl_retry_queue *queue, pl_retry *r);

/* Takes the first out, of a queue that is not empty. */
pl_retry *pl_retry_pop(pl_retry_queue *queue);

/* When the first is due; UINT64_MAX: there is none. */
uint64_t pl_retry_first_due(const pl_retry_queue *queue);

/* How long to wait, in nanoseconds, after so many attempts: doubled each time, and between a half and all of that.
 * `delay` is in seconds, after the first. */
uint64_t pl_retry_delay(pl_retry_queue *queue, double delay, unsigned attempts);

#endif
