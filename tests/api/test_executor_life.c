/* SPDX-License-Identifier: MIT */
/* Calls in the background in the life of a process: fork, exit, threads that end, lack of threads. */
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/jobs.h"
#include "support/process.h"
#include "support/sanitizers.h"

enum { N = 100 };

static struct job jobs[N];

/* Whether calls in the background work. */
static bool they_work(void)
{
    static struct job some[N];
    set_gate(true);
    fill_jobs(some, N, true);
    PARALLEL_SCOPED parallel_executor *a = parallel_async_map(work, some, N);
    PARALLEL_SCOPED parallel_executor *b = parallel_async_map(work, some, N, .max_workers = 4);
    PARALLEL_SCOPED parallel_results *r = parallel_map(work, some, N);
    return parallel_executor_wait(b, -1) == 0 && all_right(parallel_executor_results(b), N) &&
           all_right(parallel_executor_results(a), N) && all_right(r, N);
}

/* ---- fork --------------------------------------------------------------------------------------------------- */

#define CHILD_CHECK(condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            _exit(__LINE__ % 200 + 1); /* which says where */                                                          \
    } while (0)

static void in_the_child(parallel_executor *flying, parallel_executor *later, parallel_executor *done)
{
    for (int k = 0; k < 2; k++) {
        errno = 0;
        CHILD_CHECK(!parallel_executor_results(flying) && errno == ECHILD);
        CHILD_CHECK(!parallel_last_failure());
        CHILD_CHECK(parallel_executor_status(flying) == PARALLEL_FAILED);
        CHILD_CHECK(parallel_executor_done(flying));
        CHILD_CHECK(parallel_executor_wait(flying, -1) == 0);
        errno = 0;
        CHILD_CHECK(parallel_executor_start(flying) == -1 && errno == EALREADY);
        CHILD_CHECK(parallel_cancel(flying) == 0);
        CHILD_CHECK(parallel_executor_shutdown(flying) == 0);
    }
    CHILD_CHECK(all_right(parallel_executor_results(done), N));
    CHILD_CHECK(parallel_executor_status(done) == PARALLEL_DONE);
    CHILD_CHECK(parallel_executor_status(later) == PARALLEL_NOT_STARTED);
    CHILD_CHECK(parallel_executor_start(later) == 0);
    set_gate(true);
    CHILD_CHECK(all_right(parallel_executor_results(later), N));
    CHILD_CHECK(they_work());
    errno = 99;
    parallel_executor_free(flying);
    parallel_executor_free(later);
    parallel_executor_free(done);
    CHILD_CHECK(errno == 99);
    CHILD_CHECK(they_work());
}

/* Index / PL_WORKER_COUNTS: 1: on a pool of their own, which the child frees. */
START_TEST(fork_with_executors_in_flight)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    if (PL_SANITIZED || !pl_threads_after_fork()) /* an allocator may be locked in the child for good */
        return;
    fill_jobs(jobs, N, true);
    parallel_pool *pool = _i / PL_WORKER_COUNTS ? parallel_pool_new(2) : NULL;
    for (int round = 0; round < 4; round++) {
        set_gate(true);
        parallel_executor *done = parallel_async_map(work, jobs, N, .pool = pool);
        ck_assert(all_right(parallel_executor_results(done), N));
        set_gate(false);
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        parallel_executor *flying = parallel_async_map(work, jobs, N, .pool = pool);
        parallel_executor *later = parallel_async_map(work, jobs, N, .deferred = true, .pool = pool);
        if (round % 2)
            await_begun(1);
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            in_the_child(flying, later, done);
            parallel_pool_free(pool);
            exit(0);
        }
        int status = pl_status_of(child);
        ck_assert_msg(status == 0, "line %d", status - 1);
        ck_assert(!parallel_executor_done(flying));
        set_gate(true);
        ck_assert(all_right(parallel_executor_results(flying), N));
        ck_assert_int_eq(parallel_executor_status(later), PARALLEL_NOT_STARTED);
        parallel_executor_free(flying);
        parallel_executor_free(later);
        parallel_executor_free(done);
    }
    parallel_pool_free(pool);
    ck_assert(they_work());
}
END_TEST

/* ---- the end ------------------------------------------------------------------------------------------------ */

/* Index / PL_WORKER_COUNTS: 0: tasks that are over soon; 1: which wait longer than the program lives; 2: which nobody
 * has started. */
START_TEST(the_end_with_executors_in_flight)
{
    if (PL_SANITIZED && !PL_MSAN) /* they report what is left behind, on purpose */
        return;
    for (int round = 0; round < 5; round++) {
        pid_t child = fork();
        if (child == 0) {
            pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
            alarm(15);
            int kind = _i / PL_WORKER_COUNTS;
            set_gate(kind != 1);
            fill_jobs(jobs, N, true);
            for (int k = 0; k < 3; k++)
                if (!parallel_async_map(work, jobs, N, .deferred = kind == 2))
                    _exit(98);
            if (kind == 1)
                await_begun(1);
            exit(71);
        }
        ck_assert_int_eq(pl_status_of(child), 71);
    }
}
END_TEST

/* The threads are joined when the program exits, also just after a call was done. */
START_TEST(the_end_just_after_the_results)
{
    for (int round = 0; round < 30; round++) {
        pid_t child = fork();
        if (child == 0) {
            pl_workers(pl_worker_counts[_i]);
            alarm(60);
            set_gate(true);
            fill_jobs(jobs, N, true);
            parallel_executor *ex = parallel_async_map(work, jobs, 4);
            bool right = parallel_executor_wait(ex, -1) == 0 && all_right(parallel_executor_results(ex), 4);
            parallel_executor_free(ex);
            exit(right ? 71 : 1);
        }
        ck_assert_int_eq(pl_status_of(child), 71);
    }
}
END_TEST

static parallel_executor *static_executor;

static void ask_at_exit(void)
{
    set_gate(true);
    bool right = all_right(parallel_executor_results(static_executor), N) && they_work();
    parallel_executor_free(static_executor);
    if (!right)
        _exit(97);
}

START_TEST(executors_at_exit)
{
    pid_t child = fork();
    if (child == 0) {
        pl_workers(pl_worker_counts[_i]);
        alarm(60);
        atexit(ask_at_exit);
        fill_jobs(jobs, N, true);
        static_executor = parallel_async_map(work, jobs, N);
        exit(72);
    }
    ck_assert_int_eq(pl_status_of(child), 72);
}
END_TEST

/* ---- threads that end --------------------------------------------------------------------------------------- */

static void *begin_some(void *executors)
{
    parallel_executor **ex = executors;
    ex[0] = parallel_async_map(work, jobs, N);
    ex[1] = parallel_async_map(work, jobs, N, .deferred = true);
    ex[2] = parallel_async_map(work, jobs, N);
    parallel_executor_wait(ex[2], 0.001);
    parallel_results_free(parallel_map(work, jobs, 1));
    return NULL;
}

START_TEST(executors_outlive_their_threads)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 20; round++) {
        set_gate(false);
        fill_jobs(jobs, N, true);
        jobs[0].waits = false; /* which the thread runs itself */
        parallel_executor *ex[3];
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, begin_some, ex), 0);
        pthread_join(thread, NULL);
        ck_assert_int_eq(parallel_executor_start(ex[1]), 0);
        set_gate(true);
        for (int k = 0; k < 3; k++) {
            ck_assert(all_right(parallel_executor_results(ex[k]), N));
            parallel_executor_free(ex[k]);
        }
    }
}
END_TEST

/* ---- lack of threads ---------------------------------------------------------------------------------------- */

/* Index / PL_WORKER_COUNTS: without any call before, or with one, which leaves some threads about. */
START_TEST(lack_of_threads_is_no_error)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    if (PL_SANITIZED)
        return;
    if (_i / PL_WORKER_COUNTS)
        ck_assert(they_work());
    fill_jobs(jobs, N, false);
    struct rlimit old;
    if (!pl_take_away_room(&old, 512 << 10))
        return;
    parallel_executor *ex[4];
    bool right = true;
    for (int k = 0; k < 4; k++)
        ex[k] = parallel_async_map(work, jobs, N, .max_workers = k);
    right = right && all_right(parallel_executor_results(ex[0]), N);
    right = right && all_right(parallel_executor_results(ex[3]), N);
    right = right && parallel_executor_shutdown(ex[1]) == 0 && parallel_executor_done(ex[1]);
    parallel_executor_free(ex[1]);
    parallel_executor_wait(ex[2], 0.01);
    setrlimit(RLIMIT_AS, &old);
    ck_assert(right);
    ck_assert_int_eq(parallel_executor_wait(ex[2], -1), 0); /* threads may be had again */
    ck_assert(all_right(parallel_executor_results(ex[2]), N));
    for (int k = 0; k < 4; k++)
        if (k != 1)
            parallel_executor_free(ex[k]);
    ck_assert(they_work());
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, fork_with_executors_in_flight, 0, 2 * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_end_with_executors_in_flight, 0, 3 * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_end_just_after_the_results, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, executors_at_exit, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, executors_outlive_their_threads, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, lack_of_threads_is_no_error, 0, 2 * PL_WORKER_COUNTS);
    return pl_run("api/executor_life", c);
}
