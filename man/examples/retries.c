/* SPDX-License-Identifier: MIT */
/* A task that is worth another attempt, and one that is not. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int attempts;

static int fetch(const int *page, int *result, void *extras)
{
    (void)extras;
    if (*page == 404)
        return parallel_fail_final(ENOENT, "there is no page %d", *page);
    if (atomic_fetch_add(&attempts, 1) < 2)
        return parallel_fail(EAGAIN, "page %d is busy", *page);
    *result = *page;
    return 0;
}
PARALLEL_DECORATE_TASK(fetch, int, int, .retries = 3, .retry_delay = 0.001);

int main(void)
{
    static const int pages[] = {7, 404};
    PARALLEL_SCOPED parallel_results *r = parallel_map(fetch, pages, 2, .silent = true);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d after %d attempts\n", *(const int *)parallel_result(r, 0), attempts);
    printf("%s, after %u attempt\n", parallel_failed(r, 0)->message, parallel_failed(r, 0)->attempts);
}

/* It prints:
 *
 *     7 after 3 attempts
 *     there is no page 404, after 1 attempt
 */
