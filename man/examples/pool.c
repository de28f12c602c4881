/* SPDX-License-Identifier: MIT */
/* Threads for calls that block, so that those which compute keep theirs. */
#include <parallel.h>
#include <stdio.h>

static int slow(int x)
{
    parallel_sleep(0.001);
    return x + 1;
}
PARALLEL_DECORATE(slow, int, int);

int main(void)
{
    parallel_pool *pool = parallel_pool_new(8);
    if (!pool)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    static const int in[] = {1, 2, 3};
    int out[3];
    if (parallel_map_into(slow, in, 3, out, .pool = pool) != 0)
        fprintf(stderr, "%s\n", parallel_error());
    parallel_pool_free(pool);
    printf("%d\n", out[2]);
}

/* It prints:
 *
 *     4
 */
