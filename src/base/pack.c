/* SPDX-License-Identifier: MIT */
/* Packing; pack.h says what that is. */
#include "base/pack.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* ---- bits ------------------------------------------------------------------------------------------------ */

#ifdef __x86_64__
/* Those of 16 flags. */
static inline uint64_t bits_of_16(const bool *flags)
{
    __m128i unset = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)flags), _mm_setzero_si128());
    return (unsigned)_mm_movemask_epi8(unset) ^ 0xffff;
}
#endif

/* Those of `count` flags, fewer than 16, after `before` others: one by one, or with those before, as vectors would wait
 * for what has just been stored byte by byte. */
static inline uint64_t bits_of_few(const bool *flags, size_t count, size_t before)
{
    uint64_t bits = 0;
#ifdef __x86_64__
    if (before >= 16)
        return bits_of_16(flags + count - 16) >> (16 - count);
#endif
    (void)before;
    for (size_t i = 0; i < count; i++)
        bits |= (uint64_t)flags[i] << i;
    return bits;
}

/* Those of the last n flags, fewer than 64, after `before` others. */
static uint64_t bits_of_rest(const bool *flags, size_t n, size_t before)
{
    uint64_t bits = 0;
    size_t i = 0;
#ifdef __x86_64__
    for (; n - i >= 16; i += 16)
        bits |= bits_of_16(flags + i) << i;
#endif
    return i < n ? bits | bits_of_few(flags + i, n - i, before + i) << i : bits;
}

/* Those of all whole words. How many are set. */
static size_t bits_anywhere(uint64_t *bits, const bool *flags, size_t words)
{
    size_t count = 0;
    for (size_t k = 0; k < words; k++, flags += 64) {
        uint64_t word = 0;
#ifdef __x86_64__
        for (int i = 0; i < 64; i += 16)
            word |= bits_of_16(flags + i) << i;
#else
        for (int i = 0; i < 64; i++)
            word |= (uint64_t)flags[i] << i;
#endif
        bits[k] = word;
        count += (size_t)__builtin_popcountll(word);
    }
    return count;
}

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,popcnt")))

AVX2 static size_t bits_by_avx2(uint64_t *bits, const bool *flags, size_t words)
{
    const __m256i zero = _mm256_setzero_si256();
    size_t count = 0;
    for (size_t k = 0; k < words; k++, flags += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)flags);
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(flags + 32));
        uint32_t unset[2] = {(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, zero)),
                             (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, zero))};
        bits[k] = ~(unset[0] | (uint64_t)unset[1] << 32);
        count += (size_t)__builtin_popcountll(bits[k]);
    }
    return count;
}
#endif

size_t pl_pack_bits(uint64_t *bits, const bool *flags, size_t n)
{
    size_t words = n / 64, whole = words * 64, count;
#ifdef __x86_64__
    if (words && pl_pack_best() != PL_PACK_ANYWHERE)
        count = bits_by_avx2(bits, flags, words);
    else
#endif
        count = bits_anywhere(bits, flags, words);
    if (whole < n) {
        bits[words] = bits_of_rest(flags + whole, n - whole, whole);
        count += (size_t)__builtin_popcountll(bits[words]);
    }
    return count;
}

/* ---- anywhere -------------------------------------------------------------------------------------------- */

/* From set bit to set bit. `size` is a constant where this is inlined. */
static inline __attribute__((always_inline)) void pack_set_bits(unsigned char *to, const unsigned char *from,
                                                                size_t size, const uint64_t *bits, size_t n)
{
    for (size_t i = 0; i < n; i += 64, from += 64 * size) {
        uint64_t word = bits[i / 64];
        if (word == UINT64_MAX) {
            memmove(to, from, 64 * size);
            to += 64 * size;
            continue;
        }
        for (; word; word &= word - 1, to += size)
            memmove(to, from + (size_t)__builtin_ctzll(word) * size, size);
    }
}

static void pack_anywhere(void *out, const void *items, size_t size, const uint64_t *bits, size_t n)
{
    switch (size) {
    case 1:
        pack_set_bits(out, items, 1, bits, n);
        break;
    case 2:
        pack_set_bits(out, items, 2, bits, n);
        break;
    case 4:
        pack_set_bits(out, items, 4, bits, n);
        break;
    case 8:
        pack_set_bits(out, items, 8, bits, n);
        break;
    case 12:
        pack_set_bits(out, items, 12, bits, n);
        break;
    case 16:
        pack_set_bits(out, items, 16, bits, n);
        break;
    case 24:
        pack_set_bits(out, items, 24, bits, n);
        break;
    case 32:
        pack_set_bits(out, items, 32, bits, n);
        break;
    default:
        pack_set_bits(out, items, size, bits, n);
        break;
    }
}

/* ---- vectors --------------------------------------------------------------------------------------------- */

/*
 * A step takes the bits of one vector of items, moves the chosen ones to its front, and stores all of it, as long as
 * that is not beyond the last item to be kept: so a later step writes over what was too much. It has read all that it
 * can write over, also where `out` is where the items are. Then the last items are packed as anywhere, or in steps that
 * store what is chosen, and no more, which take longer.
 */
#ifdef __x86_64__

/* For each set of four, where its members are, and for which half. */
static const uint32_t members_of_4[16] = {0x0, 0x0,    0x1,    0x0100,   0x2,    0x0200,   0x0201,   0x020100,
                                          0x3, 0x0300, 0x0301, 0x030100, 0x0302, 0x030200, 0x030201, 0x03020100};
static const uint64_t halves_of_4[16] = {
    0x0,    0x0100,     0x0302,     0x03020100,     0x0504,     0x05040100,     0x05040302,     0x050403020100,
    0x0706, 0x07060100, 0x07060302, 0x070603020100, 0x07060504, 0x070605040100, 0x070605040302, 0x0706050403020100,
};

/* From item i on, which may be in the middle of a word. `size` is a constant where this is inlined. */
static inline __attribute__((always_inline)) void pack_rest(unsigned char *to, const unsigned char *items, size_t size,
                                                            const uint64_t *bits, size_t i, size_t n)
{
    if (i % 64 && i < n) {
        uint64_t word = bits[i / 64] >> i % 64;
        for (; word; word &= word - 1, to += size)
            memmove(to, items + (i + (size_t)__builtin_ctzll(word)) * size, size);
        i = (i / 64 + 1) * 64;
    }
    if (i < n)
        pack_set_bits(to, items + i * size, size, bits + i / 64, n - i);
}

/* One step: the items of a vector that are in `set`. */
AVX2 static inline void step_4_by_avx2(uint32_t *out, const uint32_t *items, unsigned set)
{
    uint64_t low = members_of_4[set & 15], high = members_of_4[set >> 4] + UINT64_C(0x04040404);
    __m128i from = _mm_cvtsi64_si128((int64_t)(low | high << 8 * __builtin_popcount(set & 15)));
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)items);
    v = _mm256_permutevar8x32_epi32(v, _mm256_cvtepu8_epi32(from));
    _mm256_storeu_si256((__m256i *)(void *)out, v);
}

AVX2 static inline void step_8_by_avx2(uint64_t *out, const uint64_t *items, unsigned set)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)items);
    v = _mm256_permutevar8x32_epi32(v, _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)halves_of_4[set])));
    _mm256_storeu_si256((__m256i *)(void *)out, v);
}

AVX512 static inline void step_4_by_avx512(uint32_t *out, const uint32_t *items, unsigned set)
{
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi32((__mmask16)set, _mm512_loadu_si512(items)));
}

AVX512 static inline void step_8_by_avx512(uint64_t *out, const uint64_t *items, unsigned set)
{
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi64((__mmask8)set, _mm512_loadu_si512(items)));
}

/* A step of the first `count` items of a vector: nothing else is read or written. */
AVX512 static inline void last_step_4_by_avx512(uint32_t *out, const uint32_t *items, unsigned set, unsigned count)
{
    __m512i v = _mm512_maskz_loadu_epi32((__mmask16)((1u << count) - 1), items);
    __mmask16 chosen = (__mmask16)((1u << __builtin_popcount(set)) - 1);
    _mm512_mask_storeu_epi32(out, chosen, _mm512_maskz_compress_epi32((__mmask16)set, v));
}

AVX512 static inline void last_step_8_by_avx512(uint64_t *out, const uint64_t *items, unsigned set, unsigned count)
{
    __m512i v = _mm512_maskz_loadu_epi64((__mmask8)((1u << count) - 1), items);
    __mmask8 chosen = (__mmask8)((1u << __builtin_popcount(set)) - 1);
    _mm512_mask_storeu_epi64(out, chosen, _mm512_maskz_compress_epi64((__mmask8)set, v));
}

/* The bits of the vector that begins with item i. */
#define SET_AT(lanes) ((unsigned)(bits[i / 64] >> i % 64) & ((1u << (lanes)) - 1))

/* All steps, and the rest. */
#define PACK_BY(way, bytes, type, lanes, target, rest)                                                                 \
    target static void pack_##bytes##_by_##way(type *out, const type *items, const uint64_t *bits, size_t n,           \
                                               size_t kept)                                                            \
    {                                                                                                                  \
        size_t i = 0, j = 0;                                                                                           \
        for (; n - i >= (lanes) && kept - j >= (lanes); i += (lanes)) {                                                \
            unsigned set = SET_AT(lanes);                                                                              \
            step_##bytes##_by_##way(out + j, items + i, set);                                                          \
            j += (size_t)__builtin_popcount(set);                                                                      \
        }                                                                                                              \
        rest(bytes, lanes)                                                                                             \
    }
#define REST_ANYWHERE(bytes, lanes)                                                                                    \
    pack_rest((unsigned char *)(out + j), (const unsigned char *)items, bytes, bits, i, n);
#define REST_BY_STEPS(bytes, lanes)                                                                                    \
    for (; j < kept; i += (lanes)) {                                                                                   \
        unsigned set = SET_AT(lanes), count = n - i < (lanes) ? (unsigned)(n - i) : (lanes);                           \
        last_step_##bytes##_by_avx512(out + j, items + i, set, count);                                                 \
        j += (size_t)__builtin_popcount(set);                                                                          \
    }
PACK_BY(avx2, 4, uint32_t, 8, AVX2, REST_ANYWHERE)
PACK_BY(avx2, 8, uint64_t, 4, AVX2, REST_ANYWHERE)
PACK_BY(avx512, 4, uint32_t, 16, AVX512, REST_BY_STEPS)
PACK_BY(avx512, 8, uint64_t, 8, AVX512, REST_BY_STEPS)

pl_pack_way pl_pack_best(void)
{
    return __builtin_cpu_supports("avx512f") ? PL_PACK_AVX512
           : __builtin_cpu_supports("avx2")  ? PL_PACK_AVX2
                                             : PL_PACK_ANYWHERE;
}

void pl_pack_items_by(pl_pack_way way, void *out, const void *items, size_t size, const uint64_t *bits, size_t n,
                      size_t kept)
{
    if (way == PL_PACK_ANYWHERE || (size != 4 && size != 8))
        pack_anywhere(out, items, size, bits, n);
    else if (way == PL_PACK_AVX2 && size == 4)
        pack_4_by_avx2(out, items, bits, n, kept);
    else if (way == PL_PACK_AVX2)
        pack_8_by_avx2(out, items, bits, n, kept);
    else if (size == 4)
        pack_4_by_avx512(out, items, bits, n, kept);
    else
        pack_8_by_avx512(out, items, bits, n, kept);
}

#else

pl_pack_way pl_pack_best(void)
{
    return PL_PACK_ANYWHERE;
}

void pl_pack_items_by(pl_pack_way way, void *out, const void *items, size_t size, const uint64_t *bits, size_t n,
                      size_t kept)
{
    (void)way;
    (void)kept;
    pack_anywhere(out, items, size, bits, n);
}

#endif

void pl_pack_items(void *out, const void *items, size_t size, const uint64_t *bits, size_t n, size_t kept)
{
    pl_pack_items_by(pl_pack_best(), out, items, size, bits, n, kept);
}
