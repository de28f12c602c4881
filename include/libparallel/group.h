/* SPDX-License-Identifier: MIT */
/* Groups: items that have the same key, next to each other. */
#ifndef LIBPARALLEL_GROUP_H
#define LIBPARALLEL_GROUP_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/key.h>
#include <libparallel/options.h>
#include <libparallel/results.h>

PARALLEL_BEGIN_DECLS

#ifndef __cplusplus

/**
 * parallel_group(key, args, n, k, offsets, ...options): copies of items, those with the least key first, and in their
 * order where keys are equal. Equals
 *
 *     for (size_t g = 0, m = 0; g <= k; g++) {
 *         offsets[g] = m;
 *         for (size_t i = 0; g < k && i < n; i++)
 *             if (key(args[i]) == g)
 *                 r[m++] = args[i];
 *     }
 *
 * but that the function is called once for each item: a counting sort. Group g is from r[offsets[g]] to before
 * r[offsets[g + 1]].
 *
 *     static int shop(struct order o) { return o.shop; }
 *     PARALLEL_DECORATE(shop, struct order, int);
 *     size_t offsets[SHOPS + 1];
 *     PARALLEL_SCOPED parallel_results *by_shop = parallel_group(shop, orders, n, SHOPS, offsets);
 *
 * @param key     a function with PARALLEL_DECORATE or PARALLEL_DECORATE_TASK whose result is an integer or a bool
 * @param args    n items, of any size; read during the call only
 * @param n       how many
 * @param k       keys are from 0 to k - 1
 * @param offsets room for k + 1, of type size_t; what is there after a failure is not said
 * @return a vector of n items, which is the caller's. NULL after a failure, with errno: ERANGE, if a key is negative,
 *         or k or more, and then parallel_last_failure() tells the first such item; else as of parallel_map(), whose
 *         options are all there but `names`: EINVAL. With `silent`, items whose key has failed are left out, and the
 *         vector lists these failures, by their index in `args`; a key out of range still ends the call. `progress`
 *         counts keys. ENOMEM: it wants room for the vector and 4 bytes for each item (8, if k is more than 2^32 - 1);
 *         and for as much again, if there are many of both. That memory, and a vector's that is freed, is kept for
 *         calls to come, see parallel_sort(). Safe from any thread, and in tasks; not for signal handlers.
 */
#define parallel_group(...)                                                                                            \
    PARALLEL_CALL_5_(PARALLEL_GROUP_, "parallel_group(key, args, n, k, offsets, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What parallel_group() is made of: for functions known at run time, and for C++. `type` is what the function gives, an
 * integer type or bool: else EINVAL.
 */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_group_function(const parallel_function *key,
                                                                         parallel_key type, const void *args, size_t n,
                                                                         size_t k, size_t *offsets,
                                                                         const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/group.h>

#endif
