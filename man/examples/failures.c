/* SPDX-License-Identifier: MIT */
/* A task that fails, and what the caller learns of it. */
#include <errno.h>
#include <math.h>
#include <parallel.h>
#include <stdio.h>

static int root(const double *x, double *result, void *extras)
{
    (void)extras;
    if (*x < 0)
        return parallel_fail(EDOM, "%g has no root", *x);
    *result = sqrt(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(root, double, double);

int main(void)
{
    static const double in[] = {4, 9, -1, 16};
    PARALLEL_SCOPED parallel_results *r = parallel_map(root, in, 4);
    if (!r) {
        const parallel_failure *f = parallel_last_failure();
        printf("%s\n", parallel_error());
        printf("task %zu: %s\n", f->index, f->code == EDOM ? "EDOM" : "another code");
    }
}

/* It prints:
 *
 *     root: task 2: -1 has no root
 *     task 2: EDOM
 */
