/* SPDX-License-Identifier: MIT */
/* Threads are there before the first call, and gone before a fork. */
#include <parallel.h>
#include <stdio.h>

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

int main(void)
{
    static const int in[] = {1, 2, 3};
    int out[3];
    if (parallel_warm_up() != 0)
        fprintf(stderr, "%s\n", parallel_error()); /* calls go on with fewer threads */
    if (parallel_map_into(square, in, 3, out) != 0 || parallel_shutdown() != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d\n", out[2]);
}

/* It prints:
 *
 *     9
 */
