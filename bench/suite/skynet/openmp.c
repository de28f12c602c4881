/* SPDX-License-Identifier: MIT */
#include "config.h"

static int64_t skynet(int64_t first, long leaves)
{
    if (leaves == 1)
        return first;
    long part = leaves / CHILDREN;
    int64_t sums[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
#pragma omp task shared(sums)
        sums[i] = skynet(first + i * part, part);
    }
#pragma omp taskwait
    int64_t sum = 0;
    for (int i = 0; i < CHILDREN; i++)
        sum += sums[i];
    return sum;
}

static void run(long leaves)
{
#pragma omp parallel
#pragma omp single
    result = skynet(0, leaves);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
