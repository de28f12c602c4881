/* SPDX-License-Identifier: MIT */
/* What the stress tests share. */
#ifndef PL_TESTS_STRESS_COMMON_H
#define PL_TESTS_STRESS_COMMON_H

#include <time.h>

/* A number in which each bit depends on all bits of x: the finaliser of MurmurHash3 (Appleby). */
static inline unsigned long long scramble(unsigned long long x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

static inline double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
