/* SPDX-License-Identifier: MIT */
/* Every call that fails has a sentence on why. */
#include <parallel.h>
#include <stdio.h>

static int half(int x)
{
    return x / 2;
}
PARALLEL_DECORATE(half, int, int);

int main(void)
{
    static const int in[] = {1, 2};
    static const char *const names[] = {"a", "a"};
    parallel_results *r = parallel_map(half, in, 2, .names = names);
    if (!r)
        printf("%s\n", parallel_error());
    parallel_results_free(r);
}

/* It prints:
 *
 *     names 0 and 1 are both 'a'
 */
