/* SPDX-License-Identifier: MIT */
/* libuv's uv_queue_work(). */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "../tasks.h"

typedef struct job {
    uv_work_t work;
    uint64_t value, *sum;
} job;

static void on_work(uv_work_t *work)
{
    job *j = (job *)work;
    j->value = run_task(j->value);
}

static void on_done(uv_work_t *work, int status)
{
    job *j = (job *)work;
    (void)status;
    *j->sum += j->value;
}

bool run_tasks(int n, uint64_t *sum)
{
    static job jobs[MOST_TASKS];
    char threads[12];
    snprintf(threads, sizeof threads, "%d", threads_to_use());
    setenv("UV_THREADPOOL_SIZE", threads, 1); /* is read when the first is queued */
    for (int i = 0; i < n; i++) {
        jobs[i] = (job){.value = (uint64_t)i, .sum = sum};
        if (uv_queue_work(uv_default_loop(), &jobs[i].work, on_work, on_done) != 0)
            return false;
    }
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT) == 0;
}
