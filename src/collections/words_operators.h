/* SPDX-License-Identifier: MIT */
/* The operators that words stand for, on numbers and on vectors of them: for the files that fold and scan by them. */
#ifndef PL_COLLECTIONS_WORDS_OPERATORS_H
#define PL_COLLECTIONS_WORDS_OPERATORS_H

#include <stdbool.h>
#include <stddef.h>

/* A vector that may stand anywhere. */
#define VECTOR(type, bytes) __attribute__((vector_size(bytes), aligned(_Alignof(type)), may_alias)) type

/* Whether this machine has vectors of 32 bytes: then they do what more of 16 do elsewhere, in the same brackets. With
 * PL_NARROW it has none: for tests. */
#if defined __x86_64__ && !defined PL_NARROW
#define WIDE __attribute__((target("avx2")))
#define IS_WIDE() __builtin_cpu_supports("avx2")
#else
#define WIDE
#define IS_WIDE() 0
#endif

/* Halves of a vector of 32 bytes, of the type `half`: without a way through memory, where compilers can be asked for
 * that. */
#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
typedef long long longs32 __attribute__((vector_size(32)));
#define LOW_HALF(half, v) ((half)__builtin_shufflevector((longs32)(v), (longs32)(v), 0, 1))
#define HIGH_HALF(half, v) ((half)__builtin_shufflevector((longs32)(v), (longs32)(v), 2, 3))
#endif
#endif
#ifndef LOW_HALF
#define LOW_HALF(half, v) (((const half *)(const void *)&(v))[0])
#define HIGH_HALF(half, v) (((const half *)(const void *)&(v))[1])
#endif

/* Each operator on two numbers. */
#define PLUS_N(a, b) ((a) + (b))
#define TIMES_N(a, b) ((a) * (b))
#define AND_N(a, b) ((a) & (b))
#define OR_N(a, b) ((a) | (b))
#define XOR_N(a, b) ((a) ^ (b))
#define MIN_N(a, b) ((b) < (a) ? (b) : (a))
#define MAX_N(a, b) ((b) > (a) ? (b) : (a))
#define LEAST_N(a, b) ((b) < (a) || (a) != (a) ? (b) : (a))
#define GREATEST_N(a, b) ((b) > (a) || (a) != (a) ? (b) : (a))

/* What `mask` chooses of two vectors: all bits of a lane are set, or none. */
#define CHOOSE(mask, a, b) ((__typeof__(a))(((mask) & (__typeof__(mask))(a)) | (~(mask) & (__typeof__(mask))(b))))

/* Each operator on two vectors. */
#define PLUS_V(a, b) ((a) + (b))
#define TIMES_V(a, b) ((a) * (b))
#define AND_V(a, b) ((a) & (b))
#define OR_V(a, b) ((a) | (b))
#define XOR_V(a, b) ((a) ^ (b))
#define MIN_V(a, b) CHOOSE((b) < (a), b, a)
#define MAX_V(a, b) CHOOSE((b) > (a), b, a)
#define LEAST_V(a, b) CHOOSE(((b) < (a)) | ((a) != (a)), b, a)
#define GREATEST_V(a, b) CHOOSE(((b) > (a)) | ((a) != (a)), b, a)

/* The same as statements, as they are fastest in lanes, in which there is no NaN: gcc makes instructions for the lesser
 * and the greater of each lane out of a loop, and clang of a mask. */
#define PLUS_TO(a, b) a = PLUS_V(a, b)
#define TIMES_TO(a, b) a = TIMES_V(a, b)
#define AND_TO(a, b) a = AND_V(a, b)
#define OR_TO(a, b) a = OR_V(a, b)
#define XOR_TO(a, b) a = XOR_V(a, b)
#ifdef __clang__
#define MIN_TO(a, b) a = MIN_V(a, b)
#define MAX_TO(a, b) a = MAX_V(a, b)
#else
#define MIN_TO(a, b) EACH_LANE(a, MIN_N((a)[pl_k], (b)[pl_k]))
#define MAX_TO(a, b) EACH_LANE(a, MAX_N((a)[pl_k], (b)[pl_k]))
#define EACH_LANE(a, value)                                                                                            \
    for (size_t pl_k = 0; pl_k < sizeof(a) / sizeof(a)[0]; pl_k++)                                                     \
    (a)[pl_k] = value
#endif
#define LEAST_TO(a, b) MIN_TO(a, b)
#define GREATEST_TO(a, b) MAX_TO(a, b)

/* There is one copy of each fold, for blocks and for parts, short calls and long ones: compilers exchange the operands
 * of a sum as they like, once in each copy, and of two NaN the first is the result. */
#ifdef __clang__
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY __attribute__((noinline, noclone))
#endif

/* Whether a type has no fractions. */
#define IS_EXACT(type) ((type)0.5 != 0.5)

/* Types whose names are part of others. */
typedef long double long_double;
typedef bool boolean; /* a name, and no macro */

#endif
