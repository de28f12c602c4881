/* SPDX-License-Identifier: MIT */
/* Mean and variance in one pass: items are added to accumulators, and these are put together. */
#include <parallel.h>
#include <stdio.h>

struct moments {
    double n, sum, squares;
};

static void add(struct moments *m, const double *x)
{
    m->n += 1;
    m->sum += *x;
    m->squares += *x * *x;
}

static void join(struct moments *m, const struct moments *right)
{
    m->n += right->n;
    m->sum += right->sum;
    m->squares += right->squares;
}
PARALLEL_DECORATE_FOLD(add, join, struct moments, double);

int main(void)
{
    static double x[1000];
    for (int i = 0; i < 1000; i++)
        x[i] = i % 10;
    struct moments m = {0};
    if (parallel_fold(add, x, 1000, &m) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    double mean = m.sum / m.n;
    printf("%g %g\n", mean, m.squares / m.n - mean * mean);
}

/* It prints:
 *
 *     4.5 8.25
 */
