/* SPDX-License-Identifier: MIT */
/* The vector as a whole, and one value of it. */
#include <parallel.h>
#include <stdio.h>

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

int main(void)
{
    static const int in[] = {3, 4, 5};
    parallel_results *r = parallel_map(square, in, 3);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    const int *values = parallel_values(r);
    for (size_t i = 0; i < parallel_length(r); i++)
        printf("%d\n", values[i]);
    const int *third = parallel_result(r, 2);
    printf("%s\n", third == &values[2] ? "the same" : "another");
    parallel_results_free(r);
}

/* It prints:
 *
 *     9
 *     16
 *     25
 *     the same
 */
