/* SPDX-License-Identifier: MIT */
/* Calls on ranks, which are threads here: what comes back, and in which order, whatever ranks are like. */
#include <errno.h>
#include <parallel.h>
#include <string.h>

#include "mpi/pretend.h"
#include "support/test.h"

#define ON_RANKS .executor = PARALLEL_MPI

enum { N = 3000, RANKS = 3 };

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

typedef struct line {
    char text[60];
} line;

static int greet(const int *i, line *l, void *extras)
{
    const int *bad = extras;
    if (bad && *i % *bad == 0)
        return parallel_fail(EIO, "no %d", *i);
    snprintf(l->text, sizeof l->text, "hello %d", *i);
    return 0;
}
PARALLEL_DECORATE_TASK(greet, int, line);

static int in[N];

static void begin_ranks(unsigned ranks, const pretend_rank *like)
{
    pl_workers(2);
    for (int i = 0; i < N; i++)
        in[i] = i + 1;
    pretend_begin(ranks, like);
}

/* ---- what comes back --------------------------------------------------------------------------------------- */

START_TEST(results_are_in_order)
{
    begin_ranks((unsigned)_i, NULL);
    for (size_t n = 0; n <= N; n = n * 3 + 1) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(square, in, n, ON_RANKS);
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(parallel_length(r), n);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(((const int *)parallel_values(r))[i], in[i] * in[i]);
        int out[N];
        ck_assert_int_eq(parallel_map_into(square, in, n, out, ON_RANKS), 0);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(out[i], in[i] * in[i]);
    }
    pretend_end();
}
END_TEST

START_TEST(all_failures_are_told)
{
    int seven = 7;
    begin_ranks((unsigned)_i, NULL);
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(greet, in, N, ON_RANKS, .silent = true, .extras = &seven, .extras_size = sizeof seven);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), N / 7);
    for (size_t k = 0; k < N / 7; k++) {
        const parallel_failure *f = parallel_failed(r, k);
        char text[20];
        snprintf(text, sizeof text, "no %zu", 7 * (k + 1));
        ck_assert_uint_eq(f->index, 7 * (k + 1) - 1);
        ck_assert_int_eq(f->state, PARALLEL_ERROR);
        ck_assert_int_eq(f->code, EIO);
        ck_assert_uint_eq(f->attempts, 1);
        ck_assert_str_eq(f->message, text);
        ck_assert_ptr_eq(f->arg, &in[f->index]);
    }
    for (size_t i = 0; i < N; i++) {
        const line *l = parallel_result(r, i);
        char text[20];
        snprintf(text, sizeof text, "hello %d", in[i]);
        ck_assert_int_eq(l == NULL, in[i] % 7 == 0);
        ck_assert(!l || strcmp(l->text, text) == 0);
    }
    pretend_end();
}
END_TEST

START_TEST(a_failure_ends_the_call)
{
    int bad = 100;
    begin_ranks((unsigned)_i, NULL);
    ck_assert_ptr_null(parallel_map(greet, in, N, ON_RANKS, .extras = &bad, .extras_size = sizeof bad));
    ck_assert_int_eq(errno, EIO);
    const parallel_failure *f = parallel_last_failure();
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->index % 100, 99);
    ck_assert_int_eq(strncmp(f->message, "no ", 3), 0);
    pretend_end();
}
END_TEST

START_TEST(what_cannot_be_sent_is_refused)
{
    int bad = 100;
    begin_ranks(RANKS, NULL);
    ck_assert_ptr_null(parallel_map(greet, in, N, ON_RANKS, .extras = &bad));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_str_eq(parallel_error(), "extras_size is 0: extras are sent to ranks");
    ck_assert_ptr_null(parallel_map(square, in, N, ON_RANKS, .isolation = PARALLEL_SNAPSHOT));
    ck_assert_int_eq(errno, ENOTSUP);
    parallel_future future = PARALLEL_FUTURE(greet, 1);
    future.extras = &bad;
    ck_assert_ptr_null(parallel_par(&future, 1, ON_RANKS));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_str_eq(parallel_error(), "a future has extras of its own, which have no size to be sent to ranks");
    ck_assert_int_eq(parallel_for(N, NULL, NULL, ON_RANKS), -1);
    ck_assert_int_eq(errno, ENOTSUP);
    ck_assert_ptr_nonnull(strstr(parallel_error(), "ranks"));
    ck_assert_ptr_null(parallel_stream_open(square, ON_RANKS));
    ck_assert_int_eq(errno, ENOTSUP);
    ck_assert_ptr_nonnull(strstr(parallel_error(), "ranks"));
    pretend_end();
    ck_assert_ptr_null(parallel_map(square, in, N, ON_RANKS));
    ck_assert_int_eq(errno, ENOTSUP);
}
END_TEST

static int twice(int x)
{
    return 2 * x;
}
PARALLEL_DECORATE(twice, int, int);

START_TEST(functions_of_several_kinds)
{
    begin_ranks(RANKS, NULL);
    parallel_future futures[] = {PARALLEL_FUTURE(square, 7, .name = "a"), PARALLEL_FUTURE(greet, 8, .name = "b"),
                                 PARALLEL_FUTURE(twice, 9), PARALLEL_FUTURE(square, 5)};
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 4, ON_RANKS);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(*(const int *)parallel_get(r, "a"), 49);
    ck_assert_str_eq(((const line *)parallel_get(r, "b"))->text, "hello 8");
    ck_assert_int_eq(*(const int *)parallel_result(r, 2), 18);
    ck_assert_int_eq(*(const int *)parallel_result(r, 3), 25);
    pretend_end();
}
END_TEST

static bool is_even(int x)
{
    return x % 2 == 0;
}
PARALLEL_DECORATE(is_even, int, bool);

static int evenness(int x)
{
    return x % 2 == 0;
}
PARALLEL_DECORATE(evenness, int, int);

START_TEST(collections_call_functions_there)
{
    long sum = 0, expected = 0;
    begin_ranks(RANKS, NULL);
    for (int i = 0; i < N; i++)
        expected += in[i] % 2 == 0;
    int acc[1] = {0};
    ck_assert_int_eq(parallel_map_reduce(evenness, PARALLEL_PLUS, in, N, acc, ON_RANKS), 0);
    ck_assert_int_eq(acc[0], expected);
    ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, in, N, acc, ON_RANKS), 0);
    PARALLEL_SCOPED parallel_results *even = parallel_filter(is_even, in, N, ON_RANKS);
    ck_assert_ptr_nonnull(even);
    ck_assert_uint_eq(parallel_length(even), (size_t)expected);
    for (size_t i = 0; i < parallel_length(even); i++)
        sum += ((const int *)parallel_values(even))[i];
    ck_assert_int_eq(sum, expected * (expected + 1));
    ck_assert_int_eq(parallel_count(is_even, in, N, ON_RANKS), expected);
    ck_assert_ptr_eq(parallel_find(is_even, in, N, ON_RANKS), &in[1]);
    ck_assert_int_eq(parallel_for(N, NULL, NULL, ON_RANKS), -1);
    ck_assert_int_eq(errno, ENOTSUP);
    pretend_end();
}
END_TEST

/* ---- in the background --------------------------------------------------------------------------------------- */

START_TEST(tasks_come_as_they_end)
{
    enum { FEW = 200 };
    bool seen[FEW] = {false};
    int seven = 7;
    begin_ranks(RANKS, NULL);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(
        greet, in, FEW, ON_RANKS, .as_completed = true, .silent = true, .extras = &seven, .extras_size = sizeof seven);
    ck_assert_ptr_nonnull(ex);
    parallel_item item;
    size_t items = 0;
    for (; parallel_executor_next(ex, &item, -1) == 1; items++) {
        ck_assert(!seen[item.index]);
        seen[item.index] = true;
        ck_assert_int_eq(item.failure != NULL, in[item.index] % 7 == 0);
    }
    ck_assert_uint_eq(items, FEW);
    pretend_end();
}
END_TEST

static int wait_for_ever(const int *i, int *result, void *extras)
{
    (void)extras;
    *result = *i;
    if (*i <= 8)
        return 0;
    return parallel_sleep(1e6) ? errno : 0;
}
PARALLEL_DECORATE_TASK(wait_for_ever, int, int);

START_TEST(a_call_is_cancelled)
{
    begin_ranks(RANKS, NULL);
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_map(wait_for_ever, in, N, ON_RANKS, .silent = true, .max_workers = _i);
    ck_assert_int_eq(parallel_executor_wait(ex, 0.05), -1);
    parallel_cancel(ex);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_ptr_nonnull(r);
    size_t not_run = 0, cancelled = 0;
    for (size_t i = 0; i < N; i++) {
        parallel_state state = parallel_result_state(r, i);
        not_run += state == PARALLEL_NOT_RUN;
        cancelled += state == PARALLEL_CANCELLED;
        ck_assert(state == PARALLEL_NOT_RUN || state == PARALLEL_CANCELLED || in[i] <= 8);
    }
    ck_assert_uint_ge(not_run, N - 100);
    pretend_end();
}
END_TEST

/* ---- time and attempts --------------------------------------------------------------------------------------- */

START_TEST(tasks_are_late)
{
    begin_ranks(RANKS, NULL);
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(wait_for_ever, in, 12, ON_RANKS, .silent = true, .timeout = 0.25, .max_workers = _i);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), 4);
    for (size_t i = 8; i < 12; i++)
        ck_assert_int_eq(parallel_result_state(r, i), PARALLEL_TIMED_OUT);
    PARALLEL_SCOPED parallel_results *all =
        parallel_map(wait_for_ever, in, N, ON_RANKS, .silent = true, .call_timeout = 0.1, .max_workers = _i);
    ck_assert_ptr_nonnull(all);
    ck_assert_uint_ge(parallel_failures(all), N - 8); /* more, where it takes long to begin */
    for (size_t k = 0; k < parallel_failures(all); k++) {
        const parallel_failure *f = parallel_failed(all, k);
        ck_assert(f->state == PARALLEL_TIMED_OUT || f->state == PARALLEL_NOT_RUN);
        ck_assert_int_eq(f->state, parallel_result_state(all, f->index));
        ck_assert_int_eq(f->state == PARALLEL_NOT_RUN, f->attempts == 0);
        ck_assert_int_eq(f->code, ETIMEDOUT);
    }
    pretend_end();
}
END_TEST

static _Atomic int tries[N + 1];

static int fail_twice(const int *i, int *result, void *extras)
{
    (void)extras;
    if (atomic_fetch_add(&tries[*i], 1) < 2)
        return *i % 5 ? EAGAIN : parallel_fail_final(EPERM, "never");
    *result = *i + 1;
    return 0;
}
PARALLEL_DECORATE_TASK(fail_twice, int, int);

START_TEST(tasks_are_tried_again)
{
    begin_ranks(RANKS, NULL);
    double delay = _i ? 1e-3 : 0;
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(fail_twice, in, 400, ON_RANKS, .retries = 2, .retry_delay = delay, .silent = true);
    ck_assert_ptr_nonnull(r);
    for (size_t i = 0; i < 400; i++) {
        ck_assert_int_eq(tries[in[i]], in[i] % 5 ? 3 : 1);
        ck_assert_int_eq(parallel_result_state(r, i), in[i] % 5 ? PARALLEL_OK : PARALLEL_ERROR);
        ck_assert_int_eq(((const int *)parallel_values(r))[i], in[i] % 5 ? in[i] + 1 : 0);
    }
    ck_assert_uint_eq(parallel_failed(r, 0)->attempts, 1);
    ck_assert_str_eq(parallel_failed(r, 0)->message, "never");
    pretend_end();
}
END_TEST

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert_uint_ge(done, last_done);
    last_done = done;
    last_total = total;
}

START_TEST(progress_is_told)
{
    begin_ranks(RANKS, NULL);
    ck_assert_int_eq(parallel_map_into(square, in, N, (int[N]){0}, ON_RANKS, .progress = note_progress), 0);
    ck_assert_uint_eq(last_done, N);
    ck_assert_uint_eq(last_total, N);
    pretend_end();
}
END_TEST

/* ---- where it runs ------------------------------------------------------------------------------------------- */

static int sum_below(int n)
{
    int values[20], sum = 0;
    for (int i = 0; i < 20; i++)
        values[i] = i < n % 20 ? i : 0;
    PARALLEL_SCOPED parallel_results *r = parallel_map(twice, values, 20, ON_RANKS);
    for (int i = 0; r && i < 20; i++)
        sum += ((const int *)parallel_values(r))[i];
    return r ? sum : -1;
}
PARALLEL_DECORATE(sum_below, int, int);

START_TEST(calls_of_tasks_stay)
{
    begin_ranks(RANKS, NULL);
    PARALLEL_SCOPED parallel_results *r = parallel_map(sum_below, in, 100, ON_RANKS);
    ck_assert_ptr_nonnull(r);
    for (int i = 0; i < 100; i++) {
        int n = in[i] % 20;
        ck_assert_int_eq(((const int *)parallel_values(r))[i], n * (n - 1));
    }
    pretend_end();
}
END_TEST

START_TEST(several_calls_at_once)
{
    enum { CALLS = 6 };
    parallel_executor *ex[CALLS];
    begin_ranks(RANKS, NULL);
    for (int k = 0; k < CALLS; k++)
        ex[k] = parallel_async_map(square, in, N, ON_RANKS);
    for (int k = 0; k < CALLS; k++) {
        parallel_results *r = parallel_executor_results(ex[k]);
        ck_assert_ptr_nonnull(r);
        for (int i = 0; i < N; i++)
            ck_assert_int_eq(((const int *)parallel_values(r))[i], in[i] * in[i]);
        parallel_executor_free(ex[k]);
    }
    pretend_end();
}
END_TEST

/* ---- ranks that die ------------------------------------------------------------------------------------------ */

/* Some work, so that all ranks have a part in it. */
static int think(int x)
{
    struct timespec now, begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000000L + now.tv_nsec - begin.tv_nsec < 20000);
    return x * x;
}
PARALLEL_DECORATE(think, int, int);

enum { THOUGHTS = 400 };

START_TEST(tasks_of_a_dead_rank_crash)
{
    begin_ranks(RANKS, (pretend_rank[RANKS]){{0}, {.dies_at = (unsigned)_i}, {0}});
    PARALLEL_SCOPED parallel_results *r = parallel_map(think, in, THOUGHTS, ON_RANKS, .silent = true);
    ck_assert_ptr_nonnull(r);
    for (size_t i = 0, k = 0; i < THOUGHTS; i++) {
        parallel_state state = parallel_result_state(r, i);
        if (state == PARALLEL_OK) {
            ck_assert_int_eq(((const int *)parallel_values(r))[i], in[i] * in[i]);
            continue;
        }
        const parallel_failure *f = parallel_failed(r, k++);
        ck_assert_uint_eq(f->index, i);
        ck_assert_int_eq(f->state, PARALLEL_CRASHED);
        ck_assert_int_eq(f->code, EOWNERDEAD);
        ck_assert_uint_eq(f->attempts, 1);
        ck_assert_str_eq(f->message, "rank 1 has died");
    }
    /* and it goes on without it */
    PARALLEL_SCOPED parallel_results *next = parallel_map(square, in, N, ON_RANKS, .silent = true);
    ck_assert_ptr_nonnull(next);
    pretend_end();
}
END_TEST

START_TEST(tasks_of_a_dead_rank_are_tried_again)
{
    begin_ranks(RANKS, (pretend_rank[RANKS]){{0}, {.dies_at = (unsigned)_i}, {.dies_at = (unsigned)_i + 3}});
    PARALLEL_SCOPED parallel_results *r = parallel_map(think, in, THOUGHTS, ON_RANKS, .retries = 2);
    ck_assert_ptr_nonnull(r);
    for (size_t i = 0; i < THOUGHTS; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], in[i] * in[i]);
    pretend_end();
}
END_TEST

START_TEST(slow_ranks_are_waited_for)
{
    begin_ranks(RANKS, (pretend_rank[RANKS]){{0}, {.slow_us = 3000}, {.slow_us = 20000}});
    PARALLEL_SCOPED parallel_results *r = parallel_map(think, in, THOUGHTS, ON_RANKS);
    ck_assert_ptr_nonnull(r);
    for (size_t i = 0; i < THOUGHTS; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], in[i] * in[i]);
    pretend_end();
}
END_TEST

START_TEST(home_closes_under_a_call)
{
    begin_ranks(RANKS, NULL);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(think, in, N, ON_RANKS, .retries = 1);
    ck_assert_int_eq(parallel_executor_wait(ex, 0.01), -1);
    pretend_end();
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_ptr_nonnull(r);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], in[i] * in[i]);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, results_are_in_order, 1, 5);
    tcase_add_loop_test(c, all_failures_are_told, 1, 4);
    tcase_add_loop_test(c, a_failure_ends_the_call, 1, 4);
    tcase_add_test(c, what_cannot_be_sent_is_refused);
    tcase_add_test(c, functions_of_several_kinds);
    tcase_add_test(c, collections_call_functions_there);
    tcase_add_test(c, tasks_come_as_they_end);
    tcase_add_loop_test(c, a_call_is_cancelled, 0, 3);
    tcase_add_loop_test(c, tasks_are_late, 0, 3);
    tcase_add_loop_test(c, tasks_are_tried_again, 0, 2);
    tcase_add_test(c, progress_is_told);
    tcase_add_test(c, calls_of_tasks_stay);
    tcase_add_test(c, several_calls_at_once);
    tcase_add_loop_test(c, tasks_of_a_dead_rank_crash, 1, 16);
    tcase_add_loop_test(c, tasks_of_a_dead_rank_are_tried_again, 1, 16);
    tcase_add_test(c, slow_ranks_are_waited_for);
    tcase_add_test(c, home_closes_under_a_call);
    return pl_run("mpi/ranks", c);
}
