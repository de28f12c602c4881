/* SPDX-License-Identifier: MIT */
/* Orders that are late: a copy of them, in place, and before the others. */
#include <parallel.h>
#include <stdio.h>

struct order {
    int number, due;
};

static bool is_late(struct order o)
{
    return o.due < 10;
}
PARALLEL_DECORATE(is_late, struct order, bool);

int main(void)
{
    struct order orders[] = {{1, 12}, {2, 5}, {3, 30}, {4, 7}}, parted[4];
    size_t kept;

    PARALLEL_SCOPED parallel_results *r = parallel_filter(is_late, orders, 4);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    const struct order *late = parallel_values(r);
    printf("%zu: %d %d\n", parallel_length(r), late[0].number, late[1].number);

    if (parallel_partition_into(is_late, orders, 4, parted, &kept) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%zu: %d %d, %d %d\n", kept, parted[0].number, parted[1].number, parted[2].number, parted[3].number);

    if (parallel_filter_into(is_late, orders, 4, orders, &kept) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%zu: %d %d\n", kept, orders[0].number, orders[1].number);
}

/* It prints:
 *
 *     2: 2 4
 *     2: 2 4, 1 3
 *     2: 2 4
 */
