/* SPDX-License-Identifier: MIT */
/*
 * Stores past the caches ("non-temporal" ones): for results that no cache has room for, so that memory is not read
 * before it is written. Where there are none, they are ordinary ones.
 */
#ifndef PL_BASE_STREAM_H
#define PL_BASE_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
#include <emmintrin.h>
#endif

/* Whether they can go to an address, and to those a multiple of 16 bytes behind it. */
static inline bool pl_stream_can(const void *to)
{
#ifdef __x86_64__
    return (uintptr_t)to % 16 == 0;
#else
    (void)to;
    return false;
#endif
}

/* Stores 16 bytes. */
static inline void pl_stream_store(void *to, const void *bytes)
{
#ifdef __x86_64__
    __m128i v;
    memcpy(&v, bytes, sizeof v);
    _mm_stream_si128(to, v);
#else
    memcpy(to, bytes, 16);
#endif
}

/* All that this thread has stored so is seen before what it writes from now on: other stores do not wait for these. */
static inline void pl_stream_end(void)
{
#ifdef __x86_64__
    _mm_sfence();
#endif
}

#endif
