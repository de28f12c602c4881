/* SPDX-License-Identifier: MIT */
/* A task that takes too long: parallel_sleep() wakes when its time is over. */
#include <errno.h>
#include <parallel.h>
#include <stdio.h>

static int nap(const double *seconds, void *none, void *extras)
{
    (void)none, (void)extras;
    return parallel_sleep(*seconds) == 0 ? 0 : errno;
}
PARALLEL_DECORATE_TASK(nap, double, void, .max_workers = 2);

int main(void)
{
    static const double naps[] = {0, 60};
    PARALLEL_SCOPED parallel_results *r = parallel_map(nap, naps, 2, .timeout = 1, .silent = true);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    for (size_t i = 0; i < 2; i++)
        printf("%g s: %s\n", naps[i], parallel_result_state(r, i) == PARALLEL_TIMED_OUT ? "too late" : "in time");
}

/* It prints:
 *
 *     0 s: in time
 *     60 s: too late
 */
