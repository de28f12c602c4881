/* SPDX-License-Identifier: MIT */
/* What PARALLEL_DECORATE_ZIP defines, and the second half of the macro that maps two arrays. Nothing here is for
 * programs to use. */
#ifndef LIBPARALLEL_DETAIL_ZIP_H
#define LIBPARALLEL_DETAIL_ZIP_H

#ifndef __cplusplus

#include <libparallel/detail/check.h>
#include <libparallel/detail/options.h>

#define PARALLEL_DECORATE_ZIP_(fn, a_t, b_t, result_t, ...)                                                            \
    typedef __typeof__(a_t) fn##__parallel_zip_a;                                                                      \
    typedef __typeof__(b_t) fn##__parallel_zip_b;                                                                      \
    typedef __typeof__(result_t) fn##__parallel_zip_result;                                                            \
    PARALLEL_ZIP_KERNELS_(fn)                                                                                          \
    __attribute__((unused)) static parallel_cost fn##__parallel_zip_cost;                                              \
    __extension__ PARALLEL_IF_ANY_(PARALLEL_ASSERT_NAMED_(__VA_ARGS__), _Static_assert(1, ""), __VA_ARGS__);           \
    __attribute__((unused)) static const parallel_options fn##__parallel_zip_options = {PARALLEL_SIZED_(__VA_ARGS__)}; \
    __attribute__((unused)) static const parallel_zip fn##__parallel_zip = {                                           \
        .name = #fn,                                                                                                   \
        .size = sizeof(parallel_zip),                                                                                  \
        .a_size = sizeof(fn##__parallel_zip_a),                                                                        \
        .b_size = sizeof(fn##__parallel_zip_b),                                                                        \
        .result_size = sizeof(fn##__parallel_zip_result),                                                              \
        .call = fn##__parallel_zip_call,                                                                               \
        .kernel = fn##__parallel_zip_kernel,                                                                           \
        .options = PARALLEL_IF_ANY_(&fn##__parallel_zip_options, (const parallel_options *)0, __VA_ARGS__),            \
        .cost = &fn##__parallel_zip_cost,                                                                              \
    }

/* Their own names all begin with pl_, so that `fn` may have any other. */
#define PARALLEL_ZIP_KERNELS_(fn)                                                                                      \
    __attribute__((unused)) static void fn##__parallel_zip_kernel(const void *pl_first, const void *pl_second,         \
                                                                  void *pl_to, size_t pl_begin, size_t pl_end)         \
    {                                                                                                                  \
        fn##__parallel_zip_a const *pl_a = (fn##__parallel_zip_a const *)pl_first;                                     \
        fn##__parallel_zip_b const *pl_b = (fn##__parallel_zip_b const *)pl_second;                                    \
        fn##__parallel_zip_result *pl_results = (fn##__parallel_zip_result *)pl_to;                                    \
        PARALLEL_CHECK_ZIP_(fn)                                                                                        \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++)                                                            \
            pl_results[pl_i] = fn(pl_a[pl_i], pl_b[pl_i]);                                                             \
    }                                                                                                                  \
    __attribute__((unused)) static void fn##__parallel_zip_call(const void *pl_first, const void *pl_second,           \
                                                                void *pl_to)                                           \
    {                                                                                                                  \
        fn##__parallel_zip_kernel(pl_first, pl_second, pl_to, 0, 1);                                                   \
    }

#define PARALLEL_CHECK_ZIP_(fn)                                                                                        \
    __extension__ typedef __typeof__(fn(pl_a[0], pl_b[0])) fn##__parallel_zip_value;                                   \
    typedef fn##__parallel_zip_value const fn##__parallel_zip_value_const __attribute__((unused));                     \
    _Static_assert(PARALLEL_TAKES_(fn, fn##__parallel_zip_value, fn##__parallel_zip_a, fn##__parallel_zip_b),          \
                   "PARALLEL_DECORATE_ZIP(" #fn ", ...): the argument types are not those of the function");           \
    _Static_assert(__builtin_types_compatible_p(fn##__parallel_zip_value, fn##__parallel_zip_result),                  \
                   "PARALLEL_DECORATE_ZIP(" #fn ", ...): the result type is not that of the function");

#define PARALLEL_ZIP_MAP_INTO_(fn_, a_, b_, n_, out_, ...)                                                             \
    parallel_zip_map_into_function(                                                                                    \
        &fn_##__parallel_zip, PARALLEL_VIEW_(a_, fn_##__parallel_zip_a, "a is to point to what " #fn_ " takes first"), \
        PARALLEL_VIEW_(b_, fn_##__parallel_zip_b, "b is to point to what " #fn_ " takes second"), (n_),                \
        PARALLEL_POINTER_(out_, fn_##__parallel_zip_result, "out is to point to what " #fn_ " gives"),                 \
        PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
