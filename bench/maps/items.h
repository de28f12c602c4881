/* SPDX-License-Identifier: MIT */
/* The items that are mapped: the same for all ways and languages, in integers, so that all results must agree. */
#ifndef ITEMS_H
#define ITEMS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * An item that takes as long as is wanted: its low bits tell how often to turn a small generator, its high bits only
 * make it differ from its neighbours. Opaque: in a translation unit of its own, never inlined.
 */
enum { TURN_BITS = 24, MOST_TURNS = (1 << TURN_BITS) - 1 };
uint32_t item_turn(uint32_t turns);

/* A row of the Mandelbrot set, opaque too: of `rows << 16 | row`, how many iterations its pixels take. */
uint32_t item_row(uint32_t row);

/* How many items the inner maps have when maps are nested. */
enum { INNER_ITEMS = 1000 };

/* Inlined, vectorisable, and over before the next is there from memory. */
static inline uint32_t item_mix(uint32_t x)
{
    return (x ^ x >> 7) * 2654435761u + 17;
}

/* Inlined, vectorisable, bound by arithmetic: a polynomial of degree 30, modulo 2^32, without a loop: gcc likes
 * none. */
static inline uint32_t item_poly_part(uint32_t p, uint32_t x, uint32_t c)
{
    p = p * x + c;
    p = p * x + (c + 2);
    p = p * x + (c + 4);
    p = p * x + (c + 6);
    return p * x + (c + 8);
}

static inline uint32_t item_poly(uint32_t x)
{
    uint32_t p = item_poly_part(1, x, 3);
    p = item_poly_part(p, x, 13);
    p = item_poly_part(p, x, 23);
    p = item_poly_part(p, x, 33);
    p = item_poly_part(p, x, 43);
    return item_poly_part(p, x, 53);
}

/* Inlined, bound by arithmetic, in a loop of its own: vectorised across items, or not at all. */
enum { STEPS = 500 };
static inline uint32_t item_steps(uint32_t x)
{
    for (int i = 0; i < STEPS; i++)
        x = (x ^ x >> 7) + 0x9e3779b9u;
    return x;
}

/* Inlined, vectorisable; once or often comes to the same. */
static inline uint32_t item_again(uint32_t x)
{
    return x | 0x10101;
}

#ifdef __cplusplus
}
#endif

#endif
