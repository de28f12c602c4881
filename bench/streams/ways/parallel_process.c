/* SPDX-License-Identifier: MIT */
/* parallel_stream_map() on worker processes, which are forked for each stream. */
#include "parallel_map.h"

bool run_flow(flow *f)
{
    return parallel_stream_map(run_item, next_item, take_item, f, .executor = PARALLEL_PROCESS) == 0;
}
