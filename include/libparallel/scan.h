/* SPDX-License-Identifier: MIT */
/* Scans: what all items up to each one come to. */
#ifndef LIBPARALLEL_SCAN_H
#define LIBPARALLEL_SCAN_H

#include <libparallel/base.h>
#include <libparallel/options.h>
#include <libparallel/reduce.h>
#include <libparallel/results.h>

PARALLEL_BEGIN_DECLS

#ifndef __cplusplus

/**
 * parallel_scan_into(op, args, n, out, ...options): prefix sums, or those of any operator. Equals
 *
 *     out[0] = args[0];
 *     for (size_t i = 1; i < n; i++)
 *         out[i] = op(out[i - 1], args[i]);
 *
 * for an operator that is associative, and has side effects on nothing. The brackets are put anew, by n and the type
 * alone: so the results are the same bit for bit, whatever the machine, the threads, their number and their timing,
 * also of floating-point numbers. Source: Merrill and Garland, "Single-pass parallel prefix scan with decoupled
 * look-back" (2016), but that no thread waits for another.
 *
 *     parallel_scan_into(PARALLEL_PLUS, lengths, n, ends);
 *
 * @param op   a function with PARALLEL_DECORATE_COMBINE, or one of the words (libparallel/reduce.h)
 * @param args n values; read during the call only
 * @param n    how many; of 0, nothing is written
 * @param out  room for n values of the same type: `args` itself, or what does not overlap it. What is there after a
 *             failure is not said
 * @return 0; or -1 with errno EINVAL (an option that asks for what a scan has not: `names`, `extras`, `timeout`,
 *         `retries`, `deferred`), ENOMEM (a call of many items wants some dozens of kilobytes, and more where a value
 *         has kilobytes), ETIMEDOUT (past `call_timeout`) or ECANCELED (a task makes it that is to give up, see
 *         parallel_cancelled(); ETIMEDOUT, if that is as it is late). With PARALLEL_PROCESS it runs on threads, as
 *         there is no function of items. Safe from any thread, and in tasks; not a cancellation point; not for signal
 *         handlers. Where the operator takes long, all threads together call it about twice for each item.
 */
#define parallel_scan_into(...)                                                                                        \
    PARALLEL_CALL_4_(PARALLEL_SCAN_INTO_, "parallel_scan_into(op, args, n, out, ...options)", __VA_ARGS__)

/**
 * parallel_scan_exclusive_into(op, args, n, out, acc, ...options): what all items *before* each one come to. Equals
 *
 *     for (size_t i = 0; i < n; i++) {
 *         x = args[i];
 *         out[i] = *acc;
 *         *acc = op(*acc, x);
 *     }
 *
 * @param acc where the start stands, and then what all come to: that of the next part of a longer array; untouched if
 *            the call fails
 *
 * All else as for parallel_scan_into().
 */
#define parallel_scan_exclusive_into(...)                                                                              \
    PARALLEL_CALL_5_(PARALLEL_SCAN_EXCLUSIVE_INTO_, "parallel_scan_exclusive_into(op, args, n, out, acc, ...options)", \
                     __VA_ARGS__)

/**
 * parallel_scan(op, args, n, ...options): parallel_scan_into(), into a vector that is made for it. NULL after a
 * failure, with errno as there, and ENOMEM.
 */
#define parallel_scan(...) PARALLEL_CALL_3_(PARALLEL_SCAN_, "parallel_scan(op, args, n, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What parallel_scan_into() is made of: for operators known at run time, and for C++. EINVAL also for an incomplete
 * `op`, and for values of more than 4096 bytes where it has no `scan`.
 */
PARALLEL_API int parallel_scan_into_function(const parallel_combine *op, const void *args, size_t n, void *out,
                                             const parallel_options *options);

/** What parallel_scan_exclusive_into() is made of. */
PARALLEL_API int parallel_scan_exclusive_into_function(const parallel_combine *op, const void *args, size_t n,
                                                       void *out, void *acc, const parallel_options *options);

/** What parallel_scan() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_scan_function(const parallel_combine *op, const void *args,
                                                                        size_t n, const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/scan.h>

#endif
