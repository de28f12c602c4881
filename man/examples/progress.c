/* SPDX-License-Identifier: MIT */
/* A bar on the terminal, where standard error is one. */
#include <parallel.h>
#include <stdio.h>

static int square(int x)
{
    parallel_sleep(0.001);
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

int main(void)
{
    static int in[100], out[100];
    in[99] = 9;
    if (parallel_map_into(square, in, 100, out, .progress = parallel_progress_bar, .progress_data = "squaring") != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d\n", out[99]);
}

/* It prints:
 *
 *     81
 */
