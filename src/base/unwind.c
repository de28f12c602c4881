/* SPDX-License-Identifier: MIT */
#include "base/unwind.h"

int pl_unwind_barrier(int version, int actions, uint64_t kind, void *exception, void *context)
{
    (void)version;
    (void)kind;
    (void)exception;
    (void)context;
    return actions & PL_UNWIND_SEARCHES ? PL_UNWIND_NO_SEARCH : PL_UNWIND_NO_CLEANUP;
}
