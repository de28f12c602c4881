/* SPDX-License-Identifier: MIT */
/*
 * Random calls, and the serial model that says what may come of them.
 *
 * All about a call follows from its seed, or from bytes that somebody gives: which call it is, with which options, and
 * what each of its tasks does (random_plan.c). Each task notes what it has done (random_task.c). When the call has
 * returned, those notes say which outcomes are allowed (random_check.c), and the memory that it had borrowed is spoilt
 * and freed. No outcome depends on how long anything takes: tasks that have a timeout either have a thousand seconds,
 * or sleep until their time is over; and where a time is short, every task may be late.
 */
#ifndef PL_TESTS_SUPPORT_RANDOM_H
#define PL_TESTS_SUPPORT_RANDOM_H

#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- choices --------------------------------------------------------------------------------------------- */

/* Where choices come from: bytes for as long as there are any, then pseudo-random numbers. */
typedef struct rnd_source {
    const unsigned char *bytes;
    size_t left;
    unsigned long long state;
} rnd_source;

rnd_source rnd_seeded(unsigned long long seed);

/* A number that has at least 16 bits, or 8. */
unsigned long long rnd_draw(rnd_source *source);
unsigned long long rnd_draw_byte(rnd_source *source);

/* ---- plans ----------------------------------------------------------------------------------------------- */

typedef enum rnd_kind {
    RND_MAP,
    RND_THREAD_MAP,
    RND_RANGE,
    RND_INTO,
    RND_SPLIT,
    RND_FOR,
    RND_REDUCE,
    RND_COUNT,
    RND_FIND,
    RND_FIND_LAST,
    RND_ANY,
    RND_ALL,
    RND_FILTER,
    RND_FILTER_INTO,
    RND_PARTITION,
    RND_FOR_EACH,
    RND_SCAN,
    RND_SCAN_INTO,
    RND_SCAN_EXCLUSIVE,
    RND_PLAIN_REDUCE,
    RND_FOLD,
    RND_MIN,
    RND_MAX,
    RND_PAR,
    RND_ASYNC_MAP, /* or, of one item, perhaps an async */
    RND_ASYNC_PAR,
    RND_STREAM,
    RND_STREAM_OPEN,
    RND_KINDS
} rnd_kind;

/* Kinds that are run and checked alike. */
typedef enum rnd_family {
    RND_VECTORS,    /* give the results of all tasks */
    RND_LOOPS,      /* leave them in the caller's memory */
    RND_REDUCTIONS, /* make one value of them */
    RND_PREDICATES, /* use what a predicate says of the items */
    RND_GROWING,    /* run items that tasks add, too */
    RND_VALUES,     /* have an operator or an order, but no function of items */
    RND_BACKGROUND, /* are executors */
    RND_STREAMS     /* give items one by one */
} rnd_family;

typedef struct rnd_kind_facts {
    const char *name;
    rnd_family family;
} rnd_kind_facts;

extern const rnd_kind_facts rnd_kinds[RND_KINDS];

/* What is mapped. In pars each task has a function of its own. */
typedef enum rnd_function {
    RND_TASK,    /* can fail */
    RND_PLAIN,   /* cannot */
    RND_VOID,    /* without a value */
    RND_RUNTIME, /* not decorated */
    RND_TRIED,   /* decorated with a retry */
    RND_CHUNK,   /* gets chunks */
    RND_FUNCTIONS
} rnd_function;

typedef enum rnd_time { RND_NO_TIME, RND_LONG, RND_SHORT } rnd_time;

/* What a task does. */
typedef enum rnd_act {
    RND_SUCCEED,
    RND_FAIL,  /* always */
    RND_FLAKY, /* its first runs fail */
    RND_SLEEP,
    RND_POLL,
    RND_SPIN,
    RND_OVERTIME, /* sleeps until its time is over */
    RND_NEST,     /* makes another call */
    RND_SPAWN,
    RND_CANCEL_OWN, /* its executor */
    RND_CANCEL_OTHER,
    RND_ASK_OWN, /* what its executor does not give to its own tasks */
} rnd_act;

typedef struct rnd_plan {
    unsigned long long seed;
    int depth; /* how many calls are around it */
    rnd_kind kind;
    rnd_function function;
    size_t n;
    unsigned fails, lives; /* one task in so many does; 0: none */
    rnd_time timeout, call_timeout;
    bool named, with_extras, with_progress, with_own_pool;
    parallel_options options; /* without pointers */
} rnd_plan;

rnd_plan rnd_plan_of(rnd_source *source, unsigned long long seed, int depth);

/* ---- calls ----------------------------------------------------------------------------------------------- */

enum { RND_MAGIC = 0x5eed };

typedef struct rnd_call rnd_call;

/* A task's argument. A call's begin where their size, a power of two, divides the address: an integer can stand for
 * one. */
typedef struct rnd_item {
    uintptr_t magic;
    size_t index;
    rnd_call *call;
    void *none;
} rnd_item;

/* What a task has done: how often it ran, and how it went the last time. */
typedef struct rnd_log {
    atomic_uint runs;
    int code;             /* what it returned */
    bool told;            /* that it should give up; */
    bool told_late;       /* as its time was over */
    bool spoke;           /* it attached a message, */
    size_t speaker;       /* or the first of its chunk did, */
    unsigned speaker_run; /* at this run */
} rnd_log;

struct rnd_call {
    rnd_plan plan;
    rnd_call *outer; /* the call whose task makes this one, or NULL */
    rnd_item *items;
    rnd_log *logs;
    unsigned char *twists; /* what tasks do, beyond what follows from the seed; NULL: no more */
    unsigned long long *out;
    const char **names;
    char *texts;
    parallel_future *futures;
    parallel_options options;
    parallel_pool *own_pool;
    atomic_uint inside;              /* tasks */
    unsigned limit;                  /* of them; 0: not known */
    pthread_t caller;                /* of a serial call, */
    size_t next;                     /* and the task that it is to run next */
    _Atomic(parallel_executor *) ex; /* NULL: not known yet */
    bool is_copied;                  /* its one argument */
    atomic_bool stopped;             /* it may have been, from outside */
    atomic_bool reporting;           /* a callback runs */
    size_t done;                     /* what it was told */
    unsigned reports;
};

/* What goes for one task. */
rnd_act rnd_act_of(const rnd_call *c, size_t i);
rnd_function rnd_function_of(const rnd_call *c, size_t i);
unsigned long long rnd_value(const rnd_call *c, size_t i);
rnd_time rnd_time_of(const rnd_call *c, size_t i);
int rnd_retries_of(const rnd_call *c, size_t i);
void *rnd_extras_of(const rnd_call *c, size_t i);
void rnd_message(const rnd_call *c, size_t speaker, unsigned run, char *text, size_t size);

/* Whether it may be late. */
bool rnd_late(const rnd_call *c, size_t i);

static inline bool rnd_is_par(const rnd_call *c)
{
    return c->plan.kind == RND_PAR || c->plan.kind == RND_ASYNC_PAR;
}

static inline rnd_family rnd_family_of(const rnd_call *c)
{
    return rnd_kinds[c->plan.kind].family;
}

static inline bool rnd_is_async(const rnd_call *c)
{
    return rnd_family_of(c) == RND_BACKGROUND;
}

static inline unsigned rnd_runs(const rnd_call *c, size_t i)
{
    return atomic_load_explicit(&c->logs[i].runs, memory_order_relaxed);
}

/* ---- tasks ----------------------------------------------------------------------------------------------- */

extern const parallel_function *const rnd_functions[RND_FUNCTIONS];

/* Of integers: what stands for an item is its address, divided by its size. Those without a value, and of chunks, are
 * missing. */
extern const parallel_function *const rnd_range_functions[RND_FUNCTIONS];

/* Runs `count` tasks at once, as one, and gives their values, unless `results` is NULL. Returns what they return. */
int rnd_run_tasks(const rnd_item *items, size_t count, unsigned long long *results, void *extras, bool can_fail);

/* What this thread waits for: it runs no other tasks meanwhile. NULL: for nothing. */
extern _Thread_local const rnd_call *rnd_awaited;

/* The body of a loop, whose context is the call. */
void rnd_loop_body(size_t begin, size_t end, void *ctx);

/* The callback, whose data is the call. */
void rnd_progress(size_t done, size_t total, void *call);

/* ---- checks ---------------------------------------------------------------------------------------------- */

/* Notes that something is wrong, if it is the first such thing. */
void rnd_complain(const rnd_call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What has been noted, NULL if nothing. */
const char *rnd_complaint(void);

/* Whether something but a task's failure may have stopped the call. */
bool rnd_stopped(const rnd_call *c);

/* Whether the task may have ended well; and whether it has, for certain. */
bool rnd_may_be_well(const rnd_call *c, size_t i);
bool rnd_is_well(const rnd_call *c, size_t i);

/* A failure is one that the task may have had. `fast`: the call ends with the first. */
void rnd_check_task(const rnd_call *c, const parallel_failure *f, bool fast);

/* The callback has been called; `complete`: `ended` tasks have been reported. */
void rnd_check_progress(const rnd_call *c, bool complete, size_t ended);

/* The call gave these results. */
void rnd_check_results(const rnd_call *c, const parallel_results *r);

/* The call gave none, on this thread, as its last call. */
void rnd_check_failure(const rnd_call *c, int code);

/* It is this failure that is reported: no task before `end` is known to have failed. */
void rnd_check_first_failure(const rnd_call *c, const parallel_failure *f, size_t end);

/* What the call left in the caller's own vector. */
void rnd_check_out(const rnd_call *c, bool well);

/* Makes one value of two, and does not commute: each maps x to a x + b, modulo 2^32; `right` comes after `left`. */
unsigned long long rnd_compose(unsigned long long left, unsigned long long right);

/* What the call made of 1 and of its tasks' values, in order. */
void rnd_check_reduced(const rnd_call *c, unsigned long long got, bool well);

/* The call has failed without a task that it could name, as it was stopped. */
void rnd_check_stopped(const rnd_call *c, int code);

/* How often tasks ran, whatever came of it. */
void rnd_check_runs(const rnd_call *c);

/* ---- running --------------------------------------------------------------------------------------------- */

/* Once, before the first; and after the last. */
void rnd_begin(void);
void rnd_end(void);

/* Makes the call that this seed stands for, and checks it. */
void rnd_run(unsigned long long seed, int depth, rnd_call *outer);

/* Makes a call that its choices come to, and checks it. */
void rnd_run_chosen(rnd_source *source);

/* Make a call of these families, and check it. */
void rnd_run_predicate(const rnd_call *c, const parallel_options *options);
void rnd_run_growing(const rnd_call *c, const parallel_options *options);
void rnd_run_values(const rnd_call *c, const parallel_options *options);
void rnd_run_stream(rnd_call *c, rnd_source *more, const parallel_options *options);

/* Cancels some executor or other, or looks at it. */
void rnd_disturb(unsigned long long r);

/* ---- who is told of ends --------------------------------------------------------------------------------- */

/* What a call in the background is asked for besides its results. */
typedef struct rnd_ends {
    rnd_call *call;
    parallel_executor *ex;
    int fd; /* below 0: there is none */
    bool wants_note;
    atomic_uint notes; /* notifications that have come */
    bool *items;       /* those that have been given, where tasks are as they end; else NULL */
    size_t taken;      /* how many */
    bool any_not_run;  /* among them */
} rnd_ends;

/* Before the call is started: asks for this or that. */
void rnd_ends_begin(rnd_ends *e, rnd_call *c, parallel_executor *ex, unsigned long long r);

/* While it may run: asks, takes back, looks, takes a task. */
void rnd_ends_meddle(rnd_ends *e, unsigned long long r);

/* Takes the next task that ends in that time. False if there is none: errno is 0 if all have been given. */
bool rnd_ends_take(rnd_ends *e, parallel_item *item, double seconds);

/* Takes all tasks that are left. */
void rnd_ends_take_all(rnd_ends *e);

/* It has ended; and it has been freed. */
void rnd_ends_check(rnd_ends *e);
void rnd_ends_freed(rnd_ends *e);

#endif
