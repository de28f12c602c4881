/* SPDX-License-Identifier: MIT */
/* Maps and loops: one function over many items. */
#ifndef LIBPARALLEL_MAP_H
#define LIBPARALLEL_MAP_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>
#include <libparallel/results.h>

PARALLEL_BEGIN_DECLS

/**
 * parallel_map(fn, args, n, ...options): maps a decorated function over an array. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         result[i] = fn(args[i]);
 *
 * with the items in any order, several at once; all are rounded alike, as parallel.h says.
 *
 * @param fn      a function decorated with PARALLEL_DECORATE or PARALLEL_DECORATE_TASK
 * @param args    n arguments, contiguous; borrowed until the results are freed. A pointer to another type is an
 *                error at compile time. A null pointer of that type is fine if n is 0.
 * @param n       how many; 0 gives an empty vector
 * @param options as `.name = value`, see parallel_options
 * @return the results, the caller's to free. NULL with errno:
 *         - the task's code, after a task failed (and without `silent`): tasks not yet started are not started,
 *           those that ran have ended; see parallel_last_failure()
 *         - ETIMEDOUT: a task was late (and without `silent`), or the call was, past `call_timeout`
 *         - EINVAL: args NULL, a bad option, or `names` not all different
 *         - ENOMEM: no memory for the vector or for the account of the failures; n is more than memory can hold
 *         - ENOTSUP: an option that this release does not have
 *         Lack of threads is no error: the call goes on with those that exist.
 *
 * From any thread, and from inside tasks: a nested call runs on the same threads. Where the task that makes it is to
 * give up (see parallel_cancelled()), it begins no further tasks, and fails with ECANCELED, or ETIMEDOUT if the task is
 * late; so does every call but those in the background.
 */
#define parallel_map(...) PARALLEL_CALL_3_(PARALLEL_MAP_, "parallel_map(fn, args, n, ...options)", __VA_ARGS__)

/** parallel_thread_map(fn, args, n, ...options): parallel_map() on threads, whatever was decorated. */
#define parallel_thread_map(...)                                                                                       \
    PARALLEL_CALL_3_(PARALLEL_THREAD_MAP_, "parallel_thread_map(fn, args, n, ...options)", __VA_ARGS__)

/** parallel_process_map(fn, args, n, ...options): parallel_map() on worker processes, see process.h. */
#define parallel_process_map(...)                                                                                      \
    PARALLEL_CALL_3_(PARALLEL_PROCESS_MAP_, "parallel_process_map(fn, args, n, ...options)", __VA_ARGS__)

/**
 * parallel_map_into(fn, args, n, out, ...options): parallel_map() into the caller's own vector; nothing is
 * allocated, but for a copy of the arguments where `out` is `args` and there are `retries`, and for what worker
 * processes share. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         out[i] = fn(args[i]);
 *
 * @param out room for n results, of the result type (else an error at compile time); it may be `args` itself
 *            where the types agree, but must not overlap it in another way; and its slots are their tasks' alone:
 *            no other task reads one. NULL, as a void pointer, where the result type is void.
 * @return 0; or -1 with errno as for parallel_map(). After a failure the slots of tasks that failed are all
 *         zero bytes, and those of tasks that did not run are untouched. With `silent` every task is tried
 *         before the first failure (by index) is reported.
 */
#define parallel_map_into(...)                                                                                         \
    PARALLEL_CALL_4_(PARALLEL_MAP_INTO_, "parallel_map_into(fn, args, n, out, ...options)", __VA_ARGS__)

/**
 * parallel_map_range(fn, begin, end, ...options): parallel_map() over integers. Equals
 *
 *     for (ptrdiff_t i = begin; i < end; i++)
 *         result[i - begin] = fn(i);
 *
 * @param fn      a decorated function whose argument type is an integer type, but not bool; else it is an error at
 *                compile time. The integers are converted to it, as C converts them.
 * @param begin   the first, a ptrdiff_t, which may be negative
 * @param end     the one after the last; `begin == end` gives an empty vector
 * @param options as for parallel_map()
 * @return as parallel_map(); EINVAL also if begin > end, or end - begin is more than PTRDIFF_MAX. Failures and names
 *         count from `begin`: that of the integer i has the index i - begin. The `arg` of a failure is NULL.
 *
 * No array of the integers is made, but for functions that can fail, and for calls with options, of the decoration,
 * too: these have one while they run.
 */
#define parallel_map_range(...)                                                                                        \
    PARALLEL_CALL_3_(PARALLEL_MAP_RANGE_, "parallel_map_range(fn, begin, end, ...options)", __VA_ARGS__)

/**
 * parallel_map_range_into(fn, begin, end, out, ...options): parallel_map_range() into the caller's own vector. Equals
 *
 *     for (ptrdiff_t i = begin; i < end; i++)
 *         out[i - begin] = fn(i);
 *
 * @param out room for end - begin results; all else as for parallel_map_into()
 */
#define parallel_map_range_into(...)                                                                                   \
    PARALLEL_CALL_4_(PARALLEL_MAP_RANGE_INTO_, "parallel_map_range_into(fn, begin, end, out, ...options)", __VA_ARGS__)

/**
 * parallel_split(fn, args, n, ...options): cuts an array into contiguous chunks, one for each worker, and has a
 * function treat each of them as a whole. Equals
 *
 *     fn(args, n, result, extras);
 *
 * for a function that treats each argument independently of its neighbours: it is called with each chunk, several at
 * once. Chunks are as long as one another, but for the last; with `grain`, that long.
 *
 * @param fn      a function decorated with PARALLEL_DECORATE_SPLIT
 * @param args    n arguments, contiguous; borrowed until the results are freed
 * @param n       how many; 0 gives an empty vector
 * @param options as for parallel_map()
 * @return the n results in order, whatever the chunks, and all else as for parallel_map(). parallel_map() itself takes
 *         such a function, too, and then chooses chunks as it goes.
 */
#define parallel_split(...) PARALLEL_CALL_3_(PARALLEL_SPLIT_, "parallel_split(fn, args, n, ...options)", __VA_ARGS__)

/**
 * parallel_for(n, body, ctx, ...options): runs a loop body over index ranges. Equals
 *
 *     body(0, n, ctx);
 *
 * for a body that treats every index in [begin, end) alike: the library calls it with ranges that cover
 * [0, n) exactly once, several at once.
 *
 * @param n    how many indices; 0 calls nothing
 * @param body void body(size_t begin, size_t end, void *ctx)
 * @param ctx  handed to every call; may be NULL
 * @return 0; or -1 with errno EINVAL (body NULL, n more than PTRDIFF_MAX, or an option that asks for what a loop has
 *         not: `names`, `extras`, `timeout`, `retries`, `deferred`), ETIMEDOUT (past `call_timeout`), ECANCELED (a
 *         task makes it that is to give up) or ENOTSUP (PARALLEL_PROCESS: a loop writes to memory, which processes do
 *         not share). Options that only say how, of failures or of worker processes, change nothing.
 *
 * From any thread, and from inside tasks and loops: a nested one runs on the same threads. parallel_loop() is the same
 * for bodies that would rather name what they use than take it out of `ctx`.
 */
#define parallel_for(...) PARALLEL_CALL_3_(PARALLEL_FOR_, "parallel_for(n, body, ctx, ...options)", __VA_ARGS__)

/**
 * What parallel_map() is made of: for functions known at run time, and for C++.
 *
 * @param f       read during the call only
 * @param args    n arguments of f->arg_size bytes each
 * @param options NULL: none
 * @return as parallel_map(); EINVAL also for an incomplete `f`
 */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_map_function(const parallel_function *f, const void *args,
                                                                       size_t n, const parallel_options *options);

/** What parallel_thread_map() is made of. EINVAL if `options` asks for another executor. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *
parallel_thread_map_function(const parallel_function *f, const void *args, size_t n, const parallel_options *options);

/** What parallel_process_map() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *
parallel_process_map_function(const parallel_function *f, const void *args, size_t n, const parallel_options *options);

/** What parallel_split() is made of. Any function will do, run on each argument of a chunk. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_split_function(const parallel_function *f, const void *args,
                                                                         size_t n, const parallel_options *options);

/** What parallel_map_into() is made of. */
PARALLEL_API int parallel_map_into_function(const parallel_function *f, const void *args, size_t n, void *out,
                                            const parallel_options *options);

/** What parallel_map_range() is made of. EINVAL also if f->arg_size is not 1, 2, 4 or 8. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_map_range_function(const parallel_function *f,
                                                                             ptrdiff_t begin, ptrdiff_t end,
                                                                             const parallel_options *options);

/** What parallel_map_range_into() is made of. */
PARALLEL_API int parallel_map_range_into_function(const parallel_function *f, ptrdiff_t begin, ptrdiff_t end, void *out,
                                                  const parallel_options *options);

/** What parallel_for() is made of. */
PARALLEL_API int parallel_for_function(size_t n, void (*body)(size_t begin, size_t end, void *ctx), void *ctx,
                                       const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/map.h>

#endif
