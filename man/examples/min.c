/* SPDX-License-Identifier: MIT */
/* The coldest and the warmest day: the first of them, where several are equal. */
#include <parallel.h>
#include <stdio.h>

struct day {
    int number;
    double temperature;
};

static bool is_colder(const struct day *a, const struct day *b)
{
    return a->temperature < b->temperature;
}
PARALLEL_DECORATE_ORDER(is_colder, struct day);

int main(void)
{
    static const struct day days[] = {{1, 4.5}, {2, -3}, {3, 17}, {4, -3}};
    const struct day *coldest = parallel_min(is_colder, days, 4);
    const struct day *warmest = parallel_max(is_colder, days, 4);
    if (!coldest || !warmest)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d %d\n", coldest->number, warmest->number);
}

/* It prints:
 *
 *     2 3
 */
