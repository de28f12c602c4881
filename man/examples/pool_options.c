/* SPDX-License-Identifier: MIT */
/* A pool for deep recursions, whose threads have a name. */
#include <parallel.h>
#include <stdio.h>

static int depth(int n)
{
    char frame[1024];
    frame[n % 1024] = 1;
    return n == 0 ? 0 : depth(n - 1) + frame[n % 1024];
}
PARALLEL_DECORATE(depth, int, int);

int main(void)
{
    parallel_pool_options o = {.size = sizeof o, .workers = 2, .stack_size = 64 << 20, .name = "solver"};
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new_with(&o);
    if (!pool)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    static const int in[] = {1000, 2000};
    int out[2];
    if (parallel_map_into(depth, in, 2, out, .pool = pool) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d %d\n", out[0], out[1]);
}

/* It prints:
 *
 *     1000 2000
 */
