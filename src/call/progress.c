/* SPDX-License-Identifier: MIT */
/* Progress of a call. */
#include "call/progress.h"

#include "base/unwind.h"

_Thread_local pl_progress_facts *pl_progress_now;

void pl_progress_begin(pl_progress *p, void (*callback)(size_t, size_t, void *), void *data, size_t total, uint64_t now)
{
    *p = (pl_progress){
        .callback = callback, .data = data, .total = total, .mutex = PTHREAD_MUTEX_INITIALIZER, .reported = now};
    p->facts.started = now;
}

/* Calls the callback. With the mutex held, which it lets go meanwhile. */
static void call_back(pl_progress *p)
{
    size_t done = p->done, total = p->total;
    p->reporting = true;
    p->facts.failures = p->failed;
    pthread_mutex_unlock(&p->mutex);
    PL_UNWIND_BARRIER();
    pl_progress_facts *outer = pl_progress_now;
    pl_progress_now = &p->facts;
    p->callback(done, total, p->data);
    pl_progress_now = outer;
    pthread_mutex_lock(&p->mutex);
    p->reporting = false;
    p->reported = pl_os_nanoseconds();
}

void pl_progress_extend(pl_progress *p, size_t more)
{
    pthread_mutex_lock(&p->mutex);
    p->total += more;
    pthread_mutex_unlock(&p->mutex);
}

void pl_progress_add(pl_progress *p, size_t done, size_t failed)
{
    pthread_mutex_lock(&p->mutex);
    p->done += done;
    p->failed += failed;
    bool goes_on = p->done < p->total || p->total == 0; /* how many there will be is not known */
    if (!p->reporting && goes_on && pl_os_nanoseconds() - p->reported > PL_PROGRESS_NS)
        call_back(p);
    pthread_mutex_unlock(&p->mutex);
}

void pl_progress_end(pl_progress *p)
{
    pthread_mutex_lock(&p->mutex);
    p->facts.ended = true;
    call_back(p);
    pthread_mutex_unlock(&p->mutex);
}
