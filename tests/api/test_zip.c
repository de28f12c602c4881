/* SPDX-License-Identifier: MIT */
/* parallel_zip_map_into: maps over two arrays equal the loop over both. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "support/test.h"

enum { MOST = 100003 };

static double scaled_sum(double x, double y)
{
    return 2 * x + y;
}
PARALLEL_DECORATE_ZIP(scaled_sum, double, double, double);

struct pair {
    int32_t a;
    double b;
};

static struct pair paired(int32_t a, double b)
{
    return (struct pair){a, b};
}
PARALLEL_DECORATE_ZIP(paired, int32_t, double, struct pair);

static int compared(struct pair x, struct pair y)
{
    return (x.a > y.a) - (x.a < y.a) + (x.b > y.b) - (x.b < y.b);
}
PARALLEL_DECORATE_ZIP(compared, struct pair, struct pair, int, .max_workers = 3);

static const char *later(const char *s, size_t offset)
{
    return s + offset;
}
PARALLEL_DECORATE_ZIP(later, const char *, size_t, const char *);

static double x[MOST], y[MOST], out[MOST + 1];

static void fill(void)
{
    for (int i = 0; i < MOST; i++) {
        x[i] = i;
        y[i] = 1000000 - i;
        out[i] = -1;
    }
    out[MOST] = -1;
}

/* How many are wrong; what lies beyond is to be as it was. */
static size_t wrong_sums(size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i <= MOST; i++)
        wrong += out[i] != (i < n ? 1000000 + (double)i : -1);
    return wrong;
}

static const size_t sizes[] = {0, 1, 2, 3, 7, 31, 127, 509, 1021, 4099, 65537, MOST};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(equals_the_loop)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < SIZES; k++) {
            fill();
            ck_assert_int_eq(parallel_zip_map_into(scaled_sum, x, y, sizes[k], out), 0);
            ck_assert_msg(wrong_sums(sizes[k]) == 0, "n = %zu", sizes[k]);
        }
    }
}
END_TEST

START_TEST(equals_it_with_options)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    for (int k = 0; k < SIZES; k++) {
        size_t n = sizes[k];
        const double *a = x, *b = y;
        fill();
        ck_assert_int_eq(parallel_zip_map_into(scaled_sum, a, b, n, out, .pool = pool), 0);
        ck_assert_uint_eq(wrong_sums(n), 0);
        fill();
        ck_assert_int_eq(parallel_zip_map_into(scaled_sum, a, b, n, out, .max_workers = 5, .grain = 7), 0);
        ck_assert_uint_eq(wrong_sums(n), 0);
        fill();
        ck_assert_int_eq(parallel_zip_map_into(scaled_sum, a, b, n, out, .call_timeout = 1000), 0);
        ck_assert_uint_eq(wrong_sums(n), 0);
        fill();
        ck_assert_int_eq(parallel_zip_map_into(scaled_sum, a, b, n, out, .executor = PARALLEL_SERIAL), 0);
        ck_assert_uint_eq(wrong_sums(n), 0);
    }
}
END_TEST

/* `out` is the first array, the second, and both. */
START_TEST(into_one_of_its_arrays)
{
    pl_workers(pl_worker_counts[_i]);
    const struct {
        const double *a, *b;
        double *out;
    } calls[] = {{x, y, x}, {x, y, y}, {x, x, x}};
    for (int k = 0; k < SIZES; k++) {
        for (int c = 0; c < 3; c++) {
            size_t n = sizes[k], wrong = 0;
            fill();
            ck_assert_int_eq(parallel_zip_map_into(scaled_sum, calls[c].a, calls[c].b, n, calls[c].out), 0);
            for (size_t i = 0; i < MOST; i++) {
                double first = (double)i, second = c == 2 ? first : 1000000 - first, old = c == 1 ? second : first;
                wrong += calls[c].out[i] != (i < n ? 2 * first + second : old);
            }
            ck_assert_msg(wrong == 0, "n = %zu, way %d: %zu are wrong", n, c, wrong);
        }
    }
}
END_TEST

START_TEST(types_of_all_kinds)
{
    pl_workers(pl_worker_counts[_i]);
    static int32_t numbers[MOST];
    static struct pair pairs[MOST], others[MOST];
    static int order[MOST];
    fill();
    for (int i = 0; i < MOST; i++)
        numbers[i] = -i;
    ck_assert_int_eq(parallel_zip_map_into(paired, numbers, x, MOST, pairs), 0);
    ck_assert_int_eq(parallel_zip_map_into(paired, numbers, y, MOST, others), 0);
    ck_assert_int_eq(parallel_zip_map_into(compared, pairs, others, MOST, order), 0);
    size_t wrong = 0;
    for (int i = 0; i < MOST; i++)
        wrong += pairs[i].a != -i || pairs[i].b != i || order[i] != (x[i] > y[i]) - (x[i] < y[i]);
    ck_assert_uint_eq(wrong, 0);
    const char *texts[] = {"abc", "de", "f"};
    size_t offsets[] = {2, 1, 0};
    ck_assert_int_eq(parallel_zip_map_into(later, texts, offsets, 3, texts), 0);
    ck_assert_str_eq(texts[0], "c");
    ck_assert_str_eq(texts[1], "e");
    ck_assert_str_eq(texts[2], "f");
}
END_TEST

static double nested_sum(double a, double b)
{
    double as[100], bs[100], sums[100], total = 0;
    for (int i = 0; i < 100; i++) {
        as[i] = a + i;
        bs[i] = b;
    }
    if (parallel_zip_map_into(scaled_sum, as, bs, 100, sums) != 0)
        return -1;
    for (int i = 0; i < 100; i++)
        total += sums[i];
    return total;
}
PARALLEL_DECORATE_ZIP(nested_sum, double, double, double);

START_TEST(nested_maps)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 5; round++) {
        fill();
        ck_assert_int_eq(parallel_zip_map_into(nested_sum, x, y, 1009, out), 0);
        size_t wrong = 0;
        for (int i = 0; i < 1009; i++)
            wrong += out[i] != 100 * (2 * x[i] + y[i]) + 2 * 4950;
        ck_assert_uint_eq(wrong, 0);
    }
}
END_TEST

static double dawdling(double a, double b)
{
    pl_test_sleep(2000);
    return a + b;
}
PARALLEL_DECORATE_ZIP(dawdling, double, double, double);

START_TEST(a_late_call_ends)
{
    pl_workers(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_int_eq(parallel_zip_map_into(dawdling, x, y, MOST, out, .call_timeout = 0.05), -1);
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

START_TEST(progress_counts_items)
{
    pl_workers(pl_worker_counts[_i]);
    fill();
    ck_assert_int_eq(parallel_zip_map_into(scaled_sum, x, y, 1009, out, .progress = note_progress), 0);
    ck_assert_uint_eq(wrong_sums(1009), 0);
    ck_assert_uint_eq(last_done, 1009);
    ck_assert_uint_eq(last_total, 1009);
}
END_TEST

/* ---- errors, and functions known at run time ------------------------------------------------------------- */

static void refused(const parallel_zip *zip, const double *a, const double *b, double *to,
                    const parallel_options *options, int error)
{
    errno = 0;
    ck_assert_int_eq(parallel_zip_map_into_function(zip, a, b, 10, to, options), -1);
    ck_assert_int_eq(errno, error);
}

START_TEST(what_is_refused)
{
    pl_workers(pl_worker_counts[_i]);
    fill();
    const parallel_zip *zip = &scaled_sum__parallel_zip;
    const char *names[10] = {"a"};
    refused(NULL, x, y, out, NULL, EINVAL);
    refused(zip, NULL, y, out, NULL, EINVAL);
    refused(zip, x, NULL, out, NULL, EINVAL);
    refused(zip, x, y, NULL, NULL, EINVAL);
    refused(zip, x, y, out, &(parallel_options){.names = names}, EINVAL);
    refused(zip, x, y, out, &(parallel_options){.timeout = 1}, EINVAL);
    refused(zip, x, y, out, &(parallel_options){.retries = 1}, EINVAL);
    refused(zip, x, y, out, &(parallel_options){.executor = PARALLEL_PROCESS}, ENOTSUP);
    errno = 0;
    ck_assert_int_eq(parallel_zip_map_into(scaled_sum, x, y, (size_t)-1, out), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_uint_eq(wrong_sums(0), 0);
    ck_assert_int_eq(parallel_zip_map_into_function(zip, NULL, NULL, 0, NULL, NULL), 0);
}
END_TEST

static void scaled_sum_call(const void *a, const void *b, void *result)
{
    *(double *)result = scaled_sum(*(const double *)a, *(const double *)b);
}

static void paired_call(const void *a, const void *b, void *result)
{
    *(struct pair *)result = paired(*(const int32_t *)a, *(const double *)b);
}

START_TEST(sizes_filled_by_hand)
{
    pl_workers(pl_worker_counts[_i]);
    static int32_t numbers[MOST];
    static struct pair pairs[MOST];
    const parallel_zip zip = {.name = "paired",
                              .a_size = sizeof(int32_t),
                              .b_size = sizeof(double),
                              .result_size = sizeof(struct pair),
                              .call = paired_call};
    fill();
    for (int i = 0; i < MOST; i++)
        numbers[i] = -i;
    ck_assert_int_eq(parallel_zip_map_into_function(&zip, numbers, y, MOST, pairs, NULL), 0);
    size_t wrong = 0;
    for (int i = 0; i < MOST; i++)
        wrong += pairs[i].a != -i || pairs[i].b != y[i];
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(functions_filled_by_hand)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_zip zip = {"scaled_sum", 0,   sizeof(double), sizeof(double), sizeof(double), scaled_sum_call, NULL,
                        NULL,         NULL};
    for (int k = 0; k < SIZES; k++) {
        fill();
        ck_assert_int_eq(parallel_zip_map_into_function(&zip, x, y, sizes[k], out, NULL), 0);
        ck_assert_uint_eq(wrong_sums(sizes[k]), 0);
    }
    zip.options = &(const parallel_options){.max_workers = -1}; /* lies beyond `call`, and is not looked at */
    ck_assert_int_eq(parallel_zip_map_into_function(&zip, x, y, 10, out, NULL), 0);
    zip.size = sizeof zip;
    refused(&zip, x, y, out, NULL, EINVAL);
    zip.options = NULL;
    zip.result_size = 0;
    refused(&zip, x, y, out, NULL, EINVAL);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, equals_the_loop, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, equals_it_with_options, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, into_one_of_its_arrays, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, types_of_all_kinds, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nested_maps, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_late_call_ends, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, progress_counts_items, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, what_is_refused, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, sizes_filled_by_hand, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, functions_filled_by_hand, 0, PL_WORKER_COUNTS);
    return pl_run("api/zip", c);
}
