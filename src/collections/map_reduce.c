/* SPDX-License-Identifier: MIT */
/* Maps whose results are reduced, and not kept: by blocks or as tasks (map_reduce.h). */
#include "collections/map_reduce.h"
#include "collections/words.h"

#include <errno.h>
#include <stdint.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"

/* Whether tasks are to be those of a map. */
static bool needs_map(const parallel_function *f, const parallel_options *o)
{
    return pl_function_can_fail(f) || o->timeout > 0 || o->call_timeout > 0 || o->retries > 0 || o->names ||
           o->extras || pl_options_is_elsewhere(o->executor);
}

PL_NOT_INLINED static int map_reduce_with(const parallel_function *f, const parallel_combine *op, const void *args,
                                          size_t n, void *acc, const parallel_options *options,
                                          const pl_request *request)
{
    parallel_function function;
    parallel_combine own;
    parallel_options merged;
    pl_failure_clear_last();
    if (!pl_function_take(&function, f) || !pl_reduce_take(&own, op, args, n, acc))
        return -1;
    if (function.result_size != own.type_size)
        return pl_error_refuse(EINVAL, "the function gives %zu bytes, and the operator takes %zu", function.result_size,
                               own.type_size);
    if (pl_size_multiply(n, function.arg_size) == PL_SIZE_NONE || pl_size_multiply(n, own.type_size) == PL_SIZE_NONE)
        return pl_error_return(ENOMEM);
    bool has_options = options || function.options;
    if (!pl_options_merge(&merged, options, function.options, request))
        return -1;
    pl_map_reduction r = pl_map_reduce_prepare(&function, &own, args, n);
    bool is_map = needs_map(&function, &merged);
    if (n == 0)
        return is_map ? pl_map_reduce_tasks(&r, acc, &merged, request)
                      : pl_blocks_check(options, function.options, request);
    if (is_map || own.type_size > PL_MAP_REDUCE_BUFFER || own.type_align > PL_LINE)
        return pl_map_reduce_tasks(&r, acc, &merged, request);
    pl_map_reduce_fit_blocks(&r);
    return pl_blocks_run(&r.work, acc, pl_map_reduce_cost(&r), has_options ? &merged : NULL, NULL, request);
}

/* Whether the value is one of the items: these count as they were before the call. */
static bool is_item(const void *acc, const void *args, size_t n, size_t arg_size)
{
    return (uintptr_t)acc - (uintptr_t)args < n * arg_size;
}

/* A short one of a function that comes with a kernel which combines its results as they come. */
typedef struct short_reduction {
    const parallel_function *f;
    const void *args;
    size_t n;
    int word;
    void *acc;
} short_reduction;

static void reduce_fused_here(size_t begin, size_t end, void *ctx)
{
    const short_reduction *r = ctx;
    (void)begin;
    (void)end;
    r->f->fused(r->acc, r->args, r->n, r->word);
}

int pl_map_reduce(const parallel_function *f, const parallel_combine *op, const void *args, size_t n, void *acc,
                  const parallel_options *options, const pl_request *request)
{
    bool is_plain = !options && f && f->size == sizeof *f && f->kernel && !f->can_fail && !f->options && op &&
                    op->size == sizeof *op && op->fold && op->type_size && op->type_size == f->result_size &&
                    op->type_size <= PL_MAP_REDUCE_BUFFER && op->type_align <= PL_LINE && f->arg_size && args && acc &&
                    n;
    if (!is_plain)
        return map_reduce_with(f, op, args, n, acc, options, request);
    pl_cost *cost = pl_map_reduce_cost_of((uintptr_t)f->kernel, op);
    if (!pl_blocks_fit_here(cost, n) || is_item(acc, args, n, f->arg_size))
        return map_reduce_with(f, op, args, n, acc, options, request);
    if (pl_words_are_fused(op, f)) {
        short_reduction s = {f, args, n, pl_words_index(op), acc};
        return pl_blocks_run_here(reduce_fused_here, &s, cost, n);
    }
    pl_map_reduction r = pl_map_reduce_prepare(f, op, args, n);
    pl_map_reduce_fit_blocks(&r);
    r.work.parts = acc;
    return pl_blocks_run_here(pl_map_reduce_here, &r, cost, n);
}
