/* SPDX-License-Identifier: MIT */
/* Maps, splits, futures and executors, wherever they run: on worker processes all is as on threads. */
#include <stdint.h>
#include <string.h>

#include "support/workers.h"

enum { N = 500 };

/* Counts that all processes share. */
struct counts {
    atomic_int runs[N], failed[N];
    double began[16]; /* attempts of one task */
};
static struct counts *counts;

/* What a task is to do. */
struct job {
    int index;
    int code;       /* to return, */
    int fails;      /* at so many attempts; 0: at all */
    size_t message; /* so long; 0: none */
    double sleep;   /* seconds, if it is not stopped */
};

static struct job jobs[N];

static void set_up(void)
{
    if (!counts)
        counts = pl_shared(sizeof *counts);
    memset(counts, 0, sizeof *counts);
    for (int i = 0; i < N; i++)
        jobs[i] = (struct job){.index = i};
}

static long right_value(int index)
{
    return index * 5L - 3;
}

static char letter(int index, size_t at)
{
    return (char)('a' + ((size_t)index + at) % 26);
}

static int perform(const struct job *job, long *result, void *extras)
{
    (void)extras;
    int before = pl_add(&counts->runs[job->index], 1);
    if (job->index == 0 && before < 16)
        counts->began[before] = pl_now();
    *result = right_value(job->index);
    if (job->sleep > 0 && parallel_sleep(job->sleep) != 0)
        return EINTR;
    if (!job->code || (job->fails && before >= job->fails))
        return 0;
    pl_add(&counts->failed[job->index], 1);
    if (!job->message)
        return job->code;
    char *text = malloc(job->message + 1);
    for (size_t i = 0; i < job->message; i++)
        text[i] = letter(job->index, i);
    text[job->message] = '\0';
    int code = parallel_fail(job->code, "%s", text);
    free(text);
    return code;
}
PARALLEL_DECORATE_TASK(perform, struct job, long);

static double cube(double x)
{
    return x * x * x;
}
PARALLEL_DECORATE(cube, double, double);

static bool is_cube(double value, int i)
{
    double right = cube(i);
    return value >= right && value <= right;
}

/* ---- results ------------------------------------------------------------------------------------------------ */

START_TEST(maps)
{
    pl_workers(2);
    static double in[N], out[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    for (size_t n = 0; n <= N; n = n * 3 + 1) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(cube, in, n, ON(_i));
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(parallel_length(r), n);
        ck_assert_uint_eq(parallel_failures(r), 0);
        ck_assert_int_eq(parallel_values(r) == NULL, n == 0);
        memset(out, 0, sizeof out);
        ck_assert_int_eq(parallel_map_into(cube, in, n, out, ON(_i)), 0);
        for (int i = 0; i < (int)n; i++)
            ck_assert(is_cube(((const double *)parallel_values(r))[i], i) && is_cube(out[i], i));
        ck_assert(n == N || (out[n] <= 0 && out[n] >= 0));
    }
    ck_assert_int_eq(parallel_map_into(cube, in, N, in, ON(_i)), 0); /* in place */
    for (int i = 0; i < N; i++)
        ck_assert(is_cube(in[i], i));
    PARALLEL_SCOPED parallel_results *none = parallel_map(cube, (const double *)NULL, 0, ON(_i));
    ck_assert_ptr_nonnull(none);
    errno = 0;
    ck_assert_ptr_null(parallel_map(cube, (const double *)NULL, 3, ON(_i)));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static int twice(const int *args, size_t n, long *results, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++)
        results[i] = args[i] * 2L;
    return 0;
}
PARALLEL_DECORATE_SPLIT(twice, int, long);

static int refuse(const int *args, size_t n, long *results, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++) {
        results[i] = args[i];
        if (args[i] == 250)
            return parallel_fail(EDOM, "not %d", args[i]);
    }
    return 0;
}
PARALLEL_DECORATE_SPLIT(refuse, int, long);

START_TEST(splits)
{
    pl_workers(2);
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    for (int workers = 1; workers <= 4; workers++) {
        PARALLEL_SCOPED parallel_results *r = parallel_split(twice, in, N, ON(_i), .max_workers = workers);
        PARALLEL_SCOPED parallel_results *m = parallel_map(twice, in, N, ON(_i), .max_workers = workers);
        for (int i = 0; i < N; i++) {
            ck_assert_int_eq(((const long *)parallel_values(r))[i], i * 2L);
            ck_assert_int_eq(((const long *)parallel_values(m))[i], i * 2L);
        }
    }
    PARALLEL_SCOPED parallel_results *s = parallel_split(refuse, in, N, ON(_i), .grain = 100, .silent = true);
    ck_assert_uint_eq(parallel_failures(s), 100); /* a chunk fails as a whole */
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(parallel_result_state(s, i), i / 100 == 2 ? PARALLEL_ERROR : PARALLEL_OK);
    ck_assert_str_eq(parallel_failed(s, 99)->message, "not 250");
    errno = 0;
    ck_assert_ptr_null(parallel_split(refuse, in, N, ON(_i), .grain = 100));
    ck_assert_int_eq(errno, EDOM);
    ck_assert_uint_eq(parallel_last_failure()->index, 200);
}
END_TEST

/* Larger than a page, and of a size that is no multiple of anything. */
struct large {
    int index;
    char bytes[9001];
};

static int enlarge(const struct large *arg, struct large *result, void *extras)
{
    (void)extras;
    result->index = arg->index + 1;
    for (size_t i = 0; i < sizeof arg->bytes; i++)
        result->bytes[i] = (char)(arg->bytes[i] + 1);
    return arg->index == 7 ? ERANGE : 0;
}
PARALLEL_DECORATE_TASK(enlarge, struct large, struct large);

START_TEST(large_structs)
{
    pl_workers(2);
    enum { COUNT = 40 };
    struct large *in = calloc(COUNT, sizeof *in), fill;
    memset(&fill, 'f', sizeof fill);
    for (int i = 0; i < COUNT; i++) {
        in[i].index = i;
        memset(in[i].bytes, i, sizeof in[i].bytes);
    }
    PARALLEL_SCOPED parallel_results *r = parallel_map(enlarge, in, COUNT, ON(_i), .silent = true);
    const struct large *out = parallel_values(r), zero = {0};
    for (int i = 0; i < COUNT; i++) {
        if (i == 7)
            ck_assert_mem_eq(&out[i], &zero, sizeof zero);
        else
            ck_assert_int_eq(out[i].index, i + 1);
        for (size_t k = 0; i != 7 && k < sizeof out[i].bytes; k++)
            ck_assert_int_eq(out[i].bytes[k], i + 1);
    }
    parallel_replace_failed(r, &fill);
    ck_assert_mem_eq(&out[7], &fill, sizeof fill);
    ck_assert_ptr_null(parallel_result(r, 7));
    ck_assert_int_eq(out[8].index, 9);
    free(in);
}
END_TEST

static uint64_t mix(uint64_t x)
{
    return (x ^ (x >> 7)) * 0x9e3779b97f4a7c15u;
}
PARALLEL_DECORATE(mix, uint64_t, uint64_t);

START_TEST(a_million)
{
    enum { MILLION = 1000000 };
    pl_workers(2);
    uint64_t *in = malloc(MILLION * sizeof *in);
    for (uint64_t i = 0; i < MILLION; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(mix, in, MILLION, ON(_i));
    ck_assert_int_eq(parallel_map_into(mix, in, MILLION, in, ON(_i)), 0);
    size_t wrong = 0;
    for (uint64_t i = 0; i < MILLION; i++)
        wrong += ((const uint64_t *)parallel_values(r))[i] != mix(i) || in[i] != mix(i);
    ck_assert_uint_eq(wrong, 0);
    free(in);
}
END_TEST

static int touch(const int *index, void *result, void *extras)
{
    (void)extras;
    if (result)
        return EINVAL;
    pl_add(&counts->runs[*index], 1);
    return *index == 13 ? ENOENT : 0;
}
PARALLEL_DECORATE_TASK(touch, int, void);

static int by_hand(const void *arg, void *result, void *extras)
{
    (void)extras;
    *(long *)result = *(const int *)arg * 4L;
    return *(const int *)arg == 13 ? parallel_fail(ENOENT, "by hand") : 0;
}

START_TEST(no_results_and_functions_by_hand)
{
    pl_workers(2);
    set_up();
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(touch, in, N, ON(_i), .silent = true);
    ck_assert_ptr_null(parallel_values(r));
    ck_assert_uint_eq(parallel_failures(r), 1);
    ck_assert_int_eq(parallel_result_state(r, 13), PARALLEL_ERROR);
    ck_assert_int_eq(parallel_map_into(touch, in, 13, (void *)NULL, ON(_i)), 0);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(pl_count(&counts->runs[i]), i < 13 ? 2 : 1);
    parallel_function f = {.name = "by hand", .arg_size = sizeof(int), .result_size = sizeof(long), .call = by_hand};
    parallel_options o = {.size = sizeof o, ON(_i), .silent = true};
    PARALLEL_SCOPED parallel_results *h = parallel_map_function(&f, in, N, &o);
    ck_assert_uint_eq(parallel_failures(h), 1);
    ck_assert_str_eq(parallel_failed(h, 0)->message, "by hand");
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(((const long *)parallel_values(h))[i], i == 13 ? 0 : i * 4L);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------------------------------- */

START_TEST(silent_failures_are_told)
{
    pl_workers(2);
    set_up();
    static char text[N][16];
    static const char *names[N];
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "job %d", i);
        names[i] = text[i];
        if (i % 7 == 3) {
            jobs[i].code = i + 1;
            jobs[i].message = i % 2     ? 20
                              : i == 10 ? 100000
                                        : 5000; /* and some that the ways between processes hold not */
        }
    }
    jobs[17].code = -5; /* without a message */
    PARALLEL_SCOPED parallel_results *r = parallel_map(perform, jobs, N, ON(_i), .silent = true, .names = names);
    ck_assert_ptr_nonnull(r);
    size_t k = 0;
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(pl_count(&counts->runs[i]), 1);
        ck_assert_int_eq(parallel_result_state(r, (size_t)i), jobs[i].code ? PARALLEL_ERROR : PARALLEL_OK);
        if (!jobs[i].code) {
            ck_assert_int_eq(*(const long *)parallel_get(r, text[i]), right_value(i));
            continue;
        }
        const parallel_failure *f = parallel_failed(r, k++);
        ck_assert_uint_eq(f->index, (size_t)i);
        ck_assert_str_eq(f->name, text[i]);
        ck_assert_int_eq(f->code, jobs[i].code);
        ck_assert_int_eq(f->signal, 0);
        ck_assert_uint_eq(f->attempts, 1);
        ck_assert_ptr_eq(f->arg, &jobs[i]);
        ck_assert_ptr_null(parallel_get(r, text[i]));
        if (jobs[i].message)
            ck_assert_uint_eq(strlen(f->message), jobs[i].message);
        for (size_t at = 0; at < jobs[i].message; at++)
            ck_assert_int_eq(f->message[at], letter(i, at));
    }
    ck_assert_uint_eq(parallel_failures(r), k);
    ck_assert_ptr_null(parallel_failed(r, k));
    ck_assert_ptr_null(parallel_last_failure());
    long value = -99;
    parallel_replace_failed(r, &value);
    ck_assert_int_eq(((const long *)parallel_values(r))[3], -99);
    ck_assert_int_eq(((const long *)parallel_values(r))[4], right_value(4));
}
END_TEST

static int third(const int *number, int *result, void *extras)
{
    (void)extras;
    *result = *number;
    return *number % 3 ? 0 : EDOM;
}
PARALLEL_DECORATE_TASK(third, int, int);

/* More pieces than can be on offer at once, each with something to tell. */
START_TEST(many_failures_in_small_pieces)
{
    enum { MANY = 4000 };
    pl_workers(2);
    static int in[MANY];
    for (int i = 0; i < MANY; i++)
        in[i] = i;
    for (int round = 0; round < 15; round++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(third, in, MANY, ON(_i), .grain = 1, .silent = true);
        ck_assert_ptr_nonnull(r);
        for (size_t i = 0; i < MANY; i++)
            ck_assert_msg(parallel_result_state(r, i) == (i % 3 ? PARALLEL_OK : PARALLEL_ERROR),
                          "round %d, task %zu: %d", round, i, (int)parallel_result_state(r, i));
    }
}
END_TEST

/* The lowest of those that ran is reported, and nothing runs twice. */
START_TEST(a_failure_ends_the_call)
{
    pl_workers(2);
    for (unsigned long long seed = 1; seed <= 20; seed++) {
        unsigned long long random = seed;
        set_up();
        for (int i = 0; i < N; i++)
            jobs[i].code = pl_random(&random) % 20 ? 0 : i + 1;
        jobs[400].code = 401;
        errno = 0;
        ck_assert_ptr_null(parallel_map(perform, jobs, N, ON(_i)));
        int error = errno, lowest = 0;
        while (pl_count(&counts->failed[lowest]) == 0)
            lowest++;
        const parallel_failure *f = parallel_last_failure();
        ck_assert_ptr_nonnull(f);
        ck_assert_msg(f->index == (size_t)lowest, "seed %llu: %zu, not %d", seed, f->index, lowest);
        ck_assert_int_eq(error, jobs[lowest].code);
        ck_assert_int_eq(f->code, error);
        ck_assert_int_eq(f->state, PARALLEL_ERROR);
        ck_assert_uint_eq(f->attempts, 1);
        for (int i = 0; i < N; i++)
            ck_assert_int_le(pl_count(&counts->runs[i]), 1);
    }
}
END_TEST

START_TEST(into_leaves_the_rest_alone)
{
    pl_workers(2);
    set_up();
    long out[N];
    memset(out, 0x11, sizeof out);
    long untouched = out[0];
    jobs[100].code = EDOM;
    errno = 0;
    ck_assert_int_eq(parallel_map_into(perform, jobs, N, out, ON(_i)), -1);
    ck_assert_int_eq(errno, EDOM);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(out[i], i == 100 ? 0 : pl_count(&counts->runs[i]) ? right_value(i) : untouched);
}
END_TEST

START_TEST(retries)
{
    pl_workers(2);
    set_up();
    for (int i = 0; i < N; i++)
        if (i % 9 == 0)
            jobs[i].code = EAGAIN, jobs[i].fails = 1 + i % 4;
    PARALLEL_SCOPED parallel_results *r = parallel_map(perform, jobs, N, ON(_i), .retries = 4);
    ck_assert_ptr_nonnull(r);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(*(const long *)parallel_result(r, (size_t)i), right_value(i));
        ck_assert_int_eq(pl_count(&counts->runs[i]), i % 9 ? 1 : 2 + i % 4);
    }
    set_up();
    jobs[0].code = jobs[300].code = EAGAIN;
    jobs[300].message = 30;
    PARALLEL_SCOPED parallel_results *s =
        parallel_map(perform, jobs, N, ON(_i), .retries = 2, .retry_delay = 0.02, .silent = true);
    ck_assert_uint_eq(parallel_failures(s), 2);
    for (size_t k = 0; k < 2; k++) {
        ck_assert_uint_eq(parallel_failed(s, k)->attempts, 3);
        ck_assert_int_eq(pl_count(&counts->runs[k * 300]), 3);
    }
    ck_assert_uint_eq(strlen(parallel_failed(s, 1)->message), 30);
    ck_assert_double_ge(counts->began[1] - counts->began[0], 0.01);
    ck_assert_double_ge(counts->began[2] - counts->began[1], 0.02);
    jobs[0].code = 0; /* of two, the first might be given up when the other has failed for good */
    errno = 0;
    ck_assert_ptr_null(parallel_map(perform, jobs, N, ON(_i), .retries = 1));
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_eq(parallel_last_failure()->attempts, 2);
}
END_TEST

/* So many runs; on processes fewer, if a worker's time was over before its task had begun. */
static bool has_run(int kind, int index, int times)
{
    int runs = pl_count(&counts->runs[index]);
    return runs == times || (kind < PROCESS_KINDS && runs < times);
}

/* Tasks that sleep; those on threads give up when they are asked to. */
START_TEST(timeouts)
{
    pl_workers(3);
    set_up();
    jobs[5].sleep = jobs[70].sleep = PL_LONG;
    PARALLEL_SCOPED parallel_results *r = parallel_map(perform, jobs, N, ON(_i), .timeout = 0.5, .silent = true);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(parallel_result_state(r, 5), PARALLEL_TIMED_OUT);
    ck_assert_int_eq(parallel_result_state(r, 70), PARALLEL_TIMED_OUT);
    for (size_t i = 0; i < N; i++) /* some may have been late where the machine had better to do */
        if (parallel_result_state(r, i) != PARALLEL_TIMED_OUT)
            ck_assert_int_eq(*(const long *)parallel_result(r, i), right_value((int)i));
    ck_assert_uint_lt(parallel_failures(r), N / 2);
    ck_assert_int_eq(parallel_failed(r, 0)->code, ETIMEDOUT);
    errno = 0;
    ck_assert_ptr_null(parallel_map(perform, jobs + 5, 1, ON(_i), .timeout = 0.02));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert(has_run(_i, 5, 2));
    PARALLEL_SCOPED parallel_results *again =
        parallel_map(perform, jobs + 5, 1, ON(_i), .timeout = 0.02, .retries = 2, .silent = true);
    ck_assert_uint_eq(parallel_failed(again, 0)->attempts, 3);
    ck_assert(has_run(_i, 5, 5));
    double all = _i < PROCESS_KINDS ? 0.3 : 0.05;
    PARALLEL_SCOPED parallel_results *c =
        parallel_map(perform, jobs, N, ON(_i), .call_timeout = all, .silent = true, .max_workers = 1);
    ck_assert_int_ne(parallel_result_state(c, 5), PARALLEL_OK);
    for (size_t i = 6; i < N; i++)
        ck_assert_int_eq(parallel_result_state(c, i), PARALLEL_NOT_RUN);
    errno = 0;
    ck_assert_ptr_null(parallel_map(perform, jobs, N, ON(_i), .call_timeout = 0.02));
    ck_assert_int_eq(errno, ETIMEDOUT);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, maps, 0, ALL_KINDS);
    tcase_add_loop_test(c, splits, 0, ALL_KINDS);
    tcase_add_loop_test(c, large_structs, 0, ALL_KINDS);
    tcase_add_loop_test(c, a_million, 0, ALL_KINDS);
    tcase_add_loop_test(c, no_results_and_functions_by_hand, 0, ALL_KINDS);
    tcase_add_loop_test(c, silent_failures_are_told, 0, ALL_KINDS);
    tcase_add_loop_test(c, many_failures_in_small_pieces, 0, ALL_KINDS);
    tcase_add_loop_test(c, a_failure_ends_the_call, 0, ALL_KINDS);
    tcase_add_loop_test(c, into_leaves_the_rest_alone, 0, ALL_KINDS);
    tcase_add_loop_test(c, retries, 0, ALL_KINDS);
    tcase_add_loop_test(c, timeouts, 0, ALL_KINDS);
    return pl_run("api/processes", c);
}
