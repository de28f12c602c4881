/* SPDX-License-Identifier: MIT */
/* A buffer for each participant of a call, without a lock. */
#include <parallel.h>
#include <stdio.h>
#include <stdlib.h>

static int digits(const int *arg, int *result, void *extras)
{
    char(*buffers)[32] = extras;
    char *mine = buffers[parallel_worker_index()];
    *result = snprintf(mine, sizeof *buffers, "%d", *arg);
    return 0;
}
PARALLEL_DECORATE_TASK(digits, int, int);

int main(void)
{
    static const int in[] = {7, 4096, -12};
    char(*buffers)[32] = calloc(parallel_worker_limit(NULL), sizeof *buffers);
    PARALLEL_SCOPED parallel_results *r = parallel_map(digits, in, 3, .extras = buffers);
    free(buffers);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    const int *n = parallel_values(r);
    printf("%d %d %d\n", n[0], n[1], n[2]);
}

/* It prints:
 *
 *     1 4 3
 */
