/* SPDX-License-Identifier: MIT */
/* Whichever of two calls ends first. */
#include <parallel.h>
#include <stdio.h>

static int nap(const double *seconds, double *result, void *extras)
{
    (void)extras;
    *result = *seconds;
    return parallel_sleep(*seconds);
}
PARALLEL_DECORATE_TASK(nap, double, double);

int main(void)
{
    PARALLEL_SCOPED parallel_executor *slow = parallel_async(nap, 60);
    PARALLEL_SCOPED parallel_executor *quick = parallel_async(nap, 0.01);
    parallel_executor *both[] = {slow, quick};
    int first = parallel_executor_any(both, 2, -1);
    if (first < 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d: %g s\n", first, *(const double *)parallel_executor_result(both[first]));
    parallel_cancel(slow);
}

/* It prints:
 *
 *     1: 0.01 s
 */
