/* SPDX-License-Identifier: MIT */
/* Tasks: fork and join, at the cost of a few plain loads and stores. */
#ifndef LIBPARALLEL_TASK_H
#define LIBPARALLEL_TASK_H

#include <libparallel/base.h>
#include <libparallel/function.h>

#ifndef __cplusplus

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#ifdef PARALLEL_DEBUG
#include <stdio.h>
#include <stdlib.h>
#endif

/**
 * PARALLEL_TASK(result_t, fn, type, name, ...) { body }
 *
 * Defines a task: a function that can run at the same time as the task that spawned it. It stands at file scope.
 * Without the macros it would be `result_t fn(type name, ...)`, with one to four parameters of any types and names;
 * a function pointer needs a typedef, an array a struct around it. `result_t` may be void.
 *
 *     PARALLEL_TASK(long, fib, int, n)
 *     {
 *         if (n < 2)
 *             return n;
 *         PARALLEL_SPAWN(fib, n - 1);
 *         long b = PARALLEL_CALL(fib, n - 2);
 *         return b + PARALLEL_SYNC(fib);
 *     }
 *     long f = PARALLEL_RUN(fib, 42);
 *
 * Every spawn is joined in the task that made it, the youngest first, also where it returns early. A program
 * compiled with -DPARALLEL_DEBUG checks that, and stops as assert() does, naming the task.
 *
 * Tasks end by returning: not by longjmp(), pthread_exit() or C++ exceptions. They may call anything, parallel_map() and
 * PARALLEL_RUN() too. They round as the thread that calls PARALLEL_RUN() does, and have its locale; errno and other
 * thread-local state do not travel from one task to another. A thread that is cancelled in PARALLEL_RUN() ends after it.
 *
 * While a task waits in PARALLEL_SYNC, its thread runs other tasks, but only such as the awaited one has spawned. So
 * the stack grows no deeper than the program nests tasks, and a lock that is held across a PARALLEL_SYNC is met
 * again only by tasks below.
 *
 * As in Cilk (Frigo, Leiserson and Randall, "The implementation of the Cilk-5 multithreaded language", PLDI 1998);
 * that a waiting thread helps its thief alone is Wagner and Calder's "Leapfrogging" (PPoPP 1993).
 */
#define PARALLEL_TASK(result_t, fn, ...)                                                                               \
    PARALLEL_TASK_DECLARE(result_t, fn, __VA_ARGS__);                                                                  \
    PARALLEL_TASK_DEFINE(result_t, fn, __VA_ARGS__)

/**
 * PARALLEL_TASK in two parts of one file, for tasks that spawn each other:
 *
 *     PARALLEL_TASK_DECLARE(bool, is_even, unsigned, n);
 *     PARALLEL_TASK(bool, is_odd, unsigned, n) { return n == 0 ? false : PARALLEL_CALL(is_even, n - 1); }
 *     PARALLEL_TASK_DEFINE(bool, is_even, unsigned, n) { return n == 0 ? true : PARALLEL_CALL(is_odd, n - 1); }
 */
#define PARALLEL_TASK_DECLARE(result_t, fn, ...)                                                                       \
    PARALLEL_TASK_LIST_(__VA_ARGS__)(PARALLEL_TASK_DECLARE_, result_t, fn, __VA_ARGS__)
#define PARALLEL_TASK_DEFINE(result_t, fn, ...)                                                                        \
    PARALLEL_TASK_LIST_(__VA_ARGS__)(PARALLEL_TASK_DEFINE_, result_t, fn, __VA_ARGS__)

/**
 * PARALLEL_SPAWN(fn, arguments...): in a task, starts another, which may run at once, later, or at its join. The
 * arguments are evaluated here and copied. A statement. There may be millions at once: those that no thread has
 * taken cost 64 bytes each. Where memory for them ends, the task runs before PARALLEL_SPAWN is through.
 */
#define PARALLEL_SPAWN(fn, ...) fn##__parallel_spawn(pl_frame, __VA_ARGS__)

/** PARALLEL_CALL(fn, arguments...): in a task, calls another like a function. Gives its result. */
#define PARALLEL_CALL(fn, ...) fn##__parallel_call(pl_task, pl_self, pl_frame, __VA_ARGS__)

/** PARALLEL_SYNC(fn): in a task, joins its youngest spawn, which is one of `fn`. Gives the result. */
#define PARALLEL_SYNC(fn) fn##__parallel_sync(pl_task, pl_self, pl_frame)

/**
 * PARALLEL_RUN(fn, arguments...): runs a task from anywhere, and gives its result. The calling thread does the work;
 * others help. Several threads may do so at once. Without memory or threads for help it does it alone.
 */
#define PARALLEL_RUN(fn, ...) fn##__parallel_run(__VA_ARGS__)

/**
 * PARALLEL_TASK_COPIES: how many copies of the body a task that calls or joins its own kind is compiled into, 1 to 5.
 * With more of them a recursion is faster and its code larger; others have one copy in any case. To be defined before
 * this header is included, if at all.
 */
#ifndef PARALLEL_TASK_COPIES
#ifdef __clang__
#define PARALLEL_TASK_COPIES 4
#else
#define PARALLEL_TASK_COPIES 5
#endif
#endif

/* ---- how it is done ------------------------------------------------------------------------------------ */

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

/* The state of a task that runs: its worker, its first free slot, and, with PARALLEL_DEBUG, how many spawns it has not
 * joined yet, and what the youngest of these are. */
typedef struct parallel_frame {
    parallel_worker *worker;
    parallel_slot *head;
    size_t spawned;
#ifdef PARALLEL_DEBUG
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
/* A pop that the fast path does not manage. NULL: the task is the caller's to run. Else its result, and *head is the
 * new head. */
PARALLEL_API void *parallel_task_pop(parallel_worker *worker, parallel_slot *slot, const parallel_task *task,
                                     parallel_slot **head);
/* Room for what does not fit into a slot, first in, last out. NULL if there is no memory. */
PARALLEL_API void *parallel_task_reserve(parallel_worker *worker, size_t size);
PARALLEL_API void parallel_task_release(parallel_worker *worker, void *room);
/* Runs a task for which there is no memory, now. */
PARALLEL_API void parallel_task_run_now(parallel_worker *worker, parallel_slot *slot, const parallel_task *task);

PARALLEL_END_DECLS

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
static inline __attribute__((noreturn, unused)) void parallel_task_misuse(const char *task, const char *what)
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

#define PARALLEL_TASK_LIKELY_(x) __builtin_expect(!!(x), 1)
#define PARALLEL_TASK_INLINE_ static inline __attribute__((always_inline, unused))

/* Calls list_n with the makers of n parameters: their declarations in a struct, in a parameter list under our names and
 * under the user's, our names as arguments, the same out of a struct, and their way into one. */
#define PARALLEL_TASK_LIST_(...)                                                                                       \
    PARALLEL_NINTH_(__VA_ARGS__, PARALLEL_TASK_4_, PARALLEL_TASK_ODD_, PARALLEL_TASK_3_, PARALLEL_TASK_ODD_,           \
                    PARALLEL_TASK_2_, PARALLEL_TASK_ODD_, PARALLEL_TASK_1_, PARALLEL_TASK_ODD_, ~)
#define PARALLEL_NINTH_(a, b, c, d, e, f, g, h, i, ...) i

#define PARALLEL_TASK_1_(make, result_t, fn, t1, n1)                                                                   \
    make(result_t, fn, (t1 pl_1;), (t1 n1), (t1 pl_1), (pl_1), (pl_in.pl_1), (PARALLEL_TASK_PUT_(1)))
#define PARALLEL_TASK_2_(make, result_t, fn, t1, n1, t2, n2)                                                           \
    make(result_t, fn, (t1 pl_1; t2 pl_2;), (t1 n1, t2 n2), (t1 pl_1, t2 pl_2), (pl_1, pl_2),                          \
         (pl_in.pl_1, pl_in.pl_2), (PARALLEL_TASK_PUT_(1), PARALLEL_TASK_PUT_(2)))
#define PARALLEL_TASK_3_(make, result_t, fn, t1, n1, t2, n2, t3, n3)                                                   \
    make(result_t, fn, (t1 pl_1; t2 pl_2; t3 pl_3;), (t1 n1, t2 n2, t3 n3), (t1 pl_1, t2 pl_2, t3 pl_3),               \
         (pl_1, pl_2, pl_3), (pl_in.pl_1, pl_in.pl_2, pl_in.pl_3),                                                     \
         (PARALLEL_TASK_PUT_(1), PARALLEL_TASK_PUT_(2), PARALLEL_TASK_PUT_(3)))
#define PARALLEL_TASK_4_(make, result_t, fn, t1, n1, t2, n2, t3, n3, t4, n4)                                           \
    make(result_t, fn, (t1 pl_1; t2 pl_2; t3 pl_3; t4 pl_4;), (t1 n1, t2 n2, t3 n3, t4 n4),                            \
         (t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4), (pl_1, pl_2, pl_3, pl_4),                                               \
         (pl_in.pl_1, pl_in.pl_2, pl_in.pl_3, pl_in.pl_4),                                                             \
         (PARALLEL_TASK_PUT_(1), PARALLEL_TASK_PUT_(2), PARALLEL_TASK_PUT_(3), PARALLEL_TASK_PUT_(4)))
/* A parameter that is an array becomes a pointer, and is not what its member is. */
#define PARALLEL_TASK_PUT_(i)                                                                                          \
    ((void)_Generic(&pl_##i, __typeof__(&pl_data->in.pl_##i) : 0),                                                     \
     (void)__builtin_memcpy((char *)pl_data + __builtin_offsetof(__typeof__(*pl_data), in.pl_##i),                     \
                            (const void *)&pl_##i, sizeof pl_##i))
#define PARALLEL_OPEN_(...) __VA_ARGS__

/* What differs where the result is void. */
#define PARALLEL_TASK_OUT_(result_t) PARALLEL_CAT_(PARALLEL_TASK_OUT_, PARALLEL_IS_VOID_(result_t))(result_t)
#define PARALLEL_TASK_OUT_0(result_t) result_t out;
#define PARALLEL_TASK_OUT_1(result_t)
#define PARALLEL_TASK_LET_(result_t) PARALLEL_CAT_(PARALLEL_TASK_LET_, PARALLEL_IS_VOID_(result_t))(result_t)
#define PARALLEL_TASK_LET_0(result_t) result_t pl_result =
#define PARALLEL_TASK_LET_1(result_t)
#define PARALLEL_TASK_GIVE_(result_t) PARALLEL_CAT_(PARALLEL_TASK_GIVE_, PARALLEL_IS_VOID_(result_t))
#define PARALLEL_TASK_GIVE_0 return pl_result
#define PARALLEL_TASK_GIVE_1 return
#define PARALLEL_TASK_SET_(result_t) PARALLEL_CAT_(PARALLEL_TASK_SET_, PARALLEL_IS_VOID_(result_t))
#define PARALLEL_TASK_SET_0 pl_data->out = pl_result
#define PARALLEL_TASK_SET_1 (void)0
#define PARALLEL_TASK_GET_(result_t) PARALLEL_CAT_(PARALLEL_TASK_GET_, PARALLEL_IS_VOID_(result_t))
#define PARALLEL_TASK_GET_0 return pl_data->out
#define PARALLEL_TASK_GET_1 return

/*
 * The body is compiled into itself: copies of it call each other in a ring, so that the compiler may inline some levels
 * of a recursion, which it does not, or not as well, within one function. Which copy comes next travels as `pl_self`,
 * together with the kind of task, `pl_task`, that it is a copy of; both are constants wherever the body is inlined.
 */
#define PARALLEL_TASK_DECLARE_(result_t, fn, members, named, typed, passed, taken, put)                                \
    typedef union {                                                                                                    \
        struct {                                                                                                       \
            PARALLEL_OPEN_ members                                                                                     \
        } in;                                                                                                          \
        PARALLEL_TASK_OUT_(result_t)                                                                                   \
    } __attribute__((may_alias)) fn##__parallel_data;                                                                  \
    enum {                                                                                                             \
        fn##__parallel_fits =                                                                                          \
            sizeof(fn##__parallel_data) <= sizeof(((parallel_slot *)0)->data) && _Alignof(fn##__parallel_data) <= 16   \
    };                                                                                                                 \
    typedef result_t fn##__parallel_copy(parallel_worker *, parallel_slot *, PARALLEL_OPEN_ typed);                    \
    __attribute__((unused)) static inline fn##__parallel_copy fn##__parallel_copy_0;                                   \
    __attribute__((unused)) static void fn##__parallel_stolen(parallel_worker *, parallel_slot *, parallel_slot *);    \
    __attribute__((unused)) static const parallel_task fn##__parallel_task = {                                         \
        fn##__parallel_stolen, #fn, sizeof(fn##__parallel_data), fn##__parallel_fits};                                 \
    _Static_assert(_Alignof(fn##__parallel_data) <= 64, "a task's arguments and result are aligned to 64 at most");    \
    PARALLEL_TASK_INLINE_ void fn##__parallel_spawn(parallel_frame *pl_frame, PARALLEL_OPEN_ typed)                    \
    {                                                                                                                  \
        parallel_worker *pl_worker = pl_frame->worker;                                                                 \
        parallel_slot *pl_slot = pl_frame->head;                                                                       \
        fn##__parallel_data *pl_data = (fn##__parallel_data *)(void *)pl_slot->data, pl_far;                           \
        if (!fn##__parallel_fits) {                                                                                    \
            void *pl_room = parallel_task_reserve(pl_worker, sizeof *pl_data);                                         \
            pl_data = pl_room ? (fn##__parallel_data *)pl_room : &pl_far;                                              \
            __builtin_memcpy(pl_slot->data, &pl_data, sizeof(void *));                                                 \
        }                                                                                                              \
        PARALLEL_OPEN_ put;                                                                                            \
        PARALLEL_TASK_CHECK_(parallel_task_note_spawn(pl_frame, &fn##__parallel_task));                                \
        if (!fn##__parallel_fits && pl_data == &pl_far) {                                                              \
            parallel_task_run_now(pl_worker, pl_slot, &fn##__parallel_task);                                           \
        } else if (PARALLEL_TASK_LIKELY_(parallel_slot_push(pl_worker, pl_slot, &fn##__parallel_task))) {              \
            pl_frame->head = pl_slot + 1;                                                                              \
        } else {                                                                                                       \
            parallel_slot *pl_next;                                                                                    \
            parallel_task_push_slow(pl_worker, pl_slot, &pl_next);                                                     \
            pl_frame->head = pl_next;                                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
    PARALLEL_TASK_INLINE_ result_t fn##__parallel_call(const parallel_task *pl_task, void (*pl_self)(void),            \
                                                       parallel_frame *pl_frame, PARALLEL_OPEN_ typed)                 \
    {                                                                                                                  \
        fn##__parallel_copy *pl_copy =                                                                                 \
            pl_task == &fn##__parallel_task ? (fn##__parallel_copy *)pl_self : fn##__parallel_copy_0;                  \
        PARALLEL_TASK_LET_(result_t) pl_copy(pl_frame->worker, pl_frame->head, PARALLEL_OPEN_ passed);                 \
        PARALLEL_TASK_GIVE_(result_t);                                                                                 \
    }                                                                                                                  \
    PARALLEL_TASK_INLINE_ result_t fn##__parallel_sync(const parallel_task *pl_task, void (*pl_self)(void),            \
                                                       parallel_frame *pl_frame)                                       \
    {                                                                                                                  \
        parallel_worker *pl_worker = pl_frame->worker;                                                                 \
        parallel_slot *pl_slot = pl_frame->head - 1;                                                                   \
        fn##__parallel_data *pl_data = (fn##__parallel_data *)(void *)pl_slot->data;                                   \
        PARALLEL_TASK_CHECK_(parallel_task_check_sync(pl_frame, &fn##__parallel_task, pl_task->name));                 \
        if (!PARALLEL_TASK_LIKELY_(parallel_slot_pop(pl_worker, pl_slot))) {                                           \
            parallel_joined pl_joined;                                                                                 \
            parallel_task_pop_slow(pl_worker, pl_slot, &fn##__parallel_task, &pl_joined);                              \
            if (pl_joined.result) {                                                                                    \
                pl_frame->head = pl_joined.head;                                                                       \
                pl_data = (fn##__parallel_data *)pl_joined.result;                                                     \
                PARALLEL_TASK_GET_(result_t);                                                                          \
            }                                                                                                          \
        }                                                                                                              \
        pl_frame->head = pl_slot;                                                                                      \
        __typeof__(pl_data->in) pl_in;                                                                                 \
        if (!fn##__parallel_fits)                                                                                      \
            __builtin_memcpy(&pl_data, pl_slot->data, sizeof(void *));                                                 \
        __builtin_memcpy(&pl_in, pl_data, sizeof pl_in);                                                               \
        if (!fn##__parallel_fits)                                                                                      \
            parallel_task_release(pl_worker, pl_data);                                                                 \
        PARALLEL_TASK_LET_(result_t)                                                                                   \
        fn##__parallel_call(pl_task, pl_self, pl_frame, PARALLEL_OPEN_ taken);                                         \
        PARALLEL_TASK_GIVE_(result_t);                                                                                 \
    }                                                                                                                  \
    static void fn##__parallel_stolen(parallel_worker *pl_worker, parallel_slot *pl_slot, parallel_slot *pl_head)      \
    {                                                                                                                  \
        fn##__parallel_data *pl_data = (fn##__parallel_data *)(void *)pl_slot->data;                                   \
        __typeof__(pl_data->in) pl_in;                                                                                 \
        if (!fn##__parallel_fits)                                                                                      \
            __builtin_memcpy(&pl_data, pl_slot->data, sizeof(void *));                                                 \
        __builtin_memcpy(&pl_in, pl_data, sizeof pl_in);                                                               \
        PARALLEL_TASK_LET_(result_t) fn##__parallel_copy_0(pl_worker, pl_head, PARALLEL_OPEN_ taken);                  \
        PARALLEL_TASK_SET_(result_t);                                                                                  \
    }                                                                                                                  \
    __attribute__((unused)) static inline result_t fn##__parallel_run(PARALLEL_OPEN_ typed)                            \
    {                                                                                                                  \
        parallel_slot pl_slot;                                                                                         \
        fn##__parallel_data *pl_data = (fn##__parallel_data *)(void *)pl_slot.data, pl_far;                            \
        if (!fn##__parallel_fits) {                                                                                    \
            pl_data = &pl_far;                                                                                         \
            __builtin_memcpy(pl_slot.data, &pl_data, sizeof(void *));                                                  \
        }                                                                                                              \
        PARALLEL_OPEN_ put;                                                                                            \
        parallel_task_run(&fn##__parallel_task, &pl_slot);                                                             \
        PARALLEL_TASK_GET_(result_t);                                                                                  \
    }                                                                                                                  \
    typedef result_t fn##__parallel_task_result

#define PARALLEL_TASK_DEFINE_(result_t, fn, members, named, typed, passed, taken, put)                                 \
    PARALLEL_TASK_INLINE_ result_t fn##__parallel_body(const parallel_task *, void (*)(void), parallel_frame *,        \
                                                       PARALLEL_OPEN_ typed);                                          \
    PARALLEL_TASK_RING_(result_t, fn, typed, passed)                                                                   \
    PARALLEL_TASK_INLINE_ result_t fn##__parallel_body(                                                                \
        const parallel_task *pl_task __attribute__((unused)), void (*pl_self)(void) __attribute__((unused)),           \
        parallel_frame *pl_frame __attribute__((unused)), PARALLEL_OPEN_ named)

/* The ring: each copy calls the one before it, the first one the last. */
#define PARALLEL_TASK_RING_ PARALLEL_CAT_(PARALLEL_TASK_RING_, PARALLEL_TASK_COPIES)
#define PARALLEL_TASK_RING_1(...) PARALLEL_TASK_COPY_(0, 0, __VA_ARGS__)
#define PARALLEL_TASK_RING_2(...) PARALLEL_TASK_CHAIN_1(__VA_ARGS__) PARALLEL_TASK_COPY_(0, 1, __VA_ARGS__)
#define PARALLEL_TASK_RING_3(...) PARALLEL_TASK_CHAIN_2(__VA_ARGS__) PARALLEL_TASK_COPY_(0, 2, __VA_ARGS__)
#define PARALLEL_TASK_RING_4(...) PARALLEL_TASK_CHAIN_3(__VA_ARGS__) PARALLEL_TASK_COPY_(0, 3, __VA_ARGS__)
#define PARALLEL_TASK_RING_5(...) PARALLEL_TASK_CHAIN_4(__VA_ARGS__) PARALLEL_TASK_COPY_(0, 4, __VA_ARGS__)
#define PARALLEL_TASK_CHAIN_1(...) PARALLEL_TASK_COPY_(1, 0, __VA_ARGS__)
#define PARALLEL_TASK_CHAIN_2(...) PARALLEL_TASK_CHAIN_1(__VA_ARGS__) PARALLEL_TASK_COPY_(2, 1, __VA_ARGS__)
#define PARALLEL_TASK_CHAIN_3(...) PARALLEL_TASK_CHAIN_2(__VA_ARGS__) PARALLEL_TASK_COPY_(3, 2, __VA_ARGS__)
#define PARALLEL_TASK_CHAIN_4(...) PARALLEL_TASK_CHAIN_3(__VA_ARGS__) PARALLEL_TASK_COPY_(4, 3, __VA_ARGS__)

#define PARALLEL_TASK_COPY_(i, next, result_t, fn, typed, passed)                                                      \
    static inline result_t fn##__parallel_copy_##i(parallel_worker *pl_worker, parallel_slot *pl_head,                 \
                                                   PARALLEL_OPEN_ typed)                                               \
    {                                                                                                                  \
        parallel_frame pl_frame = {.worker = pl_worker, .head = pl_head};                                              \
        PARALLEL_TASK_LET_(result_t)                                                                                   \
        fn##__parallel_body(&fn##__parallel_task, (void (*)(void))fn##__parallel_copy_##next, &pl_frame,               \
                            PARALLEL_OPEN_ passed);                                                                    \
        PARALLEL_TASK_CHECK_(pl_frame.spawned == 0 ||                                                                  \
                             (parallel_task_misuse(#fn, "a PARALLEL_SPAWN without PARALLEL_SYNC"), 0));                \
        PARALLEL_TASK_GIVE_(result_t);                                                                                 \
    }

#endif /* !__cplusplus */

#endif
