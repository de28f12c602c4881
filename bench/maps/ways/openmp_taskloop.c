/* SPDX-License-Identifier: MIT */
#include "../driver.h"

static void turn(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
    for (size_t i = 0; i < n; i++)
        out[i] = item_turn(in[i]);
}

static void row(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
    for (size_t i = 0; i < n; i++)
        out[i] = item_row(in[i]);
}

static void mix(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
    for (size_t i = 0; i < n; i++)
        out[i] = item_mix(in[i]);
}

static void poly(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
    for (size_t i = 0; i < n; i++)
        out[i] = item_poly(in[i]);
}

static void inner(const uint32_t *in, uint32_t *out)
{
#pragma omp taskloop
    for (size_t i = 0; i < INNER_ITEMS; i++)
        out[i] = item_turn(in[i]);
}

static void nested(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
    for (size_t i = 0; i < n; i += INNER_ITEMS)
        inner(in + i, out + i);
}

const way the_way = {.turn = turn, .row = row, .mix = mix, .poly = poly, .nested = nested};
