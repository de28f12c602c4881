/* SPDX-License-Identifier: MIT */
/*
 * A trace: what each thread did, and when, for as long as a *session* lasts. Recording is here (trace.c), and reading
 * (trace_read.c); what becomes of it is in src/trace/.
 *
 * Each thread that has something to record has a *buffer*, which it alone writes: a ring of events, of which the oldest
 * make room for new ones. Chunks of a loop that follow on each other are one event, a *run*, which stays open, and is
 * made longer by each chunk, until something else comes. To record is a call of a function that takes some nanoseconds;
 * clocks are read where the scheduler reads them anyway. While there is no session, each hook is one comparison with a
 * word that does not change (pl_trace_is_on()), or with one that is 0 then. There are no hooks in spawn and join, but
 * where a task is stolen; and none where a loop runs at once on its caller (inline.h): while there is a session, the
 * limit that is compared there is 0, so that loops take the longer way, where there is a hook. Other threads notice
 * that after PL_INLINE_TRUST loops at the latest.
 *
 * Whoever reads does not stop those who write. Words of events are atomic, and:
 *
 *      owner, for each change                             reader
 *      ----------------------                             ------
 *      o1  version += 1: it is odd                        r1  version: if it is odd, again
 *      o2  words of the open run, or of an event          r2  head, and the words of the open run
 *          in the ring, which is number `head`            r3  version: if it is not the same, again
 *      o3  if that was an event: head += 1                r4  the words of the events before head
 *      o4  version += 1                                   r5  head: what has been overwritten since
 *
 * What is read is what was recorded. The stores o2 and o3 are release, and the loads r2 and r4 acquire: a reader that
 * sees one of these words has o1, and all that came before, behind it.
 *   - Head and open run belong together. Suppose r2 reads a word that was stored after r1's even version v. Then o1 of
 *     that change, which is later than v, comes before r3, which sees it or a later one, and not v. Else r2 reads what
 *     was stored up to v, since v is acquired by r1 from o4.
 *   - An event of the ring is whole. Number j is overwritten by number j + ROOM, where `head` is at least that (its o3
 *     came before). If r4 reads a word of the latter, r5 sees such a head, and drops all up to j. It drops one more
 *     than need be, if nothing is being written.
 * The owner never waits. A reader that finds the version odd again and again, as the owner has lost its CPU, takes the
 * ring as it is, without the open run.
 *
 * A buffer belongs to a thread until that ends; what it has recorded stays until the next session. Its owner alone
 * makes it one of a new session, at the first event: so a buffer of an older one is passed over by the reader.
 */
#ifndef PL_SCHED_TRACE_H
#define PL_SCHED_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/os.h"
#include "base/probe.h"

/* ---- events ---------------------------------------------------------------------------------------------- */

/*      kind                 from, to            a                b                c             */
typedef enum pl_trace_kind {
    PL_TRACE_NONE,
    PL_TRACE_CALL,    /* a call: its items, its name (an index), its outcome, and its grain above that */
    PL_TRACE_RUN,     /* a run of chunks of a call: first item, end, how many chunks */
    PL_TRACE_TASK,    /* a stolen task: whose (a worker's index), its name */
    PL_TRACE_JOB,     /* a call in the background, from when a thread came for it */
    PL_TRACE_SEARCH,  /* looking for work */
    PL_TRACE_SLEEP,   /* sleeping */
    PL_TRACE_WAIT,    /* waiting for those who take part in its call, or for the thief of a task */
    PL_TRACE_END,     /* at an end of a stream: its items, its name */
    PL_TRACE_STALL,   /* an end of a stream waits for the other */
    PL_TRACE_STEAL,   /* a moment: whose (a worker's index) */
    PL_TRACE_WAKE,    /* a moment: whom */
    PL_TRACE_RETRY,   /* a moment: which task is to be tried again */
    PL_TRACE_TIMEOUT, /* a moment: which task was late */
    PL_TRACE_START,   /* a moment: so many worker processes begin, for one call */
    PL_TRACE_CRASH,   /* a moment: in which task one has died, by which signal */
    PL_TRACE_KINDS
} pl_trace_kind;

typedef struct pl_trace_event {
    uint64_t from, to; /* in ticks; of a moment, the same */
    uint64_t what;     /* the kind, and above it the number of the call, if it is of one */
    uint64_t a, b, c;
} pl_trace_event;

enum { PL_TRACE_WORDS = sizeof(pl_trace_event) / sizeof(uint64_t), PL_TRACE_KIND_BITS = 8 };

static inline pl_trace_kind pl_trace_kind_of(const pl_trace_event *e)
{
    return (pl_trace_kind)(e->what & ((1U << PL_TRACE_KIND_BITS) - 1));
}

static inline uint64_t pl_trace_call_of(const pl_trace_event *e)
{
    return e->what >> PL_TRACE_KIND_BITS;
}

/* ---- hooks ----------------------------------------------------------------------------------------------- */

/* The number of the session; 0: there is none. */
extern _Atomic uint32_t pl_trace_session __attribute__((visibility("hidden")));

/* (In the interleaving tester, there is none; nor where ./dev bench traces measures what the hooks cost.) */
static inline bool pl_trace_is_on(void)
{
#if defined PL_MODEL || defined PL_UNTRACED
    return false;
#else
    /* F1 relaxed: a hint, which the recorder looks at once more; pairs with F2 */
    return __builtin_expect(atomic_load_explicit(&pl_trace_session, memory_order_relaxed) != 0, 0);
#endif
}

/* What a thread is at. Numbers of calls are 0 while there is no session. */
typedef struct pl_trace_thread {
    struct pl_trace_buffer *buffer;
    uint64_t pending; /* the call whose loops are about to begin */
    uint64_t loop;    /* the call that the loop which begins is of */
    uint64_t calls;   /* how many calls have begun here */
    int worker;       /* its index in its pool, and 1; 0: it is none of a pool */
} pl_trace_thread;

extern _Thread_local pl_trace_thread pl_trace_own PL_OF_THREAD __attribute__((visibility("hidden")));

/* Records something that the calling thread did, as a part of `call`, or 0. */
void pl_trace_record(pl_trace_kind kind, uint64_t call, uint64_t from, uint64_t to, uint64_t a, uint64_t b, uint64_t c);

/* A moment, now. */
void pl_trace_moment(pl_trace_kind kind, uint64_t a, uint64_t b);

/* Chunks with the items [begin, end) of a call ran from then to then. */
void pl_trace_run(uint64_t call, uint64_t from, uint64_t to, uint64_t begin, uint64_t end, uint64_t chunks);

/* What has a row of its own. */
typedef enum pl_trace_place {
    PL_TRACE_THREAD,
    PL_TRACE_PROCESS, /* a worker process, by its index in its group */
    PL_TRACE_RANK,    /* a rank of an MPI job */
    PL_TRACE_STREAM   /* an open stream: it has no thread, but lasts */
} pl_trace_place;

/* The same for what is apart: an event, recorded by who hears of it. What overlaps with an earlier run of the same
 * place is of another row; of a rank, it is made shorter. */
void pl_trace_apart(pl_trace_place place, unsigned index, const pl_trace_event *e);

/* That a rank has run so many items, which took so long, and that this is known now. */
void pl_trace_rank_run(uint64_t call, unsigned rank, uint64_t took_ns, uint64_t begin, uint64_t end);

/* The call that the calling thread has begun, if it is recorded; else 0. */
uint64_t pl_trace_pending_call(void);

/* A run of a call, for that. */
static inline pl_trace_event pl_trace_run_of(uint64_t call, uint64_t from, uint64_t to, uint64_t begin, uint64_t end)
{
    return (pl_trace_event){from, to, call << PL_TRACE_KIND_BITS | PL_TRACE_RUN, begin, end, 1};
}

/* A call. */
typedef struct pl_trace_call {
    uint64_t number; /* 0: it is not recorded */
    uint64_t from;
    uint64_t pending, loop; /* what the thread was at before */

    /* filled in before it ends */
    const char *what, *name; /* as in "map" of "cube", or "parallel_map_function"; the name may be NULL */
    size_t n, grain;
    int outcome; /* an error code, or 0 */
} pl_trace_call;

/* A call begins: the loops that begin before it ends are its own, unless they are in tasks. */
pl_trace_call pl_trace_call_begin(void);

/* A loop begins: of the call that has just begun, or, if there is none, of one of its own. */
pl_trace_call pl_trace_loop_begin(void);

void pl_trace_call_end(const pl_trace_call *call);

/* The same of what any thread may begin and end, and whose loops are no thread's: an open stream. */
pl_trace_call pl_trace_stream_begin(void);
void pl_trace_stream_end(const pl_trace_call *call);

/* The calling thread is a pool's worker of this index. */
void pl_trace_be_worker(unsigned index);

/* ---- sessions -------------------------------------------------------------------------------------------- */

/* Begins one. Not while there is one. */
void pl_trace_begin(void);

/* Ends it: nothing more is recorded, but what is being recorded now. Returns its number. */
uint32_t pl_trace_stop(void);

/* The part of a thread, or of what runs apart, in a session. */
typedef struct pl_trace_row {
    pl_trace_place place;
    unsigned index; /* of what is apart */
    int worker;     /* its index in its pool; -1: a thread of the program */
    uint64_t lost;  /* how many events there is no room for; the oldest */
    size_t count;   /* of the others, by the time of their end */
    pl_trace_event *events;
} pl_trace_row;

/* What the calling thread finds in buffer number `i`, from 0, on the heap; false if there is no such buffer. A row of
 * another session, or without memory for it, has no events. */
bool pl_trace_read_row(uint32_t session, size_t i, pl_trace_row *row);

#ifdef PL_MODEL
/* For the interleaving tester: there is session 1, and one buffer; which becomes the calling thread's. */
void pl_trace_begin_anew(void);
void pl_trace_take_buffer(void);
#endif

#endif
