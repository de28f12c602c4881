/* SPDX-License-Identifier: MIT */
#ifndef PL_TESTS_STRESS_SCRAMBLE_H
#define PL_TESTS_STRESS_SCRAMBLE_H

/* A number in which each bit depends on all bits of x: the finaliser of MurmurHash3 (Appleby). */
static inline unsigned long long scramble(unsigned long long x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

#endif
