/* SPDX-License-Identifier: MIT */
/* Orders by numbers, and counts, groups and results of items: the input, and the results by a serial loop. */
#include <stdlib.h>
#include <string.h>

#include "workloads.h"

/* Items that a look between calls that are timed is at. */
enum { LOOK = 4096 };

static const uint64_t no_result[] = {UINT64_MAX, UINT64_MAX};

/* What is written, and what is to be. */
static keyed output, expected;
static size_t output_size, next; /* bytes of an item, and where the next look begins */

static void *room_for(size_t bytes)
{
    void *room = aligned_alloc(64, (bytes / 64 + 1) * 64);
    if (!room)
        exit(2);
    memset(room, 0x80, bytes);
    return room;
}

/* `items` becomes n items of so many bytes, which `fill` fills, with room for results of others, and for k counts. */
static void fill_keyed(void *items, size_t n, size_t size, size_t out, size_t k, void fill(void *in, size_t n))
{
    void *in = room_for(n * size);
    fill(in, n);
    output = (keyed){in, room_for(n * out), room_for(k * sizeof(uint32_t)), room_for((k + 1) * sizeof(size_t)), k};
    expected = (keyed){in, room_for(n * out), room_for(k * sizeof(uint32_t)), room_for((k + 1) * sizeof(size_t)), k};
    memset(output.counts, 0, k * sizeof(uint32_t));
    memset(expected.counts, 0, k * sizeof(uint32_t));
    output_size = out;
    next = 0;
    memcpy(items, &output, sizeof output);
}

static size_t output_length;

static bool is_output(const void *acc, long calls)
{
    size_t end = output_length - next < LOOK ? output_length : next + LOOK;
    const char *is = (char *)output.out + next * output_size, *to_be = (char *)expected.out + next * output_size;
    bool right = memcmp(is, to_be, (end - next) * output_size) == 0;
    (void)acc;
    (void)calls;
    memset((char *)output.out + next * output_size, 0x80, (end - next) * output_size);
    next = end < output_length ? end : 0;
    return right;
}

/* ---- sorts ----------------------------------------------------------------------------------------------------- */

static int compare_number_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int compare_number_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Values tell equal keys apart: they are in order at first. */
static int compare_keys(const void *a, const void *b)
{
    const record *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key) : (x->value > y->value) - (x->value < y->value);
}

static void fill_records(void *items, size_t n)
{
    record *r = items;
    for (size_t i = 0; i < n; i++)
        r[i] = (record){bits(i), i};
}

static void fill_ints_to_sort(void *items, size_t n)
{
    fill_keyed(items, n, sizeof(int), sizeof(int), 0, fill_any_ints);
}

static void fill_doubles_to_sort(void *items, size_t n)
{
    fill_keyed(items, n, sizeof(double), sizeof(double), 0, fill_doubles);
}

static void fill_records_to_sort(void *items, size_t n)
{
    fill_keyed(items, n, sizeof(record), sizeof(record), 0, fill_records);
}

static void expect_sorted(size_t n, int compare(const void *a, const void *b))
{
    memcpy(expected.out, expected.in, n * output_size);
    qsort(expected.out, n, output_size, compare);
    output_length = n;
}

static void expect_sorted_ints(const void *items, size_t n)
{
    (void)items;
    expect_sorted(n, compare_number_ints);
}

static void expect_sorted_doubles(const void *items, size_t n)
{
    (void)items;
    expect_sorted(n, compare_number_doubles);
}

static void expect_sorted_records(const void *items, size_t n)
{
    (void)items;
    expect_sorted(n, compare_keys);
}

/* ---- counts and groups ------------------------------------------------------------------------------------------- */

static void fill_many_bins(void *items, size_t n)
{
    fill_keyed(items, n, sizeof(int), 1, MANY_KEYS, fill_any_ints);
}

static void expect_counts(const void *items, size_t n)
{
    const int *x = ((const keyed *)items)->in;
    for (size_t i = 0; i < n; i++)
        expected.counts[many_keys(x[i])]++;
}

/* Each call adds as many, modulo 2^32. */
static bool are_counts(const void *acc, long calls)
{
    (void)acc;
    for (size_t i = 0; i < output.k; i += MANY_KEYS / LOOK)
        if (output.counts[i] != expected.counts[i] * (uint32_t)calls)
            return false;
    return true;
}

static void fill_few_groups(void *items, size_t n)
{
    fill_keyed(items, n, sizeof(int), sizeof(int), FEW_KEYS, fill_any_ints);
}

static void fill_many_groups(void *items, size_t n)
{
    fill_keyed(items, n, sizeof(int), sizeof(int), MANY_KEYS, fill_any_ints);
}

static void expect_groups(const void *items, size_t n)
{
    const int *x = ((const keyed *)items)->in;
    size_t *next_of = expected.offsets;
    memset(next_of, 0, (expected.k + 1) * sizeof *next_of);
    for (size_t i = 0; i < n; i++)
        next_of[(unsigned)x[i] % expected.k + 1]++;
    for (size_t g = 0; g < expected.k; g++)
        next_of[g + 1] += next_of[g];
    for (size_t i = 0; i < n; i++)
        ((int *)expected.out)[next_of[(unsigned)x[i] % expected.k]++] = x[i];
    output_length = n;
}

/* ---- any number of results -------------------------------------------------------------------------------- */

static void fill_ints_to_map(void *items, size_t n)
{
    fill_keyed(items, n, sizeof(int), FLAT_MOST * sizeof(int), 0, fill_any_ints);
    output_size = sizeof(int);
}

static void expect_flat(const void *items, size_t n)
{
    const int *x = ((const keyed *)items)->in;
    output_length = 0;
    for (size_t i = 0; i < n; i++)
        output_length += flat_few(&x[i], (int *)expected.out + output_length, FLAT_MOST);
}

static bool is_flat(const void *acc, long calls)
{
    return is_output(acc, calls) && *(const size_t *)acc == output_length;
}

/* ---- the first of each value ------------------------------------------------------------------------------ */

static void fill_few_values(void *items, size_t n)
{
    int *x = items;
    for (size_t i = 0; i < n; i++)
        x[i] = (int)few_keys((int)(bits(i) >> 33));
}

static void fill_ints_of_few(void *items, size_t n)
{
    fill_keyed(items, n, sizeof(int), sizeof(int), 0, fill_few_values);
}

static int compare_int_places(const void *a, const void *b)
{
    const int *x = *(const int *const *)a, *y = *(const int *const *)b;
    return *x != *y ? (*x > *y) - (*x < *y) : (x > y) - (x < y);
}

static int compare_places(const void *a, const void *b)
{
    const int *x = *(const int *const *)a, *y = *(const int *const *)b;
    return (x > y) - (x < y);
}

static void expect_distinct(const void *items, size_t n)
{
    const int *x = ((const keyed *)items)->in;
    const int **places = room_for(n * sizeof *places);
    output_length = 0;
    for (size_t i = 0; i < n; i++)
        places[i] = &x[i];
    qsort(places, n, sizeof *places, compare_int_places);
    for (size_t i = 0; i < n; i++)
        if (output_length == 0 || *places[output_length - 1] != *places[i])
            places[output_length++] = places[i];
    qsort(places, output_length, sizeof *places, compare_places);
    for (size_t i = 0; i < output_length; i++)
        ((int *)expected.out)[i] = *places[i];
    free(places);
}

const workload key_workloads[] = {
    {WORKLOAD("sort-number-int", sort_number_int), 0, no_result, fill_ints_to_sort, expect_sorted_ints, is_output,
     NULL},
    {WORKLOAD("sort-number-double", sort_number_double), 0, no_result, fill_doubles_to_sort, expect_sorted_doubles,
     is_output, NULL},
    {WORKLOAD("sort-by-u64", sort_by_key), 0, no_result, fill_records_to_sort, expect_sorted_records, is_output, NULL},
    {WORKLOAD("histogram-1000000", histogram_many), 0, NULL, fill_many_bins, expect_counts, are_counts, NULL},
    {WORKLOAD("group-1000", group_few), 0, no_result, fill_few_groups, expect_groups, is_output, NULL},
    {WORKLOAD("group-1000000", group_many), 0, no_result, fill_many_groups, expect_groups, is_output, NULL},
    {WORKLOAD("distinct-1000", distinct), 0, no_result, fill_ints_of_few, expect_distinct, is_flat, NULL},
    {WORKLOAD("distinct-any", distinct), 0, no_result, fill_ints_to_sort, expect_distinct, is_flat, NULL},
    {WORKLOAD("flat-map", flat_map), 0, no_result, fill_ints_to_map, expect_flat, is_flat, NULL},
    {0}};
