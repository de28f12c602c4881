/* SPDX-License-Identifier: MIT */
#include <tbb/global_control.h>
#include <tbb/parallel_invoke.h>

#include "config.h"

static void merge(range a, range b, int *to)
{
    if (length(a) + length(b) <= MERGE_CUTOFF) {
        serial_merge(a, b, to);
        return;
    }
    parted_merge parts = part_merge(a, b, to);
    tbb::parallel_invoke([&] { merge(parts.low[0], parts.low[1], to); },
                         [&] { merge(parts.high[0], parts.high[1], parts.to); });
}

static void sort(int *a, int *free_space, long n)
{
    if (n <= SORT_CUTOFF) {
        quicksort(a, n);
        return;
    }
    long quarter = n / 4, half = 2 * quarter, rest = n - 3 * quarter;
    tbb::parallel_invoke([&] { sort(a, free_space, quarter); },
                         [&] { sort(a + quarter, free_space + quarter, quarter); },
                         [&] { sort(a + half, free_space + half, quarter); },
                         [&] { sort(a + half + quarter, free_space + half + quarter, rest); });
    tbb::parallel_invoke(
        [&] { merge(range_of(a, quarter), range_of(a + quarter, quarter), free_space); },
        [&] { merge(range_of(a + half, quarter), range_of(a + half + quarter, rest), free_space + half); });
    merge(range_of(free_space, half), range_of(free_space + half, n - half), a);
}

static void run(long n)
{
    sort(numbers, scratch, n);
}

int main(int argc, char **argv)
{
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, suite_threads());
    return suite_main(&kernel, argc, argv);
}
