/* SPDX-License-Identifier: MIT */
/* SCHEDULE is static, dynamic or guided. */
#include <string.h>

#include "../driver.h"

static void turn(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for schedule(SCHEDULE)
    for (size_t i = 0; i < n; i++)
        out[i] = item_turn(in[i]);
}

static void row(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for schedule(SCHEDULE)
    for (size_t i = 0; i < n; i++)
        out[i] = item_row(in[i]);
}

static void mix(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for schedule(SCHEDULE)
    for (size_t i = 0; i < n; i++)
        out[i] = item_mix(in[i]);
}

static void poly(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for schedule(SCHEDULE)
    for (size_t i = 0; i < n; i++)
        out[i] = item_poly(in[i]);
}

static void nested(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for schedule(SCHEDULE)
    for (size_t i = 0; i < n; i += INNER_ITEMS)
        turn(in + i, out + i, INNER_ITEMS);
}

static void steps(const uint32_t *in, uint32_t *out, size_t n)
{
#pragma omp parallel for schedule(SCHEDULE)
    for (size_t i = 0; i < n; i++)
        out[i] = item_steps(in[i]);
}

static void steps_in_place(const uint32_t *in, uint32_t *out, size_t n)
{
    memcpy(out, in, n * sizeof *out);
#pragma omp parallel for schedule(SCHEDULE)
    for (size_t i = 0; i < n; i++)
        out[i] = item_steps(out[i]);
}

static void again(const uint32_t *in, uint32_t *out, size_t n)
{
    (void)in;
#pragma omp parallel for schedule(SCHEDULE)
    for (size_t i = 0; i < n; i++)
        out[i] = item_again(out[i]);
}

const way the_way = {.turn = turn,
                     .row = row,
                     .mix = mix,
                     .poly = poly,
                     .nested = nested,
                     .steps = steps,
                     .steps_in_place = steps_in_place,
                     .again = again};
