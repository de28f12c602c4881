/* SPDX-License-Identifier: MIT */
/*
 * Work: what the tasks of a call are.
 *
 * There are kinds of work (a map, a split, a par, a loop), each a constant table of functions; a call has one, with
 * what that kind needs. Whoever runs tasks asks the table, and does not know which kinds there are.
 *
 * Where nothing is to be looked at between tasks, they are run by the scheduler's loop, chunk by chunk, by a body of
 * the kind's own (`chunks`): that is as good as all there is to pay for a task. Everywhere else they are run by `run`.
 */
#ifndef PL_CALL_WORK_H
#define PL_CALL_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parallel.h>

#include "call/context.h"
#include "call/failures.h"
#include "call/function.h"
#include "call/results.h"
#include "sched/loop.h"

struct pl_call;

typedef struct pl_work pl_work;

/* A function, and where the arguments and results of some tasks are. */
typedef struct pl_bound {
    parallel_function function;
    const void *args;
    void *out; /* NULL: it has no result, or nobody wants it */
    void *extras;
    bool own_extras; /* they are not the call's */
} pl_bound;

/* How long a task may take, and how often it is tried. */
typedef struct pl_trials {
    double timeout, delay; /* seconds; of a timeout, not more than 0: none */
    int retries;
} pl_trials;

typedef struct pl_work_kind {
    const char *name;

    /* Each task has a function, an argument and a result of its own: it is run by itself, as the first of its own
     * array. Else all have one function and one array. */
    bool is_separate;

    /* Tasks are to come in one chunk for each worker. */
    bool is_split;

    /* How long tasks take is the caller's affair: there is no clock to be looked at for each. */
    bool is_untimed;

    /* Runs the tasks [begin, end) once, or some of them, in a context. Returns as a kernel does. */
    size_t (*run)(const pl_work *work, pl_context *context, size_t begin, size_t end);

    /* Zeroes the results of tasks. */
    void (*zero)(const pl_work *work, size_t begin, size_t end);

    /* The argument of a task, as the program knows it; NULL: there is none. */
    const void *(*arg)(const pl_work *work, size_t i);

    /* What the cost of its tasks is known by (sched/cost.h). */
    uintptr_t (*cost_key)(const pl_work *work);

    /* The body of the scheduler's loop that runs chunks of tasks; its context, which may be copied. NULL: there is
     * none. */
    pl_loop_body *(*chunks)(pl_work *work, void **ctx, size_t *ctx_size);

    /* Room for the results of all tasks. NULL with errno. */
    parallel_results *(*new_results)(const pl_work *work, pl_results_fill fill, const pl_memory *memory);

    /* The function and the place of task i: of all of them, if it is not separate. NULL: tasks cannot leave the
     * program. */
    void (*bind)(const pl_work *work, size_t i, pl_bound *to);

    /* What task i wants changed of what goes for the call. NULL: nothing. */
    void (*adjust)(const pl_work *work, size_t i, pl_trials *trials);

    /* How many tasks there will be is not known, as they bring forth others, and `i` above is where a task is, for as
     * long as it runs. NULL, all three: there are n, and they are known by their numbers. */

    /* Runs them all, by a loop whose spec lacks all that is about iterations. */
    void (*run_all)(struct pl_call *c, pl_loop_spec *spec);

    /* The number of a task, as failures tell it. */
    size_t (*number)(const pl_work *work, size_t i);

    /* A task is to be tried again later: where it is until then, which is freed by free(); 0: there is no memory. */
    size_t (*keep)(const pl_work *work, size_t i);
} pl_work_kind;

extern const pl_work_kind pl_work_map, pl_work_split, pl_work_loop; /* work.c */
extern const pl_work_kind pl_work_par;                              /* par.c */

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
        const pl_context *parent; /* of others: the context that the call was made in */
    };
} pl_map;

/* The same for a loop. */
typedef struct pl_body {
    void (*body)(size_t begin, size_t end, void *ctx);
    void *ctx;
    const pl_context *parent; /* the context that the call was made in */
    const char *what, *name;  /* for traces: what it is, and of what; or NULL */
} pl_body;

struct pl_work {
    const pl_work_kind *kind;
    size_t n;
    void *extras;                   /* the call's */
    parallel_function function;     /* of a map */
    const void *given;              /* the arguments of a map as the program knows them: those of `map` may be a copy */
    pl_map map;                     /* of a map; of a par all zero */
    bool stops;                     /* tasks of a map look for a stop before each, whatever runs them */
    pl_body loop;                   /* of a loop */
    uintptr_t loop_cost_key;        /* what the cost of its iterations is known by */
    const parallel_future *futures; /* of a par */
    parallel_results *results;      /* of a call that makes some */
    struct pl_for_each *for_each;   /* of one whose tasks add others */
};

/* Whether its tasks can fail, all or some. */
static inline bool pl_work_can_fail(const pl_work *work)
{
    return work->kind->is_separate || (work->kind->bind && pl_function_can_fail(&work->function));
}

/* Runs a kernel of a function that cannot fail. */
static inline void pl_work_run_kernel(const pl_context *parent, unsigned participant, parallel_kernel *kernel,
                                      const void *args, void *out, size_t begin, size_t end)
{
    pl_context context;
    context.span.args = args;
    context.span.results = out;
    pl_context_begin_sure(&context, parent, participant);
    kernel(&context.span, begin, end);
    pl_context_thread.context = context.outer;
}

/* The same for a loop's body. */
static inline void pl_work_run_body(const pl_body *b, unsigned participant, size_t begin, size_t end)
{
    pl_context context;
    pl_context_begin_sure(&context, b->parent, participant);
    b->body(begin, end, b->ctx);
    pl_context_thread.context = context.outer;
}

/* Runs tasks of a function that has no kernel, as one would. */
size_t pl_work_call_each(const pl_map *m, parallel_span *span, size_t begin, size_t end);

/* Bodies of the scheduler's loop: for maps of functions that can fail, of others, and for loops. */
int pl_work_run_tasks(void *map, size_t begin, size_t end, void *stop, unsigned participant);
int pl_work_run_sure_tasks(void *map, size_t begin, size_t end, void *stop, unsigned participant);
int pl_work_run_loop(void *loop, size_t begin, size_t end, void *stop, unsigned participant);

#endif
