/* SPDX-License-Identifier: MIT */
/* Orders: which of two items comes first; and the least and the greatest of an array. */
#ifndef LIBPARALLEL_ORDER_H
#define LIBPARALLEL_ORDER_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

struct parallel_sorter;

/**
 * An order. PARALLEL_DECORATE_ORDER makes one. For one known at run time, and in C++, fill in the first four members
 * and leave the rest zero: `call` is what qsort() takes.
 */
typedef struct parallel_order {
    const char *name;                          /**< for people; may be NULL */
    size_t size;                               /**< sizeof(parallel_order) */
    int (*call)(const void *a, const void *b); /**< less than 0: *a comes before *b; else it does not */
    size_t type_size;                          /**< bytes of an item, not 0 */

    size_t type_align; /**< _Alignof() the items' type; 0: at most 64 */

    /** The index of the first of the least of n items, n > 0, or of the greatest; or NULL, for `call` alone. */
    size_t (*pick)(const void *items, size_t n, bool greatest);

    const parallel_options *options; /**< the decoration's defaults, or NULL */
    parallel_cost *cost;             /**< where to remember what an item costs, or NULL */
    int number;                      /**< the library's own orders: which numbers they are of; else 0 */
    bool descends;                   /**< of those: the greatest come first */

    const struct parallel_sorter *sorter; /**< the decoration's functions that sort; or NULL, for `call` alone */
} parallel_order;

#ifndef __cplusplus

/**
 * PARALLEL_DECORATE_ORDER(fn, type, ...options)
 *
 * Makes a function that compares two items fit for parallel calls; it stays an ordinary C function. It is either of
 *
 *     bool fn(const type *a, const type *b);     whether *a comes before *b
 *     int fn(const type *a, const type *b);      less than 0, if it does: as for qsort()
 *
 * or takes pointers to const void. It is to be an order, as for qsort(): items of which neither comes before the other
 * are equal. One that is none does no harm: some item is the least. At file scope, as PARALLEL_DECORATE. Defines
 * `fn__parallel_order`.
 *
 * What is inlined is best `a < b`, or an int by branches, as `a < b ? -1 : a > b`: of `(a > b) - (a < b)`, gcc compares
 * twice, and sorts of numbers take 1.3 to 1.8 times as long.
 *
 *     static bool is_younger(const struct person *a, const struct person *b) { return a->born > b->born; }
 *     PARALLEL_DECORATE_ORDER(is_younger, struct person);
 *
 * For numbers there are words instead, which need no decoration, and take any arithmetic type: PARALLEL_ASCENDING and
 * PARALLEL_DESCENDING. In both, all NaN come last, and -0.0 equals 0.0.
 */
#define PARALLEL_DECORATE_ORDER(...)                                                                                   \
    PARALLEL_DECORATION_2_(PARALLEL_DECORATE_ORDER_, "PARALLEL_DECORATE_ORDER(fn, type, ...options)", __VA_ARGS__)

/**
 * parallel_min(order, args, n, ...options): the first of the least of an array. Equals
 *
 *     size_t least = 0;
 *     for (size_t i = 1; i < n; i++)
 *         if (order(&args[i], &args[least]))
 *             least = i;
 *     return n ? args + least : NULL;
 *
 * With a word, NaN is passed over, unless all are: then it is the first.
 *
 *     const struct person *p = parallel_min(is_younger, people, n);
 *     const double *x = parallel_min(PARALLEL_ASCENDING, values, n);
 *
 * @param order a function with PARALLEL_DECORATE_ORDER, or one of the words
 * @param args  n items; read during the call only
 * @param n     how many
 * @return where it is, in `args`, a pointer to const; or NULL: with errno 0 if n is 0, else EINVAL (an option that asks
 *         for what there is not: `names`, `extras`, `timeout`, `retries`, `deferred`), ETIMEDOUT (past `call_timeout`)
 *         or ECANCELED (a task makes it that is to give up, see parallel_cancelled(); ETIMEDOUT, if that is as it is
 *         late). With PARALLEL_PROCESS it runs on threads. Safe from any thread, and in tasks; not a cancellation
 *         point; not for signal handlers.
 */
#define parallel_min(...) PARALLEL_CALL_3_(PARALLEL_MIN_, "parallel_min(order, args, n, ...options)", __VA_ARGS__)
#define PARALLEL_MIN_(...) PARALLEL_EXTREME_(parallel_min_function, __VA_ARGS__)

/**
 * parallel_max(order, args, n, ...options): the first of the greatest of an array. Equals
 *
 *     size_t greatest = 0;
 *     for (size_t i = 1; i < n; i++)
 *         if (order(&args[greatest], &args[i]))
 *             greatest = i;
 *     return n ? args + greatest : NULL;
 *
 * All else is as for parallel_min(): with a word, NaN is passed over here, too.
 */
#define parallel_max(...) PARALLEL_CALL_3_(PARALLEL_MAX_, "parallel_max(order, args, n, ...options)", __VA_ARGS__)
#define PARALLEL_MAX_(...) PARALLEL_EXTREME_(parallel_max_function, __VA_ARGS__)

#endif /* !__cplusplus */

/** What parallel_min() and parallel_max() are made of: for orders known at run time, and for C++. */
PARALLEL_API const void *parallel_min_function(const parallel_order *order, const void *args, size_t n,
                                               const parallel_options *options);
PARALLEL_API const void *parallel_max_function(const parallel_order *order, const void *args, size_t n,
                                               const parallel_options *options);

/** The orders that the words stand for, by word and type: for the macros. */
PARALLEL_API extern const parallel_order parallel_word_orders[2][12];

PARALLEL_END_DECLS

#include <libparallel/detail/order.h>

#endif
