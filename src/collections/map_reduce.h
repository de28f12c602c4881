/* SPDX-License-Identifier: MIT */
/*
 * Maps, and loops that give values, whose results are reduced, and not kept.
 *
 * The brackets are those of a reduction of the results (blocks.h), but that a block is folded in pieces of so many
 * results as a buffer holds that stays in the first cache.
 *
 * What cannot fail is run so block by block (map_reduce_blocks.c). Where tasks may fail, have a timeout, are tried
 * again, or run in other processes, they are tasks of a map (map_reduce_tasks.c).
 */
#ifndef PL_COLLECTIONS_MAP_REDUCE_H
#define PL_COLLECTIONS_MAP_REDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collections/blocks.h"
#include "collections/reduce.h"
#include "sched/cost.h"

enum { PL_MAP_REDUCE_BUFFER = 4096 /* bytes of results that are folded at once */ };

/* A part is a value; but for the first, it begins with the block's first result. */
typedef struct pl_map_reduction {
    pl_blocks_work work;
    const parallel_function *f;
    const parallel_combine *op;
    size_t piece; /* results in a piece of a block */

    const parallel_loop_values *loop; /* in place of a function and its arguments; or NULL */
    const void *captures;             /* of that */
    ptrdiff_t first;                  /* its first index */
} pl_map_reduction;

/* A reduction of f's results for n items. f and args are NULL for a loop, whose members are to be set then. */
pl_map_reduction pl_map_reduce_prepare(const parallel_function *f, const parallel_combine *op, const void *args,
                                       size_t n);

/* Where results are integers, blocks are nothing to what they come to: so they become as large as they are worth. For
 * those that are run block by block; there are some. */
void pl_map_reduce_fit_blocks(pl_map_reduction *r);

/* What tasks cost that do both; and the same of a function that has such a kernel or routine. */
pl_cost *pl_map_reduce_cost(const pl_map_reduction *r);
pl_cost *pl_map_reduce_cost_of(uintptr_t routine, const parallel_combine *op);

/* Adds n results, which come next in a block, to what there is of it; `begun`: there is something. */
void pl_map_reduce_add(const pl_map_reduction *r, unsigned char *part, bool begun, const unsigned char *results,
                       size_t n);

/* All of a short one, on the caller: ctx is the reduction, whose first part is the value. For pl_blocks_run_here(). */
void pl_map_reduce_here(size_t begin, size_t end, void *ctx);

/* By the tasks of maps; `merged` has all options. 0; or -1 with errno, as parallel_map_reduce(). */
int pl_map_reduce_tasks(pl_map_reduction *r, void *acc, const parallel_options *merged, const pl_request *request);

#endif
