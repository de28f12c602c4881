/* SPDX-License-Identifier: MIT */
/*
 * Sizes of memory: sums and products that do not wrap. A result that is too large for any object is PL_SIZE_NONE, and
 * so is whatever is computed from it. pl_results_allocate() and pl_arena_take() find no memory for that, nor does
 * realloc().
 */
#ifndef PL_BASE_SIZE_H
#define PL_BASE_SIZE_H

#include <stddef.h>
#include <stdint.h>

#define PL_SIZE_NONE SIZE_MAX

static inline size_t pl_size_add(size_t a, size_t b)
{
    return a > PTRDIFF_MAX || b > (size_t)PTRDIFF_MAX - a ? PL_SIZE_NONE : a + b;
}

static inline size_t pl_size_multiply(size_t a, size_t b)
{
    /* nearly all are small, and a division takes longer than a short call */
    if ((a | b) >> (4 * sizeof(size_t) - 1) == 0)
        return a * b;
    return b && a > PTRDIFF_MAX / b ? PL_SIZE_NONE : a * b;
}

/* Rounded up to a multiple of `unit`, a power of two. */
static inline size_t pl_size_round(size_t size, size_t unit)
{
    return pl_size_add(size, unit - 1) == PL_SIZE_NONE ? PL_SIZE_NONE : (size + unit - 1) & ~(unit - 1);
}

#endif
