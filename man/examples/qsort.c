/* SPDX-License-Identifier: MIT */
/* A call of qsort() becomes one of parallel_sort_function(): it takes the same comparison. */
#include <parallel.h>
#include <stdio.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int main(void)
{
    const char *names[] = {"kiwi", "apple", "fig"};
    if (parallel_sort_function(names, 3, sizeof *names, by_name, NULL) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%s %s %s\n", names[0], names[1], names[2]);
}

/* It prints:
 *
 *     apple fig kiwi
 */
