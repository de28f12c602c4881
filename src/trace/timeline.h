/* SPDX-License-Identifier: MIT */
/*
 * What a session has recorded (sched/trace.h), put in order for those who write it: a row for each thread, the calls,
 * and in what *state* each thread was at each moment. Events of a thread follow on each other or lie in each other: a
 * chunk may make a call, which waits. At each moment the thread is in the state of the innermost.
 */
#ifndef PL_TRACE_TIMELINE_H
#define PL_TRACE_TIMELINE_H

#include "sched/trace.h"

typedef enum pl_state {
    PL_STATE_NONE, /* nothing is known: a thread of the program outside of calls, or one that is not there */
    PL_STATE_BUSY,
    PL_STATE_WAITING,
    PL_STATE_SEARCHING,
    PL_STATE_ASLEEP,
    PL_STATES
} pl_state;

typedef struct pl_timeline_row {
    pl_trace_row events;
    char name[24];
    uint64_t in_state[PL_STATES]; /* how many ticks */
    uint64_t chunks, steals, sleeps;
} pl_timeline_row;

typedef struct pl_timeline_call {
    uint64_t number, from, to;
    uint64_t name; /* its index */
    uint64_t items, grain;
    int outcome;     /* an error code, or 0 */
    size_t caller;   /* a row */
    uint64_t busy;   /* in its chunks, all threads together, in ticks */
    uint64_t chunks; /* how many */
} pl_timeline_call;

typedef struct pl_timeline {
    pl_timeline_row *rows;
    size_t row_count;
    pl_timeline_call *calls; /* by their numbers */
    size_t call_count;
    uint64_t from, to; /* in ticks: all events are in between */
    uint64_t ticks_per_us;
    uint64_t lost; /* events there was no room for */
    unsigned cpus; /* how many workers the program's calls have */
} pl_timeline;

/* False if there is no memory. What there is, is the caller's to free, in either case. */
bool pl_timeline_read(pl_timeline *t, uint32_t session, unsigned cpus);
void pl_timeline_free(pl_timeline *t);

/* Goes through the states of a row, from its end to its beginning, but only what lies in [from, to]; moments are left
 * out. `event` is what the thread was in, or NULL. */
typedef void pl_timeline_visit(void *ctx, pl_state state, const pl_trace_event *event, uint64_t from, uint64_t to);
void pl_timeline_sweep(const pl_timeline_row *row, uint64_t from, uint64_t to, pl_timeline_visit *visit, void *ctx);

/* The call with this number; NULL: it is not known. */
pl_timeline_call *pl_timeline_call_of(const pl_timeline *t, uint64_t number);

/* Hundredths of a CPU that a call kept busy on average. */
uint64_t pl_timeline_cpus(const pl_timeline_call *call);

/* Ticks in nanoseconds, since the timeline's beginning. */
uint64_t pl_timeline_ns(const pl_timeline *t, uint64_t ticks);

#endif
