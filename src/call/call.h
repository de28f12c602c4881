/* SPDX-License-Identifier: MIT */
/*
 * A call on its way from arguments to results: its work (work.h), what goes for it (options.h, policy.h), where it runs
 * (executor.h), and what has become of its tasks (failures.h, results.h).
 *
 * Most calls are *simple*: their tasks are run by the scheduler's loop, chunk by chunk, and nothing is looked at in
 * between. Those that have a timeout, retries or progress, or run in the background, are run under a *policy*: task by
 * task where there is a clock to look at, and else in pieces of some microseconds.
 */
#ifndef PL_CALL_CALL_H
#define PL_CALL_CALL_H

#include "call/ended.h"
#include "call/executor.h"
#include "call/names.h"
#include "call/options.h"
#include "call/policy.h"
#include "call/work.h"
#include "sched/cost.h"
#include "sched/pool.h"

typedef struct pl_call {
    pl_work work;
    parallel_options options;
    const pl_executor *executor;
    pl_pool *pool;        /* to run on, and held; NULL: where the thread is */
    uint64_t groups;      /* whose worker processes are used (executors/process/group.h) */
    bool has_own_workers; /* they are kept for calls like this alone, whatever `isolation` says */
    unsigned participant; /* the number of the first worker */
    pl_names names;
    pl_failures failures;
    const pl_context *parent; /* the context that waits for the call: as a rule, that which it was made in */
    const pl_context
        *maker;         /* the task that makes it, and ends it by giving up; NULL: none, or it is in the background */
    size_t first;       /* tasks before this one have been run already; of maps on threads */
    int error;          /* why it could not be made at all, or 0 */
    const char *reason; /* the same in a sentence, where the code alone does not tell; or NULL */
    bool has_policy;    /* `policy` is set up */
    pl_policy policy;
    pl_ended *ended; /* what is told of each task that ends, and is the call's to free; NULL: nobody wants to know */
} pl_call;

/* What the functions that follow begin and end with, the last of which cannot fail. In between, `options` and
 * `executor` are found out: false with errno. */
void pl_call_begin(pl_call *c, const pl_work_kind *kind, size_t n);
bool pl_call_merge_options(pl_call *c, const parallel_options *options, const parallel_options *decoration,
                           const pl_request *request);
void pl_call_begun(pl_call *c, const pl_request *request);

/* Checks what was given to a map or a split, a par (par.c), or a loop. What iterations cost is known by `cost`; under a
 * policy, or if that is NULL, by `key`. False with errno; then nothing is left to end. */
bool pl_call_begin_map(pl_call *c, const pl_work_kind *kind, const parallel_function *f, const void *args, size_t n,
                       const parallel_options *options, const pl_request *request);
bool pl_call_begin_par(pl_call *c, const parallel_future *futures, size_t n, const parallel_options *options,
                       const pl_request *request);
bool pl_call_begin_loop(pl_call *c, const pl_body *loop, size_t n, parallel_cost *cost, uintptr_t key,
                        const parallel_options *options, const pl_request *request);

/* Runs all tasks of a call that has begun, and finishes the account of failures. True if all is well. A map's results
 * go to `out`, which may be NULL if its function has none. */
bool pl_call_run(pl_call *c, void *out);

/* Its two halves. */
void pl_call_run_tasks(pl_call *c, void *out);
bool pl_call_settle(pl_call *c);

/* Some tasks of a map that have been run by the thread which makes the call, before it was one. */
typedef struct pl_begun {
    size_t done;              /* those before went well */
    parallel_failure failure; /* of that one, if its state is not PARALLEL_OK */
    char *message;            /* what it said, on the heap; or NULL */
    uint64_t lasted_ns;       /* how long that took, if the call has time limits */
    struct pl_others *others; /* what others have taken over; or NULL */
} pl_begun;

/* The same of a map's call whose first tasks have been run. Takes the message. */
bool pl_call_run_rest(pl_call *c, void *out, const pl_begun *begun);

/* As pl_call_run(), with results to be had: they get what the call knows of failures and names. NULL if it failed. */
parallel_results *pl_call_results(pl_call *c);

/* Results of a call that has run, well or not, and into which: what pl_call_results() gives. */
parallel_results *pl_call_finish_results(pl_call *c, parallel_results *r, bool well);

/* A loop's call, from its beginning to its end. 0; or -1 with errno. */
int pl_call_run_loop(const pl_body *loop, size_t n, parallel_cost *cost, uintptr_t key, const parallel_options *options,
                     const pl_request *request);

/* Why no further task of the call is to start: ECANCELED or ETIMEDOUT, also where the task that makes the call is to
 * give up; 0: they are. */
int pl_call_over(const pl_call *c);

/* After it failed: why, an error code; and the failure, NULL if it is not one of a task. */
int pl_call_code(const pl_call *c);
const parallel_failure *pl_call_failure(const pl_call *c);

/* The same, as the calling thread's errno, last failure and sentence. */
void pl_call_tell(const pl_call *c);

/* Ends what pl_call_begin_...() began; the latter as a pl_cleanup wants it. */
void pl_call_end(pl_call *c);
void pl_call_drop(void *call);

/* The same, for the thread that has made the call: if it has failed, errno and the last failure say why. */
void pl_call_return(pl_call *c, bool failed);

/* Ways to run the tasks of a call that differ in what a task costs. */
typedef enum pl_call_way { PL_CALL_SIMPLE, PL_CALL_UNDER_POLICY, PL_CALL_APART } pl_call_way;

/* What the call's tasks are known by to the account of costs. */
pl_cost *pl_call_cost(const pl_call *c, pl_call_way way);

#endif
