/* SPDX-License-Identifier: MIT */
/* How many items a predicate holds of: each participant of a loop over all items counts for itself. */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>

#include "base/unwind.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/plain.h"
#include "collections/search.h"
#include "sched/inline.h"

/* A count that is under way. */
typedef struct counting {
    const parallel_function *f;
    const unsigned char *args;
    size_t *counts; /* each participant's */
} counting;

static size_t count_items(const counting *c, size_t begin, size_t end)
{
    alignas(PL_LINE) unsigned char bytes[PL_SEARCH_BUFFER];
    size_t count = 0;
    if (c->f->fused)
        return pl_search_count_fused(c->f, c->args, begin, end);
    for (size_t to; begin < end; begin = to) {
        to = end - begin < sizeof bytes ? end : begin + sizeof bytes;
        pl_search_ask(c->f, c->args, begin, to, bytes);
        count += pl_search_count_bytes(bytes, to - begin);
    }
    return count;
}

static void count_chunk(size_t begin, size_t end, void *ctx)
{
    const counting *c = ctx;
    c->counts[pl_context_thread.context->participant] += count_items(c, begin, end);
}

/* Runs the loop, with options, which are merged, or in a task, which may be to give up. 0; or -1 with errno, and a
 * failure of an item. */
static int run_with(const pl_body *loop, size_t n, pl_cost *cost, const parallel_options *options,
                    const pl_request *request)
{
    const counting *c = loop->ctx;
    int result = pl_call_run_loop(loop, n, (parallel_cost *)cost, (uintptr_t)cost, options, request);
    parallel_failure *last = result != 0 ? pl_failure_last() : NULL;
    if (last)
        last->arg = c->args + last->index * c->f->arg_size;
    return result;
}

/* Counts with help. */
PL_NOT_INLINED static ptrdiff_t count_shared(const parallel_function *f, const void *args, size_t n,
                                             const parallel_options *options, const pl_request *request)
{
    size_t counts[PL_SLEEP_MAX], count = 0, limit = parallel_worker_limit(options);
    counting c = {.f = f, .args = args, .counts = counts};
    pl_body loop = {count_chunk, &c, pl_context_thread.context};
    pl_cost *cost = f->cost ? (pl_cost *)f->cost : pl_cost_of((uintptr_t)f->kernel);
    for (size_t k = 0; k < limit; k++)
        counts[k] = 0;
    bool is_plain = !options && !loop.parent;
    if ((is_plain ? pl_plain_loop(&loop, n, cost) : run_with(&loop, n, cost, options, request)) != 0)
        return -1;
    for (size_t k = 0; k < limit; k++)
        count += counts[k];
    return (ptrdiff_t)count;
}

PL_NOT_INLINED static ptrdiff_t count_with(const parallel_function *f, const void *args, size_t n,
                                           const parallel_options *options, const pl_request *request)
{
    pl_search_means means;
    if (!pl_search_begin(&means, f, args, n, options, request))
        return -1;
    if (pl_search_needs_map(&means)) {
        pl_search_call call = {.f = &means.f, .args = args, .n = n};
        return pl_search_count_tasks(&call, &means.options, request);
    }
    return count_shared(&means.f, args, n, means.has_options ? &means.options : NULL, request);
}

static void count_here(size_t begin, size_t end, void *ctx)
{
    const counting *c = ctx;
    *c->counts = count_items(c, begin, end);
}

ptrdiff_t pl_search_count(const parallel_function *f, const void *args, size_t n, const parallel_options *options,
                          const pl_request *request)
{
    if (!pl_search_is_plain(f, args, options) || n == 0 || !pl_inline_fits((const pl_cost *)f->cost, n))
        return count_with(f, args, n, options, request);
    size_t count;
    counting c = {.f = f, .args = args, .counts = &count};
    pl_body loop = {count_here, &c, pl_context_thread.context};
    pl_plain_at_once(&loop, n, (const pl_cost *)f->cost, n);
    return (ptrdiff_t)count;
}
