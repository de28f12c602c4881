/* SPDX-License-Identifier: MIT */
/* Reductions: their input, and their results by a serial loop, which those of others are compared with. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "workloads.h"

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

static void expect_sum_of_ints(const void *items, size_t n)
{
    const int *x = items;
    expected_int = 0;
    for (size_t i = 0; i < n; i++)
        expected_int += x[i];
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

/* ---- all of them --------------------------------------------------------------------------------------------- */

/* START_SIZE bytes each, of which the first are what the result's type has. */
static const uint64_t zero[] = {0, 0};
static const affine no_map = {1, 0};
static const int least_int[] = {INT_MIN, 0, 0, 0};

const workload reductions[] = {
    {WORKLOAD("sum-double", sum_double), sizeof(double), zero, fill_doubles, expect_doubles, is_sum_of_doubles, NULL},
    {WORKLOAD("sum-float", sum_float), sizeof(float), zero, fill_floats, expect_floats, is_sum_of_floats, NULL},
    {WORKLOAD("sum-int", sum_int), sizeof(int), zero, fill_ints, expect_sum_of_ints, is_int, NULL},
    {WORKLOAD("max-int", max_int), sizeof(int), least_int, fill_any_ints, expect_max_of_ints, is_int, NULL},
    {WORKLOAD("affine", affine), sizeof(affine), &no_map, fill_maps, expect_map, is_map, NULL},
    {WORKLOAD("map-reduce-dear", map_reduce_dear), sizeof(uint32_t), zero, fill_numbers, expect_dear, is_dear, NULL},
    {WORKLOAD("map-reduce-cheap", map_reduce_cheap), sizeof(uint32_t), zero, fill_numbers, expect_cheap, is_cheap,
     NULL},
    {WORKLOAD("histogram", histogram), sizeof(uint8_t), NULL, fill_bytes, expect_histogram, is_histogram, NULL},
    {0}};
