/* SPDX-License-Identifier: MIT */
/* What words mean, for each type: words.h says how. */
#include "collections/words.h"
#include "collections/words_operators.h"

#include <math.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Of all lanes: eight vectors of 16 bytes. */
#define LANE_BYTES 128

/* A lane begins with a number; where NaN is passed over, with what any number replaces, or is. If that is the result,
 * there was nothing else, and the numbers are looked at once more. */
#define PLUS_FIRST(v) (v)
#define TIMES_FIRST(v) (v)
#define AND_FIRST(v) (v)
#define OR_FIRST(v) (v)
#define XOR_FIRST(v) (v)
#define MIN_FIRST(v) (v)
#define MAX_FIRST(v) (v)
#define LEAST_FIRST(v) CHOOSE((v) == (v), v, (__typeof__(v)){0} + (__typeof__((v)[0]))INFINITY)
#define GREATEST_FIRST(v) CHOOSE((v) == (v), v, (__typeof__(v)){0} - (__typeof__((v)[0]))INFINITY)
#define PLUS_IS_VAGUE(value) 0
#define TIMES_IS_VAGUE(value) 0
#define AND_IS_VAGUE(value) 0
#define OR_IS_VAGUE(value) 0
#define XOR_IS_VAGUE(value) 0
#define MIN_IS_VAGUE(value) 0
#define MAX_IS_VAGUE(value) 0
#define LEAST_IS_VAGUE(value) ((value) == (__typeof__(value))INFINITY)
#define GREATEST_IS_VAGUE(value) ((value) == -(__typeof__(value))INFINITY)

/* Whether a value is one that anything replaces; and the operator after one that is not. */
#define PLUS_IS_NONE(value) 0
#define TIMES_IS_NONE(value) 0
#define AND_IS_NONE(value) 0
#define OR_IS_NONE(value) 0
#define XOR_IS_NONE(value) 0
#define MIN_IS_NONE(value) 0
#define MAX_IS_NONE(value) 0
#define LEAST_IS_NONE(value) ((value) != (value))
#define GREATEST_IS_NONE(value) ((value) != (value))
#define PLUS_SURE_N PLUS_N
#define TIMES_SURE_N TIMES_N
#define AND_SURE_N AND_N
#define OR_SURE_N OR_N
#define XOR_SURE_N XOR_N
#define MIN_SURE_N MIN_N
#define MAX_SURE_N MAX_N
#define LEAST_SURE_N MIN_N
#define GREATEST_SURE_N MAX_N

/* Lanes that become those of one vector of 16 bytes: neighbours first. */
#define FOLD_LANES(op, a, b, c, d, e, f, g, h)                                                                         \
    do {                                                                                                               \
        op##_TO(a, b);                                                                                                 \
        op##_TO(c, d);                                                                                                 \
        op##_TO(e, f);                                                                                                 \
        op##_TO(g, h);                                                                                                 \
        op##_TO(a, c);                                                                                                 \
        op##_TO(e, g);                                                                                                 \
        op##_TO(a, e);                                                                                                 \
    } while (0)

/* What all lanes become, in `steps` rounds, 1 or more: those of one vector of 16 bytes. */
#define LANES_OF_16(name, type, as, op)                                                                                \
    static void lanes16_##name##_##type(const as *x, size_t steps, as *lanes)                                          \
    {                                                                                                                  \
        typedef VECTOR(as, 16) vector;                                                                                 \
        const vector *v = (const vector *)(const void *)x;                                                             \
        vector a = op##_FIRST(v[0]), b = op##_FIRST(v[1]), c = op##_FIRST(v[2]), d = op##_FIRST(v[3]);                 \
        vector e = op##_FIRST(v[4]), f = op##_FIRST(v[5]), g = op##_FIRST(v[6]), h = op##_FIRST(v[7]);                 \
        for (size_t k = 1; k < steps; k++) {                                                                           \
            v += 8;                                                                                                    \
            op##_TO(a, v[0]);                                                                                          \
            op##_TO(b, v[1]);                                                                                          \
            op##_TO(c, v[2]);                                                                                          \
            op##_TO(d, v[3]);                                                                                          \
            op##_TO(e, v[4]);                                                                                          \
            op##_TO(f, v[5]);                                                                                          \
            op##_TO(g, v[6]);                                                                                          \
            op##_TO(h, v[7]);                                                                                          \
        }                                                                                                              \
        FOLD_LANES(op, a, b, c, d, e, f, g, h);                                                                        \
        *(vector *)(void *)lanes = a;                                                                                  \
    }
#define LANES_OF_32(name, type, as, op)                                                                                \
    WIDE static void lanes32_##name##_##type(const as *x, size_t steps, as *lanes)                                     \
    {                                                                                                                  \
        typedef VECTOR(as, 32) vector;                                                                                 \
        typedef VECTOR(as, 16) half;                                                                                   \
        const vector *v = (const vector *)(const void *)x;                                                             \
        vector a = op##_FIRST(v[0]), b = op##_FIRST(v[1]), c = op##_FIRST(v[2]), d = op##_FIRST(v[3]);                 \
        for (size_t k = 1; k < steps; k++) {                                                                           \
            v += 4;                                                                                                    \
            op##_TO(a, v[0]);                                                                                          \
            op##_TO(b, v[1]);                                                                                          \
            op##_TO(c, v[2]);                                                                                          \
            op##_TO(d, v[3]);                                                                                          \
        }                                                                                                              \
        half a0 = LOW_HALF(half, a), a1 = HIGH_HALF(half, a), b0 = LOW_HALF(half, b), b1 = HIGH_HALF(half, b);         \
        half c0 = LOW_HALF(half, c), c1 = HIGH_HALF(half, c), d0 = LOW_HALF(half, d), d1 = HIGH_HALF(half, d);         \
        FOLD_LANES(op, a0, a1, b0, b1, c0, c1, d0, d1);                                                                \
        *(half *)(void *)lanes = a0;                                                                                   \
    }

/* Folds n numbers of `type`, taken for `as` (which wraps around, where `type` may not; `wide` is what a machine
 * calculates with): after *left, if that has `begun`; else n > 0, and they are the first. */
#define FOLD(name, type, as, wide, op)                                                                                 \
    LANES_OF_16(name, type, as, op)                                                                                    \
    LANES_OF_32(name, type, as, op)                                                                                    \
    ONE_COPY static void fold_##name##_##type(void *left, const void *items, size_t n, bool begun)                     \
    {                                                                                                                  \
        enum { IN_VECTOR = 16 / sizeof(as), STEP = LANE_BYTES / sizeof(as) };                                          \
        const as *x = items;                                                                                           \
        as value;                                                                                                      \
        size_t steps = n / STEP, i = 0, k = 0;                                                                         \
        memcpy(&value, begun ? left : items, sizeof value);                                                            \
        if (steps) {                                                                                                   \
            alignas(16) as lanes[IN_VECTOR];                                                                           \
            if (IS_WIDE())                                                                                             \
                lanes32_##name##_##type(x, steps, lanes);                                                              \
            else                                                                                                       \
                lanes16_##name##_##type(x, steps, lanes);                                                              \
            i = steps * STEP;                                                                                          \
            if (!begun)                                                                                                \
                value = lanes[k++];                                                                                    \
            for (; k < IN_VECTOR; k++)                                                                                 \
                value = (as)op##_N((wide)value, (wide)lanes[k]);                                                       \
            if (op##_IS_VAGUE(value)) {                                                                                \
                memcpy(&value, begun ? left : items, sizeof value);                                                    \
                i = 0;                                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        for (i += !begun && i == 0; i < n && op##_IS_NONE(value); i++)                                                 \
            value = (as)op##_N((wide)value, (wide)x[i]);                                                               \
        for (; i < n; i++)                                                                                             \
            value = (as)op##_SURE_N((wide)value, (wide)x[i]);                                                          \
        memcpy(left, &value, sizeof value);                                                                            \
    }

/* Those that vectors do not have, or machines not fast. */
#define FOLD_ONE(name, type, as, wide, op)                                                                             \
    ONE_COPY static void fold_##name##_##type(void *left, const void *items, size_t n, bool begun)                     \
    {                                                                                                                  \
        const as *x = items;                                                                                           \
        as value;                                                                                                      \
        memcpy(&value, begun ? left : items, sizeof value);                                                            \
        for (size_t i = !begun; i < n; i++)                                                                            \
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

FOLD_ONE(plus, long_double, long_double, long_double, PLUS)
FOLD_ONE(times, long_double, long_double, long_double, TIMES)
FOLD_ONE(min, long_double, long_double, long_double, LEAST)
FOLD_ONE(max, long_double, long_double, long_double, GREATEST)

FOLD_ONE(and, boolean, boolean, int, AND)
FOLD_ONE(or, boolean, boolean, int, OR)
FOLD_ONE(xor, boolean, boolean, int, XOR)

/* ---- the table ------------------------------------------------------------------------------------------- */

/* What combines have of each: one number, for programs that call it; blocks of them, whose brackets are nothing to what
 * is exact; and more, for the library. */
#define ONE(word, of, type)                                                                                            \
    static parallel_cost cost_##word##_##type;                                                                         \
    static void call_##word##_##type(void *left, const void *right)                                                    \
    {                                                                                                                  \
        fold_##of(left, right, 1, true);                                                                               \
    }                                                                                                                  \
    static void fold_all_##word##_##type(void *left, const void *items, size_t n)                                      \
    {                                                                                                                  \
        fold_##of(left, items, n, true);                                                                               \
    }                                                                                                                  \
    static void fold_block_##word##_##type(void *value, const void *items, size_t n)                                   \
    {                                                                                                                  \
        fold_##of(value, items, n, false);                                                                             \
    }                                                                                                                  \
    static void blocks_##word##_##type(void *left, const void *items, size_t n, size_t block)                          \
    {                                                                                                                  \
        enum { ONE_BY_ONE = LANE_BYTES / sizeof(type) - 1 };                                                           \
        const type *x = items;                                                                                         \
        type value;                                                                                                    \
        size_t i = IS_EXACT(type) || block >= n ? n : block > 1 ? block : 0;                                           \
        memcpy(&value, left, sizeof value);                                                                            \
        fold_##of(&value, x, i, true);                                                                                 \
        for (size_t size; i < n; i += size) {                                                                          \
            type part;                                                                                                 \
            size = block > 1 ? block : ONE_BY_ONE;                                                                     \
            size = size < n - i ? size : n - i;                                                                        \
            if (block > 1) {                                                                                           \
                fold_##of(&part, x + i, size, false);                                                                  \
                fold_##of(&value, &part, 1, true);                                                                     \
            } else {                                                                                                   \
                fold_##of(&value, x + i, size, true);                                                                  \
            }                                                                                                          \
        }                                                                                                              \
        memcpy(left, &value, sizeof value); /* which may be one of the items */                                        \
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

#define COMBINE(op, upper, type, kind)                                                                                 \
    [kind] = {                                                                                                         \
        .name = #op,                                                                                                   \
        .size = sizeof(parallel_combine),                                                                              \
        .call = call_##op##_##type,                                                                                    \
        .type_size = sizeof(type),                                                                                     \
        .type_align = _Alignof(type),                                                                                  \
        .fold = blocks_##op##_##type,                                                                                  \
        .cost = &cost_##op##_##type,                                                                                   \
        .word = PARALLEL_WORD_##upper##_ * PARALLEL_NUMBERS_ + (kind) + 1,                                             \
    }
#define WORD(op, upper, type, kind)                                                                                    \
    [kind] = {                                                                                                         \
        .is_exact = IS_EXACT(type),                                                                                    \
        .fold = fold_all_##op##_##type,                                                                                \
        .fold_block = fold_block_##op##_##type,                                                                        \
    }

#define INTEGERS(X, word, upper)                                                                                       \
    X(word, upper, int8_t, PARALLEL_I8_), X(word, upper, int16_t, PARALLEL_I16_),                                      \
        X(word, upper, int32_t, PARALLEL_I32_), X(word, upper, int64_t, PARALLEL_I64_),                                \
        X(word, upper, uint8_t, PARALLEL_U8_), X(word, upper, uint16_t, PARALLEL_U16_),                                \
        X(word, upper, uint32_t, PARALLEL_U32_), X(word, upper, uint64_t, PARALLEL_U64_)
#define FLOATS(X, word, upper)                                                                                         \
    X(word, upper, float, PARALLEL_F32_), X(word, upper, double, PARALLEL_F64_),                                       \
        X(word, upper, long_double, PARALLEL_LONG_DOUBLE_)
#define BOOL(X, word, upper) X(word, upper, bool, PARALLEL_BOOL_)

#define ALL_WORDS(X)                                                                                                   \
    {                                                                                                                  \
        [PARALLEL_WORD_PLUS_] = {INTEGERS(X, plus, PLUS), FLOATS(X, plus, PLUS)},                                      \
        [PARALLEL_WORD_TIMES_] = {INTEGERS(X, times, TIMES), FLOATS(X, times, TIMES)},                                 \
        [PARALLEL_WORD_MIN_] = {INTEGERS(X, min, MIN), FLOATS(X, min, MIN), BOOL(X, min, MIN)},                        \
        [PARALLEL_WORD_MAX_] = {INTEGERS(X, max, MAX), FLOATS(X, max, MAX), BOOL(X, max, MAX)},                        \
        [PARALLEL_WORD_AND_] = {INTEGERS(X, and, AND), BOOL(X, and, AND)},                                             \
        [PARALLEL_WORD_OR_] = {INTEGERS(X, or, OR), BOOL(X, or, OR)},                                                  \
        [PARALLEL_WORD_XOR_] = {INTEGERS(X, xor, XOR), BOOL(X, xor, XOR)},                                             \
    }

_Static_assert(PARALLEL_WORDS_ == 7 && PARALLEL_NUMBERS_ == 12, "as declared");

const parallel_combine parallel_word_combines[PARALLEL_WORDS_][PARALLEL_NUMBERS_] = ALL_WORDS(COMBINE);

const pl_word pl_words[PARALLEL_WORDS_][PARALLEL_NUMBERS_] = ALL_WORDS(WORD);
