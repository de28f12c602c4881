/* SPDX-License-Identifier: MIT */
/*
 * Packing: copying those of some items that bits choose, next to each other, without a branch for each.
 *
 * There are ways for machines with vectors that permute or compress; which one this is, is looked up each time, as it
 * costs a load. All give the same, and write what is chosen, and nothing else.
 */
#ifndef PL_BASE_PACK_H
#define PL_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words of bits for n items. */
#define PL_PACK_WORDS(n) (((n) + 63) / 64)

/* Ways to pack items of 4 or of 8 bytes. Others are always packed as on any machine. */
typedef enum pl_pack_way { PL_PACK_ANYWHERE, PL_PACK_AVX2, PL_PACK_AVX512, PL_PACK_WAYS } pl_pack_way;

/* The best way of this machine: each one before it is there, too. */
pl_pack_way pl_pack_best(void);

/* Sets bit i of `bits` if flags[i] is, for i < n; the rest of the last word is 0. Returns how many are set. */
size_t pl_pack_bits(uint64_t *bits, const bool *flags, size_t n);

/* Copies those of n items whose bits are set to `out`: `kept` of them. `out` may be where the items are, or before. */
void pl_pack_items(void *out, const void *items, size_t size, const uint64_t *bits, size_t n, size_t kept);

/* The same in a way that this machine has. */
void pl_pack_items_by(pl_pack_way way, void *out, const void *items, size_t size, const uint64_t *bits, size_t n,
                      size_t kept);

#endif
