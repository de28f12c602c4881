/* SPDX-License-Identifier: MIT */
/* What all streams of parallel.h run: an item, and what is to be done with it. */
#ifndef PARALLEL_ITEM_H
#define PARALLEL_ITEM_H

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

#endif
