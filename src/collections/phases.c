/* SPDX-License-Identifier: MIT */
/* Calls of several loops. */
#include "collections/phases.h"

#include "base/os.h"
#include "sched/cost.h"

pl_phases pl_phases_begin(const parallel_options *options, const pl_request *request)
{
    pl_phases p = {.options = options, .request = request};
    if (options && options->call_timeout > 0 && options->call_timeout < 1e9)
        p.deadline = pl_os_nanoseconds() + (uint64_t)(options->call_timeout * 1e9) + 1;
    return p;
}

int pl_phases_run(pl_phases *p, pl_blocks_work *work, uintptr_t key)
{
    pl_cost *cost = pl_cost_of(key);
    if (!p->options)
        return pl_blocks_treat(work, cost, NULL, NULL, p->request);
    parallel_options o = *p->options;
    uint64_t now = p->deadline ? pl_os_nanoseconds() : 0;
    if (p->deadline)
        o.call_timeout = p->deadline > now ? (double)(p->deadline - now) * 1e-9 : 1e-9;
    if (p->has_reported)
        o.progress = NULL;
    p->has_reported = true;
    if (p->had_tasks) {
        o.timeout = o.retry_delay = 0;
        o.retries = 0;
        o.extras = NULL;
    }
    return pl_blocks_treat(work, cost, &o, NULL, p->request);
}
