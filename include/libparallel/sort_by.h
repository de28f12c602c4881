/* SPDX-License-Identifier: MIT */
/* Sorting by keys. */
#ifndef LIBPARALLEL_SORT_BY_H
#define LIBPARALLEL_SORT_BY_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/key.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

#ifndef __cplusplus

/**
 * parallel_sort_by(key, array, n, ...options): sorts an array by what a function gives for each item. Equals
 *
 *     for (size_t i = 1; i < n; i++)
 *         for (size_t k = i; k > 0 && key(array[k]) < key(array[k - 1]); k--)
 *             swap(&array[k], &array[k - 1]);
 *
 * but that the function is called once for each item: a stable sort, the least key first. Keys that are NaN come last,
 * and -0.0 equals 0.0. Source: Satish et al., "Fast sort on CPUs and GPUs" (2010): radix sort by buckets that fit a
 * cache.
 *
 *     static double price(struct offer o) { return o.price; }
 *     PARALLEL_DECORATE(price, struct offer, double);
 *     parallel_sort_by(price, offers, n);
 *
 * @param key   a function with PARALLEL_DECORATE or PARALLEL_DECORATE_TASK whose result is an integer, a bool, or a
 *              floating number. It must not change items, and gets them as they were before
 * @param array n items, of any size; not to be touched by others during the call
 * @param n     how many
 * @return 0; or -1 with errno, and failures as of parallel_map(), whose options are all there but `names`: EINVAL.
 *         Then the array is a permutation of what it was: exactly that, if a key has failed. With `silent`, the call
 *         goes on in spite of that: items without a key come last, in their order, and -1 with the code of the first
 *         failure is given in the end; so another item may stand by now where the failure's `arg` points. `progress`
 *         counts keys. With PARALLEL_PROCESS keys are computed by worker processes. ENOMEM: it wants room for a copy
 *         of all items, and 16 to 24 bytes for each (twice that, and an index, if keys are `long double`), and has it
 *         before anything is moved; it is kept for calls to come, see parallel_sort(). Safe from any thread, and in
 *         tasks; not for signal handlers.
 */
#define parallel_sort_by(...)                                                                                          \
    PARALLEL_CALL_3_(PARALLEL_SORT_BY_, "parallel_sort_by(key, array, n, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What parallel_sort_by() is made of: for functions known at run time, and for C++. `type` is what the function gives.
 * EINVAL also if that is no key, if the size of its results is another, or if it gets chunks.
 */
PARALLEL_API int parallel_sort_by_function(const parallel_function *key, parallel_key type, void *array, size_t n,
                                           const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/sort_by.h>

#endif
