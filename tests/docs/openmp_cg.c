/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "from_openmp.h"

static void solve(const struct matrix *a, const double *x, struct vectors v, int steps)
{
    double *p = v.p, *q = v.q, *r = v.r, *z = v.z, rho = 0;
#pragma omp parallel for
    for (ptrdiff_t i = 0; i < a->n; i++) {
        z[i] = 0;
        r[i] = p[i] = x[i];
    }
#pragma omp parallel for reduction(+ : rho)
    for (ptrdiff_t i = 0; i < a->n; i++)
        rho += r[i] * r[i];
    for (int step = 0; step < steps; step++) {
        double d = 0, last = rho;
#pragma omp parallel for
        for (ptrdiff_t i = 0; i < a->n; i++) {
            double sum = 0;
            for (ptrdiff_t k = a->first[i]; k < a->first[i + 1]; k++)
                sum += a->value[k] * p[a->column[k]];
            q[i] = sum;
        }
#pragma omp parallel for reduction(+ : d)
        for (ptrdiff_t i = 0; i < a->n; i++)
            d += p[i] * q[i];
        double alpha = rho / d;
#pragma omp parallel for
        for (ptrdiff_t i = 0; i < a->n; i++) {
            z[i] += alpha * p[i];
            r[i] -= alpha * q[i];
        }
        rho = 0;
#pragma omp parallel for reduction(+ : rho)
        for (ptrdiff_t i = 0; i < a->n; i++)
            rho += r[i] * r[i];
        double beta = rho / last;
#pragma omp parallel for
        for (ptrdiff_t i = 0; i < a->n; i++)
            p[i] = r[i] + beta * p[i];
    }
}

double openmp_iterate(const struct matrix *a, double *x, struct vectors v, int steps, double *error)
{
    double *z = v.z, missing = 0, norm = 0;
    solve(a, x, v, steps);
#pragma omp parallel for reduction(+ : missing)
    for (ptrdiff_t i = 0; i < a->n; i++) {
        double rest = x[i];
        for (ptrdiff_t k = a->first[i]; k < a->first[i + 1]; k++)
            rest -= a->value[k] * z[a->column[k]];
        missing += rest * rest;
    }
#pragma omp parallel for reduction(+ : norm)
    for (ptrdiff_t i = 0; i < a->n; i++)
        norm += z[i] * z[i];
    double factor = 1 / sqrt(norm);
#pragma omp parallel for
    for (ptrdiff_t i = 0; i < a->n; i++)
        x[i] = factor * z[i];
    *error = sqrt(missing);
    return factor;
}
