/* SPDX-License-Identifier: MIT */
/*
 * Streams whose ends are functions, worked on by the caller *alone*: source, function and sink in turn, in one slot,
 * past the ring.
 *
 * So are items that are so cheap that help costs more than it brings, and all where there is one worker. The caller
 * looks at the clock once in a group of items; when these were not cheap, it measures the three parts of some, and adds
 * up what help would have saved, which is all but the longest part, or half, if that is more; when that comes to what a
 * wake-up costs, it calls for help.
 */
#ifndef PL_STREAM_STREAM_MAP_ALONE_H
#define PL_STREAM_STREAM_MAP_ALONE_H

#include "stream/stream_map_ends.h"

/* Runs items on the caller, until there are no more, or help is to be called for. */
void pl_stream_map_alone_run(pl_stream_map *m);

#endif
