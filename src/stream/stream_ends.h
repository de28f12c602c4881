/* SPDX-License-Identifier: MIT */
/*
 * What a parallel_stream has beside a stream's ring: between stream_open.c (opening and closing, and the end at which
 * the program puts), stream_next.c (the one at which it takes), stream_jobs.c (who runs items) and stream_ends.c (who
 * is told of what).
 *
 * Items are run by *seats*, as many as there are workers; a seat's number is the participant's. Who runs an item has a
 * seat: a job of the pool, from when it is submitted until it ends, or a thread in parallel_stream_next(). A job ends
 * when no item waits; whoever puts one, while a seat is free, submits a further job:
 *
 *      put                                            a job that finds nothing
 *      ---                                            ------------------------
 *      p1  puts an item               (V8)            j1  busy -= 1                            (U2)
 *      p2  if busy < seats            (U1):           j2  looks whether an item waits          (V7, V14):
 *          submits a job                                  if so busy += 1, and goes on
 *
 * All four are seq_cst: if p2 does not see j1, p1 < p2 < j1 < j2 in S, and j2 sees the item.
 *
 * Threads that wait in parallel_stream_next() sleep on an *epoch*, which is moved on when there may be something for
 * them: the head has ended, an item has been put, an item has failed, the stream has been ended or cancelled. All that
 * they look at is seq_cst:
 *
 *      waiter                                         teller
 *      ------                                         ------
 *      w1  waiting += 1           (U3)                t1  makes it so
 *      w2  e = epoch              (U5)                t2  epoch += 1                           (U6)
 *      w3  looks                                      t3  if waiting > 0: wakes all            (U4)
 *      w4  sleeps while epoch == e
 *
 * If w3 does not see t1, then w1 < w2 < w3 < t1 < t2 < t3, so t3 sees the waiter, and the epoch is no longer e.
 *
 * The descriptor's flag is raised and lowered under a mutex, by what is true at that moment; so the last who has
 * changed something leaves it right. That call_timeout is over is such a change, too: where there is a descriptor, a
 * *timer*, a job that is due then, sees to it. But parallel_stream_cancel(), which may be in a signal handler, raises
 * the flag without the mutex; from then on it is lowered also where it seems to be lowered already.
 */
#ifndef PL_STREAM_STREAM_ENDS_H
#define PL_STREAM_STREAM_ENDS_H

#include <pthread.h>

#include "call/handle.h"
#include "sched/injector.h"
#include "sched/trace.h"
#include "stream/stream.h"

/* What keeps the item that a thread has taken last. */
typedef struct pl_stream_taker {
    struct pl_stream_taker *next;
    const void *thread;   /* an address that only this thread has */
    pl_stream_slot *held; /* the slot of that item, or a spare one */
    void *memory;         /* that it came with, to be freed */
} pl_stream_taker;

typedef struct pl_stream_seat {
    pl_job job;
    parallel_stream *stream;
    bool is_busy;
    bool is_submitted; /* its job lies in the pool's injector, or has been taken from there */
} pl_stream_seat;

struct parallel_stream {
    pl_kind kind;
    unsigned forks;    /* pl_pool_forks() of the process that has opened it */
    bool is_serial;    /* items are run by who takes them */
    bool has_told_end; /* to the callback of progress; under `taking` */
    pl_stream stream;
    pl_pool *pool;         /* held; NULL: there is none */
    pl_os_ambient ambient; /* what tasks see of the thread that has opened it */
    pl_os_mask mask;       /* its signal mask, which tasks have, too */
    pl_trace_call traced;  /* number 0: it is in no trace */

    pthread_mutex_t putting; /* at source; guards what follows */
    size_t items;            /* that have been put */
    _Atomic bool has_ended;  /* no more are */

    pthread_mutex_t taking; /* at sink; guards what follows */
    pl_stream_taker *takers;

    pthread_mutex_t seating; /* guards what follows */
    pthread_cond_t rested;   /* no seat is busy, or the timer has run */
    pl_stream_seat *seats;   /* as many as there are workers */
    _Atomic uint32_t busy;   /* how many of them */
    pl_job timer;            /* for who polls: due when call_timeout is over */
    pl_pool *timer_pool;     /* that it is in; held, if it is not `pool`; NULL: it has not been needed */
    bool has_timer;          /* it is in the injector, or runs */

    _Atomic uint32_t epoch, waiting;

    pthread_mutex_t flagging; /* guards what follows */
    pl_os_flag flag;
    bool is_raised;
    _Atomic bool has_flag;
};

/* Checks a stream of the program's. False with errno EINVAL or ECHILD. */
bool pl_stream_ends_check(const parallel_stream *s);

/* Whether the calling thread runs a task of the stream, or one that such a task waits for. */
bool pl_stream_ends_is_inside(const parallel_stream *s);

/* There may be something for those who wait, or poll. */
void pl_stream_ends_tell(parallel_stream *s);

/* The same, in a signal handler; and where an item has been put. */
void pl_stream_ends_tell_in_signal(parallel_stream *s);
void pl_stream_ends_tell_of_item(parallel_stream *s);

/* The same for who polls alone. */
void pl_stream_ends_flag(parallel_stream *s);

/* Opens the descriptor, if it is not open. 0, or an error code. */
int pl_stream_ends_open_flag(parallel_stream *s, bool *is_new);

/* Whether nothing is to be put any more; and whether all has been given besides. */
bool pl_stream_ends_closed(const parallel_stream *s);
bool pl_stream_ends_finished(parallel_stream *s);

/* Items that wait are not to be started any more: they have ended. True if there were any: those who wait are to be
 * told. */
bool pl_stream_ends_leave_out(parallel_stream *s);

/* ---- running: stream_jobs.c ------------------------------------------------------------------------------ */

/* An item has been put: somebody is to come for it, if nobody is sure to. */
void pl_stream_jobs_call(parallel_stream *s);

/* The calling thread runs one item that waits, if there is one, and a seat for it. */
bool pl_stream_jobs_run_one(parallel_stream *s);

/* Whether there is one. */
bool pl_stream_jobs_have_seat(const parallel_stream *s);

/* Jobs wait, and there is no thread that could come for them, though one has been asked for again. */
bool pl_stream_jobs_lack_threads(parallel_stream *s);

/* Somebody polls: sees to it that it is told when call_timeout is over, where nothing else may happen. */
void pl_stream_jobs_start_timer(parallel_stream *s);

/* No job is there any more, and none runs. */
void pl_stream_jobs_end(parallel_stream *s);

#endif
