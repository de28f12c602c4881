/* SPDX-License-Identifier: MIT */
/* Loops over integers from some on, whose bodies have captures. */
#include "collections/captures.h"

#include "base/unwind.h"
#include "call/function.h"
#include "sched/loop.h"

_Static_assert(sizeof(pl_captures) <= PL_LOOP_CTX, "captures fit where a loop's context goes");

bool pl_captures_copy_body(parallel_loop_body *to, const parallel_loop_body *from)
{
    if (!from)
        return false;
    pl_function_copy_members(to, sizeof *to, from, from->size, offsetof(parallel_loop_body, captures_size));
    return to->call != NULL;
}

PL_NOT_INLINED int pl_captures_run(void *captures, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)stop;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_captures_run_iterations(captures, participant, begin, end);
    return 0;
}

void pl_captures_body(size_t begin, size_t end, void *captures)
{
    const pl_captures *c = captures;
    c->call(c->captures, c->begin + (ptrdiff_t)begin, c->begin + (ptrdiff_t)end);
}
