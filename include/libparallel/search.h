/* SPDX-License-Identifier: MIT */
/* Counting and searching: how many items of an array a predicate holds of, and which is the first. */
#ifndef LIBPARALLEL_SEARCH_H
#define LIBPARALLEL_SEARCH_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

#ifndef __cplusplus

/**
 * parallel_count(pred, args, n, ...options): how many items a predicate holds of. Equals
 *
 *     ptrdiff_t count = 0;
 *     for (size_t i = 0; i < n; i++)
 *         count += pred(args[i]);
 *
 * for a predicate that has side effects on nothing but its item. It has a PARALLEL_DECORATE or a
 * PARALLEL_DECORATE_TASK (with a PARALLEL_DECORATE_SPLIT: EINVAL), and its result is bool; another type is an error at
 * compile time.
 *
 *     static bool is_even(int x) { return x % 2 == 0; }
 *     PARALLEL_DECORATE(is_even, int, bool);
 *
 *     ptrdiff_t even = parallel_count(is_even, numbers, n);
 *
 * @param pred the predicate
 * @param args n items; read during the call only
 * @param n    how many; 0: the count is 0
 * @return the count; or -1 with errno. Options are those of parallel_map_into(), and failures are as in one: with the
 *         task's index, argument and message. With `silent`, a call goes on in spite of them, and then gives -1 with
 *         the code of the first. EINVAL for an option that a count has not (`names`, `deferred`), ENOMEM where a call
 *         of tasks finds no memory, 32 KiB at most, ETIMEDOUT (past `call_timeout`) or ECANCELED (a task makes it that
 *         is to give up, see parallel_cancelled(); ETIMEDOUT, if that is as it is late). `progress` is told of items.
 *         Safe from any thread, and in tasks; not a cancellation point; not for signal handlers.
 */
#define parallel_count(...) PARALLEL_CALL_3_(PARALLEL_COUNT_, "parallel_count(pred, args, n, ...options)", __VA_ARGS__)

/**
 * parallel_find(pred, args, n, ...options): the first item that a predicate holds of. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         if (pred(args[i]))
 *             return args + i;
 *     return NULL;
 *
 * It is always the first, whatever the threads and their timing. Items are looked at from the front, and none is begun
 * any more once it is known that there is one before it; the first are looked at by the caller alone. So an item at
 * index i takes the work of about i items. `progress` ends at as many as were looked at.
 *
 *     const int *p = parallel_find(is_even, numbers, n);
 *     if (!p && errno)
 *         return fprintf(stderr, "%s\n", parallel_error()), 1;
 *
 * @param pred as for parallel_count(), and so are `args` and n
 * @return where the item is, in `args`, a pointer to const; or NULL: with errno 0 if there is none, else as for
 *         parallel_count(). A task that fails before that item (by index) fails the call, and one after it does not: as
 *         in the loop. With `silent`, tasks that fail are passed over; then NULL with the code of the first of them
 *         says that the predicate holds of none of the others. Those that do not run as the call has been stopped are
 *         not passed over: that is NULL with ETIMEDOUT or ECANCELED, too.
 */
#define parallel_find(...) PARALLEL_CALL_3_(PARALLEL_FIND_, "parallel_find(pred, args, n, ...options)", __VA_ARGS__)

/**
 * parallel_find_last(pred, args, n, ...options): the last item that a predicate holds of. Equals
 *
 *     for (size_t i = n; i-- > 0;)
 *         if (pred(args[i]))
 *             return args + i;
 *     return NULL;
 *
 * Items are looked at from the back, and all else is the mirror image of parallel_find(): it is tasks that fail after
 * the item which fail the call.
 */
#define parallel_find_last(...)                                                                                        \
    PARALLEL_CALL_3_(PARALLEL_FIND_LAST_, "parallel_find_last(pred, args, n, ...options)", __VA_ARGS__)

/**
 * parallel_any(pred, args, n, ...options): whether a predicate holds of any item. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         if (pred(args[i]))
 *             return 1;
 *     return 0;
 *
 * @return 1, 0, or -1 with errno; all else is as for parallel_find().
 */
#define parallel_any(...) PARALLEL_CALL_3_(PARALLEL_ANY_, "parallel_any(pred, args, n, ...options)", __VA_ARGS__)

/**
 * parallel_all(pred, args, n, ...options): whether a predicate holds of all items. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         if (!pred(args[i]))
 *             return 0;
 *     return 1;
 *
 * @return 1, also of no items; 0; or -1 with errno; all else is as for parallel_find() of what it does not hold of.
 */
#define parallel_all(...) PARALLEL_CALL_3_(PARALLEL_ALL_, "parallel_all(pred, args, n, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What the macros are made of: for predicates known at run time, and for C++. A predicate is a function whose result is
 * one bool. EINVAL also for an incomplete one, one with a result of another size, or one that gets chunks.
 */
PARALLEL_API ptrdiff_t parallel_count_function(const parallel_function *pred, const void *args, size_t n,
                                               const parallel_options *options);
PARALLEL_API const void *parallel_find_function(const parallel_function *pred, const void *args, size_t n,
                                                const parallel_options *options);
PARALLEL_API const void *parallel_find_last_function(const parallel_function *pred, const void *args, size_t n,
                                                     const parallel_options *options);
PARALLEL_API int parallel_any_function(const parallel_function *pred, const void *args, size_t n,
                                       const parallel_options *options);
PARALLEL_API int parallel_all_function(const parallel_function *pred, const void *args, size_t n,
                                       const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/search.h>

#endif
