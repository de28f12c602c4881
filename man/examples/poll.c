/* SPDX-License-Identifier: MIT */
/* Waits by poll(), as an event loop does. */
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
    static const int in[] = {5, 6};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(square, in, 2);
    struct pollfd fd = {.fd = parallel_executor_fd(ex), .events = POLLIN};
    if (!ex || fd.fd < 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    if (poll(&fd, 1, -1) == 1) /* here are the program's other descriptors, too */
        printf("%d\n", *(const int *)parallel_result(parallel_executor_results(ex), 1));
}

/* It prints:
 *
 *     36
 */
