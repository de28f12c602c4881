/* SPDX-License-Identifier: MIT */
/* A thread for each task. */
#include <pthread.h>

#include "../tasks.h"

static void *run(void *value)
{
    *(uint64_t *)value = run_task(*(uint64_t *)value);
    return NULL;
}

bool run_tasks(int n, uint64_t *sum)
{
    static uint64_t values[MOST_TASKS];
    static pthread_t threads[MOST_TASKS];
    int started = 0;
    for (; started < n; started++) {
        values[started] = (uint64_t)started;
        if (pthread_create(&threads[started], NULL, run, &values[started]) != 0)
            break;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        *sum += values[i];
    }
    return started == n;
}
