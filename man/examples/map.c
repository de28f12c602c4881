/* SPDX-License-Identifier: MIT */
/* The cubes of a thousand numbers. */
#include <parallel.h>
#include <stdio.h>

static double cube(double x)
{
    return x * x * x;
}
PARALLEL_DECORATE(cube, double, double);

int main(void)
{
    static double in[1000];
    for (int i = 0; i < 1000; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(cube, in, 1000);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    const double *cubes = parallel_values(r);
    printf("%g %g\n", cubes[3], cubes[999]);
}

/* It prints:
 *
 *     27 9.97003e+08
 */
