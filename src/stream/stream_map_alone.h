/* SPDX-License-Identifier: MIT */
/*
 * Streams whose ends are functions, worked on by the caller *alone*: source, function and sink in turn, in one slot,
 * past the ring.
 *
 * So are items that are so cheap that help costs more than it brings, and all where there is one worker. The caller
 * looks at the clock once in a group of items; when these were not cheap, it measures the three parts of some, and adds
 * up what help would have saved, which is all but the longest part, or half, if that is more; when that comes to what a
 * wake-up costs, it calls for help.
 *
 * A group is run here, by pointers to the three functions, or by the program, in which a compiler has seen them
 * (libparallel/detail/stream_loop.h): then pl_stream_map_alone_next() returns for each group.
 */
#ifndef PL_STREAM_STREAM_MAP_ALONE_H
#define PL_STREAM_STREAM_MAP_ALONE_H

#include "stream/stream_map_ends.h"

/* What is known of items that are run alone. */
typedef struct pl_stream_map_alone {
    pl_context context;
    bool is_open;   /* the caller is alone: what follows is set, and it is in the context */
    bool is_plain;  /* items can be run in groups */
    bool more;      /* source may give more */
    unsigned group; /* how many items to run before the next look at the clock, if parts are not measured */
    unsigned timed; /* of so many further items they are */
    uint64_t saved; /* ticks that help would have saved, */
    uint64_t help;  /* of which so many are worth it */
    uint64_t last;  /* the last look at the clock */
    uint64_t start; /* the first, and how many items there had been */
    size_t items;
} pl_stream_map_alone;

/* Runs items on the caller. True: the next `group` items are the program's to run, which then says so; false: there are
 * no more, or help is to be called for. */
bool pl_stream_map_alone_next(pl_stream_map *m, pl_stream_map_alone *a);

/* The program has run this batch, and it has ended so. */
void pl_stream_map_alone_ran(pl_stream_map *m, pl_stream_map_alone *a, const parallel_stream_batch *batch);

#endif
