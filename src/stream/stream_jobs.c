/* SPDX-License-Identifier: MIT */
/* Who runs the items of a parallel_stream; stream_ends.h says how. */
#include <stddef.h>

#include "base/os.h"
#include "call/failure.h"
#include "sched/pool.h"
#include "stream/stream_apart.h"
#include "stream/stream_ends.h"

/* ---- seats ----------------------------------------------------------------------------------------------- */

static uint32_t count_busy(const parallel_stream *s)
{
    /* U1 seq_cst: p2; pairs with U2 */
    return atomic_load_explicit((_Atomic uint32_t *)&s->busy, memory_order_seq_cst);
}

/* With the mutex held. */
static void set_busy(parallel_stream *s, uint32_t count)
{
    /* U2 seq_cst: j1, before j2 in S; pairs with U1 */
    atomic_store_explicit(&s->busy, count, memory_order_seq_cst);
}

/* Takes a free seat; NULL if there is none. With the mutex held. */
static pl_stream_seat *take_seat(parallel_stream *s)
{
    for (unsigned i = 0; i < s->stream.workers; i++) {
        if (!s->seats[i].is_busy) {
            s->seats[i].is_busy = true;
            set_busy(s, count_busy(s) + 1);
            return &s->seats[i];
        }
    }
    return NULL;
}

/* A seat that is counted as busy no more is free. With the mutex held. */
static void clear_seat(parallel_stream *s, pl_stream_seat *seat)
{
    seat->is_busy = seat->is_submitted = false;
    if (count_busy(s) == 0)
        pthread_cond_broadcast(&s->rested);
}

/* With the mutex held. */
static void free_seat(parallel_stream *s, pl_stream_seat *seat)
{
    set_busy(s, count_busy(s) - 1);
    clear_seat(s, seat);
}

/* Takes a job back that nobody has come for, with its seat; NULL if there is none. With the mutex held. */
static pl_stream_seat *take_back_seat(parallel_stream *s)
{
    for (unsigned i = 0; i < s->stream.workers; i++) {
        pl_stream_seat *seat = &s->seats[i];
        if (seat->is_submitted && pl_injector_withdraw(&seat->job)) {
            seat->is_submitted = false;
            return seat;
        }
    }
    return NULL;
}

/* ---- items ----------------------------------------------------------------------------------------------- */

/* Runs some of the items that wait. False if none does. */
static bool run_items(parallel_stream *ends, pl_context *context, unsigned most)
{
    pl_stream *s = &ends->stream;
    pl_ring_range range;
    if (!pl_ring_claim(&s->ring, most, &range))
        return false;
    pl_stream_look(s);
    uint64_t start = pl_ticks(), first = ((const pl_stream_slot *)range.slot[0])->number;
    bool have_run = pl_stream_apart_runs(s, context, range.slot, range.count);
    for (unsigned i = 0; i < range.count; i++) {
        pl_stream_slot *slot = range.slot[i];
        if (!have_run)
            pl_stream_run(s, context, slot);
        bool failed = slot->failed; /* once it has ended, it is another's */
        if (pl_ring_end(&s->ring, &range, i) || failed)
            pl_stream_ends_tell(ends);
    }
    uint64_t now = pl_ticks();
    pl_stream_learn(s, now - start, range.count);
    if (ends->traced.number)
        pl_trace_run(ends->traced.number, start, now, first, first + range.count, 1);
    return true;
}

/* A job has found nothing. True if there is something after all; else its seat is free. */
static bool stays_seated(parallel_stream *s, pl_stream_seat *seat)
{
    pthread_mutex_lock(&s->seating);
    set_busy(s, count_busy(s) - 1);
    bool stays = pl_ring_has_waiting(&s->stream.ring);
    if (stays) {
        set_busy(s, count_busy(s) + 1);
    } else { /* it is not to be counted as busy again, not for a moment: who puts an item meanwhile counts on it */
        pl_injector_end(seat->job.pool);
        clear_seat(s, seat);
    }
    pthread_mutex_unlock(&s->seating);
    return stays;
}

/* What a thread of the pool does with a job: nothing of the stream is to be touched afterwards. */
static void run_job(pl_job *job)
{
    pl_stream_seat *seat = (pl_stream_seat *)(void *)((unsigned char *)job - offsetof(pl_stream_seat, job));
    parallel_stream *s = seat->stream;
    pl_put_aside aside;
    pl_os_ambient before;
    pl_context context;
    pl_worker *w = pl_worker_known();
    do {
        const pl_os_mask *mask = w ? pl_worker_set_mask(w, &s->mask) : NULL;
        pl_os_ambient_enter(&s->ambient, &before);
        pl_failure_put_aside(&aside);
        pl_stream_enter(&s->stream, &context, (unsigned)(seat - s->seats));
        while (run_items(s, &context, pl_stream_range(&s->stream))) {
        }
        pl_context_end(&context);
        pl_failure_put_back(&aside);
        pl_os_ambient_leave(&before);
        if (w)
            pl_worker_set_mask(w, mask);
    } while (stays_seated(s, seat));
}

void pl_stream_jobs_call(parallel_stream *s)
{
    if (!s->pool || !pl_stream_jobs_have_seat(s))
        return;
    pthread_mutex_lock(&s->seating);
    pl_stream_seat *seat = take_seat(s);
    if (seat) {
        seat->is_submitted = true;
        seat->job = (pl_job){.run = run_job, .pool = s->pool};
        pl_injector_submit(&seat->job);
    }
    pthread_mutex_unlock(&s->seating);
}

bool pl_stream_jobs_have_seat(const parallel_stream *s)
{
    return count_busy(s) < s->stream.workers;
}

bool pl_stream_jobs_run_one(parallel_stream *s)
{
    pl_context context;
    if (!pl_ring_has_waiting(&s->stream.ring))
        return false;
    pthread_mutex_lock(&s->seating);
    pl_stream_seat *seat = take_seat(s);
    if (!seat)
        seat = take_back_seat(s);
    pthread_mutex_unlock(&s->seating);
    if (!seat)
        return false;
    pl_stream_enter(&s->stream, &context, (unsigned)(seat - s->seats));
    context.parent = context.outer; /* who waits for it, if that is a task */
    bool any = run_items(s, &context, 1);
    pl_context_end(&context);
    pthread_mutex_lock(&s->seating);
    free_seat(s, seat);
    pthread_mutex_unlock(&s->seating);
    if (pl_ring_has_waiting(&s->stream.ring)) { /* put where there was no seat */
        pl_stream_jobs_call(s);
        pl_stream_ends_tell(s);
    }
    return any;
}

bool pl_stream_jobs_lack_threads(parallel_stream *s)
{
    pthread_mutex_lock(&s->seating);
    for (unsigned i = 0; i < s->stream.workers; i++)
        if (s->seats[i].is_submitted)
            pl_injector_remind(&s->seats[i].job);
    pthread_mutex_unlock(&s->seating);
    return !s->pool || pl_pool_threads(s->pool) == 0;
}

/* ---- the time limit -------------------------------------------------------------------------------------- */

/* What a thread of the pool does when call_timeout is over. */
static void run_timer(pl_job *job)
{
    parallel_stream *s = (parallel_stream *)(void *)((unsigned char *)job - offsetof(parallel_stream, timer));
    pl_stream_look(&s->stream);
    pl_stream_ends_tell(s);
    pthread_mutex_lock(&s->seating);
    pl_injector_end(job->pool);
    s->has_timer = false;
    pthread_cond_broadcast(&s->rested);
    pthread_mutex_unlock(&s->seating);
}

void pl_stream_jobs_start_timer(parallel_stream *s)
{
    uint64_t deadline = s->stream.policy.deadline;
    if (!deadline)
        return;
    pthread_mutex_lock(&s->seating);
    s->timer_pool = s->pool ? s->pool : pl_pool_hold_here();
    s->has_timer = s->timer_pool != NULL;
    s->timer = (pl_job){.run = run_timer, .pool = s->timer_pool, .not_before = deadline + 1};
    if (s->has_timer)
        pl_injector_submit(&s->timer);
    pthread_mutex_unlock(&s->seating);
}

/* ---- the end --------------------------------------------------------------------------------------------- */

void pl_stream_jobs_end(parallel_stream *s)
{
    pl_stream_seat *seat;
    pthread_mutex_lock(&s->seating);
    while ((seat = take_back_seat(s)))
        free_seat(s, seat);
    if (s->has_timer && pl_injector_withdraw(&s->timer))
        s->has_timer = false;
    while (count_busy(s) > 0 || s->has_timer)
        pl_os_cond_wait(&s->rested, &s->seating, UINT64_MAX);
    pthread_mutex_unlock(&s->seating);
    if (s->timer_pool && s->timer_pool != s->pool)
        pl_pool_let_go(s->timer_pool);
}
