/* SPDX-License-Identifier: MIT */
/* Reductions and folds. */
#include "api/executors.h"
#include "collections/reduce.h"

int parallel_reduce_function(const parallel_combine *op, const void *args, size_t n, void *acc,
                             const parallel_options *options)
{
    return pl_reduce(op, args, n, acc, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

int parallel_map_reduce_function(const parallel_function *f, const parallel_combine *op, const void *args, size_t n,
                                 void *acc, const parallel_options *options)
{
    return pl_map_reduce(f, op, args, n, acc, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

int parallel_loop_reduce_function(const parallel_loop_values *loop, const parallel_combine *op, ptrdiff_t begin,
                                  ptrdiff_t end, const void *captures, void *acc, const parallel_options *options)
{
    return pl_loop_reduce(loop, op, begin, end, captures, acc, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

int parallel_fold_function(const parallel_folding *fold, const void *args, size_t n, void *acc,
                           const parallel_options *options)
{
    return pl_fold(fold, args, n, acc, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}
