/* SPDX-License-Identifier: MIT */
/* Timeouts, of tasks and of calls, and what a task can do about them. No test is decided by something taking long. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "support/jobs.h"

/* What a task is to do. */
struct order {
    double sleep; /* seconds, to the end */
    bool patient; /* waits until it is to give up, */
    int code;     /* then returns this, */
    int value;    /* with this value */
    bool says;    /* and a message */
};

static int obey(const struct order *o, int *result, void *extras)
{
    (void)extras;
    count_one(&begun);
    double end = now() + o->sleep;
    while (now() < end)
        pl_test_sleep(500);
    while (o->patient && !parallel_cancelled())
        pl_test_sleep(200);
    *result = o->value;
    count_one(&ended);
    return o->says ? parallel_fail(o->code ? o->code : 5, "value %d", o->value), o->code : o->code;
}
PARALLEL_DECORATE_TASK(obey, struct order, int);
static int quickly(const struct order *o, int *result, void *extras)
{
    return obey(o, result, extras);
}
PARALLEL_DECORATE_TASK(quickly, struct order, int, .timeout = 0.01, .call_timeout = 100);

/* Longer than anything lasts. */
#define LONG 1000.0

static void reset(void)
{
    atomic_store_explicit(&begun, 0, memory_order_relaxed);
    atomic_store_explicit(&ended, 0, memory_order_relaxed);
}

/* ---- a task's ----------------------------------------------------------------------------------------------- */

/* What it said counts if it failed, as ever. */
START_TEST(a_late_success_is_a_timeout)
{
    pl_workers(pl_worker_counts[_i]);
    struct order orders[] = {
        {.sleep = 0.03, .value = 1},
        {.sleep = 0.03, .value = 2, .says = true},
        {.sleep = 0.03, .value = 3, .says = true, .code = 7},
    };
    static const char *const messages[] = {"timed out", "timed out", "value 3"};
    PARALLEL_SCOPED parallel_results *r = parallel_map(obey, orders, 3, .timeout = 0.01, .silent = true);
    ck_assert_uint_eq(parallel_failures(r), 3);
    for (size_t i = 0; i < 3; i++) {
        const parallel_failure *f = parallel_failed(r, i);
        ck_assert_int_eq(parallel_result_state(r, i), PARALLEL_TIMED_OUT);
        ck_assert_ptr_null(parallel_result(r, i));
        ck_assert_int_eq(((const int *)parallel_values(r))[i], 0);
        ck_assert_int_eq(f->code, ETIMEDOUT);
        ck_assert_uint_eq(f->attempts, 1);
        ck_assert_str_eq(f->message, messages[i]);
        ck_assert_ptr_eq(f->arg, &orders[i]);
    }
}
END_TEST

START_TEST(the_call_fails_with_etimedout)
{
    pl_workers(pl_worker_counts[_i]);
    struct order orders[20] = {{0}};
    orders[13] = (struct order){.patient = true, .code = 7};
    errno = 0;
    ck_assert_ptr_null(parallel_map(obey, orders, 20, .timeout = 0.3));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_TIMED_OUT);
    ck_assert_int_eq(parallel_last_failure()->code, ETIMEDOUT);
    ck_assert_str_eq(parallel_last_failure()->message, "timed out");
    int out[20];
    memset(out, 0x11, sizeof out);
    errno = 0;
    ck_assert_int_eq(parallel_map_into(obey, orders, 20, out, .timeout = 0.3, .silent = true), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(out[13], 0);
    ck_assert_int_eq(count_of(&begun), count_of(&ended));
}
END_TEST

/* Enough time for all: nothing changes. */
START_TEST(in_time)
{
    pl_workers(pl_worker_counts[_i]);
    struct order orders[100];
    for (int i = 0; i < 100; i++)
        orders[i] = (struct order){.value = i, .code = i == 50 ? ENOENT : 0};
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(obey, orders, 100, .timeout = LONG, .call_timeout = 1e300, .silent = true);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], i == 50 ? 0 : i);
    ck_assert_uint_eq(parallel_failures(r), 1);
    ck_assert_int_eq(parallel_failed(r, 0)->state, PARALLEL_ERROR);
    errno = 0;
    ck_assert_ptr_null(parallel_map(obey, orders, 100, .timeout = INFINITY));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* Each decorated default, a call's own, and none. */
START_TEST(decorated_and_called_off)
{
    pl_workers(pl_worker_counts[_i]);
    struct order orders[] = {{.sleep = 0.02, .value = 4}};
    int out[1];
    errno = 0;
    ck_assert_ptr_null(parallel_map(quickly, orders, 1));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_map_into(quickly, orders, 1, out, .timeout = LONG), 0);
    ck_assert_int_eq(out[0], 4);
    ck_assert_int_eq(parallel_map_into(quickly, orders, 1, out, .timeout = -1), 0);
    ck_assert_int_eq(parallel_map_into(quickly, orders, 1, out, .timeout = -1, .call_timeout = -1), 0);
    errno = 0;
    ck_assert_int_eq(parallel_map_into(quickly, orders, 1, out, .timeout = -1, .call_timeout = 0.01), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(quickly(orders, out, NULL), 0); /* it stays an ordinary function */
}
END_TEST

/* ---- a call's ----------------------------------------------------------------------------------------------- */

/* One after the other: the first takes all the time. */
START_TEST(a_calls_time_is_over)
{
    pl_workers(pl_worker_counts[_i]);
    struct order orders[50] = {{.patient = true, .value = 1}};
    for (int serial = 0; serial < 2; serial++) {
        reset();
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(obey, orders, 50, .call_timeout = 0.01, .silent = true, .max_workers = 1,
                         .executor = serial ? PARALLEL_SERIAL : PARALLEL_THREAD);
        int ran = count_of(&begun); /* 0 if the machine had better to do until the time was over */
        ck_assert_int_le(ran, 1);
        ck_assert_int_eq(parallel_result_state(r, 0), ran ? PARALLEL_TIMED_OUT : PARALLEL_NOT_RUN);
        for (size_t i = 1; i < 50; i++) {
            ck_assert_int_eq(parallel_result_state(r, i), PARALLEL_NOT_RUN);
            ck_assert_int_eq(parallel_failed(r, i)->code, ETIMEDOUT);
            ck_assert_uint_eq(parallel_failed(r, i)->attempts, 0);
        }
        ck_assert_int_eq((int)parallel_failed(r, 0)->attempts, ran);
    }
    reset();
    errno = 0;
    ck_assert_ptr_null(parallel_map(obey, orders, 50, .call_timeout = 0.01));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_last_failure()->code, ETIMEDOUT);
    ck_assert_uint_eq(parallel_last_failure()->attempts, parallel_last_failure()->state == PARALLEL_TIMED_OUT);
    ck_assert_int_eq(count_of(&begun), count_of(&ended));
}
END_TEST

/* With many workers all states add up. */
START_TEST(states_past_a_calls_time)
{
    pl_workers(pl_worker_counts[_i]);
    struct order orders[40];
    for (int i = 0; i < 40; i++)
        orders[i] = (struct order){.patient = i % 8 == 7, .value = i};
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(obey, orders, 40, .call_timeout = 0.05, .silent = true, .max_workers = 3);
    int states[PARALLEL_NOT_RUN + 1] = {0};
    for (size_t i = 0; i < 40; i++) {
        states[parallel_result_state(r, i)]++;
        if (orders[i].patient)
            ck_assert_int_ne(parallel_result_state(r, i), PARALLEL_OK);
    }
    ck_assert_int_eq(states[PARALLEL_NOT_RUN], 40 - count_of(&begun));
    ck_assert_int_eq(states[PARALLEL_OK] + states[PARALLEL_TIMED_OUT], count_of(&begun));
}
END_TEST

static atomic_int covered;

static void patient_body(size_t begin, size_t end, void *unused)
{
    (void)unused;
    atomic_fetch_add_explicit(&covered, (int)(end - begin), memory_order_relaxed);
    while (begin == 0 && !parallel_cancelled())
        pl_test_sleep(200);
}

START_TEST(loops_have_a_time_too)
{
    pl_workers(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_int_eq(parallel_for(100000, patient_body, NULL, .call_timeout = 0.02, .max_workers = 1), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_uint_eq(parallel_last_failure()->index, 0);
    ck_assert_int_eq(parallel_last_failure()->state, count_of(&covered) ? PARALLEL_TIMED_OUT : PARALLEL_NOT_RUN);
    ck_assert_ptr_null(parallel_last_failure()->arg);
    errno = 0;
    ck_assert_int_eq(parallel_for(100000, patient_body, NULL, .call_timeout = 0.02), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    atomic_store_explicit(&covered, 0, memory_order_relaxed);
    ck_assert_int_eq(parallel_for(0, patient_body, NULL, .call_timeout = 0.02), 0);
    ck_assert_int_eq(count_of(&covered), 0);
    errno = 0;
    ck_assert_int_eq(parallel_for(10, patient_body, NULL, .timeout = 1), -1);
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_for(10, patient_body, NULL, .retries = 1), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* ---- in nested calls ---------------------------------------------------------------------------------------- */

/* Waits until a task further out is to give up. Returns what it was. */
static int below(const int *how, int *result, void *extras)
{
    (void)extras;
    *result = 1;
    errno = 0;
    if (*how % 2)
        return parallel_sleep(LONG) == -1 ? errno : 0;
    while (!parallel_cancelled())
        pl_test_sleep(200);
    return EINTR;
}
PARALLEL_DECORATE_TASK(below, int, int);

static void below_in_loop(size_t begin, size_t end, void *sum)
{
    int result;
    for (; begin < end; begin++)
        if (below(&(int){(int)begin}, &result, NULL))
            count_one(sum);
}

/* Calls in turn: a map, one with care, a silent one, a loop with care, a loop. */
static int above(const int *how, int *result, void *extras)
{
    (void)extras;
    int hows[4] = {0, 1, 2, 3}, out[4] = {0};
    atomic_int sum = 0;
    errno = 0;
    switch (*how) {
    case 0:
        return parallel_map_into(below, hows, 4, out) == 0 ? 0 : errno;
    case 1:
        return parallel_map_into(below, hows, 4, out, .timeout = LONG) == 0 ? 0 : errno;
    case 2:
        return parallel_map_into(below, hows, 4, out, .silent = true) == 0 ? 0 : errno;
    case 3:
        *result = parallel_for(4, below_in_loop, &sum, .call_timeout = LONG) == 0 ? count_of(&sum) : -1;
        return 0;
    default:
        *result = parallel_for(4, below_in_loop, &sum, .max_workers = 2) == 0 ? count_of(&sum) : -1;
        return 0;
    }
}
PARALLEL_DECORATE_TASK(above, int, int);

START_TEST(a_timeout_reaches_nested_calls)
{
    pl_workers(pl_worker_counts[_i]);
    int hows[] = {0, 1, 2, 3};
    PARALLEL_SCOPED parallel_results *r = parallel_map(above, hows, 4, .timeout = 0.02, .silent = true);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(parallel_result_state(r, i), PARALLEL_TIMED_OUT);
    PARALLEL_SCOPED parallel_results *all = parallel_map(above, hows, 4, .call_timeout = 0.02, .silent = true);
    ck_assert_int_ne(parallel_result_state(all, 0), PARALLEL_OK);
    ck_assert_uint_eq(parallel_failures(all), 4);
}
END_TEST

START_TEST(a_timeout_reaches_nested_loops)
{
    pl_workers(pl_worker_counts[_i]);
    int hows[] = {4, 4, 4, 4};
    PARALLEL_SCOPED parallel_results *r = parallel_map(above, hows, 4, .timeout = 0.02, .silent = true);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(parallel_result_state(r, i), PARALLEL_TIMED_OUT);
}
END_TEST

/* ---- sleeping ----------------------------------------------------------------------------------------------- */

/* What sleeping for so long gives. */
static int sleep_for(const double *seconds, int *result, void *extras)
{
    (void)extras;
    errno = 0;
    double before = now();
    int got = parallel_sleep(*seconds);
    *result = got == 0 && now() - before < *seconds ? -2 : got; /* too short */
    return errno;
}
PARALLEL_DECORATE_TASK(sleep_for, double, int);

START_TEST(sleeping_in_tasks)
{
    pl_workers(pl_worker_counts[_i]);
    double seconds[] = {0, -1, 0.002, NAN, 0.001, -INFINITY};
    PARALLEL_SCOPED parallel_results *r = parallel_map(sleep_for, seconds, 6, .silent = true);
    ck_assert_uint_eq(parallel_failures(r), 1);
    ck_assert_int_eq(parallel_failed(r, 0)->code, EINVAL);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], 0);
    static const double longs[] = {LONG, INFINITY, 1e12};
    PARALLEL_SCOPED parallel_results *late = parallel_map(sleep_for, longs, 3, .timeout = 0.01, .silent = true);
    ck_assert_uint_eq(parallel_failures(late), 3);
    ck_assert_int_eq(parallel_failed(late, 2)->state, PARALLEL_TIMED_OUT);
}
END_TEST

static void on_alarm(int signal)
{
    (void)signal;
    count_one(&ended);
}

START_TEST(sleeping_outside_of_tasks)
{
    pl_workers(2);
    ck_assert(!parallel_cancelled());
    errno = 0;
    ck_assert_int_eq(parallel_sleep(NAN), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_sleep(-5), 0);
    struct sigaction action = {.sa_handler = on_alarm};
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    struct itimerval timer = {{0, 2000}, {0, 2000}}, none = {{0, 0}, {0, 0}};
    ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
    double before = now();
    ck_assert_int_eq(parallel_sleep(0.03), 0); /* goes on after signal handlers */
    ck_assert_double_ge(now() - before, 0.03);
    setitimer(ITIMER_REAL, &none, NULL);
    ck_assert_int_gt(count_of(&ended), 0);
}
END_TEST

/* ---- different functions ------------------------------------------------------------------------------------ */

START_TEST(futures_have_their_own)
{
    pl_workers(pl_worker_counts[_i]);
    struct order slow = {.sleep = 0.02, .value = 1}, waits = {.patient = true, .value = 2};
    parallel_future futures[] = {
        PARALLEL_FUTURE(obey, waits, .timeout = 0.01), /* its own */
        PARALLEL_FUTURE(obey, slow),                   /* the call's */
        PARALLEL_FUTURE(quickly, waits),               /* the decoration's, if the call has none */
        PARALLEL_FUTURE(quickly, slow, .timeout = -1), /* none */
    };
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 4, .timeout = 0.01, .silent = true);
    ck_assert_int_eq(parallel_result_state(r, 0), PARALLEL_TIMED_OUT);
    ck_assert_int_eq(parallel_result_state(r, 1), PARALLEL_TIMED_OUT);
    ck_assert_int_eq(parallel_result_state(r, 2), PARALLEL_TIMED_OUT);
    ck_assert_int_eq(*(const int *)parallel_result(r, 3), 1);
    PARALLEL_SCOPED parallel_results *q = parallel_par(futures, 4, .silent = true);
    ck_assert_uint_eq(parallel_failures(q), 2);
    ck_assert_int_eq(*(const int *)parallel_result(q, 1), 1);
    ck_assert_int_eq(parallel_result_state(q, 2), PARALLEL_TIMED_OUT);
    errno = 0;
    ck_assert_ptr_null(parallel_par(futures, 4, .timeout = LONG));
    ck_assert_int_eq(errno, ETIMEDOUT);
    futures[1].timeout = NAN;
    errno = 0;
    ck_assert_ptr_null(parallel_par(futures, 2));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* In the background the time counts from the start, not from the making. */
START_TEST(in_the_background)
{
    pl_workers(pl_worker_counts[_i]);
    struct order orders[] = {{.value = 1}, {.patient = true}};
    PARALLEL_SCOPED parallel_executor *well =
        parallel_async_map(obey, orders, 1, .call_timeout = 5, .deferred = true, .silent = true);
    PARALLEL_SCOPED parallel_executor *late = parallel_async_map(obey, orders, 2, .timeout = 0.3);
    PARALLEL_SCOPED parallel_executor *all = parallel_async_map(obey, orders + 1, 1, .call_timeout = 0.01);
    ck_assert_int_eq(parallel_executor_start(well), 0);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_results(late));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_TIMED_OUT);
    ck_assert_ptr_null(parallel_executor_results(all));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_ptr_nonnull(parallel_executor_results(well));
}
END_TEST

/* ---- among cheap ones ------------------------------------------------------------------------------------------- */

/* A task that is cheap, as a rule. */
enum errand { CHEAP, NAPS, WAITS, SLEEPS, FAILS_LATE };

static int run_errand(int what)
{
    if (what == NAPS)
        pl_test_sleep(20000);
    while (what == WAITS && !parallel_cancelled())
        pl_test_sleep(200);
    if (what == SLEEPS && parallel_sleep(LONG) == 0)
        return -1;
    while (what == FAILS_LATE && !parallel_cancelled())
        pl_test_sleep(200);
    return what + 1;
}
PARALLEL_DECORATE(run_errand, int, int);

static int try_errand(const int *what, int *result, void *extras)
{
    (void)extras;
    *result = run_errand(*what);
    return *what == FAILS_LATE ? parallel_fail(7, "late by itself") : 0;
}
PARALLEL_DECORATE_TASK(try_errand, int, int);

enum { MANY = 5000 };

/* So many calls that tasks are known to be cheap, and run several at a time. */
static void make_cheap(int what[MANY], int out[MANY], size_t n, double timeout)
{
    memset(what, 0, MANY * sizeof *what);
    for (int k = 0; k < 20; k++) {
        ck_assert_int_eq(parallel_map_into(try_errand, what, n, out, .timeout = timeout), 0);
        ck_assert_int_eq(parallel_map_into(run_errand, what, n, out, .timeout = timeout), 0);
        ck_assert_int_eq(parallel_map_into(run_errand, what, n, out, .call_timeout = LONG), 0);
    }
}

/* Exactly task `late` has timed out. */
static void check_one_is_late(const parallel_results *r, const int *what, size_t n, size_t late, const char *says)
{
    ck_assert_uint_eq(parallel_failures(r), 1);
    ck_assert_uint_eq(parallel_failed(r, 0)->index, late);
    ck_assert_int_eq(parallel_failed(r, 0)->state, PARALLEL_TIMED_OUT);
    ck_assert_str_eq(parallel_failed(r, 0)->message, says);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], i == late ? 0 : what[i] + 1);
}

START_TEST(which_of_many_is_late)
{
    pl_workers(pl_worker_counts[_i]);
    static int what[MANY], out[MANY];
    for (int round = 0; round < 12; round++) {
        size_t n = round % 2 ? 8 : MANY, late = round % 3 == 0 ? n / 3 : round % 3 == 1 ? 0 : n - 1;
        int how = round % 4 < 2 ? WAITS : SLEEPS;
        make_cheap(what, out, n, 0.05);
        what[late] = how;
        PARALLEL_SCOPED parallel_results *r = parallel_map(run_errand, what, n, .timeout = 0.05, .silent = true);
        check_one_is_late(r, what, n, late, "timed out");
        make_cheap(what, out, n, 0.05);
        what[late] = how;
        PARALLEL_SCOPED parallel_results *s = parallel_map(try_errand, what, n, .timeout = 0.05, .silent = true);
        check_one_is_late(s, what, n, late, "timed out");
        what[late] = FAILS_LATE;
        PARALLEL_SCOPED parallel_results *t = parallel_map(try_errand, what, n, .timeout = 0.05, .silent = true);
        check_one_is_late(t, what, n, late, "late by itself");
        ck_assert_int_eq(parallel_map_into(run_errand, what, n, out, .timeout = 0.05), -1);
        ck_assert_int_eq(errno, ETIMEDOUT);
        ck_assert_uint_eq(parallel_last_failure()->index, late);
    }
}
END_TEST

static int run_stubborn_errand(int what)
{
    return run_errand(what);
}
PARALLEL_DECORATE(run_stubborn_errand, int, int, .retries = 2);

/* One that cannot fail, but be late, is tried again, whoever says that, and whoever the limit is from. */
START_TEST(late_ones_are_tried_again)
{
    pl_workers(pl_worker_counts[_i]);
    int what[8] = {0}, out[8];
    for (int k = 0; k < 20; k++)
        ck_assert_int_eq(parallel_map_into(run_stubborn_errand, what, 8, out, .timeout = 0.05), 0);
    what[5] = WAITS;
    PARALLEL_SCOPED parallel_results *r = parallel_map(run_stubborn_errand, what, 8, .timeout = 0.05, .silent = true);
    ck_assert_uint_eq(parallel_failures(r), 1);
    ck_assert_uint_eq(parallel_failed(r, 0)->index, 5);
    ck_assert_uint_eq(parallel_failed(r, 0)->attempts, 3);
}
END_TEST

/* A task that takes long, but not too long, is none. */
START_TEST(none_of_many_is_late)
{
    pl_workers(pl_worker_counts[_i]);
    static int what[MANY], out[MANY];
    for (int round = 0; round < 4; round++) {
        size_t n = round % 2 ? 8 : MANY;
        make_cheap(what, out, n, LONG);
        make_cheap(what, out, n, 1);
        what[0] = what[2] = what[n - 1] = NAPS;
        ck_assert_int_eq(parallel_map_into(run_errand, what, n, out, .timeout = LONG), 0);
        ck_assert_int_eq(parallel_map_into(try_errand, what, n, out, .timeout = LONG, .call_timeout = LONG), 0);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(out[i], what[i] + 1);
    }
}
END_TEST

/* Where it is the call that is late, its tasks are late that ran, and others not run. */
START_TEST(a_call_of_many_is_late)
{
    pl_workers(pl_worker_counts[_i]);
    static int what[MANY], out[MANY];
    for (int round = 0; round < 4; round++) {
        size_t n = round % 2 ? 8 : MANY;
        make_cheap(what, out, n, LONG);
        what[3] = WAITS;
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(try_errand, what, n, .call_timeout = 0.3, .silent = true, .max_workers = 1);
        ck_assert_int_eq(parallel_result_state(r, 3), PARALLEL_TIMED_OUT);
        for (size_t i = 0; i < n; i++)
            if (i != 3)
                ck_assert_int_eq(parallel_result_state(r, i), i < 3 ? PARALLEL_OK : PARALLEL_NOT_RUN);
    }
}
END_TEST

/* Tasks that have been cheap are run several at a time: one that is told that time is over is late, whatever others
 * would do after it. */
START_TEST(who_is_told_is_late)
{
    pl_workers(pl_worker_counts[_i]);
    enum { N = 200 };
    static struct order orders[N];
    memset(orders, 0, sizeof orders);
    for (int round = 0; round < 20; round++) {
        PARALLEL_SCOPED parallel_results *cheap = parallel_map(obey, orders, N, .call_timeout = 100);
        ck_assert_ptr_nonnull(cheap);
    }
    for (int i = 0; i < N; i++)
        orders[i].patient = true;
    PARALLEL_SCOPED parallel_results *r = parallel_map(obey, orders, N, .call_timeout = 0.05, .silent = true);
    ck_assert_ptr_nonnull(r);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_ne(parallel_result_state(r, i), PARALLEL_OK);
}
END_TEST

/* Cheap tasks that become dear in the middle of a piece: a call that is cancelled does not run them all, however long
 * the limit is. */
static _Atomic int are_dear, dear_begun;

static int become_dear(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = *x;
    if (atomic_load_explicit(&are_dear, memory_order_relaxed)) {
        atomic_fetch_add_explicit(&dear_begun, 1, memory_order_relaxed);
        pl_test_sleep(50000);
    }
    return 0;
}
PARALLEL_DECORATE_TASK(become_dear, int, int);

START_TEST(a_cancel_ends_a_piece_soon)
{
    enum { N = 5000 };
    static int x[N];
    for (int round = 0; round < 10; round++) {
        PARALLEL_SCOPED parallel_results *cheap = parallel_map(become_dear, x, N, .timeout = 3600);
        ck_assert_ptr_nonnull(cheap);
    }
    atomic_store_explicit(&are_dear, 1, memory_order_relaxed);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(become_dear, x, N, .timeout = 3600, .max_workers = 2);
    while (atomic_load_explicit(&dear_begun, memory_order_relaxed) == 0)
        pl_test_sleep(1000);
    parallel_cancel(ex);
    ck_assert_ptr_null(parallel_executor_results(ex));
    atomic_store_explicit(&are_dear, 0, memory_order_relaxed);
    ck_assert_int_eq(errno, ECANCELED);
    ck_assert_int_lt(atomic_load_explicit(&dear_begun, memory_order_relaxed), N / 20);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_late_success_is_a_timeout, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_call_fails_with_etimedout, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, in_time, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, decorated_and_called_off, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_calls_time_is_over, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, states_past_a_calls_time, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, loops_have_a_time_too, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_timeout_reaches_nested_calls, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_timeout_reaches_nested_loops, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, sleeping_in_tasks, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, sleeping_outside_of_tasks);
    tcase_add_loop_test(c, futures_have_their_own, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, in_the_background, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, which_of_many_is_late, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, late_ones_are_tried_again, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, none_of_many_is_late, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_call_of_many_is_late, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, who_is_told_is_late, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, a_cancel_ends_a_piece_soon);
    return pl_run("api/time", c);
}
