/* SPDX-License-Identifier: MIT */
#include "config.h"

static void multiply(double *c, const double *a, const double *b, shape s)
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
        multiply(c, a, b, low);
        multiply(element(c, low.rows, 0), const_element(a, low.rows, 0), b, high);
        break;
    case CUT_COLUMNS:
        low.columns = s.columns / 2;
        high.columns = s.columns - low.columns;
        multiply(c, a, b, low);
        multiply(element(c, 0, low.columns), a, const_element(b, 0, low.columns), high);
        break;
    case CUT_INNER:
        low.inner = s.inner / 2;
        high.inner = s.inner - low.inner;
        multiply(c, a, b, low);
        multiply(c, const_element(a, 0, low.inner), const_element(b, low.inner, 0), high);
        break;
    }
}

static void run(long n)
{
    shape cube = {(int)n, (int)n, (int)n};
    multiply(c_matrix, a_matrix, b_matrix, cube);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
