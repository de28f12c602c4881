/* SPDX-License-Identifier: MIT */
#include <parallel.h>

#include "config.h"

PARALLEL_TASK(int, tiny, int, i)
{
    return triple(i);
}

PARALLEL_TASK(int64_t, bounce, long, tasks)
{
    for (int i = 0; i < tasks; i++)
        PARALLEL_SPAWN(tiny, i);
    int64_t sum = 0;
    for (int i = 0; i < tasks; i++)
        sum += PARALLEL_SYNC(tiny);
    return sum;
}

static void run(long tasks)
{
    result = PARALLEL_RUN(bounce, tasks);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
