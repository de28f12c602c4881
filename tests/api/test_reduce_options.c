/* SPDX-License-Identifier: MIT */
/* Reductions: options of all kinds, what they do in calls that go on from window to window, and what is left behind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"
#include "support/process.h"

enum { N = 100000 }; /* some windows */

static int in[N];
static double values[N];

static void fill(void)
{
    for (int i = 0; i < N; i++)
        values[i] = in[i] = i;
}

static int bad = -1;

static int fail_one(const int *x, double *result, void *extras)
{
    (void)extras;
    if (*x == bad)
        return parallel_fail(EIO, "%d is bad", *x);
    *result = *x;
    return 0;
}
PARALLEL_DECORATE_TASK(fail_one, int, double);

static int with_defaults(const int *x, double *result, void *extras)
{
    return fail_one(x, result, extras);
}
PARALLEL_DECORATE_TASK(with_defaults, int, double, .timeout = 100, .retries = 1);

static const parallel_combine *plus(void)
{
    return &parallel_word_combines[PARALLEL_WORD_PLUS_][PARALLEL_F64_];
}

/* ---- progress ------------------------------------------------------------------------------------------------- */

static size_t last_done, last_total, reports;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert(done >= last_done && done <= total);
    last_done = done;
    last_total = total;
    reports++;
}

static void begin_progress(void)
{
    last_done = last_total = reports = 0;
}

START_TEST(progress_of_what_never_ran)
{
    double sum = 3;
    fill();
    begin_progress();
    errno = 0;
    ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, N, &sum, .silent = true, .call_timeout = 1e-9,
                                         .progress = note_progress),
                     -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert(sum == 3);
    ck_assert_uint_eq(last_done, 0);
    ck_assert_uint_eq(last_total, N);
}
END_TEST

START_TEST(progress_ends_with_a_failure)
{
    double sum = 3;
    fill();
    for (bad = 0; bad < N; bad += 32767) {
        begin_progress();
        ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, N, &sum, .progress = note_progress), -1);
        ck_assert_int_eq(errno, EIO);
        ck_assert_uint_eq(parallel_last_failure()->index, (size_t)bad);
        ck_assert(reports > 0 && last_total == N && last_done > 0);
    }
}
END_TEST

/* There are few of them in a window. */
struct large {
    double first;
    char rest[4088];
};

static int take_a_while(const int *x, struct large *result, void *extras)
{
    (void)extras;
    *result = (struct large){.first = *x};
    pl_test_sleep(200);
    return 0;
}
PARALLEL_DECORATE_TASK(take_a_while, int, struct large);

static struct large add_first(struct large a, struct large b)
{
    a.first += b.first;
    return a;
}
PARALLEL_DECORATE_COMBINE(add_first, struct large);

/* No window takes so long that it is reported by itself. */
START_TEST(progress_from_window_to_window)
{
    enum { SOME = 4000 };
    struct large sum = {.first = 0};
    fill();
    begin_progress();
    ck_assert_int_eq(
        parallel_map_reduce(take_a_while, add_first, in, SOME, &sum, .progress = note_progress, .max_workers = 2), 0);
    ck_assert(last_done == SOME && last_total == SOME && sum.first == SOME * (SOME - 1) / 2.0);
    ck_assert_uint_gt(reports, 2);
}
END_TEST

/* ---- no tasks ------------------------------------------------------------------------------------------------- */

START_TEST(of_nothing)
{
    double sum = 3;
    const char *names[] = {"none"};
    begin_progress();
    ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, 0, &sum, .retries = 2, .timeout = 3), 0);
    ck_assert_int_eq(parallel_map_reduce(with_defaults, PARALLEL_PLUS, (int *)NULL, 0, &sum), 0);
    ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, 0, &sum, .extras = in, .names = names), 0);
    ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, 0, &sum, .executor = PARALLEL_PROCESS), 0);
    ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, 0, &sum, .progress = note_progress), 0);
    ck_assert(reports == 1 && last_total == 0 && sum == 3);
    ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, 0, &sum, .max_workers = -1), -1);
}
END_TEST

/* ---- options of another age ----------------------------------------------------------------------------------- */

START_TEST(options_of_a_newer_program)
{
    struct {
        parallel_options o;
        char more[256];
    } newer = {.o = {.size = sizeof newer, .max_workers = 2}};
    double sum = 0;
    fill();
    ck_assert_int_eq(parallel_reduce_function(plus(), values, 5, &sum, &newer.o), 0);
    ck_assert_int_eq(parallel_map_reduce_function(&fail_one__parallel, plus(), in, 5, &sum, &newer.o), 0);
    newer.more[200] = 1;
    errno = 0;
    ck_assert_int_eq(parallel_reduce_function(plus(), values, 5, &sum, &newer.o), -1);
    ck_assert_int_eq(errno, ENOTSUP);
    ck_assert(sum == 20);
}
END_TEST

START_TEST(options_of_an_older_program)
{
    static const parallel_options defaults = {.size = sizeof defaults, .progress = note_progress};
    parallel_options older = {.size = offsetof(parallel_options, executor), .max_workers = 2};
    parallel_function f = fail_one__parallel;
    parallel_combine op = *plus();
    double sum = 0;
    f.options = op.options = &defaults;
    fill();
    begin_progress();
    ck_assert_int_eq(parallel_map_reduce_function(&f, plus(), in, 5, &sum, &older), 0);
    ck_assert_uint_eq(last_done, 5);
    begin_progress();
    ck_assert_int_eq(parallel_reduce_function(&op, values, 5, &sum, &older), 0);
    ck_assert_uint_eq(last_done, 5);
}
END_TEST

/* ---- names ---------------------------------------------------------------------------------------------------- */

static atomic_int ran;

static int count_run(const int *x, double *result, void *extras)
{
    (void)extras;
    *result = *x;
    count_one(&ran);
    return 0;
}
PARALLEL_DECORATE_TASK(count_run, int, double);

START_TEST(names_are_looked_at_first)
{
    static char text[N][12];
    static const char *names[N];
    double sum = 0;
    fill();
    for (int i = 0; i < N; i++)
        snprintf(text[i], sizeof text[i], "%d", i), names[i] = text[i];
    bad = 70000;
    ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, N, &sum, .names = names), -1);
    ck_assert_str_eq(parallel_last_failure()->name, "70000");
    names[80000] = names[3];
    errno = 0;
    ck_assert_int_eq(parallel_map_reduce(count_run, PARALLEL_PLUS, in, N, &sum, .names = names), -1);
    ck_assert_int_eq(errno, EINVAL);
    names[80000] = NULL;
    errno = 0;
    ck_assert_int_eq(parallel_map_reduce(count_run, PARALLEL_PLUS, in, N, &sum, .names = names), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(count_of(&ran), 0);
}
END_TEST

/* ---- time ----------------------------------------------------------------------------------------------------- */

static double nap(int x)
{
    pl_test_sleep(2000);
    return x;
}
PARALLEL_DECORATE(nap, int, double);

START_TEST(a_call_ends_in_time)
{
    double sum = 5;
    fill();
    double began = now();
    errno = 0;
    ck_assert_int_eq(parallel_map_reduce(nap, PARALLEL_PLUS, in, N, &sum, .call_timeout = 0.02), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert(sum == 5);
    ck_assert(now() - began < 0.15); /* a block takes 200 ms */
}
END_TEST

static double add_slowly(double a, double b)
{
    pl_test_sleep(100);
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add_slowly, double);

static void add_item_slowly(double *sum, const double *x)
{
    *sum = add_slowly(*sum, *x);
}

static void add_sum(double *sum, const double *right)
{
    *sum += *right;
}
PARALLEL_DECORATE_FOLD(add_item_slowly, add_sum, double, double);

static atomic_int codes[5];

static int reduce_long(const int *how, int *result, void *extras)
{
    double sum = 5;
    (void)extras;
    *result = 0;
    count_one(&ran);
    int code = *how == 0   ? parallel_reduce(add_slowly, values, N, &sum)
               : *how == 1 ? parallel_reduce(add_slowly, values, N, &sum, .call_timeout = 100)
               : *how == 2 ? parallel_fold(add_item_slowly, values, N, &sum)
                           : parallel_map_reduce(nap, PARALLEL_PLUS, in, N, &sum);
    code = code && sum == 5 ? errno : -1;
    const parallel_failure *f = parallel_last_failure();
    const void *items = *how == 3 ? (const void *)in : values;
    size_t size = *how == 3 ? sizeof *in : sizeof *values;
    if (!f || f->code != code || f->index >= N || f->arg != (const char *)items + f->index * size)
        code = -2;
    atomic_store_explicit(&codes[*how], code, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(reduce_long, int, int);

/* Each takes seconds, if nothing ends it. */
START_TEST(a_task_that_is_cancelled)
{
    fill();
    int how = _i % 4;
    bool late = _i >= 4;
    parallel_executor *ex = parallel_async_map(reduce_long, &how, 1, .timeout = late ? 0.01 : 0);
    while (count_of(&ran) == 0)
        pl_test_sleep(1000);
    if (!late)
        parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&codes[how]), late ? ETIMEDOUT : ECANCELED);
}
END_TEST

/* ---- what calls leave behind ----------------------------------------------------------------------------------- */

static void fail_before(void)
{
    double sum = 0;
    bad = 2;
    ck_assert_int_eq(parallel_map_reduce(fail_one, PARALLEL_PLUS, in, 3, &sum), -1);
    ck_assert_ptr_nonnull(parallel_last_failure());
}

START_TEST(no_failure_of_an_earlier_call)
{
    double sum = 0;
    fill();
    fail_before();
    ck_assert_int_eq(parallel_reduce_function(NULL, values, 3, &sum, NULL), -1);
    ck_assert_ptr_null(parallel_last_failure());
    fail_before();
    ck_assert_int_eq(parallel_map_reduce_function(&fail_one__parallel, NULL, in, 3, &sum, NULL), -1);
    ck_assert_ptr_null(parallel_last_failure());
    fail_before();
    ck_assert_int_eq(parallel_map_reduce(nap, PARALLEL_PLUS, in, 3, &sum, .max_workers = -1), -1);
    ck_assert_ptr_null(parallel_last_failure());
    fail_before();
    ck_assert_int_eq(parallel_fold_function(NULL, in, 3, &sum, NULL), -1);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

/* ---- bits ------------------------------------------------------------------------------------------------------ */

/* Which NaN a sum of several is, is up to the order of operands. */
START_TEST(bits_of_nan)
{
    static float x[300];
    uint32_t state = 12345;
    for (int i = 0; i < 300; i++) {
        state = state * 1664525 + 1013904223;
        uint32_t bits = UINT32_C(0x7fc00000) | (state >> 8 & 0x3fffff) | (state & 0x80000000);
        memcpy(&x[i], &bits, sizeof bits);
    }
    for (size_t n = 1; n <= 300; n++)
        for (int word = PARALLEL_WORD_PLUS_; word <= PARALLEL_WORD_TIMES_; word++) {
            const parallel_combine *op = &parallel_word_combines[word][PARALLEL_F32_];
            parallel_options serial = {.size = sizeof serial, .executor = PARALLEL_SERIAL};
            float a = 0, b = 0;
            ck_assert_int_eq(parallel_reduce_function(op, x, n, &a, &serial), 0);
            for (int round = 0; round < 3; round++, b = 0) {
                ck_assert_int_eq(parallel_reduce_function(op, x, n, &b, NULL), 0);
                ck_assert_msg(memcmp(&a, &b, sizeof a) == 0, "n = %zu, %s", n, op->name);
            }
        }
}
END_TEST

static double same(double x)
{
    return x;
}
PARALLEL_DECORATE(same, double, double);

START_TEST(the_value_is_one_of_the_items)
{
    static const size_t sizes[] = {5, 100, 1000, 5000, N};
    for (int s = 0; s < 5; s++)
        for (int round = 0; round < 5; round++) {
            size_t n = sizes[s];
            double expected = n - 1;
            fill();
            ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, values, n, &expected, .executor = PARALLEL_SERIAL), 0);
            ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, values, n, &values[n - 1]), 0);
            ck_assert(values[n - 1] == expected);
            fill();
            ck_assert_int_eq(parallel_map_reduce(same, PARALLEL_PLUS, values, n, &values[n - 1]), 0);
            ck_assert(values[n - 1] == expected);
        }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 100);
    tcase_add_test(c, progress_of_what_never_ran);
    tcase_add_test(c, progress_ends_with_a_failure);
    tcase_add_test(c, progress_from_window_to_window);
    tcase_add_test(c, of_nothing);
    tcase_add_test(c, options_of_a_newer_program);
    tcase_add_test(c, options_of_an_older_program);
    tcase_add_test(c, names_are_looked_at_first);
    tcase_add_test(c, a_call_ends_in_time);
    tcase_add_loop_test(c, a_task_that_is_cancelled, 0, 8);
    tcase_add_test(c, no_failure_of_an_earlier_call);
    tcase_add_test(c, bits_of_nan);
    tcase_add_test(c, the_value_is_one_of_the_items);
    return pl_run("api/reduce_options", c);
}
