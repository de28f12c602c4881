/* SPDX-License-Identifier: MIT */
/* Maps over two arrays at once. */
#ifndef LIBPARALLEL_ZIP_H
#define LIBPARALLEL_ZIP_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

/**
 * A function of two arguments that can be mapped over two arrays. PARALLEL_DECORATE_ZIP makes one for a function known
 * at compile time. For a function known at run time, and in C++, fill in all members up to `call` and leave the rest
 * zero:
 *
 *     void add(const void *a, const void *b, void *result);
 *     parallel_zip zip = {"add", 0, sizeof(double), sizeof(double), sizeof(double), add};
 */
typedef struct parallel_zip {
    const char *name;   /**< for people; may be NULL */
    size_t size;        /**< sizeof(parallel_zip); 0: the members up to `call` are all */
    size_t a_size;      /**< bytes of one item of the first array, not 0 */
    size_t b_size;      /**< bytes of one item of the second, not 0 */
    size_t result_size; /**< bytes of one result, not 0 */
    void (*call)(const void *a, const void *b, void *result); /**< the function; `result` may be `a` or `b` */

    /** Does that for the items [begin, end) of the arrays, with the function inlined; or NULL. */
    void (*kernel)(const void *a, const void *b, void *results, size_t begin, size_t end);
    const parallel_options *options; /**< the decoration's defaults, or NULL */
    parallel_cost *cost;             /**< where to remember what an item costs, or NULL */
} parallel_zip;

#ifndef __cplusplus

/**
 * PARALLEL_DECORATE_ZIP(fn, a_t, b_t, result_t, ...options)
 *
 * Makes `result_t fn(a_t, b_t)` fit for parallel_zip_map_into(); it stays an ordinary C function, and may have other
 * decorations. Stands at file scope, after the function, as PARALLEL_DECORATE does. Types are the function's own;
 * others that convert to them are an error at compile time. A type that ends in brackets needs a typedef.
 *
 *     static double product(double x, double y) { return x * y; }
 *     PARALLEL_DECORATE_ZIP(product, double, double, double);
 *
 * It defines `fn__parallel_zip`, a `static const parallel_zip`.
 */
#define PARALLEL_DECORATE_ZIP(...)                                                                                     \
    PARALLEL_DECORATION_4_(PARALLEL_DECORATE_ZIP_, "PARALLEL_DECORATE_ZIP(fn, a_t, b_t, result_t, ...options)",        \
                           __VA_ARGS__)

/**
 * parallel_zip_map_into(fn, a, b, n, out, ...options): maps a function over two arrays. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         out[i] = fn(a[i], b[i]);
 *
 * with the items in any order, several at once. Nothing is allocated.
 *
 * @param fn      a function decorated with PARALLEL_DECORATE_ZIP
 * @param a       n first arguments, contiguous; borrowed for the call. A pointer to another type is an error at compile
 *                time, here and for `b` and `out`.
 * @param b       n second arguments; may be `a`
 * @param n       how many; 0 does nothing
 * @param out     room for n results; it may be `a` or `b` themselves where the types agree, but must not overlap them
 *                in another way
 * @param options as for parallel_for(), over those of the decoration
 * @return 0; or -1 with errno as for parallel_for(); EINVAL also if one of the arrays is NULL, and n is not 0
 *
 * From any thread, and from inside tasks: a nested call runs on the same threads, and ends when its task is to give up.
 */
#define parallel_zip_map_into(...)                                                                                     \
    PARALLEL_CALL_5_(PARALLEL_ZIP_MAP_INTO_, "parallel_zip_map_into(fn, a, b, n, out, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What parallel_zip_map_into() is made of: for functions known at run time, and for C++.
 *
 * @param zip     read during the call only
 * @param options NULL: none
 * @return as parallel_zip_map_into(); EINVAL also for an incomplete `zip`
 */
PARALLEL_API int parallel_zip_map_into_function(const parallel_zip *zip, const void *a, const void *b, size_t n,
                                                void *out, const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/zip.h>

#endif
