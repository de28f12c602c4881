/* SPDX-License-Identifier: MIT */
/* Options: a call's over its decoration's, checked. */
#ifndef PL_CALL_OPTIONS_H
#define PL_CALL_OPTIONS_H

#include <stdbool.h>

#include "call/executor.h"

/* What a call is asked for with beside its options. */
typedef struct pl_request {
    parallel_executor_kind executor; /* the one that its name demands, or PARALLEL_DEFAULT_EXECUTOR */
    bool background;                 /* it is not waited for; only then may it be `deferred`, or given `as_completed` */
    const pl_executor *const *executors; /* all there are, by kind; NULL: beyond this release */
} pl_request;

/*
 * What a call goes by: its options over the decoration's; both may be NULL. False with errno if they are wrong (EINVAL)
 * or beyond this release (ENOTSUP). A decoration's wish to be either is left out where a call may not be.
 */
bool pl_options_merge(parallel_options *merged, const parallel_options *call, const parallel_options *decoration,
                      const pl_request *request);

/* Whether a call that worker processes cannot run is to run here, as the merged options say. False with errno
 * ENOTSUP. */
bool pl_options_run_here(const parallel_options *o);

/* Options of programs of whatever age; false with errno. */
bool pl_options_copy(parallel_options *to, const parallel_options *from);

#endif
