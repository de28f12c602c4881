/* SPDX-License-Identifier: MIT */
/* An open stream: the program puts while there is room, and else takes. */
#include "parallel_item.h"

static bool take_next(flow *f, parallel_stream *s, double seconds)
{
    parallel_item from;
    if (parallel_stream_next(s, &from, seconds) != 1)
        return false;
    sink(f, &((const arg *)from.arg)->item, *(const uint64_t *)from.result);
    return true;
}

bool run_flow(flow *f)
{
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(run_item);
    for (arg a = {.work = f->work}; s && source(f, &a.item);)
        while (parallel_stream_put(s, &a) != 0)
            if (!take_next(f, s, -1))
                return false;
    if (!s || parallel_stream_end(s) != 0)
        return false;
    while (take_next(f, s, -1)) {
    }
    return true;
}
