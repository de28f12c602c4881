/* SPDX-License-Identifier: MIT */
/* Offers, the least price first: the price of each is asked for once. */
#include <parallel.h>
#include <stdio.h>

struct offer {
    const char *shop;
    double price;
};

static double price(struct offer o)
{
    return o.price;
}
PARALLEL_DECORATE(price, struct offer, double);

int main(void)
{
    struct offer offers[] = {{"north", 12.5}, {"south", 9.9}, {"west", 12.5}};
    if (parallel_sort_by(price, offers, 3) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%s %s %s\n", offers[0].shop, offers[1].shop, offers[2].shop);
}

/* It prints:
 *
 *     south north west
 */
