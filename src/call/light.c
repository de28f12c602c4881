/* SPDX-License-Identifier: MIT */
/* Light calls; light.h says what they are. */
#include "call/light.h"

#include "call/failure.h"
#include "base/unwind.h"

/* What a task that has failed leaves. */
static void note_failure(pl_context *context, size_t i, pl_light_failure *failed)
{
    *failed = (pl_light_failure){.failure = pl_failure_of_context(context, i, i, 0),
                                 .message = pl_failure_message(context, i)};
}

/* Not inlined: pl_context_unwinds() is for a function whose context is in progress while it calls anything. Nobody else
 * knows of the call: so nobody stops it. */
PL_NOT_INLINED bool pl_light_run(const parallel_function *f, const void *args, size_t n, void *out, void *extras,
                                 pl_light_failure *failed)
{
    _Atomic int stop = 0;
    pl_context context;
    pl_context_begin_sure(&context, pl_context_thread.context, 0);
    context.span.args = args;
    context.span.results = out;
    context.span.extras = extras;
    context.span.stop = &stop;
    context.span.code = 0;
    context.can_fail = true;
    context.saw_cancel = context.final = false;
    context.message = NULL;
    PL_UNWIND_BY(pl_context_unwinds);
    size_t reached = f->kernel(&context.span, 0, n);
    if (context.span.code)
        note_failure(&context, reached, failed);
    else
        pl_inline_ended((const pl_cost *)f->cost, n);
    pl_context_end(&context);
    pl_failure_clear_last();
    return !context.span.code;
}
