/* SPDX-License-Identifier: MIT */
/* Reductions: many items in, one value out. */
#ifndef LIBPARALLEL_REDUCE_H
#define LIBPARALLEL_REDUCE_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

/**
 * An operator that makes one value of two, and is associative: op(op(a, b), c) is as good as op(a, op(b, c)). It need
 * not be commutative, and needs no neutral element. PARALLEL_DECORATE_COMBINE makes one for a function known at compile
 * time. For a function known at run time, and in C++, fill in the first four members and leave the rest zero:
 *
 *     void hull(void *left, const void *right);
 *     parallel_combine op = {"hull", sizeof(parallel_combine), hull, sizeof(struct range)};
 */
typedef struct parallel_combine {
    const char *name;                            /**< for people; may be NULL */
    size_t size;                                 /**< sizeof(parallel_combine); 0: the members up to `type_size` */
    void (*call)(void *left, const void *right); /**< *left = op(*left, *right) */
    size_t type_size;                            /**< bytes of one value, not 0 */

    size_t type_align; /**< _Alignof() its type, a power of two; 0: at most 64 */

    /**
     * Does that for n items, with the operator inlined; or NULL. The items are treated in blocks of `block` neighbours,
     * which is not 0, and may be more than n: those of the first block are combined with *left, one after the other;
     * those of each further block with each other; and then *left with the values of these blocks, in order. (A word
     * may put the numbers of a block in lanes, and integers in any brackets.)
     */
    void (*fold)(void *left, const void *items, size_t n, size_t block);

    const parallel_options *options; /**< the decoration's defaults, or NULL */
    parallel_cost *cost;             /**< where to remember what an item costs, or NULL */
    int word;                        /**< the library's own operators: which one it is; else 0 */

    /**
     * What scans are made of, or NULL. For n items in order, with v = *value: v = op(v, item), and the place of the
     * item in `out` gets v; or what v was before, if `exclusive`; or op(*prefix, that), if `prefix` is not NULL. *value
     * becomes the last v. `out` may be `items`. Where `items` is NULL, what is in `out` becomes op(*prefix, that).
     */
    void (*scan)(const void *prefix, void *value, const void *items, void *out, size_t n, bool exclusive);

    /**
     * As `fold`, of blocks alone; or NULL: the k-th of `parts`, which are not begun, becomes what the items of the k-th
     * block come to. It may treat blocks side by side.
     */
    void (*fold_parts)(void *parts, const void *items, size_t n, size_t block);
} parallel_combine;

/**
 * What an accumulator can do: how an item is added to it, and how two of them are made one. An accumulator of all zero
 * bytes is to be neutral: combined with another one, it gives that one. PARALLEL_DECORATE_FOLD makes one. For functions
 * known at run time, and in C++, fill in the members up to `arg_size` and leave the rest zero.
 */
typedef struct parallel_folding {
    const char *name;                              /**< for people; may be NULL */
    size_t size;                                   /**< sizeof(parallel_folding) */
    void (*call)(void *acc, const void *item);     /**< adds an item */
    void (*combine)(void *acc, const void *right); /**< adds all that `right` has, which comes after */
    size_t acc_size;                               /**< bytes of an accumulator, not 0 */
    size_t arg_size;                               /**< bytes of an item, not 0 */

    size_t acc_align;                                     /**< _Alignof() an accumulator's type; 0: at most 64 */
    void (*fold)(void *acc, const void *items, size_t n); /**< `call` for each of n items in order; or NULL */
    const parallel_options *options;                      /**< the decoration's defaults, or NULL */
    parallel_cost *cost;                                  /**< where to remember what an item costs, or NULL */
} parallel_folding;

/**
 * A loop whose iterations give values. PARALLEL_LOOP_REDUCE makes one. For one known at run time, and in C++, fill in
 * the first four members and leave the rest zero.
 */
typedef struct parallel_loop_values {
    const char *name; /**< for people; may be NULL */
    size_t size;      /**< sizeof(parallel_loop_values) */

    /** Runs the iterations [begin, end) in order, and writes their values: results[0] is that of `begin`. */
    void (*call)(const void *captures, ptrdiff_t begin, ptrdiff_t end, void *results);

    size_t result_size;   /**< bytes of one value, not 0 */
    size_t captures_size; /**< bytes of the captures; 0: unknown */
    parallel_cost *cost;  /**< where to remember what an iteration costs, or NULL */
} parallel_loop_values;

#ifndef __cplusplus

/**
 * PARALLEL_DECORATE_COMBINE(fn, type, ...options)
 *
 * Makes `type fn(type, type)` fit for reductions; it stays an ordinary C function, and is to be associative. At file
 * scope, as PARALLEL_DECORATE. Defines `fn__parallel_combine`.
 *
 *     static struct range hull(struct range a, struct range b);
 *     PARALLEL_DECORATE_COMBINE(hull, struct range);
 *
 * For numbers there are words instead, which need no decoration, and take any arithmetic type: PARALLEL_PLUS,
 * PARALLEL_TIMES, PARALLEL_MIN, PARALLEL_MAX, and, for integers and bool, PARALLEL_AND, PARALLEL_OR, PARALLEL_XOR
 * (bitwise). Integers wrap around, as unsigned ones do. MIN and MAX pass over NaN, as fmin() does, unless there is
 * nothing else. PLUS and TIMES of bool do not compile.
 */
#define PARALLEL_DECORATE_COMBINE(...)                                                                                 \
    PARALLEL_DECORATION_2_(PARALLEL_DECORATE_COMBINE_, "PARALLEL_DECORATE_COMBINE(fn, type, ...options)", __VA_ARGS__)

/**
 * PARALLEL_DECORATE_FOLD(fn, combine, acc_t, arg_t, ...options)
 *
 * Makes `void fn(acc_t *, const arg_t *)`, which adds an item to an accumulator, and `void combine(acc_t *, const acc_t
 * *)`, which adds what another one has, fit for parallel_fold(). An accumulator of all zero bytes is to be neutral.
 * Defines `fn__parallel_fold`.
 *
 *     static void count(struct histogram *h, const unsigned char *byte) { h->of[*byte]++; }
 *     static void join(struct histogram *h, const struct histogram *right)
 *     {
 *         for (int i = 0; i < 256; i++)
 *             h->of[i] += right->of[i];
 *     }
 *     PARALLEL_DECORATE_FOLD(count, join, struct histogram, unsigned char);
 */
#define PARALLEL_DECORATE_FOLD(...)                                                                                    \
    PARALLEL_DECORATION_4_(PARALLEL_DECORATE_FOLD_, "PARALLEL_DECORATE_FOLD(fn, combine, acc_t, arg_t, ...options)",   \
                           __VA_ARGS__)

/**
 * parallel_reduce(op, args, n, acc, ...options): makes one value of an array. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         *acc = op(*acc, args[i]);
 *
 * for an operator that is associative, and has side effects on nothing. The brackets are put anew, by n and the type
 * alone: so the result is the same bit for bit, whatever the machine, the threads, their number and their timing, also
 * of floating-point numbers. Source: Blelloch, "Prefix sums and their applications" (1990), 1.3, on blocks.
 *
 *     double sum = 0;
 *     parallel_reduce(PARALLEL_PLUS, x, n, &sum);
 *
 * @param op   a function with PARALLEL_DECORATE_COMBINE, or one of the words
 * @param args n values; read during the call only
 * @param n    how many; 0 leaves *acc as it is
 * @param acc  where the start stands, which is the left operand of all, and then the result; untouched if the call
 *             fails
 * @return 0; or -1 with errno
 *         - EINVAL: `args` or `acc` NULL, or an option that asks for what a reduction has not: `names`, `extras`,
 *           `timeout`, `retries`, `deferred`
 *         - ENOMEM: values of kilobytes want memory, and there is none
 *         - ETIMEDOUT: past `call_timeout`, or the call is made by a task that is late
 *         - ECANCELED: it is made by a task that is to give up for another reason, see parallel_cancelled()
 *
 * With PARALLEL_PROCESS it runs on threads, as there is no function of items. From any thread, and from inside tasks: a
 * nested call runs on the same threads.
 */
#define parallel_reduce(...)                                                                                           \
    PARALLEL_CALL_4_(PARALLEL_REDUCE_, "parallel_reduce(op, args, n, acc, ...options)", __VA_ARGS__)

/**
 * parallel_map_reduce(fn, op, args, n, acc, ...options): makes one value of the results of a map, which are not kept.
 * Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         *acc = op(*acc, fn(args[i]));
 *
 * with the brackets of parallel_reduce(). With PARALLEL_PROCESS, `fn` runs in worker processes, and `op` here.
 *
 * @param fn      a function with PARALLEL_DECORATE or PARALLEL_DECORATE_TASK, which gives what `op` takes
 * @param op      as for parallel_reduce()
 * @param args    n arguments of `fn`; borrowed for the call
 * @param n       how many; 0 leaves *acc as it is
 * @param acc     as for parallel_reduce()
 * @param options those of parallel_map_into(), tasks' too
 * @return 0; or -1 with errno as for parallel_map_into(), and failures as in one: with the task's index, argument, name
 *         and message. *acc is then untouched; but with `silent` the call goes on in spite of failures, *acc becomes
 *         what the other items give, and the result is -1 with the code of the first failure. ENOMEM: calls with
 *         options of tasks (`timeout`, `retries`, `names`, `extras`, processes), and those of functions that can fail,
 *         take up to 256 KiB of memory.
 */
#define parallel_map_reduce(...)                                                                                       \
    PARALLEL_CALL_5_(PARALLEL_MAP_REDUCE_, "parallel_map_reduce(fn, op, args, n, acc, ...options)", __VA_ARGS__)

/**
 * parallel_fold(fold, args, n, acc, ...options): adds an array to an accumulator. Equals
 *
 *     for (size_t i = 0; i < n; i++)
 *         fn(acc, &args[i]);
 *
 * The items are added to several accumulators, the parts, each of which begins with all zero bytes and gets neighbours;
 * then the parts are combined into *acc, in order. How many parts there are depends on n and the types alone: each gets
 * as many items as it takes for it to be worth while if they are cheap, one for each 8 bytes of an accumulator, as a
 * rule; but there are 4, or n, if an accumulator has no more than 64 bytes. Few dear items are shared by
 * parallel_map_reduce(), which has one part for each.
 *
 * @param fold a function with PARALLEL_DECORATE_FOLD
 * @param args n items; read during the call only
 * @param n    how many; 0 leaves *acc as it is
 * @param acc  what the items are added to; untouched if the call fails
 * @return as parallel_reduce(); ENOMEM where the parts need more than some kilobytes, and there is no memory
 */
#define parallel_fold(...)                                                                                             \
    PARALLEL_CALL_4_(PARALLEL_FOLD_, "parallel_fold(fold, args, n, acc, ...options)", __VA_ARGS__)

/**
 * PARALLEL_LOOP_REDUCE(type, name, i, type, capture, ...) { body }
 *
 * Defines a loop, as PARALLEL_LOOP does (loop.h says what bodies and captures may be), whose body returns a value of
 * `type`, for parallel_loop_reduce(). It defines `name__parallel_loop`, a `static const parallel_loop_values`.
 *
 *     PARALLEL_LOOP_REDUCE(double, dot, i, const double *restrict, x, const double *restrict, y)
 *     {
 *         return x[i] * y[i];
 *     }
 *     double sum = 0;
 *     parallel_loop_reduce(dot, PARALLEL_PLUS, 0, n, (x, y), &sum);
 */
#define PARALLEL_LOOP_REDUCE(type, name, ...) PARALLEL_LOOP_MAKE_(PARALLEL_LOOP_VALUES_, (type, name), __VA_ARGS__)

/**
 * parallel_loop_reduce(name, op, begin, end, (captures...), acc, ...options): one value of those of a loop. Equals
 *
 *     for (ptrdiff_t i = begin; i < end; i++)
 *         *acc = op(*acc, body);
 *
 * with the brackets of parallel_reduce(): so it is the same bit for bit, too.
 *
 * @param name     of a PARALLEL_LOOP_REDUCE in sight
 * @param op       what takes the loop's values, as for parallel_reduce()
 * @param begin    the first index; bounds and captures are as for parallel_loop()
 * @param end      the one after the last; `begin >= end` leaves *acc as it is
 * @param captures in parentheses
 * @param acc      as for parallel_reduce()
 * @return as parallel_reduce(); EINVAL also for values of more than 4096 bytes
 */
#define parallel_loop_reduce(...)                                                                                      \
    PARALLEL_CALL_6_(PARALLEL_LOOP_REDUCE_CALL_,                                                                       \
                     "parallel_loop_reduce(loop, op, begin, end, (captures), acc, ...options)", __VA_ARGS__)

#endif /* !__cplusplus */

/**
 * What parallel_reduce() is made of: for operators known at run time, and for C++. EINVAL also for an incomplete `op`.
 */
PARALLEL_API int parallel_reduce_function(const parallel_combine *op, const void *args, size_t n, void *acc,
                                          const parallel_options *options);

/** What parallel_map_reduce() is made of. EINVAL also if the sizes of what `f` gives and `op` takes differ. */
PARALLEL_API int parallel_map_reduce_function(const parallel_function *f, const parallel_combine *op, const void *args,
                                              size_t n, void *acc, const parallel_options *options);

/** What parallel_loop_reduce() is made of. EINVAL also if the sizes of what the loop gives and `op` takes differ. */
PARALLEL_API int parallel_loop_reduce_function(const parallel_loop_values *loop, const parallel_combine *op,
                                               ptrdiff_t begin, ptrdiff_t end, const void *captures, void *acc,
                                               const parallel_options *options);

/** What parallel_fold() is made of. */
PARALLEL_API int parallel_fold_function(const parallel_folding *fold, const void *args, size_t n, void *acc,
                                        const parallel_options *options);

/** The operators that the words stand for, by word and type: for the macros. Those that are not meant are all zero. */
PARALLEL_API extern const parallel_combine parallel_word_combines[7][12];

PARALLEL_END_DECLS

#include <libparallel/detail/reduce.h>

#endif
