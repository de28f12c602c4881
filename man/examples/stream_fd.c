/* SPDX-License-Identifier: MIT */
/* Waits for a stream's results by poll(), as an event loop does. */
#include <parallel.h>
#include <poll.h>
#include <stdio.h>

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

int main(void)
{
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square);
    struct pollfd fd = {.fd = parallel_stream_fd(s), .events = POLLIN};
    if (!s || fd.fd < 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    parallel_stream_put(s, &(int){12});
    parallel_stream_end(s);

    parallel_item item;
    for (int more = 1; more != 0 && poll(&fd, 1, -1) == 1;)
        while ((more = parallel_stream_next(s, &item, 0)) == 1)
            printf("%d\n", *(const int *)item.result);
}

/* It prints:
 *
 *     144
 */
