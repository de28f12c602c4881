/* SPDX-License-Identifier: MIT */
/* What the functions on a parallel_stream have in common: whether it is one, who is told of what happens, and its
 * descriptor; stream_ends.h says how. */
#include "stream/stream_ends.h"

#include <errno.h>

#include "base/os.h"
#include "call/failure.h"
#include "sched/pool.h"

bool pl_stream_ends_check(const parallel_stream *s)
{
    if (!s || s->kind != PL_STREAM)
        return pl_error_deny(EINVAL, s ? "that is no stream, or one that has been freed" : "the stream is NULL");
    return s->forks == pl_pool_forks() ||
           pl_error_deny(ECHILD, "the stream was opened in another process, which has forked this one");
}

bool pl_stream_ends_is_inside(const parallel_stream *s)
{
    for (const pl_context *context = pl_context_thread.context; context; context = context->parent)
        if (context->call == &s->stream)
            return true;
    return false;
}

/* ---- items that are left out ----------------------------------------------------------------------------- */

bool pl_stream_ends_leave_out(parallel_stream *s)
{
    pl_ring_range range;
    bool any = false;
    while (pl_ring_claim(&s->stream.ring, PL_RING_RANGE, &range)) {
        for (unsigned i = 0; i < range.count; i++) {
            pl_stream_leave_out(&s->stream, range.slot[i]);
            pl_ring_end(&s->stream.ring, &range, i);
        }
        any = true;
    }
    return any;
}

/* ---- telling --------------------------------------------------------------------------------------------- */

/* t2 and t3. Safe in a signal handler. */
static void tell_waiters(parallel_stream *s)
{
    /* U6 seq_cst: t2, after what is told of, and before t3 in S; pairs with U5 */
    atomic_fetch_add_explicit(&s->epoch, 1, memory_order_seq_cst);
    /* U4 seq_cst: t3; pairs with U3 */
    if (atomic_load_explicit(&s->waiting, memory_order_seq_cst) > 0)
        pl_os_wake_all(&s->epoch);
}

bool pl_stream_ends_closed(const parallel_stream *s)
{
    /* U7 seq_cst: part of a look (w3); pairs with U8 */
    return atomic_load_explicit((_Atomic bool *)&s->has_ended, memory_order_seq_cst) ||
           pl_stream_limits(&s->stream) != PL_STREAM_ALL;
}

bool pl_stream_ends_finished(parallel_stream *s)
{
    if (!pl_stream_ends_closed(s) || !pl_ring_is_empty(&s->stream.ring))
        return false;
    pthread_mutex_lock(&s->putting); /* who puts may have looked before it was closed */
    bool is_empty = pl_ring_is_empty(&s->stream.ring);
    pthread_mutex_unlock(&s->putting);
    return is_empty;
}

static bool has_flag(const parallel_stream *s)
{
    /* U9 seq_cst: the descriptor (acquire); and, after what is told of in S: who opens it looks later; pairs with
     * U10 */
    return atomic_load_explicit((_Atomic bool *)&s->has_flag, memory_order_seq_cst);
}

/* Whether the next item to be given is among those that wait: the head, or, if they are given as they end, any. */
static bool has_next_waiting(const pl_ring *ring)
{
    size_t taken = pl_ring_taken(ring);
    return pl_ring_put(ring) != taken && (ring->is_unordered || pl_ring_given(ring) == taken);
}

/* Whether the next item, or the end, would be given at once. */
static bool would_give(const parallel_stream *s)
{
    const pl_ring *ring = &s->stream.ring;
    if (pl_ring_head(ring))
        return true;
    if (s->is_serial && has_next_waiting(ring)) /* it is run then */
        return true;
    return pl_stream_ends_closed(s) && pl_ring_is_empty(ring);
}

/* Raises or lowers the flag. With the mutex held. Items that are not to be started end here, not in who takes them: a
 * job that has claimed one may be about to leave it out, and until then there is nothing to take. */
static void set_flag(parallel_stream *s)
{
    if (pl_stream_limits(&s->stream) != PL_STREAM_ALL && pl_stream_ends_leave_out(s))
        tell_waiters(s);
    bool raise = would_give(s), cancelled = pl_stop_level(&s->stream.policy.stop) != 0;
    if (raise && !s->is_raised)
        pl_os_flag_raise(&s->flag);
    else if (!raise && (s->is_raised || cancelled))
        pl_os_flag_lower(&s->flag);
    s->is_raised = raise;
}

void pl_stream_ends_flag(parallel_stream *s)
{
    if (!has_flag(s))
        return;
    pthread_mutex_lock(&s->flagging);
    set_flag(s);
    pthread_mutex_unlock(&s->flagging);
}

void pl_stream_ends_tell(parallel_stream *s)
{
    tell_waiters(s);
    pl_stream_ends_flag(s);
}

void pl_stream_ends_tell_in_signal(parallel_stream *s)
{
    tell_waiters(s);
    if (has_flag(s))
        pl_os_flag_raise(&s->flag);
}

void pl_stream_ends_tell_of_item(parallel_stream *s)
{
    /* U11 seq_cst: t3 for those who would run it themselves, after V8; they look at that after U3; pairs with U3 */
    if (atomic_load_explicit(&s->waiting, memory_order_seq_cst) > 0)
        tell_waiters(s);
    if (s->is_serial)
        pl_stream_ends_flag(s);
}

int pl_stream_ends_open_flag(parallel_stream *s, bool *is_new)
{
    pthread_mutex_lock(&s->flagging);
    int code = has_flag(s) ? 0 : pl_os_flag_open(&s->flag);
    *is_new = code == 0 && !has_flag(s);
    if (code == 0) {
        /* U10 seq_cst: the descriptor (release); before the look at what there is, in S; pairs with U9 */
        atomic_store_explicit(&s->has_flag, true, memory_order_seq_cst);
        set_flag(s);
    }
    pthread_mutex_unlock(&s->flagging);
    return code;
}
