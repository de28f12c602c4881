/* SPDX-License-Identifier: MIT */
/* What programs do on worker processes. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/cases.h"
#include "support/test.h"

enum { N = 40 };

static int numbers[N];

static void prepare(void)
{
    fault_clear();
    for (int i = 0; i < N; i++)
        numbers[i] = i;
}

/* ---- functions ------------------------------------------------------------------------------------------- */

static int triple(int x)
{
    fault_run(x);
    return 3 * x;
}
PARALLEL_DECORATE(triple, int, int);

/* What becomes of some of the tasks. */
enum { FAILS = 3, CRASHES = 7, LEAVES = 11, HANGS = 13 };

/* What is known of exit(5). */
#ifdef __GLIBC__
enum { STATUS_OF_5 = 5 };
#else /* the C library does not tell what exit() was called with */
enum { STATUS_OF_5 = EXIT_FAILURE };
#endif

static int suffer(const int *arg, int *result, void *extras)
{
    fault_run(*arg);
    *result = 3 * *arg;
    (void)extras;
    if (*arg == FAILS)
        return parallel_fail(EDOM, "%d is %s", *arg, "not for this function");
    if (*arg == CRASHES)
        raise(SIGKILL);
    if (*arg == LEAVES)
        exit(5);
    return 0;
}
PARALLEL_DECORATE_TASK(suffer, int, int);

static int hang(const int *arg, int *result, void *extras)
{
    (void)extras;
    fault_run(*arg);
    *result = 3 * *arg;
    while (*arg == HANGS)
        pause();
    return 0;
}
PARALLEL_DECORATE_TASK(hang, int, int);

static int need_two(const int *arg, int *result, void *extras)
{
    fault_run(*arg);
    *result = 3 * *arg + *(const int *)extras;
    return *arg % 8 == 0 && atomic_load(&fault_now->times[*arg]) < 2 ? parallel_fail(EIO, "not yet") : 0;
}
PARALLEL_DECORATE_TASK(need_two, int, int);

/* ---- results --------------------------------------------------------------------------------------------- */

static int check(parallel_results *r)
{
    int error = errno;
    if (!r)
        return fault_ran(N, 0, 1) ? -1 : error ? error : fault_wrong("no error code");
    for (int i = 0; i < N; i++)
        if (((const int *)parallel_values(r))[i] != 3 * i)
            return fault_wrong("result %d is %d", i, ((const int *)parallel_values(r))[i]);
    parallel_results_free(r);
    return fault_ran(N, 1, 1);
}

/* How a task that is to go wrong has gone. 0; the code of one that was not run, for lack of something; or -1. */
static int check_state(const parallel_failure *f, parallel_state state, int code, int signal)
{
    if (f->state == PARALLEL_NOT_RUN)
        return f->code ? f->code : fault_wrong("not run, and nobody says why");
    if (f->state != state || f->code != code || f->signal != signal || !f->message || !f->message[0])
        return fault_wrong("task %zu: state %d, code %d, signal %d", f->index, (int)f->state, f->code, f->signal);
    return 0;
}

static int check_failure(const parallel_failure *f)
{
    switch (f->index) {
    case FAILS:
        return check_state(f, PARALLEL_ERROR, EDOM, 0);
    case CRASHES:
        return check_state(f, PARALLEL_CRASHED, EOWNERDEAD, SIGKILL);
    case LEAVES:
        return check_state(f, PARALLEL_CRASHED, STATUS_OF_5, 0);
    }
    return f->state == PARALLEL_NOT_RUN && f->code ? f->code
                                                   : fault_wrong("task %zu: state %d", f->index, (int)f->state);
}

/* Of a call that keeps its failures; so many of them there are to be. */
static int check_failures(parallel_results *r, size_t expected)
{
    int error = errno, why = 0;
    if (!r)
        return fault_ran(N, 0, 1) ? -1 : error ? error : fault_wrong("no error code");
    for (size_t i = 0, k = 0; i < N; i++) {
        const parallel_failure *f = parallel_failed(r, k);
        bool failed = parallel_result_state(r, i) != PARALLEL_OK;
        if (failed ? f && f->index != i : f && f->index == i)
            return fault_wrong("failure %zu is that of another", k);
        int code = failed && f ? check_failure(f) : failed ? ENOMEM : 0;
        k += failed;
        if (code < 0)
            return code;
        why = code ? code : why;
        if (!failed && ((const int *)parallel_values(r))[i] != 3 * (int)i)
            return fault_wrong("result %zu is %d", i, ((const int *)parallel_values(r))[i]);
        if (fault_now->times[i] != (parallel_result_state(r, i) == PARALLEL_NOT_RUN ? 0 : 1))
            return fault_wrong("item %zu has run %d times", i, fault_now->times[i]);
    }
    if (!why && parallel_failures(r) != expected)
        return fault_wrong("%zu failures", parallel_failures(r));
    parallel_results_free(r);
    return why;
}

/* ---- scenarios ------------------------------------------------------------------------------------------- */

static int a_snapshot(void)
{
    prepare();
    return check(parallel_process_map(triple, numbers, N, .max_workers = 2));
}

static int persistent(void)
{
    for (int i = 0; i < 2; i++) {
        prepare();
        int error =
            check(parallel_process_map(triple, numbers, N, .max_workers = 2 + i, .isolation = PARALLEL_PERSISTENT));
        if (error)
            return error;
    }
    return 0;
}

/* Who waits for the end of a pipe is not kept waiting by workers, which have none of the program's files. */
static int files(void)
{
    int ends[2];
    prepare();
    if (syscall(SYS_pipe2, ends, 0) != 0) /* it is not to fail itself */
        return fault_wrong("no pipe");
    int error = check(parallel_process_map(triple, numbers, N, .max_workers = 2, .isolation = PARALLEL_PERSISTENT));
    close(ends[1]);
    struct pollfd end = {.fd = ends[0]};
    bool ended = poll(&end, 1, 10000) == 1;
    close(ends[0]);
    return ended ? error : fault_wrong("the program's files are open elsewhere");
}

static int into(void)
{
    int out[N];
    prepare();
    if (parallel_map_into(triple, numbers, N, out, .executor = PARALLEL_PROCESS) != 0)
        return fault_ran(N, 0, 1) ? -1 : errno;
    for (int i = 0; i < N; i++)
        if (out[i] != 3 * i)
            return fault_wrong("result %d is %d", i, out[i]);
    return fault_ran(N, 1, 1);
}

static int failures(void)
{
    prepare();
    return check_failures(parallel_process_map(suffer, numbers, N, .silent = true, .max_workers = 2), 3);
}

static int failures_of_kept(void)
{
    prepare();
    return check_failures(
        parallel_process_map(suffer, numbers, N, .silent = true, .max_workers = 2, .isolation = PARALLEL_PERSISTENT),
        3);
}

/* Only the one that hangs has a time limit: others may be slow. */
static int timeouts(void)
{
    prepare();
    parallel_future futures[] = {PARALLEL_FUTURE(hang, 0), PARALLEL_FUTURE(hang, HANGS, .timeout = 0.03),
                                 PARALLEL_FUTURE(hang, 2)};
    parallel_results *r = parallel_process_par(futures, 3, .silent = true, .max_workers = 2);
    int error = errno;
    if (!r)
        return fault_ran(N, 0, 1) ? -1 : error ? error : fault_wrong("no error code");
    int why = 0;
    for (size_t k = 0; k < parallel_failures(r) && !why; k++) {
        const parallel_failure *f = parallel_failed(r, k);
        why = !f ? ENOMEM
                 : check_state(f, f->index == 1 ? PARALLEL_TIMED_OUT : PARALLEL_NOT_RUN, f->index == 1 ? ETIMEDOUT : 0,
                               0);
    }
    if (!why && parallel_failures(r) != 1)
        return fault_wrong("%zu failures", parallel_failures(r));
    for (size_t i = 0; i < 3; i++)
        if (parallel_result_state(r, i) == PARALLEL_OK && *(const int *)parallel_result(r, i) != 3 * (int)i)
            return fault_wrong("result %zu", i);
    parallel_results_free(r);
    return why;
}

static int retries(void)
{
    int zero = 0;
    prepare();
    parallel_results *r =
        parallel_process_map(need_two, numbers, N, .retries = 1, .retry_delay = 1e-3, .isolation = PARALLEL_PERSISTENT,
                             .extras = &zero, .extras_size = sizeof zero, .max_workers = 2, .tasks_per_worker = 9);
    int error = errno;
    if (!r) /* one that could not be tried again makes it fail with what its first attempt has said */
        return fault_ran(N, 0, 2) ? -1 : error == EIO ? ENOMEM : error;
    for (int i = 0; i < N; i++)
        if (fault_ran(i, 0, 2) || fault_now->times[i] != (i % 8 == 0 ? 2 : 1))
            return fault_wrong("item %d has run %d times", i, fault_now->times[i]);
    for (int i = 0; i < N; i++)
        if (((const int *)parallel_values(r))[i] != 3 * i)
            return fault_wrong("result %d", i);
    parallel_results_free(r);
    return 0;
}

static int a_par(void)
{
    prepare();
    parallel_future futures[] = {PARALLEL_FUTURE(triple, 0, .name = "zero"), PARALLEL_FUTURE(suffer, 2),
                                 PARALLEL_FUTURE(triple, 4)};
    parallel_results *r = parallel_process_par(futures, 3, .max_workers = 2);
    if (!r)
        return fault_ran(3, 0, 1) ? -1 : errno;
    const int *zero = parallel_get(r, "zero"), *one = parallel_result(r, 1), *two = parallel_result(r, 2);
    if (!zero || !one || !two || *zero != 0 || *one != 6 || *two != 12)
        return fault_wrong("wrong results");
    parallel_results_free(r);
    return 0;
}

static int on_a_pool(void)
{
    prepare();
    parallel_pool *pool = parallel_pool_new(3);
    if (!pool)
        return errno;
    int error = check(parallel_process_map(triple, numbers, N, .pool = pool, .isolation = PARALLEL_PERSISTENT));
    parallel_pool_free(pool);
    return error;
}

static int asynchronous(void)
{
    prepare();
    parallel_executor *ex = parallel_process_async_map(triple, numbers, N, .max_workers = 2);
    if (!ex)
        return errno;
    parallel_results *r = parallel_executor_results(ex);
    int error = r ? 0 : errno;
    if (r && ((const int *)parallel_values(r))[5] != 15)
        return fault_wrong("a wrong result");
    parallel_executor_free(ex);
    return error ? error : fault_ran(N, 1, 1);
}

static const fault_scenario scenarios[] = {
    {"a snapshot", a_snapshot, false},
    {"persistent", persistent, false},
    {"files", files, false},
    {"into", into, false},
    {"failures", failures, false},
    {"failures of kept", failures_of_kept, false},
    {"timeouts", timeouts, false},
    {"retries", retries, false},
    {"a par", a_par, false},
    {"on a pool", on_a_pool, false},
    {"an executor", asynchronous, false},
};

int main(void)
{
    return fault_main("faults, processes", scenarios, sizeof scenarios / sizeof scenarios[0]);
}
