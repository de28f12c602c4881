/* SPDX-License-Identifier: MIT */
/*
 * Watching pieces of work, so that no clock is read inside of them.
 *
 * Where tasks have a time limit, a reading of the clock after each would cost more than a cheap task does. So those are
 * run several at a time, in *pieces*: if a piece took less than the limit, none of its tasks was late. Only if one
 * takes long does it matter which task it is. For that there is a thread of the library's, the *watcher*, which looks
 * at all pieces from time to time: one that has lasted longer than its *grace*, a small part of the limit, it stops in
 * front of its next task. So the last task of a piece that was stopped began within the grace, and no piece has two
 * tasks that are long. What the watcher comes too late for, nobody is blamed for.
 *
 * A piece takes a *record*, of a fixed number; if none is free, or there can be no watcher, its tasks are run one by
 * one. The record's word says all about the piece:
 *
 *      word = began << 6 | class       began in ticks, the grace is 1 << class ticks; 0: the record is free
 *
 *      thread                                        watcher, with the mutex held but for w3
 *      ------                                        -------
 *      r1  word: 0 to that of the piece  (CAS)       w1  period = how long it will wait     (store)
 *      r2  used = class + 1              (store)     w2  looks at all words                 (loads)
 *      r3  looks at the period; if that is               one is overdue, and not raised yet:
 *          longer than half the grace,   (load)          stop = 1                           (store)
 *          calls the watcher                             raised = word, and the time
 *      r4  runs tasks while stop is 0                w3  waits for the period, or until it is called
 *      r5  stop = 0; word = 0            (stores)
 *
 * r1, r3, w1 and w2 are seq_cst. No piece is overlooked: if r3 reads a period that is short enough, and the watcher
 * then waits for a longer one, that w1 comes after r3 in S; so r1 < r3 < w1 < w2, and this w2 sees the piece: the
 * watcher chooses its period again. If r3 reads the longer one, it calls.
 *
 * A stop that was meant for the piece before (which ended between the watcher's load and its store) ends a piece early,
 * and nothing else: `raised` is not its word. (Two pieces of a record have the same word only if they began in the same
 * tick; then either both are overdue or neither is.) `raised` belongs to the mutex; whoever finds that a piece has
 * lasted longer than the limit may take the time for it. That the watcher stores `stop` before it reads the time makes
 * this late enough: the task that ran in front of the stop had begun before.
 *
 * The watcher waits for ever when no piece has begun for a while (`used`); its thread ends with the pools.
 *
 * Tasks may wait for each other, if a call asks for more threads than there are CPUs. A piece of such has a *relief*:
 * when it has lasted longer than its grace, the tasks that it has not begun are others' (take_over()). Its word is
 * began << 6 | RELIEF | class, and, when they are, began << 6 | TAKEN.
 *
 *      thread                                          watcher, with the mutex held
 *      ------                                          -------
 *      r1  word: 0 to that of the piece, with RELIEF   b1  if the relief is there,
 *          relief = where                 (store)          word: with RELIEF to TAKEN        (CAS)
 *      r4  for each task:                              b2  stop = 1                          (store)
 *          a1  index = which              (store)      b3  heavy fence (membarrier)
 *              light fence                             b4  k = index                         (load)
 *          a2  runs it, if stop is 0      (load)           the tasks behind k are others'
 *      r5  word: RELIEF goes              (CAS)
 *          if it was TAKEN, waits for the mutex
 *
 * No task is run twice, or by nobody. The heavy fence is a point in the thread's program, as in deque.h (4). An a2
 * behind that point finds stop raised, by b2. So a task that the thread begins has its a2 before that point, and its a1
 * as well, which b4 finds, or a later one: the task is k, or before it. And what is before k the thread has begun, as
 * it begins them in turn. Whether it has begun k it knows itself: the kernel says where it has stopped.
 *
 * The thread does not leave while it is relieved: if r5 is before b1, the CAS of b1 fails; else r5 finds TAKEN, and the
 * mutex is held until take_over() has returned. `relief` is cleared before a record is free, and a record's next piece
 * acquires that by r1: so what b1 finds there is of the piece whose word it has read, or of a later one, with which b1
 * fails.
 */
#ifndef PL_SCHED_WATCH_H
#define PL_SCHED_WATCH_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/os.h"
#include "sched/stop.h"

/* Bits of a class, with that of a relief; and what both become when it has taken over. */
enum { PL_WATCH_CLASS_BITS = 6, PL_WATCH_RELIEF = 1 << 5, PL_WATCH_TAKEN = (1 << PL_WATCH_CLASS_BITS) - 1 };

/* Who takes over what the thread of a piece cannot begin. */
typedef struct pl_relief {
    const size_t *index; /* which task the thread has come to */
    /* Tasks from this one on are others' to run. Called by the watcher's thread, with its mutex held. */
    void (*take_over)(struct pl_relief *relief, size_t first);
} pl_relief;

typedef struct pl_watch {
    alignas(PL_LINE) _Atomic uint64_t word;
    _Atomic uint32_t used;       /* class + 1 of a piece that began since the watcher has looked; 0: none */
    pl_stop stop;                /* no further task of the piece is to begin */
    _Atomic(pl_relief *) relief; /* the piece's, NULL: not there yet, or it has none */
    /* under the watcher's mutex */
    uint64_t raised;    /* the word of the piece that it stopped last */
    uint64_t raised_at; /* when that was, in ticks */
} pl_watch;

/* The record that this thread had last; NULL: none yet. And how long the watcher waits, in ticks. */
extern _Thread_local pl_watch *pl_watch_last PL_OF_THREAD __attribute__((visibility("hidden")));
extern _Atomic uint64_t pl_watch_period __attribute__((visibility("hidden")));

/* The grace of pieces whose tasks may take `limit` ticks, as a class; 0: that is too short for pieces. */
unsigned pl_watch_class(uint64_t limit);

/* The same of pieces with a relief, which is to come soon. 0 also where the system has no heavy fence. */
unsigned pl_watch_class_with_relief(uint64_t limit);

/* The second halves of r1 and r3: the thread's last record is not free; the watcher is to be called. */
pl_watch *pl_watch_take_any(uint64_t word);
pl_watch *pl_watch_call(pl_watch *w);

/* The ticks of a grace. */
static inline uint64_t pl_watch_grace(unsigned class)
{
    return UINT64_C(1) << class % PL_WATCH_RELIEF;
}

/* A piece begins. NULL: nobody would watch it. */
static inline pl_watch *pl_watch_begin(unsigned class)
{
    pl_watch *w = pl_watch_last;
    uint64_t nobody = 0, word = pl_ticks() << PL_WATCH_CLASS_BITS | class;
    /* Y1 seq_cst: r1, before r3 in S; the stop word is as the last piece left it (acquire); pairs with Y4, Y5 */
    if (!w ||
        !atomic_compare_exchange_strong_explicit(&w->word, &nobody, word, memory_order_seq_cst, memory_order_relaxed))
        w = pl_watch_take_any(word);
    if (!w)
        return NULL;
    /* Y2 relaxed: r2, a hint; pairs with Y6, Y7 */
    atomic_store_explicit(&w->used, class + 1, memory_order_relaxed);
    /* Y3 seq_cst: r3, after r1 in S; pairs with Y8 */
    uint64_t period = atomic_load_explicit(&pl_watch_period, memory_order_seq_cst);
    return period > pl_watch_grace(class) >> 1 ? pl_watch_call(w) : w;
}

/* One whose class says that it has a relief. */
static inline pl_watch *pl_watch_begin_with(unsigned class, pl_relief *relief)
{
    pl_watch *w = pl_watch_begin(class);
    if (w) {
        /* Y15 release: what the relief is made of; pairs with Y16 */
        atomic_store_explicit(&w->relief, relief, memory_order_release);
    }
    return w;
}

/* The piece's tasks have ended: nobody takes over from now on. Whether somebody has. */
bool pl_watch_was_relieved(pl_watch *w);

/* It has ended. */
static inline void pl_watch_end(pl_watch *w)
{
    if (pl_stop_is_raised(&w->stop)) {
        /* Y9 relaxed: the record is this thread's until Y4; no partner */
        atomic_store_explicit(&w->stop, 0, memory_order_relaxed);
    }
    /* Y4 release: r5, the stop word is lowered before the record is free; pairs with Y1, Y10, Y5 */
    atomic_store_explicit(&w->word, 0, memory_order_release);
}

/* The piece's own thread, in a task: no further one is to begin. */
static inline void pl_watch_end_after_task(pl_watch *w)
{
    /* Y20 relaxed: for this thread's own kernel, as from Y12; no partner */
    atomic_store_explicit(&w->stop, PL_STOP_STARTING, memory_order_relaxed);
}

/* How many ticks before `now` a piece began. 0 if that is not known: of no piece, or of one that, by another CPU's
 * counter, is still to begin. */
static inline uint64_t pl_watch_since(uint64_t word, uint64_t now)
{
    uint64_t lasted = (now - (word >> PL_WATCH_CLASS_BITS)) << PL_WATCH_CLASS_BITS;
    return word && lasted <= UINT64_MAX / 2 ? lasted >> PL_WATCH_CLASS_BITS : 0;
}

/* How long the piece has lasted, in ticks, at `now`. 0 in a child process whose parent began it: there, nobody watches
 * it. */
static inline uint64_t pl_watch_lasted(const pl_watch *w, uint64_t now)
{
    /* Y11 relaxed: the piece of the caller, or one that waits for it; pairs with Y1, Y10 */
    return pl_watch_since(atomic_load_explicit((_Atomic uint64_t *)&w->word, memory_order_relaxed), now);
}

/* Whether the task that runs in a piece, or has ended last, is known to have taken longer than `limit` ticks by now. */
bool pl_watch_is_late(pl_watch *w, uint64_t limit);

/* Ends the watcher's thread, if there is no piece; the next piece starts one. */
void pl_watch_stop(void);

#endif
