/* SPDX-License-Identifier: MIT */
/* Two functions at once, whose arguments and results are of different types. */
#include <parallel.h>
#include <stdio.h>
#include <string.h>

struct place {
    const char *city;
    int month;
};

static double price(const char *market)
{
    return (double)strlen(market) * 1000;
}
PARALLEL_DECORATE(price, const char *, double);

static int degrees(struct place p)
{
    return p.month * 3;
}
PARALLEL_DECORATE(degrees, struct place, int);

int main(void)
{
    parallel_future futures[] = {
        PARALLEL_FUTURE(price, "bitstamp", .name = "btc"),
        PARALLEL_FUTURE(degrees, ((struct place){"Vigo", 7}), .name = "weather"),
    };
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 2);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%g %d\n", *(const double *)parallel_get(r, "btc"), *(const int *)parallel_get(r, "weather"));
}

/* It prints:
 *
 *     8000 21
 */
