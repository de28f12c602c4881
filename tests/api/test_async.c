/* SPDX-License-Identifier: MIT */
/* Single tasks in the background, and their results. */
#include <stdint.h>
#include <string.h>

#include "support/ends.h"

static double half(double x)
{
    return x / 2;
}
PARALLEL_DECORATE(half, double, double);

static atomic_int touched;

static void touch(int by)
{
    atomic_fetch_add_explicit(&touched, by, memory_order_relaxed);
}
PARALLEL_DECORATE(touch, int, void);

struct wide {
    _Alignas(256) unsigned char bytes[256];
};

/* The address of what it is given, which tells how that is aligned. */
static int place(const struct wide *arg, uintptr_t *result, void *extras)
{
    (void)extras;
    *result = (uintptr_t)arg;
    return arg->bytes[255] == 7 ? 0 : EINVAL;
}
PARALLEL_DECORATE_TASK(place, struct wide, uintptr_t);

static int add_extras(const int *arg, int *result, void *extras)
{
    *result = *arg + *(int *)extras;
    return 0;
}
PARALLEL_DECORATE_TASK(add_extras, int, int);

static int abort_itself(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    if (*arg)
        abort();
    return 0;
}
PARALLEL_DECORATE_TASK(abort_itself, int, int);

START_TEST(one_task)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async(half, 5);
    const double *result = parallel_executor_result(ex);
    ck_assert_ptr_nonnull(result);
    ck_assert_double_eq(*result, 2.5);
    ck_assert_ptr_eq(parallel_executor_result(ex), result);
    ck_assert_ptr_eq(parallel_result(parallel_executor_results(ex), 0), result);
    ck_assert_uint_eq(parallel_length(parallel_executor_results(ex)), 1);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
}
END_TEST

/* The argument is a copy: what it was made of may change at once. */
START_TEST(the_argument_is_copied)
{
    pl_workers(pl_worker_counts[_i]);
    set_gate(false);
    struct job job = {.index = 4, .waits = true};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async(work, job);
    PARALLEL_SCOPED parallel_executor *later = parallel_async(work, ((struct job){.index = 5}), .deferred = true);
    memset(&job, 0xff, sizeof job);
    set_gate(true);
    ck_assert_int_eq(*(const long *)parallel_executor_result(ex), right_result(4));
    ck_assert_int_eq(parallel_executor_start(later), 0);
    ck_assert_int_eq(*(const long *)parallel_executor_result(later), right_result(5));
}
END_TEST

/* ... and as aligned as its type wants it. */
START_TEST(wide_arguments)
{
    pl_workers(2);
    struct wide w = {.bytes = {[255] = 7}};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async(place, w);
    const uintptr_t *where = parallel_executor_result(ex);
    ck_assert_ptr_nonnull(where);
    ck_assert_uint_eq(*where % _Alignof(struct wide), 0);
    ck_assert_uint_ne(*where, (uintptr_t)&w);
}
END_TEST

START_TEST(a_function_without_a_result)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async(touch, 3);
    errno = 99;
    ck_assert_ptr_null(parallel_executor_result(ex));
    ck_assert_int_eq(errno, 0);
    ck_assert_int_eq(count_of(&touched), 3);
}
END_TEST

START_TEST(a_task_that_fails)
{
    pl_workers(pl_worker_counts[_i]);
    for (int silent = 0; silent < 2; silent++) {
        PARALLEL_SCOPED parallel_executor *ex =
            parallel_async(work, ((struct job){.index = 6, .code = EDOM}), .silent = silent);
        errno = 0;
        ck_assert_ptr_null(parallel_executor_result(ex));
        ck_assert_int_eq(errno, EDOM);
        if (silent)
            continue;
        ck_assert_str_eq(parallel_last_failure()->message, "job 6");
        ck_assert_int_eq(((const struct job *)parallel_last_failure()->arg)->index, 6);
    }
}
END_TEST

START_TEST(results_of_other_calls)
{
    pl_workers(2);
    static struct job jobs[3];
    fill_jobs(jobs, 3, false);
    PARALLEL_SCOPED parallel_executor *map = parallel_async_map(work, jobs, 3);
    ck_assert_int_eq(*(const long *)parallel_executor_result(map), right_result(0));
    PARALLEL_SCOPED parallel_executor *none = parallel_async_map(work, jobs, 0);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_result(none));
    ck_assert_int_eq(errno, EINVAL);
    PARALLEL_SCOPED parallel_executor *later = parallel_async(half, 1.0, .deferred = true);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_result(later));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(parallel_executor_result(NULL));
    parallel_executor_shutdown(later);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_result(later));
    ck_assert_int_eq(errno, ECANCELED);
}
END_TEST

/* Options are those of any call: where it runs, what is shared, when it is late. */
START_TEST(options)
{
    pl_workers(2);
    int extras = 40;
    PARALLEL_SCOPED parallel_executor *with = parallel_async(add_extras, 2, .extras = &extras);
    ck_assert_int_eq(*(const int *)parallel_executor_result(with), 42);
    PARALLEL_SCOPED parallel_executor *here = parallel_async(half, 3.0, .executor = PARALLEL_SERIAL);
    ck_assert_int_eq(parallel_executor_status(here), PARALLEL_DONE);
    ck_assert_double_eq(*(const double *)parallel_executor_result(here), 1.5);
    PARALLEL_SCOPED parallel_executor *crashed = parallel_async(abort_itself, 1, .executor = PARALLEL_PROCESS);
    PARALLEL_SCOPED parallel_executor *kept =
        parallel_async(add_extras, 3, .executor = PARALLEL_PROCESS, .isolation = PARALLEL_PERSISTENT, .extras = &extras,
                       .extras_size = sizeof extras);
    ck_assert_int_eq(*(const int *)parallel_executor_result(kept), 43);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_result(crashed));
    ck_assert_int_eq(errno, EOWNERDEAD);
    PARALLEL_SCOPED parallel_executor *late =
        parallel_async(work, ((struct job){.waits = true}), .timeout = 0.01, .silent = true);
    ck_assert_ptr_null(parallel_executor_result(late));
    ck_assert_int_eq(errno, ETIMEDOUT);
}
END_TEST

START_TEST(what_cannot_be_made)
{
    pl_workers(2);
    double x = 3;
    parallel_function f = half__parallel;
    errno = 0;
    ck_assert_ptr_null(parallel_async_function(NULL, &x, NULL));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_ptr_null(parallel_async_function(&f, NULL, NULL));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_ptr_null(parallel_async_function(&f, &x, &(parallel_options){.max_workers = -1}));
    ck_assert_int_eq(errno, EINVAL);
    f = (parallel_function){.arg_size = SIZE_MAX / 2, .call = f.call, .kernel = f.kernel, .size = sizeof f};
    errno = 0;
    ck_assert_ptr_null(parallel_async_function(&f, &x, NULL));
    ck_assert_int_ne(errno, 0);
}
END_TEST

/* A task makes another, and waits for it; but not for itself. */
static parallel_executor *itself;

static int wait_for_itself(const int *arg, int *result, void *extras)
{
    (void)arg;
    (void)extras;
    errno = 0;
    *result = !parallel_executor_result(itself) ? errno : 0;
    PARALLEL_SCOPED parallel_executor *other = parallel_async(half, 8.0);
    const double *got = parallel_executor_result(other);
    return got && *got == 4 ? 0 : EIO;
}
PARALLEL_DECORATE_TASK(wait_for_itself, int, int);

START_TEST(from_a_task)
{
    pl_workers(pl_worker_counts[_i]);
    itself = parallel_async(wait_for_itself, 1, .deferred = true);
    ck_assert_int_eq(parallel_executor_start(itself), 0);
    const int *code = parallel_executor_result(itself);
    ck_assert_ptr_nonnull(code);
    ck_assert_int_eq(*code, EDEADLK);
    parallel_executor_free(itself);
}
END_TEST

enum { MANY = 500 };

START_TEST(many_at_once)
{
    pl_workers(pl_worker_counts[_i]);
    static parallel_executor *ex[MANY];
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < MANY; i++)
            ck_assert_ptr_nonnull(ex[i] = parallel_async(half, i));
        for (int i = MANY; i-- > 0;) {
            const double *result = round % 2 ? parallel_executor_result(ex[i]) : NULL;
            ck_assert(round % 2 == 0 || (result && *result == i / 2.0));
            parallel_executor_free(ex[i]);
        }
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, one_task, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_argument_is_copied, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, wide_arguments);
    tcase_add_test(c, a_function_without_a_result);
    tcase_add_loop_test(c, a_task_that_fails, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, results_of_other_calls);
    tcase_add_test(c, options);
    tcase_add_test(c, what_cannot_be_made);
    tcase_add_loop_test(c, from_a_task, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, many_at_once, 0, PL_WORKER_COUNTS);
    return pl_run("api/async", c);
}
