/* SPDX-License-Identifier: MIT */
#include <parallel.h>

#include "config.h"

PARALLEL_TASK(long, place, board, b)
{
    if (b.rows == b.queens)
        return 1;
    int spawned = 0;
    for (int column = 0; column < b.queens; column++)
        if (allows(&b, column)) {
            PARALLEL_SPAWN(place, with_queen(b, column));
            spawned++;
        }
    long sum = 0;
    for (; spawned; spawned--)
        sum += PARALLEL_SYNC(place);
    return sum;
}

static void run(long queens)
{
    result = PARALLEL_RUN(place, empty_board(queens));
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
