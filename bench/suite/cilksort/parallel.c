/* SPDX-License-Identifier: MIT */
#include <parallel.h>

#include "config.h"

PARALLEL_TASK(void, merge, range, a, range, b, int *, to)
{
    if (length(a) + length(b) <= MERGE_CUTOFF) {
        serial_merge(a, b, to);
        return;
    }
    parted_merge parts = part_merge(a, b, to);
    PARALLEL_SPAWN(merge, parts.low[0], parts.low[1], to);
    PARALLEL_CALL(merge, parts.high[0], parts.high[1], parts.to);
    PARALLEL_SYNC(merge);
}

PARALLEL_TASK(void, sort, int *, a, int *, free_space, long, n)
{
    if (n <= SORT_CUTOFF) {
        quicksort(a, n);
        return;
    }
    long quarter = n / 4, half = 2 * quarter, rest = n - 3 * quarter;
    PARALLEL_SPAWN(sort, a, free_space, quarter);
    PARALLEL_SPAWN(sort, a + quarter, free_space + quarter, quarter);
    PARALLEL_SPAWN(sort, a + half, free_space + half, quarter);
    PARALLEL_CALL(sort, a + half + quarter, free_space + half + quarter, rest);
    PARALLEL_SYNC(sort);
    PARALLEL_SYNC(sort);
    PARALLEL_SYNC(sort);
    PARALLEL_SPAWN(merge, range_of(a, quarter), range_of(a + quarter, quarter), free_space);
    PARALLEL_CALL(merge, range_of(a + half, quarter), range_of(a + half + quarter, rest), free_space + half);
    PARALLEL_SYNC(merge);
    PARALLEL_CALL(merge, range_of(free_space, half), range_of(free_space + half, n - half), a);
}

static void run(long n)
{
    PARALLEL_RUN(sort, numbers, scratch, n);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
