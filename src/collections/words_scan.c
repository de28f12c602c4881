/* SPDX-License-Identifier: MIT */
/*
 * Scans by words. The brackets: numbers are taken in *groups* of 64 bytes. A group is scanned by itself as Sklansky's
 * network does it ("Conditional-sum addition logic", 1960): to each right half of 2, 4, 8 ... neighbours, what its left
 * half comes to is added. A result is op(prefix, op(carry, that)), where `carry` is what the groups before it come to,
 * from the left. So numbers wait for each other once a group, and vectors of any width do the same, as does the loop
 * for the last numbers, which are less than a group. Integers may be bracketed in any way: they carry the prefix.
 *
 * Numbers of one or two bytes, and those that vectors do not have, are scanned one by one.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/stream.h"
#include "collections/words.h"
#include "collections/words_operators.h"

enum { GROUP_BYTES = 64 };

/* ---- vectors --------------------------------------------------------------------------------------------- */

/* SHUFFLE(a, b, lanes ...) has those lanes of both vectors, counted on from a to b. Compilers that cannot do that scan
 * each group as they do the rest. */
#if defined __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#endif
#endif

/* Of vectors of so many lanes: the last one in all; all but the last, after the last one of another vector; and a
 * vector's own lanes scanned. */
#define LAST_2(v) SHUFFLE(v, v, 1, 1)
#define LAST_4(v) SHUFFLE(v, v, 3, 3, 3, 3)
#define LAST_8(v) SHUFFLE(v, v, 7, 7, 7, 7, 7, 7, 7, 7)
#define AFTER_2(before, v) SHUFFLE(before, v, 1, 2)
#define AFTER_4(before, v) SHUFFLE(before, v, 3, 4, 5, 6)
#define AFTER_8(before, v) SHUFFLE(before, v, 7, 8, 9, 10, 11, 12, 13, 14)
#define SCAN_LANES_2(op, v) v = SHUFFLE(v, op##_V(SHUFFLE(v, v, 0, 0), v), 0, 3)
#define SCAN_LANES_4(op, v)                                                                                            \
    v = SHUFFLE(v, op##_V(SHUFFLE(v, v, 0, 0, 2, 2), v), 0, 5, 2, 7);                                                  \
    v = SHUFFLE(v, op##_V(SHUFFLE(v, v, 1, 1, 1, 1), v), 0, 1, 6, 7)
#define SCAN_LANES_8(op, v)                                                                                            \
    v = SHUFFLE(v, op##_V(SHUFFLE(v, v, 0, 0, 2, 2, 4, 4, 6, 6), v), 0, 9, 2, 11, 4, 13, 6, 15);                       \
    v = SHUFFLE(v, op##_V(SHUFFLE(v, v, 1, 1, 1, 1, 5, 5, 5, 5), v), 0, 1, 10, 11, 4, 5, 14, 15);                      \
    v = SHUFFLE(v, op##_V(SHUFFLE(v, v, 3, 3, 3, 3, 3, 3, 3, 3), v), 0, 1, 2, 3, 12, 13, 14, 15)

/* Stores a vector, past the caches, if it is to be streamed. */
#define STORE(to, v, streamed)                                                                                         \
    if (streamed) {                                                                                                    \
        __typeof__(v) pl_stored = (v);                                                                                 \
        for (size_t pl_k = 0; pl_k < sizeof pl_stored; pl_k += 16)                                                     \
            pl_stream_store((unsigned char *)(to) + pl_k, (const unsigned char *)&pl_stored + pl_k);                   \
    } else {                                                                                                           \
        *(to) = (v);                                                                                                   \
    }

/* ---- groups ---------------------------------------------------------------------------------------------- */

/* What is between groups. */
#define STATE(name, type, as)                                                                                          \
    typedef struct state_##name##_##type {                                                                             \
        as prefix, carry, last; /* of exclusive scans, the last result */                                              \
        bool has_prefix, has_carry, exclusive, streamed;                                                               \
    } state_##name##_##type;

#ifdef SHUFFLE
/* Scans whole groups of n numbers of x to y, or only has them carried, if that is NULL. */
#define GROUPS_OF_32(name, type, as, op, lanes)                                                                        \
    WIDE static void groups32_##name##_##type(state_##name##_##type *s, const as *x, as *y, size_t n)                  \
    {                                                                                                                  \
        typedef VECTOR(as, 32) vector;                                                                                 \
        enum { GROUP = GROUP_BYTES / sizeof(as) };                                                                     \
        vector prefix, carry, before;                                                                                  \
        FILL(prefix, s->prefix);                                                                                       \
        FILL(carry, s->carry);                                                                                         \
        FILL(before, s->last);                                                                                         \
        bool has_prefix = s->has_prefix, has_carry = s->has_carry, exclusive = s->exclusive;                           \
        for (size_t i = 0; i + GROUP <= n; i += GROUP) {                                                               \
            vector a = ((const vector *)(const void *)(x + i))[0], b = ((const vector *)(const void *)(x + i))[1];     \
            SCAN_LANES_##lanes(op, a);                                                                                 \
            SCAN_LANES_##lanes(op, b);                                                                                 \
            b = op##_V(LAST_##lanes(a), b);                                                                            \
            vector last = LAST_##lanes(b);                                                                             \
            if (has_carry) {                                                                                           \
                a = op##_V(carry, a);                                                                                  \
                b = op##_V(carry, b);                                                                                  \
                last = op##_V(carry, last);                                                                            \
            }                                                                                                          \
            carry = last;                                                                                              \
            has_carry = true;                                                                                          \
            if (!y)                                                                                                    \
                continue;                                                                                              \
            if (has_prefix) {                                                                                          \
                a = op##_V(prefix, a);                                                                                 \
                b = op##_V(prefix, b);                                                                                 \
            }                                                                                                          \
            vector *to = (vector *)(void *)(y + i);                                                                    \
            if (exclusive) {                                                                                           \
                STORE(to, AFTER_##lanes(before, a), s->streamed);                                                      \
                STORE(to + 1, AFTER_##lanes(a, b), s->streamed);                                                       \
                before = b;                                                                                            \
            } else {                                                                                                   \
                STORE(to, a, s->streamed);                                                                             \
                STORE(to + 1, b, s->streamed);                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        s->carry = carry[lanes - 1];                                                                                   \
        s->last = before[lanes - 1];                                                                                   \
        s->has_carry = has_carry;                                                                                      \
    }
#define GROUPS_OF_16(name, type, as, op, lanes)                                                                        \
    static void groups16_##name##_##type(state_##name##_##type *s, const as *x, as *y, size_t n)                       \
    {                                                                                                                  \
        typedef VECTOR(as, 16) vector;                                                                                 \
        enum { GROUP = GROUP_BYTES / sizeof(as) };                                                                     \
        vector prefix, carry, before;                                                                                  \
        FILL(prefix, s->prefix);                                                                                       \
        FILL(carry, s->carry);                                                                                         \
        FILL(before, s->last);                                                                                         \
        bool has_prefix = s->has_prefix, has_carry = s->has_carry, exclusive = s->exclusive;                           \
        for (size_t i = 0; i + GROUP <= n; i += GROUP) {                                                               \
            const vector *from = (const vector *)(const void *)(x + i);                                                \
            vector a = from[0], b = from[1], c = from[2], d = from[3];                                                 \
            SCAN_LANES_##lanes(op, a);                                                                                 \
            SCAN_LANES_##lanes(op, b);                                                                                 \
            SCAN_LANES_##lanes(op, c);                                                                                 \
            SCAN_LANES_##lanes(op, d);                                                                                 \
            b = op##_V(LAST_##lanes(a), b);                                                                            \
            d = op##_V(LAST_##lanes(c), d);                                                                            \
            c = op##_V(LAST_##lanes(b), c);                                                                            \
            d = op##_V(LAST_##lanes(b), d);                                                                            \
            vector last = LAST_##lanes(d);                                                                             \
            if (has_carry) {                                                                                           \
                a = op##_V(carry, a);                                                                                  \
                b = op##_V(carry, b);                                                                                  \
                c = op##_V(carry, c);                                                                                  \
                d = op##_V(carry, d);                                                                                  \
                last = op##_V(carry, last);                                                                            \
            }                                                                                                          \
            carry = last;                                                                                              \
            has_carry = true;                                                                                          \
            if (!y)                                                                                                    \
                continue;                                                                                              \
            if (has_prefix) {                                                                                          \
                a = op##_V(prefix, a);                                                                                 \
                b = op##_V(prefix, b);                                                                                 \
                c = op##_V(prefix, c);                                                                                 \
                d = op##_V(prefix, d);                                                                                 \
            }                                                                                                          \
            vector *to = (vector *)(void *)(y + i);                                                                    \
            if (exclusive) {                                                                                           \
                STORE(to, AFTER_##lanes(before, a), s->streamed);                                                      \
                STORE(to + 1, AFTER_##lanes(a, b), s->streamed);                                                       \
                STORE(to + 2, AFTER_##lanes(b, c), s->streamed);                                                       \
                STORE(to + 3, AFTER_##lanes(c, d), s->streamed);                                                       \
                before = d;                                                                                            \
            } else {                                                                                                   \
                STORE(to, a, s->streamed);                                                                             \
                STORE(to + 1, b, s->streamed);                                                                         \
                STORE(to + 2, c, s->streamed);                                                                         \
                STORE(to + 3, d, s->streamed);                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        s->carry = carry[lanes - 1];                                                                                   \
        s->last = before[lanes - 1];                                                                                   \
        s->has_carry = has_carry;                                                                                      \
    }
#define FILL(v, value)                                                                                                 \
    for (size_t pl_k = 0; pl_k < sizeof(v) / sizeof(v)[0]; pl_k++)                                                     \
    (v)[pl_k] = (value)
#endif

/* The last n numbers, fewer than a group, in a copy. */
#define REST(name, type, as, wide, op)                                                                                 \
    static void rest_##name##_##type(state_##name##_##type *s, const as *x, as *y, size_t n)                           \
    {                                                                                                                  \
        as v[GROUP_BYTES / sizeof(as)];                                                                                \
        memcpy(v, x, n * sizeof *v);                                                                                   \
        for (size_t half = 1; half < n; half *= 2)                                                                     \
            for (size_t i = half; i < n; i++)                                                                          \
                if (i & half)                                                                                          \
                    v[i] = (as)op##_N((wide)v[(i & ~(half - 1)) - 1], (wide)v[i]);                                     \
        for (size_t i = 0; i < n; i++) {                                                                               \
            v[i] = s->has_carry ? (as)op##_N((wide)s->carry, (wide)v[i]) : v[i];                                       \
            as result = s->has_prefix ? (as)op##_N((wide)s->prefix, (wide)v[i]) : v[i];                                \
            if (y)                                                                                                     \
                y[i] = s->exclusive ? s->last : result;                                                                \
            s->last = result;                                                                                          \
        }                                                                                                              \
        if (n) {                                                                                                       \
            s->carry = v[n - 1];                                                                                       \
            s->has_carry = true;                                                                                       \
        }                                                                                                              \
    }

/* One by one, those of which any brackets will do, or which have no vectors. */
#define EACH(name, type, as, wide, op)                                                                                 \
    static void each_##name##_##type(state_##name##_##type *s, const as *x, as *y, size_t n)                           \
    {                                                                                                                  \
        as carry = s->carry, last = s->last;                                                                           \
        for (size_t i = 0; i < n; i++) {                                                                               \
            carry = i > 0 || s->has_carry ? (as)op##_N((wide)carry, (wide)x[i]) : x[i];                                \
            as result = s->has_prefix ? (as)op##_N((wide)s->prefix, (wide)carry) : carry;                              \
            if (y)                                                                                                     \
                y[i] = s->exclusive ? last : result;                                                                   \
            last = result;                                                                                             \
        }                                                                                                              \
        s->carry = carry;                                                                                              \
        s->last = last;                                                                                                \
        s->has_carry |= n > 0;                                                                                         \
    }

/* ---- scans ----------------------------------------------------------------------------------------------- */

/* There is one copy of each, whether it is only what numbers come to that is wanted, or more (words_operators.h). */
#define SCAN(name, type, as, wide, op, groups, rest)                                                                   \
    ONE_COPY static void scan_##name##_##type(const void *prefix, void *after, const void *items, void *out, size_t n, \
                                              unsigned how)                                                            \
    {                                                                                                                  \
        enum { GROUP = GROUP_BYTES / sizeof(as) };                                                                     \
        const as *x = items;                                                                                           \
        as *y = out;                                                                                                   \
        state_##name##_##type s = {.exclusive = how & PL_WORDS_EXCLUSIVE};                                             \
        s.streamed = how & PL_WORDS_STREAM && y && pl_stream_can(y);                                                   \
        if (prefix) {                                                                                                  \
            memcpy(&s.prefix, prefix, sizeof s.prefix);                                                                \
            s.carry = s.last = s.prefix;                                                                               \
            s.has_carry = IS_EXACT(type);                                                                              \
            s.has_prefix = !IS_EXACT(type);                                                                            \
        }                                                                                                              \
        size_t whole = groups(rest, name, type, GROUP);                                                                \
        rest##_##name##_##type(&s, x + whole, y ? y + whole : NULL, n - whole);                                        \
        if (s.streamed)                                                                                                \
            pl_stream_end();                                                                                           \
        memcpy(after, &s.carry, sizeof s.carry);                                                                       \
    }
#define NO_GROUPS(rest, name, type, group) 0
#ifdef SHUFFLE
#define GROUPS(rest, name, type, group)                                                                                \
    n - n % group;                                                                                                     \
    if (whole && IS_WIDE())                                                                                            \
        groups32_##name##_##type(&s, x, y, whole);                                                                     \
    else if (whole)                                                                                                    \
    groups16_##name##_##type(&s, x, y, whole)
#else
#define GROUPS(rest, name, type, group)                                                                                \
    0;                                                                                                                 \
    for (; n - whole >= group; whole += group)                                                                         \
    rest_##name##_##type(&s, x + whole, y ? y + whole : NULL, group)
#define GROUPS_OF_16(name, type, as, op, lanes)
#define GROUPS_OF_32(name, type, as, op, lanes)
#endif

#define SCAN_EACH(name, type, as, wide, op)                                                                            \
    STATE(name, type, as)                                                                                              \
    EACH(name, type, as, wide, op)                                                                                     \
    SCAN(name, type, as, wide, op, NO_GROUPS, each)
#define SCAN_INTEGERS_OF(name, type, as, wide, op, lanes16, lanes32)                                                   \
    STATE(name, type, as)                                                                                              \
    GROUPS_OF_16(name, type, as, op, lanes16)                                                                          \
    GROUPS_OF_32(name, type, as, op, lanes32)                                                                          \
    EACH(name, type, as, wide, op)                                                                                     \
    SCAN(name, type, as, wide, op, GROUPS, each)
#define SCAN_FLOATS(name, type, op, lanes16, lanes32)                                                                  \
    STATE(name, type, type)                                                                                            \
    GROUPS_OF_16(name, type, type, op, lanes16)                                                                        \
    GROUPS_OF_32(name, type, type, op, lanes32)                                                                        \
    REST(name, type, type, type, op)                                                                                   \
    SCAN(name, type, type, type, op, GROUPS, rest)

#define EACH_WORD_OF_INTEGERS(X, bits, wide, ...)                                                                      \
    X(plus, int##bits##_t, uint##bits##_t, wide, PLUS __VA_ARGS__)                                                     \
    X(times, int##bits##_t, uint##bits##_t, wide, TIMES __VA_ARGS__)                                                   \
    X(and, int##bits##_t, uint##bits##_t, wide, AND __VA_ARGS__)                                                       \
    X(or, int##bits##_t, uint##bits##_t, wide, OR __VA_ARGS__)                                                         \
    X(xor, int##bits##_t, uint##bits##_t, wide, XOR __VA_ARGS__)                                                       \
    X(min, int##bits##_t, int##bits##_t, int64_t, MIN __VA_ARGS__)                                                     \
    X(max, int##bits##_t, int##bits##_t, int64_t, MAX __VA_ARGS__)                                                     \
    X(min, uint##bits##_t, uint##bits##_t, uint64_t, MIN __VA_ARGS__)                                                  \
    X(max, uint##bits##_t, uint##bits##_t, uint64_t, MAX __VA_ARGS__)

#define LANES_OF_32_BITS , 4, 8
#define LANES_OF_64_BITS , 2, 4
EACH_WORD_OF_INTEGERS(SCAN_EACH, 8, uint32_t, )
EACH_WORD_OF_INTEGERS(SCAN_EACH, 16, uint32_t, )
EACH_WORD_OF_INTEGERS(SCAN_INTEGERS_OF, 32, uint32_t, LANES_OF_32_BITS)
EACH_WORD_OF_INTEGERS(SCAN_INTEGERS_OF, 64, uint64_t, LANES_OF_64_BITS)

SCAN_FLOATS(plus, float, PLUS, 4, 8)
SCAN_FLOATS(plus, double, PLUS, 2, 4)
SCAN_FLOATS(times, float, TIMES, 4, 8)
SCAN_FLOATS(times, double, TIMES, 2, 4)
SCAN_FLOATS(min, float, LEAST, 4, 8)
SCAN_FLOATS(min, double, LEAST, 2, 4)
SCAN_FLOATS(max, float, GREATEST, 4, 8)
SCAN_FLOATS(max, double, GREATEST, 2, 4)
SCAN_EACH(plus, long_double, long_double, long_double, PLUS)
SCAN_EACH(times, long_double, long_double, long_double, TIMES)
SCAN_EACH(min, long_double, long_double, long_double, LEAST)
SCAN_EACH(max, long_double, long_double, long_double, GREATEST)
SCAN_EACH(and, boolean, boolean, int, AND)
SCAN_EACH(or, boolean, boolean, int, OR)
SCAN_EACH(xor, boolean, boolean, int, XOR)

/* ---- the table ------------------------------------------------------------------------------------------- */

#define SIGNED(op)                                                                                                     \
    [PARALLEL_I8_] = scan_##op##_int8_t, [PARALLEL_I16_] = scan_##op##_int16_t, [PARALLEL_I32_] = scan_##op##_int32_t, \
    [PARALLEL_I64_] = scan_##op##_int64_t
#define UNSIGNED(op)                                                                                                   \
    [PARALLEL_U8_] = scan_##op##_uint8_t, [PARALLEL_U16_] = scan_##op##_uint16_t,                                      \
    [PARALLEL_U32_] = scan_##op##_uint32_t, [PARALLEL_U64_] = scan_##op##_uint64_t
#define UNSIGNED_AS_SIGNED(op)                                                                                         \
    [PARALLEL_U8_] = scan_##op##_int8_t, [PARALLEL_U16_] = scan_##op##_int16_t, [PARALLEL_U32_] = scan_##op##_int32_t, \
    [PARALLEL_U64_] = scan_##op##_int64_t
#define FLOATS(op)                                                                                                     \
    [PARALLEL_F32_] = scan_##op##_float, [PARALLEL_F64_] = scan_##op##_double,                                         \
    [PARALLEL_LONG_DOUBLE_] = scan_##op##_long_double
#define BOOL(op) [PARALLEL_BOOL_] = scan_##op##_boolean

typedef void word_scan(const void *prefix, void *after, const void *items, void *out, size_t n, unsigned how);

static word_scan *const scans[PARALLEL_WORDS_][PARALLEL_NUMBERS_] = {
    [PARALLEL_WORD_PLUS_] = {SIGNED(plus), UNSIGNED_AS_SIGNED(plus), FLOATS(plus)},
    [PARALLEL_WORD_TIMES_] = {SIGNED(times), UNSIGNED_AS_SIGNED(times), FLOATS(times)},
    [PARALLEL_WORD_MIN_] = {SIGNED(min), UNSIGNED(min), FLOATS(min), BOOL(and)},
    [PARALLEL_WORD_MAX_] = {SIGNED(max), UNSIGNED(max), FLOATS(max), BOOL(or)},
    [PARALLEL_WORD_AND_] = {SIGNED(and), UNSIGNED_AS_SIGNED(and), BOOL(and)},
    [PARALLEL_WORD_OR_] = {SIGNED(or), UNSIGNED_AS_SIGNED(or), BOOL(or)},
    [PARALLEL_WORD_XOR_] = {SIGNED(xor), UNSIGNED_AS_SIGNED(xor), BOOL(xor)},
};

void pl_words_scan(const parallel_combine *op, const void *prefix, void *after, const void *items, void *out, size_t n,
                   unsigned how)
{
    const pl_word *word = pl_words_of(op);
    unsigned char own[sizeof(long double)], all[sizeof(long double)];
    if (!out && word->is_exact && !prefix) {
        word->fold_block(after, items, n);
        return;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): a word has one for all numbers that it takes */
    word_scan *scan = scans[pl_words_index(op)][pl_words_number(op)];
    if (!prefix) {
        scan(NULL, after, items, out, n, how);
        return;
    }
    memcpy(all, prefix, op->type_size);
    scan(all, own, items, out, n, how);
    if (!word->is_exact)
        word->fold(all, own, 1);
    memcpy(after, word->is_exact ? own : all, op->type_size);
}
