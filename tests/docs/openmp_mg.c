/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "from_openmp.h"

/* Gauss-Seidel: of points in two colours, as on a chess board, one after the other. */
static void smooth(const struct grid *g)
{
    ptrdiff_t n = g->n, w = n + 2;
    double *u = g->u, *f = g->f, h = 1.0 / (double)(n + 1);
    for (int colour = 0; colour < 2; colour++)
#pragma omp parallel for
        for (ptrdiff_t i = 1; i <= n; i++)
            for (ptrdiff_t k = i * w + 1 + (i + colour) % 2; k <= i * w + n; k += 2)
                u[k] = 0.25 * (u[k - w] + u[k - 1] + u[k + 1] + u[k + w] + h * h * f[k]);
}

static double find_rest(const struct grid *g)
{
    ptrdiff_t n = g->n, w = n + 2;
    double *u = g->u, *f = g->f, *r = g->r, h = 1.0 / (double)(n + 1), greatest = 0;
#pragma omp parallel for reduction(max : greatest)
    for (ptrdiff_t i = 1; i <= n; i++)
        for (ptrdiff_t k = i * w + 1; k <= i * w + n; k++) {
            r[k] = f[k] - (4 * u[k] - u[k - w] - u[k - 1] - u[k + 1] - u[k + w]) / (h * h);
            greatest = fmax(greatest, fabs(r[k]));
        }
    return greatest;
}

static void restrict_to(const struct grid *fine, const struct grid *coarse)
{
    ptrdiff_t n = coarse->n, w = n + 2, wf = fine->n + 2;
    double *r = fine->r, *f = coarse->f;
    memset(coarse->u, 0, (size_t)(w * w) * sizeof *coarse->u);
#pragma omp parallel for
    for (ptrdiff_t i = 1; i <= n; i++)
        for (ptrdiff_t j = 1; j <= n; j++) {
            double *c = r + 2 * i * wf + 2 * j;
            f[i * w + j] =
                (4 * c[0] + 2 * (c[-1] + c[1] + c[-wf] + c[wf]) + c[-wf - 1] + c[-wf + 1] + c[wf - 1] + c[wf + 1]) / 16;
        }
}

static void correct(const struct grid *fine, const struct grid *coarse)
{
    ptrdiff_t n = fine->n, w = n + 2, wc = coarse->n + 2;
    double *u = fine->u, *e = coarse->u;
#pragma omp parallel for
    for (ptrdiff_t i = 1; i <= n; i++)
        for (ptrdiff_t j = 1; j <= n; j++) {
            double *up = e + i / 2 * wc + j / 2, *down = up + i % 2 * wc;
            u[i * w + j] += 0.25 * (up[0] + up[j % 2] + down[0] + down[j % 2]);
        }
}

double openmp_cycle(const struct grid *grids, int count)
{
    smooth(grids);
    smooth(grids);
    double rest = find_rest(grids);
    if (count > 1) {
        restrict_to(grids, grids + 1);
        openmp_cycle(grids + 1, count - 1);
        correct(grids, grids + 1);
        smooth(grids);
        smooth(grids);
        rest = find_rest(grids);
    }
    return rest;
}
