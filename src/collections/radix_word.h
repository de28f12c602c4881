/* SPDX-License-Identifier: MIT */
/* Words of 4 or 8 bytes, and how numbers become some (radix.h). */
#ifndef PL_COLLECTIONS_RADIX_WORD_H
#define PL_COLLECTIONS_RADIX_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What is inlined for constant widths. */
#define PL_RADIX_INLINE inline __attribute__((always_inline))

/* Words may stand anywhere in memory that has any type. */
typedef __attribute__((may_alias)) uint32_t pl_radix_word4;
typedef __attribute__((may_alias)) uint64_t pl_radix_word8;

static PL_RADIX_INLINE uint64_t pl_radix_get(unsigned width, const void *words, size_t i)
{
    return width == 4 ? ((const pl_radix_word4 *)words)[i] : ((const pl_radix_word8 *)words)[i];
}

static PL_RADIX_INLINE void pl_radix_put(unsigned width, void *words, size_t i, uint64_t word)
{
    if (width == 4)
        ((pl_radix_word4 *)words)[i] = (uint32_t)word;
    else
        ((pl_radix_word8 *)words)[i] = word;
}

/*
 * How numbers become words: those whose sign bit is set are xored with `fold`, and all with `flip`.
 *
 *                  fold             flip
 *      unsigned    0                0
 *      signed      0                the sign bit
 *      floating    all other bits   the sign bit
 *      descending                   and then all bits
 */
typedef struct pl_radix_form {
    uint64_t fold, flip;
} pl_radix_form;

static PL_RADIX_INLINE uint64_t pl_radix_to_word(unsigned width, pl_radix_form form, uint64_t number)
{
    if (width == 4)
        return (uint32_t)number ^ ((0 - ((uint32_t)number >> 31)) & (uint32_t)form.fold) ^ (uint32_t)form.flip;
    return number ^ ((0 - (number >> 63)) & form.fold) ^ form.flip;
}

static PL_RADIX_INLINE uint64_t pl_radix_to_number(unsigned width, pl_radix_form form, uint64_t word)
{
    word ^= form.flip;
    return width == 4 ? (uint32_t)word ^ ((0 - ((uint32_t)word >> 31)) & (uint32_t)form.fold)
                      : word ^ ((0 - (word >> 63)) & form.fold);
}

/* How many bits a word has that are not leading zeros. */
static inline unsigned pl_radix_bits(uint64_t word)
{
    return word ? 64 - (unsigned)__builtin_clzll(word) : 0;
}

#endif
