/* SPDX-License-Identifier: MIT */
/* Calls in the background: how they are made, started, waited for and asked. */
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "support/jobs.h"

enum { N = 300 };

static struct job jobs[N];

/* ---- results ------------------------------------------------------------------------------------------------ */

START_TEST(the_results_are_the_executors_own)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    for (int round = 0; round < 30; round++) {
        PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N);
        ck_assert_ptr_nonnull(ex);
        parallel_results *r = parallel_executor_results(ex);
        ck_assert(all_right(r, N));
        parallel_results_free(r); /* leaves them alone */
        ck_assert_ptr_eq(parallel_executor_results(ex), r);
        ck_assert(all_right(r, N));
        ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
        ck_assert(parallel_executor_done(ex));
        ck_assert_ptr_null(parallel_last_failure());
    }
}
END_TEST

static void check_failure(parallel_executor *ex)
{
    errno = 0;
    ck_assert_ptr_null(parallel_executor_results(ex));
    ck_assert_int_eq(errno, EDOM);
    const parallel_failure *f = parallel_last_failure();
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->index, 7);
    ck_assert_int_eq(f->state, PARALLEL_ERROR);
    ck_assert_int_eq(f->code, EDOM);
    ck_assert_uint_eq(f->attempts, 1);
    ck_assert_str_eq(f->message, "job 7");
    ck_assert_ptr_eq(f->arg, &jobs[7]);
}

static void *fails_here_too(void *ex)
{
    parallel_results *r = parallel_executor_results(ex);
    const parallel_failure *f = parallel_last_failure();
    return !r && errno == EDOM && f && f->index == 7 ? ex : NULL;
}

START_TEST(the_failure_is_the_same_each_time)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    jobs[7].code = EDOM;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N);
    check_failure(ex);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_FAILED);
    ck_assert(parallel_executor_done(ex));
    ck_assert_int_eq(parallel_executor_wait(ex, -1), 0);
    jobs[7].code = 0;
    parallel_results_free(parallel_map(work, jobs, N)); /* which clears this thread's last failure */
    ck_assert_ptr_null(parallel_last_failure());
    jobs[7].code = EDOM;
    check_failure(ex);
    pthread_t thread;
    void *right;
    ck_assert_int_eq(pthread_create(&thread, NULL, fails_here_too, ex), 0);
    pthread_join(thread, &right);
    ck_assert_ptr_nonnull(right);
}
END_TEST

START_TEST(a_failure_is_told_to_who_asks_only)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    jobs[7].code = EDOM;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N);
    ck_assert_int_eq(parallel_executor_wait(ex, -1), 0);
    ck_assert_ptr_null(parallel_last_failure());
    check_failure(ex);
    PARALLEL_SCOPED parallel_executor *well = parallel_async_map(work, jobs, 5);
    ck_assert(all_right(parallel_executor_results(well), 5));
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

START_TEST(silent_ones_are_done)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    for (int i = 0; i < N; i += 3)
        jobs[i].code = i + 1;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .silent = true);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
    ck_assert_uint_eq(parallel_failures(r), N / 3);
    for (size_t k = 0; k < N / 3; k++) {
        ck_assert_uint_eq(parallel_failed(r, k)->index, k * 3);
        ck_assert_int_eq(parallel_failed(r, k)->code, (int)k * 3 + 1);
    }
    long all = -5;
    parallel_replace_failed(r, &all);
    ck_assert_int_eq(((const long *)parallel_values(r))[3], -5);
    ck_assert_int_eq(count_of(&ended), N);
}
END_TEST

static int add_one(const int *number, void *result, void *extras)
{
    if (result)
        return EINVAL;
    atomic_fetch_add_explicit((atomic_int *)extras, *number, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(add_one, int, void);

START_TEST(names_extras_and_no_results)
{
    pl_workers(pl_worker_counts[_i]);
    static const char *const names[] = {"a", "b", "c"};
    int numbers[] = {1, 2, 4};
    atomic_int sum = 0;
    {
        parallel_options o = {.size = sizeof o, .names = names, .extras = &sum};
        PARALLEL_SCOPED parallel_executor *ex = parallel_async_map_function(&add_one__parallel, numbers, 3, &o);
        memset(&o, 0xff, sizeof o); /* they have been copied */
        parallel_results *r = parallel_executor_results(ex);
        ck_assert_uint_eq(parallel_length(r), 3);
        ck_assert_ptr_null(parallel_values(r));
        ck_assert_int_eq(parallel_result_state(r, 2), PARALLEL_OK);
        errno = 0;
        ck_assert_ptr_null(parallel_get(r, "d"));
        ck_assert_int_eq(errno, ENOENT);
    }
    ck_assert_int_eq(count_of(&sum), 7);
    fill_jobs(jobs, 3, false);
    jobs[1].code = 9;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, 3, .names = names, .silent = true);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_int_eq(*(const long *)parallel_get(r, "c"), right_result(2));
    ck_assert_ptr_null(parallel_get(r, "b"));
    ck_assert_str_eq(parallel_failed(r, 0)->name, "b");
}
END_TEST

static double half(int x)
{
    return x / 2.0;
}
PARALLEL_DECORATE(half, int, double);

START_TEST(different_functions)
{
    pl_workers(pl_worker_counts[_i]);
    set_gate(false);
    parallel_future futures[] = {
        PARALLEL_FUTURE(half, 7, .name = "half"),
        PARALLEL_FUTURE(work, ((struct job){.index = 5, .waits = true}), .name = "work"),
    };
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_par(futures, 2);
    PARALLEL_SCOPED parallel_executor *other = parallel_thread_async_par(futures, 1);
    memset(futures, 0xff, sizeof futures); /* they have been copied */
    set_gate(true);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_ptr_null(parallel_values(r));
    ck_assert_double_eq(*(const double *)parallel_get(r, "half"), 3.5);
    ck_assert_int_eq(*(const long *)parallel_get(r, "work"), right_result(5));
    ck_assert_double_eq(*(const double *)parallel_result(parallel_executor_results(other), 0), 3.5);
}
END_TEST

START_TEST(of_nothing)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(half, (const int *)NULL, 0);
    PARALLEL_SCOPED parallel_executor *par = parallel_async_par(NULL, 0);
    ck_assert_uint_eq(parallel_length(parallel_executor_results(ex)), 0);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
    ck_assert_ptr_nonnull(parallel_executor_results(par));
    ck_assert_int_eq(parallel_executor_status(par), PARALLEL_DONE);
}
END_TEST

/* ---- starting ----------------------------------------------------------------------------------------------- */

START_TEST(started_later)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, true);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .deferred = true);
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_NOT_STARTED);
        ck_assert(!parallel_executor_done(ex));
        errno = 0;
        ck_assert_ptr_null(parallel_executor_results(ex));
        ck_assert_int_eq(errno, EINVAL);
        ck_assert_ptr_null(parallel_last_failure());
        errno = 0;
        ck_assert_int_eq(parallel_executor_wait(ex, k - 1), -1);
        ck_assert_int_eq(errno, EINVAL);
        pl_test_sleep(1000);
    }
    ck_assert_int_eq(count_of(&begun), 0);
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_STARTED);
    await_begun(1);
    for (int k = 0; k < 3; k++) {
        errno = 0;
        ck_assert_int_eq(parallel_executor_start(ex), -1);
        ck_assert_int_eq(errno, EALREADY);
    }
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_STARTED);
    ck_assert(!parallel_executor_done(ex));
    set_gate(true);
    ck_assert(all_right(parallel_executor_results(ex), N));
    errno = 0;
    ck_assert_int_eq(parallel_executor_start(ex), -1);
    ck_assert_int_eq(errno, EALREADY);
    ck_assert_int_eq(count_of(&begun), N);
}
END_TEST

static double third(int x)
{
    count_one(&begun);
    return x / 3.0;
}
PARALLEL_DECORATE(third, int, double, .deferred = true);

START_TEST(decorated_to_be_started_later)
{
    pl_workers(pl_worker_counts[_i]);
    int in[] = {3, 6, 9};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(third, in, 3);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_NOT_STARTED);
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    ck_assert_double_eq(*(const double *)parallel_result(parallel_executor_results(ex), 2), 3);
    PARALLEL_SCOPED parallel_results *r = parallel_map(third, in, 3); /* means nothing here */
    ck_assert_double_eq(*(const double *)parallel_result(r, 1), 2);
    errno = 0;
    ck_assert_ptr_null(parallel_map(half, in, 3, .deferred = true));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* ---- waiting ------------------------------------------------------------------------------------------------ */

START_TEST(waiting_for_a_while)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, 8, true);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, 8);
    static const double whiles[] = {0, 0.001, 0.03};
    for (int k = 0; k < 3; k++) {
        double before = now();
        errno = 0;
        ck_assert_int_eq(parallel_executor_wait(ex, whiles[k]), -1);
        ck_assert_int_eq(errno, ETIMEDOUT);
        ck_assert_double_ge(now() - before, whiles[k]);
        ck_assert(!parallel_executor_done(ex));
    }
    errno = 0;
    ck_assert_int_eq(parallel_executor_wait(ex, NAN), -1);
    ck_assert_int_eq(errno, EINVAL);
    set_gate(true);
    ck_assert_int_eq(parallel_executor_wait(ex, _i ? -1 : 1e300), 0);
    ck_assert(parallel_executor_done(ex));
    ck_assert_int_eq(parallel_executor_wait(ex, 0), 0);
    ck_assert_int_eq(parallel_executor_wait(ex, NAN), -1);
    ck_assert_int_eq(parallel_executor_wait(ex, 5), 0);
    ck_assert(all_right(parallel_executor_results(ex), 8));
}
END_TEST

static void *ask(void *ex)
{
    return parallel_executor_results(ex);
}

/* Several threads wait, in both ways, and one looks. */
START_TEST(many_wait_and_nobody_blocks_who_looks)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, 4, true);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, 4);
    pthread_t threads[6];
    for (int t = 0; t < 6; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, ask, ex), 0);
    await_begun(1);
    for (int k = 0; k < 200; k++) {
        ck_assert(!parallel_executor_done(ex));
        ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_STARTED);
    }
    set_gate(true);
    while (!parallel_executor_done(ex))
        pl_test_sleep(200);
    for (int t = 0; t < 6; t++) {
        void *r;
        pthread_join(threads[t], &r);
        ck_assert_ptr_eq(r, parallel_executor_results(ex));
    }
    ck_assert(all_right(parallel_executor_results(ex), 4));
    ck_assert_int_eq(count_of(&begun), 4);
}
END_TEST

/* ---- what is wrong ------------------------------------------------------------------------------------------ */

#define REFUSED(call, code)                                                                                            \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        ck_assert_ptr_null(call);                                                                                      \
        ck_assert_int_eq(errno, code);                                                                                 \
    } while (0)

START_TEST(null_is_an_error_or_fine)
{
    pl_workers(2);
    parallel_executor *none = NULL;
    REFUSED(parallel_executor_results(none), EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_executor_status(none), PARALLEL_FAILED);
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_executor_start(none), -1);
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_executor_wait(none, 0), -1);
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert(!parallel_executor_done(none));
    ck_assert_int_eq(errno, EINVAL);
    errno = 77;
    ck_assert_int_eq(parallel_cancel(none), 0);
    ck_assert_int_eq(parallel_executor_cancel(none), 0);
    ck_assert_int_eq(parallel_executor_shutdown(none), 0);
    parallel_executor_free(none);
    PARALLEL_SCOPED parallel_executor *scoped = NULL;
    (void)scoped;
    ck_assert_int_eq(errno, 77);
}
END_TEST

START_TEST(wrong_calls_make_none)
{
    pl_workers(2);
    int in[] = {1, 2};
    const char *const same[] = {"a", "a"};
    parallel_function empty = {.arg_size = sizeof(int)};
    parallel_future bad[] = {PARALLEL_FUTURE(half, 1), {.function = &half__parallel}};
    REFUSED(parallel_async_map(half, (const int *)NULL, 2), EINVAL);
    REFUSED(parallel_async_map(half, in, 2, .max_workers = -1), EINVAL);
    REFUSED(parallel_async_map(half, in, 2, .timeout = NAN), EINVAL);
    REFUSED(parallel_async_map(half, in, 2, .names = same), EINVAL);
    REFUSED(parallel_async_map(half, in, 2, .executor = (parallel_executor_kind)99), EINVAL);
    REFUSED(parallel_async_map(half, in, 2, .executor = PARALLEL_MPI), ENOTSUP);
    REFUSED(parallel_thread_async_map(half, in, 2, .executor = PARALLEL_SERIAL), EINVAL);
    REFUSED(parallel_async_map(half, in, SIZE_MAX / 2), ENOMEM);
    REFUSED(parallel_async_map_function(NULL, in, 2, NULL), EINVAL);
    REFUSED(parallel_async_map_function(&empty, in, 2, NULL), EINVAL);
    REFUSED(parallel_async_par(NULL, 2), EINVAL);
    REFUSED(parallel_async_par(bad, 2), EINVAL);
    REFUSED(parallel_async_par(bad, SIZE_MAX / 2), ENOMEM);
    REFUSED(parallel_thread_async_par(bad, 1, .executor = PARALLEL_SERIAL), EINVAL);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, the_results_are_the_executors_own, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_failure_is_the_same_each_time, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_failure_is_told_to_who_asks_only, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, silent_ones_are_done, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, names_extras_and_no_results, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, different_functions, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, of_nothing, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, started_later, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, decorated_to_be_started_later, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, waiting_for_a_while, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, many_wait_and_nobody_blocks_who_looks, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, null_is_an_error_or_fine);
    tcase_add_test(c, wrong_calls_make_none);
    return pl_run("api/executors", c);
}
