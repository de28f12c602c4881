/* SPDX-License-Identifier: MIT */
/* Calls of a task that is to give up: they begin nothing any more, and say so. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>

#include "support/test.h"

enum { N = 20000 }; /* seconds of work, if nothing ends it */

static int in[N], out[N];
static atomic_int ran;

static int work(int x)
{
    pl_test_sleep(200);
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    return x + 1;
}
PARALLEL_DECORATE(work, int, int);

static int try_work(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = work(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(try_work, int, int);

static int work_on_both(int a, int b)
{
    return work(a) + b;
}
PARALLEL_DECORATE_ZIP(work_on_both, int, int, int);

PARALLEL_LOOP(work_on_each, i, int *, to)
{
    to[i] = work((int)i);
}

static void work_on_range(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        out[i] = work((int)i);
}

static void work_on_tile(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    work_on_range(row * 100 + col, row * 100 + col + (row_end - row) * (col_end - col), ctx);
}

/* ---- the calls ----------------------------------------------------------------------------------------------- */

static int by_for(void)
{
    return parallel_for(N, work_on_range, NULL);
}

static int by_for_with_options(void)
{
    return parallel_for(N, work_on_range, NULL, .max_workers = 2, .grain = 3);
}

static int by_for_in_time(void)
{
    return parallel_for(N, work_on_range, NULL, .call_timeout = 1000);
}

static int by_for_2d(void)
{
    return parallel_for_2d(N / 100, 100, work_on_tile, NULL);
}

static int by_loop(void)
{
    return parallel_loop(work_on_each, 0, N, (out));
}

static int by_zip(void)
{
    return parallel_zip_map_into(work_on_both, in, in, N, out);
}

static int by_map_into(void)
{
    return parallel_map_into(work, in, N, out);
}

static int by_serial_map_into(void)
{
    return parallel_map_into(work, in, N, out, .executor = PARALLEL_SERIAL);
}

static int by_task_map_into(void)
{
    return parallel_map_into(try_work, in, N, out);
}

static int by_tried_map_into(void)
{
    return parallel_map_into(try_work, in, N, out, .timeout = 1000, .retries = 2);
}

static int by_range_into(void)
{
    return parallel_map_range_into(work, 0, N, out);
}

/* Whether a map gives nothing: -1. */
static int drop(parallel_results *r)
{
    int code = errno;
    parallel_results_free(r);
    errno = code;
    return r ? 0 : -1;
}

static int by_map(void)
{
    return drop(parallel_map(work, in, N));
}

static int by_range(void)
{
    return drop(parallel_map_range(work, 0, N));
}

static int by_split(void)
{
    return drop(parallel_split(try_work, in, N, .grain = 1));
}

static int by_map_reduce(void)
{
    int sum = 0;
    return parallel_map_reduce(work, PARALLEL_PLUS, in, N, &sum);
}

/* Keeps what there is, and lists the rest; and what is not there is zero. */
static int by_silent_map(void)
{
    parallel_results *r = parallel_map(work, in, N, .silent = true);
    const parallel_failure *f = parallel_failed(r, 0);
    const int *values = parallel_values(r);
    int code = f && f->state == PARALLEL_NOT_RUN ? f->code : 0;
    for (size_t i = 0; r && i < N; i++)
        if (values[i] != (parallel_result_state(r, i) == PARALLEL_OK))
            code = 0;
    parallel_results_free(r);
    errno = code;
    return code ? -1 : 0;
}

static const struct kind {
    const char *name;
    int (*call)(void);
    bool names_items; /* its failure does */
    bool has_failure;
} kinds[] = {
    {"for", by_for, false, true},
    {"for with options", by_for_with_options, false, true},
    {"for in time", by_for_in_time, false, true},
    {"for_2d", by_for_2d, false, true},
    {"loop", by_loop, false, true},
    {"zip_map_into", by_zip, false, true},
    {"map_into", by_map_into, true, true},
    {"serial map_into", by_serial_map_into, true, true},
    {"map_into of a function that can fail", by_task_map_into, true, true},
    {"map_into with retries", by_tried_map_into, true, true},
    {"map_range_into", by_range_into, false, true},
    {"map", by_map, true, true},
    {"map_range", by_range, false, true},
    {"split", by_split, true, true},
    {"map_reduce", by_map_reduce, true, true},
    {"silent map", by_silent_map, false, false},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- the task that makes one --------------------------------------------------------------------------------- */

static atomic_int code, begun;

/* Which error the call gives; or -1 if it does not fail as it is to. */
static int call_in_task(const int *k, int *result, void *extras)
{
    const struct kind *kind = &kinds[*k];
    (void)extras;
    *result = 0;
    atomic_store_explicit(&begun, 1, memory_order_relaxed);
    int got = kind->call() == -1 ? errno : -1;
    const parallel_failure *f = parallel_last_failure();
    if (kind->has_failure) {
        const void *arg = f && kind->names_items ? &in[f->index] : NULL;
        if (!f || f->code != got || f->index >= N || f->arg != arg ||
            (f->attempts > 0) != (f->state != PARALLEL_NOT_RUN))
            got = -2;
    }
    atomic_store_explicit(&code, got, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(call_in_task, int, int);

static void begin_round(void)
{
    atomic_store_explicit(&ran, 0, memory_order_relaxed);
    atomic_store_explicit(&begun, 0, memory_order_relaxed);
}

static void check_round(int k, int expected)
{
    int got = atomic_load_explicit(&code, memory_order_relaxed);
    ck_assert_msg(got == expected, "%s: %d, not %d", kinds[k].name, got, expected);
    ck_assert_msg(atomic_load_explicit(&ran, memory_order_relaxed) < N, "%s: all ran", kinds[k].name);
}

START_TEST(a_task_is_cancelled)
{
    int k = _i % KINDS;
    pl_workers(1 + _i / KINDS);
    begin_round();
    parallel_executor *ex = parallel_async_map(call_in_task, &k, 1);
    while (atomic_load_explicit(&begun, memory_order_relaxed) == 0)
        pl_test_sleep(100);
    pl_test_sleep(2000);
    parallel_cancel(ex);
    parallel_executor_free(ex);
    check_round(k, ECANCELED);
}
END_TEST

START_TEST(a_task_is_late)
{
    int k = _i % KINDS, result;
    pl_workers(1 + _i / KINDS);
    begin_round();
    ck_assert_int_eq(parallel_map_into(call_in_task, &k, 1, &result, .timeout = 0.01), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    check_round(k, ETIMEDOUT);
}
END_TEST

/* A call in the background is not ended by the task that has begun it. */
static int begin_in_background(const int *x, int *result, void *extras)
{
    (void)x;
    *result = 0;
    *(parallel_executor **)extras = parallel_async_map(work, in, 200);
    while (!parallel_cancelled())
        pl_test_sleep(100);
    return 0;
}
PARALLEL_DECORATE_TASK(begin_in_background, int, int);

START_TEST(what_runs_in_the_background_goes_on)
{
    int x = 0, result;
    parallel_executor *inner = NULL;
    pl_workers(2);
    begin_round();
    ck_assert_int_eq(parallel_map_into(begin_in_background, &x, 1, &result, .timeout = 0.005, .extras = &inner), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_ptr_nonnull(parallel_executor_results(inner));
    ck_assert_int_eq(atomic_load_explicit(&ran, memory_order_relaxed), 200);
    parallel_executor_free(inner);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_task_is_cancelled, 0, 2 * KINDS);
    tcase_add_loop_test(c, a_task_is_late, 0, 2 * KINDS);
    tcase_add_test(c, what_runs_in_the_background_goes_on);
    return pl_run("api/giving_up", c);
}
