/* SPDX-License-Identifier: MIT */
/* What the files that sort numbers share (radix.h). */
#ifndef PL_COLLECTIONS_RADIX_NUMBERS_H
#define PL_COLLECTIONS_RADIX_NUMBERS_H

#include "collections/phases.h"
#include "collections/radix.h"
#include "collections/radix_words.h"

/* The numbers of an order: how they become words of `width` bytes, or of 1 or 2. */
typedef struct pl_radix_numbers {
    unsigned width;
    pl_radix_form form;
    bool is_floating;
} pl_radix_numbers;

pl_radix_numbers pl_radix_numbers_of(const parallel_order *order);

/* Sorts n numbers of 4 or 8 bytes, whose words say all, with room for as many. 0; or -1 with errno. */
int pl_radix_sort_many(const pl_radix_numbers *numbers, void *array, void *spare, size_t n, pl_phases *phases);

/* What n numbers, 1 or more, are like. */
typedef struct pl_radix_look {
    bool ascends, descends;          /* as words: each is no less, or no more, than the one before */
    size_t nans, minus_zeros, zeros; /* of floating numbers */
} pl_radix_look;
pl_radix_look pl_radix_look_at(const pl_radix_numbers *numbers, const void *array, size_t n);

/* ---- floating numbers (radix_floats.c) ---------------------------------------------------------------- */

/* Whether a zero is among n numbers, or a NaN. */
bool pl_radix_has_special(unsigned width, const void *array, size_t n);

/* Moves those that are NaN to the end, stably, with room for as many. Returns how many others there are. */
size_t pl_radix_move_nans(unsigned width, void *array, void *spare, size_t n);

/* Notes the signs of the zeros among n numbers, a bit for each, in order. Gives them back when these are sorted:
 * `zeros` is how many of both signs there are. */
void pl_radix_note_zeros(unsigned width, const void *array, size_t n, uint64_t *signs);
void pl_radix_restore_zeros(const pl_radix_numbers *numbers, void *array, size_t n, const uint64_t *signs,
                            size_t zeros);

/* ---- counting (radix_counts.c) ------------------------------------------------------------------------ */

/* Sorts few numbers of 1 or 2 bytes on this thread, with room for as many. */
void pl_radix_sort_short(const pl_radix_numbers *numbers, void *array, void *spare, size_t n);

/* How many bytes of memory it takes to count n numbers, 1 or more, of that many values. */
size_t pl_radix_counts_room(size_t n, size_t values);

/* Sorts n numbers by counting them, if their words are all among the `values` from `least` on. 1: they are, and are
 * sorted; 0: they are not; -1 with errno. */
int pl_radix_sort_counted(const pl_radix_numbers *numbers, void *array, size_t n, uint64_t least, size_t values,
                          void *room, pl_phases *phases);

#endif
