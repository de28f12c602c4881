/* SPDX-License-Identifier: MIT */
/* Traces, as programs begin and end them. */
#include <parallel.h>

#include "call/error.h"
#include "trace/recording.h"

int parallel_trace_begin(const char *path)
{
    int code = pl_recording_begin(path);
    switch (code) {
    case 0:
        return 0;
    case EINVAL:
        return pl_error_refuse(code, path ? "the path ends neither in .svg nor in .json" : "the path is NULL");
    case EBUSY:
        return pl_error_refuse(code, "a trace is being recorded");
    default:
        return pl_error_return(code);
    }
}

int parallel_trace_end(void)
{
    int code = pl_recording_end();
    switch (code) {
    case 0:
        return 0;
    case EINVAL:
        return pl_error_refuse(code, "no trace is being recorded");
    case EBUSY:
        return pl_error_refuse(code, "the trace is that of PARALLEL_TRACE, or another thread ends it");
    default:
        return pl_error_return(code);
    }
}
