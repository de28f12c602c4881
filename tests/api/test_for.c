/* SPDX-License-Identifier: MIT */
/* parallel_for: ranges that cover everything once. */
#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "support/test.h"

enum { MOST = 100000 };

/* What the body of a loop sees, and notes. */
struct notes {
    size_t n;
    atomic_uchar covered[MOST];
    atomic_int calls, bad;
    atomic_ullong sum;
};

static struct notes notes;

static void cover(size_t begin, size_t end, void *ctx)
{
    struct notes *to = ctx;
    atomic_fetch_add_explicit(&to->calls, 1, memory_order_relaxed);
    if (to != &notes || begin >= end || end > to->n) {
        atomic_fetch_add_explicit(&to->bad, 1, memory_order_relaxed);
        return;
    }
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add_explicit(&to->covered[i], 1, memory_order_relaxed);
}

/* How many indices were not covered once; forgets what was covered. */
static size_t uncovered(void)
{
    size_t wrong = 0;
    for (size_t i = 0; i < MOST; i++)
        wrong += atomic_exchange_explicit(&notes.covered[i], 0, memory_order_relaxed) != (i < notes.n);
    return wrong;
}

START_TEST(covers_everything_once)
{
    pl_workers(pl_worker_counts[_i]);
    static const size_t some[] = {127, 128, 129, 255, 1000, 4095, 4096, 4097, 65535, 65536, 99999, MOST};
    for (size_t k = 0; k < 80 + sizeof some / sizeof some[0]; k++) {
        notes.n = k < 80 ? k : some[k - 80];
        ck_assert_int_eq(parallel_for(notes.n, cover, &notes), 0);
        size_t wrong = uncovered();
        ck_assert_msg(wrong == 0, "n = %zu: %zu indices not covered once", notes.n, wrong);
        ck_assert_int_eq(atomic_load_explicit(&notes.bad, memory_order_relaxed), 0);
    }
}
END_TEST

START_TEST(covers_with_any_number_of_workers)
{
    pl_workers(pl_worker_counts[_i]);
    for (int workers = 1; workers <= 20; workers += workers < 9 ? 1 : 11) {
        for (notes.n = 1; notes.n <= MOST; notes.n = notes.n * 5 + 2) {
            ck_assert_int_eq(parallel_for(notes.n, cover, &notes, .max_workers = workers), 0);
            ck_assert_uint_eq(uncovered(), 0);
        }
    }
    ck_assert_int_eq(atomic_load_explicit(&notes.bad, memory_order_relaxed), 0);
}
END_TEST

static void count_call(size_t begin, size_t end, void *ctx)
{
    (void)begin, (void)end;
    atomic_fetch_add_explicit((atomic_int *)ctx, 1, memory_order_relaxed);
}

START_TEST(nothing_calls_nothing)
{
    pl_workers(pl_worker_counts[_i]);
    atomic_int calls = 0;
    ck_assert_int_eq(parallel_for(0, count_call, &calls), 0);
    ck_assert_int_eq(parallel_for(0, count_call, &calls, .executor = PARALLEL_SERIAL), 0);
    ck_assert_int_eq(atomic_load_explicit(&calls, memory_order_relaxed), 0);
    ck_assert_int_eq(parallel_for(1, count_call, &calls), 0);
    ck_assert_int_eq(atomic_load_explicit(&calls, memory_order_relaxed), 1);
}
END_TEST

static atomic_int null_contexts;

static void expect_null(size_t begin, size_t end, void *ctx)
{
    if (ctx == NULL)
        atomic_fetch_add_explicit(&null_contexts, (int)(end - begin), memory_order_relaxed);
}

START_TEST(the_context_may_be_null)
{
    pl_workers(pl_worker_counts[_i]);
    ck_assert_int_eq(parallel_for(5000, expect_null, NULL), 0);
    ck_assert_int_eq(atomic_load_explicit(&null_contexts, memory_order_relaxed), 5000);
}
END_TEST

static void add_up(size_t begin, size_t end, void *ctx)
{
    unsigned long long sum = 0;
    for (size_t i = begin; i < end; i++)
        sum += i ^ i >> 3;
    atomic_fetch_add_explicit(&((struct notes *)ctx)->sum, sum, memory_order_relaxed);
}

START_TEST(partial_sums_add_up)
{
    pl_workers(pl_worker_counts[_i]);
    for (size_t n = 1; n <= 10000000; n *= 10) {
        unsigned long long expected = 0;
        for (size_t i = 0; i < n; i++)
            expected += i ^ i >> 3;
        for (int round = 0; round < 3; round++) {
            ck_assert_int_eq(parallel_for(n, add_up, &notes), 0);
            ck_assert_uint_eq(atomic_exchange_explicit(&notes.sum, 0, memory_order_relaxed), expected);
        }
    }
}
END_TEST

struct vectors {
    float *x;
    const float *y;
    float a;
};

static void saxpy(size_t begin, size_t end, void *ctx)
{
    const struct vectors *v = ctx;
    for (size_t i = begin; i < end; i++)
        v->x[i] += v->a * v->y[i];
}

/* The caller reads what all threads wrote, without further ado. */
START_TEST(effects_are_seen_by_the_caller)
{
    pl_workers(pl_worker_counts[_i]);
    enum { N = 300000 };
    float *x = calloc(N, sizeof *x), *y = malloc(N * sizeof *y);
    for (int i = 0; i < N; i++)
        y[i] = (float)(i % 1000);
    for (int round = 1; round <= 20; round++) {
        ck_assert_int_eq(parallel_for(N, saxpy, &((struct vectors){x, y, 2})), 0);
        size_t wrong = 0;
        for (int i = 0; i < N; i++)
            wrong += (int)x[i] != i % 1000 * 2 * round;
        ck_assert_uint_eq(wrong, 0);
    }
    free(x);
    free(y);
}
END_TEST

/* Irregular: the first index is as dear as many others. */
static void lumpy(size_t begin, size_t end, void *ctx)
{
    for (size_t i = begin; i < end; i++)
        if (i == 0 || i == 777 || i == MOST - 1)
            pl_test_sleep(20000);
    cover(begin, end, ctx);
}

START_TEST(lumpy_work)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 5; round++) {
        notes.n = round % 2 ? MOST : 1000;
        ck_assert_int_eq(parallel_for(notes.n, lumpy, &notes), 0);
        ck_assert_uint_eq(uncovered(), 0);
    }
}
END_TEST

static struct {
    pthread_t caller;
    size_t next;
    atomic_int wrong;
} order;

static void in_order(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    if (!pthread_equal(pthread_self(), order.caller) || begin != order.next || end <= begin)
        atomic_fetch_add_explicit(&order.wrong, 1, memory_order_relaxed);
    else
        order.next = end;
}

START_TEST(serial_is_in_order_on_the_caller)
{
    pl_workers(pl_worker_counts[_i]);
    order.caller = pthread_self();
    for (size_t n = 1; n <= 1000000; n *= 100) {
        order.next = 0;
        ck_assert_int_eq(parallel_for(n, in_order, NULL, .executor = PARALLEL_SERIAL), 0);
        ck_assert_uint_eq(order.next, n);
        order.next = 0;
        ck_assert_int_eq(parallel_for(n, in_order, NULL, .max_workers = 1), 0);
        ck_assert_uint_eq(order.next, n);
    }
    ck_assert_int_eq(atomic_load_explicit(&order.wrong, memory_order_relaxed), 0);
}
END_TEST

START_TEST(the_function_beneath)
{
    pl_workers(pl_worker_counts[_i]);
    notes.n = 3000;
    ck_assert_int_eq(parallel_for_function(notes.n, cover, &notes, NULL), 0);
    ck_assert_uint_eq(uncovered(), 0);
    ck_assert_int_eq(parallel_for_function(notes.n, cover, &notes, &(parallel_options){.max_workers = 3}), 0);
    ck_assert_uint_eq(uncovered(), 0);
}
END_TEST

/* More indices than 32 bits hold, in ranges of a size that nobody minds. */
static void measure(size_t begin, size_t end, void *ctx)
{
    struct notes *to = ctx;
    if (begin >= end || end > to->n)
        atomic_fetch_add_explicit(&to->bad, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&to->sum, end - begin, memory_order_relaxed);
}

START_TEST(more_than_32_bits)
{
    pl_workers(pl_worker_counts[_i]);
    if (SIZE_MAX <= UINT32_MAX)
        return;
    for (int shift = 30; shift < 46; shift += 5) {
        notes.n = ((size_t)1 << shift) + 12345;
        for (int round = 0; round < 2; round++) {
            ck_assert_int_eq(parallel_for(notes.n, measure, &notes), 0);
            ck_assert_uint_eq(atomic_exchange_explicit(&notes.sum, 0, memory_order_relaxed), notes.n);
        }
    }
    ck_assert_int_eq(atomic_load_explicit(&notes.bad, memory_order_relaxed), 0);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, covers_everything_once, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, covers_with_any_number_of_workers, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nothing_calls_nothing, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_context_may_be_null, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, partial_sums_add_up, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, effects_are_seen_by_the_caller, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, lumpy_work, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, serial_is_in_order_on_the_caller, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_function_beneath, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, more_than_32_bits, 0, PL_WORKER_COUNTS);
    return pl_run("api/for", c);
}
