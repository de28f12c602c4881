/* SPDX-License-Identifier: MIT */
/* Decoration: what makes an ordinary C function fit for parallel calls. */
#ifndef LIBPARALLEL_FUNCTION_H
#define LIBPARALLEL_FUNCTION_H

#include <libparallel/base.h>
#include <libparallel/options.h>

/**
 * What a kernel works on, and where it says how it went. The library makes it; kernels are made by the macros
 * below.
 */
typedef struct parallel_span {
    const void *args; /**< args[0] of the whole call */
    void *results;    /**< the slot of task 0, or NULL */
    void *extras;     /**< the option `extras` */
    void *stop;       /**< an _Atomic int: start no further task once it is not 0 */
    size_t index;     /**< the task that runs now; kept by kernels of functions that can fail, and by `step` */
    int code;         /**< why the kernel stopped at a task: what that task returned */
} parallel_span;

/**
 * Runs the tasks [begin, end) in order. Returns the index at which it stopped: `end`; or that of a task that
 * failed, with `code` set; or that of the first task not started, when `stop` was set.
 */
typedef size_t parallel_kernel(parallel_span *span, size_t begin, size_t end);

/** What a function has cost so far. The library keeps it; begin with all zero. */
typedef struct parallel_cost {
    unsigned long long word __attribute__((aligned(8))); /**< the library's */
} parallel_cost;

/**
 * A function that can be mapped. PARALLEL_DECORATE makes one for a function known at compile time. For a
 * function known at run time, and in C++, fill in the first four members and leave the rest zero (types that are
 * aligned to more than 64 bytes want `size` and the alignments, too):
 *
 *     int load(const void *request, void *page, void *extras);
 *     parallel_function f = {"load", sizeof(struct request), sizeof(struct page), load};
 */
typedef struct parallel_function {
    const char *name;   /**< for people; may be NULL */
    size_t arg_size;    /**< bytes of one argument, not 0 */
    size_t result_size; /**< bytes of one result; 0: the function gives none, and gets NULL for it */
    int (*call)(const void *arg, void *result, void *extras); /**< returns 0, or an error code */

    size_t size;                     /**< sizeof(parallel_function); 0: the members up to `call` are all */
    parallel_kernel *kernel;         /**< runs a range of tasks, with the function inlined; or NULL */
    bool can_fail;                   /**< the kernel stops at failures */
    const parallel_options *options; /**< the decoration's defaults, or NULL */
    parallel_cost *cost;             /**< where to remember what a task costs, or NULL */
    bool splits;                     /**< the function gets chunks: where it fails, a whole chunk has failed */
    parallel_kernel *step;           /**< a kernel that keeps the span's index, for processes; NULL: as `kernel` */
    size_t arg_align;                /**< _Alignof() the arguments' type, a power of two; 0: at most 64 */
    size_t result_align;             /**< the same of the results' */
    void (*function)(void);          /**< the function itself, to know it by; or NULL */

    /** For results that are integers or bool: combines those of n items with *acc, by one of the library's words, or
     * counts or searches them; or NULL. */
    void (*fused)(void *acc, const void *items, size_t n, int word);
} parallel_function;

#ifndef __cplusplus

/**
 * PARALLEL_DECORATE(fn, arg_t, result_t, ...options)
 *
 * Makes `result_t fn(arg_t)` fit for parallel calls; it stays an ordinary C function. Stands at file scope, in
 * a header too, after the function's declaration; the function's body should be in sight, so that the compiler
 * inlines it into the loop. `result_t` may be void, and both may be pointers; a type that ends in brackets
 * (arrays, function pointers) needs a typedef. Options are the defaults of all calls.
 *
 *     static double cube(double x) { return x * x * x; }
 *     PARALLEL_DECORATE(cube, double, double);
 *     PARALLEL_DECORATE(fetch, struct request, struct page, .max_workers = 32);
 *
 * It defines `fn__parallel`, a `static const parallel_function`. `fn` is a function, which a macro of that name may
 * hide. `arg_t` and `result_t` are its own types; others that convert to them are an error at compile time. But a
 * pointer may be one to const, or to void, where C takes it so; and where `result_t` is void, what `fn` returns is
 * dropped.
 */
#define PARALLEL_DECORATE(...)                                                                                         \
    PARALLEL_DECORATION_3_(PARALLEL_DECORATE_, "PARALLEL_DECORATE(fn, arg_t, result_t, ...options)", __VA_ARGS__)

/**
 * PARALLEL_DECORATE_TASK(fn, arg_t, result_t, ...options)
 *
 * The same for a function that can fail and that sees the shared `extras`:
 *
 *     int load(const struct request *arg, struct page *result, void *extras);
 *     PARALLEL_DECORATE_TASK(load, struct request, struct page);
 *
 * It returns 0, or an error code (an errno value, as a rule; see also parallel_fail()). Its `*result` is all
 * zero bytes when it starts in a call that returns a vector. Its parameters are those, or pointers to void, where
 * `result_t` is void that is what `result` points to; its result is an int, or a bool or enum. Else it is an error at
 * compile time.
 *
 * Tasks of either kind end by returning: not by longjmp(), pthread_exit(), C++ exceptions, or in a child process that
 * they forked; parallel.h says what becomes of that.
 */
#define PARALLEL_DECORATE_TASK(...)                                                                                    \
    PARALLEL_DECORATION_3_(PARALLEL_DECORATE_TASK_, "PARALLEL_DECORATE_TASK(fn, arg_t, result_t, ...options)",         \
                           __VA_ARGS__)

/**
 * PARALLEL_DECORATE_SPLIT(fn, arg_t, result_t, ...options)
 *
 * The same for a function that treats many arguments at once, as it has something to set up, or knows a better way
 * than one by one:
 *
 *     int upper(const struct line *lines, size_t n, struct line *results, void *extras);
 *     PARALLEL_DECORATE_SPLIT(upper, struct line, struct line);
 *
 * It gets n neighbours of the arguments, n > 0, fills in their n results, and returns 0; or an error code, and then
 * all n tasks have failed, with that code. See parallel_split().
 */
#define PARALLEL_DECORATE_SPLIT(...)                                                                                   \
    PARALLEL_DECORATION_3_(PARALLEL_DECORATE_SPLIT_, "PARALLEL_DECORATE_SPLIT(fn, arg_t, result_t, ...options)",       \
                           __VA_ARGS__)

#endif /* !__cplusplus */

#include <libparallel/detail/function.h>

#endif
