/* SPDX-License-Identifier: MIT */
/* Code that is loaded and unloaded, and uses the library; what tests/api/plugin.sh makes a shared library of. */
#include <errno.h>
#include <parallel.h>
#include <string.h>
#include <time.h>

enum { N = 64 };

static int triple(int x)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL); /* so that others come to help */
    return 3 * x;
}
PARALLEL_DECORATE(triple, int, int);

static int refuse(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    return *arg == 5 ? parallel_fail(EDOM, "%d is refused", *arg) : 0;
}
PARALLEL_DECORATE_TASK(refuse, int, int);

PARALLEL_TASK(int, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    int b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

static int is_right(const parallel_results *r)
{
    const int *values = parallel_values(r);
    for (int i = 0; i < N; i++)
        if (!values || values[i] != 3 * i)
            return 0;
    return 1;
}

/* Calls of all kinds; with processes only if asked for. 0, or the number of what was wrong. */
int plugin_run(int processes);
int plugin_run(int processes)
{
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *threads = parallel_map(triple, in, N, .max_workers = 4);
    if (!is_right(threads))
        return 1;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(triple, in, N);
    if (!ex || !is_right(parallel_executor_results(ex)))
        return 2;
    if (PARALLEL_RUN(fib, 18) != 2584)
        return 3;
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    PARALLEL_SCOPED parallel_results *there = pool ? parallel_map(triple, in, N, .pool = pool) : NULL;
    if (!is_right(there))
        return 4;
    PARALLEL_SCOPED parallel_results *refused = parallel_map(refuse, in, N);
    const parallel_failure *f = parallel_last_failure();
    if (refused || !f || strcmp(f->message, "5 is refused") != 0)
        return 5;
    if (!processes)
        return 0;
    PARALLEL_SCOPED parallel_results *snapshot = parallel_process_map(triple, in, N);
    if (!is_right(snapshot))
        return 6;
    PARALLEL_SCOPED parallel_results *kept = parallel_process_map(triple, in, N, .isolation = PARALLEL_PERSISTENT);
    return is_right(kept) ? 0 : 7;
}
