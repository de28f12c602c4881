/* SPDX-License-Identifier: MIT */
/* Decoration: what makes an ordinary C function fit for parallel calls. */
#ifndef LIBPARALLEL_FUNCTION_H
#define LIBPARALLEL_FUNCTION_H

#include <libparallel/base.h>
#include <libparallel/options.h>

#ifndef __cplusplus
#include <stdatomic.h>
#endif

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
 * It defines `fn__parallel`, a `static const parallel_function`. `fn` is a function, which a macro of that name may hide.
 * `arg_t` and `result_t` are its own types; others that convert to them are an error at compile time. But a pointer
 * may be one to const, or to void, where C takes it so; and where `result_t` is void, what `fn` returns is dropped.
 */
#define PARALLEL_DECORATE(...) PARALLEL_DECORATE_(__VA_ARGS__, PARALLEL_END_)

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
 * Tasks of either kind end by returning: not by longjmp(), pthread_exit(), C++ exceptions, or in a child process that they
 * forked; parallel.h says what becomes of that.
 */
#define PARALLEL_DECORATE_TASK(...) PARALLEL_DECORATE_TASK_(__VA_ARGS__, PARALLEL_END_)

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
#define PARALLEL_DECORATE_SPLIT(...) PARALLEL_DECORATE_SPLIT_(__VA_ARGS__, PARALLEL_END_)

/* ---- how it is done ------------------------------------------------------------------------------------ */

/* PARALLEL_IS_VOID_(type) is 1 for void and 0 for other types: of void alone pasting makes a call of PARALLEL_VOID_void,
 * which shifts a 1 into second place; of void * it makes PARALLEL_VOID_void *(). */
#define PARALLEL_VOID_void() ~, 1
#define PARALLEL_IS_VOID_(type) PARALLEL_SECOND_(PARALLEL_VOID_##type(), 0, ~)
#define PARALLEL_CAT__(a, b) a##b
#define PARALLEL_CAT_(a, b) PARALLEL_CAT__(a, b)

#define PARALLEL_DECORATE_(fn, arg_t, result_t, ...)                                                                   \
    PARALLEL_TYPES_(fn, arg_t, result_t)                                                                               \
    PARALLEL_KERNEL_(fn, result_t)                                                                                     \
    PARALLEL_STEP_(fn, result_t)                                                                                       \
    PARALLEL_HANDLE_(fn, result_t, false, false, fn##__parallel_step, __VA_ARGS__)

#define PARALLEL_DECORATE_TASK_(fn, arg_t, result_t, ...)                                                              \
    PARALLEL_TYPES_(fn, arg_t, result_t)                                                                               \
    PARALLEL_TASK_KERNEL_(fn, PARALLEL_CAT_(PARALLEL_SLOT_, PARALLEL_IS_VOID_(result_t)))                              \
    PARALLEL_HANDLE_(fn, result_t, true, false, fn##__parallel_kernel, __VA_ARGS__)

#define PARALLEL_DECORATE_SPLIT_(fn, arg_t, result_t, ...)                                                             \
    PARALLEL_TYPES_(fn, arg_t, result_t)                                                                               \
    PARALLEL_SPLIT_KERNEL_(fn, PARALLEL_CAT_(PARALLEL_SLOT_, PARALLEL_IS_VOID_(result_t)))                             \
    PARALLEL_HANDLE_(fn, result_t, true, true, fn##__parallel_kernel, __VA_ARGS__)

#define PARALLEL_TYPES_(fn, arg_t, result_t)                                                                           \
    typedef __typeof__(arg_t) fn##__parallel_arg;                                                                      \
    typedef __typeof__(result_t) fn##__parallel_result;

#define PARALLEL_SIZEOF_(fn, result_t) PARALLEL_CAT_(PARALLEL_SIZEOF_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_SIZEOF_0(fn) sizeof(fn##__parallel_result)
#define PARALLEL_SIZEOF_1(fn) 0
#define PARALLEL_ALIGNOF_(fn, result_t) PARALLEL_CAT_(PARALLEL_ALIGNOF_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_ALIGNOF_0(fn) _Alignof(fn##__parallel_result)
#define PARALLEL_ALIGNOF_1(fn) 0

/*
 * What a decoration says of a function is compared with the function: C would convert arguments and results without a
 * word. Their types are to be compatible, in C's sense; so qualifiers of parameters do not matter, nor do those of a
 * result.
 *
 * PARALLEL_IS_(x, type) tells whether `x` is a pointer of that type; PARALLEL_TAKES_() whether a function is one that
 * returns `value` and takes these. (To clang, a function that returns const is of another type; gcc knows no such.)
 */
#define PARALLEL_IS_(x, type) _Generic((x), type : 1, default : 0)
#ifdef __clang__
#define PARALLEL_TAKES_(fn, value, ...)                                                                                \
    (PARALLEL_IS_(&fn, value(*)(__VA_ARGS__)) || PARALLEL_IS_(&fn, value##_const(*)(__VA_ARGS__)))
#else
#define PARALLEL_TAKES_(fn, value, ...) PARALLEL_IS_(&fn, value (*)(__VA_ARGS__))
#endif

/* Whether an expression is of a pointer type; and the type of pointers to const of what it points to. Of what is no
 * pointer, or points to a function (such a pointer may be dereferenced any number of times), that is a type that nothing
 * else has. */
#define PARALLEL_IS_POINTER_(x) (__builtin_classify_type(x) == __builtin_classify_type((void *)0))
#define PARALLEL_DEREF_(x) *__builtin_choose_expr(PARALLEL_IS_POINTER_(x), x, (struct parallel_nothing **)0)
#define PARALLEL_TO_VALUE_(x)                                                                                          \
    __builtin_choose_expr(PARALLEL_IS_(x, void *) || PARALLEL_IS_(x, void const *), (struct parallel_nothing **)0, x)
#define PARALLEL_IS_FUNCTION_(x)                                                                                       \
    __builtin_types_compatible_p(__typeof__(PARALLEL_DEREF_(PARALLEL_TO_VALUE_(x))),                                   \
                                 __typeof__(PARALLEL_DEREF_(PARALLEL_DEREF_(PARALLEL_TO_VALUE_(x)))))
#define PARALLEL_TO_CONST_(x)                                                                                          \
    __typeof__(*__builtin_choose_expr(PARALLEL_IS_POINTER_(x) && !PARALLEL_IS_FUNCTION_(x), x,                         \
                                      (struct parallel_nothing **)0)) const *

/* In a kernel, of a function of one argument ... */
#define PARALLEL_CHECK_ARG_(fn)                                                                                        \
    __extension__ typedef __typeof__(fn(pl_args[0])) fn##__parallel_value;                                             \
    typedef fn##__parallel_value const fn##__parallel_value_const __attribute__((unused));                             \
    __extension__ typedef PARALLEL_TO_CONST_(pl_args[0]) fn##__parallel_to_const;                                      \
    _Static_assert(PARALLEL_TAKES_(fn, fn##__parallel_value, fn##__parallel_arg) ||                                    \
                       (PARALLEL_IS_POINTER_(pl_args[0]) &&                                                            \
                        (PARALLEL_TAKES_(fn, fn##__parallel_value, fn##__parallel_to_const) ||                         \
                         PARALLEL_TAKES_(fn, fn##__parallel_value, void *) ||                                          \
                         PARALLEL_TAKES_(fn, fn##__parallel_value, void const *))),                                    \
                   "PARALLEL_DECORATE(" #fn ", ...): the argument type is not that of the function");

/* ... and its value ... */
#define PARALLEL_CHECK_VALUE_(fn)                                                                                      \
    _Static_assert(!PARALLEL_IS_((fn##__parallel_value *)0, void *),                                                   \
                   "PARALLEL_DECORATE(" #fn ", ...): the result type is not that of the function, which has none");    \
    __extension__ typedef PARALLEL_TO_CONST_(fn(pl_args[0])) fn##__parallel_value_to_const;                            \
    _Static_assert(PARALLEL_IS_((fn##__parallel_value *)0, fn##__parallel_result *) ||                                 \
                       PARALLEL_IS_((fn##__parallel_value_to_const *)0, fn##__parallel_result *) ||                    \
                       (PARALLEL_IS_POINTER_(pl_results[0]) && PARALLEL_IS_((fn##__parallel_value *)0, void **)) ||    \
                       (PARALLEL_IS_POINTER_(fn(pl_args[0])) &&                                                        \
                        (PARALLEL_IS_(pl_results, void **) || PARALLEL_IS_(pl_results, void const **))),               \
                   "PARALLEL_DECORATE(" #fn ", ...): the result type is not that of the function");

/* ... or of one that returns a code, and whose parameters are listed by `list`. */
#define PARALLEL_CHECK_CODE_(fn, what, call, list)                                                                     \
    typedef __typeof__(call) fn##__parallel_code;                                                                      \
    typedef fn##__parallel_code const fn##__parallel_code_const __attribute__((unused));                               \
    _Static_assert(PARALLEL_IS_CODE_((fn##__parallel_code *)0),                                                        \
                   what "(" #fn ", ...): the function does not return int");                                           \
    _Static_assert(PARALLEL_TAKES_ANY_(fn, list, fn##__parallel_result *) || PARALLEL_TAKES_ANY_(fn, list, void *),    \
                   what "(" #fn ", ...): the types are not those of the function");
#define PARALLEL_OF_TASK_(arg, result, extras) arg, result, extras
#define PARALLEL_OF_SPLIT_(arg, result, extras) arg, size_t, result, extras
/* bool, and enum types, are as good. */
#define PARALLEL_IS_CODE_(x)                                                                                           \
    _Generic((x), int * : 1, unsigned * : 1, _Bool * : 1, char * : 1, signed char * : 1, unsigned char * : 1,          \
             short * : 1, unsigned short * : 1, default : 0)
#define PARALLEL_TAKES_ANY_(fn, list, result)                                                                          \
    (PARALLEL_TAKES_ALL_(fn, list(fn##__parallel_arg const *, result, void *)) ||                                      \
     PARALLEL_TAKES_ALL_(fn, list(fn##__parallel_arg const *, result, void const *)) ||                                \
     PARALLEL_TAKES_ALL_(fn, list(fn##__parallel_arg *, result, void *)) ||                                            \
     PARALLEL_TAKES_ALL_(fn, list(fn##__parallel_arg *, result, void const *)) ||                                      \
     PARALLEL_TAKES_ALL_(fn, list(void const *, result, void *)) ||                                                    \
     PARALLEL_TAKES_ALL_(fn, list(void const *, result, void const *)) ||                                              \
     PARALLEL_TAKES_ALL_(fn, list(void *, result, void *)) ||                                                          \
     PARALLEL_TAKES_ALL_(fn, list(void *, result, void const *)))
#define PARALLEL_TAKES_ALL_(fn, ...) PARALLEL_TAKES_(fn, fn##__parallel_code, __VA_ARGS__)

/* The range kernel. Its own names all begin with pl_, so that `fn` may have any other. */
#define PARALLEL_KERNEL_(fn, result_t) PARALLEL_CAT_(PARALLEL_KERNEL_, PARALLEL_IS_VOID_(result_t))(fn)

/* Of a function with a value ... */
#define PARALLEL_KERNEL_0(fn)                                                                                          \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        PARALLEL_CHECK_ARG_(fn)                                                                                        \
        PARALLEL_CHECK_VALUE_(fn)                                                                                      \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++)                                                            \
            pl_results[pl_i] = fn(pl_args[pl_i]);                                                                      \
        return pl_end;                                                                                                 \
    }

/* For processes: if the function crashes, it is known where. The barrier keeps the note before what belongs to the call; so
 * this loop is not vectorised. */
#define PARALLEL_STEP_(fn, result_t) PARALLEL_CAT_(PARALLEL_STEP_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_NOTE_(span, i)                                                                                        \
    *(volatile size_t *)&(span)->index = (i);                                                                          \
    __asm__ __volatile__("" ::: "memory");

#define PARALLEL_STEP_0(fn)                                                                                            \
    __attribute__((unused)) static size_t fn##__parallel_step(parallel_span *pl_span, size_t pl_begin, size_t pl_end)  \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++) {                                                          \
            /* X2 relaxed: as X1; pairs with E2 in src/sched/stop.c */                                                 \
            if (atomic_load_explicit((_Atomic int *)pl_span->stop, memory_order_relaxed))                              \
                return pl_i;                                                                                           \
            PARALLEL_NOTE_(pl_span, pl_i)                                                                              \
            pl_results[pl_i] = fn(pl_args[pl_i]);                                                                      \
        }                                                                                                              \
        return pl_end;                                                                                                 \
    }

#define PARALLEL_STEP_1(fn)                                                                                            \
    __attribute__((unused)) static size_t fn##__parallel_step(parallel_span *pl_span, size_t pl_begin, size_t pl_end)  \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++) {                                                          \
            /* X3 relaxed: as X1; pairs with E2 in src/sched/stop.c */                                                 \
            if (atomic_load_explicit((_Atomic int *)pl_span->stop, memory_order_relaxed))                              \
                return pl_i;                                                                                           \
            PARALLEL_NOTE_(pl_span, pl_i)                                                                              \
            fn(pl_args[pl_i]);                                                                                         \
        }                                                                                                              \
        return pl_end;                                                                                                 \
    }

/* ... of one called for its effect ... */
#define PARALLEL_KERNEL_1(fn)                                                                                          \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        PARALLEL_CHECK_ARG_(fn)                                                                                        \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++)                                                            \
            fn(pl_args[pl_i]);                                                                                         \
        return pl_end;                                                                                                 \
    }

/* ... and of one that can fail. */
#define PARALLEL_SLOT_0(results, i) (results) + (i)
#define PARALLEL_SLOT_1(results, i) (results)
#define PARALLEL_TASK_KERNEL_(fn, slot)                                                                                \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        PARALLEL_CHECK_CODE_(fn, "PARALLEL_DECORATE_TASK", fn(pl_span->stop, pl_span->extras, pl_span->results),       \
                             PARALLEL_OF_TASK_)                                                                        \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++) {                                                          \
            /* X1 relaxed: a hint that no task need start any more; pairs with E2 in src/sched/stop.c */               \
            if (atomic_load_explicit((_Atomic int *)pl_span->stop, memory_order_relaxed))                              \
                return pl_i;                                                                                           \
            *(volatile size_t *)&pl_span->index = pl_i;                                                                \
            pl_span->code = fn(pl_args + pl_i, slot(pl_results, pl_i), pl_span->extras);                               \
            if (pl_span->code)                                                                                         \
                return pl_i;                                                                                           \
        }                                                                                                              \
        return pl_end;                                                                                                 \
    }

/* ... or of one that treats all of them at once. */
#define PARALLEL_SPLIT_KERNEL_(fn, slot)                                                                               \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        PARALLEL_CHECK_CODE_(fn, "PARALLEL_DECORATE_SPLIT",                                                            \
                             fn(pl_span->stop, pl_begin, pl_span->extras, pl_span->results), PARALLEL_OF_SPLIT_)       \
        PARALLEL_NOTE_(pl_span, pl_begin)                                                                              \
        pl_span->code = fn(pl_args + pl_begin, pl_end - pl_begin, slot(pl_results, pl_begin), pl_span->extras);        \
        return pl_span->code ? pl_begin : pl_end;                                                                      \
    }

#define PARALLEL_HANDLE_(fn, result_t, fails, parts, steps, ...)                                                       \
    __attribute__((unused)) static parallel_cost fn##__parallel_cost;                                                  \
    __extension__ PARALLEL_IF_ANY_(PARALLEL_ASSERT_NAMED_(__VA_ARGS__), _Static_assert(1, ""), __VA_ARGS__);           \
    __attribute__((unused)) static const parallel_options fn##__parallel_options = {PARALLEL_SIZED_(__VA_ARGS__)};     \
    __attribute__((unused)) static const parallel_function fn##__parallel = {                                          \
        .name = #fn,                                                                                                   \
        .arg_size = sizeof(fn##__parallel_arg),                                                                        \
        .result_size = PARALLEL_SIZEOF_(fn, result_t),                                                                 \
        .size = sizeof(parallel_function),                                                                             \
        .kernel = fn##__parallel_kernel,                                                                               \
        .can_fail = fails,                                                                                             \
        .options = PARALLEL_IF_ANY_(&fn##__parallel_options, (const parallel_options *)0, __VA_ARGS__),                \
        .cost = &fn##__parallel_cost,                                                                                  \
        .splits = parts,                                                                                               \
        .step = steps,                                                                                                 \
        .arg_align = _Alignof(fn##__parallel_arg),                                                                     \
        .result_align = PARALLEL_ALIGNOF_(fn, result_t),                                                               \
    }

/* `args`, if it points to the argument type, const or not; else an error at compile time. */
#define PARALLEL_ARGS_(fn, args) _Generic((args), fn##__parallel_arg * : (args), fn##__parallel_arg const * : (args))

/* `out`, if it points to the result type; else an error at compile time. */
#define PARALLEL_OUT_(fn, out) _Generic((out), fn##__parallel_result * : (out))

#endif /* !__cplusplus */

#endif
