/* SPDX-License-Identifier: MIT */
#include "config.h"

static long place(board b)
{
    if (b.rows == b.queens)
        return 1;
    long found[MOST_QUEENS];
    int spawned = 0;
    for (int column = 0; column < b.queens; column++)
        if (allows(&b, column)) {
            board next = with_queen(b, column);
            long *slot = &found[spawned++];
#pragma omp task firstprivate(next, slot)
            *slot = place(next);
        }
#pragma omp taskwait
    long sum = 0;
    for (int i = 0; i < spawned; i++)
        sum += found[i];
    return sum;
}

static void run(long queens)
{
#pragma omp parallel
#pragma omp single
    result = place(empty_board(queens));
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
