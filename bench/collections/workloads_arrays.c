/* SPDX-License-Identifier: MIT */
/* From array to array: the input, and the results by a serial loop, which those of others are compared with. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads.h"

/* Items that a look between calls that are timed is at, and the byte that what is not written is full of: it makes
 * neither a sum nor an item that is kept. */
enum { LOOK = 256, UNWRITTEN = 0x80 };

static const uint64_t no_result[] = {UINT64_MAX, UINT64_MAX};

/* What is written, and what is to be. */
static struct output {
    void *items;
    void *expected;
    size_t item_size;
    size_t n;
    size_t next; /* where the next look begins */
    bool look_at_all;
} output;

static void *room_for(size_t n, size_t item_size)
{
    void *room = aligned_alloc(64, (n * item_size / 64 + 1) * 64);
    if (!room)
        exit(2);
    return room;
}

static void spoil_from_to(size_t begin, size_t end)
{
    memset((char *)output.items + begin * output.item_size, UNWRITTEN, (end - begin) * output.item_size);
}

static void spoil_output(void)
{
    spoil_from_to(0, output.n);
    output.look_at_all = true;
}

/* All of it after the first call and the last one; else some items, each in turn, as more would cool the threads'
 * caches. */
static bool is_output(bool same(size_t begin, size_t end))
{
    size_t begin = output.look_at_all ? 0 : output.next;
    size_t end = output.look_at_all || output.n - begin < LOOK ? output.n : begin + LOOK;
    bool right = same(begin, end);
    spoil_from_to(begin, end);
    output.next = end < output.n ? end : 0;
    output.look_at_all = false;
    return right;
}

/* `items` becomes two arrays, the first of which `fill` fills. */
static void fill_arrays(void *items, size_t n, size_t item_size, void fill(void *in, size_t n))
{
    void *in = room_for(n, item_size);
    fill(in, n);
    output = (struct output){room_for(n, item_size), room_for(n, item_size), item_size, n, 0, false};
    memcpy(items, &(arrays){in, output.items}, sizeof(arrays));
    spoil_output();
}

/* ---- sums of all items so far --------------------------------------------------------------------------------- */

static void fill_doubles_to_scan(void *items, size_t n)
{
    fill_arrays(items, n, sizeof(double), fill_doubles);
}

static void expect_double_sums(const void *items, size_t n)
{
    const double *x = ((const arrays *)items)->in;
    double *expected = output.expected;
    long double sum = 0;
    for (size_t i = 0; i < n; i++)
        expected[i] = (double)(sum += x[i]);
}

/* Each may be off as the sum of so many may be, see expect_sum() in workloads_reduce.c. */
static bool are_double_sums(size_t begin, size_t end)
{
    const double *sum = output.items, *expected = output.expected;
    bool same = true;
    for (size_t i = begin; i < end; i++)
        same &= fabs(sum[i] - expected[i]) <= 2 * DBL_EPSILON * sqrt((double)(i + 1)) * expected[i];
    return same;
}

static bool is_scan_of_doubles(const void *acc, long calls)
{
    (void)acc;
    (void)calls;
    return is_output(are_double_sums);
}

static void fill_ints_to_scan(void *items, size_t n)
{
    fill_arrays(items, n, sizeof(int), fill_ints);
}

static void expect_int_sums(const void *items, size_t n)
{
    const int *x = ((const arrays *)items)->in;
    int *expected = output.expected, sum = 0;
    for (size_t i = 0; i < n; i++)
        expected[i] = sum += x[i];
}

static bool are_ints(size_t begin, size_t end)
{
    const int *x = output.items, *expected = output.expected;
    return begin == end || memcmp(x + begin, expected + begin, (end - begin) * sizeof *x) == 0;
}

static bool is_scan_of_ints(const void *acc, long calls)
{
    (void)acc;
    (void)calls;
    return is_output(are_ints);
}

/* ---- those of the items that a predicate holds of -------------------------------------------------------------- */

static void fill_ints_to_filter(void *items, size_t n)
{
    fill_arrays(items, n, sizeof(int), fill_any_ints);
}

static void expect_kept(const void *items, size_t n)
{
    const int *x = ((const arrays *)items)->in;
    int *expected = output.expected;
    output.n = 0;
    for (size_t i = 0; i < n; i++)
        if (is_positive(x[i]))
            expected[output.n++] = x[i];
}

static bool is_filter(const void *acc, long calls)
{
    (void)calls;
    return is_output(are_ints) && *(const size_t *)acc == output.n;
}

const workload array_workloads[] = {
    {WORKLOAD("scan-double", scan_double), 0, NULL, fill_doubles_to_scan, expect_double_sums, is_scan_of_doubles,
     spoil_output},
    {WORKLOAD("scan-int", scan_int), 0, NULL, fill_ints_to_scan, expect_int_sums, is_scan_of_ints, spoil_output},
    {WORKLOAD("filter-half", filter), 0, no_result, fill_ints_to_filter, expect_kept, is_filter, spoil_output},
    {0}};
