/* SPDX-License-Identifier: MIT */
/* Further attempts: how many, when, and what becomes of the others meanwhile. */
#include <math.h>
#include <string.h>

#include "support/jobs.h"
#include "support/workers.h"

enum { N = 200 };

/* A task that fails so many times before it succeeds. */
struct flaky {
    int index;
    int failures; /* how often */
    bool late;    /* by being late, not by an error */
};

static struct flaky tasks[N];
static atomic_int attempts[N];
static double at[N][8];  /* when each began; of one task, attempts follow each other */
static atomic_int tries; /* attempts in all */

static int try_it(const struct flaky *task, long *result, void *extras)
{
    (void)extras;
    int i = task->index, k = count_of(&attempts[i]);
    count_one(&attempts[i]);
    if (k < 8)
        at[i][k] = now();
    count_one(&tries);
    if (*result != 0 && !extras)
        return EBADMSG; /* an attempt begins with zeroes */
    *result = right_result(i);
    if (k >= task->failures)
        return 0;
    while (task->late && !parallel_cancelled())
        pl_test_sleep(200);
    return task->late ? 0 : parallel_fail(ERANGE, "attempt %d", k + 1);
}
PARALLEL_DECORATE_TASK(try_it, struct flaky, long);
static int try_twice(const struct flaky *task, long *result, void *extras)
{
    return try_it(task, result, extras);
}
PARALLEL_DECORATE_TASK(try_twice, struct flaky, long, .retries = 1, .retry_delay = 0.001);

static void set_up(int (*failures)(int index))
{
    for (int i = 0; i < N; i++) {
        tasks[i] = (struct flaky){.index = i, .failures = failures(i)};
        atomic_store_explicit(&attempts[i], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&tries, 0, memory_order_relaxed);
}

static int none(int index)
{
    (void)index;
    return 0;
}

static int up_to_four(int index)
{
    return index % 5;
}

/* ---- how many ----------------------------------------------------------------------------------------------- */

/* Without a delay, and with one. */
static const double delays[] = {0, 0.0005};

START_TEST(attempts_are_counted)
{
    pl_workers(pl_worker_counts[_i]);
    for (int d = 0; d < 2; d++) {
        set_up(up_to_four);
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(try_it, tasks, N, .retries = 3, .retry_delay = delays[d], .silent = true);
        ck_assert_uint_eq(parallel_failures(r), N / 5);
        for (int i = 0; i < N; i++) {
            int failures = i % 5;
            ck_assert_int_eq(count_of(&attempts[i]), failures < 4 ? failures + 1 : 4);
            ck_assert_int_eq(((const long *)parallel_values(r))[i], failures < 4 ? right_result(i) : 0);
        }
        for (size_t k = 0; k < N / 5; k++) {
            const parallel_failure *f = parallel_failed(r, k);
            ck_assert_uint_eq(f->index, k * 5 + 4);
            ck_assert_int_eq(f->state, PARALLEL_ERROR);
            ck_assert_int_eq(f->code, ERANGE);
            ck_assert_uint_eq(f->attempts, 4);
            ck_assert_str_eq(f->message, "attempt 4");
            ck_assert_ptr_eq(f->arg, &tasks[f->index]);
        }
    }
}
END_TEST

START_TEST(without_silent)
{
    pl_workers(pl_worker_counts[_i]);
    for (int d = 0; d < 2; d++) {
        set_up(up_to_four);
        PARALLEL_SCOPED parallel_results *r = parallel_map(try_it, tasks, N, .retries = 4, .retry_delay = delays[d]);
        ck_assert(all_right(r, N));
        set_up(none);
        tasks[77].failures = 3;
        errno = 0;
        ck_assert_ptr_null(parallel_map(try_it, tasks, N, .retries = 2, .retry_delay = delays[d]));
        ck_assert_int_eq(errno, ERANGE);
        ck_assert_uint_eq(parallel_last_failure()->index, 77);
        ck_assert_uint_eq(parallel_last_failure()->attempts, 3);
        ck_assert_str_eq(parallel_last_failure()->message, "attempt 3");
    }
}
END_TEST

START_TEST(into_the_callers_vector)
{
    pl_workers(pl_worker_counts[_i]);
    static long out[N];
    memset(out, 0, sizeof out);
    set_up(up_to_four);
    ck_assert_int_eq(parallel_map_into(try_it, tasks, N, out, .retries = 4, .retry_delay = 0.0005), 0);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(out[i], right_result(i));
    memset(out, 0, sizeof out);
    set_up(up_to_four);
    errno = 0;
    ck_assert_int_eq(parallel_map_into(try_it, tasks, N, out, .retries = 3, .silent = true), -1);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_uint_eq(parallel_last_failure()->index, 4);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(out[i], i % 5 < 4 ? right_result(i) : 0);
}
END_TEST

/* Fails at first, when its result has taken the place of its argument. */
static int triple(const long *x, long *result, void *extras)
{
    long was = *x;
    int i = (int)(was % 1000);
    (void)extras;
    *result = 3 * was;
    count_one(&attempts[i]);
    return count_of(&attempts[i]) <= i % 3 ? EAGAIN : 0;
}
PARALLEL_DECORATE_TASK(triple, long, long);

START_TEST(into_its_own_arguments)
{
    pl_workers(pl_worker_counts[_i]);
    static long both[N];
    set_up(none);
    for (int i = 0; i < N; i++)
        both[i] = 1000 + i;
    ck_assert_int_eq(parallel_map_into(triple, both, N, both, .retries = 2), 0);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(both[i], 3 * (1000 + i));
        ck_assert_int_eq(count_of(&attempts[i]), 1 + i % 3);
    }
}
END_TEST

static int try_by_hand(const void *arg, void *result, void *extras)
{
    return try_it(arg, result, extras);
}

/* What is wrong with what a future is decorated with is wrong with the call. */
START_TEST(wrong_futures)
{
    parallel_options wrong[] = {{.timeout = NAN}, {.retry_delay = NAN}, {.size = 1}};
    set_up(none);
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        parallel_function f = {.name = "wrong",
                               .arg_size = sizeof(struct flaky),
                               .result_size = sizeof(long),
                               .call = try_by_hand,
                               .size = sizeof(parallel_function),
                               .options = &wrong[k]};
        parallel_future futures[] = {{.function = &try_it__parallel, .arg = &tasks[0]},
                                     {.function = &f, .arg = &tasks[1]}};
        errno = 0;
        ck_assert_ptr_null(parallel_par(futures, 2));
        ck_assert_int_eq(errno, EINVAL);
        ck_assert_ptr_null(parallel_last_failure());
    }
    ck_assert_int_eq(count_of(&tries), 0);
}
END_TEST

START_TEST(decorated_and_called_off)
{
    pl_workers(pl_worker_counts[_i]);
    struct flaky once[] = {{.index = 0, .failures = 1}};
    static const struct {
        int retries;
        double delay;
        int want;
    } calls[] = {
        {0, 0, 2}, {-1, 0, 1}, {5, -1, 2}, {0, -1, 2}, {1, 0.002, 2},
    };
    for (size_t k = 0; k < sizeof calls / sizeof calls[0]; k++) {
        set_up(none);
        parallel_results *r =
            parallel_map(try_twice, once, 1, .retries = calls[k].retries, .retry_delay = calls[k].delay);
        ck_assert_int_eq(r != NULL, calls[k].want == 2);
        ck_assert_int_eq(count_of(&attempts[0]), calls[k].want);
        parallel_results_free(r);
    }
    errno = 0;
    ck_assert_ptr_null(parallel_map(try_twice, once, 1, .retry_delay = NAN));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* ---- after a timeout ---------------------------------------------------------------------------------------- */

START_TEST(tried_again_after_a_timeout)
{
    pl_workers(pl_worker_counts[_i]);
    for (int d = 0; d < 2; d++) {
        set_up(none);
        tasks[3].failures = 2;
        tasks[3].late = true;
        tasks[5].failures = 100;
        tasks[5].late = true;
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(try_it, tasks, 8, .timeout = 0.05, .retries = 4, .retry_delay = delays[d], .silent = true);
        ck_assert_int_ge(count_of(&attempts[3]), 3);
        ck_assert_int_eq(count_of(&attempts[5]), 5);
        ck_assert_int_eq(parallel_result_state(r, 5), PARALLEL_TIMED_OUT);
        const parallel_failure *f = parallel_failed(r, 0);
        for (size_t k = 0; f->index != 5; k++)
            f = parallel_failed(r, k);
        ck_assert_uint_eq(f->attempts, 5);
        ck_assert_int_eq(f->code, ETIMEDOUT);
    }
}
END_TEST

/* What would come too late for the call is not tried again. */
START_TEST(not_past_the_calls_time)
{
    pl_workers(pl_worker_counts[_i]);
    set_up(none);
    tasks[0].failures = 100;
    errno = 0;
    ck_assert_ptr_null(parallel_map(try_it, tasks, 1, .retries = 5, .retry_delay = 1e6, .call_timeout = 1e5));
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_uint_eq(parallel_last_failure()->attempts, 1);
    ck_assert_int_eq(count_of(&attempts[0]), 1);
}
END_TEST

/* ---- when --------------------------------------------------------------------------------------------------- */

START_TEST(delays_grow)
{
    pl_workers(pl_worker_counts[_i]);
    set_up(none);
    for (int i = 0; i < 6; i++)
        tasks[i].failures = 4;
    PARALLEL_SCOPED parallel_results *r = parallel_map(try_it, tasks, 6, .retries = 4, .retry_delay = 0.008);
    ck_assert(all_right(r, 6));
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 4; k++)
            ck_assert_double_ge(at[i][k + 1] - at[i][k], 0.004 * (1 << k));
}
END_TEST

/* On one worker, too: one that waits, practically for ever, keeps nobody else from running. */
START_TEST(who_waits_occupies_no_worker)
{
    pl_workers(pl_worker_counts[_i]);
    set_up(none);
    for (int i = 0; i < N; i += 10)
        tasks[i].failures = 1;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(try_it, tasks, N, .retries = 1, .retry_delay = 1e6,
                                                               .max_workers = 1 + _i % 2, .silent = true);
    while (count_of(&tries) < N)
        pl_test_sleep(200);
    ck_assert(!parallel_executor_done(ex));
    parallel_cancel(ex);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_uint_eq(parallel_failures(r), N / 10);
    for (size_t k = 0; k < N / 10; k++) {
        ck_assert_uint_eq(parallel_failed(r, k)->index, k * 10);
        ck_assert_int_eq(parallel_failed(r, k)->state, PARALLEL_ERROR);
        ck_assert_uint_eq(parallel_failed(r, k)->attempts, 1);
    }
    ck_assert_int_eq(count_of(&tries), N);
}
END_TEST

/* Many that wait at once, for one worker or more. */
START_TEST(all_fail_at_first)
{
    pl_workers(pl_worker_counts[_i]);
    set_up(none);
    for (int i = 0; i < N; i++)
        tasks[i].failures = 1 + i % 2;
    PARALLEL_SCOPED parallel_results *r = parallel_map(try_it, tasks, N, .retries = 2, .retry_delay = 0.01);
    ck_assert(all_right(r, N));
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(count_of(&attempts[i]), 2 + i % 2);
}
END_TEST

/* A failure for good ends the call, though others wait for their next attempt. */
START_TEST(a_failure_does_not_wait_for_those_that_wait)
{
    pl_workers(pl_worker_counts[_i]);
    set_up(none);
    tasks[1].failures = 100;
    parallel_future futures[] = {PARALLEL_FUTURE(try_it, tasks[1], .retries = 3, .retry_delay = 1e6),
                                 PARALLEL_FUTURE(work, ((struct job){.index = 2, .code = EDOM}), .name = "x")};
    errno = 0;
    ck_assert_ptr_null(parallel_par(futures, 2, .max_workers = 1));
    ck_assert_int_eq(errno, ERANGE); /* the lowest that ran and failed */
    ck_assert_uint_eq(parallel_last_failure()->attempts, 1);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(try_it, tasks + 1, 1, .retries = 3, .retry_delay = 1e6);
    while (count_of(&attempts[1]) < 2)
        pl_test_sleep(200);
    parallel_cancel(ex);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_results(ex));
    ck_assert_int_eq(errno, ERANGE);
}
END_TEST

/* ---- chunks and futures ------------------------------------------------------------------------------------- */

static atomic_int chunks;

/* Every chunk fails at first: its first task says how often. */
static int try_chunk(const struct flaky *some, size_t n, long *results, void *extras)
{
    (void)extras;
    int k = count_of(&attempts[some->index]);
    count_one(&attempts[some->index]);
    count_one(&chunks);
    for (size_t i = 0; i < n; i++) {
        if (results[i])
            return EBADMSG;
        results[i] = right_result(some[i].index);
    }
    return k < some->failures ? parallel_fail(EIO, "chunk of %zu", n) : 0;
}
PARALLEL_DECORATE_SPLIT(try_chunk, struct flaky, long);

START_TEST(chunks_are_tried_again_as_a_whole)
{
    pl_workers(pl_worker_counts[_i]);
    for (int d = 0; d < 2; d++) {
        set_up(up_to_four);
        atomic_store_explicit(&chunks, 0, memory_order_relaxed);
        PARALLEL_SCOPED parallel_results *r =
            parallel_split(try_chunk, tasks, N, .grain = 8, .retries = 4, .retry_delay = delays[d]);
        ck_assert(all_right(r, N));
        int expected = 0;
        for (int i = 0; i < N; i += 8)
            expected += 1 + i % 5;
        ck_assert_int_eq(count_of(&chunks), expected);
        set_up(none);
        tasks[16].failures = 100;
        PARALLEL_SCOPED parallel_results *some =
            parallel_split(try_chunk, tasks, N, .grain = 8, .retries = 2, .retry_delay = delays[d], .silent = true);
        ck_assert_uint_eq(parallel_failures(some), 8);
        for (size_t k = 0; k < 8; k++) {
            ck_assert_uint_eq(parallel_failed(some, k)->index, 16 + k);
            ck_assert_uint_eq(parallel_failed(some, k)->attempts, 3);
            ck_assert_str_eq(parallel_failed(some, k)->message, "chunk of 8");
        }
    }
}
END_TEST

START_TEST(futures_have_their_own)
{
    pl_workers(pl_worker_counts[_i]);
    set_up(none);
    for (int i = 0; i < 5; i++)
        tasks[i].failures = i == 4 ? 0 : 1 + i % 2;
    parallel_future futures[] = {
        PARALLEL_FUTURE(try_it, tasks[0]),                                     /* the call's: one */
        PARALLEL_FUTURE(try_it, tasks[1], .retries = 2, .retry_delay = 0.001), /* its own */
        PARALLEL_FUTURE(try_twice, tasks[2], .retries = -1),                   /* none */
        PARALLEL_FUTURE(try_twice, tasks[3]), /* the call's goes before the decoration's */
        PARALLEL_FUTURE(try_it, tasks[4], .name = "well"),
    };
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 5, .retries = 1, .silent = true);
    static const int want[] = {2, 3, 1, 2, 1};
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(count_of(&attempts[i]), want[i]);
    ck_assert_uint_eq(parallel_failures(r), 2);
    ck_assert_uint_eq(parallel_failed(r, 0)->index, 2);
    ck_assert_uint_eq(parallel_failed(r, 1)->attempts, 2);
    ck_assert_int_eq(*(const long *)parallel_get(r, "well"), right_result(4));
    set_up(none);
    tasks[2].failures = 1;
    parallel_future decorated[] = {PARALLEL_FUTURE(try_twice, tasks[2])};
    PARALLEL_SCOPED parallel_results *again = parallel_par(decorated, 1);
    ck_assert_ptr_nonnull(again);
    ck_assert_int_eq(count_of(&attempts[2]), 2);
}
END_TEST

/* ---- what is final ------------------------------------------------------------------------------------------ */

/* What a task says, by its index: that this may be tried again, that it may not, or both, one after the other. */
enum { MAY, MAY_NOT, MAY_AFTER_ALL, MAY_NOT_AFTER_ALL, AND_GOES_WELL, WAYS_TO_SAY };
static atomic_int *said; /* how often each has been tried */

static int say_so(int i)
{
    atomic_fetch_add_explicit(&said[i], 1, memory_order_relaxed);
    switch (i % WAYS_TO_SAY) {
    case MAY:
        return parallel_fail(EAGAIN, "may %d", i);
    case MAY_NOT:
        return parallel_fail_final(ENOENT, "final %d", i);
    case MAY_AFTER_ALL:
        parallel_fail_final(ENOENT, "final");
        return parallel_fail(EAGAIN, "may %d", i);
    case MAY_NOT_AFTER_ALL:
        parallel_fail(EAGAIN, "may");
        return parallel_fail_final(ENOENT, "final %d", i);
    default:
        parallel_fail_final(ENOENT, "final");
        return 0;
    }
}

static int say(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    return say_so(*arg);
}
PARALLEL_DECORATE_TASK(say, int, int, .retries = 2);

/* Of chunks, the first task speaks. */
static int say_of_all(const int *args, size_t n, int *results, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++)
        results[i] = args[i];
    return say_so(args[0]);
}
PARALLEL_DECORATE_SPLIT(say_of_all, int, int, .retries = 2);

static void check_said(const parallel_results *r, int n, int chunk)
{
    ck_assert_ptr_nonnull(r);
    size_t k = 0;
    for (int i = 0; i < n; i++) {
        int first = i - i % chunk, way = first % WAYS_TO_SAY;
        bool final = way == MAY_NOT || way == MAY_NOT_AFTER_ALL;
        unsigned times = final || way == AND_GOES_WELL ? 1 : 3;
        if (i == first)
            ck_assert_int_eq(atomic_exchange_explicit(&said[i], 0, memory_order_relaxed), (int)times);
        if (way == AND_GOES_WELL) {
            ck_assert_int_eq(*(const int *)parallel_result(r, (size_t)i), i);
            continue;
        }
        const parallel_failure *f = parallel_failed(r, k++);
        char text[32];
        snprintf(text, sizeof text, final ? "final %d" : "may %d", first);
        ck_assert_uint_eq(f->index, (size_t)i);
        ck_assert_uint_eq(f->attempts, times);
        ck_assert_int_eq(f->code, final ? ENOENT : EAGAIN);
        ck_assert_int_eq(f->state, PARALLEL_ERROR);
        ck_assert_str_eq(f->message, text);
    }
    ck_assert_uint_eq(parallel_failures(r), k);
}

START_TEST(what_is_final_is_not_tried_again)
{
    enum { TASKS = 5 * 20 };
    static int numbers[TASKS];
    static parallel_future futures[TASKS];
    pl_workers(2);
    said = pl_shared(TASKS * sizeof *said);
    for (int i = 0; i < TASKS; i++) {
        numbers[i] = i;
        futures[i] = (parallel_future){.function = &say__parallel, .arg = &numbers[i]};
    }
    for (int d = 0; d < 2; d++) {
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(say, numbers, TASKS, ON(_i), .retry_delay = delays[d], .silent = true);
        check_said(r, TASKS, 1);
        PARALLEL_SCOPED parallel_results *p =
            parallel_par(futures, TASKS, ON(_i), .retry_delay = delays[d], .silent = true);
        check_said(p, TASKS, 1);
        PARALLEL_SCOPED parallel_executor *ex =
            parallel_async_map(say, numbers, TASKS, ON(_i), .retry_delay = delays[d], .silent = true);
        check_said(parallel_executor_results(ex), TASKS, 1);
        PARALLEL_SCOPED parallel_results *s =
            parallel_split(say_of_all, numbers, TASKS, ON(_i), .retry_delay = delays[d], .silent = true, .grain = 4);
        check_said(s, TASKS, 4);
        errno = 0;
        ck_assert_ptr_null(parallel_map(say, numbers + 1, 1, ON(_i), .retry_delay = delays[d]));
        ck_assert_int_eq(errno, ENOENT);
        ck_assert_uint_eq(parallel_last_failure()->attempts, 1);
        ck_assert_str_eq(parallel_last_failure()->message, "final 1");
        atomic_store_explicit(&said[1], 0, memory_order_relaxed);
    }
    ck_assert_int_eq(parallel_fail_final(7, "outside of a task"), 7);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, attempts_are_counted, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, without_silent, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, into_the_callers_vector, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, into_its_own_arguments, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, wrong_futures);
    tcase_add_loop_test(c, decorated_and_called_off, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, tried_again_after_a_timeout, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, not_past_the_calls_time, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, delays_grow, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, who_waits_occupies_no_worker, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, all_fail_at_first, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_failure_does_not_wait_for_those_that_wait, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, chunks_are_tried_again_as_a_whole, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, futures_have_their_own, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, what_is_final_is_not_tried_again, 0, ALL_KINDS);
    return pl_run("api/retries", c);
}
