/* SPDX-License-Identifier: MIT */
/* Functions as programs hand them in. */
#ifndef PL_CALL_FUNCTION_H
#define PL_CALL_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <parallel.h>

/* The function as given, without members that an older or hand-filled one does not have. False if it cannot be
 * called. */
bool pl_function_copy(parallel_function *to, const parallel_function *from);

/* The same, of what the calling thread's call is given: if it cannot be called, errno is EINVAL, and a sentence tells
 * what is missing. */
bool pl_function_take(parallel_function *to, const parallel_function *from);

/* Copies a struct of a program's, which has `size` bytes as it says itself, and `known` at least, to one of `room`
 * bytes: what it has not is 0. */
static inline void pl_function_copy_members(void *to, size_t room, const void *from, size_t size, size_t known)
{
    size = size < known ? known : size;
    memset(to, 0, room);
    memcpy(to, from, size < room ? size : room);
}

/* Whether that is an alignment: a power of two, or 0. */
static inline bool pl_function_is_alignment(size_t alignment)
{
    return (alignment & (alignment - 1)) == 0;
}

/* Whether its alignments are some. */
static inline bool pl_function_is_aligned(const parallel_function *f)
{
    return pl_function_is_alignment(f->arg_align) && pl_function_is_alignment(f->result_align);
}

/* Not all functions can fail. */
static inline bool pl_function_can_fail(const parallel_function *f)
{
    return f->can_fail || !f->kernel;
}

#endif
