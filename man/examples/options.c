/* SPDX-License-Identifier: MIT */
/* Options of a decoration, which all calls have, and of one call. */
#include <parallel.h>
#include <stdio.h>

static int twice(const int *arg, int *result, void *extras)
{
    *result = *arg * *(const int *)extras;
    return 0;
}
PARALLEL_DECORATE_TASK(twice, int, int, .timeout = 5, .retries = 2);

int main(void)
{
    static const int in[] = {1, 2, 3};
    int factor = 2;
    PARALLEL_SCOPED parallel_results *r = parallel_map(twice, in, 3, .max_workers = 8, .extras = &factor);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d\n", *(const int *)parallel_result(r, 2));
}

/* It prints:
 *
 *     6
 */
