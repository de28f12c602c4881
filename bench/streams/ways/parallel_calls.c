/* SPDX-License-Identifier: MIT */
/* parallel_stream_map_function(): the library calls source, work and sink by pointer. */
#include "parallel_map.h"

static int next_of_any(void *to, void *data)
{
    return next_item(to, data);
}

bool run_flow(flow *f)
{
    return parallel_stream_map_function(&run_item__parallel, next_of_any, take_item, f, NULL) == 0;
}
