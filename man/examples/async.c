/* SPDX-License-Identifier: MIT */
/* One task in the background. */
#include <parallel.h>
#include <stdio.h>

static long sum_to(long n)
{
    long sum = 0;
    for (long i = 1; i <= n; i++)
        sum += i;
    return sum;
}
PARALLEL_DECORATE(sum_to, long, long);

int main(void)
{
    PARALLEL_SCOPED parallel_executor *ex = parallel_async(sum_to, 1000000);
    const long *sum = parallel_executor_result(ex); /* waits */
    if (!sum)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%ld\n", *sum);
}

/* It prints:
 *
 *     500000500000
 */
