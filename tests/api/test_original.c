/* SPDX-License-Identifier: MIT */
/* What the library's model in Python documents and tests, said in C; original.md tells which of its tests is which
 * here. Its sleeps are the same, a hundred times shorter. */
#include <ctype.h>
#include <errno.h>
#include <parallel.h>
#include <stdbool.h>
#include <string.h>

#include "support/test.h"

enum { A, B, C, D, E }; /* tasks */

struct text {
    char s[32];
};

/* Several arguments are a struct: named when it is initialised, and optional, as what is left out is zero. */
struct params {
    double sleep;
    const char *result;
    int uppercase;    /* 0: as the extras say, which say no unless told otherwise; -1: no */
    const char *fail; /* instead of all else */
};

struct extras {
    bool uppercase;
};

static void doze(double sleep)
{
    pl_test_sleep((long)(sleep * 1e4));
}

static struct text single_param(double sleep)
{
    struct text t;
    doze(sleep);
    snprintf(t.s, sizeof t.s, "%g", sleep);
    return t;
}
PARALLEL_DECORATE(single_param, double, struct text);

static int multi_param(const struct params *p, struct text *result, void *extras)
{
    const struct extras *all = extras;
    if (p->fail)
        return parallel_fail(EDOM, "%s", p->fail);
    doze(p->sleep);
    bool uppercase = p->uppercase ? p->uppercase > 0 : all && all->uppercase;
    snprintf(result->s, sizeof result->s, "%s", p->result);
    for (char *c = result->s; *c && uppercase; c++)
        *c = (char)toupper((unsigned char)*c);
    return 0;
}
PARALLEL_DECORATE_TASK(multi_param, struct params, struct text);

/* The same, decorated with options. */
static int with_timeout(const double *sleep, struct text *result, void *extras)
{
    (void)extras;
    *result = single_param(*sleep);
    return 0;
}
PARALLEL_DECORATE_TASK(with_timeout, double, struct text, .timeout = 0.001);
static int with_max_workers(const struct params *p, struct text *result, void *extras)
{
    return multi_param(p, result, extras);
}
PARALLEL_DECORATE_TASK(with_max_workers, struct params, struct text, .max_workers = 1);

static const char *const names[] = {"r1", "r2", "r3", "r4", "r5"};

/* The results are these, in order; NULL: there is none, as the task failed. */
static void check(const parallel_results *r, size_t n, const char *const *want)
{
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_length(r), n);
    for (size_t i = 0; i < n; i++) {
        const struct text *t = parallel_result(r, i);
        ck_assert_int_eq(t != NULL, want[i] != NULL);
        if (want[i])
            ck_assert_str_eq(t->s, want[i]);
        ck_assert_int_eq(parallel_result_state(r, i), want[i] ? PARALLEL_OK : PARALLEL_ERROR);
    }
}
#define CHECK(r, ...) check(r, sizeof(const char *[]){__VA_ARGS__} / sizeof(char *), (const char *[]){__VA_ARGS__})

/* The same, by name. */
static void check_named(const parallel_results *r, size_t n, const char *const *want)
{
    check(r, n, want);
    for (size_t i = 0; i < n; i++)
        ck_assert_ptr_eq(parallel_get(r, names[i]), parallel_result(r, i));
}
#define CHECK_NAMED(r, ...)                                                                                            \
    check_named(r, sizeof(const char *[]){__VA_ARGS__} / sizeof(char *), (const char *[]){__VA_ARGS__})

/* ---- parameters --------------------------------------------------------------------------------------------- */

static const double sleeps[] = {.2, .3, .1};
static const struct params abc[] = {{.2, "a", 0, NULL}, {.3, "b", 0, NULL}, {.1, "c", 0, NULL}};
static const struct params a_failure[] = {{.2, "a", 0, NULL}, {.fail = "Will Fail"}, {.1, "c", 0, NULL}};
static const struct params a_word[] = {
    {.2, "a", 0, NULL},
    {.sleep = .3, .result = "b", .uppercase = -1},
    {.sleep = .1, .result = "c"},
    {.result = "d", .uppercase = -1, .sleep = .1},
    {.2, .result = "e", .uppercase = -1},
};

START_TEST(a_decorated_function_is_an_ordinary_one)
{
    ck_assert_str_eq(single_param(.2).s, "0.2");
    struct text t;
    ck_assert_int_eq(multi_param(&abc[B], &t, NULL), 0);
    ck_assert_str_eq(t.s, "b");
}
END_TEST

START_TEST(a_single_parameter)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = parallel_map(single_param, sleeps, 3);
    CHECK(r, "0.2", "0.3", "0.1");
    PARALLEL_SCOPED parallel_results *thread = parallel_thread_map(single_param, sleeps, 3);
    CHECK(thread, "0.2", "0.3", "0.1");
    PARALLEL_SCOPED parallel_results *option = parallel_map(single_param, sleeps, 3, .executor = PARALLEL_THREAD);
    CHECK(option, "0.2", "0.3", "0.1");
    PARALLEL_SCOPED parallel_results *named = parallel_map(single_param, sleeps, 2, .names = names);
    CHECK_NAMED(named, "0.2", "0.3");
    PARALLEL_SCOPED parallel_results *both = parallel_thread_map(single_param, sleeps, 2, .names = names);
    CHECK_NAMED(both, "0.2", "0.3");
}
END_TEST

static struct text upper(const char *url)
{
    struct text t = {{0}};
    for (size_t i = 0; url[i] && i + 1 < sizeof t.s; i++)
        t.s[i] = (char)toupper((unsigned char)url[i]);
    return t;
}
PARALLEL_DECORATE(upper, const char *, struct text);

START_TEST(strings)
{
    pl_workers(pl_worker_counts[_i]);
    const char *urls[] = {"https://python.org", "https://python.com"};
    PARALLEL_SCOPED parallel_results *r = parallel_map(upper, urls, 2);
    CHECK(r, "HTTPS://PYTHON.ORG", "HTTPS://PYTHON.COM");
}
END_TEST

START_TEST(several_parameters)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = parallel_map(multi_param, abc, 3, .timeout = 10, .max_workers = 5);
    CHECK(r, "a", "b", "c");
    PARALLEL_SCOPED parallel_results *thread = parallel_thread_map(multi_param, abc, 3);
    CHECK(thread, "a", "b", "c");
    PARALLEL_SCOPED parallel_results *named = parallel_map(multi_param, abc, 3, .names = names);
    CHECK_NAMED(named, "a", "b", "c");
    PARALLEL_SCOPED parallel_results *both = parallel_thread_map(multi_param, abc, 3, .names = names);
    CHECK_NAMED(both, "a", "b", "c");
}
END_TEST

START_TEST(named_and_optional_parameters)
{
    pl_workers(pl_worker_counts[_i]);
    const struct params params[] = {
        {.result = "a", .sleep = .2},
        {.3, .result = "b", .uppercase = 1},
        {.sleep = .1, .uppercase = 0, .result = "c"},
    };
    PARALLEL_SCOPED parallel_results *r = parallel_map(multi_param, params, 3);
    CHECK(r, "a", "B", "c");
    PARALLEL_SCOPED parallel_results *named = parallel_map(multi_param, params, 3, .names = names);
    CHECK_NAMED(named, "a", "B", "c");
}
END_TEST

START_TEST(extras_go_to_all)
{
    pl_workers(pl_worker_counts[_i]);
    struct extras yes = {.uppercase = true};
    PARALLEL_SCOPED parallel_results *r = parallel_map(multi_param, abc, 3, .extras = &yes);
    CHECK(r, "A", "B", "C");
    PARALLEL_SCOPED parallel_results *named = parallel_map(multi_param, abc, 3, .extras = &yes, .names = names);
    CHECK_NAMED(named, "A", "B", "C");
}
END_TEST

START_TEST(a_parameter_wins_over_an_extra)
{
    pl_workers(pl_worker_counts[_i]);
    struct extras yes = {.uppercase = true};
    PARALLEL_SCOPED parallel_results *r = parallel_map(multi_param, a_word, 5, .extras = &yes);
    CHECK(r, "A", "b", "C", "d", "e");
    PARALLEL_SCOPED parallel_results *named = parallel_map(multi_param, a_word, 5, .extras = &yes, .names = names);
    CHECK_NAMED(named, "A", "b", "C", "d", "e");
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------------------------- */

static void check_failed(const parallel_failure *f, const char *name)
{
    ck_assert_uint_eq(f->index, B);
    ck_assert_int_eq(f->code, EDOM);
    ck_assert_str_eq(f->message, "Will Fail");
    ck_assert_ptr_eq(f->arg, &a_failure[B]);
    ck_assert_int_eq(f->name != NULL, name != NULL);
    if (name)
        ck_assert_str_eq(f->name, name);
}

START_TEST(an_error_propagates)
{
    pl_workers(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_ptr_null(parallel_map(multi_param, a_failure, 3));
    ck_assert_int_eq(errno, EDOM);
    check_failed(parallel_last_failure(), NULL);
    errno = 0;
    ck_assert_ptr_null(parallel_map(multi_param, a_failure, 3, .names = names));
    ck_assert_int_eq(errno, EDOM);
    check_failed(parallel_last_failure(), "r2");
}
END_TEST

START_TEST(silent_results_tell_of_failures)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = parallel_map(multi_param, a_failure, 3, .silent = true);
    CHECK(r, "a", NULL, "c");
    PARALLEL_SCOPED parallel_results *named = parallel_map(multi_param, a_failure, 3, .silent = true, .names = names);
    CHECK_NAMED(named, "a", NULL, "c");
    for (int k = 0; k < 2; k++) {
        parallel_results *each = k ? named : r;
        ck_assert_uint_eq(parallel_failures(each), 1);
        check_failed(parallel_failed(each, 0), k ? "r2" : NULL);
        ck_assert_ptr_null(parallel_failed(each, 1));
        size_t well[3];
        ck_assert_uint_eq(parallel_succeeded(each, well, 3), 2);
        ck_assert_uint_eq(well[0], A);
        ck_assert_uint_eq(well[1], C);
        parallel_replace_failed(each, &(struct text){"-"});
        const struct text *all = parallel_values(each);
        ck_assert_str_eq(all[A].s, "a");
        ck_assert_str_eq(all[B].s, "-");
        ck_assert_str_eq(all[C].s, "c");
    }
}
END_TEST

START_TEST(several_silent_failures)
{
    pl_workers(pl_worker_counts[_i]);
    const struct params params[] = {
        {.2, "a", 0, NULL},         {.fail = "Will Fail 1", .result = "b"},
        {.fail = "Will Fail 2"},    {.sleep = .1, .result = "d"},
        {0, "e", 0, "Will Fail 3"},
    };
    PARALLEL_SCOPED parallel_results *r = parallel_map(multi_param, params, 5, .silent = true, .names = names);
    CHECK_NAMED(r, "a", NULL, NULL, "d", NULL);
    static const size_t which[] = {B, C, E};
    ck_assert_uint_eq(parallel_failures(r), 3);
    for (size_t k = 0; k < 3; k++) {
        const parallel_failure *f = parallel_failed(r, k);
        ck_assert_uint_eq(f->index, which[k]);
        ck_assert_str_eq(f->name, names[which[k]]);
        ck_assert_str_eq(f->message, params[which[k]].fail);
        ck_assert_ptr_eq(f->arg, &params[which[k]]);
    }
}
END_TEST

/* ---- options ------------------------------------------------------------------------------------------------ */

START_TEST(a_timeout_fails)
{
    pl_workers(pl_worker_counts[_i]);
    const double one = 1;
    errno = 0;
    ck_assert_ptr_null(parallel_map(single_param, &one, 1, .timeout = .001));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_TIMED_OUT);
    errno = 0;
    ck_assert_ptr_null(parallel_map(single_param, &one, 1, .timeout = .001, .names = names));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_str_eq(parallel_last_failure()->name, "r1");
    errno = 0;
    ck_assert_ptr_null(parallel_map(with_timeout, &one, 1));
    ck_assert_int_eq(errno, ETIMEDOUT);
}
END_TEST

START_TEST(one_worker)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = parallel_map(multi_param, abc, 3, .max_workers = 1);
    CHECK(r, "a", "b", "c");
    PARALLEL_SCOPED parallel_results *named = parallel_map(multi_param, abc, 3, .max_workers = 1, .names = names);
    CHECK_NAMED(named, "a", "b", "c");
    PARALLEL_SCOPED parallel_results *decorated = parallel_map(with_max_workers, abc, 3);
    CHECK(decorated, "a", "b", "c");
}
END_TEST

/* ---- in the background -------------------------------------------------------------------------------------- */

START_TEST(in_the_background_in_a_scope)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(single_param, sleeps, 3, .timeout = 50);
    CHECK(parallel_executor_results(ex), "0.2", "0.3", "0.1");
    PARALLEL_SCOPED parallel_executor *named = parallel_async_map(single_param, sleeps, 2, .names = names);
    CHECK_NAMED(parallel_executor_results(named), "0.2", "0.3");
    PARALLEL_SCOPED parallel_executor *several = parallel_async_map(multi_param, abc, 3, .names = names);
    CHECK_NAMED(parallel_executor_results(several), "a", "b", "c");
    PARALLEL_SCOPED parallel_executor *thread = parallel_thread_async_map(multi_param, a_word, 3);
    CHECK(parallel_executor_results(thread), "a", "b", "c");
}
END_TEST

START_TEST(in_the_background_without_a_scope)
{
    pl_workers(pl_worker_counts[_i]);
    for (int k = 0; k < 2; k++) {
        parallel_executor *ex = parallel_async_map(multi_param, abc, 3, .names = k ? names : NULL, .deferred = true);
        ck_assert_int_eq(parallel_executor_start(ex), 0);
        if (k)
            CHECK_NAMED(parallel_executor_results(ex), "a", "b", "c");
        CHECK(parallel_executor_results(ex), "a", "b", "c");
        ck_assert_int_eq(parallel_executor_shutdown(ex), 0);
        CHECK(parallel_executor_results(ex), "a", "b", "c");
        parallel_executor_free(ex);
    }
}
END_TEST

START_TEST(the_states_of_an_executor)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(multi_param, a_failure, 3, .deferred = true);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_results(ex)); /* not started */
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_NOT_STARTED);
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    errno = 0;
    ck_assert_int_eq(parallel_executor_start(ex), -1);
    ck_assert_int_eq(errno, EALREADY);
    errno = 0;
    ck_assert_ptr_null(parallel_executor_results(ex));
    ck_assert_int_eq(errno, EDOM);
    ck_assert_int_eq(parallel_executor_shutdown(ex), 0);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_FAILED);
    PARALLEL_SCOPED parallel_executor *silent = parallel_async_map(multi_param, a_failure, 3, .silent = true);
    CHECK(parallel_executor_results(silent), "a", NULL, "c");
    ck_assert_int_eq(parallel_executor_status(silent), PARALLEL_DONE);
}
END_TEST

/* ---- different functions ------------------------------------------------------------------------------------ */

START_TEST(par_of_different_functions)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_future futures[] = {
        PARALLEL_FUTURE(multi_param, ((struct params){.1, "a", 0, NULL}), .name = "r1"),
        PARALLEL_FUTURE(single_param, .2, .name = "r2"),
        PARALLEL_FUTURE(multi_param, ((struct params){.sleep = .2, .result = "c", .uppercase = 1}), .name = "r3"),
    };
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 3);
    CHECK_NAMED(r, "a", "0.2", "C");
    PARALLEL_SCOPED parallel_results *one = parallel_par(futures, 3, .max_workers = 1);
    CHECK_NAMED(one, "a", "0.2", "C");
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_par(futures, 3);
    CHECK_NAMED(parallel_executor_results(ex), "a", "0.2", "C");
    for (int k = 0; k < 3; k++)
        futures[k].name = NULL;
    PARALLEL_SCOPED parallel_results *unnamed = parallel_thread_par(futures, 3);
    CHECK(unnamed, "a", "0.2", "C");
    ck_assert_ptr_null(parallel_get(unnamed, "r1"));
}
END_TEST

START_TEST(par_with_extras)
{
    pl_workers(pl_worker_counts[_i]);
    struct extras yes = {.uppercase = true};
    parallel_future futures[] = {PARALLEL_FUTURE(multi_param, a_word[A]), PARALLEL_FUTURE(multi_param, a_word[B]),
                                 PARALLEL_FUTURE(multi_param, a_word[C]), PARALLEL_FUTURE(multi_param, a_word[D]),
                                 PARALLEL_FUTURE(multi_param, a_word[C], .extras = &(struct extras){false})};
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 5, .extras = &yes);
    CHECK(r, "A", "b", "C", "d", "c");
}
END_TEST

START_TEST(par_that_fails)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_future futures[] = {PARALLEL_FUTURE(multi_param, a_failure[A], .name = "r1"),
                                 PARALLEL_FUTURE(multi_param, a_failure[B], .name = "r2"),
                                 PARALLEL_FUTURE(multi_param, a_failure[C], .name = "r3")};
    errno = 0;
    ck_assert_ptr_null(parallel_par(futures, 3));
    ck_assert_int_eq(errno, EDOM);
    ck_assert_str_eq(parallel_last_failure()->message, "Will Fail");
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 3, .silent = true);
    CHECK_NAMED(r, "a", NULL, "c");
    ck_assert_uint_eq(parallel_failures(r), 1);
    ck_assert_str_eq(parallel_failed(r, 0)->name, "r2");
    parallel_replace_failed(r, &(struct text){"-"}); /* of different types: does nothing */
    CHECK_NAMED(r, "a", NULL, "c");
}
END_TEST

START_TEST(par_that_is_late)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_future futures[] = {PARALLEL_FUTURE(single_param, 1, .name = "r1")};
    errno = 0;
    ck_assert_ptr_null(parallel_par(futures, 1, .timeout = .001));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_str_eq(parallel_last_failure()->name, "r1");
}
END_TEST

/* ---- on processes ------------------------------------------------------------------------------------------- */

static int on_process(const double *sleep, struct text *result, void *extras)
{
    (void)extras;
    *result = single_param(*sleep);
    return 0;
}
PARALLEL_DECORATE_TASK(on_process, double, struct text, .executor = PARALLEL_PROCESS);

START_TEST(a_single_parameter_on_processes)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *process = parallel_process_map(single_param, sleeps, 3);
    CHECK(process, "0.2", "0.3", "0.1");
    PARALLEL_SCOPED parallel_results *option = parallel_map(single_param, sleeps, 3, .executor = PARALLEL_PROCESS);
    CHECK(option, "0.2", "0.3", "0.1");
    PARALLEL_SCOPED parallel_results *decorated = parallel_map(on_process, sleeps, 3);
    CHECK(decorated, "0.2", "0.3", "0.1");
    PARALLEL_SCOPED parallel_results *named = parallel_process_map(single_param, sleeps, 2, .names = names);
    CHECK_NAMED(named, "0.2", "0.3");
}
END_TEST

START_TEST(several_parameters_on_processes)
{
    pl_workers(pl_worker_counts[_i]);
    struct extras yes = {.uppercase = true};
    PARALLEL_SCOPED parallel_results *r = parallel_process_map(multi_param, abc, 3, .timeout = 10, .max_workers = 5);
    CHECK(r, "a", "b", "c");
    PARALLEL_SCOPED parallel_results *named = parallel_process_map(multi_param, abc, 3, .names = names);
    CHECK_NAMED(named, "a", "b", "c");
    PARALLEL_SCOPED parallel_results *word = parallel_process_map(multi_param, a_word, 5, .extras = &yes);
    CHECK(word, "A", "b", "C", "d", "e");
    PARALLEL_SCOPED parallel_results *silent = parallel_process_map(multi_param, a_failure, 3, .silent = true);
    CHECK(silent, "a", NULL, "c");
    ck_assert_str_eq(parallel_failed(silent, 0)->message, "Will Fail");
}
END_TEST

START_TEST(in_the_background_on_processes)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_executor *ex = parallel_process_async_map(single_param, sleeps, 3, .timeout = 50);
    CHECK(parallel_executor_results(ex), "0.2", "0.3", "0.1");
    PARALLEL_SCOPED parallel_executor *several = parallel_process_async_map(multi_param, abc, 3, .names = names);
    CHECK_NAMED(parallel_executor_results(several), "a", "b", "c");
    parallel_future futures[] = {PARALLEL_FUTURE(multi_param, abc[A], .name = "r1"),
                                 PARALLEL_FUTURE(single_param, .2, .name = "r2")};
    PARALLEL_SCOPED parallel_results *par = parallel_process_par(futures, 2);
    CHECK_NAMED(par, "a", "0.2");
    PARALLEL_SCOPED parallel_executor *both = parallel_process_async_par(futures, 2);
    CHECK_NAMED(parallel_executor_results(both), "a", "0.2");
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, a_decorated_function_is_an_ordinary_one);
    tcase_add_loop_test(c, a_single_parameter, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, strings, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, several_parameters, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, named_and_optional_parameters, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, extras_go_to_all, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_parameter_wins_over_an_extra, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, an_error_propagates, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, silent_results_tell_of_failures, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, several_silent_failures, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_timeout_fails, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, one_worker, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, in_the_background_in_a_scope, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, in_the_background_without_a_scope, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_states_of_an_executor, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, par_of_different_functions, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, par_with_extras, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, par_that_fails, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, par_that_is_late, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_single_parameter_on_processes, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, several_parameters_on_processes, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, in_the_background_on_processes, 0, PL_WORKER_COUNTS);
    return pl_run("api/original", c);
}
