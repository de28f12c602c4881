/* SPDX-License-Identifier: MIT */
/* How calls in the background end early: cancelled, shut down, out of scope. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "support/jobs.h"

enum { N = 200 };

static struct job jobs[N];

static size_t count_states(const parallel_results *r, parallel_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < parallel_length(r); i++)
        count += parallel_result_state(r, i) == state;
    return count;
}

/* Its results are NULL, and this is why. */
static void fails_with(parallel_executor *ex, int code, parallel_state state)
{
    errno = 0;
    ck_assert_ptr_null(parallel_executor_results(ex));
    ck_assert_int_eq(errno, code);
    ck_assert_ptr_nonnull(parallel_last_failure());
    ck_assert_int_eq(parallel_last_failure()->state, state);
    ck_assert_int_eq(parallel_last_failure()->code, code);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_FAILED);
    ck_assert(parallel_executor_done(ex));
}

/* ---- cancel ------------------------------------------------------------------------------------------------- */

START_TEST(cancelled_before_the_start)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, true);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .deferred = true);
    PARALLEL_SCOPED parallel_executor *silent = parallel_async_map(work, jobs, N, .deferred = true, .silent = true);
    ck_assert_int_eq(parallel_cancel(ex), 0);
    ck_assert_int_eq(parallel_executor_cancel(silent), 0);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_NOT_STARTED);
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    ck_assert_int_eq(parallel_executor_start(silent), 0);
    fails_with(ex, ECANCELED, PARALLEL_NOT_RUN);
    ck_assert_uint_eq(parallel_last_failure()->attempts, 0);
    parallel_results *r = parallel_executor_results(silent);
    ck_assert_uint_eq(count_states(r, PARALLEL_NOT_RUN), N);
    ck_assert_int_eq(parallel_failed(r, 5)->code, ECANCELED);
    ck_assert_uint_eq(parallel_failed(r, 5)->attempts, 0);
    ck_assert_int_eq(count_of(&begun), 0);
}
END_TEST

/* Those that run give up, and no other starts. */
START_TEST(cancelled_while_it_runs)
{
    pl_workers(pl_worker_counts[_i]);
    for (int silent = 0; silent < 2; silent++) {
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        atomic_store_explicit(&ended, 0, memory_order_relaxed);
        fill_jobs(jobs, N, true);
        PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .silent = silent, .max_workers = 2);
        await_begun(1);
        ck_assert_int_eq(parallel_cancel(ex), 0);
        ck_assert_int_eq(parallel_cancel(ex), 0);
        if (silent) {
            parallel_results *r = parallel_executor_results(ex);
            size_t ran = (size_t)count_of(&begun);
            ck_assert_uint_eq(count_states(r, PARALLEL_CANCELLED), ran);
            ck_assert_uint_eq(count_states(r, PARALLEL_NOT_RUN), N - ran);
            for (size_t k = 0; k < N; k++) {
                const parallel_failure *f = parallel_failed(r, k);
                ck_assert_int_eq(f->code, ECANCELED);
                ck_assert_uint_eq(f->attempts, f->state == PARALLEL_CANCELLED);
                ck_assert_int_eq(((const long *)parallel_values(r))[k], 0);
                ck_assert_int_eq(strstr(f->message, "gives up") != NULL, f->state == PARALLEL_CANCELLED);
            }
        } else
            fails_with(ex, ECANCELED, PARALLEL_CANCELLED);
        ck_assert_int_eq(count_of(&begun), count_of(&ended));
        ck_assert_int_le(count_of(&begun), 2);
    }
}
END_TEST

START_TEST(cancelled_when_it_is_done)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_int_eq(parallel_cancel(ex), 0);
    ck_assert_ptr_eq(parallel_executor_results(ex), r);
    ck_assert(all_right(r, N));
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
}
END_TEST

/* Who ends well all the same is OK. */
static int stubborn(const int *number, int *result, void *extras)
{
    (void)extras;
    count_one(&begun);
    while (!is_open())
        pl_test_sleep(200);
    *result = *number + parallel_cancelled() * 10;
    return 0;
}
PARALLEL_DECORATE_TASK(stubborn, int, int);

START_TEST(who_does_not_give_up_is_ok)
{
    pl_workers(pl_worker_counts[_i]);
    int numbers[] = {1, 2};
    set_gate(false);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(stubborn, numbers, 2, .max_workers = 2);
    await_begun(2);
    parallel_cancel(ex);
    set_gate(true);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), 0);
    ck_assert_int_eq(*(const int *)parallel_result(r, 1), 12);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
}
END_TEST

/* Asleep for good, until a cancel. */
static int slumber(const int *index, int *result, void *extras)
{
    (void)extras;
    count_one(&begun);
    errno = 0;
    *result = *index;
    return parallel_sleep(1e12) == -1 ? errno : 0;
}
PARALLEL_DECORATE_TASK(slumber, int, int);

static void *cancel_soon(void *ex)
{
    await_begun(3);
    pl_test_sleep(2000);
    parallel_cancel(ex);
    return NULL;
}

START_TEST(sleepers_wake)
{
    pl_workers(pl_worker_counts[_i]);
    int index[] = {0, 1, 2};
    for (int round = 0; round < 10; round++) {
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(slumber, index, 3, .max_workers = 3, .silent = true);
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, ex), 0);
        ck_assert_uint_eq(count_states(parallel_executor_results(ex), PARALLEL_CANCELLED), 3);
        pthread_join(thread, NULL);
    }
}
END_TEST

/* A cancel reaches what the executor's tasks call in their turn. */
static int slumber_below(const int *index, int *result, void *extras)
{
    int below[] = {*index, *index}, out[2];
    *result = *index;
    return parallel_map_into(slumber, below, 2, out, .extras = extras, .max_workers = 2) == 0 ? 0 : errno;
}
PARALLEL_DECORATE_TASK(slumber_below, int, int);

START_TEST(sleepers_in_nested_calls_wake)
{
    pl_workers(pl_worker_counts[_i]);
    int index[] = {0, 1};
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_map(slumber_below, index, 2, .max_workers = 2, .silent = true);
    await_begun(2);
    parallel_cancel(ex);
    parallel_results *r = parallel_executor_results(ex);
    size_t gave_up = count_states(r, PARALLEL_CANCELLED);
    ck_assert_uint_ge(gave_up, 1);
    ck_assert_uint_eq(gave_up + count_states(r, PARALLEL_NOT_RUN), 2);
    ck_assert_int_eq(parallel_failed(r, 1)->code, ECANCELED);
}
END_TEST

static parallel_executor *signalled;
static volatile sig_atomic_t signals;

static void cancel_on_signal(int signal)
{
    (void)signal;
    int saved = errno;
    signals = signals + 1;
    if (count_of(&begun) >= 3)
        parallel_cancel(signalled);
    errno = saved;
}

/* The main thread is blocked meanwhile, in one call or the other. */
START_TEST(cancelled_by_a_signal_handler)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    int index[] = {0, 1, 2};
    struct sigaction action = {.sa_handler = cancel_on_signal};
    sigemptyset(&action.sa_mask);
    signalled = parallel_async_map(slumber, index, 3, .max_workers = 3, .silent = true);
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    struct itimerval timer = {{0, 5000}, {0, 5000}}, none = {{0, 0}, {0, 0}};
    ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
    if (_i / PL_WORKER_COUNTS)
        ck_assert_int_eq(parallel_executor_wait(signalled, -1), 0);
    parallel_results *r = parallel_executor_results(signalled);
    setitimer(ITIMER_REAL, &none, NULL);
    ck_assert_uint_eq(count_states(r, PARALLEL_CANCELLED), 3);
    ck_assert_int_gt(signals, 0);
    parallel_executor_free(signalled);
}
END_TEST

/* ---- shutting down ------------------------------------------------------------------------------------------ */

START_TEST(shut_down_when_done)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N);
    parallel_results *r = parallel_executor_results(ex);
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(parallel_executor_shutdown(ex), 0);
        ck_assert_ptr_eq(parallel_executor_results(ex), r);
        ck_assert(all_right(r, N));
        ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
    }
}
END_TEST

START_TEST(shut_down_before_the_start)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .deferred = true);
    PARALLEL_SCOPED parallel_executor *silent = parallel_async_map(work, jobs, N, .deferred = true, .silent = true);
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(parallel_executor_shutdown(ex), 0);
        errno = 0;
        ck_assert_int_eq(parallel_executor_start(ex), -1);
        ck_assert_int_eq(errno, ECANCELED);
        ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_FAILED);
        ck_assert(parallel_executor_done(ex));
        ck_assert_int_eq(parallel_executor_wait(ex, -1), 0);
        errno = 0;
        ck_assert_ptr_null(parallel_executor_results(ex));
        ck_assert_int_eq(errno, ECANCELED);
        ck_assert_int_eq(parallel_executor_shutdown(silent), 0);
        const parallel_results *r = parallel_executor_results(silent);
        ck_assert_uint_eq(parallel_failures(r), N);
        ck_assert_int_eq(parallel_result_state(r, N - 1), PARALLEL_NOT_RUN);
    }
    ck_assert_int_eq(count_of(&begun), 0);
    PARALLEL_SCOPED parallel_executor *unused = parallel_async_map(work, jobs, N, .deferred = true);
    (void)unused; /* only goes out of scope */
}
END_TEST

static void *open_soon(void *unused)
{
    pl_test_sleep(20000);
    set_gate(true);
    return unused;
}

/* Those that run are waited for, and not disturbed; the results tell of both. */
START_TEST(shut_down_while_it_runs)
{
    pl_workers(pl_worker_counts[_i]);
    for (int silent = 0; silent < 2; silent++) {
        set_gate(false);
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        atomic_store_explicit(&ended, 0, memory_order_relaxed);
        fill_jobs(jobs, N, true);
        PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .silent = silent, .max_workers = 2);
        await_begun(1);
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, open_soon, NULL), 0);
        ck_assert_int_eq(parallel_executor_shutdown(ex), 0);
        ck_assert_int_eq(count_of(&begun), count_of(&ended));
        ck_assert(parallel_executor_done(ex));
        size_t ran = (size_t)count_of(&begun);
        ck_assert_int_eq(parallel_executor_shutdown(ex), 0);
        if (silent) {
            parallel_results *r = parallel_executor_results(ex);
            ck_assert_uint_eq(count_states(r, PARALLEL_OK), ran);
            ck_assert_uint_eq(count_states(r, PARALLEL_NOT_RUN), N - ran);
            ck_assert_int_eq(*(const long *)parallel_result(r, 0), right_result(0));
        } else if (ran < N) /* else the gate was open before the shutdown */
            fails_with(ex, ECANCELED, PARALLEL_NOT_RUN);
        pthread_join(thread, NULL);
    }
}
END_TEST

/* What the call has borrowed is the caller's again. */
START_TEST(out_of_scope)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 50; round++) {
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        atomic_store_explicit(&ended, 0, memory_order_relaxed);
        set_gate(round % 2);
        {
            struct job mine[50];
            fill_jobs(mine, 50, true);
            PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, mine, 50, .deferred = round % 5 == 4);
            if (round % 3 == 1)
                pl_test_sleep(300);
            if (round % 7 == 6)
                parallel_cancel(ex);
            set_gate(true);
            errno = 123;
        }
        ck_assert_int_eq(errno, 123);
        ck_assert_int_eq(count_of(&begun), count_of(&ended));
        int before = count_of(&begun);
        pl_test_sleep(100);
        ck_assert_int_eq(count_of(&begun), before);
        ck_assert_int_le(before, round % 5 == 4 ? 0 : 50);
    }
}
END_TEST

START_TEST(one_cancel_leaves_others_alone)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, true);
    PARALLEL_SCOPED parallel_executor *a = parallel_async_map(work, jobs, N);
    PARALLEL_SCOPED parallel_executor *b = parallel_async_map(work, jobs, N);
    parallel_cancel(a);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_results(a));
    ck_assert_int_eq(errno, ECANCELED);
    ck_assert(!parallel_executor_done(b));
    set_gate(true);
    ck_assert(all_right(parallel_executor_results(b), N));
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, cancelled_before_the_start, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, cancelled_while_it_runs, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, cancelled_when_it_is_done, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, who_does_not_give_up_is_ok, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, sleepers_wake, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, sleepers_in_nested_calls_wake, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, cancelled_by_a_signal_handler, 0, 2 * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, shut_down_when_done, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, shut_down_before_the_start, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, shut_down_while_it_runs, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, out_of_scope, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, one_cancel_leaves_others_alone, 0, PL_WORKER_COUNTS);
    return pl_run("api/executor_ends", c);
}
