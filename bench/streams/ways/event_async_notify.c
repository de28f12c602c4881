/* SPDX-License-Identifier: MIT */
/* parallel_async() for each task, each of which posts to a loop of libuv that it has ended. */
#include <parallel.h>
#include <stdlib.h>
#include <uv.h>

#include "../tasks.h"

typedef struct post {
    uv_async_t handle;
    parallel_executor *ex;
    uint64_t *sum;
} post;

static uint64_t run(uint64_t value)
{
    return run_task(value);
}
PARALLEL_DECORATE(run, uint64_t, uint64_t);

static void on_ended(parallel_executor *ex, void *handle)
{
    (void)ex;
    uv_async_send(handle);
}

static void on_posted(uv_async_t *handle)
{
    post *p = (post *)handle;
    const uint64_t *result = parallel_executor_result(p->ex);
    *p->sum += result ? *result : 0;
    parallel_executor_free(p->ex);
    uv_close((uv_handle_t *)handle, NULL);
}

bool run_tasks(int n, uint64_t *sum)
{
    static post posts[MOST_TASKS];
    for (int i = 0; i < n; i++) {
        post *p = &posts[i];
        p->sum = sum;
        p->ex = parallel_async(run, (uint64_t)i, .deferred = true);
        if (!p->ex || uv_async_init(uv_default_loop(), &p->handle, on_posted) != 0 ||
            parallel_executor_notify(p->ex, on_ended, &p->handle) != 0 || parallel_executor_start(p->ex) != 0)
            return false;
    }
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT) == 0;
}
