/* SPDX-License-Identifier: MIT */
/* A sum, and the greatest of what a function gives. */
#include <parallel.h>
#include <stdio.h>

static int steps(long n)
{
    int steps = 0;
    for (; n > 1; steps++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return steps;
}
PARALLEL_DECORATE(steps, long, int);

int main(void)
{
    static long n[10000];
    for (int i = 0; i < 10000; i++)
        n[i] = i + 1;
    long sum = 0;
    int most = 0;
    if (parallel_reduce(PARALLEL_PLUS, n, 10000, &sum) != 0 ||
        parallel_map_reduce(steps, PARALLEL_MAX, n, 10000, &most) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%ld %d\n", sum, most);
}

/* It prints:
 *
 *     50005000 261
 */
