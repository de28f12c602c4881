/* SPDX-License-Identifier: MIT */
/* A search that nobody needs any more. */
#include <errno.h>
#include <parallel.h>
#include <stdio.h>

static int search(const int *start, int *result, void *extras)
{
    (void)extras;
    for (*result = *start; !parallel_cancelled(); ++*result)
        parallel_sleep(0.001);
    return parallel_fail(ECANCELED, "given up");
}
PARALLEL_DECORATE_TASK(search, int, int);

int main(void)
{
    static const int starts[] = {0, 1000};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(search, starts, 2, .silent = true);
    if (!ex)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    parallel_executor_cancel(ex);   /* asks, and does not wait */
    parallel_executor_shutdown(ex); /* waits */
    const parallel_results *r = parallel_executor_results(ex);
    printf("%zu of %zu were not done\n", parallel_failures(r), parallel_length(r));
}

/* It prints:
 *
 *     2 of 2 were not done
 */
