/* SPDX-License-Identifier: MIT */
/* A picture of a call with fewer items than CPUs: PARALLEL_TRACE=few_items.svg PARALLEL_NUM_THREADS=4 ./few_items */
#include <parallel.h>
#include <stdlib.h>

#include "../usage.h"

static double simulate(int seed)
{
    unsigned state = (unsigned)seed;
    volatile double sum = 0;
    for (int i = 0; i < 20000000; i++) {
        state = state * 1664525 + 1013904223;
        sum += state >> 31;
    }
    return sum;
}
PARALLEL_DECORATE(simulate, int, double);

int main(int argc, char **argv)
{
    answer_options(argc, argv, "usage: PARALLEL_TRACE=few_items.svg ./few_items\n");
    int seeds[3] = {1, 2, 3};
    double sums[3];
    return parallel_map_into(simulate, seeds, 3, sums) ? EXIT_FAILURE : EXIT_SUCCESS;
}
