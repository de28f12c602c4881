/* SPDX-License-Identifier: MIT */
/* The scalar product of two vectors. */
#include <parallel.h>
#include <stdio.h>

PARALLEL_LOOP_REDUCE(double, dot, i, const double *restrict, x, const double *restrict, y)
{
    return x[i] * y[i];
}

int main(void)
{
    static double x[1000], y[1000];
    for (int i = 0; i < 1000; i++)
        x[i] = y[i] = i;
    double sum = 0;
    if (parallel_loop_reduce(dot, PARALLEL_PLUS, 0, 1000, (x, y), &sum) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%.0f\n", sum);
}

/* It prints:
 *
 *     332833500
 */
