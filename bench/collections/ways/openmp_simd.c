/* SPDX-License-Identifier: MIT */
#include "../driver.h"

/* firstprivate(x): clang vectorises no loop whose array is shared, as it takes it to change under it. */

static void sum_double(const void *items, size_t n, void *acc)
{
    const double *x = items;
    double sum = *(double *)acc;
#pragma omp parallel for simd firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(double *)acc = sum;
}

static void sum_float(const void *items, size_t n, void *acc)
{
    const float *x = items;
    float sum = *(float *)acc;
#pragma omp parallel for simd firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(float *)acc = sum;
}

static void sum_int(const void *items, size_t n, void *acc)
{
    const int *x = items;
    int sum = *(int *)acc;
#pragma omp parallel for simd firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(int *)acc = sum;
}

static void max_int(const void *items, size_t n, void *acc)
{
    const int *x = items;
    int greatest = *(int *)acc;
#pragma omp parallel for simd firstprivate(x) reduction(max : greatest)
    for (size_t i = 0; i < n; i++)
        greatest = x[i] > greatest ? x[i] : greatest;
    *(int *)acc = greatest;
}

static void cheap(const void *items, size_t n, void *acc)
{
    const uint32_t *x = items;
    uint32_t sum = *(uint32_t *)acc;
#pragma omp parallel for simd firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += item_cheap(x[i]);
    *(uint32_t *)acc = sum;
}

static void count_positive(const void *items, size_t n, void *acc)
{
    const int *x = items;
    size_t count = 0;
#pragma omp parallel for simd firstprivate(x) reduction(+ : count)
    for (size_t i = 0; i < n; i++)
        count += is_positive(x[i]);
    *(size_t *)acc = count;
}

/* Clang 14 copies all n items onto the stack, which 10^7 are too many for. */
#ifdef __clang__
enum { HAS_SCANS = false };
#else
/* Gcc warns of what it makes itself. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
enum { HAS_SCANS = true };
#endif

static void scan_double(const void *items, size_t n, void *acc)
{
    const arrays *a = items;
    const double *in = a->in;
    double *out = a->out, sum = 0;
    (void)acc;
#pragma omp parallel for simd firstprivate(in, out) reduction(inscan, + : sum)
    for (size_t i = 0; i < n; i++) {
        sum += in[i];
#pragma omp scan inclusive(sum)
        out[i] = sum;
    }
}

static void scan_int(const void *items, size_t n, void *acc)
{
    const arrays *a = items;
    const int *in = a->in;
    int *out = a->out, sum = 0;
    (void)acc;
#pragma omp parallel for simd firstprivate(in, out) reduction(inscan, + : sum)
    for (size_t i = 0; i < n; i++) {
        sum += in[i];
#pragma omp scan inclusive(sum)
        out[i] = sum;
    }
}

__attribute__((noinline)) static void diffuse_rows(ptrdiff_t side, const float *restrict u, const float *restrict c,
                                                   float *restrict flow, float *restrict next)
{
    ptrdiff_t width = side + 2;
#pragma omp parallel for firstprivate(u, c, flow, next)
    for (ptrdiff_t row = 1; row <= side; row++)
#pragma omp simd
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
                     .map_reduce_cheap = cheap,
                     .count = count_positive,
                     .scan_double = HAS_SCANS ? scan_double : NULL,
                     .scan_int = HAS_SCANS ? scan_int : NULL,
                     .stencil = diffuse_all};
