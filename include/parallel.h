/* SPDX-License-Identifier: MIT */
/**
 * @file parallel.h
 * @brief Instant parallelism for C.
 *
 * One call maps a function over an array and gives the results back in order.
 *
 *     #include <parallel.h>
 *     #include <stdio.h>
 *
 *     static double cube(double x) { return x * x * x; }
 *     PARALLEL_DECORATE(cube, double, double);
 *
 *     int main(void)
 *     {
 *         double in[1000];
 *         for (int i = 0; i < 1000; i++) in[i] = i;
 *
 *         PARALLEL_SCOPED parallel_results *r = parallel_map(cube, in, 1000);
 *         if (!r) return fprintf(stderr, "%s\n", parallel_error()), 1;
 *         printf("%g\n", ((const double *)parallel_values(r))[999]);
 *     }
 *
 * Link with `pkg-config --cflags --libs parallel`. The calls, and where each is documented:
 *
 * | call                                        | what it does                                | part        |
 * |---------------------------------------------|---------------------------------------------|-------------|
 * | PARALLEL_DECORATE, PARALLEL_DECORATE_TASK   | make a function fit for parallel calls      | function.h  |
 * | parallel_map, parallel_thread_map           | map an array to an ordered vector           | map.h       |
 * | parallel_map_into                           | the same, into the caller's own vector      | map.h       |
 * | parallel_map_function                       | the same, for a run-time function, from C++ | map.h       |
 * | PARALLEL_DECORATE_SPLIT, parallel_split     | the same, chunk by chunk                    | map.h       |
 * | parallel_map_range, _map_range_into         | map integers, without an array of them      | map.h       |
 * | PARALLEL_DECORATE_ZIP, _zip_map_into        | map two arrays at once                      | zip.h       |
 * | parallel_for                                | run a loop body over index ranges           | map.h       |
 * | PARALLEL_LOOP, _LOOP_RANGE, parallel_loop   | run a loop whose body uses what is around   | loop.h      |
 * | parallel_for_2d                             | run a loop body over tiles of a rectangle   | loop.h      |
 * | PARALLEL_DECORATE_COMBINE, PARALLEL_PLUS... | operators, by a function or a word          | reduce.h    |
 * | parallel_reduce, parallel_map_reduce        | make one value of an array, or of a map     | reduce.h    |
 * | PARALLEL_LOOP_REDUCE, parallel_loop_reduce  | the same of the values of a loop            | reduce.h    |
 * | PARALLEL_DECORATE_FOLD, parallel_fold       | add an array to an accumulator              | reduce.h    |
 * | parallel_scan_into, _exclusive_into, _scan  | prefix sums, by any operator                | scan.h      |
 * | parallel_filter, parallel_partition_into    | the items that a predicate holds of         | filter.h    |
 * | parallel_count, _find, _any, _all, ...      | count and search by a predicate             | search.h    |
 * | parallel_min, parallel_max                  | the least and the greatest of an array      | order.h     |
 * | parallel_sort, parallel_sorted, ...         | put an array in order; a sorted copy        | sort.h      |
 * | parallel_distinct                           | the first of all items that are the same    | sort.h      |
 * | parallel_sort_by                            | sort an array by keys                       | sort_by.h   |
 * | parallel_histogram, parallel_group          | count items, and group them, by keys        | histogram.h |
 * | PARALLEL_DECORATE_FLAT, parallel_flat_map   | any number of results for each item         | flat_map.h  |
 * | parallel_for_each, parallel_for_each_add    | run work that brings forth more of its kind | for_each.h  |
 * | parallel_stream_map                         | an ordered map of what has no end           | stream.h    |
 * | parallel_stream_open, _put, _next, ...      | the same, with both ends in the program     | stream.h    |
 * | parallel_par, PARALLEL_FUTURE               | run different functions at once             | par.h       |
 * | parallel_async_map, parallel_async_par      | the same without waiting                    | executor.h  |
 * | parallel_async, parallel_executor_result    | run one task without waiting                | async.h     |
 * | parallel_executor_fd, _notify, _next, _any  | ends and results for event loops            | async.h     |
 * | parallel_executor_results, ...              | wait, look, cancel, shut down               | executor.h  |
 * | parallel_cancelled, parallel_sleep          | inside a task: give up in time              | running.h   |
 * | parallel_worker_index, _worker_limit        | memory for each participant, without locks  | running.h   |
 * | parallel_progress_bar                       | show how far a call is                      | progress.h  |
 * | PARALLEL_TASK, _SPAWN, _SYNC, _CALL, _RUN   | fork and join                               | task.h      |
 * | parallel_values, parallel_result, ...       | read what came back                         | results.h   |
 * | parallel_fail, parallel_fail_final          | inside a task: say why it fails             | failure.h   |
 * | parallel_last_failure                       | learn why a call failed                     | failure.h   |
 * | parallel_process_map, _process_par, ...     | on worker processes: crashes cost one task  | process.h   |
 * | parallel_pool_new, _new_with, _free         | threads that some calls have to themselves  | pool.h      |
 * | parallel_warm_up                            | start them before the first call            | pool.h      |
 * | parallel_shutdown                           | end the program's threads, for a while      | pool.h      |
 * | parallel_trace_begin, _end                  | what each thread did, as a picture          | trace.h     |
 * | parallel_stats                              | what the workers have done, in numbers      | stats.h     |
 * | parallel_options                            | every option, all zero by default           | options.h   |
 *
 * Every function may be called from any thread, several at once, and from inside tasks. The library never
 * prints (but what its user asks for by PARALLEL_VERBOSE), exits or aborts: a call that cannot be done returns NULL or
 * -1 and sets `errno`.
 *
 * **Tasks end by returning.** A C++ exception that leaves one is std::terminate(), at once, also where a caller would
 * catch it. pthread_exit() in one ends the caller's thread and its call, or, on another thread, and in calls in which a
 * thread is not cancelled (below), the program, by abort().
 * longjmp() out of one is not noticed, and leaves damage.
 *
 * **What tasks see** of the thread that makes the call, wherever they run:
 *
 * - how it rounds, and other control bits of its floating-point unit;
 * - its locale, if uselocale() has set one;
 * - its signal mask, which threads and processes that tasks start inherit. On other threads, signals that the program
 *   handles stay blocked besides (fork() gives children the caller's mask).
 *
 * errno and thread-local variables are those of the thread that runs the task. A call in the background is as in a new
 * thread, made by the thread that starts it, and so has the program's locale; if a thread that waits for it performs
 * it, it has the mask of that one. Tasks of PARALLEL_SPAWN, and of calls that take less than 0.1 ms in all, have most
 * signals blocked on other threads, and children of fork() the mask of the call for which the thread was started.
 *
 * **Threads** of the library have the CPUs, the priority and the policy of the process's first thread, whichever makes
 * the first call. The program's signal handlers run on the program's threads, but SIGPROF, a profiler's, on any; and
 * one that is installed while calls run, or 2 ms before, may run on any in those calls.
 *
 * **Cancellation.** No function is a cancellation point. A thread that is cancelled in a wait, a PARALLEL_RUN, a call
 * on processes or in the background, or one with `timeout`, `call_timeout`, `retries` or `progress`, goes on until that
 * has returned. In other calls the tasks that run on the thread itself have their own cancellation points, as in the
 * serial loop: then no task starts any more, those that run elsewhere are waited for, what the call has is freed, and
 * the thread ends. (With C libraries other than glibc, it goes on until the call has returned.) A thread that calls
 * must not be cancellable at any time (PTHREAD_CANCEL_ASYNCHRONOUS); a task may be while it computes.
 *
 * **Signals.** parallel_cancel() and parallel_executor_cancel() are async-signal-safe, and nothing else. **Fork.** A
 * child may call everything, at once; fork handlers may make calls on threads.
 */
#ifndef PARALLEL_H
#define PARALLEL_H

#include <libparallel/options.h>

#include <libparallel/async.h>
#include <libparallel/executor.h>
#include <libparallel/failure.h>
#include <libparallel/filter.h>
#include <libparallel/flat_map.h>
#include <libparallel/for_each.h>
#include <libparallel/function.h>
#include <libparallel/group.h>
#include <libparallel/histogram.h>
#include <libparallel/key.h>
#include <libparallel/item.h>
#include <libparallel/loop.h>
#include <libparallel/map.h>
#include <libparallel/order.h>
#include <libparallel/par.h>
#include <libparallel/pool.h>
#include <libparallel/process.h>
#include <libparallel/progress.h>
#include <libparallel/reduce.h>
#include <libparallel/results.h>
#include <libparallel/running.h>
#include <libparallel/scan.h>
#include <libparallel/search.h>
#include <libparallel/sort.h>
#include <libparallel/sort_by.h>
#include <libparallel/stats.h>
#include <libparallel/stream.h>
#include <libparallel/task.h>
#include <libparallel/trace.h>
#include <libparallel/zip.h>

#include <libparallel/detail/cxx.h>

#endif
