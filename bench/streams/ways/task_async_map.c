/* SPDX-License-Identifier: MIT */
/* parallel_async_map() of all tasks, whose results are asked for at once. */
#include <parallel.h>

#include "../tasks.h"

static uint64_t run(uint64_t value)
{
    return run_task(value);
}
PARALLEL_DECORATE(run, uint64_t, uint64_t);

bool run_tasks(int n, uint64_t *sum)
{
    uint64_t values[MOST_TASKS] = {0};
    for (int i = 0; i < n; i++)
        values[i] = (uint64_t)i;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(run, values, (size_t)n);
    const uint64_t *results = parallel_values(parallel_executor_results(ex));
    for (int i = 0; i < n && results; i++)
        *sum += results[i];
    return results != NULL;
}
