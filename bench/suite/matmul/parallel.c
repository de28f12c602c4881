/* SPDX-License-Identifier: MIT */
#include <parallel.h>

#include "config.h"

PARALLEL_TASK(void, multiply, double *, c, const double *, a, const double *, b, shape, s)
{
    if (is_block(s)) {
        multiply_block(c, a, b);
        return;
    }
    shape low = s, high = s;
    switch (cut_of(s)) {
    case CUT_ROWS:
        low.rows = s.rows / 2;
        high.rows = s.rows - low.rows;
        PARALLEL_SPAWN(multiply, element(c, low.rows, 0), const_element(a, low.rows, 0), b, high);
        PARALLEL_CALL(multiply, c, a, b, low);
        PARALLEL_SYNC(multiply);
        break;
    case CUT_COLUMNS:
        low.columns = s.columns / 2;
        high.columns = s.columns - low.columns;
        PARALLEL_SPAWN(multiply, element(c, 0, low.columns), a, const_element(b, 0, low.columns), high);
        PARALLEL_CALL(multiply, c, a, b, low);
        PARALLEL_SYNC(multiply);
        break;
    case CUT_INNER:
        low.inner = s.inner / 2;
        high.inner = s.inner - low.inner;
        PARALLEL_CALL(multiply, c, a, b, low);
        PARALLEL_CALL(multiply, c, const_element(a, 0, low.inner), const_element(b, low.inner, 0), high);
        break;
    }
}

static void run(long n)
{
    shape cube = {(int)n, (int)n, (int)n};
    PARALLEL_RUN(multiply, c_matrix, a_matrix, b_matrix, cube);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
