/* SPDX-License-Identifier: MIT */
/*
 * Streams: maps over items that come one after the other, and go in order, in bounded memory.
 *
 * A stream has two ends, *source* and *sink*, and a ring (ring.h) of at most `window` items between them. One thread at
 * a time is at each end, and as many as there are workers run items. No thread has a role: each that works on the
 * stream does, in this order,
 *
 *      (1)  gives heads that have ended to sink, if nobody is there
 *      (2)  takes items from source, if nobody is there and the window has room
 *      (3)  claims a range of the items that wait, and runs them
 *      (4)  leaves, if there was nothing to do
 *
 * and nobody waits for anybody. A parallel_stream_map() does so by an open loop (sched/loop.h): its participants come
 * when there is something to do, and leave when there is not (stream_map.c). In a parallel_stream the program is at
 * both ends, and items are run by jobs of the pool and by those who wait for the head (stream_open.c).
 *
 * How no item is forgotten. All that is said here is about seq_cst operations, in their total order S.
 *
 * The head. There is one turn at sink. Either a thread has it, or it lies at the place of the head, which has not
 * ended: ended[given] is PL_RING_LEFT, instead of NULL. At first it lies at place 0.
 *
 *      who ends an item at place k                    who has the turn
 *      ---------------------------                    ----------------
 *      e1  what was at ended[k] = slot  (V12, RMW)    s1  while ended[given] is a slot (V13): gives it, given += 1
 *      e2  if the turn: has it, goes on with s1       s2  ended[given]: NULL -> the turn  (V5, CAS)
 *                                                         else, that one has ended meanwhile: s1
 *
 * e1 and s2 are read-modify-write operations on one word, so one comes first: if e1, s2 fails, and its thread gives the
 * item; if s2, e1 finds the turn, and gives it. So a head that has ended never lies there while nobody has the turn.
 * (With a lock that is tried, and a look after it has been unlocked, each item that ends would look at a word that is
 * written with each item that is given: a cache miss for each of both.) Where the head is the next item of a range that
 * a thread has claimed, that thread alone can end it: it keeps the turn, and gives the item past `ended`.
 *
 * Room. Source has a lock that is tried. Who has made room (V10) looks at source later on: it finds that nobody is
 * there (V3, V1); or somebody is, who then leaves (V2) later in S, and looks for room (V9) after that, also if it
 * found none itself, since nobody leaves the stream but after a look at everything that has found nothing. So it is
 * with items that wait, which whoever has put them looks for.
 *
 * Others. Before a thread begins with what may take long (source, sink or a range) it looks whether there is more to do
 * than that, and if so has somebody come. What it looks at has been made so by it or before its
 * look, or else by a thread that comes to such a look itself, or to (1 to 4). The same look is the one of a caller that
 * is about to park (has_some() in loop.h), and of a job that ends.
 *
 * Slots. That of item n is filled in again for item n + window at the earliest, when `given` (V10, V9) says that sink
 * has returned: which is after the task has (V12, V13). An unordered ring gives slots back in the order in which items
 * end, so who claims items reads which slots they have before its V15: from then on others may put items at those
 * places, since those which are given may be later ones.
 *
 * Window. Who is at source alone puts, and it puts only where put - given < window. An item counts from source's return
 * to sink's; while source is asked, it is not one yet.
 *
 * Latency. Who is at source publishes each item at once, and has somebody come after the first. But if source has been
 * slow, or nobody else is at work on the stream, it takes one item, leaves source to the next thread, and runs the item
 * itself: so an item begins without a wake-up, and one thread is at source and costs no CPU. Items that have been slow
 * are claimed one by one, those that are fast by as many as take PL_STREAM_RANGE_US, as long as each worker can have so
 * many, and there are as many besides.
 */
#ifndef PL_STREAM_STREAM_H
#define PL_STREAM_STREAM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "call/context.h"
#include "call/function.h"
#include "call/options.h"
#include "call/policy.h"
#include "stream/ring.h"

/* How long a range of items is to last: what comes once in each costs 0.7 us. */
#define PL_STREAM_RANGE_US 60
/* The same in a worker process, which is told of each range. */
#define PL_STREAM_RANGE_APART_US 200
/* A source or a sink that takes longer is slow. */
#define PL_STREAM_SLOW_US 20

/* One item. Its argument and its result follow in the slot, each aligned as it is to be, and then its failure. */
typedef struct pl_stream_slot {
    size_t number; /* from 0 */
    bool failed;   /* the failure is filled in */
} pl_stream_slot;

/* Which items are still to be started. */
typedef struct pl_stream_lane pl_stream_lane;

typedef enum pl_stream_limit {
    PL_STREAM_ALL,    /* all that source gives */
    PL_STREAM_BEFORE, /* those before `limit`, and source is not asked again */
    PL_STREAM_NONE
} pl_stream_limit;

/* What a stream's ends have in common. */
typedef struct pl_stream {
    parallel_function function;
    parallel_options options; /* merged */
    pl_request request;       /* for calls that run items, which are waited for */
    pl_policy policy;
    const pl_context *parent;             /* the context that the call was made in, and waits in; NULL: none */
    bool is_simple;                       /* tasks are tried once, and have all the time that they want */
    unsigned most_together;               /* items in a range */
    size_t arg_at, result_at, failure_at; /* where these are in a slot, */
    size_t align;                         /* which is aligned so */
    pl_ring ring;
    pl_stream_slot *failed;      /* a slot beside: a copy of the argument of the first item that failed */
    pl_stream_slot *alone;       /* another: for one item at a time */
    unsigned workers;            /* the most at once */
    pl_stream_lane *lanes;       /* of as many worker processes (stream_apart.h); NULL: items run in this one */
    _Atomic int limits;          /* a pl_stream_limit, which only grows */
    _Atomic uint32_t item_ticks; /* what an item takes, an average; 0: not known */

    /* kept under the mutex */
    pthread_mutex_t mutex;
    size_t limit;     /* of PL_STREAM_BEFORE */
    bool has_failure; /* `failure` is that of the first item that failed, with its message on the heap */
    parallel_failure failure;
    int stopped; /* why no further item begins, but for a failure: ECANCELED or ETIMEDOUT; or 0 */
    int refused; /* what sink has returned first; or 0 */
    int source;  /* what source has returned below 0; or 0 */
} pl_stream;

/* Sets up a stream of this function, and checks its options. False with errno, and nothing is to be ended. */
bool pl_stream_init(pl_stream *s, const parallel_function *f, const parallel_options *options,
                    const pl_request *request);
void pl_stream_end(pl_stream *s);

/* What the cost of its items is known by. */
uintptr_t pl_stream_cost_key(const pl_stream *s);

/* ---- items ----------------------------------------------------------------------------------------------- */

static inline void *pl_stream_arg(const pl_stream *s, pl_stream_slot *slot)
{
    return (unsigned char *)slot + s->arg_at;
}

static inline void *pl_stream_result(const pl_stream *s, pl_stream_slot *slot)
{
    return (unsigned char *)slot + s->result_at;
}

static inline parallel_failure *pl_stream_failure(const pl_stream *s, pl_stream_slot *slot)
{
    return (parallel_failure *)(void *)((unsigned char *)slot + s->failure_at);
}

/* Memory for one more slot, to be freed by free(); NULL: there is none. */
void *pl_stream_new_slot(const pl_stream *s);

/* Zeroes so many bytes, to a whole word. Most are few, and a call takes longer than they do. */
static inline void pl_stream_zero(void *at, size_t bytes)
{
    size_t *words = at, count = (bytes + sizeof *words - 1) / sizeof *words;
    if (count > 4) {
        memset(words, 0, count * sizeof *words);
        return;
    }
    words[0] = 0;
    if (count > 1)
        words[1] = 0;
    if (count > 2)
        words[2] = 0;
    if (count > 3)
        words[3] = 0;
}

/* Makes a slot ready for a new item: its argument and result are zero. */
static inline void pl_stream_renew(const pl_stream *s, pl_stream_slot *slot)
{
    slot->failed = false;
    pl_stream_zero(pl_stream_arg(s, slot), s->failure_at - s->arg_at);
}

/* What sink is given of it. */
parallel_item pl_stream_item(const pl_stream *s, pl_stream_slot *slot);

/* Sink has had it: frees what it said. */
void pl_stream_drop(const pl_stream *s, pl_stream_slot *slot);

/* ---- running --------------------------------------------------------------------------------------------- */

/* Begins the context in which a thread works on the stream. */
void pl_stream_enter(const pl_stream *s, pl_context *context, unsigned participant);

/* Runs the item in a slot, unless it is not to be started any more, and takes down what became of it. */
void pl_stream_run(pl_stream *s, pl_context *context, pl_stream_slot *slot);

/* The same in parts, for a simple stream: where the function finds argument and result; and, when it has been called,
 * and has failed, or said something, or was not begun, what became of it. */
void pl_stream_bind(const pl_stream *s, pl_context *context, pl_stream_slot *slot);
void pl_stream_ended(pl_stream *s, pl_context *context, pl_stream_slot *slot, bool began);

/* Between these: calls the function's kernel, in a function that is an unwind barrier. True if the item went well, and
 * there is nothing to take down. */
static inline bool pl_stream_call_bound(const pl_stream *s, pl_context *context, bool *began)
{
    context->can_fail = pl_function_can_fail(&s->function);
    *began = s->function.kernel(&context->span, 0, 1) == 1;
    context->can_fail = false;
    return *began && !context->span.code && !context->message && !context->saw_cancel && !context->final;
}

/* Whether the stream is closed, cancelled or late, or who waits for it is to give up: takes that down. True if it has
 * ended so. */
bool pl_stream_look(pl_stream *s);

/* How far items are started. */
static inline pl_stream_limit pl_stream_limits(const pl_stream *s)
{
    /* V19 seq_cst: part of a look (R1, R2); what goes with it is under the mutex; pairs with V20 */
    return (pl_stream_limit)atomic_load_explicit((_Atomic int *)&s->limits, memory_order_seq_cst);
}

/* Whether an item is still to be started. */
bool pl_stream_starts(pl_stream *s, const pl_stream_slot *slot);

/* An item has failed: takes that down, with a copy of the message. */
void pl_stream_fail(pl_stream *s, pl_stream_slot *slot, const parallel_failure *failure);

/* An item that has not been started is not to be. */
void pl_stream_leave_out(pl_stream *s, pl_stream_slot *slot);

/* How many items a range has. */
unsigned pl_stream_range(const pl_stream *s);

/* So many items took so many ticks. */
void pl_stream_learn(pl_stream *s, uint64_t ticks, unsigned items);

/* ---- how it ends ----------------------------------------------------------------------------------------- */

/* Sink has returned this code for item `number`: nothing more begins, and what runs is to give up. */
void pl_stream_refuse(pl_stream *s, int code, size_t number);

/* Source has returned -code. */
void pl_stream_break(pl_stream *s, int code);

/* Items cannot be run, for this reason: nothing more begins. */
void pl_stream_halt(pl_stream *s, int code);

/* The stream is being freed: nothing more begins. */
void pl_stream_close(pl_stream *s);

/* All have ended: the calling thread's last failure and errno say why it went wrong. 0; or -1. */
int pl_stream_return(pl_stream *s);

#endif
