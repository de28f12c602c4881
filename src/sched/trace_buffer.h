/* SPDX-License-Identifier: MIT */
/* What a buffer of a trace is, to those who write it (trace.c) and read it (trace_read.c); trace.h has the protocol. */
#ifndef PL_SCHED_TRACE_BUFFER_H
#define PL_SCHED_TRACE_BUFFER_H

#include <stdalign.h>

#include "sched/trace.h"

/* A buffer has room for so many events, in segments that are allocated as they are needed. */
#ifdef PL_MODEL
enum { PL_TRACE_SEGMENT = 2, PL_TRACE_SEGMENTS = 1 };
#else
enum { PL_TRACE_SEGMENT = 1024, PL_TRACE_SEGMENTS = 1024 };
#endif
#define PL_TRACE_ROOM ((uint64_t)PL_TRACE_SEGMENT * PL_TRACE_SEGMENTS)

typedef _Atomic uint64_t pl_trace_event_words[PL_TRACE_WORDS];

typedef struct pl_trace_buffer {
    struct pl_trace_buffer *next; /* in the list of all */
    bool used;                    /* by a thread; kept under the mutex, as the list */
    size_t number;                /* how many are older */
    pl_trace_place place;         /* a thread, or what is apart; set before the buffer is in the list, as */
    unsigned index;               /* which one that is */
    uint64_t until;               /* of what is apart: when its last event ends; kept under the mutex */
    _Atomic int worker;           /* the owner's index in its pool, or -1 */

    /* written by the owner alone; of what is apart, by who holds the mutex */
    alignas(PL_LINE) _Atomic uint64_t version;
    _Atomic uint32_t session;  /* that these are of */
    _Atomic uint64_t head;     /* how many events have been recorded */
    _Atomic uint64_t lost;     /* how many there was no memory for */
    pl_trace_event_words open; /* the run that goes on; its kind is PL_TRACE_NONE, if there is none */
    pl_trace_event last;       /* the same, for the owner to look at */
    _Atomic(pl_trace_event_words *) segments[PL_TRACE_SEGMENTS];
} pl_trace_buffer;

/* The buffer of this number, from 0; NULL: there are not so many. */
pl_trace_buffer *pl_trace_buffer_at(size_t number);

#endif
