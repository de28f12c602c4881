/* SPDX-License-Identifier: MIT */
/* One failure: the last one of a thread; and what a context knows of a task that has failed. */
#ifndef PL_CALL_FAILURE_H
#define PL_CALL_FAILURE_H

#include <errno.h>

#include "call/context.h"

/* The calling thread's last failure: there is none any more; or (only then) this one, of which it keeps a copy. */
void pl_failure_drop_last(void);
void pl_failure_set_last(const parallel_failure *failure);

/* The same, with a copy of its argument, of so many bytes, so aligned. */
void pl_failure_set_last_with(const parallel_failure *failure, size_t arg_size, size_t arg_align);

/* Keeps it while this thread does something for others, which leaves none. */
typedef struct pl_put_aside {
    bool failed;
    parallel_failure last;
} pl_put_aside;
void pl_failure_put_aside(pl_put_aside *to);
void pl_failure_put_back(pl_put_aside *from);

/* What a call gives that cannot be made: -1, with errno. */
static inline int pl_failure_return(int code)
{
    errno = code;
    return -1;
}

static inline void pl_failure_clear_last(void)
{
    if (pl_context_thread.failed)
        pl_failure_drop_last();
}

/* What became of the task `i`, or several from there on, which have ended badly, and are known to their chunk as
 * `noted`. */
parallel_failure pl_failure_of_context(const pl_context *context, size_t i, size_t noted, unsigned tried);

/* The same for tasks that ended too late. */
parallel_failure pl_failure_of_late(size_t i, unsigned tried);

/* The message that the task at `index` attached, or NULL; the caller's. */
char *pl_failure_message(pl_context *context, size_t index);

/* Whether the task at `index`, which has failed, is not to be tried again. */
bool pl_failure_is_final(const pl_context *context, size_t index);

#endif
