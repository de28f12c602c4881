/* SPDX-License-Identifier: MIT */
/* The end of a parallel_stream at which the program takes; stream_ends.h says how threads wait there. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/os.h"
#include "base/size.h"
#include "call/failure.h"
#include "sched/trace.h"
#include "stream/stream_ends.h"

/* How often a thread that waits reminds the pool of jobs that nobody has come for. */
#define REMIND_NS UINT64_C(100000000)

/* ---- taking ---------------------------------------------------------------------------------------------- */

/* What keeps this thread's item; NULL: there is no memory. With the mutex held. */
static pl_stream_taker *find_taker(parallel_stream *s)
{
    pl_stream_taker *t = s->takers;
    const void *thread = &pl_context_thread;
    while (t && t->thread != thread)
        t = t->next;
    if (t || !(t = calloc(1, sizeof *t)))
        return t;
    t->held = t->memory = pl_stream_new_slot(&s->stream);
    if (!t->held) {
        free(t);
        return NULL;
    }
    t->thread = thread;
    t->next = s->takers;
    s->takers = t;
    return t;
}

/* What came of a look for an item. */
typedef enum found { FOUND_ITEM, FOUND_NOTHING, FOUND_NO_MEMORY } found;

/* Takes the head, if it has ended. */
static found take_head(parallel_stream *s, parallel_item *item)
{
    pl_ring *ring = &s->stream.ring;
    if (!pl_ring_head(ring))
        return FOUND_NOTHING;
    pthread_mutex_lock(&s->taking);
    pl_stream_slot *slot = pl_ring_head(ring);
    pl_stream_taker *t = slot ? find_taker(s) : NULL;
    bool has_next = false;
    if (t) {
        pl_stream_drop(&s->stream, t->held);
        *item = pl_stream_item(&s->stream, slot);
        pl_ring_give(ring, t->held);
        t->held = slot;
        has_next = !pl_ring_leave_sink(ring); /* else who ends it tells those who wait */
    }
    pthread_mutex_unlock(&s->taking);
    if (!slot || !t)
        return slot ? FOUND_NO_MEMORY : FOUND_NOTHING;
    if (has_next || pl_ring_is_empty(ring)) /* who waits for the next, or for the end, is to look */
        pl_stream_ends_tell(s);
    else
        pl_stream_ends_flag(s);
    if (s->stream.policy.progress.callback)
        pl_progress_add(&s->stream.policy.progress, 1, item->failure != NULL);
    return FOUND_ITEM;
}

/* All has been given. */
static int return_end(parallel_stream *s)
{
    pl_context context;
    pthread_mutex_lock(&s->taking);
    bool tells = s->stream.policy.progress.callback && !s->has_told_end;
    s->has_told_end = true;
    pthread_mutex_unlock(&s->taking);
    if (tells) {
        pl_stream_enter(&s->stream, &context, 0);
        pl_progress_end(&s->stream.policy.progress);
        pl_context_end(&context);
    }
    return pl_stream_return(&s->stream);
}

/* ---- waiting --------------------------------------------------------------------------------------------- */

/* A thread that waits. */
typedef struct wait {
    uint64_t until; /* in pl_os_nanoseconds(); UINT64_MAX: as long as it takes */
    bool works;     /* it runs items meanwhile */
} wait;

/* w3: whether there may be something to do for it. */
static bool may_go_on(parallel_stream *s, const wait *w)
{
    const pl_ring *ring = &s->stream.ring;
    return pl_ring_head(ring) || (w->works && pl_ring_has_waiting(ring) && pl_stream_jobs_have_seat(s)) ||
           (pl_stream_limits(&s->stream) != PL_STREAM_ALL && pl_ring_has_waiting(ring)) ||
           (pl_stream_ends_closed(s) && pl_ring_is_empty(ring)) ||
           (pl_stream_limits(&s->stream) != PL_STREAM_NONE && pl_policy_over(&s->stream.policy));
}

/* Sleeps until there may be, or for a while. */
static void sleep_awhile(parallel_stream *s, wait *w)
{
    uint64_t deadline = s->stream.policy.deadline, now = pl_os_nanoseconds(), wake = now + REMIND_NS;
    wake = w->until < wake ? w->until : wake;
    wake = deadline > now && deadline < wake ? deadline + 1 : wake;
    int state = pl_os_cancel_defer();
    /* U3 seq_cst: w1, before w2 and w3 in S; pairs with U4, U11 */
    atomic_fetch_add_explicit(&s->waiting, 1, memory_order_seq_cst);
    /* U5 seq_cst: w2, before w3 in S; pairs with U6 */
    uint32_t epoch = atomic_load_explicit(&s->epoch, memory_order_seq_cst);
    if (!may_go_on(s, w) && now < wake) {
        uint64_t start = pl_trace_is_on() ? pl_ticks() : 0;
        pl_os_wait_for(&s->epoch, epoch, wake - now);
        if (start)
            pl_trace_record(PL_TRACE_STALL, 0, start, pl_ticks(), 0, 0, 0);
    }
    /* U12 relaxed: who still counts this one wakes nobody; pairs with U4, U11 */
    atomic_fetch_sub_explicit(&s->waiting, 1, memory_order_relaxed);
    pl_os_cancel_restore(state);
    if (!w->works && pl_os_nanoseconds() - now >= REMIND_NS)
        w->works = pl_stream_jobs_lack_threads(s);
}

/* Until which time `seconds` last. */
static uint64_t time_after(double seconds)
{
    return seconds < 0 || seconds >= 1e9 ? UINT64_MAX : pl_os_nanoseconds() + (uint64_t)(seconds * 1e9);
}

int parallel_stream_next(parallel_stream *s, parallel_item *item, double seconds)
{
    pl_failure_clear_last();
    if (!pl_stream_ends_check(s))
        return -1;
    if (!item || isnan(seconds))
        return pl_error_refuse(EINVAL, item ? "seconds is NaN" : "the item is NULL");
    if (pl_stream_ends_is_inside(s))
        return pl_error_return(EDEADLK);
    wait w = {.until = seconds == 0 ? 0 : time_after(seconds), .works = seconds < 0 || s->is_serial || !s->pool};
    for (;;) {
        found f = take_head(s, item);
        if (f != FOUND_NOTHING)
            return f == FOUND_ITEM ? 1 : pl_error_return(ENOMEM);
        pl_stream_look(&s->stream);
        bool leaves_out = pl_stream_limits(&s->stream) != PL_STREAM_ALL;
        if (leaves_out && pl_stream_ends_leave_out(s))
            pl_stream_ends_tell(s);
        if (!leaves_out && w.works && pl_stream_jobs_run_one(s))
            continue;
        if (pl_stream_ends_finished(s))
            return return_end(s);
        if (pl_ring_head(&s->stream.ring))
            continue;
        if (w.until != UINT64_MAX && pl_os_nanoseconds() >= w.until) {
            if (leaves_out) /* a cancel has raised the flag, whatever there was to take */
                pl_stream_ends_flag(s);
            return pl_error_return(ETIMEDOUT);
        }
        sleep_awhile(s, &w);
    }
}
