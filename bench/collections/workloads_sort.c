/* SPDX-License-Identifier: MIT */
/*
 * Sorting: the input, and the results by qsort(), which those of others are compared with. Items that are not the same
 * are told apart, so that it does not matter whether a sort is stable.
 *
 * Where there are few items, there are many shuffles of them, which calls sort one after the other: a processor that
 * gets the same few again and again learns how their comparisons turn out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads.h"

enum { SHUFFLED = 262144 /* items at least */, TEXT = 16, LARGEST = 128 /* bytes of an item */ };

static struct sorted {
    void *out;
    void *expected;
    size_t bytes;
    size_t next;
} sorted;

static void *room_for(size_t bytes)
{
    void *room = aligned_alloc(64, (bytes / 64 + 1) * 64);
    if (!room)
        exit(2);
    return room;
}

/* Swaps items i and k. */
static void swap_items(char *items, size_t i, size_t k, size_t size)
{
    char room[LARGEST];
    memcpy(room, items + i * size, size);
    memcpy(items + i * size, items + k * size, size);
    memcpy(items + k * size, room, size);
}

/* `items` becomes shuffles of what is at `in`, n items; it is the first one. */
static void fill_shuffles(void *items, const void *in, size_t n, size_t size)
{
    size_t count = n < SHUFFLED ? SHUFFLED / n : 1;
    char *all = room_for(count * n * size);
    for (size_t s = 0; s < count; s++) {
        char *here = all + s * n * size;
        memcpy(here, in, n * size);
        for (size_t i = n; s > 0 && i > 1; i--)
            swap_items(here, i - 1, bits(s * n + i) % i, size);
    }
    sorted = (struct sorted){room_for(n * size), room_for(n * size), n * size, 0};
    memcpy(items, &(shuffles){all, sorted.out, count, &sorted.next}, sizeof(shuffles));
}

static void expect_in_order(const void *items, size_t n, int compare(const void *a, const void *b))
{
    memcpy(sorted.expected, ((const shuffles *)items)->in, sorted.bytes);
    qsort(sorted.expected, n, sorted.bytes / n, compare);
}

static bool is_sorted(const void *acc, long calls)
{
    (void)acc;
    (void)calls;
    return memcmp(sorted.out, sorted.expected, sorted.bytes) == 0;
}

/* ---- ints ----------------------------------------------------------------------------------------------------- */

static void fill_with(void *items, size_t n, void fill(int *x, size_t n))
{
    int *x = room_for(n * sizeof *x);
    fill(x, n);
    fill_shuffles(items, x, n, sizeof *x);
    free(x);
}

static void make_random(int *x, size_t n)
{
    fill_any_ints(x, n);
}

static void make_few(int *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (int)(bits(i) % 16);
}

static void make_equal(int *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 7;
}

/* A thousandth of them are swapped with others. */
static void make_nearly(int *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (int)i;
    for (size_t i = 0; i < n / 1000; i++)
        swap_items((char *)x, bits(2 * i) % n, bits(2 * i + 1) % n, sizeof *x);
}

/* Up and down again. */
static void make_organ(int *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (int)(i < n / 2 ? i : n - i);
}

/* Rank k of a million as often as 1 / k: the logarithm is even. Of whole numbers alone, so that it is the same
 * anywhere: a power of two, and what is between it and the next. */
static void make_zipf(int *x, size_t n)
{
    enum { POWERS = 20 };
    for (size_t i = 0; i < n; i++) {
        uint64_t random = bits(i);
        uint64_t power = (uint64_t)1 << random % POWERS;
        x[i] = (int)(power + (random >> 32) % power);
    }
}

/* Of which quicksorts that take the middle one of the first, the middle and the last item split off two at a time
 * (Musser, "Introspective sorting and selection algorithms", 1997, section 2). */
static void make_killer(int *x, size_t n)
{
    size_t half = n / 2;
    for (size_t i = 0; i < n; i++)
        x[i] = (int)(i >= half ? 2 * (i - half + 1) : i % 2 ? half + i + half % 2 : i + 1);
}

static void fill_random(void *items, size_t n)
{
    fill_with(items, n, make_random);
}

static void fill_few(void *items, size_t n)
{
    fill_with(items, n, make_few);
}

static void fill_equal(void *items, size_t n)
{
    fill_with(items, n, make_equal);
}

/* There is but one input. */
static void fill_once(void *items, size_t n, int first, int step)
{
    fill_with(items, n, make_equal);
    shuffles s;
    memcpy(&s, items, sizeof s);
    for (size_t k = 0; k < s.count; k++)
        for (size_t i = 0; i < n; i++)
            ((int *)(uintptr_t)s.in)[k * n + i] = first + step * (int)i;
}

static void fill_sorted(void *items, size_t n)
{
    fill_once(items, n, 0, 1);
}

static void fill_reversed(void *items, size_t n)
{
    fill_once(items, n, (int)n, -1);
}

static void fill_nearly(void *items, size_t n)
{
    fill_with(items, n, make_nearly);
}

static void fill_organ(void *items, size_t n)
{
    fill_with(items, n, make_organ);
}

static void fill_zipf(void *items, size_t n)
{
    fill_with(items, n, make_zipf);
}

static void fill_killer(void *items, size_t n)
{
    fill_with(items, n, make_killer);
}

static int compare_ints(const void *a, const void *b)
{
    return is_less_int(b, a) - is_less_int(a, b);
}

static void expect_ints(const void *items, size_t n)
{
    expect_in_order(items, n, compare_ints);
}

/* ---- records and strings ---------------------------------------------------------------------------------------- */

static void fill_records(void *items, size_t n)
{
    record *x = room_for(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (record){bits(i), i};
    fill_shuffles(items, x, n, sizeof *x);
    free(x);
}

static int compare_records(const void *a, const void *b)
{
    return is_less_record(b, a) - is_less_record(a, b);
}

static void expect_records(const void *items, size_t n)
{
    expect_in_order(items, n, compare_records);
}

/* Of any size: the key comes first. */
static void fill_large(void *items, size_t n, size_t size)
{
    char *x = room_for(n * size);
    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
            uint64_t value = bits(i) + at;
            memcpy(x + i * size + at, &value, sizeof value);
        }
    fill_shuffles(items, x, n, size);
    free(x);
}

static void fill_records32(void *items, size_t n)
{
    fill_large(items, n, sizeof(record32));
}

static void fill_records64(void *items, size_t n)
{
    fill_large(items, n, sizeof(record64));
}

static void fill_records128(void *items, size_t n)
{
    fill_large(items, n, sizeof(record128));
}

static void fill_strings(void *items, size_t n)
{
    const char **x = room_for(n * sizeof *x);
    char *text = room_for(n * TEXT);
    for (size_t i = 0; i < n; i++) {
        snprintf(text + i * TEXT, TEXT, "%015llx", (unsigned long long)(bits(i) >> 4));
        x[i] = text + i * TEXT;
    }
    fill_shuffles(items, x, n, sizeof *x);
    free(x);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void expect_strings(const void *items, size_t n)
{
    expect_in_order(items, n, compare_strings);
}

const workload sorts[] = {
    {WORKLOAD("sort-int", sort_int), 0, NULL, fill_random, expect_ints, is_sorted, NULL},
    {WORKLOAD("sort-record", sort_record), 0, NULL, fill_records, expect_records, is_sorted, NULL},
    {WORKLOAD("sort-32", sort_record32), 0, NULL, fill_records32, expect_records, is_sorted, NULL},
    {WORKLOAD("sort-64", sort_record64), 0, NULL, fill_records64, expect_records, is_sorted, NULL},
    {WORKLOAD("sort-128", sort_record128), 0, NULL, fill_records128, expect_records, is_sorted, NULL},
    {WORKLOAD("sort-string", sort_string), 0, NULL, fill_strings, expect_strings, is_sorted, NULL},
    {WORKLOAD("sort-few", sort_int), 0, NULL, fill_few, expect_ints, is_sorted, NULL},
    {WORKLOAD("sort-equal", sort_int), 0, NULL, fill_equal, expect_ints, is_sorted, NULL},
    {WORKLOAD("sort-sorted", sort_int), 0, NULL, fill_sorted, expect_ints, is_sorted, NULL},
    {WORKLOAD("sort-reversed", sort_int), 0, NULL, fill_reversed, expect_ints, is_sorted, NULL},
    {WORKLOAD("sort-nearly", sort_int), 0, NULL, fill_nearly, expect_ints, is_sorted, NULL},
    {WORKLOAD("sort-organ", sort_int), 0, NULL, fill_organ, expect_ints, is_sorted, NULL},
    {WORKLOAD("sort-zipf", sort_int), 0, NULL, fill_zipf, expect_ints, is_sorted, NULL},
    {WORKLOAD("sort-killer", sort_int), 0, NULL, fill_killer, expect_ints, is_sorted, NULL},
    {0}};
