/* SPDX-License-Identifier: MIT */
/* A body that is given ranges of indices. */
#include <parallel.h>
#include <stdio.h>

struct vectors {
    double *x, *y;
};

static void add(size_t begin, size_t end, void *ctx)
{
    const struct vectors *v = ctx;
    for (size_t i = begin; i < end; i++)
        v->y[i] += v->x[i];
}

int main(void)
{
    static double x[100000], y[100000];
    for (int i = 0; i < 100000; i++)
        x[i] = y[i] = i;
    struct vectors v = {x, y};
    if (parallel_for(100000, add, &v) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%g\n", y[99999]);
}

/* It prints:
 *
 *     199998
 */
