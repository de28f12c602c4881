/* SPDX-License-Identifier: MIT */
/* Calls on the caller and the threads of a pool, and on the caller alone. */
#include "executors/threads.h"

#include "base/unwind.h"
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

/* By at most so many workers; 0: as many as the pool has. */
PL_NOT_INLINED static void run_by(pl_call *c, unsigned workers)
{
    pl_call_way way = c->has_policy ? PL_CALL_UNDER_POLICY : PL_CALL_SIMPLE;
    pl_loop_spec spec = {.n = c->work.n, .workers = workers, .cost = pl_call_cost(c, way)};
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
        spec.body = c->work.kind->chunks(&c->work, &spec.ctx, &spec.ctx_size);
        pl_loop_run(&spec);
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
