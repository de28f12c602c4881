/* SPDX-License-Identifier: MIT */
#include "config.h"

static int tripled[MOST_TASKS];

static void run(long tasks)
{
#pragma omp parallel
#pragma omp single
    {
        for (int i = 0; i < tasks; i++) {
#pragma omp task
            tripled[i] = triple(i);
        }
#pragma omp taskwait
    }
    int64_t sum = 0;
    for (int i = 0; i < tasks; i++)
        sum += tripled[i];
    result = sum;
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
