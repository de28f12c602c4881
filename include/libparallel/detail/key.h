/* SPDX-License-Identifier: MIT */
/* Keys, as macros know them. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_KEY_H
#define LIBPARALLEL_DETAIL_KEY_H

#ifndef __cplusplus

#include <libparallel/detail/check.h>
#include <libparallel/key.h>

/* The parallel_key of an expression's type; 0 if that is no number. Short, and in numbers, as programs make strings of
 * calls (Check's ck_assert_int_eq()). */
#define PARALLEL_KEY_OF_(x)                                                                                            \
    _Generic((x), _Bool : 12, char                                                                                     \
             : (char)-1 < 0 ? 1 : 5, signed char : 1, short : 2, int : 3, long : 2 + sizeof(long) / 4, long long : 4,  \
               unsigned char : 5, unsigned short : 6, unsigned : 7, unsigned long : 6 + sizeof(long) / 4,              \
               unsigned long long : 8, float : 9, double : 10, long double : 11, default : 0)
_Static_assert(sizeof(short) == 2 && sizeof(int) == 4 && sizeof(long long) == 8 && PARALLEL_KEY_INT8 == 1 &&
                   PARALLEL_KEY_INT64 == 4 && PARALLEL_KEY_UINT64 == 8 && PARALLEL_KEY_FLOAT == 9 &&
                   PARALLEL_KEY_BOOL == 12,
               "as PARALLEL_KEY_OF_ has them");

/* Which numbers a function gives; and its handle, if they are keys, or integers, which count from 0: else an error at
 * compile time. */
#define PARALLEL_KEY_TYPE_(fn) ((parallel_key)PARALLEL_KEY_OF_(*(fn##__parallel_result *)0))
#define PARALLEL_KEY_FUNCTION_(fn, call)                                                                               \
    (&fn##__parallel + PARALLEL_ASSERT_(PARALLEL_KEY_TYPE_(fn) != 0, call                                              \
                                        "(" #fn ", ...): the function gives no key, its result type is not a number"))
#define PARALLEL_INDEX_FUNCTION_(fn, call)                                                                             \
    (&fn##__parallel +                                                                                                 \
     PARALLEL_ASSERT_((1u << PARALLEL_KEY_TYPE_(fn) & 0x11fe) != 0, /* 1 to 8, and bool */                             \
                      call "(" #fn ", ...): the function gives no index, its result type is not an integer type"))

#endif /* !__cplusplus */

#endif
