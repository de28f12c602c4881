/* SPDX-License-Identifier: MIT */
/* parallel_loop: loops whose bodies have captures run each iteration once, with these captures. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "support/test.h"

enum { MOST = 100000 };

static atomic_uchar covered[MOST];
static atomic_int bad, calls;
static atomic_ullong sum;

static void add(atomic_int *to, int number)
{
    atomic_fetch_add_explicit(to, number, memory_order_relaxed);
}

/* How many indices of [0, MOST) were not met as often as they are in [begin, end); forgets what was. */
static size_t wrongly_covered(ptrdiff_t begin, ptrdiff_t end)
{
    size_t wrong = 0;
    for (ptrdiff_t i = 0; i < MOST; i++)
        wrong += atomic_exchange_explicit(&covered[i], 0, memory_order_relaxed) != (begin <= i && i < end);
    return wrong;
}

/* ---- each iteration once --------------------------------------------------------------------------------- */

/* With an offset, so that indices may be negative. */
PARALLEL_LOOP(cover, i, ptrdiff_t, offset, ptrdiff_t, begin, ptrdiff_t, end)
{
    if (i < begin || i >= end) {
        add(&bad, 1);
        return;
    }
    atomic_fetch_add_explicit(&covered[i + offset], 1, memory_order_relaxed);
}

static void covers(ptrdiff_t begin, ptrdiff_t end, ptrdiff_t offset)
{
    ck_assert_int_eq(parallel_loop(cover, begin, end, (offset, begin, end)), 0);
    size_t wrong = wrongly_covered(begin + offset, end + offset);
    ck_assert_msg(wrong == 0, "[%td, %td): %zu indices not met once", begin, end, wrong);
    ck_assert_int_eq(atomic_load_explicit(&bad, memory_order_relaxed), 0);
}

START_TEST(covers_everything_once)
{
    pl_workers(pl_worker_counts[_i]);
    static const ptrdiff_t some[] = {127, 128, 129, 257, 1009, 4096, 65535, 65536, 99991, MOST};
    for (ptrdiff_t k = 0; k < 60 + (ptrdiff_t)(sizeof some / sizeof some[0]); k++) {
        ptrdiff_t n = k < 60 ? k : some[k - 60];
        covers(0, n, 0);
        covers(-n, 0, n);
        covers(-n / 2, n - n / 2, n / 2);
    }
}
END_TEST

START_TEST(covers_with_all_options)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    for (ptrdiff_t n = 1; n <= MOST; n = n * 7 + 2) {
        ck_assert_int_eq(parallel_loop(cover, 0, n, (0, 0, n), .pool = pool), 0);
        ck_assert_uint_eq(wrongly_covered(0, n), 0);
        ck_assert_int_eq(parallel_loop(cover, 0, n, (0, 0, n), .max_workers = 5, .grain = 16), 0);
        ck_assert_uint_eq(wrongly_covered(0, n), 0);
        ck_assert_int_eq(parallel_loop(cover, -n, 0, (n, -n, 0), .call_timeout = 1000), 0);
        ck_assert_uint_eq(wrongly_covered(0, n), 0);
        ck_assert_int_eq(parallel_loop(cover, 0, n, (0, 0, n), .executor = PARALLEL_SERIAL), 0);
        ck_assert_uint_eq(wrongly_covered(0, n), 0);
    }
    ck_assert_int_eq(atomic_load_explicit(&bad, memory_order_relaxed), 0);
}
END_TEST

PARALLEL_LOOP(count_call, i)
{
    add(&calls, 1);
}

START_TEST(nothing_runs_nothing)
{
    pl_workers(pl_worker_counts[_i]);
    static const ptrdiff_t bounds[][2] = {
        {0, 0}, {5, 5}, {5, 4}, {-3, -3}, {-3, -4}, {PTRDIFF_MAX, PTRDIFF_MIN}, {PTRDIFF_MIN, PTRDIFF_MIN}};
    for (size_t k = 0; k < sizeof bounds / sizeof bounds[0]; k++) {
        ck_assert_int_eq(parallel_loop(count_call, bounds[k][0], bounds[k][1], ()), 0);
        ck_assert_int_eq(parallel_loop(count_call, bounds[k][0], bounds[k][1], (), .max_workers = 2), 0);
    }
    ck_assert_int_eq(atomic_load_explicit(&calls, memory_order_relaxed), 0);
    ck_assert_int_eq(parallel_loop(count_call, 41, 42, ()), 0);
    ck_assert_int_eq(atomic_load_explicit(&calls, memory_order_relaxed), 1);
}
END_TEST

/* ---- ranges ---------------------------------------------------------------------------------------------- */

/* Counts iterations, in ranges of a size that nobody minds. */
PARALLEL_LOOP_RANGE(measure, from, to, ptrdiff_t, begin, ptrdiff_t, end)
{
    if (from >= to || from < begin || to > end)
        add(&bad, 1);
    atomic_fetch_add_explicit(&sum, (size_t)to - (size_t)from, memory_order_relaxed);
}

START_TEST(ranges_of_any_width)
{
    pl_workers(pl_worker_counts[_i]);
    const ptrdiff_t bounds[][2] = {{0, 1},
                                   {-5, 100003},
                                   {0, PTRDIFF_MAX / 2},
                                   {PTRDIFF_MIN, PTRDIFF_MIN + 100},
                                   {PTRDIFF_MAX - 100, PTRDIFF_MAX},
                                   {0, PTRDIFF_MAX},
                                   {PTRDIFF_MIN, -1},
                                   {PTRDIFF_MIN / 2, PTRDIFF_MAX / 2}};
    for (size_t k = 0; k < sizeof bounds / sizeof bounds[0]; k++) {
        ptrdiff_t begin = bounds[k][0], end = bounds[k][1];
        for (int round = 0; round < 3; round++) {
            int rc = round < 2 ? parallel_loop(measure, begin, end, (begin, end))
                               : parallel_loop(measure, begin, end, (begin, end), .call_timeout = 1000);
            ck_assert_int_eq(rc, 0);
            ck_assert_uint_eq(atomic_exchange_explicit(&sum, 0, memory_order_relaxed), (size_t)end - (size_t)begin);
        }
    }
    ck_assert_int_eq(atomic_load_explicit(&bad, memory_order_relaxed), 0);
}
END_TEST

START_TEST(too_wide_ranges)
{
    pl_workers(pl_worker_counts[_i]);
    const ptrdiff_t bounds[][2] = {{PTRDIFF_MIN, 0}, {PTRDIFF_MIN, PTRDIFF_MAX}, {-1, PTRDIFF_MAX}};
    for (size_t k = 0; k < sizeof bounds / sizeof bounds[0]; k++) {
        errno = 0;
        ck_assert_int_eq(parallel_loop(measure, bounds[k][0], bounds[k][1], (0, 0)), -1);
        ck_assert_int_eq(errno, EINVAL);
        errno = 0;
        ck_assert_int_eq(parallel_loop(measure, bounds[k][0], bounds[k][1], (0, 0), .grain = 7), -1);
        ck_assert_int_eq(errno, EINVAL);
    }
    ck_assert_uint_eq(atomic_load_explicit(&sum, memory_order_relaxed), 0);
}
END_TEST

static struct {
    ptrdiff_t next;
    int wrong;
} order;

PARALLEL_LOOP_RANGE(in_order, from, to)
{
    order.wrong += from != order.next;
    order.next = to;
}

START_TEST(serial_is_in_order)
{
    pl_workers(pl_worker_counts[_i]);
    for (ptrdiff_t n = 1; n <= 1000000; n *= 100) {
        order.next = -n;
        ck_assert_int_eq(parallel_loop(in_order, -n, n, (), .executor = PARALLEL_SERIAL), 0);
        ck_assert_int_eq(order.next, n);
        order.next = -n;
        ck_assert_int_eq(parallel_loop(in_order, -n, n, (), .max_workers = 1), 0);
        ck_assert_int_eq(order.next, n);
    }
    ck_assert_int_eq(order.wrong, 0);
}
END_TEST

/* ---- captures -------------------------------------------------------------------------------------------- */

struct point {
    double x, y;
};

PARALLEL_LOOP(all_captures, i, char, a, const short, b, unsigned, c, long long, d, float, e, struct point, f,
              const char *restrict, g, double *restrict, out)
{
    out[i] = a + b + c + (double)d + e + f.x - f.y + g[i % 3];
}

START_TEST(eight_captures)
{
    pl_workers(pl_worker_counts[_i]);
    static double out[MOST];
    const char text[] = "abc";
    struct point f = {40, 2};
    for (int round = 0; round < 3; round++) {
        for (ptrdiff_t n = 1; n <= MOST; n *= 10) {
            ck_assert_int_eq(parallel_loop(all_captures, 0, n, ('\1', -2, 3, -4, 5.5, f, text, out)), 0);
            size_t wrong = 0;
            for (ptrdiff_t i = 0; i < n; i++) {
                wrong += out[i] != 1 - 2 + 3 - 4 + 5.5 + 38 + "abc"[i % 3];
                out[i] = 0;
            }
            ck_assert_uint_eq(wrong, 0);
        }
    }
}
END_TEST

static int evaluated;

static int once(int x)
{
    evaluated++;
    return x;
}

PARALLEL_LOOP(set_all, i, int, to, int *, array)
{
    array[i] = to;
}

/* Captures are by value: what changes meanwhile changes nothing; and evaluated once. */
PARALLEL_LOOP(change_after, i, int, value, int *, variable, atomic_int *, others)
{
    *(volatile int *)variable = 7;
    if (value != 5)
        add(others, 1);
}

START_TEST(captures_are_values)
{
    pl_workers(pl_worker_counts[_i]);
    int array[100] = {0};
    ck_assert_int_eq(parallel_loop(set_all, once(0), once(100), (once(3), array + once(0))), 0);
    ck_assert_int_eq(evaluated, 4);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(array[i], 3);
    int variable = 5;
    atomic_int others = 0;
    ck_assert_int_eq(parallel_loop(change_after, 0, 1, (variable, &variable, &others)), 0);
    ck_assert_int_eq(variable, 7);
    ck_assert_int_eq(atomic_load_explicit(&others, memory_order_relaxed), 0);
}
END_TEST

PARALLEL_LOOP(add_scaled, i, float, a, const float *restrict, x, float *restrict, y)
{
    y[i] += a * x[i];
}

/* The caller reads what all threads wrote, and the next loop too. */
START_TEST(effects_are_seen)
{
    pl_workers(pl_worker_counts[_i]);
    enum { N = 300000 };
    float *x = malloc(N * sizeof *x), *y = calloc(N, sizeof *y);
    for (int i = 0; i < N; i++)
        x[i] = (float)(i % 1000);
    for (int round = 1; round <= 20; round++) {
        ck_assert_int_eq(parallel_loop(add_scaled, 1, N - 1, (2, x, y)), 0);
        size_t wrong = y[0] != 0 || y[N - 1] != 0;
        for (int i = 1; i < N - 1; i++)
            wrong += (int)y[i] != i % 1000 * 2 * round;
        ck_assert_uint_eq(wrong, 0);
    }
    free(x);
    free(y);
}
END_TEST

/* ---- nesting, cancelling, time --------------------------------------------------------------------------- */

PARALLEL_LOOP(inner, j, ptrdiff_t, row, ptrdiff_t, width)
{
    atomic_fetch_add_explicit(&covered[row * width + j], 1, memory_order_relaxed);
}

PARALLEL_LOOP(outer, row, ptrdiff_t, width)
{
    if (parallel_loop(inner, 0, width, (row, width)) != 0)
        add(&bad, 1);
}

START_TEST(nested_loops)
{
    pl_workers(pl_worker_counts[_i]);
    static const ptrdiff_t shapes[][2] = {{1, 1}, {3, 5}, {100, 1000}, {1000, 100}, {2, 50000}, {50000, 2}};
    for (int round = 0; round < 3; round++) {
        for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
            ptrdiff_t rows = shapes[k][0], width = shapes[k][1];
            ck_assert_int_eq(parallel_loop(outer, 0, rows, (width)), 0);
            ck_assert_uint_eq(wrongly_covered(0, rows * width), 0);
        }
    }
    ck_assert_int_eq(atomic_load_explicit(&bad, memory_order_relaxed), 0);
}
END_TEST

PARALLEL_LOOP(dawdle, i)
{
    add(&calls, 1);
    pl_test_sleep(2000);
}

START_TEST(a_late_loop_ends)
{
    pl_workers(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_int_eq(parallel_loop(dawdle, 0, 1000000, (), .call_timeout = 0.05), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_lt(atomic_load_explicit(&calls, memory_order_relaxed), 1000000);
}
END_TEST

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    last_done = done;
    last_total = total;
}

START_TEST(progress_counts_iterations)
{
    pl_workers(pl_worker_counts[_i]);
    ck_assert_int_eq(parallel_loop(cover, -5, 4996, (5, -5, 4996), .progress = note_progress), 0);
    ck_assert_uint_eq(last_done, 5001);
    ck_assert_uint_eq(last_total, 5001);
    ck_assert_uint_eq(wrongly_covered(0, 5001), 0);
}
END_TEST

/* ---- errors ---------------------------------------------------------------------------------------------- */

static void refused(const parallel_options *options, int error)
{
    errno = 0;
    ck_assert_int_eq(parallel_loop_function(&count_call__parallel_loop, 0, 10, NULL, options), -1);
    ck_assert_int_eq(errno, error);
}

START_TEST(what_a_loop_has_not)
{
    pl_workers(pl_worker_counts[_i]);
    const char *names[10] = {"a"};
    refused(&(parallel_options){.names = names}, EINVAL);
    refused(&(parallel_options){.extras = names}, EINVAL);
    refused(&(parallel_options){.timeout = 1}, EINVAL);
    refused(&(parallel_options){.retries = 1}, EINVAL);
    refused(&(parallel_options){.deferred = true}, EINVAL);
    refused(&(parallel_options){.max_workers = -1}, EINVAL);
    refused(&(parallel_options){.executor = PARALLEL_PROCESS}, ENOTSUP);
    ck_assert_int_eq(atomic_load_explicit(&calls, memory_order_relaxed), 0);
    ck_assert_int_eq(parallel_loop(count_call, 0, 10, (), .silent = true, .tasks_per_worker = 1, .tile_rows = 3), 0);
    ck_assert_int_eq(atomic_load_explicit(&calls, memory_order_relaxed), 10);
}
END_TEST

/* ---- the function beneath -------------------------------------------------------------------------------- */

static void add_up(const void *captures, ptrdiff_t begin, ptrdiff_t end)
{
    unsigned long long part = 0;
    for (ptrdiff_t i = begin; i < end; i++)
        part += (unsigned long long)i * *(const unsigned *)captures;
    atomic_fetch_add_explicit(&sum, part, memory_order_relaxed);
}

static void sums_up(const parallel_loop_body *body, const parallel_options *options)
{
    unsigned factor = 3;
    for (ptrdiff_t n = 1; n < 1000000; n *= 10) {
        ck_assert_int_eq(parallel_loop_function(body, 1, n + 1, &factor, options), 0);
        ck_assert_uint_eq(atomic_exchange_explicit(&sum, 0, memory_order_relaxed),
                          3 * (unsigned long long)n * ((unsigned long long)n + 1) / 2);
    }
}

START_TEST(bodies_filled_by_hand)
{
    pl_workers(pl_worker_counts[_i]);
    static parallel_cost cost;
    parallel_loop_body body = {.name = "add_up", .call = add_up};
    sums_up(&body, NULL);
    sums_up(&body, &(parallel_options){.max_workers = 3});
    body.cost = (parallel_cost *)-1; /* lies beyond `call`, and is not looked at */
    sums_up(&body, NULL);
    body.size = sizeof body;
    body.cost = NULL;
    sums_up(&body, NULL);
    body.cost = &cost;
    sums_up(&body, NULL);
    sums_up(&body, &(parallel_options){.grain = 10});
    body.call = NULL;
    errno = 0;
    ck_assert_int_eq(parallel_loop_function(&body, 0, 1, NULL, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_loop_function(NULL, 0, 0, NULL, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(what_the_macro_fills_in)
{
    (void)_i;
    const parallel_loop_body *body = &all_captures__parallel_loop;
    ck_assert_str_eq(body->name, "all_captures");
    ck_assert_uint_eq(body->size, sizeof *body);
    ck_assert_uint_ge(body->captures_size, sizeof(struct point) + 3 * sizeof(void *));
    ck_assert_ptr_ne(body->cost, cover__parallel_loop.cost);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, covers_everything_once, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, covers_with_all_options, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nothing_runs_nothing, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, ranges_of_any_width, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, too_wide_ranges, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, serial_is_in_order, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, eight_captures, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, captures_are_values, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, effects_are_seen, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nested_loops, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_late_loop_ends, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, progress_counts_iterations, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, what_a_loop_has_not, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, bodies_filled_by_hand, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, what_the_macro_fills_in);
    return pl_run("api/loops", c);
}
