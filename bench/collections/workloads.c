/* SPDX-License-Identifier: MIT */
/* The workloads: their input, and their results by a serial loop, for which others are compared with them. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

/* Bits that depend on i only. */
static uint64_t bits(size_t i)
{
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---- sums of floating-point numbers in [0, 1) ---------------------------------------------------------------- */

/*
 * The sum, and how far another may be off. Roundings are as good as random, so that one in another order, or in this
 * one, is off by some sqrt(n) roundings of the sum (Higham and Mary 2019): 4 of them are hardly ever reached, and far
 * less than a block of items that is lost or counted twice.
 */
static long double expected_sum, allowed_error;

static void expect_sum(long double sum, size_t n, double epsilon)
{
    expected_sum = sum;
    allowed_error = 4 * sqrtl((long double)n) * (long double)epsilon / 2 * sum;
}

static void fill_doubles(void *items, size_t n)
{
    double *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(bits(i) >> 11) * 0x1p-53;
}

static void expect_doubles(const void *items, size_t n)
{
    const double *x = items;
    long double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    expect_sum(sum, n, DBL_EPSILON);
}

static bool is_sum_of_doubles(const void *acc, long calls)
{
    (void)calls;
    return fabsl(*(const double *)acc - expected_sum) <= allowed_error;
}

static void fill_floats(void *items, size_t n)
{
    float *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(bits(i) >> 40) * 0x1p-24f;
}

static void expect_floats(const void *items, size_t n)
{
    const float *x = items;
    long double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    expect_sum(sum, n, FLT_EPSILON);
}

static bool is_sum_of_floats(const void *acc, long calls)
{
    (void)calls;
    return fabsl(*(const float *)acc - expected_sum) <= allowed_error;
}

/* ---- integers, whose results are exact ----------------------------------------------------------------------- */

static int expected_int;
static affine expected_affine;
static uint64_t expected_dear;
static uint32_t expected_cheap;

/* Small enough for the sum of 10^7. */
static void fill_ints(void *items, size_t n)
{
    int *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (int)(bits(i) % 201) - 100;
}

static void expect_sum_of_ints(const void *items, size_t n)
{
    const int *x = items;
    expected_int = 0;
    for (size_t i = 0; i < n; i++)
        expected_int += x[i];
}

static void fill_any_ints(void *items, size_t n)
{
    int *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (int)(bits(i) >> 33) - (1 << 30);
}

static void expect_max_of_ints(const void *items, size_t n)
{
    const int *x = items;
    expected_int = INT_MIN;
    for (size_t i = 0; i < n; i++)
        expected_int = x[i] > expected_int ? x[i] : expected_int;
}

static bool is_int(const void *acc, long calls)
{
    (void)calls;
    return *(const int *)acc == expected_int;
}

static void fill_maps(void *items, size_t n)
{
    affine *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (affine){bits(2 * i) | 1, bits(2 * i + 1)};
}

static void expect_map(const void *items, size_t n)
{
    const affine *x = items;
    expected_affine = (affine){1, 0};
    for (size_t i = 0; i < n; i++)
        expected_affine = affine_then(expected_affine, x[i]);
}

static bool is_map(const void *acc, long calls)
{
    (void)calls;
    return memcmp(acc, &expected_affine, sizeof expected_affine) == 0;
}

static void fill_numbers(void *items, size_t n)
{
    uint32_t *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (uint32_t)bits(i);
}

static void expect_dear(const void *items, size_t n)
{
    const uint32_t *x = items;
    expected_dear = 0;
    for (size_t i = 0; i < n; i++)
        expected_dear += item_dear(x[i]);
}

static bool is_dear(const void *acc, long calls)
{
    (void)calls;
    return *(const uint64_t *)acc == expected_dear;
}

static void expect_cheap(const void *items, size_t n)
{
    const uint32_t *x = items;
    expected_cheap = 0;
    for (size_t i = 0; i < n; i++)
        expected_cheap += item_cheap(x[i]);
}

static bool is_cheap(const void *acc, long calls)
{
    (void)calls;
    return *(const uint32_t *)acc == expected_cheap;
}

/* ---- histograms, which go on from call to call --------------------------------------------------------------- */

static histogram expected_histogram;

static void fill_bytes(void *items, size_t n)
{
    uint8_t *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (uint8_t)bits(i);
}

static void expect_histogram(const void *items, size_t n)
{
    const uint8_t *x = items;
    memset(&expected_histogram, 0, sizeof expected_histogram);
    for (size_t i = 0; i < n; i++)
        count_byte(&expected_histogram, &x[i]);
}

static bool is_histogram(const void *acc, long calls)
{
    const histogram *h = acc;
    for (int i = 0; i < 256; i++)
        if (h->of[i] != (uint64_t)calls * expected_histogram.of[i])
            return false;
    return true;
}

/* ---- a stencil ------------------------------------------------------------------------------------------------ */

static image picture;
static float *expected_flow, *expected_next;
static size_t picture_size;

static float *numbers_of_picture(void)
{
    float *x = malloc(picture_size * sizeof *x);
    if (!x)
        exit(2);
    for (size_t i = 0; i < picture_size; i++)
        x[i] = (float)(bits(i) >> 40) * 0x1p-24f;
    return x;
}

/* The rows [row, end) become NaN, which is what a call has not written. */
static void spoil_rows(ptrdiff_t row, ptrdiff_t end)
{
    ptrdiff_t width = picture.side + 2;
    size_t bytes = (size_t)((end - row) * width) * sizeof(float);
    memset(picture.flow + row * width, 0xff, bytes);
    memset(picture.next + row * width, 0xff, bytes);
}

static void fill_picture(void *items, size_t n)
{
    picture.side = (ptrdiff_t)sqrt((double)n);
    picture_size = (size_t)(picture.side + 2) * (size_t)(picture.side + 2);
    picture.u = numbers_of_picture();
    picture.c = numbers_of_picture();
    picture.flow = numbers_of_picture();
    picture.next = numbers_of_picture();
    spoil_rows(1, picture.side + 1);
    memcpy(items, &picture, sizeof picture);
}

static void expect_picture(const void *items, size_t n)
{
    const image *p = items;
    ptrdiff_t width = p->side + 2;
    (void)n;
    expected_flow = numbers_of_picture();
    expected_next = numbers_of_picture();
    for (ptrdiff_t row = 1; row <= p->side; row++)
        for (ptrdiff_t col = 1; col <= p->side; col++)
            diffuse(row * width + col, width, p->u, p->c, expected_flow, expected_next);
}

/* Compilers may fuse multiplications and additions: so floats are close, and not the same. */
static bool is_row(ptrdiff_t row)
{
    ptrdiff_t width = picture.side + 2;
    bool same = true;
    for (ptrdiff_t k = row * width + 1; k <= row * width + picture.side; k++)
        same &= fabsf(picture.flow[k] - expected_flow[k]) < 1e-5f && fabsf(picture.next[k] - expected_next[k]) < 1e-5f;
    return same;
}

/* All of it after the first call; then a row at a time, each in turn, as more would cool the threads' caches. */
static bool is_picture(const void *acc, long calls)
{
    ptrdiff_t row = calls % picture.side + 1, end = row + 1;
    bool same = true;
    (void)acc;
    if (calls == 1) {
        row = 1;
        end = picture.side + 1;
    }
    for (ptrdiff_t i = row; i < end; i++)
        same &= is_row(i);
    spoil_rows(row, end);
    return same;
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

/* START_SIZE bytes each, of which the first are what the result's type has. */
static const uint64_t zero[] = {0, 0};
static const affine no_map = {1, 0};
static const int least_int[] = {INT_MIN, 0, 0, 0};

const workload workloads[] = {{"sum-double", sizeof(double), zero, fill_doubles, expect_doubles, is_sum_of_doubles},
                              {"sum-float", sizeof(float), zero, fill_floats, expect_floats, is_sum_of_floats},
                              {"sum-int", sizeof(int), zero, fill_ints, expect_sum_of_ints, is_int},
                              {"max-int", sizeof(int), least_int, fill_any_ints, expect_max_of_ints, is_int},
                              {"affine", sizeof(affine), &no_map, fill_maps, expect_map, is_map},
                              {"map-reduce-dear", sizeof(uint32_t), zero, fill_numbers, expect_dear, is_dear},
                              {"map-reduce-cheap", sizeof(uint32_t), zero, fill_numbers, expect_cheap, is_cheap},
                              {"histogram", sizeof(uint8_t), NULL, fill_bytes, expect_histogram, is_histogram},
                              {"stencil", 0, NULL, fill_picture, expect_picture, is_picture},
                              {NULL, 0, NULL, NULL, NULL, NULL}};

way_kernel *kernel_of(const workload *w)
{
    way_kernel *const kernels[] = {the_way.sum_double,       the_way.sum_float, the_way.sum_int,
                                   the_way.max_int,          the_way.affine,    the_way.map_reduce_dear,
                                   the_way.map_reduce_cheap, the_way.histogram, the_way.stencil};
    return kernels[w - workloads];
}
