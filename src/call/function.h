/* SPDX-License-Identifier: MIT */
/* Functions as programs hand them in. */
#ifndef PL_CALL_FUNCTION_H
#define PL_CALL_FUNCTION_H

#include <stdbool.h>

#include <parallel.h>

/* The function as given, without members that an older or hand-filled one does not have. False if it cannot be
 * called. */
bool pl_function_copy(parallel_function *to, const parallel_function *from);

/* Whether its alignments are some: powers of two, or 0. */
static inline bool pl_function_is_aligned(const parallel_function *f)
{
    return ((f->arg_align & (f->arg_align - 1)) | (f->result_align & (f->result_align - 1))) == 0;
}

/* Not all functions can fail. */
static inline bool pl_function_can_fail(const parallel_function *f)
{
    return f->can_fail || !f->kernel;
}

#endif
