/* SPDX-License-Identifier: MIT */
/* Numbers for tests of what is made of many. */
#ifndef PL_TESTS_SUPPORT_NUMBERS_H
#define PL_TESTS_SUPPORT_NUMBERS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "support/test.h"

/* Sums of such numbers depend on the brackets in nearly every bit. */
static inline double *wild_doubles(size_t n)
{
    unsigned long long state = 123456789;
    double *in = malloc(n * sizeof *in);
    ck_assert_ptr_nonnull(in);
    for (size_t i = 0; i < n; i++) {
        uint64_t r = pl_random(&state);
        in[i] = ldexp((double)(r >> 12) - 0x1p51, (int)(r % 120) - 60);
    }
    return in;
}

#endif
