/* SPDX-License-Identifier: MIT */
/*
 * Operators on numbers: what PARALLEL_PLUS and the other words do with many numbers of each type.
 *
 * They commute, so numbers are folded in several lanes: those of vectors of so many bytes, whatever the machine has, as
 * the lanes decide how floating-point sums are rounded.
 *
 * Integers are added and multiplied as unsigned ones, which wrap around. The least and the greatest of floating-point
 * numbers pass over NaN: what is there is replaced if the other is less, or if it is NaN itself.
 */
#ifndef PL_COLLECTIONS_WORDS_H
#define PL_COLLECTIONS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <libparallel/reduce.h>

/* Of so many bytes of numbers no part is worth giving away, and nothing is to be learnt: they call no function of the
 * program's, and have one cost. */
enum { PL_WORDS_HERE = 49152 };

/* What the library knows of an operator that is a word, on one type. */
typedef struct pl_word {
    bool is_exact; /* of integers: however they are bracketed, the result is the same */

    /* Puts n numbers after *value, in lanes; or, n > 0, *value becomes what they come to. */
    void (*fold)(void *value, const void *items, size_t n);
    void (*fold_block)(void *value, const void *items, size_t n);
} pl_word;

extern const pl_word pl_words[PARALLEL_WORDS_][PARALLEL_NUMBERS_] __attribute__((visibility("hidden")));

/* Which word an operator is that is one, PARALLEL_WORD_PLUS_ ..., and on which numbers, PARALLEL_I8_ ... */
static inline int pl_words_index(const parallel_combine *op)
{
    return (op->word - 1) / PARALLEL_NUMBERS_;
}

static inline int pl_words_number(const parallel_combine *op)
{
    return (op->word - 1) % PARALLEL_NUMBERS_;
}

/* What is known of an operator; NULL: it is the program's. */
static inline const pl_word *pl_words_of(const parallel_combine *op)
{
    return op->word ? &pl_words[pl_words_index(op)][pl_words_number(op)] : NULL;
}

/* Whether a function, which may be NULL, comes with a kernel that combines its results, integers, as they come, by this
 * operator: in any brackets. */
static inline bool pl_words_are_fused(const parallel_combine *op, const parallel_function *f)
{
    const pl_word *word = pl_words_of(op);
    return word && word->is_exact && f && f->fused;
}

/* How a scan is to be. */
enum {
    PL_WORDS_EXCLUSIVE = 1, /* the results before, of which the first is the prefix */
    PL_WORDS_STREAM = 2     /* into memory that is not to be in caches */
};

/*
 * Scans n numbers by themselves, in brackets that depend on n and the type alone, and puts *prefix before each result,
 * if that is not NULL; an exclusive scan has one. *after becomes what the prefix and all numbers come to. `out` may be
 * `items`, or NULL: then only *after is wanted.
 */
void pl_words_scan(const parallel_combine *op, const void *prefix, void *after, const void *items, void *out, size_t n,
                   unsigned how);

#endif
