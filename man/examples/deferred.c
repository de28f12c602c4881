/* SPDX-License-Identifier: MIT */
/* A call that is made now, and started later. */
#include <parallel.h>
#include <stdio.h>

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

int main(void)
{
    static const int in[] = {1, 2, 3};
    parallel_executor *ex = parallel_async_map(square, in, 3, .deferred = true);
    if (!ex)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%s\n", parallel_executor_status(ex) == PARALLEL_NOT_STARTED ? "not started" : "started");
    if (parallel_executor_start(ex) != 0 || !parallel_executor_results(ex))
        fprintf(stderr, "%s\n", parallel_error());
    printf("%s\n", parallel_executor_status(ex) == PARALLEL_DONE ? "done" : "not done");
    parallel_executor_free(ex);
}

/* It prints:
 *
 *     not started
 *     done
 */
