/* SPDX-License-Identifier: MIT */
/* parallel_stream_map(): a stream whose ends are functions. */
#ifndef PL_STREAM_STREAM_MAP_H
#define PL_STREAM_STREAM_MAP_H

#include "call/options.h"

/* Runs f on each item that source gives, and gives it to sink. 0; or -1 with errno. */
int pl_stream_map_run(const parallel_function *f, int (*source)(void *arg, void *data),
                      int (*sink)(const parallel_item *item, void *data), void *data, const parallel_options *options,
                      const pl_request *request);

#endif
