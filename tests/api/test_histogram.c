/* SPDX-License-Identifier: MIT */
/* Histograms: each against the loop that it equals; keys out of range; keys that fail. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"
#include "support/process.h"
#include "support/sanitizers.h"

static const size_t sizes[] = {
    0,       1, 2, 3, 4, 5, 17, 100, 1000, 1023, 1024, 1025, 4096, 4097, 16385, 65537,
#if !PL_TSAN /* they would take minutes */
    100003,
#endif
#if !PL_SANITIZED
    1000003,
#endif
};
static const size_t bins[] = {1, 2, 3, 100, 256, 257, 1024, 1025, 4096, 65537, 1000003};
enum { SIZES = sizeof sizes / sizeof sizes[0], BINS = sizeof bins / sizeof bins[0] };

static size_t k;

#define KEY(type)                                                                                                      \
    static type key_##type(unsigned x)                                                                                 \
    {                                                                                                                  \
        return (type)(x % k);                                                                                          \
    }                                                                                                                  \
    PARALLEL_DECORATE(key_##type, unsigned, type);
KEY(int8_t)
KEY(int16_t)
KEY(int32_t)
KEY(int64_t)
KEY(uint8_t)
KEY(uint16_t)
KEY(uint32_t)
KEY(uint64_t)

static bool key_bool(unsigned x)
{
    return x % k;
}
PARALLEL_DECORATE(key_bool, unsigned, bool);

static unsigned *make_numbers(size_t n)
{
    unsigned *x = malloc((n + 1) * sizeof *x);
    unsigned long long state = 88172645463325252u;
    for (size_t i = 0; i < n; i++)
        x[i] = (unsigned)(pl_random(&state) >> 20);
    return x;
}

/* In both kinds of counts, which do not begin at 0. */
#define CHECK_KEY(type, most)                                                                                          \
    if (k - 1 <= (most)) {                                                                                             \
        for (size_t i = 0; i < k; i++)                                                                                 \
            large[i] = small[i] = (uint32_t)i;                                                                         \
        ck_assert_int_eq(parallel_histogram(key_##type, x, n, large, k), 0);                                           \
        ck_assert_int_eq(parallel_histogram(key_##type, (const unsigned *)x, n, small, k), 0);                         \
        for (size_t i = 0; i < k; i++)                                                                                 \
            ck_assert_msg(large[i] == expected[i] && small[i] == expected[i], #type ", n = %zu, k = %zu", n, k);       \
    }

static void check_bins(const unsigned *x, size_t n)
{
    size_t *large = malloc(k * sizeof *large), *expected = malloc(k * sizeof *expected);
    uint32_t *small = malloc(k * sizeof *small);
    for (size_t i = 0; i < k; i++)
        expected[i] = i;
    for (size_t i = 0; i < n; i++)
        expected[x[i] % k]++;
    CHECK_KEY(int8_t, INT8_MAX)
    CHECK_KEY(int16_t, INT16_MAX)
    CHECK_KEY(int32_t, INT32_MAX)
    CHECK_KEY(int64_t, INT32_MAX)
    CHECK_KEY(uint8_t, UINT8_MAX)
    CHECK_KEY(uint16_t, UINT16_MAX)
    CHECK_KEY(uint32_t, INT32_MAX)
    CHECK_KEY(uint64_t, INT32_MAX)
    CHECK_KEY(bool, 1)
    free(large);
    free(small);
    free(expected);
}

START_TEST(keys_of_all_types)
{
    size_t n = sizes[_i];
    unsigned *x = make_numbers(n);
    for (int b = 0; b < BINS; b++) {
        k = bins[b];
        check_bins(x, n);
        if (n < 5000)
            check_bins(x, n); /* what keys cost is known now */
    }
    free(x);
}
END_TEST

/* ---- the same whoever does it ------------------------------------------------------------------------------------ */

static int key_task(const unsigned *x, int *key, void *extras)
{
    (void)extras;
    *key = (int)(*x % k);
    return 0;
}
PARALLEL_DECORATE_TASK(key_task, unsigned, int);

static void check_with(const parallel_function *f, const unsigned *x, size_t n, parallel_options o)
{
    size_t *counts = calloc(k, sizeof *counts);
    o.size = sizeof o;
    ck_assert_int_eq(parallel_histogram_function(f, PARALLEL_KEY_INT32, x, n, counts, sizeof *counts, k, &o), 0);
    for (size_t i = 0; i < n; i++)
        counts[x[i] % k]--;
    for (size_t i = 0; i < k; i++)
        ck_assert_uint_eq(counts[i], 0);
    free(counts);
}

struct nested {
    const parallel_function *f;
    const unsigned *x;
    size_t n;
};

static void count_nested(size_t begin, size_t end, void *ctx)
{
    const struct nested *c = ctx;
    for (; begin < end; begin++)
        check_with(c->f, c->x, c->n, (parallel_options){.grain = 1});
}

START_TEST(whoever_does_it)
{
    static const parallel_function *const functions[] = {&key_int32_t__parallel, &key_task__parallel};
    size_t n = sizes[_i];
    unsigned *x = make_numbers(n);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    for (int b = 0; b < BINS; b += 3) {
        k = bins[b];
        for (int which = 0; which < 2; which++) {
            const parallel_function *f = functions[which];
            for (int workers = 1; workers <= 64; workers *= 8)
                check_with(f, x, n, (parallel_options){.max_workers = workers});
            check_with(f, x, n, (parallel_options){.pool = pool, .grain = 3});
            check_with(f, x, n, (parallel_options){.pool = pool, .call_timeout = 1e6});
            check_with(f, x, n, (parallel_options){.executor = PARALLEL_SERIAL});
            struct nested c = {f, x, n};
            ck_assert_int_eq(parallel_for(4, count_nested, &c, .pool = pool, .grain = 1), 0);
            if (n == 4096)
                check_with(f, x, n, (parallel_options){.executor = PARALLEL_PROCESS, .max_workers = 2});
        }
    }
    free(x);
}
END_TEST

/* ---- out of range
 * --------------------------------------------------------------------------------------------------- */

static int itself(int x)
{
    return x;
}
PARALLEL_DECORATE(itself, int, int);

static int itself_task(const int *x, int *key, void *extras)
{
    (void)extras;
    *key = *x;
    return *x == 77 ? EIO : 0;
}
PARALLEL_DECORATE_TASK(itself_task, int, int);

static const parallel_function *const itselves[] = {&itself__parallel, &itself_task__parallel};

static void check_range(int *x, size_t n, size_t first, size_t limit)
{
    size_t *counts = calloc(limit + 1, sizeof *counts);
    for (int which = 0; which < 2; which++)
        for (int times = 0; times < 3; times++) {
            errno = 0;
            ck_assert_int_eq(parallel_histogram_function(itselves[which], PARALLEL_KEY_INT32, x, n, counts,
                                                         sizeof *counts, limit, NULL),
                             -1);
            ck_assert_int_eq(errno, ERANGE);
            const parallel_failure *f = parallel_last_failure();
            ck_assert(f && f->index == first && f->arg == &x[first] && f->code == ERANGE && f->message);
            for (size_t i = 0; i <= limit; i++)
                ck_assert_uint_eq(counts[i], 0);
        }
    free(counts);
}

START_TEST(keys_out_of_range)
{
    static const size_t limits[] = {0, 1, 50, 3000, 1000003};
    size_t n = sizes[_i];
    int *x = calloc(n + 1, sizeof *x);
    for (int l = 0; l < 5 && n; l++)
        for (size_t at = 0; at < n; at += n / 3 + 1) {
            for (size_t i = 0; i < n; i++)
                x[i] = limits[l] ? (int)(i % (limits[l] < 70 ? limits[l] : 70)) : 0;
            for (size_t i = at; i < n; i += n / 5 + 1)
                x[i] = i % 2 ? -1 - (int)i : (int)limits[l];
            check_range(x, n, limits[l] ? at : 0, limits[l]);
        }
    free(x);
}
END_TEST

START_TEST(failures)
{
    enum { N = 100003 };
    int *x = calloc(N, sizeof *x);
    size_t counts[101] = {0};
    for (int i = 0; i < N; i++)
        x[i] = i % 77;
    x[70000] = x[90000] = 77;
    errno = 0;
    ck_assert_int_eq(parallel_histogram(itself_task, x, N, counts, 100), -1);
    size_t first = parallel_last_failure()->index;
    ck_assert(errno == EIO && (first == 70000 || first == 90000) && counts[0] == 0 && counts[5] == 0);
    errno = 0;
    ck_assert_int_eq(parallel_histogram(itself_task, x, N, counts, 100, .silent = true), -1);
    ck_assert(errno == EIO && parallel_last_failure()->index == 70000 && counts[77] == 0);
    size_t sum = 0;
    for (int i = 0; i < 101; i++)
        sum += counts[i];
    ck_assert_uint_eq(sum, N - 2);
    x[95000] = 100;
    memset(counts, 0, sizeof counts);
    errno = 0;
    ck_assert_int_eq(parallel_histogram(itself_task, x, N, counts, 100, .silent = true), -1);
    ck_assert(errno == ERANGE && parallel_last_failure()->index == 95000 && counts[0] == 0);
    free(x);
}
END_TEST

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    last_done = done;
    last_total = total;
}

static int slow_key(int x)
{
    pl_test_sleep(100);
    return x;
}
PARALLEL_DECORATE(slow_key, int, int);

static double as_double(int x)
{
    return x;
}
PARALLEL_DECORATE(as_double, int, double);

START_TEST(options)
{
    static int x[20000];
    const char *names[1] = {"a"};
    size_t counts[1] = {0};
    for (size_t n = 1; n <= 20000; n *= 20) {
        ck_assert_int_eq(parallel_histogram(itself, x, n, counts, 1, .progress = note_progress), 0);
        ck_assert(last_done == n && last_total == n);
    }
    counts[0] = 0;
    errno = 0;
    ck_assert_int_eq(parallel_histogram(slow_key, x, 20000, counts, 1, .call_timeout = 0.02), -1);
    ck_assert(errno == ETIMEDOUT && counts[0] == 0);
    ck_assert_int_eq(parallel_histogram(itself, x, 1, counts, 1, .names = names), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_histogram(itself, x, 0, counts, 1, .max_workers = -1), -1);
    ck_assert_int_eq(parallel_histogram(itself, x, 0, counts, 0), 0);
    ck_assert_int_eq(parallel_histogram_function(&itself__parallel, PARALLEL_KEY_INT32, x, 1, counts, 2, 1, NULL), -1);
    ck_assert_int_eq(parallel_histogram_function(&itself__parallel, PARALLEL_KEY_INT64, x, 1, counts, 8, 1, NULL), -1);
    ck_assert_int_eq(parallel_histogram_function(&itself__parallel, PARALLEL_KEY_FLOAT, x, 1, counts, 8, 1, NULL), -1);
    ck_assert_int_eq(parallel_histogram_function(&as_double__parallel, PARALLEL_KEY_DOUBLE, x, 1, counts, 8, 1, NULL),
                     -1);
    ck_assert_int_eq(parallel_histogram_function(&itself__parallel, PARALLEL_KEY_INT32, x, 1, NULL, 8, 1, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_uint_eq(counts[0], 0);
}
END_TEST

/* Keys are kept where tables would be large; wherever a call ends too early, counts are what they were. */
START_TEST(calls_of_many_bins_that_end_early)
{
    enum { N = 1 << 20, BINS_OF_MANY = 1 << 22 };
    int *x = malloc(N * sizeof *x);
    uint32_t *counts = calloc(BINS_OF_MANY, sizeof *counts), *before = malloc(BINS_OF_MANY * sizeof *before);
    unsigned long long state = 88172645463325252u;
    ck_assert(x && counts && before);
    for (size_t i = 0; i < N; i++)
        x[i] = (int)(pl_random(&state) % BINS_OF_MANY);
    for (double seconds = 0.0005; seconds < 0.06; seconds *= 1.2) {
        memcpy(before, counts, BINS_OF_MANY * sizeof *before);
        int result = parallel_histogram(itself, x, N, counts, BINS_OF_MANY, .call_timeout = seconds);
        ck_assert(result == 0 || errno == ETIMEDOUT);
        for (size_t i = 0; result == 0 && i < N; i++)
            before[x[i]]++;
        ck_assert_msg(memcmp(before, counts, BINS_OF_MANY * sizeof *before) == 0, "%g seconds: %d", seconds, result);
    }
    free(x);
    free(counts);
    free(before);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, keys_of_all_types, 0, SIZES);
    tcase_add_loop_test(c, whoever_does_it, 0, SIZES);
    tcase_add_loop_test(c, keys_out_of_range, 0, SIZES);
    tcase_add_test(c, failures);
    tcase_add_test(c, options);
    tcase_add_test(c, calls_of_many_bins_that_end_early);
    return pl_run("api/histogram", c);
}
