/* SPDX-License-Identifier: MIT */
/* Orders of numbers: what PARALLEL_ASCENDING and PARALLEL_DESCENDING mean, for each type. NaN come last in both. */
#include <stdint.h>
#include <string.h>

#include "collections/order.h"

/* A vector that may stand anywhere. */
#define VECTOR(type) __attribute__((vector_size(16), aligned(_Alignof(type)), may_alias)) type

typedef long double long_double;

/* ---- where a value stands ----------------------------------------------------------------------------- */

/* The rest of a search: from number i on. */
#define FIND_ONE(type)                                                                                                 \
    while (i < n && !(x[i] == v))                                                                                      \
        i++;                                                                                                           \
    return i < n ? i : 0;

#define FIND(type)                                                                                                     \
    static size_t find_##type(const void *numbers, size_t n, const void *value)                                        \
    {                                                                                                                  \
        typedef VECTOR(type) vector;                                                                                   \
        enum { LANES = sizeof(vector) / sizeof(type) };                                                                \
        const type *x = numbers;                                                                                       \
        size_t i = 0;                                                                                                  \
        type v;                                                                                                        \
        memcpy(&v, value, sizeof v);                                                                                   \
        for (; n - i >= 4 * (size_t)LANES; i += 4 * (size_t)LANES) {                                                   \
            const vector *w = (const vector *)(const void *)(x + i);                                                   \
            __typeof__(w[0] == w[0]) found = (w[0] == v) | (w[1] == v) | (w[2] == v) | (w[3] == v);                    \
            uint64_t halves[2];                                                                                        \
            memcpy(halves, &found, sizeof halves);                                                                     \
            if (halves[0] | halves[1])                                                                                 \
                break;                                                                                                 \
        }                                                                                                              \
        FIND_ONE(type)                                                                                                 \
    }

FIND(uint8_t)
FIND(uint16_t)
FIND(uint32_t)
FIND(uint64_t)
FIND(float)
FIND(double)

static size_t find_long_double(const void *numbers, size_t n, const void *value)
{
    const long double *x = numbers;
    size_t i = 0;
    long double v;
    memcpy(&v, value, sizeof v);
    FIND_ONE(long_double)
}

size_t pl_order_find_number(const parallel_order *order, const void *numbers, size_t n, const void *value)
{
    /* integers are found by their bits */
    static size_t (*const all[])(const void *numbers, size_t n, const void *value) = {
        [PARALLEL_I8_] = find_uint8_t,   [PARALLEL_I16_] = find_uint16_t, [PARALLEL_I32_] = find_uint32_t,
        [PARALLEL_I64_] = find_uint64_t, [PARALLEL_U8_] = find_uint8_t,   [PARALLEL_U16_] = find_uint16_t,
        [PARALLEL_U32_] = find_uint32_t, [PARALLEL_U64_] = find_uint64_t, [PARALLEL_F32_] = find_float,
        [PARALLEL_F64_] = find_double,   [PARALLEL_BOOL_] = find_uint8_t, [PARALLEL_LONG_DOUBLE_] = find_long_double,
    };
    return all[order->number - 1](numbers, n, value);
}

/* ---- of a few ----------------------------------------------------------------------------------------- */

/* The loop that the call equals; a NaN is passed over while there is anything else. */
#define EXTREME_OF_FEW(name, type, before)                                                                             \
    static size_t name##_of_##type(const void *numbers, size_t n)                                                      \
    {                                                                                                                  \
        const type *x = numbers;                                                                                       \
        size_t first = 0;                                                                                              \
        while (first < n - 1 && x[first] != x[first])                                                                  \
            first++;                                                                                                   \
        size_t found = x[first] == x[first] ? first : 0;                                                               \
        type v = x[found];                                                                                             \
        for (size_t i = first + 1; i < n; i++)                                                                         \
            if (__builtin_expect(x[i] before v, 0)) {                                                                  \
                v = x[i];                                                                                              \
                found = i;                                                                                             \
            }                                                                                                          \
        return found;                                                                                                  \
    }
#define EXTREMES_OF_FEW(type) EXTREME_OF_FEW(least, type, <) EXTREME_OF_FEW(greatest, type, >)

EXTREMES_OF_FEW(int8_t)
EXTREMES_OF_FEW(int16_t)
EXTREMES_OF_FEW(int32_t)
EXTREMES_OF_FEW(int64_t)
EXTREMES_OF_FEW(uint8_t)
EXTREMES_OF_FEW(uint16_t)
EXTREMES_OF_FEW(uint32_t)
EXTREMES_OF_FEW(uint64_t)
EXTREMES_OF_FEW(float)
EXTREMES_OF_FEW(double)
EXTREMES_OF_FEW(long_double)

size_t pl_order_extreme_of_few(const parallel_order *order, const void *numbers, size_t n, bool greatest)
{
#define OF(kind, type) [kind] = { least_of_##type, greatest_of_##type }
    static size_t (*const all[][2])(const void *numbers, size_t n) = {
        OF(PARALLEL_I8_, int8_t),    OF(PARALLEL_I16_, int16_t),  OF(PARALLEL_I32_, int32_t),
        OF(PARALLEL_I64_, int64_t),  OF(PARALLEL_U8_, uint8_t),   OF(PARALLEL_U16_, uint16_t),
        OF(PARALLEL_U32_, uint32_t), OF(PARALLEL_U64_, uint64_t), OF(PARALLEL_F32_, float),
        OF(PARALLEL_F64_, double),   OF(PARALLEL_BOOL_, uint8_t), OF(PARALLEL_LONG_DOUBLE_, long_double),
    };
#undef OF
    return all[order->number - 1][greatest != (bool)order->descends](numbers, n);
}

const parallel_combine *pl_order_value(const parallel_order *order, bool greatest)
{
    return &parallel_word_combines[greatest == order->descends ? PARALLEL_WORD_MIN_ : PARALLEL_WORD_MAX_]
                                  [order->number - 1];
}

/* ---- the table ---------------------------------------------------------------------------------------- */

/* Less than 0: the first comes before the second; NaN before nothing. */
#define IS_NAN(x) ((x) != (x))
#define IS_NO_NAN(x) 0
#define COMPARE(type, is_nan)                                                                                          \
    static int ascending_##type(const void *a, const void *b)                                                          \
    {                                                                                                                  \
        type x = *(const type *)a, y = *(const type *)b;                                                               \
        return x < y || (!is_nan(x) && is_nan(y)) ? -1 : y < x || (!is_nan(y) && is_nan(x));                           \
    }                                                                                                                  \
    static int descending_##type(const void *a, const void *b)                                                         \
    {                                                                                                                  \
        type x = *(const type *)a, y = *(const type *)b;                                                               \
        return x > y || (!is_nan(x) && is_nan(y)) ? -1 : y > x || (!is_nan(y) && is_nan(x));                           \
    }

COMPARE(int8_t, IS_NO_NAN)
COMPARE(int16_t, IS_NO_NAN)
COMPARE(int32_t, IS_NO_NAN)
COMPARE(int64_t, IS_NO_NAN)
COMPARE(uint8_t, IS_NO_NAN)
COMPARE(uint16_t, IS_NO_NAN)
COMPARE(uint32_t, IS_NO_NAN)
COMPARE(uint64_t, IS_NO_NAN)
COMPARE(float, IS_NAN)
COMPARE(double, IS_NAN)
COMPARE(long_double, IS_NAN)
COMPARE(bool, IS_NO_NAN)

static parallel_cost costs[PARALLEL_NUMBERS_];

#define ENTRY(word, type, kind)                                                                                        \
    [kind] = {.name = #word,                                                                                           \
              .size = sizeof(parallel_order),                                                                          \
              .call = word##_##type,                                                                                   \
              .type_size = sizeof(type),                                                                               \
              .type_align = _Alignof(type),                                                                            \
              .cost = &costs[kind],                                                                                    \
              .number = (kind) + 1,                                                                                    \
              .descends = DESCENDS_##word}
#define DESCENDS_ascending false
#define DESCENDS_descending true
#define ENTRIES(word)                                                                                                  \
    {                                                                                                                  \
        ENTRY(word, int8_t, PARALLEL_I8_), ENTRY(word, int16_t, PARALLEL_I16_), ENTRY(word, int32_t, PARALLEL_I32_),   \
            ENTRY(word, int64_t, PARALLEL_I64_), ENTRY(word, uint8_t, PARALLEL_U8_),                                   \
            ENTRY(word, uint16_t, PARALLEL_U16_), ENTRY(word, uint32_t, PARALLEL_U32_),                                \
            ENTRY(word, uint64_t, PARALLEL_U64_), ENTRY(word, float, PARALLEL_F32_),                                   \
            ENTRY(word, double, PARALLEL_F64_), ENTRY(word, long_double, PARALLEL_LONG_DOUBLE_),                       \
            ENTRY(word, bool, PARALLEL_BOOL_),                                                                         \
    }

_Static_assert(PARALLEL_ORDERS_ == 2 && PARALLEL_NUMBERS_ == 12, "as declared");

const parallel_order parallel_word_orders[PARALLEL_ORDERS_][PARALLEL_NUMBERS_] = {
    [PARALLEL_WORD_ASCENDING_] = ENTRIES(ascending),
    [PARALLEL_WORD_DESCENDING_] = ENTRIES(descending),
};
