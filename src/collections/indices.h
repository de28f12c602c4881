/* SPDX-License-Identifier: MIT */
/* Maps over integers that are no array: arguments are made block by block, for the function's own kernel. */
#ifndef PL_COLLECTIONS_INDICES_H
#define PL_COLLECTIONS_INDICES_H

#include <stdbool.h>
#include <stddef.h>

#include <parallel.h>

#include "call/context.h"

/* A map over the integers from `begin` on, of a function that cannot fail: small enough to be handed to helpers as it
 * is. */
typedef struct pl_indices {
    parallel_kernel *kernel;
    void *out;
    ptrdiff_t begin;
    size_t arg_size, result_size;
    const pl_context *parent; /* the context that the call was made in */
} pl_indices;

/* Whether there are integers of that size. */
static inline bool pl_indices_have_size(size_t size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Stores n integers from `first` on, of that size; and perhaps some more, in the PL_INDICES_MORE bytes after them. */
enum { PL_INDICES_MORE = 64 };
void pl_indices_fill(void *to, size_t size, ptrdiff_t first, size_t n);

/* Runs tasks of the map, in a context of their own. */
void pl_indices_run_tasks(const pl_indices *m, unsigned participant, size_t begin, size_t end);

/* The same as a body of the scheduler's loop. */
int pl_indices_run(void *indices, size_t begin, size_t end, void *stop, unsigned participant);

#endif
