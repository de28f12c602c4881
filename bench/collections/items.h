/* SPDX-License-Identifier: MIT */
/* What is reduced, by what, what is searched for, and what loops do: the same for all ways and languages. */
#ifndef ITEMS_H
#define ITEMS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#else
#include <stdbool.h>
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

/* Of half the ints. */
static inline bool is_positive(int x)
{
    return x > 0;
}

/* Of none of the ints that most searches are in. */
static inline bool is_rare(int x)
{
    return x > 100;
}

/* From one array to another, which does not overlap it and has room for as many items. */
typedef struct arrays {
    const void *in;
    void *out;
} arrays;

typedef struct record {
    uint64_t key, value;
} record;

/* Larger ones: a key, and what is moved along with it. */
#define RECORD_OF(bytes)                                                                                               \
    typedef struct record##bytes {                                                                                     \
        uint64_t key, values[(bytes) / 8 - 1];                                                                         \
    } record##bytes;                                                                                                   \
    static inline bool is_less_record##bytes(const record##bytes *a, const record##bytes *b)                           \
    {                                                                                                                  \
        return a->key < b->key;                                                                                        \
    }
RECORD_OF(32)
RECORD_OF(64)
RECORD_OF(128)

/* What is sorted: n items in each of so many orders, and where one is to be sorted. */
typedef struct shuffles {
    const void *in;
    void *out;
    size_t count;
    size_t *next;
} shuffles;

/* Another one each time, of so many bytes. */
static inline const void *next_shuffle(const shuffles *s, size_t bytes)
{
    size_t k = *s->next;
    *s->next = k + 1 < s->count ? k + 1 : 0;
    return (const char *)s->in + k * bytes;
}

static inline bool is_less_int(const int *a, const int *b)
{
    return *a < *b;
}

static inline bool is_less_record(const record *a, const record *b)
{
    return a->key < b->key;
}

static inline bool is_less_string(const char *const *a, const char *const *b)
{
    return strcmp(*a, *b) < 0;
}

/* n items, and what is made of them: other items, k counts, or groups from k + 1 offsets on. */
typedef struct keyed {
    const void *in;
    void *out;
    uint32_t *counts;
    size_t *offsets;
    size_t k;
} keyed;

enum { FEW_KEYS = 1000, MANY_KEYS = 1000000, FLAT_MOST = 4 };

static inline unsigned few_keys(int x)
{
    return (unsigned)x % FEW_KEYS;
}

static inline unsigned many_keys(int x)
{
    return (unsigned)x % MANY_KEYS;
}

/* From 0 to 3 results. */
static inline size_t flat_few(const int *x, int *out, size_t room)
{
    size_t count = (unsigned)*x % FLAT_MOST;
    for (size_t i = 0; i < count && i < room; i++)
        out[i] = *x + (int)i;
    return count;
}

/* side x side points with a border, row by row, in four arrays from malloc(), each (side + 2) x (side + 2). */
typedef struct image {
    ptrdiff_t side;
    const float *u, *c; /* what there is, and how well it flows to a point from the one above, and from the left */
    float *flow, *next; /* into each point, and what there is then */
} image;

/* One point of a step of diffusion. */
static inline void diffuse(ptrdiff_t k, ptrdiff_t width, const float *u, const float *c, float *flow, float *next)
{
    float here = u[k];
    flow[k] = c[k] * (u[k - width] - here) + c[k + width] * (u[k + width] - here) + c[k] * (u[k - 1] - here) +
              c[k + 1] * (u[k + 1] - here);
    next[k] = here + 0.125f * flow[k];
}

#ifdef __cplusplus
}
#endif

#endif
