/* SPDX-License-Identifier: MIT */
/*
 * Sorting words on one thread.
 *
 * What matters of a word is by how much it is more than the least of all. Of these differences, a few of the highest
 * bits (some more than it takes to number the words) are sorted by, in two passes from the lower to the higher ones:
 * then words are out of order only among those, few as a rule, of which these bits are the same. These are put right as
 * the words are copied to where they are to be, by insertion; unless they are many: then they are sorted by themselves
 * in the same way, by the bits that they differ in. So each word is moved a few times for each 20 bits that words
 * differ in, whatever they are.
 */
#include "collections/radix_words.h"

#include "base/unwind.h"
#include "collections/radix_few.h"

enum {
    FEW_WORDS = 64, /* are merged */
    MORE_BITS = 4,  /* than it takes to number the words */
    MOST_BITS = 20, /* that are sorted by, in two digits */
    DIGITS = 1024,  /* values of one */
    NEAR = 32       /* the furthest that a word is moved by insertion */
};
_Static_assert(DIGITS == 1 << MOST_BITS / 2, "a digit has half of the bits");

/* ---- numbers and words -------------------------------------------------------------------------------- */

void pl_radix_to_words(unsigned width, pl_radix_form form, const void *numbers, void *words, size_t n)
{
    if (width == 4)
        for (size_t i = 0; i < n; i++)
            pl_radix_put(4, words, i, pl_radix_to_word(4, form, pl_radix_get(4, numbers, i)));
    else
        for (size_t i = 0; i < n; i++)
            pl_radix_put(8, words, i, pl_radix_to_word(8, form, pl_radix_get(8, numbers, i)));
}

void pl_radix_to_numbers(unsigned width, pl_radix_form form, const void *words, void *numbers, size_t n)
{
    if (width == 4)
        for (size_t i = 0; i < n; i++)
            pl_radix_put(4, numbers, i, pl_radix_to_number(4, form, pl_radix_get(4, words, i)));
    else
        for (size_t i = 0; i < n; i++)
            pl_radix_put(8, numbers, i, pl_radix_to_number(8, form, pl_radix_get(8, words, i)));
}

static PL_RADIX_INLINE pl_radix_range range_of(unsigned width, const void *words, size_t n)
{
    uint64_t least = pl_radix_get(width, words, 0), greatest = least;
    for (size_t i = 1; i < n; i++) {
        uint64_t word = pl_radix_get(width, words, i);
        least = word < least ? word : least;
        greatest = word > greatest ? word : greatest;
    }
    return (pl_radix_range){least, greatest};
}

pl_radix_range pl_radix_range_of(unsigned width, const void *words, size_t n)
{
    return width == 4 ? range_of(4, words, n) : range_of(8, words, n);
}

/* ---- merging ------------------------------------------------------------------------------------------ */

/* Sorts words into `out` by halves. */
static PL_RADIX_INLINE void merge_halves(unsigned width, unsigned char *words, void *out, size_t n)
{
    size_t half = n / 2, i = 0, j = half;
    pl_radix_sort_words(width, words, out, half);
    pl_radix_sort_words(width, words + half * width, (unsigned char *)out + half * width, n - half);
    memcpy(words, out, n * width);
    for (size_t k = 0; k < n; k++) {
        bool left = j == n || (i < half && pl_radix_get(width, words, i) <= pl_radix_get(width, words, j));
        pl_radix_put(width, out, k, pl_radix_get(width, words, left ? i++ : j++));
    }
}

/* ---- by digits ---------------------------------------------------------------------------------------- */

/* Which bits words are sorted by: those of the differences to the least, from `shift` on, in two digits. */
typedef struct digits {
    uint64_t least;
    unsigned shift, low, high; /* bits in each digit */
} digits;

static digits digits_of(pl_radix_range range, size_t n)
{
    unsigned bits = pl_radix_bits(range.greatest - range.least), wanted = pl_radix_bits(n) + MORE_BITS;
    wanted = wanted < MOST_BITS ? wanted : MOST_BITS;
    wanted = wanted < bits ? wanted : bits;
    return (digits){.least = range.least, .shift = bits - wanted, .low = wanted / 2, .high = wanted - wanted / 2};
}

static PL_RADIX_INLINE size_t low_digit(const digits *d, uint64_t word)
{
    return (size_t)((word - d->least) >> d->shift) & (((size_t)1 << d->low) - 1);
}

static PL_RADIX_INLINE size_t high_digit(const digits *d, uint64_t word)
{
    return (size_t)((word - d->least) >> d->shift >> d->low);
}

/* Where words with each digit begin, in place of how many there are. */
static void add_up(uint32_t *counts, unsigned bits)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < (size_t)1 << bits; i++) {
        uint32_t count = counts[i];
        counts[i] = sum;
        sum += count;
    }
}

/* Sorts by both digits: the words are in `words` again, then. */
static PL_RADIX_INLINE void sort_by_both(unsigned width, const digits *by, void *words, void *spare, size_t n)
{
    uint32_t low[DIGITS], high[DIGITS];
    digits d = *by;
    memset(low, 0, sizeof *low << d.low);
    memset(high, 0, sizeof *high << d.high);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = pl_radix_get(width, words, i);
        low[low_digit(&d, word)]++;
        high[high_digit(&d, word)]++;
    }
    add_up(low, d.low);
    add_up(high, d.high);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = pl_radix_get(width, words, i);
        pl_radix_put(width, spare, low[low_digit(&d, word)]++, word);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t word = pl_radix_get(width, spare, i);
        pl_radix_put(width, words, high[high_digit(&d, word)]++, word);
    }
}

/* Not inlined: what follows may begin anew, and what this takes of the stack is to be gone by then. */
static PL_NOT_INLINED void sort_by_digits(unsigned width, const digits *by, void *words, void *spare, size_t n)
{
    if (width == 4)
        sort_by_both(4, by, words, spare, n);
    else
        sort_by_both(8, by, words, spare, n);
}

/* The end of those words from `i` on that have the same digits as it has. */
static PL_RADIX_INLINE size_t end_of_group(unsigned width, const digits *d, const void *words, size_t i, size_t n)
{
    uint64_t first = (pl_radix_get(width, words, i) - d->least) >> d->shift;
    do
        i++;
    while (i < n && (pl_radix_get(width, words, i) - d->least) >> d->shift == first);
    return i;
}

/* Copies words that are sorted by their digits, and puts those right that have the same. */
static PL_RADIX_INLINE void put_right(unsigned width, const digits *by, unsigned char *words, unsigned char *out,
                                      size_t n)
{
    digits d = *by;
    uint64_t last = 0;
    size_t group = 0; /* where the words begin that have the digits of the last one; or before */
    for (size_t i = 0; i < n; i++) {
        uint64_t word = pl_radix_get(width, words, i);
        if (word >= last) {
            pl_radix_put(width, out, i, word);
            last = word;
            continue;
        }
        size_t k = i, end = i > NEAR ? i - NEAR : 0;
        for (uint64_t before; k > end && (before = pl_radix_get(width, out, k - 1)) > word; k--)
            pl_radix_put(width, out, k, before);
        pl_radix_put(width, out, k, word);
        if (k > end || k == 0)
            continue;
        /* it is far from where it belongs: the whole group is sorted by itself */
        for (group = i;
             group > 0 && (pl_radix_get(width, words, group - 1) - d.least) >> d.shift == (word - d.least) >> d.shift;)
            group--;
        size_t to = end_of_group(width, &d, words, group, n);
        pl_radix_sort_words(width, words + group * width, out + group * width, to - group);
        i = to - 1;
        last = pl_radix_get(width, out, i);
    }
}

static PL_RADIX_INLINE void sort_words(unsigned width, void *words, void *out, size_t n)
{
    if (n <= FEW_WORDS) {
        pl_radix_sort_few(width, words, out, n);
        return;
    }
    if ((uint64_t)n > UINT32_MAX) { /* how many there are would not fit into counts */
        merge_halves(width, words, out, n);
        return;
    }
    pl_radix_range range = range_of(width, words, n);
    digits d = digits_of(range, n);
    if (range.least < range.greatest)
        sort_by_digits(width, &d, words, out, n);
    if (d.shift == 0)
        memcpy(out, words, n * width);
    else
        put_right(width, &d, words, out, n);
}

void pl_radix_sort_words(unsigned width, void *words, void *out, size_t n)
{
    if (width == 4)
        sort_words(4, words, out, n);
    else
        sort_words(8, words, out, n);
}
