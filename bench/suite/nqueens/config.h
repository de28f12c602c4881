/* SPDX-License-Identifier: MIT */
/*
 * All ways to place 12 queens on a board of 12 x 12, a task per placed queen, no cutoff. A task gets the rows so far by
 * value and tries each column of the next row against all of them.
 */
#ifndef NQUEENS_CONFIG_H
#define NQUEENS_CONFIG_H

#include "../suite.h"

enum { MOST_QUEENS = 14 };

typedef struct board {
    signed char queens; /* to place */
    signed char rows;   /* placed so far */
    signed char column[MOST_QUEENS];
} board;

static long result;

static inline board empty_board(long queens)
{
    board b = {(signed char)queens, 0, {0}};
    return b;
}

/* Whether a queen in this column of the next row stands alone. */
static inline int allows(const board *b, int column)
{
    for (int row = 0; row < b->rows; row++) {
        int apart = b->column[row] - column;
        if (apart == 0 || apart == b->rows - row || apart == row - b->rows)
            return 0;
    }
    return 1;
}

static inline board with_queen(board b, int column)
{
    b.column[b.rows++] = (signed char)column;
    return b;
}

/* How many boards, of any number of rows, have their queens apart, but for the empty one: counted once, serially. */
static inline long spawns(long queens)
{
    return queens == 12 ? 856188 : queens == 9 ? 8393 : 0;
}

static inline void prepare(long queens)
{
    (void)queens;
    result = -1;
}

static inline int check(long queens)
{
    return result == (queens == 12 ? 14200 : queens == 9 ? 352 : -2);
}

static void run(long queens);

static const suite_kernel kernel = {12, 9, spawns, prepare, run, check};

#endif
