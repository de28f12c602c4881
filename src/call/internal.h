/* SPDX-License-Identifier: MIT */
/* What the files of the API share. No atomics on this layer: failures are recorded under a mutex, and everything
 * else is ordered by the scheduler. */
#ifndef PL_CALL_INTERNAL_H
#define PL_CALL_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <parallel.h>

#include "base/os.h"
#include "base/unwind.h"
#include "base/publish.h"
#include "sched/stop.h"

/* ---- objects that PARALLEL_SCOPED can end ---------------------------------------------------------------- */

/* Every object that the library hands out begins with its kind. */
typedef enum pl_kind { PL_RESULTS = 0x504c5253, PL_OWN_POOL = 0x504c504f, PL_EXECUTOR = 0x504c4558 } pl_kind;

/* ---- pools ----------------------------------------------------------------------------------------------- */

/* Whether it is one. */
bool pl_is_pool(const parallel_pool *pool);

/* The scheduler's, of one that may be NULL. */
struct pl_pool *pl_pool_of(const parallel_pool *pool);

/* Whose worker processes its calls use (process/group.h); it, too, may be NULL. */
uint64_t pl_pool_groups(const parallel_pool *pool);

/* ---- options --------------------------------------------------------------------------------------------- */

/*
 * What a call goes by: its options over the decoration's; both may be NULL. `executor` is the one that the call's
 * name demands, or PARALLEL_DEFAULT_EXECUTOR. False with errno if they are wrong (EINVAL) or beyond this release
 * (ENOTSUP). Only what runs in the `background` may be `deferred`; a decoration's wish for it is left out elsewhere.
 */
bool pl_options(parallel_options *merged, const parallel_options *call, const parallel_options *decoration,
                parallel_executor_kind executor, bool background);

/* The function as given, without members that an older or hand-filled one does not have. False if it cannot be
 * called. */
bool pl_function_copy(parallel_function *to, const parallel_function *from);

/* Whether its alignments are some: powers of two, or 0. */
static inline bool pl_are_alignments(const parallel_function *f)
{
    return ((f->arg_align & (f->arg_align - 1)) | (f->result_align & (f->result_align - 1))) == 0;
}

/* The options of age-old programs, likewise; false with errno (options.c). */
bool pl_options_copy(parallel_options *to, const parallel_options *from);

/* ---- names ----------------------------------------------------------------------------------------------- */

/* From name to index: a hash table with open addressing, of index + 1. */
typedef struct pl_names {
    const char *const *names;
    size_t *slots;
    size_t mask;      /* slots - 1, a power of two less one */
    const char **own; /* the array of names, if it is not the program's; else NULL */
} pl_names;

/* 0; or EINVAL if a name is there twice, or NULL (unless some may be missing), or ENOMEM. */
int pl_names_init(pl_names *table, const char *const *names, size_t n, bool some);
void pl_names_free(pl_names *table);

/* The index of a name, or SIZE_MAX. */
size_t pl_names_find(const pl_names *table, const char *name);

/* ---- failures -------------------------------------------------------------------------------------------- */

/* Neighbours that have failed alike: the tasks [first.index, first.index + count). */
typedef struct pl_failed {
    parallel_failure first; /* its message is on the heap; NULL: none; neighbours may share one, once settled */
    size_t count;
    size_t before;       /* once settled: how many failed tasks come before these */
    pl_published blocks; /* records of each of them, as far as they have been asked for */
} pl_failed;

typedef struct pl_failed_list {
    pl_failed *list;
    size_t count, room;       /* entries */
    size_t tasks;             /* in all of them */
    bool scattered;           /* when it was full the last time, there were few neighbours to join */
    const char *const *names; /* of all tasks of the call; or NULL */
    const void *args;         /* what the arguments are known by: where the first is, */
    size_t arg_size;
    const void **each; /* or where each is, on the heap; or NULL */
} pl_failed_list;

/* The failures of one call. Tasks add to it from several threads. */
typedef struct pl_failures {
    pthread_mutex_t mutex;
    bool keep_all;                   /* else only the one that the call is to report */
    bool lost;                       /* there was no memory for one */
    bool chunks;                     /* tasks fail by chunks */
    const struct pl_context *parent; /* the chunk that the call was made in, and waits in */
    pl_failed_list all;
} pl_failures;

void pl_failures_init(pl_failures *failures, bool keep_all);
void pl_failures_free(pl_failures *failures);

/* Adds those of `count` neighbours that failed together, as `failure` says of the first. Takes `message`, a heap string or NULL,
 * for its own. */
void pl_failures_add(pl_failures *failures, const parallel_failure *failure, size_t count, char *message);

/* When all have been added, and the list knows names and arguments: sorts by index; fills in what is missing. */
void pl_failures_settle(pl_failures *failures);

/* Of a settled list: how a task ended; and the k-th failure, NULL if there are no more, or with errno ENOMEM. Safe from several
 * threads at once. */
parallel_state pl_failed_state(const pl_failed_list *all, size_t i);
const parallel_failure *pl_failed_get(const pl_failed_list *all, size_t k);

void pl_failed_free(pl_failed_list *all);

/* ---- tasks ----------------------------------------------------------------------------------------------- */

/* A chunk of tasks in progress on this thread; what parallel_fail() refers to. */
typedef struct pl_context {
    parallel_span span; /* `stop` may be NULL */
    bool can_fail;
    bool saw_cancel; /* a task was told that it is to give up, */
    size_t saw_cancel_index;
    uint64_t deadline;               /* when the task that runs is late, in pl_os_nanoseconds(); 0: never */
    char *message;                   /* of the task `said_index`, on the heap */
    bool final;                      /* that task is not to be tried again, if it fails */
    size_t said_index;               /* the one that has called parallel_fail() last */
    struct pl_context *outer;        /* the chunk that this thread was in before */
    const struct pl_context *parent; /* the chunk whose task made the call that this one belongs to, and waits for it */
    const void *call;                /* what that call is known by; NULL if nobody can stop it */
} pl_context;

/* The root (sched/cancel.h) of what runs in a chunk: the call of the outermost. */
static inline const void *pl_context_root(const pl_context *context)
{
    while (context->parent)
        context = context->parent;
    return context->call;
}

/* Why the task that runs in a chunk, or one that waits for it, is to give up: an error code, or 0 (running.c). */
int pl_context_reason(const pl_context *context);

/* What a thread knows of its calls. */
typedef struct pl_thread {
    pl_context *context;   /* the innermost in progress */
    bool failed;           /* its last call did, */
    parallel_failure last; /* thus; the message is on the heap */
} pl_thread;

extern _Thread_local pl_thread pl_this_thread PL_OF_THREAD __attribute__((visibility("hidden")));

static inline void pl_context_begin(pl_context *context)
{
    context->outer = pl_this_thread.context;
    pl_this_thread.context = context;
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
    pl_this_thread.context = context->outer;
}

/* What unwinds the innermost chunk: for functions whose chunk it is while they call anything (base/unwind.h). An exception
 * does not get by. */
__attribute__((visibility("hidden"))) int pl_context_unwinds(int version, int actions, uint64_t kind, void *exception,
                                                             void *context);

/* The calling thread's last failure: there is none any more; or (only then) this one, of which it keeps a copy. */
void pl_last_failure_drop(void);
void pl_last_failure_set(const parallel_failure *failure);

/* Keeps it while this thread does something for others, which leaves none. */
typedef struct pl_put_aside {
    bool failed;
    parallel_failure last;
} pl_put_aside;
void pl_last_failure_put_aside(pl_put_aside *to);
void pl_last_failure_put_back(pl_put_aside *from);

static inline void pl_last_failure_clear(void)
{
    if (pl_this_thread.failed)
        pl_last_failure_drop();
}

/* What became of the task `i`, or several from there on, which have ended badly, and are known to their chunk as `noted`. */
parallel_failure pl_context_failure(const pl_context *context, size_t i, size_t noted, bool late, unsigned tried);

/* The message that the task at `index` attached, or NULL; the caller's. */
char *pl_context_message(pl_context *context, size_t index);

/* Whether the task at `index`, which has failed, is not to be tried again. */
bool pl_context_is_final(const pl_context *context, size_t index);

/* ---- results --------------------------------------------------------------------------------------------- */

/* What their memory is to be: whatever is there; zeroed; or shared with worker processes, and whatever is there. */
typedef enum pl_results_kind { PL_RESULTS_ANY, PL_RESULTS_ZEROED, PL_RESULTS_SHARED } pl_results_kind;

/* malloc() for what is aligned to `alignment`, a power of two, or to no more than anything else is, if that is 0. */
void *pl_allocate(size_t bytes, size_t alignment);

/* Room for n results of a function, aligned to `alignment`, and to a cache line at least; NULL with errno ENOMEM. */
parallel_results *pl_results_new(size_t n, size_t size, size_t alignment, pl_results_kind kind);
void *pl_results_vector(parallel_results *results);

/* Room for the results of futures; and where that of one goes, NULL if its function has none. */
parallel_results *pl_results_of_futures(const parallel_future *futures, size_t n, pl_results_kind kind);
void *pl_results_place(const parallel_results *results, size_t i);

/* Frees them, as a pl_cleanup wants it. */
void pl_results_drop(void *results);

/* An executor's results are the executor's to free. */
void pl_results_own(parallel_results *results, bool owned);

/* Gives the results what they own from now on: the list of failures, and the table of names. */
void pl_results_finish(parallel_results *results, pl_failures *failures, const pl_names *names);

#endif
