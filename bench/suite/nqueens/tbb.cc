/* SPDX-License-Identifier: MIT */
#include <tbb/global_control.h>
#include <tbb/task_group.h>

#include "config.h"

static long place(board b)
{
    if (b.rows == b.queens)
        return 1;
    long found[MOST_QUEENS];
    int spawned = 0;
    tbb::task_group group;
    for (int column = 0; column < b.queens; column++)
        if (allows(&b, column)) {
            long *slot = &found[spawned++];
            group.run([next = with_queen(b, column), slot] { *slot = place(next); });
        }
    group.wait();
    long sum = 0;
    for (int i = 0; i < spawned; i++)
        sum += found[i];
    return sum;
}

static void run(long queens)
{
    result = place(empty_board(queens));
}

int main(int argc, char **argv)
{
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, suite_threads());
    return suite_main(&kernel, argc, argv);
}
