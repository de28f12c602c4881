/* SPDX-License-Identifier: MIT */
/*
 * What floating numbers have that their bits do not say: NaN, of whatever sign and bits, which come last in their
 * order; and zeros of both signs, which are equal. Both are rare, and treated by one thread: NaN are moved out of the
 * way before all else; where there are zeros of both signs, their signs are noted, in order, and put back in the end.
 */
#include "collections/radix_numbers.h"

static PL_RADIX_INLINE uint64_t sign_of(unsigned width)
{
    return width == 4 ? UINT64_C(1) << 31 : UINT64_C(1) << 63;
}

/* The bits of infinity: those of NaN are more, but for the sign. */
static PL_RADIX_INLINE uint64_t infinity_of(unsigned width)
{
    return width == 4 ? UINT64_C(0x7f800000) : UINT64_C(0x7ff0000000000000);
}

/* ---- looking ------------------------------------------------------------------------------------------ */

static PL_RADIX_INLINE void look_for_special(unsigned width, const void *array, size_t begin, size_t end,
                                             pl_radix_look *look)
{
    uint64_t sign = sign_of(width), infinity = infinity_of(width);
    size_t nans = 0, minus_zeros = 0, zeros = 0;
    for (size_t i = begin; i < end; i++) {
        uint64_t bits = pl_radix_get(width, array, i);
        nans += (bits & (sign - 1)) > infinity;
        minus_zeros += bits == sign;
        zeros += bits == 0;
    }
    look->nans += nans;
    look->minus_zeros += minus_zeros;
    look->zeros += zeros;
}

/* Whether the words of [begin, end) are in order: ascending, or descending. */
static PL_RADIX_INLINE void look_at_order(unsigned width, pl_radix_form form, const void *array, size_t begin,
                                          size_t end, pl_radix_look *look)
{
    uint64_t last = pl_radix_to_word(width, form, pl_radix_get(width, array, begin));
    bool ascends = true, descends = true;
    for (size_t i = begin + 1; i < end; i++) {
        uint64_t word = pl_radix_to_word(width, form, pl_radix_get(width, array, i));
        ascends &= last <= word;
        descends &= last >= word;
        last = word;
    }
    look->ascends &= ascends;
    look->descends &= descends;
}

enum { PIECE = 1024 /* numbers, after which it is known whether to go on */ };

static PL_RADIX_INLINE pl_radix_look look_at(unsigned width, const pl_radix_numbers *numbers, const void *array,
                                             size_t n)
{
    pl_radix_look look = {.ascends = true, .descends = true};
    for (size_t i = 0, to; i < n; i = to) {
        to = n - i < PIECE ? n : i + PIECE;
        if (look.ascends || look.descends)
            look_at_order(width, numbers->form, array, i - (i > 0), to, &look);
        else if (!numbers->is_floating)
            break;
        if (numbers->is_floating)
            look_for_special(width, array, i, to, &look);
    }
    return look;
}

pl_radix_look pl_radix_look_at(const pl_radix_numbers *numbers, const void *array, size_t n)
{
    return numbers->width == 4 ? look_at(4, numbers, array, n) : look_at(8, numbers, array, n);
}

static PL_RADIX_INLINE bool has_special(unsigned width, const void *array, size_t n)
{
    uint64_t magnitude = sign_of(width) - 1, infinity = infinity_of(width), any = 0;
    for (size_t i = 0; i < n; i++) /* a zero's, less one, is more than infinity, too */
        any |= (((pl_radix_get(width, array, i) & magnitude) - 1) & magnitude) >= infinity;
    return any != 0;
}

bool pl_radix_has_special(unsigned width, const void *array, size_t n)
{
    return width == 4 ? has_special(4, array, n) : has_special(8, array, n);
}

/* ---- NaN ---------------------------------------------------------------------------------------------- */

static PL_RADIX_INLINE size_t move_nans(unsigned width, void *array, void *spare, size_t n)
{
    uint64_t sign = sign_of(width), infinity = infinity_of(width);
    size_t nans = 0, others = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = pl_radix_get(width, array, i);
        bool is_nan = (bits & (sign - 1)) > infinity;
        pl_radix_put(width, array, others, bits);
        pl_radix_put(width, spare, nans, bits);
        nans += is_nan;
        others += !is_nan;
    }
    memcpy((unsigned char *)array + others * width, spare, nans * width);
    return others;
}

size_t pl_radix_move_nans(unsigned width, void *array, void *spare, size_t n)
{
    return width == 4 ? move_nans(4, array, spare, n) : move_nans(8, array, spare, n);
}

/* ---- zeros -------------------------------------------------------------------------------------------- */

void pl_radix_note_zeros(unsigned width, const void *array, size_t n, uint64_t *signs)
{
    uint64_t sign = sign_of(width);
    size_t zeros = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = pl_radix_get(width, array, i);
        if (bits & (sign - 1))
            continue;
        if (zeros % 64 == 0)
            signs[zeros / 64] = 0;
        signs[zeros / 64] |= (uint64_t)(bits == sign) << zeros % 64;
        zeros++;
    }
}

void pl_radix_restore_zeros(const pl_radix_numbers *numbers, void *array, size_t n, const uint64_t *signs, size_t zeros)
{
    unsigned width = numbers->width;
    uint64_t sign = sign_of(width), plus = pl_radix_to_word(width, numbers->form, 0);
    uint64_t minus = pl_radix_to_word(width, numbers->form, sign), first = plus < minus ? plus : minus;
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pl_radix_to_word(width, numbers->form, pl_radix_get(width, array, middle)) < first)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = 0; i < zeros; i++)
        pl_radix_put(width, array, low + i, signs[i / 64] >> i % 64 & 1 ? sign : 0);
}
