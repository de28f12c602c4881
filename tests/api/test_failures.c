/* SPDX-License-Identifier: MIT */
/* What a caller learns of a task that failed, and what becomes of the others. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "support/test.h"

enum { N = 1000 };

static atomic_int runs[N], failed_runs[N];

/* What a task is to do. */
struct job {
    int index;
    int code;         /* to return */
    const char *text; /* to say, if any */
    int nap;          /* microseconds */
};

static struct job jobs[N];

static int perform(const struct job *job, long *result, void *extras)
{
    (void)extras;
    atomic_fetch_add_explicit(&runs[job->index], 1, memory_order_relaxed);
    *result = job->index;
    if (job->nap)
        pl_test_sleep(job->nap);
    if (job->code)
        atomic_fetch_add_explicit(&failed_runs[job->index], 1, memory_order_relaxed);
    return job->text ? parallel_fail(job->code, "%s", job->text) : job->code;
}
PARALLEL_DECORATE_TASK(perform, struct job, long);

/* All jobs succeed, and none has run. */
static void set_up(void)
{
    for (int i = 0; i < N; i++) {
        jobs[i] = (struct job){.index = i};
        atomic_store_explicit(&runs[i], 0, memory_order_relaxed);
        atomic_store_explicit(&failed_runs[i], 0, memory_order_relaxed);
    }
}

static int times(atomic_int *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

START_TEST(the_call_fails_with_the_tasks_code)
{
    pl_workers(pl_worker_counts[_i]);
    set_up();
    jobs[437].code = EDOM;
    jobs[437].text = "sorry";
    for (int round = 0; round < 10; round++) {
        errno = 0;
        ck_assert_ptr_null(parallel_map(perform, jobs, N));
        ck_assert_int_eq(errno, EDOM);
        const parallel_failure *f = parallel_last_failure();
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(f->index, 437);
        ck_assert_ptr_null(f->name);
        ck_assert_int_eq(f->state, PARALLEL_ERROR);
        ck_assert_int_eq(f->code, EDOM);
        ck_assert_int_eq(f->signal, 0);
        ck_assert_uint_eq(f->attempts, 1);
        ck_assert_str_eq(f->message, "sorry");
        ck_assert_ptr_eq(f->arg, &jobs[437]);
    }
}
END_TEST

START_TEST(a_named_task_is_named)
{
    pl_workers(pl_worker_counts[_i]);
    set_up();
    const char *names[] = {"zero", "one", "two"};
    jobs[1].code = 9;
    ck_assert_ptr_null(parallel_map(perform, jobs, 3, .names = names));
    ck_assert_str_eq(parallel_last_failure()->name, "one");
    ck_assert_str_eq(parallel_last_failure()->message, strerror(9));
}
END_TEST

/* Of those that ran and failed, the one with the lowest index is reported. */
START_TEST(the_lowest_that_ran_is_reported)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 50; round++) {
        unsigned long long seed = (unsigned long long)round + 1;
        set_up();
        for (int i = 0; i < N; i++) {
            jobs[i].code = pl_random(&seed) % 10 ? 0 : i + 1;
            jobs[i].nap = round % 2 && i % 8 == 0 ? 100 : 0;
        }
        ck_assert_ptr_null(parallel_map(perform, jobs, N));
        size_t lowest = 0;
        while (times(&failed_runs[lowest]) == 0)
            lowest++;
        ck_assert_msg(parallel_last_failure()->index == lowest, "round %d: %zu, not %zu", round,
                      parallel_last_failure()->index, lowest);
        ck_assert_int_eq(errno, jobs[lowest].code);
        ck_assert_int_eq(parallel_last_failure()->code, errno);
        for (int i = 0; i < N; i++)
            ck_assert_int_le(times(&runs[i]), 1);
    }
}
END_TEST

START_TEST(nothing_starts_after_a_failure)
{
    pl_workers(pl_worker_counts[_i]);
    for (int serial = 0; serial < 2; serial++) {
        set_up();
        jobs[123].code = jobs[124].code = jobs[800].code = 7;
        parallel_options o = {.max_workers = 1, .executor = serial ? PARALLEL_SERIAL : PARALLEL_THREAD};
        ck_assert_ptr_null(parallel_map_function(&perform__parallel, jobs, N, &o));
        ck_assert_uint_eq(parallel_last_failure()->index, 123);
        size_t wrong = 0;
        for (int i = 0; i < N; i++)
            wrong += times(&runs[i]) != (i <= 123);
        ck_assert_uint_eq(wrong, 0);
    }
}
END_TEST

/* With several workers some more may run, but not all that are slow and far away. */
START_TEST(a_failure_stops_the_others)
{
    pl_workers(pl_worker_counts[_i]);
    set_up();
    for (int i = 0; i < N; i++)
        jobs[i].nap = 1000;
    jobs[0].code = 5;
    ck_assert_ptr_null(parallel_map(perform, jobs, N));
    int total = 0;
    for (int i = 0; i < N; i++)
        total += times(&runs[i]);
    ck_assert_int_lt(total, N / 2);
}
END_TEST

START_TEST(into_reports_and_leaves_the_rest_alone)
{
    pl_workers(pl_worker_counts[_i]);
    static long out[N];
    set_up();
    memset(out, 0x11, sizeof out);
    long untouched = out[0];
    jobs[20].code = ENOENT;
    errno = 0;
    ck_assert_int_eq(parallel_map_into(perform, jobs, N, out, .max_workers = 1), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_uint_eq(parallel_last_failure()->index, 20);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(out[i], i < 20 ? i : i == 20 ? 0 : untouched);

    set_up();
    jobs[700].code = 8;
    jobs[40].code = 4;
    errno = 0;
    ck_assert_int_eq(parallel_map_into(perform, jobs, N, out, .silent = true), -1);
    ck_assert_int_eq(errno, 4);
    ck_assert_uint_eq(parallel_last_failure()->index, 40);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(times(&runs[i]), 1);
        ck_assert_int_eq(out[i], jobs[i].code ? 0 : i);
    }
    set_up();
    ck_assert_int_eq(parallel_map_into(perform, jobs, N, out, .silent = true), 0);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

START_TEST(messages_of_any_length)
{
    pl_workers(pl_worker_counts[_i]);
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG + 1);
    for (int i = 0; i < LONG; i++)
        text[i] = (char)('a' + i % 26);
    text[LONG] = 0;
    set_up();
    jobs[3].code = 6;
    jobs[3].text = text;
    for (int round = 0; round < 3; round++) {
        ck_assert_ptr_null(parallel_map(perform, jobs, 10));
        ck_assert(strcmp(parallel_last_failure()->message, text) == 0);
    }
    PARALLEL_SCOPED parallel_results *r = parallel_map(perform, jobs, 10, .silent = true);
    ck_assert(strcmp(parallel_failed(r, 0)->message, text) == 0);
    jobs[3].text = "";
    ck_assert_ptr_null(parallel_map(perform, jobs, 10));
    ck_assert_str_eq(parallel_last_failure()->message, "");
    free(text);
}
END_TEST

START_TEST(codes_of_any_kind)
{
    pl_workers(pl_worker_counts[_i]);
    static const int codes[] = {1, EAGAIN, -1, -5, 1001, 123456, 0x7fffffff, -0x7fffffff - 1};
    for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
        set_up();
        jobs[N - 1].code = codes[k];
        ck_assert_ptr_null(parallel_map(perform, jobs, N));
        ck_assert_int_eq(errno, codes[k]);
        ck_assert_int_eq(parallel_last_failure()->code, codes[k]);
        const char *message = parallel_last_failure()->message;
        char number[16];
        snprintf(number, sizeof number, "%d", codes[k]);
        if (k < 2)
            ck_assert_str_eq(message, strerror(codes[k]));
        else /* the system has no text for it; the number is the least that helps */
            ck_assert_ptr_nonnull(strstr(message, number));
    }
}
END_TEST

/* ---- messages belong to tasks ---------------------------------------------------------------------------- */

/* 0: says something, and succeeds after all. 1: fails without a word. 2: changes its mind about the words. */
static int talk(const int *what, void *result, void *extras)
{
    (void)result, (void)extras;
    if (*what == 0)
        return parallel_fail(3, "never mind"), 0;
    if (*what == 2)
        parallel_fail(3, "first thought");
    return *what == 2 ? parallel_fail(ERANGE, "second %s, %d", "thought", 2) : ERANGE;
}
PARALLEL_DECORATE_TASK(talk, int, void);

START_TEST(a_message_does_not_leak)
{
    pl_workers(pl_worker_counts[_i]);
    int what[] = {0, 0, 1};
    ck_assert_ptr_null(parallel_map(talk, what, 3, .max_workers = 1));
    ck_assert_uint_eq(parallel_last_failure()->index, 2);
    ck_assert_str_eq(parallel_last_failure()->message, strerror(ERANGE));
    int many[N];
    for (int i = 0; i < N; i++)
        many[i] = i % 3;
    PARALLEL_SCOPED parallel_results *r = parallel_map(talk, many, N, .silent = true);
    ck_assert_uint_eq(parallel_failures(r), N - N / 3 - 1);
    for (size_t k = 0; k < parallel_failures(r); k++) {
        const parallel_failure *f = parallel_failed(r, k);
        ck_assert_str_eq(f->message, f->index % 3 == 1 ? strerror(ERANGE) : "second thought, 2");
    }
}
END_TEST

static int plain(int x)
{
    return parallel_fail(x, "not a task that can fail");
}
PARALLEL_DECORATE(plain, int, int);

/* Fails with a message, after nested calls that fail, succeed and speak. */
static int outer(const int *arg, void *result, void *extras)
{
    (void)result, (void)extras;
    parallel_fail(5, "outer %d", *arg);
    int in[8] = {0, 1, 2, 0, 1, 2, 0, 2}, out[8];
    if (parallel_map(talk, in, 8) || !parallel_last_failure())
        return parallel_fail(99, "the nested call should have failed");
    if (parallel_map_into(plain, in, 8, out) != 0 || out[2] != 2 || parallel_last_failure())
        return parallel_fail(98, "the nested call should have succeeded");
    parallel_results_free(parallel_map(talk, in, 8, .silent = true));
    return *arg % 2 ? 5 : 0;
}
PARALLEL_DECORATE_TASK(outer, int, void);

START_TEST(nested_calls_do_not_disturb_the_message)
{
    pl_workers(pl_worker_counts[_i]);
    int in[60];
    for (int i = 0; i < 60; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(outer, in, 60, .silent = true);
    ck_assert_uint_eq(parallel_failures(r), 30);
    for (size_t k = 0; k < 30; k++) {
        char expected[32];
        snprintf(expected, sizeof expected, "outer %zu", k * 2 + 1);
        ck_assert_str_eq(parallel_failed(r, k)->message, expected);
        ck_assert_int_eq(parallel_failed(r, k)->code, 5);
    }
}
END_TEST

START_TEST(fail_outside_of_tasks)
{
    pl_workers(2);
    ck_assert_int_eq(parallel_fail(17, "no %s", "task"), 17);
    ck_assert_ptr_null(parallel_last_failure());
    int in[] = {4, 5}, out[2];
    ck_assert_int_eq(parallel_map_into(plain, in, 2, out), 0);
    ck_assert(out[0] == 4 && out[1] == 5);
    ck_assert_int_eq(plain(6), 6);
    int what = 1;
    ck_assert_ptr_null(parallel_map(talk, &what, 1));
    ck_assert_str_eq(parallel_last_failure()->message, strerror(ERANGE));
}
END_TEST

/* ---- the last failure ------------------------------------------------------------------------------------ */

static void fail_once(void)
{
    set_up();
    jobs[5].code = 55;
    jobs[5].text = "fifty-five";
    ck_assert_ptr_null(parallel_map(perform, jobs, 10));
    ck_assert_ptr_nonnull(parallel_last_failure());
    ck_assert_int_eq(parallel_last_failure()->code, 55);
    jobs[5].code = 0;
}

static void nothing(size_t begin, size_t end, void *ctx)
{
    (void)begin, (void)end, (void)ctx;
}

START_TEST(the_last_failure_goes_with_the_next_call)
{
    pl_workers(pl_worker_counts[_i]);
    long out[10];
    ck_assert_ptr_null(parallel_last_failure());
    fail_once();
    parallel_results_free(parallel_map(perform, jobs, 10));
    ck_assert_ptr_null(parallel_last_failure());
    fail_once();
    ck_assert_int_eq(parallel_map_into(perform, jobs, 10, out), 0);
    ck_assert_ptr_null(parallel_last_failure());
    fail_once();
    ck_assert_int_eq(parallel_for(10, nothing, NULL), 0);
    ck_assert_ptr_null(parallel_last_failure());
    fail_once();
    parallel_results_free(parallel_map(perform, jobs, 0));
    ck_assert_ptr_null(parallel_last_failure());
    fail_once();
    ck_assert_ptr_null(parallel_map(perform, (struct job *)NULL, 10));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(parallel_last_failure());
    fail_once();
    ck_assert_int_eq(parallel_for(10, NULL, NULL), -1);
    ck_assert_ptr_null(parallel_last_failure());
    fail_once();
    ck_assert_ptr_null(parallel_map(perform, jobs, 10, .max_workers = -1));
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

START_TEST(silent_calls_do_not_fail)
{
    pl_workers(pl_worker_counts[_i]);
    fail_once();
    for (int i = 0; i < N; i++)
        jobs[i].code = i + 1;
    PARALLEL_SCOPED parallel_results *r = parallel_map(perform, jobs, N, .silent = true);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), N);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

/* The tasks swallow the failures of their nested calls, on the caller's thread too. */
static int swallow(const int *arg, void *result, void *extras)
{
    (void)result, (void)extras;
    int in[] = {1, 1, 1};
    parallel_results_free(parallel_map(talk, in, 3));
    return *arg;
}
PARALLEL_DECORATE_TASK(swallow, int, void);

static void swallow_range(size_t begin, size_t end, void *ctx)
{
    for (; begin < end; begin++)
        swallow(&(int){0}, NULL, ctx);
}

START_TEST(swallowed_failures_are_not_the_callers)
{
    pl_workers(pl_worker_counts[_i]);
    int zero[20] = {0}, one[20] = {0};
    one[13] = 13;
    for (int round = 0; round < 5; round++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(swallow, zero, 20);
        ck_assert_ptr_nonnull(r);
        ck_assert_ptr_null(parallel_last_failure());
        ck_assert_int_eq(parallel_map_into(swallow, zero, 20, (void *)NULL), 0);
        ck_assert_ptr_null(parallel_last_failure());
        ck_assert_int_eq(parallel_for(20, swallow_range, NULL), 0);
        ck_assert_ptr_null(parallel_last_failure());
        ck_assert_ptr_null(parallel_map(swallow, one, 20));
        ck_assert_uint_eq(parallel_last_failure()->index, 13);
        ck_assert_int_eq(errno, 13);
        PARALLEL_SCOPED parallel_results *s = parallel_map(swallow, one, 20, .silent = true);
        ck_assert_uint_eq(parallel_failures(s), 1);
        ck_assert_ptr_null(parallel_last_failure());
    }
}
END_TEST

static void *fail_elsewhere(void *saw_none)
{
    int what[] = {2, 2};
    *(bool *)saw_none = parallel_last_failure() == NULL && parallel_map(talk, what, 2) == NULL &&
                        strcmp(parallel_last_failure()->message, "second thought, 2") == 0;
    return NULL;
}

START_TEST(each_thread_has_its_own)
{
    pl_workers(pl_worker_counts[_i]);
    fail_once();
    pthread_t thread;
    bool saw_none = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, &saw_none), 0);
    pthread_join(thread, NULL);
    ck_assert(saw_none);
    ck_assert_int_eq(parallel_last_failure()->code, 55);
    ck_assert_str_eq(parallel_last_failure()->message, "fifty-five");
}
END_TEST

static atomic_int asleep;

/* All but the last sleep, until that fails. */
static int sleep_or_fail(const int *fails, void *result, void *extras)
{
    (void)result, (void)extras;
    while (*fails && times(&asleep) < 2)
        pl_test_sleep(200);
    if (*fails)
        return parallel_fail(EDOM, "by itself");
    atomic_fetch_add_explicit(&asleep, 1, memory_order_relaxed);
    errno = 0;
    return parallel_sleep(1e9) == -1 ? errno : 0;
}
PARALLEL_DECORATE_TASK(sleep_or_fail, int, void);

/* And what gave up since another failed is not reported, though it comes before that. */
START_TEST(a_failure_wakes_those_that_sleep)
{
    pl_workers(pl_worker_counts[_i]);
    int fails[] = {0, 0, 0, 1};
    for (int round = 0; round < 20; round++) {
        atomic_store_explicit(&asleep, 0, memory_order_relaxed);
        errno = 0;
        double timeout = round % 2 ? 1e6 : 0;
        ck_assert_ptr_null(parallel_map(sleep_or_fail, fails, 4, .max_workers = 12, .timeout = timeout));
        ck_assert_int_eq(errno, EDOM);
        ck_assert_uint_eq(parallel_last_failure()->index, 3);
        ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_ERROR);
        ck_assert_str_eq(parallel_last_failure()->message, "by itself");
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, the_call_fails_with_the_tasks_code, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_named_task_is_named, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_lowest_that_ran_is_reported, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nothing_starts_after_a_failure, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_failure_stops_the_others, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, into_reports_and_leaves_the_rest_alone, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, messages_of_any_length, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, codes_of_any_kind, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_message_does_not_leak, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nested_calls_do_not_disturb_the_message, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, fail_outside_of_tasks);
    tcase_add_loop_test(c, the_last_failure_goes_with_the_next_call, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, silent_calls_do_not_fail, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, swallowed_failures_are_not_the_callers, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, each_thread_has_its_own, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_failure_wakes_those_that_sleep, 0, PL_WORKER_COUNTS);
    return pl_run("api/failures", c);
}
