/* SPDX-License-Identifier: MIT */
/* Tasks: fork and join, at the cost of a few plain loads and stores. */
#ifndef LIBPARALLEL_TASK_H
#define LIBPARALLEL_TASK_H

#include <libparallel/base.h>
#include <libparallel/function.h>

#ifndef __cplusplus

/**
 * PARALLEL_TASK(result_t, fn, type, name, ...) { body }
 *
 * Defines a task: a function that can run at the same time as the task that spawned it. It stands at file scope.
 * Without the macros it would be `result_t fn(type name, ...)`, with one to eight parameters of any types and names;
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
 * Every spawn is joined in the task that made it, the youngest first, also where it returns early. A program that is
 * compiled without optimization checks that, and stops as assert() does, naming the task: not with -DNDEBUG, and with
 * -DPARALLEL_DEBUG always. Else the checks cost nothing, as there are none.
 *
 * Tasks end by returning: not by longjmp(), pthread_exit() or C++ exceptions. They may call anything, parallel_map()
 * and PARALLEL_RUN() too. They round as the thread that calls PARALLEL_RUN() does, and have its locale; errno and other
 * thread-local state do not travel from one task to another. A thread that is cancelled in PARALLEL_RUN() ends after
 * it.
 *
 * While a task waits in PARALLEL_SYNC, its thread runs other tasks, but only such as the awaited one has spawned. So
 * the stack grows no deeper than the program nests tasks, and a lock that is held across a PARALLEL_SYNC is met
 * again only by tasks below.
 *
 * As in Cilk (Frigo, Leiserson and Randall, "The implementation of the Cilk-5 multithreaded language", PLDI 1998);
 * that a waiting thread helps its thief alone is Wagner and Calder's "Leapfrogging" (PPoPP 1993).
 */
#define PARALLEL_TASK(result_t, fn, ...) PARALLEL_TASK_(result_t, fn, __VA_ARGS__)

/**
 * PARALLEL_TASK in two parts of one file, for tasks that spawn each other:
 *
 *     PARALLEL_TASK_DECLARE(bool, is_even, unsigned, n);
 *     PARALLEL_TASK(bool, is_odd, unsigned, n) { return n == 0 ? false : PARALLEL_CALL(is_even, n - 1); }
 *     PARALLEL_TASK_DEFINE(bool, is_even, unsigned, n) { return n == 0 ? true : PARALLEL_CALL(is_odd, n - 1); }
 */
#define PARALLEL_TASK_DECLARE(result_t, fn, ...) PARALLEL_TASK_MAKE_(PARALLEL_TASK_DECLARE_, result_t, fn, __VA_ARGS__)
#define PARALLEL_TASK_DEFINE(result_t, fn, ...) PARALLEL_TASK_MAKE_(PARALLEL_TASK_DEFINE_, result_t, fn, __VA_ARGS__)

/**
 * PARALLEL_SPAWN(fn, arguments...): in a task, starts another, which may run at once, later, or at its join. The
 * arguments are evaluated here and copied. A statement. There may be millions at once: those that no thread has
 * taken cost 64 bytes each. Where memory for them ends, the task runs before PARALLEL_SPAWN is through.
 */
#define PARALLEL_SPAWN(fn, ...)                                                                                        \
    (PARALLEL_TASK_TAKES_("PARALLEL_SPAWN", fn, #__VA_ARGS__, __VA_ARGS__),                                            \
     fn##__parallel_spawn(PARALLEL_FRAME_("PARALLEL_SPAWN"), __VA_ARGS__))

/** PARALLEL_CALL(fn, arguments...): in a task, calls another like a function. Gives its result. */
#define PARALLEL_CALL(fn, ...)                                                                                         \
    (PARALLEL_TASK_TAKES_("PARALLEL_CALL", fn, #__VA_ARGS__, __VA_ARGS__),                                             \
     fn##__parallel_call(PARALLEL_TASK_SELF_("PARALLEL_CALL"), pl_self, pl_frame, __VA_ARGS__))

/** PARALLEL_SYNC(fn): in a task, joins its youngest spawn, which is one of `fn`. Gives the result. */
#define PARALLEL_SYNC(fn) fn##__parallel_sync(PARALLEL_TASK_SELF_("PARALLEL_SYNC"), pl_self, pl_frame)

/**
 * PARALLEL_SYNC_ALL(), PARALLEL_SYNC_ALL(fn, op, acc): in a task, joins all spawns that it has not joined yet, none or
 * any number of them; not those of tasks that it has called, or that have called it. A statement.
 *
 * Without arguments, the spawns are of any kinds, and their results are dropped. With three, all are of the one kind
 * `fn`, and their results are combined, the youngest first. It is
 *
 *     while (there is a spawn that this task has not joined) {
 *         result_t result = PARALLEL_SYNC(fn);
 *         acc = op(acc, result);
 *     }
 *
 * but that `acc`, an lvalue that has an address, is evaluated once. `op` is a function, or a macro, of two arguments;
 * or one of these words for operators on numbers: PARALLEL_PLUS, PARALLEL_TIMES, PARALLEL_MIN, PARALLEL_MAX (these two
 * pass over NaN), PARALLEL_AND, PARALLEL_OR, PARALLEL_XOR (these three are bitwise).
 *
 *     PARALLEL_TASK(long, count_leaves, const struct node *, node)
 *     {
 *         for (int i = 0; i < node->children; i++)
 *             PARALLEL_SPAWN(count_leaves, node->child[i]);
 *         long leaves = node->children == 0;
 *         PARALLEL_SYNC_ALL(count_leaves, PARALLEL_PLUS, leaves);
 *         return leaves;
 *     }
 *
 * A task `fn` without a result is an error at compile time; a spawn of another kind is one that the checks find. A join
 * costs what it does in a loop of PARALLEL_SYNC; without arguments 1 to 2 ns more, as the task is called by the pointer
 * in its slot.
 */
#define PARALLEL_SYNC_ALL(...) PARALLEL_SYNC_ALL_(__VA_ARGS__)

/**
 * PARALLEL_RUN(fn, arguments...): runs a task from anywhere, and gives its result. The calling thread does the work;
 * others help. Several threads may do so at once. Without memory or threads for help it does it alone.
 */
#define PARALLEL_RUN(fn, ...)                                                                                          \
    (PARALLEL_TASK_TAKES_("PARALLEL_RUN", fn, #__VA_ARGS__, __VA_ARGS__), fn##__parallel_run(__VA_ARGS__))

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

#endif /* !__cplusplus */

#include <libparallel/detail/task.h>

#endif
