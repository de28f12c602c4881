/* SPDX-License-Identifier: MIT */
/* Counts and finds: what is found is what the serial loop finds. */
#include <errno.h>
#include <parallel.h>
#include <stdio.h>

static bool is_square(int n)
{
    int root = 0;
    while (root * root < n)
        root++;
    return root * root == n;
}
PARALLEL_DECORATE(is_square, int, bool);

int main(void)
{
    static int n[1000];
    for (int i = 0; i < 1000; i++)
        n[i] = i + 500;

    const int *first = parallel_find(is_square, n, 1000);
    if (!first && errno)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    const int *last = parallel_find_last(is_square, n, 1000);
    printf("%d %d\n", first ? *first : -1, last ? *last : -1);
    printf("%td %d %d\n", parallel_count(is_square, n, 1000), parallel_any(is_square, n, 1000),
           parallel_all(is_square, n, 1000));
}

/* It prints:
 *
 *     529 1444
 *     16 1 0
 */
