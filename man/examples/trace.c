/* SPDX-License-Identifier: MIT */
/* A picture of one call, for a browser. */
#include <parallel.h>
#include <stdio.h>

static double harmonic(int n)
{
    double sum = 0;
    for (int i = 1; i <= n; i++)
        sum += 1.0 / i;
    return sum;
}
PARALLEL_DECORATE(harmonic, int, double);

int main(void)
{
    static int in[10000];
    static double out[10000];
    for (int i = 0; i < 10000; i++)
        in[i] = i % 1000;
    if (parallel_trace_begin("harmonic.svg") != 0 || parallel_map_into(harmonic, in, 10000, out) != 0 ||
        parallel_trace_end() != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%.3f\n", out[4]);
}

/* It prints:
 *
 *     2.083
 */
