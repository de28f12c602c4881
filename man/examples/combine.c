/* SPDX-License-Identifier: MIT */
/* The range that covers all ranges: an operator of the program's own. */
#include <parallel.h>
#include <stdio.h>

struct range {
    int from, to;
};

static struct range hull(struct range a, struct range b)
{
    return (struct range){a.from < b.from ? a.from : b.from, a.to > b.to ? a.to : b.to};
}
PARALLEL_DECORATE_COMBINE(hull, struct range);

int main(void)
{
    static const struct range ranges[] = {{5, 9}, {-3, 2}, {4, 12}};
    struct range all = ranges[0];
    if (parallel_reduce(hull, ranges, 3, &all) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d %d\n", all.from, all.to);
}

/* It prints:
 *
 *     -3 12
 */
