/* SPDX-License-Identifier: MIT */
#include <parallel.h>
#include <stdlib.h>
#include <string.h>

#include "../driver.h"

typedef struct vectors {
    const uint32_t *in;
    uint32_t *out;
} vectors;

static void turns(size_t begin, size_t end, void *ctx)
{
    const vectors *v = ctx;
    for (size_t i = begin; i < end; i++)
        v->out[i] = item_turn(v->in[i]);
}

static void rows(size_t begin, size_t end, void *ctx)
{
    const vectors *v = ctx;
    for (size_t i = begin; i < end; i++)
        v->out[i] = item_row(v->in[i]);
}

static void mixes(size_t begin, size_t end, void *ctx)
{
    const uint32_t *in = ((const vectors *)ctx)->in;
    uint32_t *out = ((const vectors *)ctx)->out;
    for (size_t i = begin; i < end; i++)
        out[i] = item_mix(in[i]);
}

static void polys(size_t begin, size_t end, void *ctx)
{
    const uint32_t *in = ((const vectors *)ctx)->in;
    uint32_t *out = ((const vectors *)ctx)->out;
    for (size_t i = begin; i < end; i++)
        out[i] = item_poly(in[i]);
}

static void turn(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_for(n, turns, (&(vectors){in, out})) != 0)
        abort();
}

static void row(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_for(n, rows, (&(vectors){in, out})) != 0)
        abort();
}

static void mix(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_for(n, mixes, (&(vectors){in, out})) != 0)
        abort();
}

static void poly(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_for(n, polys, (&(vectors){in, out})) != 0)
        abort();
}

static void outer(size_t begin, size_t end, void *ctx)
{
    const vectors *v = ctx;
    for (size_t i = begin; i < end; i++)
        turn(v->in + i * INNER_ITEMS, v->out + i * INNER_ITEMS, INNER_ITEMS);
}

static void nested(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_for(n / INNER_ITEMS, outer, (&(vectors){in, out})) != 0)
        abort();
}

static void all_steps(size_t begin, size_t end, void *ctx)
{
    const uint32_t *in = ((const vectors *)ctx)->in;
    uint32_t *out = ((const vectors *)ctx)->out;
    for (size_t i = begin; i < end; i++)
        out[i] = item_steps(in[i]);
}

static void steps(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_for(n, all_steps, (&(vectors){in, out})) != 0)
        abort();
}

static void steps_in_place(const uint32_t *in, uint32_t *out, size_t n)
{
    memcpy(out, in, n * sizeof *out);
    steps(out, out, n);
}

static void all_again(size_t begin, size_t end, void *out)
{
    for (size_t i = begin; i < end; i++)
        ((uint32_t *)out)[i] = item_again(((uint32_t *)out)[i]);
}

static void again(const uint32_t *in, uint32_t *out, size_t n)
{
    (void)in;
    if (parallel_for(n, all_again, out) != 0)
        abort();
}

/* Loops have fewer options than maps. */
static const named_kernel without[] = {{NULL, NULL}};

const way the_way = {.turn = turn,
                     .row = row,
                     .mix = mix,
                     .poly = poly,
                     .nested = nested,
                     .steps = steps,
                     .steps_in_place = steps_in_place,
                     .again = again,
                     .with = without};
