/* SPDX-License-Identifier: MIT */
/* Whatever way leads out of a block, its objects are freed. */
#include <parallel.h>
#include <stdio.h>

static int half(int x)
{
    return x / 2;
}
PARALLEL_DECORATE(half, int, int);

static int first_half(const int *in, size_t n)
{
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(2);
    if (!pool)
        return -1;
    PARALLEL_SCOPED parallel_results *r = parallel_map(half, in, n, .pool = pool);
    if (!r)
        return -1;
    return *(const int *)parallel_result(r, 0);
}

int main(void)
{
    printf("%d\n", first_half((const int[]){84, 1}, 2));
}

/* It prints:
 *
 *     42
 */
