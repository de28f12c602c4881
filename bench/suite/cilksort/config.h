/* SPDX-License-Identifier: MIT */
/*
 * Merge sort of 10^7 numbers: quarters are sorted at once and merged in pairs, the pairs at once, and a merge halves
 * the longer of its runs, finds where the other is to be cut, and does both halves at once. Below the cutoffs all ways
 * share one serial quicksort and one serial merge.
 */
#ifndef CILKSORT_CONFIG_H
#define CILKSORT_CONFIG_H

#include <stdint.h>
#include <string.h>

#include "../suite.h"

enum { MOST_NUMBERS = 10000000, SORT_CUTOFF = 2048, MERGE_CUTOFF = 2048, INSERTION_CUTOFF = 20 };

/* The numbers from begin up to, not including, end. */
typedef struct range {
    const int *begin;
    const int *end;
} range;

static int numbers[MOST_NUMBERS], scratch[MOST_NUMBERS];

/* ---- below the cutoffs ----------------------------------------------------------------------------------- */

static inline void insertion_sort(int *a, long n)
{
    for (long i = 1; i < n; i++) {
        int x = a[i];
        long k = i;
        for (; k > 0 && a[k - 1] > x; k--)
            a[k] = a[k - 1];
        a[k] = x;
    }
}

static inline int median_of_3(int a, int b, int c)
{
    return a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
}

static inline void quicksort(int *a, long n)
{
    while (n > INSERTION_CUTOFF) {
        int pivot = median_of_3(a[0], a[n / 2], a[n - 1]);
        long i = 0, j = n - 1;
        while (i <= j) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i <= j) {
                int x = a[i];
                a[i++] = a[j];
                a[j--] = x;
            }
        }
        quicksort(a, j + 1);
        a += i;
        n -= i;
    }
    insertion_sort(a, n);
}

static inline void serial_merge(range a, range b, int *to)
{
    while (a.begin < a.end && b.begin < b.end)
        *to++ = *b.begin < *a.begin ? *b.begin++ : *a.begin++;
    memcpy(to, a.begin, (size_t)(a.end - a.begin) * sizeof *to);
    memcpy(to + (a.end - a.begin), b.begin, (size_t)(b.end - b.begin) * sizeof *to);
}

/* ---- above them ------------------------------------------------------------------------------------------ */

static inline long length(range r)
{
    return r.end - r.begin;
}

static inline range range_of(const int *begin, long n)
{
    range r = {begin, begin + n};
    return r;
}

/* How a merge of two runs parts in two, of which the first goes to where the merge does, the second to `to`. */
typedef struct parted_merge {
    range low[2], high[2];
    int *to;
} parted_merge;

/* The longer run is a's or b's half; the other is cut before its first number that is not below that half's. */
static inline parted_merge part_merge(range a, range b, int *to)
{
    if (length(a) < length(b)) {
        range shorter = a;
        a = b;
        b = shorter;
    }
    const int *middle = a.begin + length(a) / 2;
    const int *cut = b.begin;
    for (long n = length(b); n > 0;) {
        long half = n / 2;
        if (cut[half] < *middle) {
            cut += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    parted_merge parts = {{{a.begin, middle}, {b.begin, cut}},
                          {{middle, a.end}, {cut, b.end}},
                          to + (middle - a.begin) + (cut - b.begin)};
    return parts;
}

/* ---- input and check ------------------------------------------------------------------------------------- */

/* Sums that do not depend on the order. */
static uint64_t sum_before, mixed_before;

static inline void sum_up(long n, uint64_t *sum, uint64_t *mixed)
{
    *sum = *mixed = 0;
    for (long i = 0; i < n; i++) {
        uint64_t x = (uint64_t)(unsigned)numbers[i];
        *sum += x;
        *mixed += (x + 1) * (x ^ UINT64_C(0x9e3779b97f4a7c15));
    }
}

/* Numbers from the high bits of a linear congruential generator, the same each time. */
static inline void prepare(long n)
{
    uint64_t state = 1;
    for (long i = 0; i < n; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        numbers[i] = (int)(state >> 33);
        scratch[i] = -1;
    }
    sum_up(n, &sum_before, &mixed_before);
}

static inline int check(long n)
{
    uint64_t sum, mixed;
    for (long i = 1; i < n; i++)
        if (numbers[i - 1] > numbers[i])
            return 0;
    sum_up(n, &sum, &mixed);
    return sum == sum_before && mixed == mixed_before;
}

/* Counted once, serially: it depends on the numbers where a merge is cut. */
static inline long spawns(long n)
{
    return n == MOST_NUMBERS ? 120149 : n == MOST_NUMBERS / 100 ? 405 : 0;
}

static void run(long n);

static const suite_kernel kernel = {MOST_NUMBERS, MOST_NUMBERS / 100, spawns, prepare, run, check};

#endif
