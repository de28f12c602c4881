/* SPDX-License-Identifier: MIT */
/* What the tests of tasks share: counts of workers, and ways to make it likely that a task is stolen. */
#ifndef PL_TESTS_SUPPORT_TASKS_H
#define PL_TESTS_SUPPORT_TASKS_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "support/sanitizers.h"
#include "support/test.h"

/* The counts of workers, as a loop test's index. */
static const int pl_task_workers[] = {1, 2, 4, 16};
enum { PL_TASK_WORKERS = sizeof pl_task_workers / sizeof pl_task_workers[0] };

static inline double pl_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Waits until the counter has reached `want`, for so many seconds at most. Whether it has. */
static inline bool pl_await(atomic_int *counter, int want, double seconds)
{
    double end = pl_seconds() + seconds;
    while (atomic_load_explicit(counter, memory_order_acquire) < want) {
        if (pl_seconds() > end)
            return false;
        sched_yield();
    }
    return true;
}

static inline void pl_count(atomic_int *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_release);
}

/* A pseudo-random number that depends on all bits of `x` (the finaliser of Steele, Lea and Flood's SplitMix64). */
static inline unsigned long long pl_scramble(unsigned long long x)
{
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
    return x ^ x >> 31;
}

#endif
