/* SPDX-License-Identifier: MIT */
/* The threads of a rank that run pieces of a call. */
#include "executors/mpi/runners.h"

#define ANY_CPU (-1)

/* ---- a thread ---------------------------------------------------------------------------------------------- */

/* Makes the piece's call known, so that it can be stopped. Why it is not to be made; 0: it is. */
static int enter_run(pl_runners *r, unsigned number, pl_run *run)
{
    pthread_mutex_lock(&r->mutex);
    int why = r->why;
    r->running[number] = why ? NULL : run;
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
    if (!pl_run_prepare(run))
        return;
    int why = enter_run(r, number, run);
    if (why) {
        pl_run_fail(run, PARALLEL_NOT_RUN, why, NULL);
        return;
    }
    pl_run_perform(run);
    leave_run(r, number);
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
            pl_run_fail(run, PARALLEL_NOT_RUN, why, NULL);
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
    while (r->count < count && pl_run_services->thread(&r->threads[r->count], run_pieces, r, ANY_CPU, &as_usual))
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
        if (r->running[i])
            pl_run_cancel(r->running[i]);
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
