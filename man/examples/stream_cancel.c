/* SPDX-License-Identifier: MIT */
/* What was put is given back, also after a cancel: so there is one place to free what it points to. */
#include <parallel.h>
#include <stdio.h>

static int wait_long(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    return parallel_sleep(60) != 0; /* wakes when it is cancelled */
}
PARALLEL_DECORATE_TASK(wait_long, int, int, .max_workers = 4);

int main(void)
{
    parallel_stream *s = parallel_stream_open(wait_long);
    if (!s)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    for (int i = 0; i < 3; i++)
        if (parallel_stream_put(s, &i) != 0)
            fprintf(stderr, "%s\n", parallel_error());
    parallel_stream_cancel(s);

    parallel_item item;
    int given = 0;
    while (parallel_stream_next(s, &item, -1) == 1)
        given += item.failure != NULL;
    printf("%d\n", given);
    parallel_stream_free(s);
}

/* It prints:
 *
 *     3
 */
