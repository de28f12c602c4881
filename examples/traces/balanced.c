/* SPDX-License-Identifier: MIT */
/* A picture of a call that has enough to do for everybody: PARALLEL_TRACE=balanced.svg ./balanced */
#include <parallel.h>
#include <stdlib.h>

#include "../usage.h"

static double integrate(double x)
{
    double sum = 0;
    for (int i = 1; i <= 1000; i++)
        sum += 1 / (x + i);
    return sum;
}
PARALLEL_DECORATE(integrate, double, double);

int main(int argc, char **argv)
{
    answer_options(argc, argv, "usage: PARALLEL_TRACE=balanced.svg ./balanced\n");
    enum { N = 100000 };
    double *x = malloc(sizeof *x * 2 * N);
    if (!x)
        return EXIT_FAILURE;
    for (int i = 0; i < N; i++)
        x[i] = i;
    int failed = parallel_map_into(integrate, x, N, x + N);
    free(x);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
