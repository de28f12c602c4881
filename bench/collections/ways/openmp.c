/* SPDX-License-Identifier: MIT */
#include <omp.h>

#include "../driver.h"

enum { MOST_THREADS = 256 };

/* firstprivate(x): clang vectorises no loop whose array is shared, as it takes it to change under it. */

static void sum_double(const void *items, size_t n, void *acc)
{
    const double *x = items;
    double sum = *(double *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(double *)acc = sum;
}

static void sum_float(const void *items, size_t n, void *acc)
{
    const float *x = items;
    float sum = *(float *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(float *)acc = sum;
}

static void sum_int(const void *items, size_t n, void *acc)
{
    const int *x = items;
    int sum = *(int *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(int *)acc = sum;
}

static void max_int(const void *items, size_t n, void *acc)
{
    const int *x = items;
    int greatest = *(int *)acc;
#pragma omp parallel for firstprivate(x) reduction(max : greatest)
    for (size_t i = 0; i < n; i++)
        greatest = x[i] > greatest ? x[i] : greatest;
    *(int *)acc = greatest;
}

/* By hand, as the order in which a reduction combines is nobody's: a part for each thread, then the parts in order. */
static void compose(const void *items, size_t n, void *acc)
{
    static struct {
        _Alignas(64) affine all;
    } part[MOST_THREADS];
    const affine *x = items;
    int parts = 1;
#pragma omp parallel num_threads(omp_get_max_threads() < MOST_THREADS ? omp_get_max_threads() : MOST_THREADS)
    {
        affine all = {1, 0};
#pragma omp single
        parts = omp_get_num_threads();
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            all = affine_then(all, x[i]);
        part[omp_get_thread_num()].all = all;
    }
    for (int i = 0; i < parts; i++)
        *(affine *)acc = affine_then(*(affine *)acc, part[i].all);
}

static void dear(const void *items, size_t n, void *acc)
{
    const uint32_t *x = items;
    uint64_t sum = *(uint64_t *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += item_dear(x[i]);
    *(uint64_t *)acc = sum;
}

static void cheap(const void *items, size_t n, void *acc)
{
    const uint32_t *x = items;
    uint32_t sum = *(uint32_t *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += item_cheap(x[i]);
    *(uint32_t *)acc = sum;
}

static void count(const void *items, size_t n, void *acc)
{
    const uint8_t *x = items;
    uint64_t *of = ((histogram *)acc)->of;
#pragma omp parallel for firstprivate(x) reduction(+ : of[:256])
    for (size_t i = 0; i < n; i++)
        of[x[i]]++;
}

__attribute__((noinline)) static void diffuse_rows(ptrdiff_t side, const float *restrict u, const float *restrict c,
                                                   float *restrict flow, float *restrict next)
{
    ptrdiff_t width = side + 2;
#pragma omp parallel for firstprivate(u, c, flow, next)
    for (ptrdiff_t row = 1; row <= side; row++)
        for (ptrdiff_t k = row * width + 1; k <= row * width + side; k++)
            diffuse(k, width, u, c, flow, next);
}

static void diffuse_all(const void *items, size_t n, void *acc)
{
    const image *p = items;
    (void)n;
    (void)acc;
    diffuse_rows(p->side, p->u, p->c, p->flow, p->next);
}

const way the_way = {.sum_double = sum_double,
                     .sum_float = sum_float,
                     .sum_int = sum_int,
                     .max_int = max_int,
                     .affine = compose,
                     .map_reduce_dear = dear,
                     .map_reduce_cheap = cheap,
                     .histogram = count,
                     .stencil = diffuse_all};
