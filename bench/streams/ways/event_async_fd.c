/* SPDX-License-Identifier: MIT */
/* parallel_async() for each task, each with a descriptor that a loop of epoll waits for. */
#include <parallel.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../tasks.h"

enum { EVENTS = 64 };

static uint64_t run(uint64_t value)
{
    return run_task(value);
}
PARALLEL_DECORATE(run, uint64_t, uint64_t);

static bool start_task(int loop, uint64_t value)
{
    parallel_executor *ex = parallel_async(run, value);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = ex};
    int fd = ex ? parallel_executor_fd(ex) : -1;
    return fd >= 0 && epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void end_task(int loop, parallel_executor *ex, uint64_t *sum)
{
    const uint64_t *result = parallel_executor_result(ex);
    *sum += result ? *result : 0;
    epoll_ctl(loop, EPOLL_CTL_DEL, parallel_executor_fd(ex), NULL);
    parallel_executor_free(ex);
}

bool run_tasks(int n, uint64_t *sum)
{
    static int loop = -1;
    if (loop < 0)
        loop = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < n; i++)
        if (!start_task(loop, (uint64_t)i))
            return false;
    for (int left = n; left > 0;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < ready; i++)
            end_task(loop, events[i].data.ptr, sum);
        left -= ready > 0 ? ready : 0;
    }
    return true;
}
