/* SPDX-License-Identifier: MIT */
/* Different functions in the background. */
#include <parallel.h>
#include <stdio.h>

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

static double half(double x)
{
    return x / 2;
}
PARALLEL_DECORATE(half, double, double);

int main(void)
{
    parallel_future futures[] = {PARALLEL_FUTURE(square, 5), PARALLEL_FUTURE(half, 5)};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_par(futures, 2);
    parallel_results *r = parallel_executor_results(ex);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d %g\n", *(const int *)parallel_result(r, 0), *(const double *)parallel_result(r, 1));
}

/* It prints:
 *
 *     25 2.5
 */
