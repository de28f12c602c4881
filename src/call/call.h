/* SPDX-License-Identifier: MIT */
/*
 * A call on its way from arguments to results: what maps, loops, pars and executors share.
 *
 * Most calls are *simple*: their tasks are run by the scheduler's loop, chunk by chunk, and nothing is looked at in between.
 * Those that have a timeout, retries or progress, or run in the background, are run under a *policy* (policy.h): task by task where
 * there is a clock to look at, and else in pieces of some microseconds.
 */
#ifndef PL_CALL_CALL_H
#define PL_CALL_CALL_H

#include "call/policy.h"
#include "call/internal.h"
#include "sched/cost.h"

/* What running the tasks of a map takes: small enough to be handed to helpers as it is. */
typedef struct pl_map {
    parallel_kernel *kernel; /* or NULL: */
    int (*call)(const void *arg, void *result, void *extras);
    const void *args;
    void *out;
    void *extras;
    size_t arg_size, result_size;
    union {
        pl_failures *failures;    /* of functions that can fail */
        const pl_context *parent; /* of others: the chunk that the call was made in */
    };
} pl_map;

/* What a par has instead. */
typedef struct pl_par {
    const parallel_future *futures; /* or NULL: it is none */
    parallel_results *results;
} pl_par;

/* And a loop. */
typedef struct pl_body {
    void (*body)(size_t begin, size_t end, void *ctx); /* or NULL: it is none */
    void *ctx;
    const pl_context *parent; /* the chunk that the call was made in */
} pl_body;

typedef struct pl_call {
    size_t n;
    pl_map map;
    pl_par par;
    pl_body loop;
    parallel_function function; /* of a map */
    parallel_options options;
    struct pl_pool *pool; /* to run on, and held; NULL: where the thread is */
    uint64_t groups;      /* whose worker processes are used (process/group.h) */
    const void *given;    /* the arguments as the program knows them: those of `map` may be a copy */
    pl_names names;
    pl_failures failures;
    const pl_context *parent; /* the chunk that the call was made in, and waits in */
    int error;                /* why it could not be made at all, or 0 */
    bool splits;              /* into a chunk for each worker */
    bool with_policy;
    pl_policy policy; /* if so */
} pl_call;

/* What those that follow begin and end with, the last of which cannot fail. */
void pl_call_begin(pl_call *c, size_t n);
void pl_call_begun(pl_call *c, bool background, bool with_policy);

/* Checks what was given to a map, a par, or a loop. False with errno; then nothing is left to end. */
bool pl_call_begin_map(pl_call *c, const parallel_function *f, const void *args, size_t n,
                       const parallel_options *options, parallel_executor_kind executor, bool background);
bool pl_call_begin_par(pl_call *c, const parallel_future *futures, size_t n, const parallel_options *options,
                       parallel_executor_kind executor, bool background);
bool pl_call_begin_loop(pl_call *c, const pl_body *loop, size_t n, const parallel_options *options);

/* Runs all tasks of a call that has begun, and finishes the account of failures. True if all is well. A map's results go to
 * `out`, which may be NULL if its function has none. */
bool pl_call_run(pl_call *c, void *out);

/* The same, with results to be had: they get what the call knows of failures and names. NULL if the call failed. */
parallel_results *pl_call_results(pl_call *c);

/* After it failed: why, an error code; and the failure, NULL if it is not one of a task. */
int pl_call_code(const pl_call *c);
const parallel_failure *pl_call_failure(const pl_call *c);

/* Ends what pl_call_begin_...() began; the latter as a pl_cleanup wants it. */
void pl_call_end(pl_call *c);
void pl_call_drop(void *call);

/* The same, for the thread that has made the call: if it has failed, errno and the last failure say why. */
void pl_call_return(pl_call *c, bool failed);

/* The function of a map can fail: not all do. */
static inline bool pl_can_fail(const parallel_function *f)
{
    return f->can_fail || !f->kernel;
}

/* Begins a chunk of tasks that cannot fail, so that parallel_fail() does not take an outer task for one of them. What nobody
 * reads of it stays as it is. */
static inline void pl_context_begin_sure(pl_context *context, const pl_context *parent)
{
    context->span.stop = NULL;
    context->span.index = 0;
    context->can_fail = false;
    context->deadline = 0;
    context->parent = parent;
    context->call = NULL;
    pl_context_begin(context);
}

/* Runs a kernel of a function that cannot fail. */
static inline void pl_work_run_kernel(const pl_context *parent, parallel_kernel *kernel, const void *args, void *out,
                                      size_t begin, size_t end)
{
    pl_context context;
    context.span.args = args;
    context.span.results = out;
    pl_context_begin_sure(&context, parent);
    kernel(&context.span, begin, end);
    pl_this_thread.context = context.outer;
}

/* The same for a loop's body. */
static inline void pl_work_run_body(const pl_body *b, size_t begin, size_t end)
{
    pl_context context;
    pl_context_begin_sure(&context, b->parent);
    b->body(begin, end, b->ctx);
    pl_this_thread.context = context.outer;
}

/* The kernel of a function that has only `call`. */
size_t pl_call_each(const pl_map *m, parallel_span *span, size_t begin, size_t end);

/* Runs all tasks in worker processes; process.c. */
void pl_process_run(pl_call *c, void *out);

/* What the call's tasks are known by to the account of costs; `way` tells apart ways to run them that cost differently. */
pl_cost *pl_call_cost(const pl_call *c, unsigned way);

/* Zeroes the results of tasks that failed. */
void pl_call_zero(const pl_call *c, size_t begin, size_t end);

/* The bodies of the scheduler's loop for simple calls: of functions that can fail, of others, and of loops. */
int pl_work_run_tasks(void *map, size_t begin, size_t end, void *stop, unsigned participant);
int pl_work_run_sure_tasks(void *map, size_t begin, size_t end, void *stop, unsigned participant);
int pl_work_run_loop(void *loop, size_t begin, size_t end, void *stop, unsigned participant);

#endif
