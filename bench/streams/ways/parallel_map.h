/* SPDX-License-Identifier: MIT */
/* What parallel_stream_map() is given, in each way: items, and where results go. */
#ifndef PARALLEL_MAP_H
#define PARALLEL_MAP_H

#include "parallel_item.h"

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
