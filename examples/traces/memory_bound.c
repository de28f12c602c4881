/* SPDX-License-Identifier: MIT */
/* A picture of a call that waits for memory, not for CPUs: PARALLEL_TRACE=memory_bound.svg ./memory_bound */
#include <parallel.h>
#include <stdlib.h>

#include "../usage.h"

PARALLEL_LOOP(add, i, double *restrict, a, const double *restrict, b)
{
    a[i] += b[i];
}

/* The same on one CPU is not much slower. */
PARALLEL_LOOP(add_alone, i, double *restrict, a, const double *restrict, b)
{
    a[i] += b[i];
}

int main(int argc, char **argv)
{
    answer_options(argc, argv, "usage: PARALLEL_TRACE=memory_bound.svg ./memory_bound\n");
    enum { N = 8000000, ROUNDS = 8 };
    double *a = calloc(N, sizeof *a), *b = calloc(N, sizeof *b);
    int failed = !a || !b;
    for (int k = 0; k < ROUNDS && !failed; k++) {
        failed = parallel_loop(add, 0, N, (a, b)) != 0;
        failed = failed || parallel_loop(add_alone, 0, N, (a, b), .max_workers = 1) != 0;
    }
    free(a);
    free(b);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
