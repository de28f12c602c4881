/* SPDX-License-Identifier: MIT */
/* Counting and searching: their input, and their results by a serial loop, which those of others are compared with. */
#include "workloads.h"

static const void *expected_place;
static size_t expected_count;

/* What no result is. */
static const uint64_t no_result[] = {UINT64_MAX, UINT64_MAX};

static bool is_place(const void *acc, long calls)
{
    (void)calls;
    return *(const void *const *)acc == expected_place;
}

/* ---- how many ------------------------------------------------------------------------------------------------- */

static void expect_count(const void *items, size_t n)
{
    const int *x = items;
    expected_count = 0;
    for (size_t i = 0; i < n; i++)
        expected_count += is_positive(x[i]);
}

static bool is_count(const void *acc, long calls)
{
    (void)calls;
    return *(const size_t *)acc == expected_count;
}

/* ---- where ---------------------------------------------------------------------------------------------------- */

enum { RARE = 101 };

/* The second one is for what finds any instead of the first. */
static void fill_with_early(void *items, size_t n)
{
    int *x = items;
    fill_ints(items, n);
    x[n / 100] = RARE;
    x[n - 1] = RARE;
}

static void expect_found(const void *items, size_t n)
{
    const int *x = items;
    expected_place = NULL;
    for (size_t i = n; i-- > 0;)
        if (is_rare(x[i]))
            expected_place = &x[i];
}

static void expect_least(const void *items, size_t n)
{
    const double *x = items;
    size_t least = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] < x[least])
            least = i;
    expected_place = &x[least];
}

const workload searches[] = {
    {WORKLOAD("count", count), sizeof(int), no_result, fill_any_ints, expect_count, is_count, NULL},
    {WORKLOAD("find-absent", find), sizeof(int), no_result, fill_ints, expect_found, is_place, NULL},
    {WORKLOAD("find-early", find), sizeof(int), no_result, fill_with_early, expect_found, is_place, NULL},
    {WORKLOAD("min-index", min_index), sizeof(double), no_result, fill_doubles, expect_least, is_place, NULL},
    {0}};
