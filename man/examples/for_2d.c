/* SPDX-License-Identifier: MIT */
/* Transposes a matrix, tile by tile, so that what is read and what is written stays in a cache. */
#include <parallel.h>
#include <stdio.h>

#define N 500

struct matrices {
    double (*from)[N], (*to)[N];
};

static void transpose(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    const struct matrices *m = ctx;
    for (size_t i = row; i < row_end; i++)
        for (size_t k = col; k < col_end; k++)
            m->to[k][i] = m->from[i][k];
}

int main(void)
{
    static double a[N][N], b[N][N];
    a[3][400] = 7;
    struct matrices m = {a, b};
    if (parallel_for_2d(N, N, transpose, &m) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%g\n", b[400][3]);
}

/* It prints:
 *
 *     7
 */
