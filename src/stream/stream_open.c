/* SPDX-License-Identifier: MIT */
/* Streams whose ends are in the program's hands: opening and closing them, and what is put; stream_ends.h says how they
 * work. */
#include "stream/stream_open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "call/failure.h"
#include "sched/pool.h"
#include "stream/stream_apart.h"
#include "stream/stream_ends.h"

/* ---- opening --------------------------------------------------------------------------------------------- */

/* What tasks see of the thread that opens it, as if that had made their threads. */
static void note_opener(parallel_stream *s)
{
    const pl_worker *w = pl_worker_known();
    pl_os_ambient_get(&s->ambient);
    s->ambient.locale = pl_os_program_locale(); /* the opener's may not live so long */
    if (w)
        pl_worker_mask_of(w, &s->mask);
    else
        pl_os_mask_get(&s->mask);
}

/* The pool that it is for, held: the one that was asked for, or that it is opened in. */
static pl_pool *hold_pool(const parallel_stream *s)
{
    const pl_pool_handle *pool = (const pl_pool_handle *)s->stream.options.pool;
    if (s->is_serial)
        return NULL;
    if (!pool)
        return pl_pool_hold_here();
    pl_pool_hold(pool->pool);
    return pool->pool;
}

static void init_locks(parallel_stream *s)
{
    pthread_mutex_init(&s->putting, NULL);
    pthread_mutex_init(&s->taking, NULL);
    pthread_mutex_init(&s->seating, NULL);
    pthread_mutex_init(&s->flagging, NULL);
    pl_os_cond_init(&s->rested);
}

static void delete_stream(parallel_stream *s)
{
    for (pl_stream_taker *t = s->takers; t; t = t->next)
        pl_stream_drop(&s->stream, t->held); /* which may be another's memory: they go round */
    for (pl_stream_taker *next, *t = s->takers; t; t = next) {
        next = t->next;
        free(t->memory);
        free(t);
    }
    pthread_cond_destroy(&s->rested);
    pthread_mutex_destroy(&s->flagging);
    pthread_mutex_destroy(&s->seating);
    pthread_mutex_destroy(&s->taking);
    pthread_mutex_destroy(&s->putting);
    pl_os_flag_close(&s->flag);
    pl_stream_apart_end(&s->stream);
    pl_stream_end(&s->stream);
    free(s->seats);
    free(s);
}

parallel_stream *pl_stream_open_new(const parallel_function *f, const parallel_options *options,
                                    const pl_request *request)
{
    parallel_stream *s = pl_os_zalloc(sizeof *s);
    if (!s) {
        pl_error_return(ENOMEM);
        return NULL;
    }
    if (!pl_stream_init(&s->stream, f, options, request)) {
        free(s);
        return NULL;
    }
    s->kind = PL_STREAM;
    s->forks = pl_pool_forks();
    s->flag = PL_OS_NO_FLAG;
    init_locks(s);
    s->seats = calloc(s->stream.workers, sizeof *s->seats);
    if (!s->seats || !pl_stream_apart_init(&s->stream)) {
        delete_stream(s);
        pl_error_return(ENOMEM);
        return NULL;
    }
    for (unsigned i = 0; i < s->stream.workers; i++)
        s->seats[i].stream = s;
    s->is_serial = s->stream.options.executor == PARALLEL_SERIAL;
    s->pool = hold_pool(s);
    note_opener(s);
    if (pl_trace_is_on())
        s->traced = pl_trace_stream_begin();
    return s;
}

/* ---- putting --------------------------------------------------------------------------------------------- */

/* With the mutex held. 0, or an error code. */
static int put_item(parallel_stream *s, const void *arg)
{
    pl_stream *core = &s->stream;
    pl_stream_look(core);
    if (pl_stream_ends_closed(s))
        return EPIPE;
    if (!pl_ring_has_room(&core->ring))
        return EAGAIN;
    pl_stream_slot *slot = pl_ring_spare(&core->ring);
    pl_stream_renew(core, slot);
    memcpy(pl_stream_arg(core, slot), arg, core->function.arg_size);
    slot->number = s->items++;
    pl_ring_publish(&core->ring, slot);
    return 0;
}

int parallel_stream_put(parallel_stream *s, const void *arg)
{
    if (!pl_stream_ends_check(s))
        return -1;
    if (!arg)
        return pl_error_refuse(EINVAL, "the argument is NULL");
    pthread_mutex_lock(&s->putting);
    int code = put_item(s, arg);
    pthread_mutex_unlock(&s->putting);
    if (code)
        return pl_error_refuse(code, code == EAGAIN ? "the stream's window is full" : "the stream has ended");
    pl_stream_jobs_call(s);
    pl_stream_ends_tell_of_item(s);
    return 0;
}

int parallel_stream_end(parallel_stream *s)
{
    if (!pl_stream_ends_check(s))
        return -1;
    pthread_mutex_lock(&s->putting);
    /* U8 seq_cst: a look after this sees it; pairs with U7 */
    atomic_store_explicit(&s->has_ended, true, memory_order_seq_cst);
    pthread_mutex_unlock(&s->putting);
    pl_stream_ends_tell(s);
    return 0;
}

/* ---- polling --------------------------------------------------------------------------------------------- */

int parallel_stream_fd(parallel_stream *s)
{
    bool is_new;
    if (!pl_stream_ends_check(s))
        return -1;
    int code = pl_stream_ends_open_flag(s, &is_new);
    if (is_new)
        pl_stream_jobs_start_timer(s);
    return code ? pl_error_return(code) : s->flag.fd;
}

/* ---- closing --------------------------------------------------------------------------------------------- */

void parallel_stream_cancel(parallel_stream *s)
{
    if (!s || s->kind != PL_STREAM || s->forks != pl_pool_forks())
        return;
    int saved = errno;
    if (pl_stop_raise(&s->stream.policy.stop, PL_STOP_ALL))
        pl_stop_notify_all();
    pl_stream_ends_tell_in_signal(s);
    errno = saved;
}

static void end_trace(parallel_stream *s)
{
    s->traced.what = "stream";
    s->traced.name = s->stream.function.name;
    s->traced.n = s->items;
    s->traced.outcome = s->stream.has_failure ? s->stream.failure.code : 0;
    pl_trace_stream_end(&s->traced);
}

void parallel_stream_free(parallel_stream *s)
{
    int saved = errno;
    if (!s || s->kind != PL_STREAM)
        return;
    if (s->forks != pl_pool_forks()) { /* its threads are the parent's, and so is what they held */
        delete_stream(s);
        errno = saved;
        return;
    }
    if (pl_stream_ends_is_inside(s))
        return;
    pl_stream_close(&s->stream);
    pl_stream_jobs_end(s);
    pl_stream_ends_leave_out(s);
    for (pl_stream_slot *slot; (slot = pl_ring_head(&s->stream.ring));) {
        pl_stream_drop(&s->stream, slot);
        pl_ring_give(&s->stream.ring, slot);
    }
    if (s->pool)
        pl_pool_let_go(s->pool);
    end_trace(s);
    delete_stream(s);
    errno = saved;
}
