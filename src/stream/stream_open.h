/* SPDX-License-Identifier: MIT */
/* Streams whose ends are in the program's hands: what src/api exports of them, by the names that it has there. */
#ifndef PL_STREAM_STREAM_OPEN_H
#define PL_STREAM_STREAM_OPEN_H

#include "call/options.h"

parallel_stream *pl_stream_open_new(const parallel_function *f, const parallel_options *options,
                                    const pl_request *request);

#endif
