/* SPDX-License-Identifier: MIT */
/* Calls in the background beside each other and inside of each other: in tasks, from many threads, on pools. */
#include <pthread.h>
#include <unistd.h>

#include "support/jobs.h"

enum { N = 200 };

static struct job jobs[N];

/* ---- inside of tasks ---------------------------------------------------------------------------------------- */

static int tree(const int *depth, long *result, void *extras);
PARALLEL_DECORATE_TASK(tree, int, long);

/* Counts the nodes of a tree of executors, two below each. */
static int tree(const int *depth, long *result, void *extras)
{
    (void)extras;
    *result = 1;
    if (*depth == 0)
        return 0;
    int below[2] = {*depth - 1, *depth - 1};
    bool later = *depth % 2;
    PARALLEL_SCOPED parallel_executor *left = parallel_async_map(tree, below, 1, .deferred = later);
    PARALLEL_SCOPED parallel_executor *right = parallel_async_map(tree, below + 1, 1, .deferred = later);
    if (later && (parallel_executor_start(left) || parallel_executor_start(right)))
        return EPROTO;
    if (*depth % 3 == 0) /* does not do the work itself */
        parallel_executor_wait(left, -1);
    const long *b = parallel_result(parallel_executor_results(right), 0);
    const long *a = parallel_result(parallel_executor_results(left), 0);
    if (!a || !b)
        return EPIPE;
    *result += *a + *b;
    return 0;
}

START_TEST(executors_in_tasks)
{
    pl_workers(pl_worker_counts[_i]);
    int depth = 7;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(tree, &depth, 1);
    const long *sum = parallel_result(parallel_executor_results(ex), 0);
    ck_assert_ptr_nonnull(sum);
    ck_assert_int_eq(*sum, 255);
    PARALLEL_SCOPED parallel_results *r = parallel_map(tree, &depth, 1);
    ck_assert_int_eq(*(const long *)parallel_result(r, 0), 255);
}
END_TEST

static int chain(const int *depth, int *result, void *extras);
PARALLEL_DECORATE_TASK(chain, int, int);

/* One in another, many levels deep. */
static int chain(const int *depth, int *result, void *extras)
{
    (void)extras;
    *result = *depth;
    if (*depth == 0)
        return 0;
    int below = *depth - 1;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(chain, &below, 1);
    const int *got = parallel_result(parallel_executor_results(ex), 0);
    return got && *got == below ? 0 : EPIPE;
}

START_TEST(many_levels)
{
    pl_workers(pl_worker_counts[_i]);
    int depth = 50;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(chain, &depth, 1);
    ck_assert_int_eq(parallel_executor_wait(ex, -1), 0);
    ck_assert_ptr_nonnull(parallel_executor_results(ex));
}
END_TEST

/* ---- its own executor --------------------------------------------------------------------------------------- */

static parallel_executor *own;

/* In a task of `own`: counts the ways to wait for it that are not refused. */
static int wait_for_own(void)
{
    int wrong = 0;
    errno = 0;
    wrong += parallel_executor_results(own) != NULL || errno != EDEADLK;
    errno = 0;
    wrong += parallel_executor_wait(own, 0.001) != -1 || errno != EDEADLK;
    errno = 0;
    wrong += parallel_executor_wait(own, -1) != -1 || errno != EDEADLK;
    wrong += parallel_executor_done(own) || parallel_executor_status(own) != PARALLEL_STARTED;
    return wrong;
}

static int wait_below(int unused)
{
    return wait_for_own() + unused;
}
PARALLEL_DECORATE(wait_below, int, int);

static void wait_in_loop(size_t begin, size_t end, void *wrong)
{
    for (; begin < end; begin++)
        if (wait_for_own())
            count_one(wrong);
}

/* By itself, in a map that it makes, or in a loop. */
static int wait_up(const int *how, int *result, void *extras)
{
    (void)extras;
    int zeroes[20] = {0}, out[20];
    atomic_int in_loop = 0;
    if (*how == 0)
        *result = wait_for_own();
    else if (*how == 1 && parallel_map_into(wait_below, zeroes, 20, out) == 0)
        for (int i = 0; i < 20; i++)
            *result += out[i];
    else if (*how == 2 && parallel_for(20, wait_in_loop, &in_loop, .max_workers = 1) == 0)
        *result = count_of(&in_loop);
    else
        return EPROTO;
    return 0;
}
PARALLEL_DECORATE_TASK(wait_up, int, int);

START_TEST(a_task_may_not_wait_for_its_own)
{
    pl_workers(pl_worker_counts[_i]);
    int how[] = {0, 1, 2, 0, 1, 2};
    for (int serial = 0; serial < 2; serial++) {
        own = parallel_async_map(wait_up, how, 6, .deferred = true,
                                 .executor = serial ? PARALLEL_SERIAL : PARALLEL_THREAD);
        ck_assert_int_eq(parallel_executor_start(own), 0);
        parallel_results *r = parallel_executor_results(own);
        ck_assert_ptr_nonnull(r);
        for (int i = 0; i < 6; i++)
            ck_assert_int_eq(((const int *)parallel_values(r))[i], 0);
        parallel_executor_free(own);
    }
}
END_TEST

/* A task that wants to end its own executor: that ends what has not started, and leaves the rest alone. */
static int end_own(const int *index, int *result, void *extras)
{
    (void)extras;
    count_one(&begun);
    if (*index)
        return 0;
    errno = 0;
    *result = parallel_executor_shutdown(own) == -1 && errno == EDEADLK ? 7 : 8;
    errno = 55;
    parallel_executor_free(own);
    return errno == 55 ? 0 : EPROTO;
}
PARALLEL_DECORATE_TASK(end_own, int, int);

START_TEST(a_task_may_not_end_its_own)
{
    pl_workers(pl_worker_counts[_i]);
    int index[100];
    for (int i = 0; i < 100; i++)
        index[i] = i;
    own = parallel_async_map(end_own, index, 100, .deferred = true, .max_workers = 1, .silent = true);
    ck_assert_int_eq(parallel_executor_start(own), 0);
    parallel_results *r = parallel_executor_results(own);
    ck_assert_int_eq(*(const int *)parallel_result(r, 0), 7);
    ck_assert_uint_eq(parallel_failures(r), 99);
    ck_assert_int_eq(parallel_result_state(r, 99), PARALLEL_NOT_RUN);
    ck_assert_int_eq(count_of(&begun), 1);
    parallel_executor_free(own);
}
END_TEST

/* ---- beside each other -------------------------------------------------------------------------------------- */

static void *many_in_flight(void *wrong)
{
    enum { FLIGHTS = 25, EACH = 20 };
    struct job mine[EACH];
    parallel_executor *ex[FLIGHTS];
    fill_jobs(mine, EACH, true);
    for (int k = 0; k < FLIGHTS; k++)
        ex[k] = parallel_async_map(work, mine, EACH);
    await_begun(4);
    set_gate(true);
    for (int k = 0; k < FLIGHTS; k++) {
        int which = k * 7 % FLIGHTS;
        if (!all_right(parallel_executor_results(ex[which]), EACH))
            count_one(wrong);
        parallel_executor_free(ex[which]);
    }
    return NULL;
}

START_TEST(a_hundred_in_flight_from_four_threads)
{
    pl_workers(pl_worker_counts[_i]);
    atomic_int wrong = 0;
    pthread_t threads[4];
    for (int t = 0; t < 4; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, many_in_flight, &wrong), 0);
    for (int t = 0; t < 4; t++)
        pthread_join(threads[t], NULL);
    ck_assert_int_eq(count_of(&wrong), 0);
}
END_TEST

/* An executor for each piece of a conversation over a pipe: every second one reads, and blocks until the other
 * writes. */
static int say(const int *fd, int *result, void *extras)
{
    (void)result, (void)extras;
    for (int k = 0; k < 100; k++)
        if (write(*fd, &k, sizeof k) != (ssize_t)sizeof k)
            return errno;
    return 0;
}
PARALLEL_DECORATE_TASK(say, int, int);

static int hear(const int *fd, int *result, void *extras)
{
    (void)extras;
    for (int k = 0, got; k < 100; k++)
        if (read(*fd, &got, sizeof got) != (ssize_t)sizeof got || got != k)
            return EPIPE;
    *result = 100;
    return 0;
}
PARALLEL_DECORATE_TASK(hear, int, int);

START_TEST(executors_that_wait_for_each_other)
{
    enum { PAIRS = 12 };
    pl_workers(pl_worker_counts[_i]);
    int ends[PAIRS][2];
    parallel_executor *hearing[PAIRS], *saying[PAIRS];
    for (int k = 0; k < PAIRS; k++) {
        ck_assert_int_eq(pipe(ends[k]), 0);
        hearing[k] = parallel_async_map(hear, &ends[k][0], 1);
    }
    for (int k = 0; k < PAIRS; k++)
        saying[k] = parallel_async_map(say, &ends[k][1], 1);
    for (int k = 0; k < PAIRS; k++) { /* this thread does not work */
        ck_assert_int_eq(parallel_executor_wait(hearing[k], -1), 0);
        ck_assert_int_eq(parallel_executor_wait(saying[k], -1), 0);
        const int *heard = parallel_result(parallel_executor_results(hearing[k]), 0);
        ck_assert_int_eq(heard ? *heard : -1, 100);
        parallel_executor_free(hearing[k]);
        parallel_executor_free(saying[k]);
        close(ends[k][0]);
        close(ends[k][1]);
    }
}
END_TEST

static atomic_int together;

/* Waits for as many others as it is told. */
static int meet(int others)
{
    count_one(&together);
    while (count_of(&together) < others)
        pl_test_sleep(200);
    return count_of(&together);
}
PARALLEL_DECORATE(meet, int, int);

START_TEST(max_workers_really_run_at_once)
{
    pl_workers(pl_worker_counts[_i]);
    int others[] = {4, 4, 4, 4};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(meet, others, 4, .max_workers = 4);
    ck_assert_int_eq(parallel_executor_wait(ex, -1), 0);
    ck_assert_int_eq(((const int *)parallel_values(parallel_executor_results(ex)))[3], 4);
}
END_TEST

/* ---- pools -------------------------------------------------------------------------------------------------- */

START_TEST(on_a_pool_of_its_own)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    for (int round = 0; round < 20; round++) {
        PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(1 + round % 4);
        PARALLEL_SCOPED parallel_executor *a = parallel_async_map(work, jobs, N, .pool = pool);
        PARALLEL_SCOPED parallel_executor *b = parallel_async_map(work, jobs, N, .pool = pool, .deferred = true);
        PARALLEL_SCOPED parallel_executor *c = parallel_async_map(work, jobs, N);
        ck_assert_int_eq(parallel_executor_start(b), 0);
        ck_assert(all_right(parallel_executor_results(a), N));
        ck_assert(all_right(parallel_executor_results(b), N));
        ck_assert(all_right(parallel_executor_results(c), N));
    }
}
END_TEST

START_TEST(a_pool_that_is_freed_in_flight)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 20; round++) {
        set_gate(false);
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        fill_jobs(jobs, N, true);
        parallel_pool *pool = parallel_pool_new(1 + round % 4);
        PARALLEL_SCOPED parallel_executor *a = parallel_async_map(work, jobs, N, .pool = pool);
        PARALLEL_SCOPED parallel_executor *b = parallel_async_map(work, jobs, 2, .pool = pool);
        if (round % 2)
            await_begun(1);
        parallel_pool_free(pool);
        set_gate(true);
        ck_assert(all_right(parallel_executor_results(b), 2));
        ck_assert_int_eq(parallel_executor_wait(a, -1), 0);
        ck_assert(all_right(parallel_executor_results(a), N));
    }
}
END_TEST

static pthread_t caller;

static int is_caller(int index)
{
    static int next;
    return pthread_equal(pthread_self(), caller) && next++ == index;
}
PARALLEL_DECORATE(is_caller, int, int);

START_TEST(serial_ones_run_on_who_starts_them)
{
    pl_workers(pl_worker_counts[_i]);
    int index[50];
    for (int i = 0; i < 50; i++)
        index[i] = i;
    caller = pthread_self();
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_map(is_caller, index, 50, .executor = PARALLEL_SERIAL, .deferred = _i == 0);
    if (_i == 0) {
        ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_NOT_STARTED);
        ck_assert_int_eq(parallel_executor_start(ex), 0);
    }
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
    const int *all = parallel_values(parallel_executor_results(ex));
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(all[i], 1);
}
END_TEST

/* Tasks that block on threads of their own take nobody away from other calls. */
static atomic_int may_end, here;

static int block(const int *arg, int *result, void *extras)
{
    (void)extras;
    while (!atomic_load_explicit(&may_end, memory_order_relaxed))
        pl_test_sleep(200);
    *result = *arg;
    return 0;
}
PARALLEL_DECORATE_TASK(block, int, int);

static int both(int x)
{
    atomic_fetch_add_explicit(&here, 1, memory_order_relaxed);
    while (atomic_load_explicit(&here, memory_order_relaxed) < 2)
        pl_test_sleep(200);
    return x;
}
PARALLEL_DECORATE(both, int, int);

START_TEST(blocked_threads_are_not_missed)
{
    pl_workers(2);
    int in[8] = {0}, out[2];
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(block, in, 8, .max_workers = 8);
    pl_test_sleep(50000);
    ck_assert_int_eq(parallel_map_into(both, in, 2, out), 0);
    atomic_store_explicit(&may_end, 1, memory_order_relaxed);
    ck_assert_ptr_nonnull(parallel_executor_results(ex));
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, executors_in_tasks, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, many_levels, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_task_may_not_wait_for_its_own, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_task_may_not_end_its_own, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_hundred_in_flight_from_four_threads, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, executors_that_wait_for_each_other, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, max_workers_really_run_at_once, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, on_a_pool_of_its_own, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_pool_that_is_freed_in_flight, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, serial_ones_run_on_who_starts_them, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, blocked_threads_are_not_missed);
    return pl_run("api/executor_tasks", c);
}
