/* SPDX-License-Identifier: MIT */
/* Operators: words for those on numbers, or any function or macro of two arguments. Nothing here is for programs to
 * use. */
#ifndef LIBPARALLEL_DETAIL_WORDS_H
#define LIBPARALLEL_DETAIL_WORDS_H

#include <libparallel/detail/paste.h>

enum {
    PARALLEL_WORD_PLUS_,
    PARALLEL_WORD_TIMES_,
    PARALLEL_WORD_MIN_,
    PARALLEL_WORD_MAX_,
    PARALLEL_WORD_AND_,
    PARALLEL_WORD_OR_,
    PARALLEL_WORD_XOR_,
    PARALLEL_WORDS_,
    /* what else fused kernels do: how many values are true, an unsigned; and before how many there is one that is true,
     * or false, from the first on, or from the last: a size_t */
    PARALLEL_COUNT_TRUE_ = PARALLEL_WORDS_,
    PARALLEL_FIND_TRUE_,
    PARALLEL_FIND_FALSE_,
    PARALLEL_FIND_LAST_
};

/* PARALLEL_IS_WORD_(op) is 1 for a word, and 0 for any other name: as PARALLEL_IS_VOID_ does it. */
#define PARALLEL_WORD_PARALLEL_PLUS() ~, 1
#define PARALLEL_WORD_PARALLEL_TIMES() ~, 1
#define PARALLEL_WORD_PARALLEL_MIN() ~, 1
#define PARALLEL_WORD_PARALLEL_MAX() ~, 1
#define PARALLEL_WORD_PARALLEL_AND() ~, 1
#define PARALLEL_WORD_PARALLEL_OR() ~, 1
#define PARALLEL_WORD_PARALLEL_XOR() ~, 1
#define PARALLEL_IS_WORD_(op) PARALLEL_SECOND_(PARALLEL_WORD_##op(), 0, ~)

/* PARALLEL_COMBINE_(op, a, b) is a + b and so on for a word, else op(a, b), where `a` and `b` have no side effects. The
 * least and the greatest are as fmin() and fmax() have it: NaN is passed over, unless both are. */
#define PARALLEL_COMBINE_(op, a, b) PARALLEL_CAT_(PARALLEL_COMBINE_, PARALLEL_IS_WORD_(op))(op, a, b)
#define PARALLEL_COMBINE_0(op, a, b) op(a, b)
#define PARALLEL_COMBINE_1(op, a, b) PARALLEL_WORD_ON_##op(a, b)
#define PARALLEL_WORD_ON_PARALLEL_PLUS(a, b) ((a) + (b))
#define PARALLEL_WORD_ON_PARALLEL_TIMES(a, b) ((a) * (b))
#define PARALLEL_WORD_ON_PARALLEL_MIN(a, b) ((b) < (a) || !((a) <= (a)) ? (b) : (a))
#define PARALLEL_WORD_ON_PARALLEL_MAX(a, b) ((b) > (a) || !((a) >= (a)) ? (b) : (a))
#define PARALLEL_WORD_ON_PARALLEL_AND(a, b) ((a) & (b))
#define PARALLEL_WORD_ON_PARALLEL_OR(a, b) ((a) | (b))
#define PARALLEL_WORD_ON_PARALLEL_XOR(a, b) ((a) ^ (b))

#endif
