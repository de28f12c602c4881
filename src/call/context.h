/* SPDX-License-Identifier: MIT */
/* The context in which tasks run: what they ask, and say, of themselves. */
#ifndef PL_CALL_CONTEXT_H
#define PL_CALL_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <parallel.h>

#include "base/os.h"
#include "base/unwind.h"
#include "sched/stop.h"
#include "sched/watch.h"

/* What goes for tasks with a time limit that are run as a piece, with no clock looked at in between. */
typedef struct pl_piece_limit {
    pl_watch *watch;     /* its stop word is that of the span */
    uint64_t limit;      /* ticks that each task may take */
    const pl_stop *stop; /* the call's stop word; or NULL */
    struct pl_others
        *others; /* what others may take over (others.h), or NULL; and what is to be done then if the piece is */
    void (*abandon)(struct pl_others *others); /* unwound */
} pl_piece_limit;

/* Tasks in progress on this thread, a chunk of them; what parallel_fail() refers to. */
typedef struct pl_context {
    parallel_span span; /* `stop` may be NULL */
    bool can_fail;
    bool saw_cancel;         /* the task `saw_cancel_index` has been told that it is to give up */
    bool final;              /* the task `said_index` is not to be tried again, if it fails */
    unsigned participant;    /* of the call: no two that run at the same time have the same; 0: the caller, as a rule */
    size_t saw_cancel_index; /* see `saw_cancel` */
    uint64_t deadline;       /* when the task that runs is late, in pl_os_nanoseconds(); 0: never */
    const pl_piece_limit *piece; /* what else there is to know of when tasks are to give up; NULL: nothing */
    char *message;               /* of the task `said_index`, on the heap; or NULL */
    size_t said_index;           /* the task that has called parallel_fail() last */
    /* the context that this thread was in before */
    struct pl_context *outer;
    /* that of the task which made the call that this one belongs to, and waits for it */
    const struct pl_context *parent;
    /* what the call is known by; NULL if nobody can stop it */
    const void *call;
    /* what tasks add items to, if they are those of a for_each; else NULL */
    struct pl_for_each_part *part;
} pl_context;

/* The root (sched/stop.h) of what runs in a context: the call of the outermost. */
static inline const void *pl_context_root(const pl_context *context)
{
    while (context->parent)
        context = context->parent;
    return context->call;
}

/* The stop word of what runs in a context; or NULL. */
static inline const pl_stop *pl_context_stop(const pl_context *context)
{
    return context->piece ? context->piece->stop : context->span.stop;
}

/* Why the task that runs in a context, or one that waits for it, is to give up: an error code, or 0. */
int pl_context_reason(const pl_context *context);

/* What a thread knows of its calls. */
typedef struct pl_thread {
    pl_context *context;   /* the innermost in progress */
    parallel_failure last; /* its last call's, if there is one: pl_error_thread.kept, where its message is */
} pl_thread;

extern _Thread_local pl_thread pl_context_thread PL_OF_THREAD __attribute__((visibility("hidden")));

static inline void pl_context_begin(pl_context *context)
{
    context->outer = pl_context_thread.context;
    pl_context_thread.context = context;
}

/* Begins a context of tasks that cannot fail, so that parallel_fail() does not take an outer task for one of them. What
 * nobody reads of it stays as it is. */
static inline void pl_context_begin_sure(pl_context *context, const pl_context *parent, unsigned participant)
{
    context->span.stop = NULL;
    context->span.index = 0;
    context->can_fail = false;
    context->participant = participant;
    context->deadline = 0;
    context->piece = NULL;
    context->parent = parent;
    context->call = NULL;
    context->part = NULL;
    pl_context_begin(context);
}

/* Nothing is known of the tasks that run next in it: what one said that went well is dropped. */
static inline void pl_context_renew(pl_context *context)
{
    if (context->message) {
        free(context->message);
        context->message = NULL;
    }
    context->saw_cancel = false;
    context->final = false;
    context->span.code = 0;
}

static inline void pl_context_end(pl_context *context)
{
    if (context->message)
        free(context->message);
    pl_context_thread.context = context->outer;
}

/* What unwinds the innermost context: for functions whose context it is while they call anything (base/unwind.h). An
 * exception does not get by. */
__attribute__((visibility("hidden"))) int pl_context_unwinds(int version, int actions, uint64_t kind, void *exception,
                                                             void *unwinder);

/* A worker process says that it is one; and whether this process is: then calls run on the thread that makes them. */
void pl_context_enter_worker_process(void);
bool pl_context_in_worker_process(void);

#endif
