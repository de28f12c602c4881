/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <parallel.h>

#include "from_openmp.h"

PARALLEL_LOOP(begin, i, const double *restrict, x, double *restrict, z, double *restrict, r, double *restrict, p)
{
    z[i] = 0;
    r[i] = p[i] = x[i];
}
PARALLEL_LOOP_REDUCE(double, dot, i, const double *, x, const double *, y)
{
    return x[i] * y[i];
}
PARALLEL_LOOP(multiply, i, struct matrix, a, const double *restrict, p, double *restrict, q)
{
    double sum = 0;
    for (ptrdiff_t k = a.first[i]; k < a.first[i + 1]; k++)
        sum += a.value[k] * p[a.column[k]];
    q[i] = sum;
}
PARALLEL_LOOP(advance, i, double, alpha, const double *restrict, p, const double *restrict, q, double *restrict, z,
              double *restrict, r)
{
    z[i] += alpha * p[i];
    r[i] -= alpha * q[i];
}
PARALLEL_LOOP(turn, i, double, beta, const double *restrict, r, double *restrict, p)
{
    p[i] = r[i] + beta * p[i];
}
PARALLEL_LOOP_REDUCE(double, miss, i, struct matrix, a, const double *, x, const double *, z)
{
    double rest = x[i];
    for (ptrdiff_t k = a.first[i]; k < a.first[i + 1]; k++)
        rest -= a.value[k] * z[a.column[k]];
    return rest * rest;
}
PARALLEL_LOOP(scale, i, double, factor, const double *restrict, z, double *restrict, x)
{
    x[i] = factor * z[i];
}

static void solve(const struct matrix *a, const double *x, struct vectors v, int steps)
{
    double *p = v.p, *q = v.q, *r = v.r, *z = v.z, rho = 0;
    parallel_loop(begin, 0, a->n, (x, z, r, p));
    parallel_loop_reduce(dot, PARALLEL_PLUS, 0, a->n, (r, r), &rho);
    for (int step = 0; step < steps; step++) {
        double d = 0, last = rho;
        parallel_loop(multiply, 0, a->n, (*a, p, q));
        parallel_loop_reduce(dot, PARALLEL_PLUS, 0, a->n, (p, q), &d);
        parallel_loop(advance, 0, a->n, (rho / d, p, q, z, r));
        rho = 0;
        parallel_loop_reduce(dot, PARALLEL_PLUS, 0, a->n, (r, r), &rho);
        parallel_loop(turn, 0, a->n, (rho / last, r, p));
    }
}

double parallel_iterate(const struct matrix *a, double *x, struct vectors v, int steps, double *error)
{
    double *z = v.z, missing = 0, norm = 0;
    solve(a, x, v, steps);
    parallel_loop_reduce(miss, PARALLEL_PLUS, 0, a->n, (*a, x, z), &missing);
    parallel_loop_reduce(dot, PARALLEL_PLUS, 0, a->n, (z, z), &norm);
    double factor = 1 / sqrt(norm);
    parallel_loop(scale, 0, a->n, (factor, z, x));
    *error = sqrt(missing);
    return factor;
}
