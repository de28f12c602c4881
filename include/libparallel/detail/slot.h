/* SPDX-License-Identifier: MIT */
/* What a program and the library share of tasks: a worker's slots, its bounds, the fast paths, and the calls behind
 * them. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_SLOT_H
#define LIBPARALLEL_DETAIL_SLOT_H

#ifndef __cplusplus

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* Spawns and joins are checked where a program asks for it, and where assert() is on and nothing is optimized. Else
 * nothing of the checks is compiled. Parts of a program may differ: a frame does not leave the task that it is of. */
#if !defined(PARALLEL_DEBUG) && !defined(NDEBUG) && !defined(__OPTIMIZE__)
#define PARALLEL_DEBUG
#endif
#ifdef PARALLEL_DEBUG
#include <stdio.h>
#include <stdlib.h>
#endif

#include <libparallel/base.h>

/* A kind of task. */
typedef struct parallel_task parallel_task;

/* A spawned task: one slot of its worker's deque. */
typedef struct parallel_slot {
    _Atomic(const parallel_task *) task;        /* NULL: none */
    _Atomic unsigned state;                     /* the library's; 0 unless it was stolen */
    char data[48] __attribute__((aligned(16))); /* arguments, then the result; or a pointer to them */
} __attribute__((aligned(64))) parallel_slot;

/* What the fast paths see of a worker: the bounds between which they need not ask. */
typedef struct parallel_worker {
    _Atomic(parallel_slot *) limit; /* slots from here on may be popped */
    _Atomic(parallel_slot *) end;   /* slots up to here, exclusive, may be pushed */
} __attribute__((aligned(64))) parallel_worker;

struct parallel_task {
    /* Takes the arguments out of the slot, runs the task with `head` as its first free slot, and leaves the result
     * in the arguments' place. */
    void (*run)(parallel_worker *worker, parallel_slot *slot, parallel_slot *head);
    const char *name;
    size_t size; /* of arguments or result, what is more */
    bool near;   /* they are in the slot; else a pointer to them is */
};

/*
 * The state of a task that runs: its worker, its first free slot, and, where that is checked, how many spawns it has
 * not joined yet, and what the youngest of these are.
 *
 * It has as many spawns that it has not joined as slots fit between `floor` and `head`. Floor is what head was when the
 * task began, less a slot for each spawn that had no room, and whose result is kept elsewhere. So it changes on slow
 * paths only, and costs nothing in a task that does not ask.
 */
typedef struct parallel_frame {
    parallel_worker *worker;
    parallel_slot *head;
    uintptr_t floor;
#ifdef PARALLEL_DEBUG
    size_t spawned;
    struct {
        const parallel_task *task;
        size_t number;
    } youngest[16];
#endif
} parallel_frame;

/* A join by the slow path: the result, if the task has run, and then the new head. */
typedef struct parallel_joined {
    void *result;
    parallel_slot *head;
} parallel_joined;

PARALLEL_BEGIN_DECLS

/* Runs a task from outside. The slot is the caller's: it holds the arguments, then the result, or a pointer to them. */
PARALLEL_API void parallel_task_run(const parallel_task *task, parallel_slot *slot);
/* A push that the fast path does not manage. Returns the new head. */
PARALLEL_API parallel_slot *parallel_task_push(parallel_worker *worker, parallel_slot *slot);
/* A pop that the fast path does not manage. `task`: what was in the slot. NULL: that is the caller's to run. Else the
 * result, and *head is the new head. It is beyond the slot if the result was kept, and the slot is not concerned. */
PARALLEL_API void *parallel_task_pop(parallel_worker *worker, parallel_slot *slot, const parallel_task *task,
                                     parallel_slot **head);
/* Room for what does not fit into a slot, first in, last out. NULL if there is no memory. */
PARALLEL_API void *parallel_task_reserve(parallel_worker *worker, size_t size);
PARALLEL_API void parallel_task_release(parallel_worker *worker, void *room);
/* Runs a task for which there is no memory, now. */
PARALLEL_API void parallel_task_run_now(parallel_worker *worker, parallel_slot *slot, const parallel_task *task);

PARALLEL_END_DECLS

#define PARALLEL_TASK_LIKELY_(x) __builtin_expect(!!(x), 1)

/*
 * The fast paths; src/deque/deque.h has the protocol. Pushes a task whose arguments are in the slot. True if that
 * was all; else parallel_task_push() sees to it.
 */
static inline __attribute__((always_inline)) bool parallel_slot_push(parallel_worker *worker, parallel_slot *slot,
                                                                     const parallel_task *task)
{
    /* T1 release: a thief that finds the task finds its arguments; pairs with D22, D23 */
    atomic_store_explicit(&slot->task, task, memory_order_release);
    /* T2 seq_cst: the light side of an asymmetric fence, for the compiler alone; pairs with D25 */
    atomic_signal_fence(memory_order_seq_cst);
    /* T3 relaxed: a hint, or, before a reveal, ordered by the fence; pairs with D14, D16 */
    return slot < atomic_load_explicit(&worker->end, memory_order_relaxed);
}

/* Pops the task in `slot`. True if it is the owner's; else parallel_task_pop() sees to it. */
static inline __attribute__((always_inline)) bool parallel_slot_pop(parallel_worker *worker, parallel_slot *slot)
{
    /* T4 relaxed: the slot holds no pending task any more; pairs with D22, D23 */
    atomic_store_explicit(&slot->task, NULL, memory_order_relaxed);
    /* T5 seq_cst: the light side of an asymmetric fence, for the compiler alone; pairs with D25 */
    atomic_signal_fence(memory_order_seq_cst);
    /* T6 relaxed: a hint, or, before a reveal, ordered by the fence; pairs with D13, D15 */
    return slot >= atomic_load_explicit(&worker->limit, memory_order_relaxed);
}

/* The slow paths. Clang keeps more registers for the fast ones if these preserve them (and forgets, as late as version
 * 16, that a result is not to be preserved, hence `to`); gcc inlines the less where a cold call is near, so they are
 * not marked as such. */
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define PARALLEL_TASK_SLOW_ static __attribute__((noinline, cold, unused, preserve_most))
#else
#define PARALLEL_TASK_SLOW_ static __attribute__((noinline, unused))
#endif

PARALLEL_TASK_SLOW_ void parallel_task_push_slow(parallel_worker *worker, parallel_slot *slot, parallel_slot **to)
{
    *to = parallel_task_push(worker, slot);
}

PARALLEL_TASK_SLOW_ void parallel_task_pop_slow(parallel_worker *worker, parallel_slot *slot, const parallel_task *task,
                                                parallel_joined *to)
{
    to->result = parallel_task_pop(worker, slot, task, &to->head);
}

#ifdef PARALLEL_DEBUG
#define PARALLEL_TASK_CHECK_(...) ((void)(__VA_ARGS__))
static inline __attribute__((__noreturn__, unused)) void parallel_task_misuse(const char *task, const char *what)
{
    fprintf(stderr, "parallel: task %s: %s\n", task, what);
    abort();
}
static inline __attribute__((unused)) void parallel_task_note_spawn(parallel_frame *frame, const parallel_task *spawned)
{
    size_t k = frame->spawned++ % (sizeof frame->youngest / sizeof frame->youngest[0]);
    frame->youngest[k].task = spawned;
    frame->youngest[k].number = frame->spawned;
}
static inline __attribute__((unused)) void parallel_task_check_sync(parallel_frame *frame, const parallel_task *joined,
                                                                    const char *name)
{
    if (frame->spawned == 0)
        parallel_task_misuse(name, "a PARALLEL_SYNC without PARALLEL_SPAWN");
    size_t number = frame->spawned--, k = frame->spawned % (sizeof frame->youngest / sizeof frame->youngest[0]);
    if (frame->youngest[k].number == number && frame->youngest[k].task != joined)
        parallel_task_misuse(name, "a PARALLEL_SYNC of another task than the youngest");
}
#else
#define PARALLEL_TASK_CHECK_(...) ((void)0)
#endif

/* Whether a task has spawns that it has not joined. */
static inline __attribute__((always_inline)) bool parallel_frame_is_open(const parallel_frame *frame)
{
    return (uintptr_t)frame->head != frame->floor;
}

/* Joins the youngest spawn of such a task, of whatever kind it is, and drops its result. */
static inline __attribute__((always_inline)) void parallel_frame_join(parallel_frame *frame)
{
    parallel_worker *worker = frame->worker;
    parallel_slot *slot = frame->head - 1;
    /* T7 relaxed: the owner's own; no partner */
    const parallel_task *task = atomic_load_explicit(&slot->task, memory_order_relaxed);
    PARALLEL_TASK_CHECK_(frame->spawned--);
    if (!PARALLEL_TASK_LIKELY_(parallel_slot_pop(worker, slot))) {
        parallel_joined joined;
        parallel_task_pop_slow(worker, slot, task, &joined);
        if (joined.result) {
            frame->floor += (uintptr_t)joined.head - (uintptr_t)slot;
            frame->head = joined.head;
            return;
        }
    }
    frame->head = slot;
    void *room = NULL;
    if (!task->near)
        __builtin_memcpy(&room, slot->data, sizeof room);
    task->run(worker, slot, slot);
    if (!task->near)
        parallel_task_release(worker, room);
}

#endif /* !__cplusplus */

#endif
