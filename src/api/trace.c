/* SPDX-License-Identifier: MIT */
/* Traces, as programs begin and end them. */
#include <errno.h>

#include <parallel.h>

#include "trace/recording.h"

static int return_code(int code)
{
    if (code)
        errno = code;
    return code ? -1 : 0;
}

int parallel_trace_begin(const char *path)
{
    return return_code(pl_recording_begin(path));
}

int parallel_trace_end(void)
{
    return return_code(pl_recording_end());
}
