/* SPDX-License-Identifier: MIT */
/* Calls that make one value, or write to the caller's arrays, take no memory for that but the stack and some kilobytes,
 * however many items there are. */
#include <errno.h>
#include <parallel.h>
#include <string.h>

#include "faults/shim.h"
#include "support/test.h"

/* What tasks give is kept for as many items as have results of 256 KiB; a bit of each item would be more. */
enum { N = 4000003, SOME_BYTES = 300 << 10, ROUNDS = 10 };

static int in[N], out[N];
static long sums[N];

/* ---- functions ----------------------------------------------------------------------------------------------- */

static int either(int a, int b)
{
    return a | b;
}
PARALLEL_DECORATE_COMBINE(either, int);

typedef struct counts {
    unsigned of[256];
} counts;

static void count_low(counts *c, const int *x)
{
    c->of[*x & 255]++;
}

static void add_counts(counts *c, const counts *right)
{
    for (int i = 0; i < 256; i++)
        c->of[i] += right->of[i];
}
PARALLEL_DECORATE_FOLD(count_low, add_counts, counts, int);

static long twice(int x)
{
    return 2L * x;
}
PARALLEL_DECORATE(twice, int, long);

static int try_twice(const int *x, long *result, void *extras)
{
    (void)extras;
    *result = twice(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(try_twice, int, long);

static bool is_odd(int x)
{
    return x % 2;
}
PARALLEL_DECORATE(is_odd, int, bool);

static bool is_none(int x)
{
    return x < 0;
}
PARALLEL_DECORATE(is_none, int, bool);

static int ask_none(const int *x, bool *result, void *extras)
{
    (void)extras;
    *result = *x < 0;
    return 0;
}
PARALLEL_DECORATE_TASK(ask_none, int, bool);

static bool is_less(const int *a, const int *b)
{
    return *a < *b;
}
PARALLEL_DECORATE_ORDER(is_less, int);

static int sum_of(int a, int b)
{
    return a + b;
}
PARALLEL_DECORATE_ZIP(sum_of, int, int, int);

PARALLEL_LOOP(copy_at, i, const int *, from, int *, to)
{
    to[i] = from[i];
}

PARALLEL_LOOP_REDUCE(long, value_at, i, const int *, from)
{
    return from[i];
}

static void clear_tile(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    for (; row < row_end; row++)
        memset((int *)ctx + row * 1000 + col, 0, (col_end - col) * sizeof(int));
}

/* ---- calls: each gives 0 if it went well ----------------------------------------------------------------------- */

#define CALL(name, ...)                                                                                                \
    static int name(int workers)                                                                                       \
    {                                                                                                                  \
        long sum = 0;                                                                                                  \
        int bits = 0;                                                                                                  \
        size_t kept = 0;                                                                                               \
        counts c = {{0}};                                                                                              \
        int well = (__VA_ARGS__);                                                                                      \
        (void)workers, (void)sum, (void)bits, (void)kept, (void)c;                                                     \
        return !well;                                                                                                  \
    }

#define WORKERS .max_workers = workers

CALL(reduces, parallel_reduce(PARALLEL_PLUS, in, N, &bits, WORKERS) == 0)
CALL(reduces_by_function, parallel_reduce(either, in, N, &bits, WORKERS) == 0)
CALL(maps_and_reduces, parallel_map_reduce(twice, PARALLEL_PLUS, in, N, &sum, WORKERS) == 0)
CALL(tries_and_reduces, parallel_map_reduce(try_twice, PARALLEL_PLUS, in, N, &sum, WORKERS) == 0)
CALL(folds, parallel_fold(count_low, in, N, &c, WORKERS) == 0 && c.of[0] > 0)
CALL(scans, parallel_scan_into(PARALLEL_PLUS, in, N, out, WORKERS) == 0)
CALL(scans_by_function, parallel_scan_into(either, in, N, out, WORKERS) == 0)
CALL(scans_exclusively, parallel_scan_exclusive_into(PARALLEL_PLUS, in, N, out, &bits, WORKERS) == 0)
CALL(scans_in_place, parallel_scan_into(PARALLEL_PLUS, sums, N, sums, WORKERS) == 0)
CALL(filters, parallel_filter_into(is_odd, in, N, out, &kept, WORKERS) == 0 && kept == N / 2)
CALL(filters_in_place, parallel_filter_into(is_none, out, N, out, &kept, WORKERS) == 0)
CALL(counts_items, parallel_count(is_odd, in, N, WORKERS) == N / 2)
CALL(finds, !parallel_find(is_none, in, N, WORKERS) && errno == 0)
CALL(finds_by_task, !parallel_find(ask_none, in, N, WORKERS) && errno == 0)
CALL(finds_last, !parallel_find_last(is_none, in, N, WORKERS) && errno == 0)
CALL(asks_any, parallel_any(is_none, in, N, WORKERS) == 0)
CALL(asks_all, parallel_all(is_none, in, N, WORKERS) == 0)
CALL(least, parallel_min(PARALLEL_ASCENDING, (const int *)in, N, WORKERS) == in)
CALL(greatest, parallel_max(is_less, (const int *)in, N, WORKERS) == in + N - 1)
CALL(zips, parallel_zip_map_into(sum_of, in, in, N, out, WORKERS) == 0)
/* With options, there would be an array of the integers. */
CALL(maps_integers, parallel_map_range_into(twice, 0, N, sums) == 0)
CALL(loops, parallel_loop(copy_at, 0, N, (in, out), WORKERS) == 0)
CALL(reduces_loops, parallel_loop_reduce(value_at, PARALLEL_PLUS, 0, N, (in), &sum, WORKERS) == 0)
CALL(tiles, parallel_for_2d(1000, 1000, clear_tile, out, WORKERS) == 0)

static const struct {
    const char *name;
    int (*call)(int workers);
} calls[] = {
#define NAMED(call)                                                                                                    \
    {                                                                                                                  \
#call, call                                                                                                    \
    }
    NAMED(reduces),       NAMED(reduces_by_function),
    NAMED(folds),         NAMED(maps_and_reduces),
    NAMED(scans),         NAMED(tries_and_reduces),
    NAMED(tiles),         NAMED(scans_by_function),
    NAMED(filters),       NAMED(scans_exclusively),
    NAMED(finds),         NAMED(scans_in_place),
    NAMED(finds_by_task), NAMED(filters_in_place),
    NAMED(finds_last),    NAMED(counts_items),
    NAMED(asks_any),      NAMED(asks_all),
    NAMED(least),         NAMED(greatest),
    NAMED(zips),          NAMED(maps_integers),
    NAMED(loops),         NAMED(reduces_loops),
};
enum { CALLS = sizeof calls / sizeof calls[0] };

/* 0: as many workers as there are. */
static const int workers[] = {0, 1, 3};
enum { COUNTS = sizeof workers / sizeof workers[0] };

/* The first calls begin threads, and what these keep. */
START_TEST(items_take_no_memory)
{
    int (*call)(int) = calls[_i / COUNTS].call, most = workers[_i % COUNTS];
    pl_workers(4);
    for (int i = 0; i < N; i++)
        in[i] = i;
    fault_now = fault_plans(1);
    ck_assert_ptr_nonnull(fault_now);
    for (int round = 0; round < 5; round++)
        ck_assert_int_eq(call(most), 0);
    atomic_store_explicit(&fault_now->armed, true, memory_order_relaxed);
    for (int round = 0; round < ROUNDS; round++) {
        atomic_store_explicit(&fault_now->asked, 0, memory_order_relaxed);
        ck_assert_int_eq(call(most), 0);
        size_t asked = atomic_load_explicit(&fault_now->asked, memory_order_relaxed);
        ck_assert_msg(asked <= SOME_BYTES, "%s: %zu bytes", calls[_i / COUNTS].name, asked);
    }
    atomic_store_explicit(&fault_now->armed, false, memory_order_relaxed);
}
END_TEST

/* A vector is counted. */
START_TEST(what_takes_memory_is_seen)
{
    fault_now = fault_plans(1);
    ck_assert_ptr_nonnull(fault_now);
    atomic_store_explicit(&fault_now->armed, true, memory_order_relaxed);
    parallel_results *r = parallel_scan(PARALLEL_PLUS, in, N);
    atomic_store_explicit(&fault_now->armed, false, memory_order_relaxed);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_ge(fault_now->asked, N * sizeof *in);
    parallel_results_free(r);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, items_take_no_memory, 0, CALLS * COUNTS);
    tcase_add_test(c, what_takes_memory_is_seen);
    return pl_run("faults/allocations", c);
}
