/* SPDX-License-Identifier: MIT */
/* Loops without any options. */
#include "call/plain.h"

#include "call/failure.h"
#include "base/os.h"
#include "base/unwind.h"
#include "sched/inline.h"

int pl_plain_spec(const pl_loop_spec *spec)
{
    pl_failure_clear_last();
    int state = pl_os_cancel_unless_unwound();
    pl_loop_run(spec);
    pl_os_cancel_restore(state);
    pl_failure_clear_last();
    return 0;
}

/* Not inlined: pl_context_unwinds() is for a function whose context is in progress while it calls anything. */
PL_NOT_INLINED int pl_plain_at_once(const pl_body *loop, size_t n, const pl_cost *cost, size_t items)
{
    PL_UNWIND_BY(pl_context_unwinds);
    pl_work_run_body(loop, 0, 0, n);
    pl_inline_ended(cost, items);
    pl_failure_clear_last();
    return 0;
}

int pl_plain_loop(const pl_body *loop, size_t n, pl_cost *cost)
{
    if (pl_inline_fits(cost, n))
        return pl_plain_at_once(loop, n, cost, n);
    return pl_plain_spec(&(pl_loop_spec){.n = n,
                                         .body = pl_work_run_loop,
                                         .ctx = (void *)loop,
                                         .ctx_size = sizeof *loop,
                                         .cost = cost,
                                         .what = loop->what,
                                         .name = loop->name});
}
