/* SPDX-License-Identifier: MIT */
/* The pool is made by the first call, as others make theirs. Maps do not nest. */
#include <pthreadpool.h>
#include <stdlib.h>

#include "../driver.h"

/* What the inlined loops get at once, as many as are worth the handing out. */
enum { TILE = 1024 };

typedef struct vectors {
    const uint32_t *in;
    uint32_t *out;
} vectors;

static pthreadpool_t pool(void)
{
    static pthreadpool_t made;
    if (!made) {
        const char *threads = getenv("SUITE_THREADS");
        made = pthreadpool_create(threads ? strtoul(threads, NULL, 10) : 0);
    }
    if (!made)
        abort();
    return made;
}

static void one_turn(void *ctx, size_t i)
{
    const vectors *v = ctx;
    v->out[i] = item_turn(v->in[i]);
}

static void one_row(void *ctx, size_t i)
{
    const vectors *v = ctx;
    v->out[i] = item_row(v->in[i]);
}

static void mixes(void *ctx, size_t begin, size_t n)
{
    const uint32_t *in = ((const vectors *)ctx)->in;
    uint32_t *out = ((const vectors *)ctx)->out;
    for (size_t i = begin; i < begin + n; i++)
        out[i] = item_mix(in[i]);
}

static void polys(void *ctx, size_t begin, size_t n)
{
    const uint32_t *in = ((const vectors *)ctx)->in;
    uint32_t *out = ((const vectors *)ctx)->out;
    for (size_t i = begin; i < begin + n; i++)
        out[i] = item_poly(in[i]);
}

static void turn(const uint32_t *in, uint32_t *out, size_t n)
{
    pthreadpool_parallelize_1d(pool(), one_turn, &(vectors){in, out}, n, 0);
}

static void row(const uint32_t *in, uint32_t *out, size_t n)
{
    pthreadpool_parallelize_1d(pool(), one_row, &(vectors){in, out}, n, 0);
}

static void mix(const uint32_t *in, uint32_t *out, size_t n)
{
    pthreadpool_parallelize_1d_tile_1d(pool(), mixes, &(vectors){in, out}, n, TILE, 0);
}

static void poly(const uint32_t *in, uint32_t *out, size_t n)
{
    pthreadpool_parallelize_1d_tile_1d(pool(), polys, &(vectors){in, out}, n, TILE, 0);
}

const way the_way = {.turn = turn, .row = row, .mix = mix, .poly = poly};
