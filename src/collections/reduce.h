/* SPDX-License-Identifier: MIT */
/* Reductions and folds: what the exported functions do, with the executors that there are. */
#ifndef PL_COLLECTIONS_REDUCE_H
#define PL_COLLECTIONS_REDUCE_H

#include <libparallel/reduce.h>

#include "call/options.h"
#include "collections/blocks.h"

int pl_reduce(const parallel_combine *op, const void *args, size_t n, void *acc, const parallel_options *options,
              const pl_request *request);

/* On blocks of parts that begin with all zero bytes. */
int pl_fold(const parallel_folding *fold, const void *args, size_t n, void *acc, const parallel_options *options,
            const pl_request *request);

int pl_map_reduce(const parallel_function *f, const parallel_combine *op, const void *args, size_t n, void *acc,
                  const parallel_options *options, const pl_request *request);

int pl_loop_reduce(const parallel_loop_values *values, const parallel_combine *op, ptrdiff_t begin, ptrdiff_t end,
                   const void *captures, void *acc, const parallel_options *options, const pl_request *request);

/* ---- between reduce.c and map_reduce.c ------------------------------------------------------------------- */

/* The operator as given, without members that an older or hand-filled one does not have. False if it cannot be
 * called. */
bool pl_reduce_copy(parallel_combine *to, const parallel_combine *from);

/* The same of what a call is given, which also wants n items, and a place for what they come to. False with errno. */
bool pl_reduce_take(parallel_combine *to, const parallel_combine *from, const void *args, size_t n, const void *acc);

/* Folds n items into *left, in one block. */
void pl_reduce_fold(const parallel_combine *op, void *left, const void *items, size_t n);

/* Puts n values after *left, one by one, also where a fold has lanes: those of blocks. */
void pl_reduce_fold_each(const parallel_combine *op, void *left, const void *values, size_t n);

/* *value becomes what n items, n > 0, come to, which are a block of their own. */
void pl_reduce_fold_block(const parallel_combine *op, void *value, const void *items, size_t n);

/* Folds the items of blocks [begin, end), one or more, into their parts: the first of all blocks goes on with what is
 * in its part, the others begin. */
void pl_reduce_fold_some(const parallel_combine *op, const pl_blocks *b, size_t begin, size_t end, unsigned char *parts,
                         const unsigned char *items);

#endif
