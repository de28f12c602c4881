/* SPDX-License-Identifier: MIT */
#include "config.h"

static long place(board b)
{
    if (b.rows == b.queens)
        return 1;
    long sum = 0;
    for (int column = 0; column < b.queens; column++)
        if (allows(&b, column))
            sum += place(with_queen(b, column));
    return sum;
}

static void run(long queens)
{
    result = place(empty_board(queens));
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
