/* SPDX-License-Identifier: MIT */
/* How many divisors the numbers from 1 to 100000 have: no array of these numbers is made. */
#include <parallel.h>
#include <stdio.h>

static int divisors(int n)
{
    int found = 0;
    for (int d = 1; d * d <= n; d++)
        if (n % d == 0)
            found += d * d == n ? 1 : 2;
    return found;
}
PARALLEL_DECORATE(divisors, int, int);

int main(void)
{
    PARALLEL_SCOPED parallel_results *r = parallel_map_range(divisors, 1, 100001);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d\n", ((const int *)parallel_values(r))[83160 - 1]);

    int some[10];
    if (parallel_map_range_into(divisors, 10, 20, some) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d\n", some[12 - 10]);
}

/* It prints:
 *
 *     128
 *     6
 */
