/* SPDX-License-Identifier: MIT */
/* Filters: those items for which something holds. */
#ifndef LIBPARALLEL_FILTER_H
#define LIBPARALLEL_FILTER_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>
#include <libparallel/results.h>

PARALLEL_BEGIN_DECLS

#ifndef __cplusplus

/**
 * parallel_filter(pred, args, n, ...options): the items for which a predicate holds, in their order. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         if (pred(args[i]))
 *             r[m++] = args[i];
 *
 * for a predicate that has side effects on nothing but its own item. Source: Merrill and Garland, "Single-pass parallel
 * prefix scan with decoupled look-back" (2016), but that no thread waits for another.
 *
 *     static bool is_late(struct order o) { return o.due < today; }
 *     PARALLEL_DECORATE(is_late, struct order, bool);
 *     PARALLEL_SCOPED parallel_results *late = parallel_filter(is_late, orders, n);
 *
 * @param pred a function with PARALLEL_DECORATE or PARALLEL_DECORATE_TASK whose result is a bool
 * @param args n items; read during the call only
 * @param n    how many
 * @return a vector of copies of the items, which is the caller's: parallel_length() tells how many. NULL after a
 *         failure, with errno and parallel_last_failure() as of parallel_map(), whose options are all there but
 *         `names`: EINVAL. With `silent`, items whose predicate has failed are left out, and the vector lists these
 *         failures, by their index in `args`. `progress` counts items examined. ENOMEM without memory for n items,
 *         which is had first. Safe from any thread, and in tasks; not for signal handlers.
 */
#define parallel_filter(...)                                                                                           \
    PARALLEL_CALL_3_(PARALLEL_FILTER_, "parallel_filter(pred, args, n, ...options)", __VA_ARGS__)

/**
 * parallel_filter_into(pred, args, n, out, kept, ...options): the same, into memory that is there. Equals
 *
 *     *kept = 0;
 *     for (size_t i = 0; i < n; i++)
 *         if (pred(args[i]))
 *             out[(*kept)++] = args[i];
 *
 * @param out  room for n items: `args` itself, or what does not overlap it (else EINVAL). What lies beyond `*kept` is
 *             untouched where it is not `args`, and any of the items where it is. What is there after a failure is not
 *             said
 * @param kept how many there are now; untouched if the call fails
 * @return 0; or -1 with errno. With `silent`, a call goes on in spite of failures; then it gives -1 with the code of
 *         the first, and `out` and `*kept` have what the others give: so where `out` is `args`, another item may stand
 *         by now where the failure's `arg` points. ENOMEM: it wants some 130 KB, if there are many items
 *
 * All else as for parallel_filter().
 */
#define parallel_filter_into(...)                                                                                      \
    PARALLEL_CALL_5_(PARALLEL_FILTER_INTO_, "parallel_filter_into(pred, args, n, out, kept, ...options)", __VA_ARGS__)

/**
 * parallel_partition_into(pred, args, n, out, kept, ...options): first the items for which a predicate holds, then the
 * others, each in their order. Equals
 *
 *     *kept = 0;
 *     for (size_t i = 0; i < n; i++)
 *         if (pred(args[i]))
 *             out[(*kept)++] = args[i];
 *     for (size_t i = 0, k = *kept; i < n; i++)
 *         if (!pred(args[i]))
 *             out[k++] = args[i];
 *
 * but that the predicate is called once for each item. `out` has room for n items, and does not overlap `args`: else
 * EINVAL. Of items whose predicate has failed in a `silent` call, none is there: the others follow those that are kept.
 * ENOMEM: it wants a bit for each item. All else as for parallel_filter_into().
 */
#define parallel_partition_into(...)                                                                                   \
    PARALLEL_CALL_5_(PARALLEL_PARTITION_INTO_, "parallel_partition_into(pred, args, n, out, kept, ...options)",        \
                     __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What parallel_filter() is made of: for predicates known at run time, and for C++. EINVAL also if its results have not
 * the size of a bool, or if it gets chunks.
 */
PARALLEL_API PARALLEL_MUST_USE parallel_results *
parallel_filter_function(const parallel_function *pred, const void *args, size_t n, const parallel_options *options);

/** What parallel_filter_into() is made of. */
PARALLEL_API int parallel_filter_into_function(const parallel_function *pred, const void *args, size_t n, void *out,
                                               size_t *kept, const parallel_options *options);

/** What parallel_partition_into() is made of. */
PARALLEL_API int parallel_partition_into_function(const parallel_function *pred, const void *args, size_t n, void *out,
                                                  size_t *kept, const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/filter.h>

#endif
