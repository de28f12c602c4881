/* SPDX-License-Identifier: MIT */
/* Squares numbers as they come, in order, a window of them at a time. */
#include <parallel.h>
#include <stdio.h>

static int next_number(void *arg, void *data)
{
    int *left = data;
    if (*left == 0)
        return 0; /* that was all */
    *(int *)arg = (*left)--;
    return 1;
}

static int print(const parallel_item *item, void *data)
{
    (void)data;
    if (item->result)
        printf("%d\n", *(const int *)item->result);
    return 0;
}

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

static int next_int(int *arg, void *data)
{
    return next_number(arg, data);
}

int main(void)
{
    int left = 3;
    if (parallel_stream_map(square, next_int, print, &left) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
}

/* It prints:
 *
 *     9
 *     4
 *     1
 */
