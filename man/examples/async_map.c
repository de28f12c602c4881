/* SPDX-License-Identifier: MIT */
/* A map in the background, while the program does something else. */
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
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(square, in, 3);
    printf("something else\n");
    parallel_results *r = parallel_executor_results(ex); /* waits; they end with the executor */
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d\n", *(const int *)parallel_result(r, 2));
}

/* It prints:
 *
 *     something else
 *     9
 */
