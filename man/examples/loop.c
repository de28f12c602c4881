/* SPDX-License-Identifier: MIT */
/* y += a * x, with what the body uses named. */
#include <parallel.h>
#include <stdio.h>

PARALLEL_LOOP(add_scaled, i, double, a, const double *restrict, x, double *restrict, y)
{
    y[i] += a * x[i];
}

int main(void)
{
    static double x[1000], y[1000];
    for (int i = 0; i < 1000; i++)
        x[i] = y[i] = i;
    if (parallel_loop(add_scaled, 0, 1000, (2.5, x, y)) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%g\n", y[10]);
}

/* It prints:
 *
 *     35
 */
