/* SPDX-License-Identifier: MIT */
/* The prime factors of several numbers: each has as many as it has. */
#include <parallel.h>
#include <stdio.h>

static size_t factors(const int *n, int *out, size_t room)
{
    size_t found = 0;
    int rest = *n;
    for (int p = 2; rest > 1; p++)
        for (; rest % p == 0; rest /= p)
            if (found++ < room)
                out[found - 1] = p;
    return found;
}
PARALLEL_DECORATE_FLAT(factors, int, int);

int main(void)
{
    static const int numbers[] = {12, 1, 35};
    PARALLEL_SCOPED parallel_results *r = parallel_flat_map(factors, numbers, 3);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    for (size_t i = 0; i < parallel_length(r); i++)
        printf("%d\n", *(const int *)parallel_result(r, i));
}

/* It prints:
 *
 *     2
 *     2
 *     3
 *     5
 *     7
 */
