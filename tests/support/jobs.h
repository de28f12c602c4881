/* SPDX-License-Identifier: MIT */
/* Tasks for tests of calls in the background: they wait at a gate, give up when they are asked to, fail, and are
 * counted. */
#ifndef PL_TESTS_SUPPORT_JOBS_H
#define PL_TESTS_SUPPORT_JOBS_H

#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "support/test.h"

struct job {
    int index;
    int code;   /* to return, if it does not give up */
    bool waits; /* until the gate is open, or it is to give up */
};

static atomic_bool gate;
static atomic_int begun, ended;

static inline int count_of(atomic_int *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static inline void count_one(atomic_int *count)
{
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

/* Until so many jobs have begun. */
static inline void await_begun(int n)
{
    while (count_of(&begun) < n)
        pl_test_sleep(200);
}

static inline void set_gate(bool open)
{
    atomic_store_explicit(&gate, open, memory_order_relaxed);
}

static inline bool is_open(void)
{
    return atomic_load_explicit(&gate, memory_order_relaxed);
}

static inline long right_result(int index)
{
    return index * 3L + 1;
}

static int work(const struct job *job, long *result, void *extras)
{
    (void)extras;
    bool gives_up = false;
    count_one(&begun);
    while (job->waits && !is_open() && !gives_up) {
        pl_test_sleep(200);
        gives_up = parallel_cancelled();
    }
    *result = right_result(job->index);
    count_one(&ended);
    if (gives_up)
        return parallel_fail(EINTR, "job %d gives up", job->index);
    return job->code ? parallel_fail(job->code, "job %d", job->index) : 0;
}
PARALLEL_DECORATE_TASK(work, struct job, long);

/* Jobs that succeed. */
static inline void fill_jobs(struct job *jobs, int n, bool wait)
{
    for (int i = 0; i < n; i++)
        jobs[i] = (struct job){.index = i, .waits = wait};
}

/* Whether all jobs succeeded, and have their results. */
static inline bool all_right(const parallel_results *r, int n)
{
    if (!r || parallel_length(r) != (size_t)n || parallel_failures(r))
        return false;
    for (int i = 0; i < n; i++)
        if (*(const long *)parallel_result(r, (size_t)i) != right_result(i))
            return false;
    return true;
}

/* Seconds, by the clock that does not jump. */
static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
