/* SPDX-License-Identifier: MIT */
/* parallel_stream_map(). */
#include "parallel_map.h"

bool run_flow(flow *f)
{
    return parallel_stream_map(run_item, next_item, take_item, f) == 0;
}
