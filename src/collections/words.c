/* SPDX-License-Identifier: MIT */
/*
 * Operators on numbers: what PARALLEL_PLUS and the other words mean, for each type.
 *
 * They commute, so a block of numbers is folded in several lanes: eight vectors of 16 bytes, whatever the machine has,
 * as the lanes decide how floating-point sums are rounded. *
 * Integers are added and multiplied as unsigned ones, which wrap around. The least and the greatest of floating-point
 * numbers pass over NaN: what is there is replaced if the other is less, or if it is NaN itself.
 */
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <libparallel/reduce.h>

#define LANE_BYTES 128

/* A vector that may stand anywhere. */
#define VECTOR(type, bytes) __attribute__((vector_size(bytes), aligned(_Alignof(type)), may_alias)) type

/* Whether this machine has vectors of 32 bytes: then four do what eight do elsewhere, to the same lanes. */
#ifdef __x86_64__
#define WIDE __attribute__((target("avx2")))
#define IS_WIDE() __builtin_cpu_supports("avx2")
#else
#define WIDE
#define IS_WIDE() 0
#endif

/* What `mask` chooses of two vectors: all bits of a lane are set, or none. */
#define CHOOSE(mask, a, b) ((__typeof__(a))(((mask) & (__typeof__(mask))(a)) | (~(mask) & (__typeof__(mask))(b))))

/* Each operator on two vectors, and on two numbers. */
#define PLUS_V(a, b) ((a) + (b))
#define TIMES_V(a, b) ((a) * (b))
#define AND_V(a, b) ((a) & (b))
#define OR_V(a, b) ((a) | (b))
#define XOR_V(a, b) ((a) ^ (b))
#define MIN_V(a, b) CHOOSE((b) < (a), b, a)
#define MAX_V(a, b) CHOOSE((b) > (a), b, a)
#define LEAST_V(a, b) CHOOSE(((b) < (a)) | ((a) != (a)), b, a)
#define GREATEST_V(a, b) CHOOSE(((b) > (a)) | ((a) != (a)), b, a)
#define PLUS_N(a, b) ((a) + (b))
#define TIMES_N(a, b) ((a) * (b))
#define AND_N(a, b) ((a) & (b))
#define OR_N(a, b) ((a) | (b))
#define XOR_N(a, b) ((a) ^ (b))
#define MIN_N(a, b) ((b) < (a) ? (b) : (a))
#define MAX_N(a, b) ((b) > (a) ? (b) : (a))
#define LEAST_N(a, b) ((b) < (a) || (a) != (a) ? (b) : (a))
#define GREATEST_N(a, b) ((b) > (a) || (a) != (a) ? (b) : (a))

/* There is one copy of each fold, for blocks and for parts, short calls and long ones: compilers exchange the operands
 * of a sum as they like, once in each copy, and of two NaN the first is the result. */
#ifdef __clang__
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY __attribute__((noinline, noclone))
#endif

/* What becomes of each lane, in `steps` rounds of all lanes, 1 or more. */
#define LANES_OF_16(name, type, as, op)                                                                                \
    static void lanes16_##name##_##type(const as *x, size_t steps, as *lanes)                                          \
    {                                                                                                                  \
        typedef VECTOR(as, 16) vector;                                                                                 \
        const vector *v = (const vector *)(const void *)x;                                                             \
        vector *out = (vector *)(void *)lanes;                                                                         \
        vector a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];                         \
        for (size_t k = 1; k < steps; k++) {                                                                           \
            v += 8;                                                                                                    \
            a = op##_V(a, v[0]);                                                                                       \
            b = op##_V(b, v[1]);                                                                                       \
            c = op##_V(c, v[2]);                                                                                       \
            d = op##_V(d, v[3]);                                                                                       \
            e = op##_V(e, v[4]);                                                                                       \
            f = op##_V(f, v[5]);                                                                                       \
            g = op##_V(g, v[6]);                                                                                       \
            h = op##_V(h, v[7]);                                                                                       \
        }                                                                                                              \
        out[0] = a;                                                                                                    \
        out[1] = b;                                                                                                    \
        out[2] = c;                                                                                                    \
        out[3] = d;                                                                                                    \
        out[4] = e;                                                                                                    \
        out[5] = f;                                                                                                    \
        out[6] = g;                                                                                                    \
        out[7] = h;                                                                                                    \
    }
#define LANES_OF_32(name, type, as, op)                                                                                \
    WIDE static void lanes32_##name##_##type(const as *x, size_t steps, as *lanes)                                     \
    {                                                                                                                  \
        typedef VECTOR(as, 32) vector;                                                                                 \
        const vector *v = (const vector *)(const void *)x;                                                             \
        vector *out = (vector *)(void *)lanes;                                                                         \
        vector a = v[0], b = v[1], c = v[2], d = v[3];                                                                 \
        for (size_t k = 1; k < steps; k++) {                                                                           \
            v += 4;                                                                                                    \
            a = op##_V(a, v[0]);                                                                                       \
            b = op##_V(b, v[1]);                                                                                       \
            c = op##_V(c, v[2]);                                                                                       \
            d = op##_V(d, v[3]);                                                                                       \
        }                                                                                                              \
        out[0] = a;                                                                                                    \
        out[1] = b;                                                                                                    \
        out[2] = c;                                                                                                    \
        out[3] = d;                                                                                                    \
    }

/* Scans n numbers of `type`, taken for `as`. Here, too, there is one copy of each: what comes before a block is put
 * before its items in a pass of its own. */
#define SCAN(name, type, as, wide, op)                                                                                 \
    ONE_COPY static void scan_##name##_##type(const void *prefix, void *left, const void *items, void *out, size_t n,  \
                                              bool exclusive)                                                          \
    {                                                                                                                  \
        const as *x = items;                                                                                           \
        as value, *y = out;                                                                                            \
        if (x) {                                                                                                       \
            memcpy(&value, left, sizeof value);                                                                        \
            for (size_t i = 0; i < n; i++) {                                                                           \
                as next = (as)op##_N((wide)value, (wide)x[i]);                                                         \
                y[i] = exclusive ? value : next;                                                                       \
                value = next;                                                                                          \
            }                                                                                                          \
            memcpy(left, &value, sizeof value);                                                                        \
        }                                                                                                              \
        if (prefix)                                                                                                    \
            apply_##name##_##type(prefix, out, n);                                                                     \
    }

/* Puts *prefix before each of n numbers. */
#define APPLY(name, type, as, wide, op)                                                                                \
    ONE_COPY static void apply_##name##_##type(const void *prefix, as *y, size_t n)                                    \
    {                                                                                                                  \
        typedef VECTOR(as, 16) vector;                                                                                 \
        enum { IN_VECTOR = 16 / sizeof(as) };                                                                          \
        as before;                                                                                                     \
        vector all;                                                                                                    \
        size_t i = 0;                                                                                                  \
        memcpy(&before, prefix, sizeof before);                                                                        \
        for (size_t k = 0; k < IN_VECTOR; k++)                                                                         \
            all[k] = before;                                                                                           \
        for (; n - i >= IN_VECTOR; i += IN_VECTOR) {                                                                   \
            vector *v = (vector *)(void *)(y + i);                                                                     \
            *v = op##_V(all, *v);                                                                                      \
        }                                                                                                              \
        for (; i < n; i++)                                                                                             \
            y[i] = (as)op##_N((wide)before, (wide)y[i]);                                                               \
    }
#define APPLY_ONE(name, type, as, wide, op)                                                                            \
    ONE_COPY static void apply_##name##_##type(const void *prefix, as *y, size_t n)                                    \
    {                                                                                                                  \
        as before;                                                                                                     \
        memcpy(&before, prefix, sizeof before);                                                                        \
        for (size_t i = 0; i < n; i++)                                                                                 \
            y[i] = (as)op##_N((wide)before, (wide)y[i]);                                                               \
    }

/* Folds n numbers of `type`, taken for `as` (which wraps around, where `type` may not; `wide` is what a machine
 * calculates with). */
#define FOLD(name, type, as, wide, op)                                                                                 \
    APPLY(name, type, as, wide, op)                                                                                    \
    SCAN(name, type, as, wide, op)                                                                                     \
    LANES_OF_16(name, type, as, op)                                                                                    \
    LANES_OF_32(name, type, as, op)                                                                                    \
    ONE_COPY static void fold_##name##_##type(void *left, const void *items, size_t n)                                 \
    {                                                                                                                  \
        typedef VECTOR(as, 16) vector;                                                                                 \
        enum { IN_VECTOR = 16 / sizeof(as), STEP = LANE_BYTES / sizeof(as) };                                          \
        const as *x = items;                                                                                           \
        as value;                                                                                                      \
        size_t steps = n / STEP;                                                                                       \
        memcpy(&value, left, sizeof value);                                                                            \
        if (steps) {                                                                                                   \
            alignas(64) as lanes[STEP];                                                                                \
            const vector *v = (const vector *)(const void *)lanes;                                                     \
            if (IS_WIDE())                                                                                             \
                lanes32_##name##_##type(x, steps, lanes);                                                              \
            else                                                                                                       \
                lanes16_##name##_##type(x, steps, lanes);                                                              \
            vector a = op##_V(v[0], v[1]), c = op##_V(v[2], v[3]), e = op##_V(v[4], v[5]), g = op##_V(v[6], v[7]);     \
            a = op##_V(a, c);                                                                                          \
            e = op##_V(e, g);                                                                                          \
            a = op##_V(a, e);                                                                                          \
            for (size_t k = 0; k < IN_VECTOR; k++)                                                                     \
                value = (as)op##_N((wide)value, (wide)a[k]);                                                           \
        }                                                                                                              \
        for (size_t i = steps * STEP; i < n; i++)                                                                      \
            value = (as)op##_N((wide)value, (wide)x[i]);                                                               \
        memcpy(left, &value, sizeof value);                                                                            \
    }

/* Those that vectors do not have, or machines not fast. */
#define FOLD_ONE(name, type, as, wide, op)                                                                             \
    APPLY_ONE(name, type, as, wide, op)                                                                                \
    SCAN(name, type, as, wide, op)                                                                                     \
    ONE_COPY static void fold_##name##_##type(void *left, const void *items, size_t n)                                 \
    {                                                                                                                  \
        const as *x = items;                                                                                           \
        as value;                                                                                                      \
        memcpy(&value, left, sizeof value);                                                                            \
        for (size_t i = 0; i < n; i++)                                                                                 \
            value = (as)op##_N((wide)value, (wide)x[i]);                                                               \
        memcpy(left, &value, sizeof value);                                                                            \
    }

#define FOLDS_OF_INTEGERS(bits, wide)                                                                                  \
    FOLD(plus, int##bits##_t, uint##bits##_t, wide, PLUS)                                                              \
    FOLD(times, int##bits##_t, uint##bits##_t, wide, TIMES)                                                            \
    FOLD(and, int##bits##_t, uint##bits##_t, wide, AND)                                                                \
    FOLD(or, int##bits##_t, uint##bits##_t, wide, OR)                                                                  \
    FOLD(xor, int##bits##_t, uint##bits##_t, wide, XOR)                                                                \
    FOLD(min, int##bits##_t, int##bits##_t, int64_t, MIN)                                                              \
    FOLD(max, int##bits##_t, int##bits##_t, int64_t, MAX)                                                              \
    FOLD(min, uint##bits##_t, uint##bits##_t, uint64_t, MIN)                                                           \
    FOLD(max, uint##bits##_t, uint##bits##_t, uint64_t, MAX)

FOLDS_OF_INTEGERS(8, uint32_t)
FOLDS_OF_INTEGERS(16, uint32_t)
FOLDS_OF_INTEGERS(32, uint32_t)
FOLDS_OF_INTEGERS(64, uint64_t)

FOLD(plus, float, float, float, PLUS)
FOLD(times, float, float, float, TIMES)
FOLD(min, float, float, float, LEAST)
FOLD(max, float, float, float, GREATEST)
FOLD(plus, double, double, double, PLUS)
FOLD(times, double, double, double, TIMES)
FOLD(min, double, double, double, LEAST)
FOLD(max, double, double, double, GREATEST)

typedef long double long_double;
typedef bool boolean; /* a name, and no macro */
FOLD_ONE(plus, long_double, long_double, long_double, PLUS)
FOLD_ONE(times, long_double, long_double, long_double, TIMES)
FOLD_ONE(min, long_double, long_double, long_double, LEAST)
FOLD_ONE(max, long_double, long_double, long_double, GREATEST)

FOLD_ONE(and, boolean, boolean, int, AND)
FOLD_ONE(or, boolean, boolean, int, OR)
FOLD_ONE(xor, boolean, boolean, int, XOR)

/* ---- the table ------------------------------------------------------------------------------------------- */

/* One number, for programs that call it; and blocks of them. */
#define ONE(word, of, type)                                                                                            \
    static parallel_cost cost_##word##_##type;                                                                         \
    static void call_##word##_##type(void *left, const void *right)                                                    \
    {                                                                                                                  \
        fold_##of(left, right, 1);                                                                                     \
    }                                                                                                                  \
    static void blocks_##word##_##type(void *left, const void *items, size_t n, size_t block)                          \
    {                                                                                                                  \
        const type *x = items;                                                                                         \
        type value;                                                                                                    \
        size_t i = block < n && block > 1 ? block : n;                                                                 \
        memcpy(&value, left, sizeof value);                                                                            \
        fold_##of(&value, x, i);                                                                                       \
        while (i < n) {                                                                                                \
            size_t size = block < n - i ? block : n - i;                                                               \
            type part = x[i];                                                                                          \
            fold_##of(&part, x + i + 1, size - 1);                                                                     \
            fold_##of(&value, &part, 1);                                                                               \
            i += size;                                                                                                 \
        }                                                                                                              \
        memcpy(left, &value, sizeof value); /* which may be one of the items */                                        \
    }                                                                                                                  \
    static void prefixes_##word##_##type(const void *prefix, void *value, const void *items, void *out, size_t n,      \
                                         bool exclusive)                                                               \
    {                                                                                                                  \
        scan_##of(prefix, value, items, out, n, exclusive);                                                            \
    }

#define ENTRY(word, type)                                                                                              \
    {                                                                                                                  \
        .name = #word, .size = sizeof(parallel_combine), .call = call_##word##_##type, .type_size = sizeof(type),      \
        .type_align = _Alignof(type), .fold = blocks_##word##_##type, .cost = &cost_##word##_##type,                   \
        .is_numeric = true, .scan = prefixes_##word##_##type,                                                          \
    }

/* All words that are of each type, with the fold of the type that it is taken for. */
#define EACH_OF_INTEGER(X, type, like)                                                                                 \
    X(plus, plus_##like, type)                                                                                         \
    X(times, times_##like, type)                                                                                       \
    X(min, min_##type, type)                                                                                           \
    X(max, max_##type, type)                                                                                           \
    X(and, and_##like, type)                                                                                           \
    X(or, or_##like, type)                                                                                             \
    X(xor, xor_##like, type)
#define EACH_OF_FLOAT(X, type)                                                                                         \
    X(plus, plus_##type, type)                                                                                         \
    X(times, times_##type, type)                                                                                       \
    X(min, min_##type, type)                                                                                           \
    X(max, max_##type, type)
#define EACH_OF_BOOL(X)                                                                                                \
    X(min, and_boolean, bool)                                                                                          \
    X(max, or_boolean, bool)                                                                                           \
    X(and, and_boolean, bool)                                                                                          \
    X(or, or_boolean, bool)                                                                                            \
    X(xor, xor_boolean, bool)

EACH_OF_INTEGER(ONE, int8_t, int8_t)
EACH_OF_INTEGER(ONE, int16_t, int16_t)
EACH_OF_INTEGER(ONE, int32_t, int32_t)
EACH_OF_INTEGER(ONE, int64_t, int64_t)
EACH_OF_INTEGER(ONE, uint8_t, int8_t)
EACH_OF_INTEGER(ONE, uint16_t, int16_t)
EACH_OF_INTEGER(ONE, uint32_t, int32_t)
EACH_OF_INTEGER(ONE, uint64_t, int64_t)
EACH_OF_FLOAT(ONE, float)
EACH_OF_FLOAT(ONE, double)
EACH_OF_FLOAT(ONE, long_double)
EACH_OF_BOOL(ONE)

#define INTEGERS(word)                                                                                                 \
    [PARALLEL_I8_] = ENTRY(word, int8_t), [PARALLEL_I16_] = ENTRY(word, int16_t),                                      \
    [PARALLEL_I32_] = ENTRY(word, int32_t), [PARALLEL_I64_] = ENTRY(word, int64_t),                                    \
    [PARALLEL_U8_] = ENTRY(word, uint8_t), [PARALLEL_U16_] = ENTRY(word, uint16_t),                                    \
    [PARALLEL_U32_] = ENTRY(word, uint32_t), [PARALLEL_U64_] = ENTRY(word, uint64_t)
#define FLOATS(word)                                                                                                   \
    [PARALLEL_F32_] = ENTRY(word, float), [PARALLEL_F64_] = ENTRY(word, double),                                       \
    [PARALLEL_LONG_DOUBLE_] = ENTRY(word, long_double)
#define BOOL(word) [PARALLEL_BOOL_] = ENTRY(word, bool)

_Static_assert(PARALLEL_WORDS_ == 7 && PARALLEL_NUMBERS_ == 12, "as declared");

const parallel_combine parallel_word_combines[PARALLEL_WORDS_][PARALLEL_NUMBERS_] = {
    [PARALLEL_WORD_PLUS_] = {INTEGERS(plus), FLOATS(plus)},
    [PARALLEL_WORD_TIMES_] = {INTEGERS(times), FLOATS(times)},
    [PARALLEL_WORD_MIN_] = {INTEGERS(min), FLOATS(min), BOOL(min)},
    [PARALLEL_WORD_MAX_] = {INTEGERS(max), FLOATS(max), BOOL(max)},
    [PARALLEL_WORD_AND_] = {INTEGERS(and), BOOL(and)},
    [PARALLEL_WORD_OR_] = {INTEGERS(or), BOOL(or)},
    [PARALLEL_WORD_XOR_] = {INTEGERS(xor), BOOL(xor)},
};
