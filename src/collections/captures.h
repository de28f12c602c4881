/* SPDX-License-Identifier: MIT */
/* Loops over integers from some on, whose bodies have captures (libparallel/loop.h). */
#ifndef PL_COLLECTIONS_CAPTURES_H
#define PL_COLLECTIONS_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>

#include <parallel.h>

#include "call/context.h"

/* A loop's body with its captures, and the integer that iteration 0 is: small enough to be handed to helpers as it
 * is. */
typedef struct pl_captures {
    void (*call)(const void *captures, ptrdiff_t begin, ptrdiff_t end);
    const void *captures;
    ptrdiff_t begin;
    const pl_context *parent; /* the context that the call was made in */
} pl_captures;

/* The body as given, without members that an older or hand-filled one does not have. False if it cannot be called. */
bool pl_captures_copy_body(parallel_loop_body *to, const parallel_loop_body *from);

/* Runs iterations, in a context of their own; not inlined, see pl_context_unwinds(). */
static inline void pl_captures_run_iterations(const pl_captures *c, unsigned participant, size_t begin, size_t end)
{
    pl_context context;
    pl_context_begin_sure(&context, c->parent, participant);
    c->call(c->captures, c->begin + (ptrdiff_t)begin, c->begin + (ptrdiff_t)end);
    pl_context_thread.context = context.outer;
}

/* The same as a body of the scheduler's loop. */
int pl_captures_run(void *captures, size_t begin, size_t end, void *stop, unsigned participant);

/* The same without a context, as the body of a pl_body. */
void pl_captures_body(size_t begin, size_t end, void *captures);

#endif
