/* SPDX-License-Identifier: MIT */
/* The second halves of parallel_for_each() and parallel_for_each_add(). Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_FOR_EACH_H
#define LIBPARALLEL_DETAIL_FOR_EACH_H

#ifndef __cplusplus

#include <libparallel/detail/check.h>
#include <libparallel/detail/function.h>
#include <libparallel/detail/options.h>

#define PARALLEL_FOR_EACH_(fn_, items_, n_, ...)                                                                       \
    parallel_for_each_function(&fn_##__parallel +                                                                      \
                                   PARALLEL_ASSERT_(__builtin_types_compatible_p(fn_##__parallel_result, void),        \
                                                    "parallel_for_each(" #fn_ ", ...): the result type is not void"),  \
                               PARALLEL_ARGS_(fn_, items_), (n_), PARALLEL_OPTIONS_(__VA_ARGS__))

/* It does not want the decoration, which may stand further down than the function that adds: so the item is compared
 * with what the function takes. */
#define PARALLEL_FOR_EACH_ADD_(fn, item)                                                                               \
    parallel_for_each_add_item((void (*)(void))(fn), (item),                                                           \
                               sizeof(__typeof__(*(item))) +                                                           \
                                   PARALLEL_ASSERT_(PARALLEL_FOR_EACH_TAKES_(fn, __typeof__(((void)0, *(item)))),      \
                                                    "parallel_for_each_add(" #fn                                       \
                                                    ", ...): the type of the item is not that of the function"))

/* Whether a task takes pointers to such items: as PARALLEL_TAKES_ANY_(), but for what its code is. */
#define PARALLEL_FOR_EACH_TAKES_(fn, type)                                                                             \
    (PARALLEL_FOR_EACH_TAKES__(fn, type const *) || PARALLEL_FOR_EACH_TAKES__(fn, type *) ||                           \
     PARALLEL_FOR_EACH_TAKES__(fn, void const *) || PARALLEL_FOR_EACH_TAKES__(fn, void *))
#define PARALLEL_FOR_EACH_TAKES__(fn, arg)                                                                             \
    (__builtin_types_compatible_p(__typeof__(fn), PARALLEL_FOR_EACH_CODE_(fn)(arg, void *, void *)) ||                 \
     __builtin_types_compatible_p(__typeof__(fn), PARALLEL_FOR_EACH_CODE_(fn)(arg, void *, void const *)))
#define PARALLEL_FOR_EACH_CODE_(fn) __typeof__(fn((void *)0, (void *)0, (void *)0))

#endif /* !__cplusplus */

#endif
