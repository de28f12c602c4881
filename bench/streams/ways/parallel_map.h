/* SPDX-License-Identifier: MIT */
/* What parallel_stream_map() is asked for, in either way. */
#ifndef PARALLEL_MAP_H
#define PARALLEL_MAP_H

#include <parallel.h>

#include "../items.h"

typedef struct arg {
    item item;
    const workload *work;
} arg;

static uint64_t run_item(arg a)
{
    return work(a.work, a.item.value);
}
PARALLEL_DECORATE(run_item, arg, uint64_t);

static int next_item(arg *to, void *data)
{
    flow *f = data;
    to->work = f->work;
    return source(f, &to->item);
}

static int take_item(const parallel_item *from, void *data)
{
    sink(data, &((const arg *)from->arg)->item, *(const uint64_t *)from->result);
    return 0;
}

#endif
