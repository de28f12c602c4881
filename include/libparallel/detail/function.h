/* SPDX-License-Identifier: MIT */
/* What decorations define: the types of a function's arguments and results, its kernels, and its parallel_function.
 * Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_FUNCTION_H
#define LIBPARALLEL_DETAIL_FUNCTION_H

#ifndef __cplusplus

#include <stdbool.h>

#include <libparallel/detail/check.h>
#include <libparallel/detail/kernel.h>
#include <libparallel/detail/options.h>
#include <libparallel/detail/paste.h>
#include <libparallel/detail/stream_loop.h>

#define PARALLEL_DECORATE_(fn, arg_t, result_t, ...)                                                                   \
    PARALLEL_TYPES_(fn, arg_t, result_t)                                                                               \
    PARALLEL_KERNEL_(fn, result_t)                                                                                     \
    PARALLEL_STEP_(fn, result_t)                                                                                       \
    PARALLEL_FUSED_(fn, result_t)                                                                                      \
    PARALLEL_STREAM_(fn, PARALLEL_CAT_(PARALLEL_STREAM_CALL_, PARALLEL_IS_VOID_(result_t)))                            \
    PARALLEL_HANDLE_(fn, result_t, false, false, fn##__parallel_step, PARALLEL_FUSED_KERNEL_(fn, result_t), __VA_ARGS__)

#define PARALLEL_DECORATE_TASK_(fn, arg_t, result_t, ...)                                                              \
    PARALLEL_TYPES_(fn, arg_t, result_t)                                                                               \
    PARALLEL_TASK_KERNEL_(fn, PARALLEL_CAT_(PARALLEL_SLOT_, PARALLEL_IS_VOID_(result_t)))                              \
    PARALLEL_STREAM_(fn, PARALLEL_CAT_(PARALLEL_STREAM_TRY_, PARALLEL_IS_VOID_(result_t)))                             \
    PARALLEL_HANDLE_(fn, result_t, true, false, fn##__parallel_kernel, 0, __VA_ARGS__)

#define PARALLEL_DECORATE_SPLIT_(fn, arg_t, result_t, ...)                                                             \
    PARALLEL_TYPES_(fn, arg_t, result_t)                                                                               \
    PARALLEL_SPLIT_KERNEL_(fn, PARALLEL_CAT_(PARALLEL_SLOT_, PARALLEL_IS_VOID_(result_t)))                             \
    PARALLEL_STREAM_OF_LIBRARY_(fn)                                                                                    \
    PARALLEL_HANDLE_(fn, result_t, true, true, fn##__parallel_kernel, 0, __VA_ARGS__)

#define PARALLEL_TYPES_(fn, arg_t, result_t)                                                                           \
    typedef __typeof__(&fn) fn##__parallel_itself __attribute__((unused)); /* names what is not declared */            \
    typedef __typeof__(arg_t) fn##__parallel_arg;                                                                      \
    typedef __typeof__(result_t) fn##__parallel_result;                                                                \
    PARALLEL_ALIKE_(fn, fn##__parallel_arg)

/* What else may be there for arguments: the same with const, or, where they have it, without; and char * in place of
 * const char *, as in char **argv. What there is not becomes a type that nothing else has. */
#define PARALLEL_ALIKE_(fn, arg)                                                                                       \
    __extension__ typedef __typeof__(*PARALLEL_OTHER_OF_(arg)) fn##__parallel_other __attribute__((unused));           \
    typedef __typeof__(*PARALLEL_LESS_OF_(arg)) fn##__parallel_less __attribute__((unused));
#define PARALLEL_OTHER_OF_(arg)                                                                                        \
    _Generic((arg *)0, arg const * : (__typeof__(((void)0, *(arg *)0)) *)0, default : (arg const *)0)
#define PARALLEL_LESS_OF_(arg) _Generic((arg *)0, char const ** : (char **)0, default : (struct parallel_nothing **)0)

#define PARALLEL_SIZEOF_(fn, result_t) PARALLEL_CAT_(PARALLEL_SIZEOF_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_SIZEOF_0(fn) sizeof(fn##__parallel_result)
#define PARALLEL_SIZEOF_1(fn) 0
#define PARALLEL_ALIGNOF_(fn, result_t) PARALLEL_CAT_(PARALLEL_ALIGNOF_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_ALIGNOF_0(fn) _Alignof(fn##__parallel_result)
#define PARALLEL_ALIGNOF_1(fn) 0

/* Two handles: a call that has no use for the fused kernel does not name the one that has it. */
#define PARALLEL_HANDLE_(fn, result_t, fails, parts, steps, fused_kernel, ...)                                         \
    __attribute__((unused)) static parallel_cost fn##__parallel_cost;                                                  \
    __extension__ PARALLEL_IF_ANY_(PARALLEL_ASSERT_NAMED_(__VA_ARGS__), _Static_assert(1, ""), __VA_ARGS__);           \
    __attribute__((unused)) static const parallel_options fn##__parallel_options = {PARALLEL_SIZED_(__VA_ARGS__)};     \
    PARALLEL_FUNCTION_(fn, fn##__parallel, result_t, fails, parts, steps, 0, __VA_ARGS__);                             \
    PARALLEL_FUNCTION_(fn, fn##__parallel_fused, result_t, fails, parts, steps, fused_kernel, __VA_ARGS__)
#define PARALLEL_FUNCTION_(fn, handle, result_t, fails, parts, steps, fused_kernel, ...)                               \
    __attribute__((unused)) static const parallel_function handle = {                                                  \
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
        .function = (void (*)(void))(fn),                                                                              \
        .fused = fused_kernel,                                                                                         \
    }

/* `args`, if it points to the argument type, const or not; else an error at compile time. Short, as programs make
 * strings of calls. */
#define PARALLEL_ARGS_(fn, args)                                                                                       \
    ((void)PARALLEL_ASSERT_(_Generic((args), fn##__parallel_arg * : 1, fn##__parallel_other * : 1,                     \
                                     fn##__parallel_less * : 1, fn##__parallel_less const * : 1, default : 0),         \
                            "args is to point to what " #fn " takes"),                                                 \
     (args))

/* `out`, if it points to the result type; else an error at compile time. */
#define PARALLEL_OUT_(fn, out)                                                                                         \
    PARALLEL_POINTER_(out, fn##__parallel_result, "out is to point to what " #fn " gives, and not to const")

/* The handle of a predicate; and an error at compile time if it is none. */
#define PARALLEL_PREDICATE_(fn, call)                                                                                  \
    (&fn##__parallel_fused + PARALLEL_ASSERT_(__builtin_types_compatible_p(fn##__parallel_result, _Bool), call         \
                                              "(" #fn                                                                  \
                                              ", ...): the function is no predicate, its result type is not bool"))

#endif /* !__cplusplus */

#endif
