/* SPDX-License-Identifier: MIT */
/* The products of two arrays' items. */
#include <parallel.h>
#include <stdio.h>

static double product(double x, double y)
{
    return x * y;
}
PARALLEL_DECORATE_ZIP(product, double, double, double);

int main(void)
{
    static const double price[] = {2.5, 4, 10}, number[] = {4, 3, 1};
    double cost[3];
    if (parallel_zip_map_into(product, price, number, 3, cost) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%g %g %g\n", cost[0], cost[1], cost[2]);
}

/* It prints:
 *
 *     10 12 10
 */
