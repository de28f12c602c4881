/* SPDX-License-Identifier: MIT */
/* Loops whose values are reduced (map_reduce.h). */
#include <errno.h>
#include <stdint.h>

#include "base/unwind.h"
#include "call/failure.h"
#include "collections/map_reduce.h"

static pl_map_reduction loop_reduction_of(const pl_map_reduction *loop, const parallel_combine *op, size_t n)
{
    pl_map_reduction r = pl_map_reduce_prepare(NULL, op, NULL, n);
    r.loop = loop->loop;
    r.captures = loop->captures;
    r.first = loop->first;
    pl_map_reduce_fit_blocks(&r);
    return r;
}

/* What a call is given. False with errno. */
static bool take_given(parallel_combine *to, const pl_map_reduction *loop, const parallel_combine *op, size_t n,
                       const void *acc)
{
    if (!loop->loop || !loop->loop->call)
        return pl_error_deny_part("the loop", loop->loop);
    if (!pl_reduce_take(to, op, acc, 0, acc))
        return false;
    if (loop->loop->result_size != to->type_size)
        return pl_error_deny(EINVAL, "the loop gives %zu bytes, and the operator takes %zu", loop->loop->result_size,
                             to->type_size);
    if (to->type_size > PL_MAP_REDUCE_BUFFER || to->type_align > PL_LINE)
        return pl_error_deny(EINVAL, "a value has more than %d bytes, or an alignment of more than %d",
                             (int)PL_MAP_REDUCE_BUFFER, (int)PL_LINE);
    return n <= PTRDIFF_MAX || pl_error_deny(EINVAL, "there are %zu iterations, more than PTRDIFF_MAX", n);
}

PL_NOT_INLINED static int loop_reduce_with(const pl_map_reduction *loop, const parallel_combine *op, size_t n,
                                           void *acc, const parallel_options *options, const pl_request *request)
{
    parallel_combine own;
    if (!take_given(&own, loop, op, n, acc))
        return -1;
    if (n == 0)
        return pl_blocks_check(options, NULL, request);
    pl_map_reduction r = loop_reduction_of(loop, &own, n);
    return pl_blocks_run(&r.work, acc, pl_map_reduce_cost(&r), options, NULL, request);
}

int pl_loop_reduce(const parallel_loop_values *values, const parallel_combine *op, ptrdiff_t begin, ptrdiff_t end,
                   const void *captures, void *acc, const parallel_options *options, const pl_request *request)
{
    size_t n = begin < end ? (size_t)end - (size_t)begin : 0;
    pl_map_reduction loop = {.loop = values, .captures = captures, .first = begin, .op = op};
    bool is_plain = !options && values && values->call && op && op->size == sizeof *op && op->fold && op->type_size &&
                    op->type_size == values->result_size && op->type_size <= PL_MAP_REDUCE_BUFFER &&
                    op->type_align <= PL_LINE && acc && n && n <= PTRDIFF_MAX;
    if (!is_plain || !pl_blocks_fit_here(pl_map_reduce_cost(&loop), n))
        return loop_reduce_with(&loop, op, n, acc, options, request);
    pl_map_reduction r = loop_reduction_of(&loop, op, n);
    r.work.parts = acc;
    return pl_blocks_run_here(pl_map_reduce_here, &r, pl_map_reduce_cost(&r), n);
}
