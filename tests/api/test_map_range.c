/* SPDX-License-Identifier: MIT */
/* parallel_map_range: maps over integers equal those over arrays of them. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "support/test.h"

enum { MOST = 100003 };

static long long odd_square(long long x)
{
    unsigned long long y = (unsigned long long)x; /* whose product may be too large */
    return (long long)(y * y + 1);
}
PARALLEL_DECORATE(odd_square, long long, long long);

static int low_bits(uint8_t x)
{
    return x;
}
PARALLEL_DECORATE(low_bits, uint8_t, int);

static int with_sign(signed char x)
{
    return x;
}
PARALLEL_DECORATE(with_sign, signed char, int);

static int middle(short x)
{
    return x;
}
PARALLEL_DECORATE(middle, short, int);

static unsigned mix(unsigned x)
{
    return (x ^ x >> 3) * 2654435761u;
}
PARALLEL_DECORATE(mix, unsigned, unsigned);

static double half(ptrdiff_t x)
{
    return (double)x / 2;
}
PARALLEL_DECORATE(half, ptrdiff_t, double, .max_workers = 3);

/* The same by a serial loop. */
#define EQUALS(fn, begin, out)                                                                                         \
    do {                                                                                                               \
        size_t wrong = 0;                                                                                              \
        for (ptrdiff_t i = 0; i < n; i++)                                                                              \
            wrong += (out)[i] != fn((fn##__parallel_arg)((begin) + i));                                                \
        ck_assert_msg(wrong == 0, #fn "(%td...), n = %td: %zu are wrong", (ptrdiff_t)(begin), n, wrong);               \
    } while (0)

#define MAPS(fn, begin) MAPS_WITH(fn, begin, )
#define MAPS_WITH(fn, begin, options)                                                                                  \
    do {                                                                                                               \
        fn##__parallel_result *out = malloc((size_t)(n + 1) * sizeof *out);                                            \
        memset(out, 0x5a, (size_t)(n + 1) * sizeof *out);                                                              \
        fn##__parallel_result guard = out[n];                                                                          \
        ck_assert_int_eq(parallel_map_range_into(fn, begin, (begin) + n, out options), 0);                             \
        EQUALS(fn, begin, out);                                                                                        \
        ck_assert(memcmp(&guard, &out[n], sizeof guard) == 0);                                                         \
        free(out);                                                                                                     \
        PARALLEL_SCOPED parallel_results *r = parallel_map_range(fn, begin, (begin) + n options);                      \
        ck_assert_ptr_nonnull(r);                                                                                      \
        ck_assert_uint_eq(parallel_length(r), (size_t)n);                                                              \
        const fn##__parallel_result *values = parallel_values(r);                                                      \
        EQUALS(fn, begin, values);                                                                                     \
    } while (0)

static const ptrdiff_t sizes[] = {0, 1, 2, 3, 7, 127, 511, 512, 513, 1024, 1031, 4095, 4096, 4099, 65537, MOST};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(equals_the_loop)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < SIZES; k++) {
            ptrdiff_t n = sizes[k];
            MAPS(odd_square, 0);
            MAPS(odd_square, -n / 2);
            MAPS(odd_square, -n - 5000000000);
            MAPS(low_bits, -3);
            MAPS(low_bits, 250);
            MAPS(with_sign, -100);
            MAPS(middle, 32000);
            MAPS(mix, -5);
            MAPS(half, 17 - n);
        }
    }
}
END_TEST

/* Options follow a comma. */
#define COMMA ,
START_TEST(equals_it_with_options)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    for (int k = 0; k < SIZES; k++) {
        ptrdiff_t n = sizes[k];
        MAPS_WITH(odd_square, -4, COMMA.pool = pool);
        MAPS_WITH(mix, 5, COMMA.max_workers = 5 COMMA.grain = 100);
        MAPS_WITH(low_bits, 5, COMMA.call_timeout = 1000);
        MAPS_WITH(with_sign, 5, COMMA.executor = PARALLEL_SERIAL);
        MAPS_WITH(half, 5, COMMA.retries = 2);
    }
    ptrdiff_t n = 1009;
    MAPS_WITH(middle, -500, COMMA.executor = PARALLEL_PROCESS COMMA.max_workers = 2);
}
END_TEST

START_TEST(the_ends_of_the_integers)
{
    pl_workers(pl_worker_counts[_i]);
    ptrdiff_t n = 5000;
    MAPS(half, PTRDIFF_MIN);
    MAPS(half, PTRDIFF_MAX - n);
    MAPS(mix, PTRDIFF_MAX - n);
}
END_TEST

/* ---- effects, nesting ------------------------------------------------------------------------------------ */

static atomic_uchar covered[MOST];

static void cover(int x)
{
    atomic_fetch_add_explicit(&covered[x + 50], 1, memory_order_relaxed);
}
PARALLEL_DECORATE(cover, int, void);

START_TEST(functions_without_results)
{
    pl_workers(pl_worker_counts[_i]);
    for (int k = 0; k < SIZES; k++) {
        int n = (int)sizes[k];
        ck_assert_int_eq(parallel_map_range_into(cover, -50, n - 50, NULL), 0);
        ck_assert_int_eq(parallel_map_range_into(cover, -50, n - 50, NULL, .max_workers = 4), 0);
        PARALLEL_SCOPED parallel_results *r = parallel_map_range(cover, -50, n - 50);
        ck_assert_uint_eq(parallel_length(r), (size_t)n);
        size_t wrong = 0;
        for (int i = 0; i < MOST; i++)
            wrong += atomic_exchange_explicit(&covered[i], 0, memory_order_relaxed) != (i < n ? 3 : 0);
        ck_assert_uint_eq(wrong, 0);
    }
}
END_TEST

static long long triangle(int rows)
{
    long long squares[64], total = 0;
    if (rows > 64 || parallel_map_range_into(odd_square, 0, rows, squares) != 0)
        return -1;
    for (int i = 0; i < rows; i++)
        total += squares[i];
    return total;
}
PARALLEL_DECORATE(triangle, int, long long);

START_TEST(nested_maps)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 50; round++) {
        ptrdiff_t n = 65;
        MAPS(triangle, 0);
    }
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------------------- */

static int no_sevens(const int *x, int *result, void *extras)
{
    if (*x % 7 == 0)
        return parallel_fail(EDOM, "%d", *x);
    *result = *x * (extras ? *(int *)extras : 1);
    return 0;
}
PARALLEL_DECORATE_TASK(no_sevens, int, int);

START_TEST(failures_count_from_the_begin)
{
    pl_workers(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_ptr_null(parallel_map_range(no_sevens, 1, 1000));
    ck_assert_int_eq(errno, EDOM);
    const parallel_failure *failure = parallel_last_failure();
    ck_assert_ptr_nonnull(failure);
    ck_assert_uint_eq((failure->index + 1) % 7, 0);
    ck_assert_ptr_null(failure->arg);

    int factor = 3;
    PARALLEL_SCOPED parallel_results *r = parallel_map_range(no_sevens, -13, 14, .silent = true, .extras = &factor);
    ck_assert_uint_eq(parallel_failures(r), 3);
    for (size_t k = 0; k < 3; k++) {
        failure = parallel_failed(r, k);
        ck_assert_uint_eq(failure->index, 6 + 7 * k);
        ck_assert_str_eq(failure->message, ((const char *[]){"-7", "0", "7"})[k]);
        ck_assert_ptr_null(failure->arg);
    }
    ck_assert_int_eq(*(const int *)parallel_result(r, 26), 39);
    int out[27];
    errno = 0;
    ck_assert_int_eq(parallel_map_range_into(no_sevens, -13, 14, out, .silent = true), -1);
    ck_assert_int_eq(errno, EDOM);
    ck_assert_uint_eq(parallel_last_failure()->index, 6);
    ck_assert_int_eq(out[0], -13);
    ck_assert_int_eq(out[6], 0);
    ck_assert_int_eq(out[26], 13);
}
END_TEST

START_TEST(names_count_from_the_begin)
{
    pl_workers(pl_worker_counts[_i]);
    const char *names[] = {"eight", "nine", "ten"};
    PARALLEL_SCOPED parallel_results *r = parallel_map_range(no_sevens, 8, 11, .names = names);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(*(const int *)parallel_get(r, "ten"), 10);
}
END_TEST

static int wait_long(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = *x;
    return parallel_sleep(1000) ? errno : 0;
}
PARALLEL_DECORATE_TASK(wait_long, int, int);

START_TEST(a_late_call_ends)
{
    pl_workers(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_ptr_null(parallel_map_range(wait_long, 0, 100, .call_timeout = 0.05));
    ck_assert_int_eq(errno, ETIMEDOUT);
}
END_TEST

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    last_done = done;
    last_total = total;
}

START_TEST(progress_counts_integers)
{
    pl_workers(pl_worker_counts[_i]);
    ptrdiff_t n = 1013;
    MAPS_WITH(odd_square, 1000, COMMA.progress = note_progress);
    ck_assert_uint_eq(last_done, 1013);
    ck_assert_uint_eq(last_total, 1013);
}
END_TEST

/* ---- errors ---------------------------------------------------------------------------------------------- */

static void refused(const parallel_function *f, ptrdiff_t begin, ptrdiff_t end, const parallel_options *options,
                    int error)
{
    long long out[10];
    errno = 0;
    ck_assert_ptr_null(parallel_map_range_function(f, begin, end, options));
    ck_assert_int_eq(errno, error);
    errno = 0;
    ck_assert_int_eq(parallel_map_range_into_function(f, begin, end, out, options), -1);
    ck_assert_int_eq(errno, error);
    ck_assert_ptr_null(parallel_last_failure());
}

START_TEST(what_is_refused)
{
    pl_workers(pl_worker_counts[_i]);
    refused(NULL, 0, 5, NULL, EINVAL);
    refused(&odd_square__parallel, 1, 0, NULL, EINVAL);
    refused(&odd_square__parallel, PTRDIFF_MAX, PTRDIFF_MIN, NULL, EINVAL);
    refused(&odd_square__parallel, PTRDIFF_MIN, 0, NULL, EINVAL);
    refused(&odd_square__parallel, -1, PTRDIFF_MAX, NULL, EINVAL);
    refused(&odd_square__parallel, 0, PTRDIFF_MAX, NULL, ENOMEM);
    refused(&odd_square__parallel, 0, 5, &(parallel_options){.max_workers = -1}, EINVAL);
    refused(&odd_square__parallel, 0, 5, &(parallel_options){.deferred = true}, EINVAL);
    parallel_function f = odd_square__parallel;
    f.arg_size = 3;
    refused(&f, 0, 5, NULL, EINVAL);
    f.arg_size = 16;
    refused(&f, 0, 5, NULL, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_map_range_into(odd_square, 0, 5, (long long *)NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_map_range_into(odd_square, 5, 5, (long long *)NULL), 0);
}
END_TEST

static int add_one(const void *arg, void *result, void *extras)
{
    (void)extras;
    *(int *)result = *(const int *)arg + 1;
    return 0;
}

START_TEST(functions_filled_by_hand)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_function f = {.name = "add_one", .arg_size = sizeof(int), .result_size = sizeof(int), .call = add_one};
    PARALLEL_SCOPED parallel_results *r = parallel_map_range_function(&f, -5, 5, NULL);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], i - 4);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, equals_the_loop, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, equals_it_with_options, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_ends_of_the_integers, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, functions_without_results, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nested_maps, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, failures_count_from_the_begin, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, names_count_from_the_begin, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_late_call_ends, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, progress_counts_integers, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, what_is_refused, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, functions_filled_by_hand, 0, PL_WORKER_COUNTS);
    return pl_run("api/map_range", c);
}
