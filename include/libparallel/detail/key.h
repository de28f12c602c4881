/* SPDX-License-Identifier: MIT */
/* Keys, as macros know them. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_KEY_H
#define LIBPARALLEL_DETAIL_KEY_H

#ifndef __cplusplus

#include <libparallel/detail/check.h>
#include <libparallel/detail/reduce.h>

/* The parallel_key of what a pointer points to; 0 if that is no number. */
#define PARALLEL_KEY_OF_(p)                                                                                            \
    (1 + _Generic((p), PARALLEL_INTEGER_CASES_, PARALLEL_FLOAT_CASES_, PARALLEL_CASE_(_Bool, PARALLEL_BOOL_),          \
                  default : -1))
#define PARALLEL_IS_INDEX_(p) _Generic((p), PARALLEL_INTEGER_CASES_, PARALLEL_CASE_(_Bool, 1), default : -1)

/* The handle of a function whose results are keys, or keys that count from 0; and an error at compile time if they are
 * none. And which numbers they are. */
#define PARALLEL_KEY_FUNCTION_(fn, call)                                                                               \
    (&fn##__parallel + PARALLEL_ASSERT_(PARALLEL_KEY_OF_((fn##__parallel_result *)0), call                             \
                                        "(" #fn ", ...): the function gives no key, its result type is not a number"))
#define PARALLEL_INDEX_FUNCTION_(fn, call)                                                                             \
    (&fn##__parallel +                                                                                                 \
     PARALLEL_ASSERT_(PARALLEL_IS_INDEX_((fn##__parallel_result *)0) >= 0,                                             \
                      call "(" #fn ", ...): the function gives no index, its result type is not an integer type"))
#define PARALLEL_KEY_TYPE_(fn) ((parallel_key)PARALLEL_KEY_OF_((fn##__parallel_result *)0))

#endif /* !__cplusplus */

#endif
