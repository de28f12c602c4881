/* SPDX-License-Identifier: MIT */
/* Both ends of a stream are the program's: it puts arguments, and takes results in order. */
#include <parallel.h>
#include <stdio.h>

static long cube(int x)
{
    return (long)x * x * x;
}
PARALLEL_DECORATE(cube, int, long);

int main(void)
{
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(cube, .window = 8);
    if (!s)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    parallel_item item;
    long sum = 0;
    for (int i = 0; i < 100; i++)
        while (parallel_stream_put(s, &i) != 0)          /* the window is full: */
            if (parallel_stream_next(s, &item, -1) == 1) /* takes a result first */
                sum += *(const long *)item.result;
    parallel_stream_end(s);
    while (parallel_stream_next(s, &item, -1) == 1)
        sum += *(const long *)item.result;
    printf("%ld\n", sum);
}

/* It prints:
 *
 *     24502500
 */
