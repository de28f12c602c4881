/* SPDX-License-Identifier: MIT */
/* parallel_map_into(). */
#include <parallel.h>

#include "../items.h"

PARALLEL_DECORATE(work, item, item);

bool run_map(const item *from, item *to)
{
    return parallel_map_into(work, from, ITEMS, to) == 0;
}
