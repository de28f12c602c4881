/* SPDX-License-Identifier: MIT */
/* Random streams: their ends, by functions or in the program's hands; and what may come of them. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "support/random.h"
#include "support/tasks.h"

/* A stream that runs. */
typedef struct ends {
    rnd_call *call;
    size_t most;     /* so many items may be between source's return and sink's; 0: not known */
    size_t refused;  /* the item for which sink returns EFBIG; n: none */
    int source_code; /* what source returns at the end, but for the sign */
    atomic_size_t given, taken;
    atomic_bool at_source, at_sink;
    bool *seen;
    size_t failed; /* items that came so */
    int fd;        /* of an open stream; below 0: it has not been asked for */
} ends;

static void begin_ends(ends *e, rnd_call *c, unsigned long long r)
{
    size_t n = c->plan.n;
    *e = (ends){.call = c, .most = c->options.window, .refused = n, .fd = -1, .seen = calloc(n + 1, sizeof *e->seen)};
    if (r % 8 == 0)
        e->refused = r / 8 % (n + 1);
    if (r / 512 % 8 == 0)
        e->source_code = EPROTO;
}

/* ---- items ----------------------------------------------------------------------------------------------- */

/* An item has come that is to be the next. */
static void check_item(ends *e, const parallel_item *item)
{
    const rnd_call *c = e->call;
    const rnd_item *arg = item->arg;
    size_t i = item->index, turn = atomic_load_explicit(&e->taken, memory_order_relaxed);
    if (i >= c->plan.n || e->seen[i] || (!c->options.unordered && i != turn)) {
        rnd_complain(c, "item %zu comes in place of %zu", i, turn);
        return;
    }
    e->seen[i] = true;
    if (arg->magic != RND_MAGIC || arg->index != i || arg->call != c)
        rnd_complain(c, "item %zu has another's argument", i);
    const unsigned long long *result = item->result;
    if (item->failure) {
        e->failed++;
        if (item->failure->arg != arg || item->failure->index != i || result)
            rnd_complain(c, "item %zu has a wrong failure", i);
        rnd_check_task(c, item->failure, !c->options.silent);
    } else if (!rnd_may_be_well(c, i))
        rnd_complain(c, "item %zu is well, though it ran %u times, the last with code %d", i, rnd_runs(c, i),
                     c->logs[i].code);
    else if (c->plan.function == RND_VOID ? result != NULL : !result || *result != rnd_value(c, i))
        rnd_complain(c, "item %zu has a wrong result", i);
}

static int give(void *arg, void *data)
{
    ends *e = data;
    const rnd_call *c = e->call;
    if (atomic_exchange_explicit(&e->at_source, true, memory_order_acquire))
        rnd_complain(c, "two threads are at source");
    size_t i = atomic_load_explicit(&e->given, memory_order_relaxed);
    bool more = i < c->plan.n;
    if (more) {
        memcpy(arg, &c->items[i], sizeof c->items[i]);
        atomic_store_explicit(&e->given, i + 1, memory_order_relaxed);
        if (e->most && i + 1 - atomic_load_explicit(&e->taken, memory_order_relaxed) > e->most)
            rnd_complain(c, "source is asked for item %zu where there is no room", i);
    }
    atomic_store_explicit(&e->at_source, false, memory_order_release);
    return more ? 1 : -e->source_code;
}

static int take(const parallel_item *item, void *data)
{
    ends *e = data;
    if (atomic_exchange_explicit(&e->at_sink, true, memory_order_acquire))
        rnd_complain(e->call, "two threads are at sink");
    check_item(e, item);
    bool refuses = item->index == e->refused;
    if (refuses)
        atomic_store_explicit(&e->call->stopped, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&e->taken, 1, memory_order_relaxed);
    atomic_store_explicit(&e->at_sink, false, memory_order_release);
    return refuses ? EFBIG : 0;
}

/* ---- the end --------------------------------------------------------------------------------------------- */

static void check_well(const ends *e)
{
    const rnd_call *c = e->call;
    if (parallel_last_failure())
        rnd_complain(c, "a stream that is well has a failure");
    if (e->source_code || (e->failed && !c->options.silent))
        rnd_complain(c, "a stream that is well has %zu failed items, or its source has failed", e->failed);
    if (e->given != c->plan.n)
        rnd_complain(c, "a stream that is well has had %zu items", e->given);
}

static void check_failed(const ends *e, int code)
{
    const rnd_call *c = e->call;
    const parallel_failure *f = parallel_last_failure();
    if (f && f->code == code && !c->options.silent) {
        if (((const rnd_item *)f->arg)->index != f->index)
            rnd_complain(c, "failure %zu has a wrong argument", f->index);
        rnd_check_first_failure(c, f, c->options.unordered ? 0 : f->index);
    } else if (f)
        rnd_complain(c, "the stream has failed, with errno %d, %s", code, f->message);
    else if (code != e->source_code && !(code == EFBIG && e->refused < c->plan.n))
        rnd_check_stopped(c, code);
}

/* All has been given, and the stream has come to this. */
static void check_end(ends *e, int result, int code)
{
    const rnd_call *c = e->call;
    size_t given = e->given;
    if (result == 0)
        check_well(e);
    else
        check_failed(e, code);
    for (size_t i = 0; i < given; i++)
        if (!e->seen[i])
            rnd_complain(c, "item %zu of %zu has not come", i, given);
    rnd_check_progress(c, true, given);
    rnd_check_runs(c);
}

/* ---- open streams ---------------------------------------------------------------------------------------- */

/* Puts the next. False if that is not to be any more. */
static bool put_next(ends *e, parallel_stream *s)
{
    const rnd_call *c = e->call;
    size_t i = e->given, between = i - e->taken;
    if (i == c->plan.n)
        return false;
    if (parallel_stream_put(s, &c->items[i]) == 0) {
        e->given++;
        if (e->most && between >= e->most)
            rnd_complain(c, "item %zu is put where there is no room", i);
        return true;
    }
    if (errno == EAGAIN ? between == 0 : errno != EPIPE || (!rnd_stopped(c) && c->options.silent))
        rnd_complain(c, "item %zu cannot be put: errno %d", i, errno);
    return errno == EAGAIN;
}

static bool is_readable(const ends *e)
{
    struct pollfd p = {.fd = e->fd, .events = POLLIN};
    return e->fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

/* Takes one, if it comes in that time. What parallel_stream_next() returns. */
static int take_next(ends *e, parallel_stream *s, double seconds)
{
    parallel_item item;
    bool readable = is_readable(e);
    int got = parallel_stream_next(s, &item, readable ? 0 : seconds);
    if (readable && got == -1 && errno == ETIMEDOUT && e->taken < e->given && !rnd_stopped(e->call))
        rnd_complain(e->call, "a stream's descriptor says that there is an item, and there is none");
    if (e->fd >= 0 && got != 1 && !(got == -1 && errno == ETIMEDOUT)) {
        int code = errno;
        if (!is_readable(e))
            rnd_complain(e->call, "a stream has ended, and its descriptor does not say so");
        errno = code;
    }
    if (got == 1) {
        check_item(e, &item);
        e->taken++;
    }
    return got;
}

/* Puts and takes, until nothing is to be put any more. */
static void put_all(ends *e, parallel_stream *s, rnd_source *more)
{
    static const double times[] = {0, 0, 1e-5, 1e-3};
    for (;;) {
        unsigned long long r = rnd_draw(more);
        if (r % 4 && !put_next(e, s))
            return;
        if (r / 4 % 64 == 0) {
            atomic_store_explicit(&e->call->stopped, true, memory_order_relaxed);
            parallel_stream_cancel(s);
        }
        if (r / 256 % 2)
            take_next(e, s, e->given == e->taken || r / 512 % 2 ? times[r / 1024 % 4] : -1);
    }
}

static void run_open(ends *e, rnd_source *more, const parallel_options *options)
{
    rnd_call *c = e->call;
    unsigned long long r = rnd_draw(more);
    int got;
    e->refused = c->plan.n;
    e->source_code = 0;
    parallel_stream *s = parallel_stream_open_function(rnd_functions[c->plan.function], options);
    if (!s) {
        rnd_complain(c, "no stream: errno %d", errno);
        return;
    }
    if (r % 4 == 0) { /* the stream keeps what it needs of its pool */
        parallel_pool_free(c->own_pool);
        c->own_pool = NULL;
    }
    if (r / 64 % 2 && ((e->fd = parallel_stream_fd(s)) < 0 || parallel_stream_fd(s) != e->fd))
        rnd_complain(c, "no descriptor: errno %d", errno);
    put_all(e, s, more);
    bool to_the_end = r / 8 % 4;
    if (to_the_end) {
        if (parallel_stream_end(s) != 0)
            rnd_complain(c, "a stream is not ended: errno %d", errno);
        while ((got = take_next(e, s, r / 32 % 2 ? -1 : 1e-3)) == 1 || (got == -1 && e->taken < e->given)) {
        }
        if (got == -1)
            got = take_next(e, s, -1);
        check_end(e, got, errno);
    }
    atomic_store_explicit(&c->stopped, true, memory_order_relaxed);
    parallel_stream_free(s);
    rnd_check_runs(c);
}

void rnd_run_stream(rnd_call *c, rnd_source *more, const parallel_options *options)
{
    ends e;
    begin_ends(&e, c, rnd_draw(more));
    if (c->plan.kind == RND_STREAM_OPEN)
        run_open(&e, more, options);
    else {
        int result = parallel_stream_map_function(rnd_functions[c->plan.function], give, take, &e, options);
        check_end(&e, result, errno);
    }
    free(e.seen);
}
