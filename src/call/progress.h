/* SPDX-License-Identifier: MIT */
/* Between the calls and the callback that comes with the library, the bar. */
#ifndef PL_CALL_PROGRESS_H
#define PL_CALL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/os.h"

/* What a call tells its callback beyond done and total. */
typedef struct pl_progress_facts {
    uint64_t started; /* when the call began, by pl_os_nanoseconds() */
    size_t failures;  /* tasks that have failed so far */
    bool ended;       /* this is the last time that the callback is called */
    bool drawn;       /* the bar's own: it is on the screen. Kept from one time to the next; false at first */
} pl_progress_facts;

/* Those of the callback that runs on this thread; NULL if none does. */
extern _Thread_local pl_progress_facts *pl_progress_now PL_OF_THREAD __attribute__((visibility("hidden")));

#endif
