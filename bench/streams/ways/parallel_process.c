/* SPDX-License-Identifier: MIT */
/* parallel_stream_map() on worker processes, which are forked for each stream. */
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

bool run_flow(flow *f)
{
    return parallel_stream_map(run_item, next_item, take_item, f, .executor = PARALLEL_PROCESS) == 0;
}
