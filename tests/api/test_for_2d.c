/* SPDX-License-Identifier: MIT */
/* parallel_for_2d: tiles that cover a rectangle once. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "support/test.h"

enum { MOST = 200000 };

/* What bodies see, and note. */
struct notes {
    size_t rows, cols, tile_rows, tile_cols; /* of a tile: the most, 0: any */
    atomic_uchar covered[MOST];
    atomic_int calls, bad;
    atomic_ullong area;
};

static struct notes notes;

static void add(atomic_int *to, int number)
{
    atomic_fetch_add_explicit(to, number, memory_order_relaxed);
}

static bool is_tile(size_t begin, size_t end, size_t length, size_t tile)
{
    return begin < end && end <= length &&
           (!tile || (begin % tile == 0 && (end == begin + tile || (end == length && end < begin + tile))));
}

static void cover(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    struct notes *to = ctx;
    add(&to->calls, 1);
    if (to != &notes || !is_tile(row, row_end, to->rows, to->tile_rows) ||
        !is_tile(col, col_end, to->cols, to->tile_cols)) {
        add(&to->bad, 1);
        return;
    }
    for (size_t i = row; i < row_end; i++)
        for (size_t j = col; j < col_end; j++)
            atomic_fetch_add_explicit(&to->covered[i * to->cols + j], 1, memory_order_relaxed);
}

/* How many items were not covered once; forgets what was covered. */
static size_t uncovered(void)
{
    size_t wrong = 0;
    for (size_t i = 0; i < MOST; i++)
        wrong += atomic_exchange_explicit(&notes.covered[i], 0, memory_order_relaxed) != (i < notes.rows * notes.cols);
    return wrong;
}

static void covered_once(void)
{
    size_t wrong = uncovered();
    ck_assert_msg(wrong == 0, "%zu x %zu, tiles of %zu x %zu: %zu items not covered once", notes.rows, notes.cols,
                  notes.tile_rows, notes.tile_cols, wrong);
    ck_assert_int_eq(atomic_load_explicit(&notes.bad, memory_order_relaxed), 0);
}

static const size_t shapes[][2] = {{1, 1},   {1, 2},     {2, 1},     {3, 3},    {7, 13},   {31, 37},   {64, 64},
                                   {65, 63}, {1, 99991}, {99991, 1}, {3, 5003}, {5003, 3}, {331, 257}, {400, 500}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

START_TEST(covers_everything_once)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < SHAPES; k++) {
            notes.rows = shapes[k][0];
            notes.cols = shapes[k][1];
            ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes), 0);
            covered_once();
        }
    }
}
END_TEST

START_TEST(tiles_of_a_given_size)
{
    pl_workers(pl_worker_counts[_i]);
    static const size_t tiles[][2] = {{1, 1}, {2, 3}, {8, 8}, {64, 16}, {17, 100000}, {PTRDIFF_MAX, PTRDIFF_MAX}};
    for (size_t t = 0; t < sizeof tiles / sizeof tiles[0]; t++) {
        for (int k = 0; k < SHAPES; k++) {
            notes.rows = shapes[k][0];
            notes.cols = shapes[k][1];
            notes.tile_rows = tiles[t][0];
            notes.tile_cols = tiles[t][1];
            ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes, .tile_rows = notes.tile_rows,
                                             .tile_cols = notes.tile_cols),
                             0);
            covered_once();
        }
    }
}
END_TEST

START_TEST(tiles_of_one_given_side)
{
    pl_workers(pl_worker_counts[_i]);
    for (size_t side = 1; side < 1000; side = side * 3 + 1) {
        for (int k = 0; k < SHAPES; k++) {
            notes.rows = shapes[k][0];
            notes.cols = shapes[k][1];
            notes.tile_rows = side;
            notes.tile_cols = 0;
            ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes, .tile_rows = side), 0);
            covered_once();
            notes.tile_rows = 0;
            notes.tile_cols = side;
            ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes, .tile_cols = side), 0);
            covered_once();
        }
    }
}
END_TEST

START_TEST(covers_with_all_options)
{
    pl_workers(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    for (int k = 0; k < SHAPES; k++) {
        notes.rows = shapes[k][0];
        notes.cols = shapes[k][1];
        ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes, .pool = pool), 0);
        covered_once();
        ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes, .max_workers = 5, .grain = 3), 0);
        covered_once();
        ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes, .call_timeout = 1000), 0);
        covered_once();
        ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes, .executor = PARALLEL_SERIAL), 0);
        covered_once();
    }
}
END_TEST

START_TEST(nothing_calls_nothing)
{
    pl_workers(pl_worker_counts[_i]);
    static const size_t empty[][2] = {{0, 0}, {0, 1}, {1, 0}, {0, PTRDIFF_MAX}, {PTRDIFF_MAX, 0}};
    for (size_t k = 0; k < sizeof empty / sizeof empty[0]; k++) {
        ck_assert_int_eq(parallel_for_2d(empty[k][0], empty[k][1], cover, &notes), 0);
        ck_assert_int_eq(parallel_for_2d(empty[k][0], empty[k][1], cover, &notes, .tile_rows = 2), 0);
    }
    ck_assert_int_eq(atomic_load_explicit(&notes.calls, memory_order_relaxed), 0);
}
END_TEST

/* Tiles whose neighbours run with them are one call: the plain loop, where one thread runs it all. */
START_TEST(neighbours_are_joined)
{
    pl_workers(1);
    (void)_i;
    notes.rows = 300;
    notes.cols = 300;
    ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, cover, &notes, .max_workers = 1, .grain = 100000), 0);
    covered_once();
    ck_assert_int_eq(atomic_load_explicit(&notes.calls, memory_order_relaxed), 1);
}
END_TEST

/* ---- huge rectangles ------------------------------------------------------------------------------------- */

static void measure(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    struct notes *to = ctx;
    if (row >= row_end || row_end > to->rows || col >= col_end || col_end > to->cols)
        add(&to->bad, 1);
    unsigned long long area = (unsigned long long)(row_end - row) * (col_end - col); /* modulo 2^64 */
    atomic_fetch_add_explicit(&to->area, area, memory_order_relaxed);
}

START_TEST(huge_rectangles)
{
    pl_workers(pl_worker_counts[_i]);
    if (SIZE_MAX <= UINT32_MAX)
        return;
    const size_t sizes[][2] = {{((size_t)1 << 40) + 7, 3},
                               {3, ((size_t)1 << 40) + 7},
                               {(size_t)1 << 24, ((size_t)1 << 24) + 5},
                               {((size_t)1 << 50) + 1, (size_t)1 << 45},
                               {PTRDIFF_MAX, PTRDIFF_MAX},
                               {1, PTRDIFF_MAX}};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        notes.rows = sizes[k][0];
        notes.cols = sizes[k][1];
        ck_assert_int_eq(parallel_for_2d(notes.rows, notes.cols, measure, &notes), 0);
        ck_assert_uint_eq(atomic_exchange_explicit(&notes.area, 0, memory_order_relaxed),
                          (unsigned long long)notes.rows * notes.cols);
    }
    ck_assert_int_eq(atomic_load_explicit(&notes.bad, memory_order_relaxed), 0);
}
END_TEST

/* ---- nesting, time, progress ----------------------------------------------------------------------------- */

static void nest(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    struct notes *to = ctx;
    struct notes *inner = &notes;
    for (size_t i = row; i < row_end; i++)
        for (size_t j = col; j < col_end; j++)
            if (parallel_for_2d(13, 29, measure, inner) != 0)
                add(&to->bad, 1);
}

START_TEST(nested_rectangles)
{
    pl_workers(pl_worker_counts[_i]);
    notes.rows = 13;
    notes.cols = 29;
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(parallel_for_2d(40, 50, nest, &notes), 0);
        ck_assert_uint_eq(atomic_exchange_explicit(&notes.area, 0, memory_order_relaxed), 40 * 50 * 13 * 29);
    }
    ck_assert_int_eq(atomic_load_explicit(&notes.bad, memory_order_relaxed), 0);
}
END_TEST

static void dawdle(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    (void)row, (void)col, (void)ctx;
    add(&notes.calls, (int)(row_end + col_end > 0));
    pl_test_sleep(2000);
}

START_TEST(a_late_loop_ends)
{
    pl_workers(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_int_eq(parallel_for_2d(1000, 1000, dawdle, NULL, .call_timeout = 0.05, .tile_rows = 1, .tile_cols = 1),
                     -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_lt(atomic_load_explicit(&notes.calls, memory_order_relaxed), 1000000);
}
END_TEST

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    last_done = done;
    last_total = total;
}

START_TEST(progress_counts_tiles)
{
    pl_workers(pl_worker_counts[_i]);
    notes.rows = notes.cols = 100;
    ck_assert_int_eq(
        parallel_for_2d(100, 100, cover, &notes, .tile_rows = 30, .tile_cols = 50, .progress = note_progress), 0);
    covered_once();
    ck_assert_uint_eq(last_done, 8);
    ck_assert_uint_eq(last_total, 8);
}
END_TEST

/* ---- errors ---------------------------------------------------------------------------------------------- */

static void refused(size_t rows, size_t cols, const parallel_options *options, int error)
{
    errno = 0;
    ck_assert_int_eq(parallel_for_2d_function(rows, cols, cover, &notes, options), -1);
    ck_assert_int_eq(errno, error);
    ck_assert_ptr_null(parallel_last_failure());
}

START_TEST(what_is_refused)
{
    pl_workers(pl_worker_counts[_i]);
    const char *names[100] = {"a"};
    errno = 0;
    ck_assert_int_eq(parallel_for_2d(10, 10, NULL, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    refused((size_t)-1, 10, NULL, EINVAL);
    refused(10, (size_t)PTRDIFF_MAX + 1, NULL, EINVAL);
    refused(10, 10, &(parallel_options){.tile_rows = (size_t)-1}, EINVAL);
    refused(10, 10, &(parallel_options){.tile_cols = (size_t)-5, .size = sizeof(parallel_options)}, EINVAL);
    refused(PTRDIFF_MAX, 10, &(parallel_options){.tile_rows = 1, .tile_cols = 1, .size = sizeof(parallel_options)},
            EINVAL);
    refused(10, 10, &(parallel_options){.names = names}, EINVAL);
    refused(10, 10, &(parallel_options){.extras = names}, EINVAL);
    refused(10, 10, &(parallel_options){.timeout = 1}, EINVAL);
    refused(10, 10, &(parallel_options){.retries = 1}, EINVAL);
    refused(10, 10, &(parallel_options){.size = 3}, EINVAL);
    refused(10, 10, &(parallel_options){.executor = PARALLEL_PROCESS}, ENOTSUP);
    ck_assert_int_eq(atomic_load_explicit(&notes.calls, memory_order_relaxed), 0);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, covers_everything_once, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, tiles_of_a_given_size, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, tiles_of_one_given_side, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, covers_with_all_options, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nothing_calls_nothing, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, neighbours_are_joined);
    tcase_add_loop_test(c, huge_rectangles, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nested_rectangles, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_late_loop_ends, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, progress_counts_tiles, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, what_is_refused, 0, PL_WORKER_COUNTS);
    return pl_run("api/for_2d", c);
}
