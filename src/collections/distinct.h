/* SPDX-License-Identifier: MIT */
/* Which items of an array are the first of their kind: what the files of parallel_distinct() share. */
#ifndef PL_COLLECTIONS_DISTINCT_H
#define PL_COLLECTIONS_DISTINCT_H

#include <stdbool.h>

#include "collections/sort.h"

/* What there is at the end of a way to find out. */
typedef enum pl_distinct_end {
    PL_DISTINCT_FAILED = -1, /* with errno */
    PL_DISTINCT_FLAGGED,
    PL_DISTINCT_BAD_LUCK /* numbers that a hash does not tell apart: another way is to be taken */
} pl_distinct_end;

/* Whether pl_distinct_flag_numbers() takes a call: of numbers, and not too many. */
bool pl_distinct_takes(const pl_sort_call *c);

/* Sets the flag of each item that is the first of its kind, and clears those of the others: by hashing. */
pl_distinct_end pl_distinct_flag_numbers(const pl_sort_call *c, bool *flags);

#endif
