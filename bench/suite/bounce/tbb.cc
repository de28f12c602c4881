/* SPDX-License-Identifier: MIT */
#include <tbb/global_control.h>
#include <tbb/task_group.h>

#include "config.h"

static int tripled[MOST_TASKS];

static void run(long tasks)
{
    tbb::task_group group;
    for (int i = 0; i < tasks; i++)
        group.run([i] { tripled[i] = triple(i); });
    group.wait();
    int64_t sum = 0;
    for (int i = 0; i < tasks; i++)
        sum += tripled[i];
    result = sum;
}

int main(int argc, char **argv)
{
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, suite_threads());
    return suite_main(&kernel, argc, argv);
}
