/* SPDX-License-Identifier: MIT */
/*
 * Filters and partitions.
 *
 * A predicate is a map's function with results of type bool: its kernel gives flags, piece by piece, into memory that
 * stays in the first cache; they are made bits, which choose items to be packed (base/pack.h).
 *
 * A filter's blocks are links of a chain (chained.h). To *make* one is to get its bits, which stay in its slot of the
 * window; to *pass* it, to add up how many items are kept; and to *finish* it, to pack them to where they go. Where
 * that is where the items are, they are packed within their block, and moved when the block is passed: for what is
 * written over must have been moved away.
 *
 * What can fail, has a timeout, is tried again, or runs in other processes is run as tasks of maps (filter_tasks.c).
 */
#ifndef PL_COLLECTIONS_FILTER_H
#define PL_COLLECTIONS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libparallel/filter.h>

#include "call/options.h"
#include "collections/blocks.h"
#include "sched/cost.h"

parallel_results *pl_filter(const parallel_function *f, const void *args, size_t n, const parallel_options *options,
                            const pl_request *request);

int pl_filter_into(const parallel_function *f, const void *args, size_t n, void *out, size_t *kept,
                   const parallel_options *options, const pl_request *request);

int pl_partition_into(const parallel_function *f, const void *args, size_t n, void *out, size_t *kept,
                      const parallel_options *options, const pl_request *request);

/* ---- between filter.c, filter_tasks.c and partition.c ---------------------------------------------------- */

enum { PL_FILTER_PIECE = 4096 /* flags that are got at once */ };

/* A predicate, and the items that it is asked about. */
typedef struct pl_filter_call {
    parallel_function f;
    const unsigned char *args;
    size_t n;
    unsigned char *out;
    parallel_options merged;
    bool has_options; /* `merged` are some */
    bool is_map;      /* it is to be run as tasks */
} pl_filter_call;

/* Checks and copies what a call was given. False with errno. */
bool pl_filter_check(pl_filter_call *c, const parallel_function *f, const void *args, size_t n, void *out,
                     const parallel_options *options, const pl_request *request);

/* Whether two ranges of so many bytes overlap. */
bool pl_filter_overlap(const void *a, const void *b, size_t bytes);

/* The items in blocks: which these are, nothing depends on. */
pl_blocks pl_filter_blocks(const pl_filter_call *c, const pl_cost *cost);

/* Gets the bits of the items [begin, end), from the first bit on. Returns how many are set. */
size_t pl_filter_bits(const parallel_function *f, const unsigned char *args, size_t begin, size_t end, uint64_t *bits);

/* Where tasks run as those of maps. As the calls above. */
parallel_results *pl_filter_tasks(const pl_filter_call *c, const pl_request *request);
int pl_filter_tasks_into(const pl_filter_call *c, size_t *kept, const pl_request *request);
int pl_filter_tasks_apart(const pl_filter_call *c, size_t *kept, const pl_request *request);

#endif
