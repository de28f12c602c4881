/* SPDX-License-Identifier: MIT */
/* Macros that paste names, and choose by whether a type is void. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_PASTE_H
#define LIBPARALLEL_DETAIL_PASTE_H

#include <libparallel/detail/options.h>

/* PARALLEL_IS_VOID_(type) is 1 for void and 0 for other types: of void alone pasting makes a call of
 * PARALLEL_VOID_void, which shifts a 1 into second place; of void * it makes PARALLEL_VOID_void *(). */
#define PARALLEL_VOID_void() ~, 1
#define PARALLEL_IS_VOID_(type) PARALLEL_SECOND_(PARALLEL_VOID_##type(), 0, ~)
#define PARALLEL_CAT__(a, b) a##b
#define PARALLEL_CAT_(a, b) PARALLEL_CAT__(a, b)

/* What is in parentheses, without them. */
#define PARALLEL_OPEN_(...) __VA_ARGS__

/* PARALLEL_IS_EMPTY_(x) is 1 if x is nothing, and 0 if it is something: parentheses after it make a call of
 * PARALLEL_CALLED_ if it is nothing, or in parentheses itself; in that case it makes one without them, too. */
#define PARALLEL_CALLED_(...) ~, 1, ~
#define PARALLEL_IS_EMPTY_(x)                                                                                          \
    PARALLEL_CAT_(PARALLEL_IS_EMPTY_, PARALLEL_CAT_(PARALLEL_SECOND_(PARALLEL_CALLED_ x(), 0, ~),                      \
                                                    PARALLEL_SECOND_(PARALLEL_CALLED_ x, 0, ~)))
#define PARALLEL_IS_EMPTY_00 0
#define PARALLEL_IS_EMPTY_10 1
#define PARALLEL_IS_EMPTY_11 0

#endif
