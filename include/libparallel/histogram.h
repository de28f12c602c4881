/* SPDX-License-Identifier: MIT */
/* Histograms: how many items have each key. */
#ifndef LIBPARALLEL_HISTOGRAM_H
#define LIBPARALLEL_HISTOGRAM_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/key.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

#ifndef __cplusplus

/**
 * parallel_histogram(key, args, n, counts, k, ...options): counts items by their keys. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         counts[key(args[i])]++;
 *
 * for a function that has side effects on nothing but its own item: so it adds to what is there.
 *
 *     static unsigned char byte(unsigned char b) { return b; }
 *     PARALLEL_DECORATE(byte, unsigned char, unsigned char);
 *     size_t counts[256] = {0};
 *     parallel_histogram(byte, text, length, counts, 256);
 *
 * @param key    a function with PARALLEL_DECORATE or PARALLEL_DECORATE_TASK whose result is an integer or a bool
 * @param args   n items; read during the call only
 * @param n      how many
 * @param counts k counts, of type size_t or uint32_t, which wrap around; untouched if the call fails
 * @param k      keys are from 0 to k - 1
 * @return 0; or -1 with errno: ERANGE, if a key is negative, or k or more, and then parallel_last_failure() tells the
 *         first such item; else as of parallel_map(), whose options are all there but `names`: EINVAL. With `silent`,
 *         items whose key has failed are not counted, the others are, and the result is -1 with the code of the first
 *         failure; but a key out of range still ends the call. `progress` counts keys. ENOMEM: it wants k counts for
 *         each thread, of few four times as many; or, where that is less, 8 bytes for each item. Safe from any thread,
 *         and in tasks; not for signal handlers.
 */
#define parallel_histogram(...)                                                                                        \
    PARALLEL_CALL_5_(PARALLEL_HISTOGRAM_, "parallel_histogram(key, args, n, counts, k, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What parallel_histogram() is made of: for functions known at run time, and for C++. `type` is what the function
 * gives, an integer type or bool, and `count_size` the size of a count, 4 or 8: else EINVAL.
 */
PARALLEL_API int parallel_histogram_function(const parallel_function *key, parallel_key type, const void *args,
                                             size_t n, void *counts, size_t count_size, size_t k,
                                             const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/histogram.h>

#endif
