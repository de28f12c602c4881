/* SPDX-License-Identifier: MIT */
/* Where each of several strings ends, and where it begins, when they are put one behind the other. */
#include <parallel.h>
#include <stdio.h>

int main(void)
{
    static const size_t lengths[] = {3, 5, 4};
    size_t ends[3], begins[3], total = 0;
    if (parallel_scan_into(PARALLEL_PLUS, lengths, 3, ends) != 0 ||
        parallel_scan_exclusive_into(PARALLEL_PLUS, lengths, 3, begins, &total) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%zu %zu %zu\n", ends[0], ends[1], ends[2]);
    printf("%zu %zu %zu, %zu in all\n", begins[0], begins[1], begins[2], total);

    PARALLEL_SCOPED parallel_results *r = parallel_scan(PARALLEL_MAX, lengths, 3);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%zu\n", *(const size_t *)parallel_result(r, 2));
}

/* It prints:
 *
 *     3 8 12
 *     0 3 8, 12 in all
 *     5
 */
