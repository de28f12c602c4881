/* SPDX-License-Identifier: MIT */
/*
 * One task spawns 10^7 tasks of about a nanosecond, flat in one loop, then joins them all. There is next to nothing to
 * win for a thief here; what shows is what thieves cost a producer whom they cannot help.
 */
#ifndef BOUNCE_CONFIG_H
#define BOUNCE_CONFIG_H

#include <stdint.h>

#include "../suite.h"

enum { MOST_TASKS = 10000000 };

static int64_t result;

/* A call in all ways, lest the serial loop become arithmetic. */
__attribute__((noinline)) static int triple(int i)
{
    return i * 3;
}

static inline long spawns(long tasks)
{
    return tasks;
}

static inline void prepare(long tasks)
{
    (void)tasks;
    result = -1;
}

static inline int check(long tasks)
{
    return result == (int64_t)tasks * (tasks - 1) / 2 * 3;
}

static void run(long tasks);

static const suite_kernel kernel = {MOST_TASKS, MOST_TASKS / 100, spawns, prepare, run, check};

#endif
