/* SPDX-License-Identifier: MIT */
/* The loop that a stream equals. */
#include "../items.h"

bool run_flow(flow *f)
{
    for (item i; source(f, &i);)
        sink(f, &i, work(f->work, i.value));
    return true;
}
