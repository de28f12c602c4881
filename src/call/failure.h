/* SPDX-License-Identifier: MIT */
/* One failure: the last one of a thread; and what a context knows of a task that has failed. */
#ifndef PL_CALL_FAILURE_H
#define PL_CALL_FAILURE_H

#include <errno.h>

#include "call/context.h"
#include "call/error.h"

/* Whose failure it is, and what is kept of its argument. */
typedef struct pl_failed_call {
    const char *function;       /* its name, or NULL */
    size_t arg_size, arg_align; /* of which there is to be a copy; 0: it stays where it is */
} pl_failed_call;

/* The calling thread's last failure becomes this one, of which it keeps a copy; and its sentence (error.h) is that of
 * the failure. */
void pl_failure_set_last(const parallel_failure *failure, const pl_failed_call *of);

/* The thread's own, or NULL. */
parallel_failure *pl_failure_last(void);

/* Keeps it while this thread does something for others, which leaves none. */
typedef struct pl_put_aside {
    pl_error error;
    parallel_failure last;
} pl_put_aside;
void pl_failure_put_aside(pl_put_aside *to);
void pl_failure_put_back(pl_put_aside *from);

/* The same of what is not wanted any more: it is dropped. */
void pl_failure_forget(pl_put_aside *aside);

/* There is none any more, nor a sentence. */
static inline void pl_failure_clear_last(void)
{
    if (pl_error_thread.sentence)
        pl_error_drop();
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
