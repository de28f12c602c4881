/* SPDX-License-Identifier: MIT */
/* How many calls the program's own pool has had. */
#include <inttypes.h>
#include <parallel.h>
#include <stdio.h>

static double half(double x)
{
    return x / 2;
}
PARALLEL_DECORATE(half, double, double);

static uint64_t calls(void)
{
    parallel_stats_t s = {.size = sizeof s};
    parallel_stats(NULL, &s);
    return s.calls_inline + s.calls_handed_over + s.calls_shared;
}

int main(void)
{
    static double in[1000], out[1000];
    uint64_t before = calls();
    for (int i = 0; i < 10; i++)
        if (parallel_map_into(half, in, 1000, out) != 0)
            return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%" PRIu64 " calls\n", calls() - before);
}

/* It prints:
 *
 *     10 calls
 */
