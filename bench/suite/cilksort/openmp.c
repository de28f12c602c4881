/* SPDX-License-Identifier: MIT */
#include "config.h"

static void merge(range a, range b, int *to)
{
    if (length(a) + length(b) <= MERGE_CUTOFF) {
        serial_merge(a, b, to);
        return;
    }
    parted_merge parts = part_merge(a, b, to);
#pragma omp task shared(parts)
    merge(parts.low[0], parts.low[1], to);
    merge(parts.high[0], parts.high[1], parts.to);
#pragma omp taskwait
}

static void sort(int *a, int *free_space, long n)
{
    if (n <= SORT_CUTOFF) {
        quicksort(a, n);
        return;
    }
    long quarter = n / 4, half = 2 * quarter, rest = n - 3 * quarter;
#pragma omp task
    sort(a, free_space, quarter);
#pragma omp task
    sort(a + quarter, free_space + quarter, quarter);
#pragma omp task
    sort(a + half, free_space + half, quarter);
    sort(a + half + quarter, free_space + half + quarter, rest);
#pragma omp taskwait
#pragma omp task
    merge(range_of(a, quarter), range_of(a + quarter, quarter), free_space);
    merge(range_of(a + half, quarter), range_of(a + half + quarter, rest), free_space + half);
#pragma omp taskwait
    merge(range_of(free_space, half), range_of(free_space + half, n - half), a);
}

static void run(long n)
{
#pragma omp parallel
#pragma omp single
    sort(numbers, scratch, n);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
