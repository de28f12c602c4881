/* SPDX-License-Identifier: MIT */
/* The vector of results that a call fills in. */
#ifndef PL_CALL_RESULTS_H
#define PL_CALL_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "call/failures.h"
#include "call/memory.h"
#include "call/names.h"

/* What is in their memory at first: whatever was there, or zeros. An executor's own memory (memory.h) is never
 * zeroed. */
typedef enum pl_results_fill { PL_RESULTS_ANY, PL_RESULTS_ZEROED } pl_results_fill;

/* malloc() for what is aligned to `alignment`, a power of two, or to no more than anything else is, if that is 0. */
void *pl_results_allocate(size_t bytes, size_t alignment);

/* Room for n results of a function, aligned to `alignment`, and to a cache line at least; in `memory`, or the
 * program's own, if that is NULL. NULL with errno ENOMEM. */
parallel_results *pl_results_new(size_t n, size_t size, size_t alignment, pl_results_fill fill,
                                 const pl_memory *memory);
void *pl_results_vector(parallel_results *results);

/* Only the first n values, of 0 or more that are aligned so, are results of a call on the program's own memory. The
 * rest of that is given back, unless it is little, or not of malloc(). Returns where they are now. */
parallel_results *pl_results_shrink(parallel_results *results, size_t n, size_t alignment);

/* Which values there are has nothing to do with which tasks have failed: those are known by other indices. */
void pl_results_set_apart(parallel_results *results);

/* Room for the results of futures; and where that of one goes, NULL if its function has none. */
parallel_results *pl_results_of_futures(const parallel_future *futures, size_t n, pl_results_fill fill,
                                        const pl_memory *memory);
void *pl_results_place(const parallel_results *results, size_t i);

/* Frees them, as a pl_cleanup wants it. */
void pl_results_drop(void *results);

/* A parallel_executor's results are its own to free: parallel_results_free() leaves them alone, until it lets them
 * go. */
void pl_results_keep(parallel_results *results);
void pl_results_let_go(parallel_results *results);

/* Gives the results what they own from now on: the list of failures, and the table of names. */
void pl_results_finish(parallel_results *results, pl_failures *failures, const pl_names *names);

#endif
