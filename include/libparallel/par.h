/* SPDX-License-Identifier: MIT */
/* Different functions at once. */
#ifndef LIBPARALLEL_PAR_H
#define LIBPARALLEL_PAR_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>
#include <libparallel/results.h>

PARALLEL_BEGIN_DECLS

/** One task of parallel_par(): a function and its argument. PARALLEL_FUTURE makes one. */
typedef struct parallel_future {
    const parallel_function *function; /**< what to run; read during the call only */
    const void *arg;                   /**< its argument, of function->arg_size bytes; borrowed */
    const char *name;                  /**< for parallel_get() and in failures, or NULL; borrowed */
    void *extras;                      /**< what it gets instead of the call's `extras`, or NULL */
    double timeout;                    /**< as in the options, for this task alone; 0: see parallel_par() */
    double retry_delay;                /**< the same */
    int retries;                       /**< the same */
} parallel_future;

/**
 * parallel_par(futures, n, ...options): runs different functions, with arguments and results of different types. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         result[i] = futures[i].function(*futures[i].arg);
 *
 * with the tasks in any order, several at once. An example:
 *
 *     parallel_future futures[] = {
 *         PARALLEL_FUTURE(price, "bitstamp", .name = "btc"),
 *         PARALLEL_FUTURE(weather, ((struct place){.city = "Vigo"}), .name = "weather"),
 *     };
 *     PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 2);
 *     const double *btc = parallel_get(r, "btc");
 *     const struct weather *w = parallel_get(r, "weather");
 *
 * As the results are of different types, parallel_values() is NULL; parallel_result() and parallel_get() point to the
 * value of one task, aligned as its type wants, and parallel_replace_failed() does nothing. A future's name goes before
 * that from `names`; unlike those, it may be missing.
 *
 * @param futures n of them; borrowed for the call, and their names until the results are freed
 * @param options as for parallel_map(). `timeout`, `retries` and `retry_delay` are the future's own, else those
 *                that its function was decorated with (unless the call says, by a negative one, that there are none),
 *                else the call's; `extras` the future's, else the call's; nothing else is taken from a decoration
 * @return the results, the caller's to free; NULL with errno as for parallel_map(), EINVAL also for a future without a
 *         complete function or without an argument, or if two have the same name
 */
#define parallel_par(...) PARALLEL_CALL_2_(PARALLEL_PAR_, "parallel_par(futures, n, ...options)", __VA_ARGS__)

/** parallel_thread_par(futures, n, ...options): parallel_par() on threads. */
#define parallel_thread_par(...)                                                                                       \
    PARALLEL_CALL_2_(PARALLEL_THREAD_PAR_, "parallel_thread_par(futures, n, ...options)", __VA_ARGS__)

/** parallel_process_par(futures, n, ...options): parallel_par() on worker processes, see process.h. */
#define parallel_process_par(...)                                                                                      \
    PARALLEL_CALL_2_(PARALLEL_PROCESS_PAR_, "parallel_process_par(futures, n, ...options)", __VA_ARGS__)

/**
 * PARALLEL_FUTURE(fn, arg, ...members)
 *
 * A future of a decorated function: a parallel_future, to initialise one with or to assign. `arg` is a value of the
 * argument type, copied into the enclosing block: the future is good until that ends. Commas inside braces split a
 * macro's arguments, so write ((struct request){ .url = "...", .table = "web" }) with its parentheses. Members are
 * those of parallel_future, as `.name = "btc"`.
 */
#define PARALLEL_FUTURE(...) PARALLEL_CALL_2_(PARALLEL_FUTURE_, "PARALLEL_FUTURE(fn, arg, ...options)", __VA_ARGS__)

/** What parallel_par() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_par_futures(const parallel_future *futures, size_t n,
                                                                      const parallel_options *options);

/** What parallel_thread_par() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_thread_par_futures(const parallel_future *futures, size_t n,
                                                                             const parallel_options *options);

/** What parallel_process_par() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_results *parallel_process_par_futures(const parallel_future *futures, size_t n,
                                                                              const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/par.h>

#endif
