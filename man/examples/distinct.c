/* SPDX-License-Identifier: MIT */
/* Each number once, where it came first. */
#include <parallel.h>
#include <stdio.h>

int main(void)
{
    static const int ids[] = {7, 3, 7, 7, 9, 3};
    PARALLEL_SCOPED parallel_results *r = parallel_distinct(PARALLEL_ASCENDING, ids, 6);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    for (size_t i = 0; i < parallel_length(r); i++)
        printf("%d\n", *(const int *)parallel_result(r, i));
}

/* It prints:
 *
 *     7
 *     3
 *     9
 */
