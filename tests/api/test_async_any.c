/* SPDX-License-Identifier: MIT */
/* Waiting for one of several calls in the background. */
#include <math.h>

#include "support/ends.h"

enum { N = 60 };

static struct job jobs[N];

static int turn_up(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    parallel_sleep(*arg * 0.05);
    return 0;
}
PARALLEL_DECORATE_TASK(turn_up, int, int);

static int plus(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg + 1;
    return 0;
}
PARALLEL_DECORATE_TASK(plus, int, int);

START_TEST(one_of_several)
{
    pl_workers(pl_worker_counts[_i]);
    set_gate(false);
    fill_jobs(jobs, N, true);
    parallel_executor *ex[4] = {NULL, parallel_async_map(work, jobs, 2), parallel_async_map(work, jobs, 2),
                                parallel_async(turn_up, 1)};
    errno = 0;
    ck_assert_int_eq(parallel_executor_any(ex, 3, 0), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_executor_any(ex, 3, 0.01), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_executor_any(ex, 4, -1), 3);
    ck_assert_int_eq(parallel_executor_any(ex, 4, 5), 3);
    set_gate(true);
    ck_assert(all_right(parallel_executor_results(ex[2]), 2));
    int first = parallel_executor_any(ex, 4, -1);
    ck_assert(first == 1 || first == 2);
    ck_assert(all_right(parallel_executor_results(ex[1]), 2));
    ck_assert_int_eq(parallel_executor_any(ex, 4, 0), 1); /* the lowest */
    parallel_executor *none[2] = {NULL, NULL};
    const struct {
        parallel_executor *const *ex;
        size_t n;
        double seconds;
    } refused[] = {{none, 2, -1}, {ex, 0, -1}, {NULL, 0, -1}, {NULL, 3, -1}, {ex, 4, NAN}};
    for (size_t k = 0; k < sizeof refused / sizeof refused[0]; k++) {
        errno = 0;
        ck_assert_int_eq(parallel_executor_any(refused[k].ex, refused[k].n, refused[k].seconds), -1);
        ck_assert_int_eq(errno, EINVAL);
    }
    for (int k = 0; k < 4; k++)
        parallel_executor_free(ex[k]);
}
END_TEST

/* All of them, one after the other, as they end. */
enum { MANY = 40 };

START_TEST(all_of_several)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 20; round++) {
        parallel_executor *ex[MANY];
        for (int k = 0; k < MANY; k++)
            ex[k] = parallel_async(plus, k);
        for (int left = MANY; left > 0; left--) {
            int k = parallel_executor_any(ex, MANY, -1);
            ck_assert_int_ge(k, 0);
            ck_assert_int_eq(*(const int *)parallel_executor_result(ex[k]), k + 1);
            parallel_executor_free(ex[k]);
            ex[k] = NULL;
        }
    }
}
END_TEST

static void *start_soon(void *ex)
{
    pl_test_sleep(5000);
    parallel_executor_start(ex);
    return NULL;
}

START_TEST(started_by_another)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_executor *ex[2] = {parallel_async(plus, 1, .deferred = true), parallel_async(plus, 2, .deferred = true)};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, start_soon, ex[1]), 0);
    ck_assert_int_eq(parallel_executor_any(ex, 2, -1), 1);
    ck_assert_int_eq(parallel_executor_shutdown(ex[0]), 0);
    ck_assert_int_eq(parallel_executor_any(ex, 2, -1), 0);
    pthread_join(thread, NULL);
    parallel_executor_free(ex[0]);
    parallel_executor_free(ex[1]);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, one_of_several, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, all_of_several, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, started_by_another, 0, PL_WORKER_COUNTS);
    return pl_run("api/async_any", c);
}
