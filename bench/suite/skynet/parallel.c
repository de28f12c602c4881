/* SPDX-License-Identifier: MIT */
#include <parallel.h>

#include "config.h"

PARALLEL_TASK(int64_t, skynet, int64_t, first, long, leaves)
{
    if (leaves == 1)
        return first;
    long part = leaves / CHILDREN;
    for (int i = 0; i < CHILDREN; i++)
        PARALLEL_SPAWN(skynet, first + i * part, part);
    int64_t sum = 0;
    for (int i = 0; i < CHILDREN; i++)
        sum += PARALLEL_SYNC(skynet);
    return sum;
}

static void run(long leaves)
{
    result = PARALLEL_RUN(skynet, 0, leaves);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
