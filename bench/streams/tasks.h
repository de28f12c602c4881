/* SPDX-License-Identifier: MIT */
/* What all ways of running single tasks in the background do the same. */
#ifndef TASKS_H
#define TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "items.h"

enum { MOST_TASKS = 500 };

static inline uint64_t run_task(uint64_t value)
{
    return value * 0x9e3779b97f4a7c15u + 1;
}

/* A way's own: runs tasks 0 to n - 1 in the background, all at once, and adds their results. False if it could not. */
bool run_tasks(int n, uint64_t *sum);

#endif
