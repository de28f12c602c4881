/* SPDX-License-Identifier: MIT */
/* Calls on the caller and the threads of a pool, and on the caller alone. */
#include "executors/threads.h"

#include "base/unwind.h"
#include "call/call_worker.h"
#include "executors/managed.h"
#include "executors/nested.h"
#include "sched/chunking.h"
#include "sched/pool.h"

/* Tasks in each chunk; 0: what is best. */
static size_t grain_of(const pl_call *c, unsigned workers)
{
    size_t n = c->work.n;
    if (!c->work.kind->is_split || c->options.grain || n == 0)
        return c->options.grain;
    return pl_chunking_even(n, workers ? workers : pl_pool_cores());
}

static void leave_pool(void *attachment)
{
    if (((pl_attachment *)attachment)->pool)
        pl_pool_detach(attachment);
}

/* A simple call of which some tasks have been run already. */
typedef struct rest {
    pl_loop_body *body;
    void *ctx;
    size_t first;
} rest;

static int run_part_of_rest(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    const rest *r = ctx;
    return r->body(r->ctx, r->first + begin, r->first + end, stop, participant);
}

static void run_simply(pl_call *c, pl_loop_spec *spec)
{
    rest r = {.first = c->first};
    spec->body = c->work.kind->chunks(&c->work, &spec->ctx, &spec->ctx_size);
    if (c->first) {
        r.body = spec->body;
        r.ctx = spec->ctx;
        spec->body = run_part_of_rest;
        spec->ctx = &r;
        spec->ctx_size = 0;
    }
    pl_loop_run(spec);
}

/* By at most so many workers; 0: as many as the pool has. */
PL_NOT_INLINED static void run_by(pl_call *c, unsigned workers)
{
    pl_call_way way = c->has_policy && !pl_call_worker_piece_class(c) ? PL_CALL_UNDER_POLICY : PL_CALL_SIMPLE;
    pl_loop_spec spec = {.n = c->work.n - c->first, .workers = workers, .cost = pl_call_cost(c, way)};
    pl_attachment attachment = {.pool = NULL};
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_cleanup_begin(&cleanup, leave_pool, &attachment);
    if (c->pool)
        pl_pool_attach(&attachment, c->pool);
    spec.grain = grain_of(c, workers);
    if (c->work.kind->run_all) {
        c->work.kind->run_all(c, &spec);
    } else if (c->has_policy) {
        pl_managed_run(c, &spec);
    } else if (c->maker) {
        pl_nested_run(c, &spec);
    } else {
        run_simply(c, &spec);
    }
    pl_cleanup_end(&cleanup);
    leave_pool(&attachment);
}

static void run_on_threads(pl_call *c, void *out)
{
    (void)out;
    run_by(c, (unsigned)c->options.max_workers);
}

static void run_serially(pl_call *c, void *out)
{
    (void)out;
    run_by(c, 1);
}

const pl_executor pl_threads_executor = {.name = "threads", .run = run_on_threads};
const pl_executor pl_threads_serial_executor = {.name = "serial", .is_here = true, .run = run_serially};
