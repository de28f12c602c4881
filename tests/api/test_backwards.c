/* SPDX-License-Identifier: MIT */
/*
 * What it takes to have a further executor: this one runs the tasks of a call on its caller, from the last to the
 * first. It is of one file and a line in a table (here a table of the test's own; CONTRIBUTING.md follows it step by
 * step), and has options, failures, names, retries and results as all executors do.
 */
#include <errno.h>
#include <string.h>

#include "call/call_worker.h"
#include "support/test.h"

/* ---- the executor -------------------------------------------------------------------------------------------- */

static void run_backwards(pl_call *c, void *out)
{
    pl_call_worker t;
    (void)out; /* a map's results go to c->work.map.out, which it is */
    if (!c->policy.began)
        pl_policy_begin(&c->policy, &c->options, c->work.n);
    pl_call_worker_begin(&t, c, 0);
    for (size_t i = c->work.n; i > 0; i--) {
        int why = t.stop ? ECANCELED : pl_policy_over(&c->policy);
        if (why) {
            pl_call_worker_leave_out(&t, why, 0, i);
            break;
        }
        pl_call_worker_run(&t, i - 1, i, 0);
        pl_retry *r = pl_policy_take_any(&c->policy); /* its delay is not waited for */
        for (; r; r = pl_policy_take_any(&c->policy))
            pl_call_worker_retry(&t, r);
        pl_call_worker_report(&t);
    }
    pl_call_worker_end(&t);
    pl_call_worker_end_progress(c);
}

static const pl_executor backwards = {.name = "backwards", .is_here = true, .needs_policy = true, .run = run_backwards};

/* ---- the table ----------------------------------------------------------------------------------------------- */

static const pl_executor *const executors[PL_EXECUTOR_KINDS] = {[PARALLEL_MPI] = &backwards};
static const pl_request request = {.executor = PARALLEL_MPI, .executors = executors};

/* ---- calls --------------------------------------------------------------------------------------------------- */

enum { N = 100 };

static int order[N], ran;

static int note_order(int i)
{
    order[ran++] = i;
    return i * i;
}
PARALLEL_DECORATE(note_order, int, int);

static int fail_sometimes(const int *i, int *result, void *extras)
{
    (void)extras;
    if (*i % 10 == 3 && ran++ < 1000)
        return parallel_fail(EIO, "no %d", *i);
    *result = *i + 1;
    return 0;
}
PARALLEL_DECORATE_TASK(fail_sometimes, int, int);

static int in[N];

static void set_up_args(void)
{
    ran = 0;
    for (int i = 0; i < N; i++)
        in[i] = i;
}

static parallel_results *map_backwards(const parallel_function *f, const parallel_options *options, int *code)
{
    pl_call c;
    if (!pl_call_begin_map(&c, &pl_work_map, f, in, N, options, &request))
        return NULL;
    parallel_results *r = pl_call_results(&c);
    *code = r ? 0 : pl_call_code(&c);
    pl_call_return(&c, !r);
    return r;
}

START_TEST(tasks_run_backwards)
{
    int code;
    set_up_args();
    PARALLEL_SCOPED parallel_results *r = map_backwards(&note_order__parallel, NULL, &code);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(ran, N);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(order[i], N - 1 - i);
        ck_assert_int_eq(((const int *)parallel_values(r))[i], i * i);
    }
}
END_TEST

START_TEST(the_first_failure_ends_it)
{
    int code = 0;
    set_up_args();
    ck_assert_ptr_null(map_backwards(&fail_sometimes__parallel, NULL, &code));
    ck_assert_int_eq(code, EIO);
    ck_assert_uint_eq(parallel_last_failure()->index, 93);
    ck_assert_str_eq(parallel_last_failure()->message, "no 93");
}
END_TEST

START_TEST(failures_are_kept)
{
    int code = 0;
    set_up_args();
    PARALLEL_SCOPED parallel_results *r = map_backwards(
        &fail_sometimes__parallel, &(parallel_options){.size = sizeof(parallel_options), .silent = true}, &code);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), N / 10);
    for (size_t k = 0; k < N / 10; k++)
        ck_assert_uint_eq(parallel_failed(r, k)->index, 10 * k + 3);
}
END_TEST

static size_t last_done;

static void note_done(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert_uint_eq(total, N);
    last_done = done;
}

START_TEST(tasks_are_tried_again)
{
    int code = 0;
    set_up_args();
    ran = 1000 - 5; /* as many attempts fail as may be made again */
    PARALLEL_SCOPED parallel_results *r = map_backwards(
        &fail_sometimes__parallel,
        &(parallel_options){.size = sizeof(parallel_options), .retries = 5, .retry_delay = 1e-3, .progress = note_done},
        &code);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(last_done, N);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], i + 1);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, tasks_run_backwards);
    tcase_add_test(c, the_first_failure_ends_it);
    tcase_add_test(c, failures_are_kept);
    tcase_add_test(c, tasks_are_tried_again);
    return pl_run("api/backwards", c);
}
