/* SPDX-License-Identifier: MIT */
/* One parallel_async_map() of all tasks, whose descriptor a loop of poll() waits for. */
#include <parallel.h>
#include <poll.h>

#include "../tasks.h"

static uint64_t run(uint64_t value)
{
    return run_task(value);
}
PARALLEL_DECORATE(run, uint64_t, uint64_t);

bool run_tasks(int n, uint64_t *sum)
{
    uint64_t values[MOST_TASKS];
    for (int i = 0; i < n; i++)
        values[i] = (uint64_t)i;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(run, values, (size_t)n);
    struct pollfd fds[] = {{.fd = parallel_executor_fd(ex), .events = POLLIN}};
    while (poll(fds, 1, -1) < 1) {
    }
    const uint64_t *results = parallel_values(parallel_executor_results(ex));
    for (int i = 0; i < n && results; i++)
        *sum += results[i];
    return results != NULL;
}
