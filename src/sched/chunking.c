/* SPDX-License-Identifier: MIT */
/* Sizes of chunks that are asked for once in a while; chunking.h has the others, and what all of them are for. */
#include "sched/chunking.h"

size_t pl_chunking_next_piece(size_t piece, size_t size, uint64_t ticks, uint64_t lasting)
{
    if (ticks > lasting * 2)
        return size / 2 + 1;
    return ticks < lasting / 2 && size == piece && size < SIZE_MAX / 4 ? size * 4 : piece;
}

size_t pl_chunking_assignment(size_t rest, size_t done, size_t workers, size_t least)
{
    size_t size = rest / (PL_CHUNKING_SHARES * workers), ramp = 1 + done / PL_CHUNKING_RAMP;
    size = size < ramp ? size : ramp;
    size = size > least ? size : least;
    size_t most =
        pl_chunking_even(rest, workers); /* where nothing is known of the first, tasks may wait for each other */
    return size < most ? size : most;
}
