/* SPDX-License-Identifier: MIT */
/* An open stream, as in parallel_open.c, of 64 of the items at a time: what a hand-over of several costs each. */
#include <parallel.h>

#include "../items.h"

enum { MOST = 64 };

typedef struct arg {
    unsigned count;
    item items[MOST];
    const workload *work;
} arg;

typedef struct result {
    uint64_t values[MOST];
} result;

static int run_items(const arg *a, result *r, void *extras)
{
    (void)extras;
    for (unsigned i = 0; i < a->count; i++)
        r->values[i] = work(a->work, a->items[i].value);
    return 0;
}
PARALLEL_DECORATE_TASK(run_items, arg, result);

static bool next_items(flow *f, arg *a)
{
    for (a->count = 0; a->count < MOST && source(f, &a->items[a->count]); a->count++) {
    }
    return a->count > 0;
}

static bool take_next(flow *f, parallel_stream *s)
{
    parallel_item from;
    if (parallel_stream_next(s, &from, -1) != 1)
        return false;
    const arg *a = from.arg;
    const result *r = from.result;
    for (unsigned i = 0; i < a->count; i++)
        sink(f, &a->items[i], r->values[i]);
    return true;
}

bool run_flow(flow *f)
{
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(run_items);
    for (arg a = {.work = f->work}; s && next_items(f, &a);)
        while (parallel_stream_put(s, &a) != 0)
            if (!take_next(f, s))
                return false;
    if (!s || parallel_stream_end(s) != 0)
        return false;
    while (take_next(f, s)) {
    }
    return true;
}
