/* SPDX-License-Identifier: MIT */
/* The threads of a rank that run pieces of a call. */
#include "executors/mpi/runners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

const pl_services *pl_runners_services;

#define ANY_CPU (-1)

pl_run *pl_runners_new_run(void)
{
    return calloc(1, sizeof(pl_run));
}

void pl_runners_free_run(pl_run *run)
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
    run->whole = (pl_runners_failed){0, run->count, *f};
    run->failed = &run->whole;
    run->failures = 1;
    run->results = NULL;
}

/* One more failure of tasks [begin, begin + count). Without memory, the whole piece has failed for that. */
static void add_failed(pl_run *run, size_t begin, size_t count, const parallel_failure *f)
{
    if (!count || run->failed == &run->whole)
        return;
    pl_runners_failed *last = run->failed ? &run->failed[run->failures - 1] : NULL;
    if (last && f->state == PARALLEL_NOT_RUN && last->failure.state == f->state && last->failure.code == f->code &&
        last->begin + last->count == begin) {
        last->count += count;
        return;
    }
    if (!run->failed || (run->failures & (run->failures - 1)) == 0) {
        size_t room = run->failures ? 2 * run->failures : 1;
        pl_runners_failed *list = realloc(run->failed, pl_size_multiply(room, sizeof *list));
        if (!list) {
            fail_whole(run, &(parallel_failure){.state = PARALLEL_ERROR, .code = ENOMEM, .attempts = 1});
            return;
        }
        run->failed = list;
    }
    run->failed[run->failures++] = (pl_runners_failed){begin, count, *f};
}

void pl_runners_fail(pl_run *run, parallel_state state, int code, const char *message)
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
        pl_runners_fail(run, code == ECANCELED || code == ETIMEDOUT ? PARALLEL_NOT_RUN : PARALLEL_ERROR, code, NULL);
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

/* ---- a thread ---------------------------------------------------------------------------------------------- */

/* Makes the piece's call known, so that it can be stopped. Why it is not to be made; 0: it is. */
static int enter_run(pl_runners *r, unsigned number, pl_run *run)
{
    pthread_mutex_lock(&r->mutex);
    int why = r->why;
    r->running[number] = why ? NULL : run->executor;
    pthread_mutex_unlock(&r->mutex);
    return why;
}

static void leave_run(pl_runners *r, unsigned number)
{
    pthread_mutex_lock(&r->mutex);
    r->running[number] = NULL;
    pthread_mutex_unlock(&r->mutex);
}

static void perform_run(pl_runners *r, unsigned number, pl_run *run)
{
    parallel_options options = run->options;
    uint64_t before = pl_runners_services->nanoseconds();
    if (run->deadline)
        options.call_timeout = run->deadline > before ? (double)(run->deadline - before) * 1e-9 : 1e-9;
    options.deferred = true;
    run->executor = parallel_async_map_function(&run->function, run->args, run->count, &options);
    if (!run->executor) {
        pl_runners_fail(run, PARALLEL_ERROR, errno, NULL);
        return;
    }
    int why = enter_run(r, number, run);
    if (why) {
        pl_runners_fail(run, PARALLEL_NOT_RUN, why, NULL);
        return;
    }
    parallel_executor_start(run->executor);
    parallel_results *results = parallel_executor_results(run->executor);
    int code = errno;
    leave_run(r, number);
    run->took_ns = pl_runners_services->nanoseconds() - before;
    if (results)
        take_results(run, results);
    else
        take_failure(run, code);
}

/* The next piece; NULL: there is none any more. With the mutex held. */
static pl_run *take_run(pl_runners *r)
{
    while (!r->first && !r->end)
        pthread_cond_wait(&r->changed, &r->mutex);
    pl_run *run = r->first;
    if (run)
        r->first = run->next;
    return run;
}

static void *run_pieces(void *runners)
{
    pl_runners *r = runners;
    pthread_mutex_lock(&r->mutex);
    unsigned number = r->started++;
    for (pl_run *run; (run = take_run(r));) {
        int why = r->why;
        pthread_mutex_unlock(&r->mutex);
        if (why)
            pl_runners_fail(run, PARALLEL_NOT_RUN, why, NULL);
        else
            perform_run(r, number, run);
        r->ended(run, r->data);
        pthread_mutex_lock(&r->mutex);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

/* ---- all of them ------------------------------------------------------------------------------------------- */

parallel_executor_kind pl_runners_executor(parallel_isolation isolation, int max_workers, unsigned threads)
{
    if (isolation == PARALLEL_PERSISTENT)
        return PARALLEL_PROCESS;
    return max_workers == 1 || threads < 2 ? PARALLEL_SERIAL : PARALLEL_THREAD;
}

unsigned pl_runners_wanted(int max_workers, unsigned threads)
{
    return max_workers > 0 || threads < 2 ? 1 : PL_RUNNERS_MOST;
}

bool pl_runners_begin(pl_runners *r, unsigned count, void (*ended)(pl_run *run, void *data), void *data)
{
    *r = (pl_runners){.ended = ended, .data = data};
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->changed, NULL);
    pl_os_thread_attributes as_usual = {0};
    while (r->count < count && pl_runners_services->thread(&r->threads[r->count], run_pieces, r, ANY_CPU, &as_usual))
        r->count++;
    if (r->count)
        return true;
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->mutex);
    return false;
}

void pl_runners_add(pl_runners *r, pl_run *run)
{
    run->next = NULL;
    pthread_mutex_lock(&r->mutex);
    if (r->first)
        r->last->next = run;
    else
        r->first = run;
    r->last = run;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

void pl_runners_stop(pl_runners *r, int why, pl_runners_stops what)
{
    pthread_mutex_lock(&r->mutex);
    r->why = r->why ? r->why : why;
    r->stop_all |= what == PL_RUNNERS_STOP_ALL;
    for (unsigned i = 0; r->stop_all && i < r->count; i++)
        parallel_cancel(r->running[i]);
    pthread_mutex_unlock(&r->mutex);
}

void pl_runners_end(pl_runners *r)
{
    pthread_mutex_lock(&r->mutex);
    r->end = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
    for (unsigned i = 0; i < r->count; i++)
        pthread_join(r->threads[i], NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->mutex);
}
