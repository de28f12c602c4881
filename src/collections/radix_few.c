/* SPDX-License-Identifier: MIT */
/*
 * Sorting a few words on one thread: by fours, and by merges of two runs from both ends at once, whose lengths differ
 * by one at most. There are no branches that depend on words, as in detail/sorter.h; but words that are equal are the
 * same: so the least and the greatest of two are all that it takes to exchange them.
 */
#include "collections/radix_few.h"

#include "collections/radix_word.h"

enum { LEAF = 4 /* words that are sorted at once, at most */ };

/* ---- up to four --------------------------------------------------------------------------------------- */

static PL_RADIX_INLINE void exchange_words(uint64_t *a, uint64_t *b)
{
    uint64_t x = *a, y = *b;
    *a = x < y ? x : y;
    *b = x < y ? y : x;
}

/* n is from 1 to 4: what lies beyond is the greatest there is. */
static PL_RADIX_INLINE void sort_leaf(unsigned width, const void *words, void *out, size_t n)
{
    uint64_t a = pl_radix_get(width, words, 0), b, c, d;
    b = n > 1 ? pl_radix_get(width, words, 1) : UINT64_MAX;
    c = n > 2 ? pl_radix_get(width, words, 2) : UINT64_MAX;
    d = n > 3 ? pl_radix_get(width, words, 3) : UINT64_MAX;
    exchange_words(&a, &b);
    exchange_words(&c, &d);
    exchange_words(&a, &c);
    exchange_words(&b, &d);
    exchange_words(&b, &c);
    pl_radix_put(width, out, 0, a);
    if (n > 1)
        pl_radix_put(width, out, 1, b);
    if (n > 2)
        pl_radix_put(width, out, 2, c);
    if (n > 3)
        pl_radix_put(width, out, 3, d);
}

/* ---- merges ------------------------------------------------------------------------------------------- */

/* Merges [0, middle) and [middle, n), whose lengths differ by one at most: so each half of the steps stays within both
 * runs, and one word may be left between the halves. Where none of the first run is left, `a_last` + 1 is `a`, if need
 * be by way of SIZE_MAX. */
static PL_RADIX_INLINE void merge_runs(unsigned width, const unsigned char *words, size_t middle, size_t n,
                                       unsigned char *out)
{
    size_t a = 0, b = middle, a_last = middle - 1, b_last = n - 1, steps = n / 2;
    for (size_t k = 0; k < steps; k++) {
        uint64_t x = pl_radix_get(width, words, a), y = pl_radix_get(width, words, b);
        uint64_t z = pl_radix_get(width, words, a_last), w = pl_radix_get(width, words, b_last);
        bool b_first = y < x, a_behind = w < z;
        pl_radix_put(width, out, k, b_first ? y : x);
        pl_radix_put(width, out, n - 1 - k, a_behind ? z : w);
        a += !b_first;
        b += b_first;
        a_last -= a_behind;
        b_last -= !a_behind;
    }
    if (n % 2)
        pl_radix_put(width, out, steps, pl_radix_get(width, words, a < a_last + 1 ? a : b));
}

/* ---- all ---------------------------------------------------------------------------------------------- */

static PL_RADIX_INLINE void sort_few(unsigned width, unsigned char *words, unsigned char *out, size_t n)
{
    unsigned levels = 0;
    while (n > (size_t)LEAF << levels)
        levels++;
    unsigned char *now = levels & 1 ? words : out, *next = levels & 1 ? out : words;
    for (size_t k = 0, at = 0; k < (size_t)1 << levels; k++) {
        size_t end = (k + 1) * n >> levels;
        if (end - at == LEAF)
            sort_leaf(width, words + at * width, now + at * width, LEAF);
        else
            sort_leaf(width, words + at * width, now + at * width, end - at);
        at = end;
    }
    for (; levels > 0; levels--) {
        for (size_t k = 0, at = 0; k < (size_t)1 << levels; k += 2) {
            size_t middle = (k + 1) * n >> levels, end = (k + 2) * n >> levels;
            merge_runs(width, now + at * width, middle - at, end - at, next + at * width);
            at = end;
        }
        unsigned char *swap = now;
        now = next;
        next = swap;
    }
}

void pl_radix_sort_few(unsigned width, void *words, void *out, size_t n)
{
    if (n == 0)
        return;
    if (width == 4)
        sort_few(4, words, out, n);
    else
        sort_few(8, words, out, n);
}
