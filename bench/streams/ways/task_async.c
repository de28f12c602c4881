/* SPDX-License-Identifier: MIT */
/* parallel_async() for each task, whose result is asked for at once. */
#include <parallel.h>

#include "../tasks.h"

static uint64_t run(uint64_t value)
{
    return run_task(value);
}
PARALLEL_DECORATE(run, uint64_t, uint64_t);

bool run_tasks(int n, uint64_t *sum)
{
    for (int i = 0; i < n; i++) {
        PARALLEL_SCOPED parallel_executor *ex = parallel_async(run, (uint64_t)i);
        const uint64_t *result = parallel_executor_result(ex);
        if (!result)
            return false;
        *sum += *result;
    }
    return true;
}
