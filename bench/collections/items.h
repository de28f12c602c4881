/* SPDX-License-Identifier: MIT */
/* What is reduced, and by what: the same for all ways and languages. */
#ifndef ITEMS_H
#define ITEMS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A map x -> factor * x + offset, modulo 2^64. */
typedef struct affine {
    uint64_t factor;
    uint64_t offset;
} affine;

/* One map after the other: associative, and not commutative. {1, 0} is neutral. */
static inline affine affine_then(affine first, affine second)
{
    affine both = {second.factor * first.factor, second.factor * first.offset + second.offset};
    return both;
}

/* Dear, about a microsecond, and opaque: in a translation unit of its own, never inlined. */
uint64_t item_dear(uint32_t x);

/* Cheap, inlined, vectorisable. */
static inline uint32_t item_cheap(uint32_t x)
{
    return (x ^ x >> 7) * 2654435761u + 17;
}

typedef struct histogram {
    uint64_t of[256];
} histogram;

static inline void count_byte(histogram *h, const uint8_t *byte)
{
    h->of[*byte]++;
}

static inline void add_histogram(histogram *h, const histogram *right)
{
    for (int i = 0; i < 256; i++)
        h->of[i] += right->of[i];
}

#ifdef __cplusplus
}
#endif

#endif
