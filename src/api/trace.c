/* SPDX-License-Identifier: MIT */
/* Traces, as programs begin and end them. */
#include <parallel.h>

#include "call/error.h"
#include "trace/recording.h"

int parallel_trace_begin(const char *path)
{
    int code = pl_recording_begin(path);
    return code ? pl_error_return(code) : 0;
}

int parallel_trace_end(void)
{
    int code = pl_recording_end();
    return code ? pl_error_return(code) : 0;
}
