/* SPDX-License-Identifier: MIT */
/* Every task is tried, and every outcome kept. */
#include <errno.h>
#include <parallel.h>
#include <stdio.h>

static int reciprocal(const double *x, double *result, void *extras)
{
    (void)extras;
    if (*x == 0)
        return parallel_fail(EDOM, "divided by 0");
    *result = 1 / *x;
    return 0;
}
PARALLEL_DECORATE_TASK(reciprocal, double, double);

int main(void)
{
    static const double in[] = {4, 0, 2, 0};
    PARALLEL_SCOPED parallel_results *r = parallel_map(reciprocal, in, 4, .silent = true);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;

    const parallel_failure *f;
    for (size_t k = 0; (f = parallel_failed(r, k)); k++)
        printf("task %zu: %s\n", f->index, f->message);
    size_t good[4], n = parallel_succeeded(r, good, 4);
    printf("%zu of %zu failed; %zu and %zu did not\n", parallel_failures(r), parallel_length(r), good[0], good[n - 1]);
    printf("%s\n", parallel_result_state(r, 1) == PARALLEL_ERROR ? "an error" : "something else");

    parallel_replace_failed(r, &(double){-1});
    printf("%g %g\n", ((const double *)parallel_values(r))[0], ((const double *)parallel_values(r))[1]);
}

/* It prints:
 *
 *     task 1: divided by 0
 *     task 3: divided by 0
 *     2 of 4 failed; 0 and 2 did not
 *     an error
 *     0.25 -1
 */
