/* SPDX-License-Identifier: MIT */
/* The loop that a map equals. */
#include "../items.h"

bool run_map(const item *from, item *to)
{
    for (int i = 0; i < ITEMS; i++)
        to[i] = work(from[i]);
    return true;
}
