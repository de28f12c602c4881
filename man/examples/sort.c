/* SPDX-License-Identifier: MIT */
/* People by age, and numbers from the greatest down. */
#include <parallel.h>
#include <stdio.h>

struct person {
    const char *name;
    int born;
};

static bool is_younger(const struct person *a, const struct person *b)
{
    return a->born > b->born;
}
PARALLEL_DECORATE_ORDER(is_younger, struct person);

int main(void)
{
    struct person people[] = {{"Ada", 1815}, {"Alan", 1912}, {"Grace", 1906}};
    if (parallel_sort(is_younger, people, 3) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%s %s %s\n", people[0].name, people[1].name, people[2].name);

    static const double x[] = {2.5, -1, 40};
    PARALLEL_SCOPED parallel_results *r = parallel_sorted(PARALLEL_DESCENDING, x, 3);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    const double *down = parallel_values(r);
    printf("%g %g %g\n", down[0], down[1], down[2]);
}

/* It prints:
 *
 *     Alan Grace Ada
 *     40 2.5 -1
 */
