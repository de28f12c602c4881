/* SPDX-License-Identifier: MIT */
/* parallel_stream_map() whose loop is compiled into the program: the library hands out batches of items. */
#include "stream/stream_map_loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/life.h"
#include "stream/stream_map.h"

/* Calls of which the program runs a batch, innermost last, by thread. A thread that ends in one, as source or sink have
 * ended it, leaves it half done: that ends the program, as it does where the library calls them (base/unwind.h). */
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool has_key;

static void thread_leaves(void *call)
{
    (void)call;
    abort();
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, thread_leaves) == 0;
}

static void end_key(void)
{
    if (has_key)
        pthread_key_delete(key);
    has_key = false;
}

PL_LIFE(PL_LIFE_STREAMS, .unloaded = end_key);

/* The calling thread is to run batches of the call. */
static bool enter_call(pl_stream_call *c)
{
    pthread_once(&key_once, make_key);
    if (!has_key)
        return false;
    c->outer = pthread_getspecific(key);
    return pthread_setspecific(key, c) == 0;
}

static bool go_on(parallel_stream_batch *batch, pl_stream_call *c)
{
    pl_stream_map *m = &c->map;
    if (pl_stream_map_go_on(c)) {
        batch->next = m->items;
        batch->end = m->items + c->alone.group;
        return true;
    }
    if (m->has_batches)
        pthread_setspecific(key, c->outer);
    batch->result = pl_stream_map_end(c);
    int saved = errno;
    free(c);
    errno = saved;
    return false;
}

bool pl_stream_map_loop_begin(parallel_stream_batch *batch, const parallel_function *f,
                              int (*source)(void *arg, void *data), int (*sink)(const parallel_item *item, void *data),
                              void *data, const parallel_options *options, const pl_request *request)
{
    pl_stream_call *c = batch->by_library ? NULL : malloc(sizeof *c);
    if (!c) {
        batch->result = pl_stream_map_run(f, source, sink, data, options, request);
        return false;
    }
    *c = (pl_stream_call){.map = {.source = source, .sink = sink, .data = data}};
    batch->result = -1;
    if (!pl_stream_map_begin(c, f, options, request)) {
        int saved = errno;
        free(c);
        errno = saved;
        return false;
    }
    c->map.has_batches = enter_call(c);
    batch->call = c;
    batch->span = &c->alone.context.span;
    batch->failed = pl_stream_arg(&c->map.stream, c->map.stream.alone);
    return go_on(batch, c);
}

bool pl_stream_map_loop_next(parallel_stream_batch *batch)
{
    pl_stream_call *c = batch->call;
    pl_stream_map_alone_ran(&c->map, &c->alone, batch);
    return go_on(batch, c);
}
