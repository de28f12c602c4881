/* SPDX-License-Identifier: MIT */
/* The progress callback: what it is told, by whom, and how often. */
#include <pthread.h>

#include "support/jobs.h"

enum { N = 400 };

static struct job jobs[N];

/* What a callback has seen. Only the callback writes to it, so that a race is one for the sanitizer, too. */
struct record {
    size_t calls, last, total, between; /* calls that were neither at 0 nor at the end */
    int wrong;
    double first_at;
    atomic_bool inside;
};

static void note(size_t done, size_t total, void *data)
{
    struct record *r = data;
    if (atomic_exchange_explicit(&r->inside, true, memory_order_relaxed))
        r->wrong |= 1; /* two threads at once */
    if (done < r->last)
        r->wrong |= 2;
    if (done > total)
        r->wrong |= 4;
    if (r->calls && total != r->total)
        r->wrong |= 8;
    if (r->calls && r->last == total)
        r->wrong |= 16; /* all had ended, and it has been told */
    if (r->calls == 0)
        r->first_at = now();
    r->calls++;
    r->last = done;
    r->total = total;
    r->between += done > 0 && done < total;
    pl_test_sleep(100); /* for another thread to come in */
    atomic_store_explicit(&r->inside, false, memory_order_relaxed);
}

/* What goes for all calls; as many seconds have passed since before the call. */
static void check(const struct record *r, size_t total, double seconds)
{
    ck_assert_int_eq(r->wrong, 0);
    ck_assert_uint_ge(r->calls, 1);
    ck_assert_uint_eq(r->total, total);
    ck_assert_msg((double)r->calls <= seconds / 0.05 + 2, "%zu calls in %g s", r->calls, seconds);
}

static int nap(int microseconds)
{
    pl_test_sleep(microseconds);
    return microseconds;
}
PARALLEL_DECORATE(nap, int, int);

/* ---- to the end --------------------------------------------------------------------------------------------- */

/* Index / PL_WORKER_COUNTS: 1: on the calling thread. */
START_TEST(from_nothing_to_all)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    int naps[N];
    for (int n = 0; n <= N; n = n ? n * 4 : 1) {
        struct record r = {0};
        for (int i = 0; i < n; i++)
            naps[i] = 200;
        double before = now();
        PARALLEL_SCOPED parallel_results *out =
            parallel_map(nap, naps, (size_t)n, .progress = note, .progress_data = &r,
                         .executor = _i / PL_WORKER_COUNTS ? PARALLEL_SERIAL : PARALLEL_THREAD);
        ck_assert_ptr_nonnull(out);
        check(&r, (size_t)n, now() - before);
        ck_assert_uint_eq(r.last, (size_t)n);
    }
}
END_TEST

static void *no_data = &no_data;

static void without_data(size_t done, size_t total, void *data)
{
    no_data = data;
    if (done == total)
        count_one(&ended);
}

START_TEST(data_may_be_left_out)
{
    pl_workers(pl_worker_counts[_i]);
    int naps[] = {1, 2};
    ck_assert_int_eq(parallel_map_into(nap, naps, 2, (int[2]){0}, .progress = without_data), 0);
    ck_assert_ptr_null(no_data);
    ck_assert_int_eq(count_of(&ended), 1);
}
END_TEST

/* One task after the other, each longer than the callback is left alone: it is called after each. */
START_TEST(called_in_between)
{
    pl_workers(pl_worker_counts[_i]);
    int naps[] = {60000, 60000, 60000, 60000};
    struct record r = {0};
    ck_assert_int_eq(
        parallel_map_into(nap, naps, 4, naps, .progress = note, .progress_data = &r, .max_workers = 1, .grain = 1), 0);
    ck_assert_int_eq(r.wrong, 0);
    ck_assert_uint_ge(r.between, 3);
    ck_assert_uint_eq(r.last, 4);
}
END_TEST

static void body(size_t begin, size_t end, void *count)
{
    pl_test_sleep(20);
    atomic_fetch_add_explicit((atomic_int *)count, (int)(end - begin), memory_order_relaxed);
}

START_TEST(of_loops_and_futures)
{
    pl_workers(pl_worker_counts[_i]);
    atomic_int count = 0;
    struct record r = {0}, par = {0}, background = {0};
    double before = now();
    ck_assert_int_eq(parallel_for(1000, body, &count, .progress = note, .progress_data = &r), 0);
    check(&r, 1000, now() - before);
    ck_assert_uint_eq(r.last, 1000);
    ck_assert_int_eq(count_of(&count), 1000);
    parallel_future futures[] = {PARALLEL_FUTURE(nap, 1), PARALLEL_FUTURE(nap, 100), PARALLEL_FUTURE(nap, 10)};
    before = now();
    PARALLEL_SCOPED parallel_results *some = parallel_par(futures, 3, .progress = note, .progress_data = &par);
    check(&par, 3, now() - before);
    ck_assert_uint_eq(par.last, 3);
    ck_assert_ptr_nonnull(some);
    int naps[50] = {0};
    before = now();
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_map(nap, naps, 50, .progress = note, .progress_data = &background);
    ck_assert_ptr_nonnull(parallel_executor_results(ex));
    check(&background, 50, now() - before);
    ck_assert_uint_eq(background.last, 50);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------------------------------- */

START_TEST(failures_count_as_ended)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    for (int i = 0; i < N; i += 3)
        jobs[i].code = 7;
    for (int retries = 0; retries < 3; retries++) {
        struct record r = {0};
        double before = now();
        PARALLEL_SCOPED parallel_results *out =
            parallel_map(work, jobs, N, .silent = true, .progress = note, .progress_data = &r, .retries = retries,
                         .retry_delay = 0.001);
        check(&r, N, now() - before);
        ck_assert_uint_eq(r.last, N);
        ck_assert_uint_eq(parallel_failures(out), N / 3 + 1);
    }
}
END_TEST

/* After a failure that ends the call, the last word is how many had ended. */
START_TEST(after_a_failure)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, false);
    jobs[10].code = 7;
    struct record r = {0}, serial = {0};
    double before = now();
    ck_assert_ptr_null(parallel_map(work, jobs, N, .progress = note, .progress_data = &r));
    check(&r, N, now() - before);
    ck_assert_uint_le(r.last, (size_t)count_of(&ended));
    before = now();
    ck_assert_ptr_null(
        parallel_map(work, jobs, N, .progress = note, .progress_data = &serial, .executor = PARALLEL_SERIAL));
    check(&serial, N, now() - before);
    ck_assert_uint_eq(serial.calls, 1);
    ck_assert_uint_eq(serial.last, 11);
}
END_TEST

START_TEST(after_a_cancel)
{
    pl_workers(pl_worker_counts[_i]);
    for (int silent = 0; silent < 2; silent++) {
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        fill_jobs(jobs, N, true);
        struct record r = {0};
        double before = now();
        PARALLEL_SCOPED parallel_executor *ex =
            parallel_async_map(work, jobs, N, .silent = silent, .progress = note, .progress_data = &r);
        await_begun(1);
        parallel_cancel(ex);
        parallel_executor_wait(ex, -1);
        check(&r, N, now() - before);
        if (silent)
            ck_assert_uint_eq(r.last, (size_t)count_of(&begun));
        else
            ck_assert_uint_le(r.last, (size_t)count_of(&begun));
    }
}
END_TEST

START_TEST(past_a_calls_time)
{
    pl_workers(pl_worker_counts[_i]);
    fill_jobs(jobs, N, true);
    struct record r = {0};
    double before = now();
    PARALLEL_SCOPED parallel_results *out =
        parallel_map(work, jobs, N, .silent = true, .call_timeout = 0.02, .progress = note, .progress_data = &r);
    check(&r, N, now() - before);
    ck_assert_uint_eq(r.last, (size_t)count_of(&begun));
    ck_assert_uint_eq(parallel_failures(out), N);
}
END_TEST

/* ---- nested calls ------------------------------------------------------------------------------------------- */

/* Each task takes its time in a call of its own, with a callback and a timeout. */
static int outer(int microseconds)
{
    int naps[3] = {microseconds, 0, 0}, out[3];
    struct record r = {0};
    if (parallel_map_into(nap, naps, 3, out, .progress = note, .progress_data = &r, .timeout = 1000) != 0)
        return -1;
    return r.wrong ? -2 : (int)r.last;
}
PARALLEL_DECORATE(outer, int, int);

START_TEST(calls_in_calls)
{
    pl_workers(pl_worker_counts[_i]);
    int naps[12], out[12];
    for (int serial = 0; serial < 2; serial++) {
        for (int i = 0; i < 12; i++)
            naps[i] = serial ? 20000 : 1000 * i;
        struct record r = {0};
        double before = now();
        ck_assert_int_eq(parallel_map_into(outer, naps, 12, out, .progress = note, .progress_data = &r, .grain = 1,
                                           .executor = serial ? PARALLEL_SERIAL : PARALLEL_THREAD),
                         0);
        check(&r, 12, now() - before);
        ck_assert_uint_eq(r.last, 12);
        for (int i = 0; i < 12; i++)
            ck_assert_int_eq(out[i], 3);
        if (serial) /* 240 ms at least: the callback was due in between */
            ck_assert_uint_ge(r.between, 1);
    }
}
END_TEST

/* A callback may call, too. */
static void calling(size_t done, size_t total, void *data)
{
    int naps[4] = {1, 1, 1, 1}, out[4];
    if (parallel_map_into(nap, naps, 4, out, .max_workers = 2) != 0 || out[3] != 1)
        count_one(data);
    note(done, total, &(struct record){0});
}

START_TEST(callbacks_that_call)
{
    pl_workers(pl_worker_counts[_i]);
    atomic_int wrong = 0;
    int naps[40];
    for (int i = 0; i < 40; i++)
        naps[i] = 10000;
    ck_assert_int_eq(parallel_map_into(nap, naps, 40, naps, .progress = calling, .progress_data = &wrong), 0);
    ck_assert_int_eq(count_of(&wrong), 0);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, from_nothing_to_all, 0, 2 * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, data_may_be_left_out, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, called_in_between, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, of_loops_and_futures, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, failures_count_as_ended, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, after_a_failure, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, after_a_cancel, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, past_a_calls_time, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, calls_in_calls, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, callbacks_that_call, 0, PL_WORKER_COUNTS);
    return pl_run("api/progress", c);
}
