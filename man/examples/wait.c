/* SPDX-License-Identifier: MIT */
/* Looks after a call in the background from time to time. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_bool go_on;

static int wait_for_it(const int *arg, int *result, void *extras)
{
    (void)extras;
    while (!atomic_load(&go_on))
        parallel_sleep(0.001);
    *result = *arg;
    return 0;
}
PARALLEL_DECORATE_TASK(wait_for_it, int, int);

int main(void)
{
    static const int in[] = {1, 2};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(wait_for_it, in, 2);
    if (!ex)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    if (parallel_executor_wait(ex, 0.01) != 0 && errno == ETIMEDOUT)
        printf("not yet\n");
    atomic_store(&go_on, true);
    if (parallel_executor_wait(ex, -1) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%s\n", parallel_executor_done(ex) ? "now" : "never");
}

/* It prints:
 *
 *     not yet
 *     now
 */
