/* SPDX-License-Identifier: MIT */
/* Flat maps: any number of results for each item, one after the other. */
#ifndef LIBPARALLEL_FLAT_MAP_H
#define LIBPARALLEL_FLAT_MAP_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>
#include <libparallel/results.h>

PARALLEL_BEGIN_DECLS

/**
 * A function that has any number of results for an item. PARALLEL_DECORATE_FLAT makes one. For one known at run time,
 * and in C++, fill in the members up to `result_size` and leave the rest zero.
 */
typedef struct parallel_flat {
    const char *name; /**< for people; may be NULL */
    size_t size;      /**< sizeof(parallel_flat) */

    /** Writes the results of an item to `out`, if there is room for so many. Returns how many it has, in any case. */
    size_t (*call)(const void *arg, void *out, size_t room);
    size_t arg_size;    /**< bytes of an item, not 0 */
    size_t result_size; /**< bytes of a result, not 0 */

    size_t arg_align;    /**< _Alignof() the items' type; 0: at most 64 */
    size_t result_align; /**< the same of the results' */

    /**
     * Does that for items in order, until all n are done or one has more results than there is room left for: then
     * *wants is how many. *done becomes how many items are done. Returns how many results there are; or NULL.
     */
    size_t (*run)(const void *args, size_t n, void *out, size_t room, size_t *done, size_t *wants);

    const parallel_options *options; /**< the decoration's defaults, or NULL */
    parallel_cost *cost;             /**< where to remember what an item costs, or NULL */
} parallel_flat;

#ifndef __cplusplus

/**
 * PARALLEL_DECORATE_FLAT(fn, arg_t, result_t, ...options)
 *
 * Makes a function that has any number of results fit for parallel calls; it stays an ordinary C function:
 *
 *     size_t fn(const arg_t *arg, result_t *out, size_t room);
 *
 * It writes its results to `out`, if there are no more than `room`, and returns how many there are. If that is more, it
 * is called again, with room for as many: as snprintf() does it. At file scope, as PARALLEL_DECORATE. Defines
 * `fn__parallel_flat`.
 */
#define PARALLEL_DECORATE_FLAT(...)                                                                                    \
    PARALLEL_DECORATION_3_(PARALLEL_DECORATE_FLAT_, "PARALLEL_DECORATE_FLAT(fn, arg_t, result_t, ...options)",         \
                           __VA_ARGS__)

/**
 * parallel_flat_map(flat, args, n, ...options): the results of all items, one after the other. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         m += flat(&args[i], r + m, room);
 *
 * for a function that has side effects on nothing but its own item, and where there always is room. Source: Merrill and
 * Garland, "Single-pass parallel prefix scan with decoupled look-back" (2016), but that no thread waits for another.
 *
 *     static size_t words_of(const struct line *l, struct word *out, size_t room);
 *     PARALLEL_DECORATE_FLAT(words_of, struct line, struct word);
 *     PARALLEL_SCOPED parallel_results *words = parallel_flat_map(words_of, lines, n);
 *
 * @param flat a function with PARALLEL_DECORATE_FLAT. It is called at most twice for an item, the second time with room
 *             for just what it said that it has, or more
 * @param args n items; read during the call only
 * @param n    how many
 * @return a vector of the results, which is the caller's: parallel_length() tells how many. NULL with errno: EINVAL (an
 *         option that asks for what there is not: `names`, `extras`, `timeout`, `retries`, `deferred`; or the function
 *         has said twice that there is more than there was room for), ENOTSUP (worker processes), ENOMEM, ETIMEDOUT
 *         (past `call_timeout`), ECANCELED (a task makes the call that is to give up). `progress` counts items. The
 *         memory of a vector that is freed is kept for calls to come, see parallel_sort(). Safe from any thread, and in
 *         tasks; not for signal handlers.
 */
#define parallel_flat_map(...)                                                                                         \
    PARALLEL_CALL_3_(PARALLEL_FLAT_MAP_, "parallel_flat_map(flat, args, n, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/** What parallel_flat_map() is made of: for functions known at run time, and for C++. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_flat_map_function(const parallel_flat *flat, const void *args,
                                                                            size_t n, const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/flat_map.h>

#endif
