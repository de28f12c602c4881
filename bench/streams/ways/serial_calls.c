/* SPDX-License-Identifier: MIT */
/* The same loop where source, work and sink are functions that the compiler does not see into, as those of a stream are
 * for the library: what is left is what the library adds. */
#include <stddef.h>

#include "../items.h"

typedef struct slot {
    item item;
    uint64_t result;
} slot;

static int next_item(slot *to, flow *f)
{
    return source(f, &to->item);
}

static int run_item(slot *at, const flow *f)
{
    at->result = work(f->work, at->item.value);
    return 0;
}

static int take_item(const slot *from, flow *f)
{
    sink(f, &from->item, from->result);
    return 0;
}

bool run_flow(flow *f)
{
    int (*volatile next)(slot *, flow *) = next_item;
    int (*volatile run)(slot *, const flow *) = run_item;
    int (*volatile take)(const slot *, flow *) = take_item;
    slot s;
    while (next(&s, f))
        if (run(&s, f) != 0 || take(&s, f) != 0)
            return false;
    return true;
}
