/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../driver.h"

static void mix(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++)
        out[i] = item_mix(in[i]);
}

static void poly(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++)
        out[i] = item_poly(in[i]);
}

#ifndef __clang__ /* it vectorises no loop with a loop in it */
static void steps(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++)
        out[i] = item_steps(in[i]);
}

static void steps_in_place(const uint32_t *in, uint32_t *out, size_t n)
{
    memcpy(out, in, n * sizeof *out);
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++)
        out[i] = item_steps(out[i]);
}
#endif

static void again(const uint32_t *in, uint32_t *out, size_t n)
{
    (void)in;
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++)
        out[i] = item_again(out[i]);
}

const way the_way = {.mix = mix,
                     .poly = poly,
#ifndef __clang__
                     .steps = steps,
                     .steps_in_place = steps_in_place,
#endif
                     .again = again};
