/* SPDX-License-Identifier: MIT */
/* What a map gives back, with every outcome kept: values, states, failures, names; and that it is freed. */
#include <errno.h>
#include <parallel.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "support/test.h"

enum { N = 100, FAILED = 34 };

struct value {
    long number;
    char text[24];
};

/* Every third task scribbles into its slot and fails; every sixth says why. */
static int third(const int *arg, struct value *v, void *extras)
{
    (void)extras;
    memset(v, 0x5a, sizeof *v);
    if (*arg % 6 == 0)
        return parallel_fail(1000 + *arg, "number %d is wrong", *arg);
    if (*arg % 3 == 0)
        return ERANGE;
    memset(v, 0, sizeof *v);
    v->number = *arg * 2L;
    snprintf(v->text, sizeof v->text, "<%d>", *arg);
    return 0;
}
PARALLEL_DECORATE_TASK(third, int, struct value, .silent = true);

static int numbers[N];
static char texts[N][24];
static const char *names[N];

/* A silent map of N tasks, FAILED of which fail. */
static parallel_results *thirds(const char *const *with_names)
{
    for (int i = 0; i < N; i++) {
        numbers[i] = i;
        snprintf(texts[i], sizeof texts[i], "task %d", i);
        names[i] = texts[i];
    }
    return parallel_map(third, numbers, N, .names = with_names);
}

static double twice(double x)
{
    return x * 2;
}
PARALLEL_DECORATE(twice, double, double);

static int refuse(const int *arg, void *result, void *extras)
{
    (void)result, (void)extras;
    return *arg % 2 ? EPERM : 0;
}
PARALLEL_DECORATE_TASK(refuse, int, void);

START_TEST(values_and_states)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = thirds(NULL);
    ck_assert_ptr_nonnull(r);
    ck_assert_ptr_null(parallel_last_failure());
    ck_assert_uint_eq(parallel_length(r), N);
    const struct value *v = parallel_values(r), zero = {0};
    ck_assert_ptr_nonnull(v);
    ck_assert_uint_eq((uintptr_t)v % alignof(max_align_t), 0);
    for (int i = 0; i < N; i++) {
        if (i % 3 == 0) {
            ck_assert_ptr_null(parallel_result(r, (size_t)i));
            ck_assert_int_eq(parallel_result_state(r, (size_t)i), PARALLEL_ERROR);
            ck_assert_int_eq(memcmp(&v[i], &zero, sizeof zero), 0);
        } else {
            ck_assert_ptr_eq(parallel_result(r, (size_t)i), &v[i]);
            ck_assert_int_eq(parallel_result_state(r, (size_t)i), PARALLEL_OK);
            ck_assert_int_eq(v[i].number, i * 2);
            ck_assert_int_eq(v[i].text[0], '<');
        }
    }
}
END_TEST

START_TEST(the_list_of_failures)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = thirds(NULL);
    ck_assert_uint_eq(parallel_failures(r), FAILED);
    for (size_t k = 0; k < FAILED; k++) {
        const parallel_failure *f = parallel_failed(r, k);
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(f->index, k * 3);
        ck_assert_ptr_null(f->name);
        ck_assert_int_eq(f->state, PARALLEL_ERROR);
        ck_assert_int_eq(f->signal, 0);
        ck_assert_uint_eq(f->attempts, 1);
        ck_assert_ptr_eq(f->arg, &numbers[k * 3]);
        char expected[64];
        snprintf(expected, sizeof expected, "number %zu is wrong", k * 3);
        ck_assert_int_eq(f->code, k % 2 ? ERANGE : 1000 + (int)k * 3);
        ck_assert_str_eq(f->message, k % 2 ? strerror(ERANGE) : expected);
    }
    ck_assert_ptr_null(parallel_failed(r, FAILED));
    ck_assert_ptr_null(parallel_failed(r, SIZE_MAX));
}
END_TEST

START_TEST(the_indices_of_success)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = thirds(NULL);
    size_t all[N + 1], few[4] = {0, 0, 77, 77};
    memset(all, 0xff, sizeof all);
    ck_assert_uint_eq(parallel_succeeded(r, all, N + 1), N - FAILED);
    for (size_t k = 0; k < N - FAILED; k++)
        ck_assert_uint_eq(all[k], k / 2 * 3 + k % 2 + 1);
    ck_assert_uint_eq(all[N - FAILED], SIZE_MAX);
    ck_assert_uint_eq(parallel_succeeded(r, few, 2), N - FAILED);
    ck_assert(few[0] == 1 && few[1] == 2 && few[2] == 77);
    ck_assert_uint_eq(parallel_succeeded(r, NULL, 0), N - FAILED);
    ck_assert_uint_eq(parallel_succeeded(r, few, 0), N - FAILED);
    ck_assert_uint_eq(few[0], 1);
}
END_TEST

START_TEST(failed_slots_can_be_replaced)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = thirds(NULL);
    struct value instead;
    memset(&instead, 0, sizeof instead);
    instead.number = -1;
    const struct value *v = parallel_values(r);
    parallel_replace_failed(r, NULL);
    ck_assert_int_eq(v[0].number, 0);
    for (int round = 0; round < 2; round++, instead.number--) {
        parallel_replace_failed(r, &instead);
        for (int i = 0; i < N; i++)
            ck_assert_int_eq(v[i].number, i % 3 ? i * 2 : -1 - round);
    }
    ck_assert_ptr_null(parallel_result(r, 3));
    ck_assert_int_eq(parallel_result_state(r, 3), PARALLEL_ERROR);
    ck_assert_uint_eq(parallel_failures(r), FAILED);
}
END_TEST

START_TEST(names_find_results)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = thirds(names);
    ck_assert_ptr_nonnull(r);
    for (int i = 0; i < N; i++) {
        char name[24];
        snprintf(name, sizeof name, "task %d", i);
        errno = 0;
        const struct value *v = parallel_get(r, name);
        ck_assert_int_ne(errno, ENOENT);
        ck_assert_ptr_eq(v, parallel_result(r, (size_t)i));
        ck_assert(i % 3 ? v->number == i * 2 : v == NULL);
    }
    ck_assert_str_eq(parallel_failed(r, 1)->name, "task 3");
    const char *const strangers[] = {"task 100", "task", "", "task 1 ", "Task 1"};
    for (size_t k = 0; k < sizeof strangers / sizeof strangers[0]; k++) {
        errno = 0;
        ck_assert_ptr_null(parallel_get(r, strangers[k]));
        ck_assert_int_eq(errno, ENOENT);
    }
}
END_TEST

START_TEST(names_of_any_kind)
{
    pl_workers(2);
    const char *odd[] = {"", "a", "b", "ab", "ba", "\xc3\xa4", "a a", "\t"};
    double in[] = {1, 2, 3, 4, 5, 6, 7, 8};
    PARALLEL_SCOPED parallel_results *r = parallel_map(twice, in, 8, .names = odd);
    for (size_t i = 0; i < 8; i++)
        ck_assert_ptr_eq(parallel_get(r, odd[i]), parallel_result(r, i));
    PARALLEL_SCOPED parallel_results *none = parallel_map(twice, in, 0, .names = odd);
    errno = 0;
    ck_assert_ptr_null(parallel_get(none, ""));
    ck_assert_int_eq(errno, ENOENT);
    PARALLEL_SCOPED parallel_results *nameless = parallel_map(twice, in, 8);
    errno = 0;
    ck_assert_ptr_null(parallel_get(nameless, "a"));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(many_names)
{
    pl_workers(pl_worker_counts[_i]);
    enum { MANY = 20000 };
    static char text[MANY][16];
    static const char *many[MANY];
    static double in[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(text[i], sizeof text[i], "n%d", i);
        many[i] = text[i];
        in[i] = i;
    }
    PARALLEL_SCOPED parallel_results *r = parallel_map(twice, in, MANY, .names = many);
    const double *v = parallel_values(r);
    size_t wrong = 0;
    for (int i = 0; i < MANY; i++)
        wrong += parallel_get(r, many[i]) != v + i;
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(null_is_an_empty_vector)
{
    pl_workers(2);
    size_t index = 7;
    double value = 1;
    ck_assert_uint_eq(parallel_length(NULL), 0);
    ck_assert_ptr_null(parallel_values(NULL));
    errno = 0;
    ck_assert_ptr_null(parallel_result(NULL, 0));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_ptr_null(parallel_get(NULL, "name"));
    ck_assert_int_eq(errno, ENOENT);
    errno = 0;
    ck_assert_int_eq(parallel_result_state(NULL, 0), PARALLEL_NOT_RUN);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_uint_eq(parallel_failures(NULL), 0);
    ck_assert_ptr_null(parallel_failed(NULL, 0));
    ck_assert_uint_eq(parallel_succeeded(NULL, &index, 1), 0);
    ck_assert_uint_eq(index, 7);
    parallel_replace_failed(NULL, &value);
    parallel_results_free(NULL);
    PARALLEL_SCOPED parallel_results *nothing = NULL;
    ck_assert_ptr_null(nothing);
}
END_TEST

START_TEST(beyond_the_end)
{
    pl_workers(2);
    double in[] = {1, 2};
    for (size_t n = 0; n <= 2; n += 2) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(twice, in, n);
        const size_t beyond[] = {n, n + 1, SIZE_MAX};
        for (int k = 0; k < 3; k++) {
            errno = 0;
            ck_assert_ptr_null(parallel_result(r, beyond[k]));
            ck_assert_int_eq(errno, EINVAL);
            errno = 0;
            ck_assert_int_eq(parallel_result_state(r, beyond[k]), PARALLEL_NOT_RUN);
            ck_assert_int_eq(errno, EINVAL);
        }
        ck_assert_ptr_null(parallel_failed(r, 0));
        ck_assert_uint_eq(parallel_succeeded(r, NULL, 0), n);
    }
}
END_TEST

START_TEST(void_results_have_states)
{
    pl_workers(pl_worker_counts[_i]);
    for (int i = 0; i < N; i++)
        numbers[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(refuse, numbers, N, .silent = true);
    ck_assert_ptr_nonnull(r);
    ck_assert_ptr_null(parallel_values(r));
    ck_assert_uint_eq(parallel_failures(r), N / 2);
    ck_assert_int_eq(parallel_result_state(r, 0), PARALLEL_OK);
    ck_assert_int_eq(parallel_result_state(r, 1), PARALLEL_ERROR);
    ck_assert_ptr_null(parallel_result(r, 0));
    ck_assert_uint_eq(parallel_failed(r, 10)->index, 21);
    int value = 3;
    parallel_replace_failed(r, &value);
    ck_assert_ptr_null(parallel_values(r));
}
END_TEST

START_TEST(all_tasks_may_fail)
{
    pl_workers(pl_worker_counts[_i]);
    static int ones[5000];
    for (int i = 0; i < 5000; i++)
        ones[i] = 1;
    PARALLEL_SCOPED parallel_results *r = parallel_map(refuse, ones, 5000, .silent = true);
    ck_assert_uint_eq(parallel_failures(r), 5000);
    ck_assert_uint_eq(parallel_succeeded(r, NULL, 0), 0);
    size_t wrong = 0;
    for (size_t k = 0; k < 5000; k++)
        wrong += parallel_failed(r, k)->index != k || parallel_failed(r, k)->arg != &ones[k];
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* A map's results leave their scope by return, break, continue, goto and the end; the sanitizers see leaks. */
static size_t leave_early(int how)
{
    double in[] = {1, 2, 3};
    size_t sum = 0;
    for (int round = 0; round < 3; round++) {
        PARALLEL_SCOPED parallel_results *outer = thirds(names);
        PARALLEL_SCOPED parallel_results *r = parallel_map(twice, in, 3);
        sum += parallel_length(r) + parallel_failures(outer);
        if (how == 0)
            return sum;
        if (how == 1)
            continue;
        if (how == 2)
            break;
        if (how == 3)
            goto out;
        parallel_results_free(r);
        r = NULL;
    }
out:
    return sum;
}

START_TEST(scopes_free_on_every_way_out)
{
    pl_workers(pl_worker_counts[_i]);
    for (int how = 0; how < 5; how++)
        ck_assert_uint_eq(leave_early(how), (3 + FAILED) * (how % 4 == 1 || how == 4 ? 3u : 1u));
}
END_TEST

/* Results outlive the call and move between threads of control: they own their messages, not the names. */
START_TEST(results_outlive_other_calls)
{
    pl_workers(2);
    double in[] = {1, 2, 3};
    parallel_results *kept[20];
    for (int k = 0; k < 20; k++) {
        kept[k] = thirds(names);
        parallel_results_free(parallel_map(twice, in, 3));
    }
    for (int k = 0; k < 20; k++) {
        ck_assert_str_eq(parallel_failed(kept[k], 2)->message, "number 6 is wrong");
        ck_assert_int_eq(((const struct value *)parallel_get(kept[k], "task 7"))->number, 14);
        parallel_results_free(kept[k]);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, values_and_states, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_list_of_failures, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_indices_of_success, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, failed_slots_can_be_replaced, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, names_find_results, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, names_of_any_kind);
    tcase_add_loop_test(c, many_names, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, null_is_an_empty_vector);
    tcase_add_test(c, beyond_the_end);
    tcase_add_loop_test(c, void_results_have_states, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, all_tasks_may_fail, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, scopes_free_on_every_way_out, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, results_outlive_other_calls);
    return pl_run("api/results", c);
}
