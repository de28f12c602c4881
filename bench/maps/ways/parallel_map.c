/* SPDX-License-Identifier: MIT */
#include <parallel.h>
#include <stdlib.h>

#include "../driver.h"

PARALLEL_DECORATE(item_turn, uint32_t, uint32_t);
PARALLEL_DECORATE(item_row, uint32_t, uint32_t);
PARALLEL_DECORATE(item_mix, uint32_t, uint32_t);
PARALLEL_DECORATE(item_poly, uint32_t, uint32_t);

static void turn(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_turn, in, n, out) != 0)
        abort();
}

static void row(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_row, in, n, out) != 0)
        abort();
}

static void mix(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_mix, in, n, out) != 0)
        abort();
}

static void poly(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_poly, in, n, out) != 0)
        abort();
}

typedef struct part {
    const uint32_t *in;
    uint32_t *out;
} part;

static void inner(part p)
{
    turn(p.in, p.out, INNER_ITEMS);
}
PARALLEL_DECORATE(inner, part, void);

static void nested(const uint32_t *in, uint32_t *out, size_t n)
{
    size_t parts = n / INNER_ITEMS;
    part *all = malloc(parts * sizeof *all);
    if (!all)
        abort();
    for (size_t i = 0; i < parts; i++)
        all[i] = (part){in + i * INNER_ITEMS, out + i * INNER_ITEMS};
    if (parallel_map_into(inner, all, parts, (void *)NULL) != 0)
        abort();
    free(all);
}

const way the_way = {.turn = turn, .row = row, .mix = mix, .poly = poly, .nested = nested};
