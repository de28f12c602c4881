/* SPDX-License-Identifier: MIT */
/* What all ways do the same: what an item of a map is. In a header, so that each way has it inlined as it can. */
#ifndef ITEMS_H
#define ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MAPS = 8, ITEMS = 100 }; /* of a frame */

/* An item: a value, and how much work it is: rounds of some 1.2 ns. */
typedef struct item {
    uint64_t value;
    unsigned rounds;
} item;

static inline item work(item i)
{
    uint64_t x = i.value + 0x9e3779b97f4a7c15u;
    for (unsigned k = 0; k < i.rounds; k++)
        x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    i.value = x;
    return i;
}

/* A way's own: to[i] = work(from[i]) for all items of a map. False if it could not. */
bool run_map(const item *from, item *to);

#ifdef __cplusplus
}
#endif

#endif
