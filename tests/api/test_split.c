/* SPDX-License-Identifier: MIT */
/* parallel_split, and the option `grain`: contiguous chunks, whose sizes can be relied upon. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/sanitizers.h"
#include "support/test.h"

enum { MOST = 5000, REFUSED = 77 };

static int numbers[MOST];

/* The chunks of a call: where each index began one, its length. */
static atomic_size_t chunks[MOST], calls;

static void number_them(void)
{
    for (int i = 0; i < MOST; i++)
        numbers[i] = i;
}

static void forget_chunks(void)
{
    for (size_t i = 0; i < MOST; i++)
        atomic_store_explicit(&chunks[i], 0, memory_order_relaxed);
    atomic_store_explicit(&calls, 0, memory_order_relaxed);
}

static void note_chunk(size_t begin, size_t n)
{
    atomic_store_explicit(&chunks[begin], n, memory_order_relaxed);
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

static int squares(const int *args, size_t n, long *results, void *extras)
{
    note_chunk((size_t)args[0], n);
    long offset = extras ? *(const long *)extras : 0;
    for (size_t i = 0; i < n; i++)
        results[i] = (long)args[i] * args[i] + offset;
    return 0;
}
PARALLEL_DECORATE_SPLIT(squares, int, long);

/* Refuses every chunk in which a multiple of 1000 is. */
static int refuse(const int *args, size_t n, int *results, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++) {
        if (args[i] % 1000 == 0)
            return parallel_fail(REFUSED, "no %d, please", args[i]);
        results[i] = -args[i];
    }
    return 0;
}
PARALLEL_DECORATE_SPLIT(refuse, int, int);

static atomic_long total;

static int add_up(const int *args, size_t n, void *nothing, void *extras)
{
    (void)extras;
    if (nothing)
        return REFUSED;
    long sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += args[i];
    atomic_fetch_add_explicit(&total, sum, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_SPLIT(add_up, int, void, .grain = 100);

static int twice(int x)
{
    return 2 * x;
}
PARALLEL_DECORATE(twice, int, int);

/* That the chunks of the last call were `length` long, but for the last. */
static void check_chunks(size_t n, size_t length)
{
    ck_assert_uint_eq(atomic_load_explicit(&calls, memory_order_relaxed), (n + length - 1) / length);
    for (size_t i = 0; i < n; i += length)
        ck_assert_uint_eq(atomic_load_explicit(&chunks[i], memory_order_relaxed), length < n - i ? length : n - i);
}

START_TEST(one_chunk_a_worker)
{
    size_t workers = (size_t)pl_worker_counts[_i];
    pl_workers((int)workers);
    number_them();
    static const size_t lengths[] = {1, 2, 3, 7, 16, 17, 100, 4999, MOST};
    for (int round = 0; round < (PL_SANITIZED ? 5 : 50); round++)
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            size_t n = lengths[k];
            forget_chunks();
            PARALLEL_SCOPED parallel_results *r = parallel_split(squares, numbers, n);
            ck_assert_ptr_nonnull(r);
            ck_assert_uint_eq(parallel_length(r), n);
            const long *values = parallel_values(r);
            for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(values[i], (long)i * (long)i);
            check_chunks(n, (n - 1) / workers + 1);
        }
}
END_TEST

START_TEST(chunks_of_ones_own)
{
    pl_workers(pl_worker_counts[_i]);
    number_them();
    static const size_t grains[] = {1, 2, 10, 999, MOST, MOST + 1, SIZE_MAX};
    long offset = 5;
    for (size_t k = 0; k < sizeof grains / sizeof grains[0]; k++) {
        forget_chunks();
        PARALLEL_SCOPED parallel_results *r =
            parallel_split(squares, numbers, MOST, .grain = grains[k], .extras = &offset);
        ck_assert_ptr_nonnull(r);
        for (size_t i = 0; i < MOST; i++)
            ck_assert_int_eq(((const long *)parallel_values(r))[i], (long)i * (long)i + 5);
        check_chunks(MOST, grains[k] < MOST ? grains[k] : MOST);
    }
}
END_TEST

START_TEST(of_nothing)
{
    pl_workers(2);
    forget_chunks();
    PARALLEL_SCOPED parallel_results *r = parallel_split(squares, numbers, 0);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_length(r), 0);
    ck_assert_uint_eq(atomic_load_explicit(&calls, memory_order_relaxed), 0);
    errno = 0;
    ck_assert_ptr_null(parallel_split(squares, (const int *)NULL, 1));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(a_chunk_fails_as_a_whole)
{
    pl_workers(pl_worker_counts[_i]);
    number_them();
    errno = 0;
    ck_assert_ptr_null(parallel_split(refuse, numbers + 1, 3000, .grain = 10));
    ck_assert_int_eq(errno, REFUSED);
    const parallel_failure *failure = parallel_last_failure();
    ck_assert_ptr_nonnull(failure);
    ck_assert_uint_eq(failure->index % 10, 0);
    ck_assert_ptr_nonnull(strstr(failure->message, ", please"));
    ck_assert_int_eq(*(const int *)failure->arg, (int)failure->index + 1);

    PARALLEL_SCOPED parallel_results *r = parallel_split(refuse, numbers + 1, 3000, .grain = 10, .silent = true);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), 30);
    for (size_t i = 0; i < 3000; i++) {
        bool bad = i % 1000 >= 990;
        ck_assert_int_eq(parallel_result_state(r, i), bad ? PARALLEL_ERROR : PARALLEL_OK);
        ck_assert_int_eq(((const int *)parallel_values(r))[i], bad ? 0 : -(int)(i + 1));
    }
    const parallel_failure *last = parallel_failed(r, 29);
    ck_assert_uint_eq(last->index, 2999);
    ck_assert_str_eq(last->message, "no 3000, please");
}
END_TEST

START_TEST(for_its_effect)
{
    pl_workers(pl_worker_counts[_i]);
    number_them();
    PARALLEL_SCOPED parallel_results *r = parallel_split(add_up, numbers, MOST);
    ck_assert_ptr_nonnull(r);
    ck_assert_ptr_null(parallel_values(r));
    ck_assert_int_eq(atomic_load_explicit(&total, memory_order_relaxed), (long)MOST * (MOST - 1) / 2);
}
END_TEST

START_TEST(by_other_calls)
{
    pl_workers(pl_worker_counts[_i]);
    number_them();
    static long out[MOST];
    ck_assert_int_eq(parallel_map_into(squares, numbers, MOST, out), 0);
    for (int i = 0; i < MOST; i++)
        ck_assert_int_eq(out[i], (long)i * i);
    PARALLEL_SCOPED parallel_results *r = parallel_split(twice, numbers, MOST);
    ck_assert_ptr_nonnull(r);
    for (int i = 0; i < MOST; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], 2 * i);
}
END_TEST

static void note_range(size_t begin, size_t end, void *unused)
{
    (void)unused;
    note_chunk(begin, end - begin);
}

START_TEST(grain_of_a_loop)
{
    pl_workers(pl_worker_counts[_i]);
    for (size_t grain = 1; grain < 3000; grain = grain * 3 + 1)
        for (int again = 0; again < 5; again++) {
            forget_chunks();
            ck_assert_int_eq(parallel_for(MOST, note_range, NULL, .grain = grain), 0);
            check_chunks(MOST, grain);
        }
    forget_chunks();
    ck_assert_int_eq(parallel_for(MOST, note_range, NULL, .grain = 50, .max_workers = 7), 0);
    check_chunks(MOST, 50);
    forget_chunks();
    ck_assert_int_eq(parallel_for(MOST, note_range, NULL, .grain = 50, .executor = PARALLEL_SERIAL), 0);
    check_chunks(MOST, 50);
}
END_TEST

/* Each record tells how long the chunk was that it came in. */
static int tell_length(const int *records, size_t n, size_t *lengths, void *extras)
{
    (void)extras, (void)records;
    for (size_t i = 0; i < n; i++)
        lengths[i] = n;
    return 0;
}
PARALLEL_DECORATE_SPLIT(tell_length, int, size_t);

START_TEST(a_collection_is_split_evenly)
{
    pl_workers(pl_worker_counts[_i]);
    static const struct {
        size_t n;
        int workers;
        size_t parts[3];
    } splits[] = {
        {4, 2, {2, 2, 0}}, {12, 3, {4, 4, 4}}, {5, 2, {3, 2, 0}},  {7, 2, {4, 3, 0}},
        {9, 2, {5, 4, 0}}, {9, 3, {3, 3, 3}},  {11, 2, {6, 5, 0}}, {11, 3, {4, 4, 3}},
    };
    int records[12] = {0};
    for (size_t k = 0; k < sizeof splits / sizeof splits[0]; k++) {
        PARALLEL_SCOPED parallel_results *r =
            parallel_split(tell_length, records, splits[k].n, .max_workers = splits[k].workers);
        const size_t *lengths = parallel_values(r);
        for (size_t i = 0, part = 0; i < splits[k].n; i += splits[k].parts[part++])
            ck_assert_uint_eq(lengths[i], splits[k].parts[part]);
    }
}
END_TEST

/* Squares, or doubles; one of them is to be asked for. */
static int process(const int *records, size_t n, int *results, void *extras)
{
    const char *what = extras;
    if (!what)
        return parallel_fail(EINVAL, "At least one needed");
    if (records[0] == 1)
        pl_test_sleep(10000); /* the first chunk is slower, on purpose */
    for (size_t i = 0; i < n; i++)
        results[i] = what[0] == 's' ? records[i] * records[i] : records[i] * 2;
    return 0;
}
PARALLEL_DECORATE_SPLIT(process, int, int);

START_TEST(chunks_with_extras_in_order)
{
    pl_workers(pl_worker_counts[_i]);
    char square[] = "square", twice[] = "double";
    const int records[] = {1, 2, 3, 4, 5};
    for (size_t n = 4; n <= 5; n++) {
        PARALLEL_SCOPED parallel_results *s = parallel_split(process, records, n, .max_workers = 2, .extras = square);
        PARALLEL_SCOPED parallel_results *d = parallel_split(process, records, n, .max_workers = 2, .extras = twice);
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(((const int *)parallel_values(s))[i], records[i] * records[i]);
            ck_assert_int_eq(((const int *)parallel_values(d))[i], records[i] * 2);
        }
    }
    ck_assert_ptr_null(parallel_split(process, records, 5, .max_workers = 2));
    ck_assert_str_eq(parallel_last_failure()->message, "At least one needed");
}
END_TEST

START_TEST(chunks_on_processes)
{
    pl_workers(pl_worker_counts[_i]);
    char square[] = "square";
    const int records[] = {1, 2, 3, 4, 5};
    for (size_t n = 4; n <= 5; n++) {
        PARALLEL_SCOPED parallel_results *s =
            parallel_split(process, records, n, .max_workers = 2, .extras = square, .executor = PARALLEL_PROCESS);
        ck_assert_ptr_nonnull(s);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(((const int *)parallel_values(s))[i], records[i] * records[i]);
    }
    ck_assert_ptr_null(parallel_split(process, records, 5, .max_workers = 2, .executor = PARALLEL_PROCESS));
    ck_assert_str_eq(parallel_last_failure()->message, "At least one needed");
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, one_chunk_a_worker, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, chunks_of_ones_own, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, of_nothing);
    tcase_add_loop_test(c, a_chunk_fails_as_a_whole, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, for_its_effect, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, by_other_calls, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, grain_of_a_loop, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_collection_is_split_evenly, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, chunks_with_extras_in_order, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, chunks_on_processes, 0, PL_WORKER_COUNTS);
    return pl_run("api/split", c);
}
