/* SPDX-License-Identifier: MIT */
#include <tbb/global_control.h>
#include <tbb/task_group.h>

#include "config.h"

static int64_t skynet(int64_t first, long leaves)
{
    if (leaves == 1)
        return first;
    long part = leaves / CHILDREN;
    int64_t sums[CHILDREN];
    tbb::task_group group;
    for (int i = 0; i < CHILDREN; i++)
        group.run([&sums, i, first, part] { sums[i] = skynet(first + i * part, part); });
    group.wait();
    int64_t sum = 0;
    for (int i = 0; i < CHILDREN; i++)
        sum += sums[i];
    return sum;
}

static void run(long leaves)
{
    result = skynet(0, leaves);
}

int main(int argc, char **argv)
{
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, suite_threads());
    return suite_main(&kernel, argc, argv);
}
