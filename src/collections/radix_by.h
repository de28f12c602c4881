/* SPDX-License-Identifier: MIT */
/* What the files that sort items by keys share (radix.h). */
#ifndef PL_COLLECTIONS_RADIX_BY_H
#define PL_COLLECTIONS_RADIX_BY_H

#include "collections/keys.h"
#include "collections/radix_numbers.h"

/* A call that sorts by keys. */
typedef struct pl_radix_keyed {
    pl_keys keys;
    unsigned char *items;
    uint64_t *words;  /* the keys, where they are words */
    uint64_t *absent; /* a bit for each item: it has no key, since its task has failed; NULL: the call does not go on */
} pl_radix_keyed;

/* Moves the items of each index of an order, in order, to another place (radix_move.c). Indices are in words, by these
 * bits. */
void pl_radix_move(size_t size, void *to, const void *from, const uint64_t *order, uint64_t indices, size_t n);

/* What numbers are like, 1024 or more, on all threads. `n` is how many. 0; or -1 with errno. */
int pl_radix_look_at_all(const pl_radix_numbers *numbers, void *array, size_t n, pl_phases *phases, pl_radix_look *all);

/* ---- items without a key (radix_by_absent.c) ---------------------------------------------------------- */

/* Those from `first` on have none. */
void pl_radix_note_absent(const pl_radix_keyed *s, size_t first, size_t count);

/* Moves them to the end, in their order, with room for as many; and the keys of the others along with these. Returns
 * how many others there are. */
size_t pl_radix_move_absent(const pl_radix_keyed *s, void *keys, size_t key_size, void *room);

/* ---- keys of type long double (radix_by_long.c) ------------------------------------------------------- */

/* How many bytes of room it takes to sort by them; and that, all else being given. */
size_t pl_radix_long_room(const pl_radix_keyed *s);
int pl_radix_sort_by_long(pl_radix_keyed *s, void *room, pl_phases *phases);

/* Has keys computed, and then sort(s, n, ctx) called for the first n items, all others having none. 0; or -1 with
 * errno and a failure, of a key if there is one. */
int pl_radix_compute_and_sort(pl_radix_keyed *s, void *keys, size_t key_size, void *room,
                              int (*sort)(const pl_radix_keyed *s, size_t n, void *ctx), void *ctx, pl_phases *phases);

#endif
