/* SPDX-License-Identifier: MIT */
/* Orders counted by shops, and those of each shop next to each other. */
#include <parallel.h>
#include <stdio.h>

#define SHOPS 3

struct order {
    int number, shop;
};

static int shop(struct order o)
{
    return o.shop;
}
PARALLEL_DECORATE(shop, struct order, int);

int main(void)
{
    static const struct order orders[] = {{1, 2}, {2, 0}, {3, 2}, {4, 0}};
    size_t counts[SHOPS] = {0}, offsets[SHOPS + 1];
    if (parallel_histogram(shop, orders, 4, counts, SHOPS) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%zu %zu %zu\n", counts[0], counts[1], counts[2]);

    PARALLEL_SCOPED parallel_results *r = parallel_group(shop, orders, 4, SHOPS, offsets);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    const struct order *grouped = parallel_values(r);
    for (size_t i = offsets[2]; i < offsets[3]; i++)
        printf("shop 2: order %d\n", grouped[i].number);
}

/* It prints:
 *
 *     2 0 2
 *     shop 2: order 1
 *     shop 2: order 3
 */
