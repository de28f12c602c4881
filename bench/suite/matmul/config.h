/* SPDX-License-Identifier: MIT */
/*
 * c += a b of 1024 x 1024 doubles, cache-oblivious: the largest of the three dimensions is halved, the halves of c's
 * rows or columns at once, those of the inner dimension one after the other, down to blocks of 64 that all ways
 * multiply by the same loops.
 */
#ifndef MATMUL_CONFIG_H
#define MATMUL_CONFIG_H

#include <string.h>

#include "../suite.h"

enum {
    MOST_ROWS = 1024,
    BLOCK = 64,
    STRIDE = MOST_ROWS + 8, /* of all three matrices: a power of two would put each column into one cache set */
};

/* c has rows x columns, a rows x inner, b inner x columns. */
typedef struct shape {
    int rows;
    int columns;
    int inner;
} shape;

static double a_matrix[MOST_ROWS * STRIDE], b_matrix[MOST_ROWS * STRIDE], c_matrix[MOST_ROWS * STRIDE];

static inline double *element(double *m, int row, int column)
{
    return m + (long)row * STRIDE + column;
}

static inline const double *const_element(const double *m, int row, int column)
{
    return m + (long)row * STRIDE + column;
}

/* Of a block each dimension is BLOCK, as that of the whole is BLOCK times a power of two. */
static inline int is_block(shape s)
{
    return s.rows <= BLOCK && s.columns <= BLOCK && s.inner <= BLOCK;
}

static inline void multiply_block(double *__restrict c, const double *__restrict a, const double *__restrict b)
{
    for (int i = 0; i < BLOCK; i++)
        for (int k = 0; k < BLOCK; k++) {
            double x = *const_element(a, i, k);
            for (int j = 0; j < BLOCK; j++)
                c[i * STRIDE + j] += x * b[k * STRIDE + j];
        }
}

/* Which dimension to halve. */
enum cut { CUT_ROWS, CUT_COLUMNS, CUT_INNER };

static inline enum cut cut_of(shape s)
{
    if (s.rows >= s.columns && s.rows >= s.inner)
        return CUT_ROWS;
    return s.columns >= s.inner ? CUT_COLUMNS : CUT_INNER;
}

/* Of a cube each cut's turn comes once, the inner one's last: 3 spawns for 8 cubes of half the size. */
static inline long spawns(long n)
{
    return n <= BLOCK ? 0 : 3 + 8 * spawns(n / 2);
}

/* Small integers, so that the sums are exact in any order. */
static inline void prepare(long n)
{
    unsigned state = 1;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            state = state * 1664525u + 1013904223u;
            *element(a_matrix, i, j) = (double)(state >> 28) - 8;
            *element(b_matrix, i, j) = (double)(state >> 24 & 15) - 8;
        }
    memset(c_matrix, 0, sizeof c_matrix);
}

/* y = m x */
static inline void multiply_vector(double *y, const double *m, const double *x, long n)
{
    for (int i = 0; i < n; i++) {
        y[i] = 0;
        for (int j = 0; j < n; j++)
            y[i] += *const_element(m, i, j) * x[j];
    }
}

/* Freivalds: c x = a (b x) for three random vectors; a wrong c passes each with a chance of at most 1/16. */
static inline int check(long n)
{
    static double x[MOST_ROWS], bx[MOST_ROWS], abx[MOST_ROWS], cx[MOST_ROWS];
    unsigned state = 2;
    for (int trial = 0; trial < 3; trial++) {
        for (int i = 0; i < n; i++) {
            state = state * 1664525u + 1013904223u;
            x[i] = (double)(state >> 28);
        }
        multiply_vector(bx, b_matrix, x, n);
        multiply_vector(abx, a_matrix, bx, n);
        multiply_vector(cx, c_matrix, x, n);
        for (int i = 0; i < n; i++)
            if (cx[i] != abx[i])
                return 0;
    }
    return 1;
}

static void run(long n);

static const suite_kernel kernel = {MOST_ROWS, 256, spawns, prepare, run, check};

#endif
