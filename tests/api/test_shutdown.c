/* SPDX-License-Identifier: MIT */
/* parallel_shutdown(), and calls that are made while a process forks or ends. */
#include <parallel.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/jobs.h"
#include "support/process.h"

static int nap(int x)
{
    pl_test_sleep(300);
    return x + 1;
}
PARALLEL_DECORATE(nap, int, int);

static bool call(int n)
{
    int in[64], out[64];
    for (int i = 0; i < n; i++)
        in[i] = i;
    if (parallel_map_into(nap, in, (size_t)n, out, .max_workers = 4) != 0)
        return false;
    for (int i = 0; i < n; i++)
        if (out[i] != i + 1)
            return false;
    return true;
}

/* ---- parallel_shutdown() ---------------------------------------------------------------------------------- */

START_TEST(threads_end_and_come_again)
{
    pl_workers(3);
    ck_assert_int_eq(parallel_shutdown(), 0); /* there is nothing yet */
    for (int round = 0; round < 20; round++) {
        ck_assert(call(64));
        ck_assert_int_ne(pl_count_threads(), 1);
        errno = 77;
        ck_assert_int_eq(parallel_shutdown(), 0);
        ck_assert_int_eq(errno, 77);
        ck_assert_int_eq(parallel_shutdown(), 0);
        ck_assert(PL_SANITIZED || pl_threads_leave(1));
    }
    ck_assert(call(64));
}
END_TEST

/* Threads come before the first call, and again after they have been ended. */
START_TEST(threads_come_before_the_first_call)
{
    pl_workers(3);
    for (int round = 0; round < 20; round++) {
        errno = 77;
        ck_assert_int_eq(parallel_warm_up(), 0);
        ck_assert_int_eq(errno, 77);
        ck_assert(PL_SANITIZED || pl_count_threads() == 3);
        ck_assert_int_eq(parallel_warm_up(), 0);
        ck_assert(PL_SANITIZED || pl_count_threads() == 3);
        ck_assert(call(64));
        ck_assert_int_eq(parallel_shutdown(), 0);
        ck_assert(PL_SANITIZED || pl_threads_leave(1));
    }
}
END_TEST

static int shut_down_inside(int x)
{
    errno = 0;
    return parallel_shutdown() == -1 && errno == EBUSY ? x : -1;
}
PARALLEL_DECORATE(shut_down_inside, int, int);

PARALLEL_TASK(int, shut_down_in_a_task, int, depth)
{
    if (depth == 0)
        return shut_down_inside(1);
    PARALLEL_SPAWN(shut_down_in_a_task, depth - 1);
    int a = PARALLEL_CALL(shut_down_in_a_task, depth - 1);
    return a + PARALLEL_SYNC(shut_down_in_a_task);
}

START_TEST(not_while_calls_run)
{
    int in[64], out[64];
    struct job jobs[2];
    pl_workers(pl_worker_counts[_i]);
    ck_assert(call(8));
    for (int i = 0; i < 64; i++)
        in[i] = i;
    ck_assert_int_eq(parallel_map_into(shut_down_inside, in, 64, out, .max_workers = 4), 0);
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(out[i], i);
    ck_assert_int_eq(PARALLEL_RUN(shut_down_in_a_task, 6), 64);
    fill_jobs(jobs, 2, true);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, 2);
    errno = 0;
    ck_assert_int_eq(parallel_shutdown(), -1);
    ck_assert_int_eq(errno, EBUSY);
    await_begun(1);
    ck_assert_int_eq(parallel_shutdown(), -1);
    set_gate(true);
    ck_assert(all_right(parallel_executor_results(ex), 2));
    int rc;
    for (int k = 0; (rc = parallel_shutdown()) != 0 && k < 1000; k++) /* its thread is on its way out */
        pl_test_sleep(1000);
    ck_assert_int_eq(rc, 0);
    ck_assert(call(64));
}
END_TEST

static atomic_bool over;
static atomic_int wrong;

static void *call_and_shut_down(void *shuts_down)
{
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        if (!call(16))
            count_one(&wrong);
        if (shuts_down && parallel_shutdown() != 0 && errno != EBUSY)
            count_one(&wrong);
        parallel_executor *ex = parallel_async_map(nap, ((const int[]){1, 2}), 2);
        if (!parallel_executor_results(ex))
            count_one(&wrong);
        parallel_executor_free(ex);
    }
    return NULL;
}

/* Threads that call, start background calls, and shut down, all at once: nothing is lost, nobody waits for ever. */
START_TEST(many_at_once)
{
    pthread_t threads[4];
    pl_workers(pl_worker_counts[_i]);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_and_shut_down, i < 2 ? &over : NULL), 0);
    pl_test_sleep(600000);
    atomic_store_explicit(&over, true, memory_order_relaxed);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(count_of(&wrong), 0);
    ck_assert_int_eq(parallel_shutdown(), 0);
    ck_assert(PL_SANITIZED || pl_threads_leave(1));
}
END_TEST

static int pid_here(int x)
{
    return x ? (int)getpid() : 0;
}
PARALLEL_DECORATE(pid_here, int, int, .executor = PARALLEL_PROCESS, .isolation = PARALLEL_PERSISTENT, .max_workers = 1);

/* Kept worker processes end, too; the next call has others. */
START_TEST(kept_processes_end)
{
    int in[] = {1}, pids[4];
    pl_workers(2);
    for (int k = 0; k < 2; k++)
        ck_assert_int_eq(parallel_map_into(pid_here, in, 1, &pids[k]), 0);
    ck_assert_int_eq(pids[0], pids[1]);
    ck_assert_int_eq(parallel_shutdown(), 0);
    bool gone = false;
    for (int k = 0; k < 1000 && !(gone = kill(pids[0], 0) != 0 && errno == ESRCH); k++)
        pl_test_sleep(1000);
    ck_assert(gone);
    ck_assert_int_eq(parallel_map_into(pid_here, in, 1, &pids[2]), 0);
    ck_assert_int_ne(pids[2], pids[0]);
}
END_TEST

/* What it is for: a child that is forked then has nothing of the pool. */
START_TEST(fork_after_it)
{
    pl_workers(2);
    for (int round = 0; round < 5; round++) {
        ck_assert(call(16));
        ck_assert_int_eq(parallel_shutdown(), 0);
        pid_t child = fork();
        if (child == 0)
            _exit(!pl_threads_after_fork() || (call(16) && parallel_shutdown() == 0) ? 0 : 1);
        ck_assert_int_eq(pl_status_of(child), 0);
    }
}
END_TEST

/* ---- fork handlers that make calls ------------------------------------------------------------------------ */

static bool calls_in_handlers;
static atomic_int handled;

static void call_everything(void)
{
    if (!calls_in_handlers)
        return;
    bool well = call(16);
    parallel_pool *pool = parallel_pool_new(2);
    int in[4] = {0, 1, 2, 3}, out[4];
    well = well && parallel_map_into(nap, in, 4, out, .pool = pool) == 0 && out[3] == 4;
    parallel_pool_free(pool);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(nap, in, 4);
    well = well && parallel_executor_results(ex) != NULL;
    if (handled % 2 == 0)
        parallel_shutdown();
    handled += well ? 1 : 1000;
}

static void call_in_child(void)
{
    if (pl_threads_after_fork())
        call_everything();
}

/* Registered before the library's handlers, and so run after them before a fork, and before them after it. */
static void register_early(void)
{
    pthread_atfork(call_everything, call_everything, call_in_child);
}

#ifdef __linux__
__attribute__((section(".preinit_array"), used)) static void (*const early)(void) = register_early;
#endif

static void *fork_now_and_then(void *unused)
{
    (void)unused;
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        if (!call(16))
            count_one(&wrong);
    return NULL;
}

/* Index: 0: handlers that were registered early; 1: late; while another thread calls. */
START_TEST(fork_handlers_may_call)
{
    pthread_t other;
    pl_workers(2);
    if (PL_SANITIZED)
        return;
    if (_i)
        ck_assert_int_eq(pthread_atfork(call_everything, call_everything, call_in_child), 0);
    ck_assert(call(16));
    ck_assert_int_eq(pthread_create(&other, NULL, fork_now_and_then, NULL), 0);
    calls_in_handlers = true;
    for (int round = 0; round < 20; round++) {
        handled = 0;
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            _exit(!pl_threads_after_fork() || (call(16) && handled < 1000) ? 0 : 1);
        }
        ck_assert_int_eq(pl_status_of(child), 0);
        ck_assert_int_lt(handled, 1000);
#ifdef __linux__
        ck_assert_int_eq(handled, _i ? 4 : 2);
#endif
    }
    /* the library forks, too: what handlers call then is done by their thread alone */
    int in[8] = {0}, out[8];
    ck_assert_int_eq(parallel_map_into(nap, in, 8, out, .executor = PARALLEL_PROCESS), 0);
    calls_in_handlers = false;
    atomic_store_explicit(&over, true, memory_order_relaxed);
    pthread_join(other, NULL);
    ck_assert_int_eq(count_of(&wrong), 0);
}
END_TEST

#ifdef __linux__
/* The process's address space, in bytes. */
static size_t address_space(void)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%zu", &pages), 1);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* What a sort has worked in is there until then. On one thread, so that no other stack goes with it. */
START_TEST(spare_memory_goes)
{
    enum { N = 4 << 20, BYTES = N * sizeof(int) };
    int *values = malloc(BYTES);
    ck_assert_ptr_nonnull(values);
    for (unsigned i = 0; i < N; i++)
        values[i] = (int)((i * 2654435761U) >> 1);
    ck_assert_int_eq(parallel_sort(PARALLEL_ASCENDING, values, N, .executor = PARALLEL_SERIAL), 0);
    for (int i = 1; i < N; i++)
        ck_assert_int_le(values[i - 1], values[i]);
    size_t before = address_space();
    ck_assert_int_eq(parallel_shutdown(), 0);
    ck_assert_uint_le(address_space() + BYTES, before);
    free(values);
}
END_TEST
#endif

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, threads_end_and_come_again);
    tcase_add_test(c, threads_come_before_the_first_call);
    tcase_add_loop_test(c, not_while_calls_run, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, many_at_once, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, kept_processes_end);
    tcase_add_test(c, fork_after_it);
    tcase_add_loop_test(c, fork_handlers_may_call, 0, 2);
#ifdef __linux__
    tcase_add_test(c, spare_memory_goes);
#endif
    return pl_run("api/shutdown", c);
}
