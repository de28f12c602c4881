/* SPDX-License-Identifier: MIT */
/* Sorts: arrays put in order, and sorted copies; and the items of an array that are not the same. */
#ifndef LIBPARALLEL_SORT_H
#define LIBPARALLEL_SORT_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>
#include <libparallel/order.h>
#include <libparallel/results.h>

PARALLEL_BEGIN_DECLS

#ifndef __cplusplus

/**
 * parallel_sort(order, array, n, ...options): puts an array in order. Equals
 *
 *     for (size_t i = 1; i < n; i++)
 *         for (size_t k = i; k > 0 && order(&array[k], &array[k - 1]); k--)
 *             swap(&array[k], &array[k - 1]);
 *
 * that is, it is always *stable*: items of which neither comes before the other stay in the order in which they were.
 * The comparison is inlined, also one that was written for qsort(). With a comparison that is no order, the call ends,
 * and the array has the same items in some order. Sources: Sanders and Winkel, "Super scalar sample sort" (2004);
 * Axtmann, Witt, Ferizovic and Sanders, "In-place parallel super scalar samplesort" (2017); Edelkamp and Weiss,
 * "BlockQuicksort" (2016); Munro and Wild, "Nearly-optimal mergesorts" (2018), for what has long runs already, or has
 * them once neighbours are sorted. Numbers are sorted by a word without comparisons, by their bits, as
 * parallel_sort_by() does it with keys (sort_by.h).
 *
 * Many items are sorted by way of another place of the same size. The system takes long to clear that; so such memory,
 * and that of parallel_group(), parallel_distinct() and parallel_flat_map(), results too when they are freed, is kept
 * for calls to come: three pieces of 4 MiB or more, up to a sixteenth of the machine's memory in all. They count as
 * resident, but the system is free to take them when memory is short, which costs nothing. They are given back at a
 * fork() and by parallel_shutdown(), and not kept if RLIMIT_AS or RLIMIT_DATA limits the process's memory, or if that
 * is locked; nor on other systems than Linux.
 *
 *     static bool is_younger(const struct person *a, const struct person *b) { return a->born > b->born; }
 *     PARALLEL_DECORATE_ORDER(is_younger, struct person);
 *     parallel_sort(is_younger, people, n);
 *     parallel_sort(PARALLEL_DESCENDING, values, n);
 *
 * @param order a function with PARALLEL_DECORATE_ORDER, or one of the words, which sort any NaN to the end
 * @param array n items, which are moved by copying their bytes
 * @param n     how many
 * @return 0; or -1 with errno, and the array has the same items, in some order: EINVAL (an option that asks for what
 *         there is not: `names`, `extras`, `timeout`, `retries`, `deferred`), ENOTSUP (PARALLEL_PROCESS), ETIMEDOUT
 *         (past `call_timeout`) or ECANCELED (a task makes it that is to give up, see parallel_cancelled(); ETIMEDOUT,
 *         if that is as it is late), both within a few hundred comparisons of each thread; ENOMEM: it wants room for
 *         n items and n bytes more, if there are more than a few. A thread that is cancelled in a comparison leaves the
 *         same items, too. `progress` counts items that are where they are to be. Safe from any thread, and in tasks;
 *         not for signal handlers.
 */
#define parallel_sort(...) PARALLEL_CALL_3_(PARALLEL_SORT_, "parallel_sort(order, array, n, ...options)", __VA_ARGS__)

/**
 * parallel_sorted(order, args, n, ...options): a sorted copy. Equals
 *
 *     memcpy(r, args, n * sizeof *args);
 *     parallel_sort(order, r, n);
 *
 * `args` is read during the call only. Returns a vector of the items, which is the caller's; NULL after a failure, with
 * errno as for parallel_sort().
 */
#define parallel_sorted(...)                                                                                           \
    PARALLEL_CALL_3_(PARALLEL_SORTED_COPY_, "parallel_sorted(order, args, n, ...options)", __VA_ARGS__)
#define PARALLEL_SORTED_COPY_(...) PARALLEL_SORTED_(parallel_sorted_function, __VA_ARGS__)

/**
 * parallel_distinct(order, args, n, ...options): the first of all items that are the same, in the order of `args`.
 * Equals
 *
 *     for (size_t i = 0; i < n; i++) {
 *         size_t k = 0;
 *         while (k < m && (order(&r[k], &args[i]) || order(&args[i], &r[k])))
 *             k++;
 *         if (k == m)
 *             r[m++] = args[i];
 *     }
 *
 * that is, two items are the same if neither comes before the other, which all NaN are with the words. It takes a sort
 * of copies of the items with their indices, or of pointers to them if they are larger than 16 bytes; of numbers by a
 * word no sort, but tables of hashed numbers that fit a cache.
 *
 *     PARALLEL_SCOPED parallel_results *r = parallel_distinct(PARALLEL_ASCENDING, ids, n);
 *     const int *first = parallel_values(r);
 *
 * @return a vector of copies, which is the caller's: parallel_length() tells how many. NULL after a failure, with errno
 *         as for parallel_sort(). ENOMEM: it wants room for the vector, and for each of n items two bytes and either
 *         two copies with an index of four bytes, or four pointers. `progress` counts items that have been looked for.
 */
#define parallel_distinct(...)                                                                                         \
    PARALLEL_CALL_3_(PARALLEL_DISTINCT_, "parallel_distinct(order, args, n, ...options)", __VA_ARGS__)
#define PARALLEL_DISTINCT_(...) PARALLEL_SORTED_(parallel_distinct_function, __VA_ARGS__)

#endif /* !__cplusplus */

/** What parallel_sort() is made of: for orders known at run time, and for C++. */
PARALLEL_API int parallel_sort_items(const parallel_order *order, void *array, size_t n,
                                     const parallel_options *options);

/** What parallel_sorted() and parallel_distinct() are made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_sorted_function(const parallel_order *order, const void *args,
                                                                          size_t n, const parallel_options *options);
PARALLEL_API PARALLEL_MUST_USE parallel_results *
parallel_distinct_function(const parallel_order *order, const void *args, size_t n, const parallel_options *options);

/**
 * In place of qsort(), with the same first four arguments; `options` may be NULL. As parallel_sort(), so it is stable;
 * EINVAL also if `size` is 0, or `compare` NULL. The comparison is called by its address: parallel_sort() is faster.
 */
PARALLEL_API int parallel_sort_function(void *base, size_t n, size_t size, int (*compare)(const void *, const void *),
                                        const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/sort.h>

#endif
