/* SPDX-License-Identifier: MIT */
/* The personalities of functions that call tasks; unwind.h says what for. */
#include "base/unwind.h"

_Thread_local pl_cleanup *pl_cleanup_innermost;

int pl_unwind_barrier(int version, int actions, uint64_t kind, void *exception, void *context)
{
    (void)version;
    (void)kind;
    (void)exception;
    (void)context;
    return actions & PL_UNWIND_SEARCHES ? PL_UNWIND_NO_SEARCH : PL_UNWIND_NO_CLEANUP;
}

int pl_unwind_cleans(int version, int actions, uint64_t kind, void *exception, void *context)
{
    pl_cleanup *innermost = pl_cleanup_innermost;
    if (!(actions & PL_UNWIND_IS_FORCED))
        return pl_unwind_barrier(version, actions, kind, exception, context);
    pl_cleanup_innermost = innermost->outer;
    innermost->end(innermost->what);
    return PL_UNWIND_GO_ON;
}
