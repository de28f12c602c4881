/* SPDX-License-Identifier: MIT */
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

const way the_way = {.mix = mix, .poly = poly};
