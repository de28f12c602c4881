/* SPDX-License-Identifier: MIT */
/* A function that is known at run time: a plug-in's, say. */
#include <parallel.h>
#include <stdio.h>

static int half(const void *arg, void *result, void *extras)
{
    (void)extras;
    *(double *)result = *(const double *)arg / 2;
    return 0;
}

int main(void)
{
    parallel_function f = {.name = "half", .arg_size = sizeof(double), .result_size = sizeof(double), .call = half};
    static const double in[] = {1, 2, 3};
    PARALLEL_SCOPED parallel_results *r = parallel_map_function(&f, in, 3, NULL);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%g\n", *(const double *)parallel_result(r, 2));
}

/* It prints:
 *
 *     1.5
 */
