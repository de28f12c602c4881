/* SPDX-License-Identifier: MIT */
/* A piece that is run. */
#include "executors/mpi/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

const pl_services *pl_run_services;

pl_run *pl_run_new(void)
{
    return calloc(1, sizeof(pl_run));
}

void pl_run_free(pl_run *run)
{
    parallel_executor_free(run->executor);
    if (run->failed != &run->whole)
        free(run->failed);
    free(run->message);
    free(run);
}

/* ---- what became of it ------------------------------------------------------------------------------------- */

/* The whole piece has failed, whatever is known of its tasks. */
static void fail_whole(pl_run *run, const parallel_failure *f)
{
    if (run->failed != &run->whole)
        free(run->failed);
    run->whole = (pl_run_failed){0, run->count, *f};
    run->failed = &run->whole;
    run->failures = 1;
    run->results = NULL;
}

/* One more failure of tasks [begin, begin + count). Without memory, the whole piece has failed for that. */
static void add_failed(pl_run *run, size_t begin, size_t count, const parallel_failure *f)
{
    if (!count || run->failed == &run->whole)
        return;
    pl_run_failed *last = run->failed ? &run->failed[run->failures - 1] : NULL;
    if (last && f->state == PARALLEL_NOT_RUN && last->failure.state == f->state && last->failure.code == f->code &&
        last->begin + last->count == begin) {
        last->count += count;
        return;
    }
    if (!run->failed || (run->failures & (run->failures - 1)) == 0) {
        size_t room = run->failures ? 2 * run->failures : 1;
        pl_run_failed *list = realloc(run->failed, pl_size_multiply(room, sizeof *list));
        if (!list) {
            fail_whole(run, &(parallel_failure){.state = PARALLEL_ERROR, .code = ENOMEM, .attempts = 1});
            return;
        }
        run->failed = list;
    }
    run->failed[run->failures++] = (pl_run_failed){begin, count, *f};
}

void pl_run_fail(pl_run *run, parallel_state state, int code, const char *message)
{
    parallel_failure f = {.state = state, .code = code, .attempts = state == PARALLEL_NOT_RUN ? 0 : 1};
    free(run->message);
    run->message = message ? strdup(message) : NULL;
    f.message = run->message;
    fail_whole(run, &f);
}

/* A call that keeps all outcomes has ended. */
static void take_results(pl_run *run, const parallel_results *r)
{
    const parallel_failure *f;
    run->results = parallel_values(r);
    for (size_t k = 0; (f = parallel_failed(r, k)); k++)
        add_failed(run, f->index, 1, f);
}

/* A call has failed: with the task that did, or as a whole. */
static void take_failure(pl_run *run, int code)
{
    const parallel_failure *last = parallel_last_failure();
    if (!last) {
        pl_run_fail(run, code == ECANCELED || code == ETIMEDOUT ? PARALLEL_NOT_RUN : PARALLEL_ERROR, code, NULL);
        return;
    }
    parallel_failure f = *last, rest = {.state = PARALLEL_NOT_RUN, .code = ECANCELED};
    size_t at = f.index, count = run->function.splits ? run->count - at : 1;
    run->message = f.message ? strdup(f.message) : NULL;
    f.message = run->message;
    add_failed(run, 0, at, &rest);
    add_failed(run, at, count, &f);
    add_failed(run, at + count, run->count - at - count, &rest);
}

/* ---- running it --------------------------------------------------------------------------------------------- */

bool pl_run_prepare(pl_run *run)
{
    parallel_options options = run->options;
    run->began = pl_run_services->nanoseconds();
    if (run->deadline)
        options.call_timeout = run->deadline > run->began ? (double)(run->deadline - run->began) * 1e-9 : 1e-9;
    options.deferred = true;
    run->executor = parallel_async_map_function(&run->function, run->args, run->count, &options);
    if (!run->executor)
        pl_run_fail(run, PARALLEL_ERROR, errno, NULL);
    return run->executor;
}

void pl_run_perform(pl_run *run)
{
    parallel_executor_start(run->executor);
    parallel_results *results = parallel_executor_results(run->executor);
    int code = errno;
    run->took_ns = pl_run_services->nanoseconds() - run->began;
    if (results)
        take_results(run, results);
    else
        take_failure(run, code);
}

void pl_run_cancel(const pl_run *run)
{
    parallel_cancel(run->executor);
}
