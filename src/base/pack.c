/* SPDX-License-Identifier: MIT */
/* Packing; pack.h says what that is. */
#include "base/pack.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* ---- bits ------------------------------------------------------------------------------------------------ */

/* Those of 64 flags. */
static inline uint64_t bits_of_word(const bool *flags)
{
    uint64_t bits = 0;
#ifdef __x86_64__
    for (int i = 0; i < 64; i += 16) {
        __m128i unset =
            _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(flags + i)), _mm_setzero_si128());
        bits |= (uint64_t)((unsigned)_mm_movemask_epi8(unset) ^ 0xffff) << i;
    }
#else
    for (int i = 0; i < 64; i++)
        bits |= (uint64_t)flags[i] << i;
#endif
    return bits;
}

/* Of so few, one by one: vectors would wait for what has just been stored byte by byte. */
#define FEW_FLAGS 16

static size_t few_bits(uint64_t *bits, const bool *flags, size_t n)
{
    uint64_t word = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)flags[i] << i;
        count += flags[i];
    }
    *bits = word;
    return count;
}

size_t pl_pack_bits(uint64_t *bits, const bool *flags, size_t n)
{
    size_t i = 0, count = 0;
    for (; n - i >= 64; i += 64) {
        bits[i / 64] = bits_of_word(flags + i);
        count += (size_t)__builtin_popcountll(bits[i / 64]);
    }
    if (i < n && n - i <= FEW_FLAGS)
        return count + few_bits(bits + i / 64, flags + i, n - i);
    if (i < n) {
        bool rest[64] = {false};
        memcpy(rest, flags + i, n - i);
        bits[i / 64] = bits_of_word(rest);
        count += (size_t)__builtin_popcountll(bits[i / 64]);
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
 * can write over, also where `out` is where the items are. Then the last items are packed as anywhere.
 */
#ifdef __x86_64__

/* For each set of four, where its members are, and for which half. */
static const uint32_t members_of_4[16] = {0x0, 0x0,    0x1,    0x0100,   0x2,    0x0200,   0x0201,   0x020100,
                                          0x3, 0x0300, 0x0301, 0x030100, 0x0302, 0x030200, 0x030201, 0x03020100};
static const uint64_t halves_of_4[16] = {
    0x0,    0x0100,     0x0302,     0x03020100,     0x0504,     0x05040100,     0x05040302,     0x050403020100,
    0x0706, 0x07060100, 0x07060302, 0x070603020100, 0x07060504, 0x070605040100, 0x070605040302, 0x0706050403020100,
};

/* From item i on, which may be in the middle of a word. */
static void pack_rest(void *out, const void *items, size_t size, const uint64_t *bits, size_t i, size_t n)
{
    const unsigned char *from = items;
    unsigned char *to = out;
    if (i % 64 && i < n) {
        uint64_t word = bits[i / 64] >> i % 64;
        for (; word; word &= word - 1, to += size)
            memmove(to, from + (i + (size_t)__builtin_ctzll(word)) * size, size);
        i = (i / 64 + 1) * 64;
    }
    if (i < n)
        pack_anywhere(to, from + i * size, size, bits + i / 64, n - i);
}

#define AVX2 __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,popcnt")))

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

/* All steps, and the rest. */
#define PACK_BY(way, bytes, type, lanes, target)                                                                       \
    target static void pack_##bytes##_by_##way(type *out, const type *items, const uint64_t *bits, size_t n,           \
                                               size_t kept)                                                            \
    {                                                                                                                  \
        size_t i = 0, j = 0;                                                                                           \
        for (; n - i >= (lanes) && kept - j >= (lanes); i += (lanes)) {                                                \
            unsigned set = (unsigned)(bits[i / 64] >> i % 64) & ((1u << (lanes)) - 1);                                 \
            step_##bytes##_by_##way(out + j, items + i, set);                                                          \
            j += (size_t)__builtin_popcount(set);                                                                      \
        }                                                                                                              \
        pack_rest(out + j, items, bytes, bits, i, n);                                                                  \
    }
PACK_BY(avx2, 4, uint32_t, 8, AVX2)
PACK_BY(avx2, 8, uint64_t, 4, AVX2)
PACK_BY(avx512, 4, uint32_t, 16, AVX512)
PACK_BY(avx512, 8, uint64_t, 8, AVX512)

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
