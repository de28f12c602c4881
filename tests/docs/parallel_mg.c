/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <parallel.h>
#include <string.h>

#include "from_openmp.h"

/* Gauss-Seidel: of points in two colours, as on a chess board, one after the other. */
PARALLEL_LOOP(smooth_row, i, int, colour, ptrdiff_t, n, double *restrict, u, const double *restrict, f)
{
    ptrdiff_t w = n + 2;
    double h = 1.0 / (double)(n + 1);
    for (ptrdiff_t k = i * w + 1 + (i + colour) % 2; k <= i * w + n; k += 2)
        u[k] = 0.25 * (u[k - w] + u[k - 1] + u[k + 1] + u[k + w] + h * h * f[k]);
}

PARALLEL_LOOP_REDUCE(double, row_rest, i, ptrdiff_t, n, const double *restrict, u, const double *restrict, f,
                     double *restrict, r)
{
    ptrdiff_t w = n + 2;
    double h = 1.0 / (double)(n + 1), greatest = 0;
    for (ptrdiff_t k = i * w + 1; k <= i * w + n; k++) {
        r[k] = f[k] - (4 * u[k] - u[k - w] - u[k - 1] - u[k + 1] - u[k + w]) / (h * h);
        greatest = fmax(greatest, fabs(r[k]));
    }
    return greatest;
}

PARALLEL_LOOP(restrict_row, i, ptrdiff_t, n, ptrdiff_t, wf, const double *restrict, r, double *restrict, f)
{
    for (ptrdiff_t j = 1; j <= n; j++) {
        const double *c = r + 2 * i * wf + 2 * j;
        f[i * (n + 2) + j] =
            (4 * c[0] + 2 * (c[-1] + c[1] + c[-wf] + c[wf]) + c[-wf - 1] + c[-wf + 1] + c[wf - 1] + c[wf + 1]) / 16;
    }
}

PARALLEL_LOOP(correct_row, i, ptrdiff_t, n, ptrdiff_t, wc, const double *restrict, e, double *restrict, u)
{
    for (ptrdiff_t j = 1; j <= n; j++) {
        const double *up = e + i / 2 * wc + j / 2, *down = up + i % 2 * wc;
        u[i * (n + 2) + j] += 0.25 * (up[0] + up[j % 2] + down[0] + down[j % 2]);
    }
}

static void smooth(const struct grid *g)
{
    for (int colour = 0; colour < 2; colour++)
        parallel_loop(smooth_row, 1, g->n + 1, (colour, g->n, g->u, g->f));
}

static double find_rest(const struct grid *g)
{
    double greatest = 0;
    parallel_loop_reduce(row_rest, PARALLEL_MAX, 1, g->n + 1, (g->n, g->u, g->f, g->r), &greatest);
    return greatest;
}

double parallel_cycle(const struct grid *grids, int count)
{
    const struct grid *fine = grids, *coarse = grids + 1;
    smooth(fine);
    smooth(fine);
    double rest = find_rest(fine);
    if (count > 1) {
        memset(coarse->u, 0, (size_t)((coarse->n + 2) * (coarse->n + 2)) * sizeof *coarse->u);
        parallel_loop(restrict_row, 1, coarse->n + 1, (coarse->n, fine->n + 2, fine->r, coarse->f));
        parallel_cycle(coarse, count - 1);
        parallel_loop(correct_row, 1, fine->n + 1, (fine->n, coarse->n + 2, coarse->u, fine->u));
        smooth(fine);
        smooth(fine);
        rest = find_rest(fine);
    }
    return rest;
}
