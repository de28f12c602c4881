/* SPDX-License-Identifier: MIT */
/* Filters and partitions: each against the loop that it equals, and what is not to be touched beside it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/jobs.h"
#include "support/process.h"
#include "support/sanitizers.h"

static const size_t sizes[] = {
    0,      1,      2,       3,    15,   16,   17,   63,    64,    65,    127,   128,    1000,
    1021,   4095,   4096,    4097, 8191, 8192, 8193, 12289, 65535, 65536, 65537, 100003, 524289,
#if !PL_SANITIZED /* they would take minutes */
    524287, 524288, 1000003,
#endif
};
enum { SIZES = sizeof sizes / sizeof sizes[0], KINDS = 5 };

/* All bytes from `from` to `to` are as they were. */
static bool is_untouched(const void *memory, size_t from, size_t to)
{
    const unsigned char *bytes = memory;
    while (from < to && bytes[from] == UNTOUCHED)
        from++;
    return from >= to;
}

/* ---- items of all sizes ---------------------------------------------------------------------------------------- */

/* What is kept: of 256 first bytes, so many; and in clusters, by what the test sets. */
static unsigned limit = 128;

#define OF_BYTES(size)                                                                                                 \
    struct bytes##size {                                                                                               \
        unsigned char of[size];                                                                                        \
    };                                                                                                                 \
    static bool keeps##size(struct bytes##size item)                                                                   \
    {                                                                                                                  \
        return item.of[0] < limit;                                                                                     \
    }                                                                                                                  \
    PARALLEL_DECORATE(keeps##size, struct bytes##size, bool);                                                          \
    static void check##size(size_t n)                                                                                  \
    {                                                                                                                  \
        struct bytes##size *in = random_bytes(n * size), *out = some_room(n * size), *expected = some_room(n * size);  \
        size_t kept = 0, m = 0;                                                                                        \
        for (size_t i = 0; i < n; i++)                                                                                 \
            if (keeps##size(in[i]))                                                                                    \
                expected[m++] = in[i];                                                                                 \
        for (size_t i = 0, k = m; i < n; i++)                                                                          \
            if (!keeps##size(in[i]))                                                                                   \
                expected[k++] = in[i];                                                                                 \
        ck_assert_int_eq(parallel_filter_into(keeps##size, in, n, out, &kept), 0);                                     \
        ck_assert_msg(kept == m && memcmp(out, expected, m * size) == 0, #size " bytes, n = %zu", n);                  \
        ck_assert(is_untouched(out, m *size, n *size + 8));                                                            \
        PARALLEL_SCOPED parallel_results *r = parallel_filter(keeps##size, in, n);                                     \
        ck_assert(r &&parallel_length(r) == m && parallel_failures(r) == 0);                                           \
        ck_assert(m == 0 || memcmp(parallel_values(r), expected, m * size) == 0);                                      \
        ck_assert((uintptr_t)parallel_values(r) % 64 == 0);                                                            \
        kept = 7;                                                                                                      \
        ck_assert_int_eq(parallel_partition_into(keeps##size, in, n, out, &kept), 0);                                  \
        ck_assert(kept == m && memcmp(out, expected, n * size) == 0 && is_untouched(out, n * size, n * size + 8));     \
        kept = 7;                                                                                                      \
        ck_assert_int_eq(parallel_filter_into(keeps##size, in, n, in, &kept), 0);                                      \
        ck_assert(kept == m && memcmp(in, expected, m * size) == 0);                                                   \
        free(in);                                                                                                      \
        free(out);                                                                                                     \
        free(expected);                                                                                                \
    }
OF_BYTES(1)
OF_BYTES(2)
OF_BYTES(3)
OF_BYTES(4)
OF_BYTES(8)
OF_BYTES(12)
OF_BYTES(16)
OF_BYTES(24)
OF_BYTES(33)

START_TEST(items_of_all_sizes)
{
    static const unsigned limits[KINDS] = {0, 3, 128, 250, 256};
    size_t n = sizes[_i];
    for (int k = 0; k < KINDS; k++) {
        limit = limits[k];
        check4(n);
        check8(n);
        if (k != 2 && n > 100003)
            continue;
        check1(n);
        check2(n);
        check3(n);
        check12(n);
        check16(n);
        check24(n);
        check33(n);
    }
}
END_TEST

/* ---- the same whoever does it ---------------------------------------------------------------------------------- */

static bool is_odd(uint64_t x)
{
    return x % 2;
}
PARALLEL_DECORATE(is_odd, uint64_t, bool);

/* Now and then it takes long: so links are put aside, the window is closed, and others finish what is there. */
static bool is_odd_at_times(uint64_t x)
{
    if (x % 65536 == 7)
        pl_test_sleep(300);
    return x % 2;
}
PARALLEL_DECORATE(is_odd_at_times, uint64_t, bool);

static int is_odd_task(const uint64_t *x, bool *result, void *extras)
{
    (void)extras;
    *result = *x % 2;
    return 0;
}
PARALLEL_DECORATE_TASK(is_odd_task, uint64_t, bool);

static int call_is_odd(const void *arg, void *result, void *extras)
{
    return is_odd_task(arg, result, extras);
}

static const parallel_function by_hand = {
    .name = "by hand", .arg_size = sizeof(uint64_t), .result_size = sizeof(bool), .call = call_is_odd};
static const parallel_function *const predicates[] = {&is_odd__parallel, &is_odd_at_times__parallel,
                                                      &is_odd_task__parallel, &by_hand};
enum { PREDICATES = sizeof predicates / sizeof predicates[0] };

static size_t odd_ones(const uint64_t *in, size_t n, uint64_t *out)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (in[i] % 2)
            out[m++] = in[i];
    for (size_t i = 0, k = m; i < n; i++)
        if (in[i] % 2 == 0)
            out[k++] = in[i];
    return m;
}

static void check_with(const parallel_function *f, const uint64_t *in, size_t n, const uint64_t *expected, size_t m,
                       parallel_options o)
{
    uint64_t *out = some_room(n * sizeof *out);
    size_t kept = 0;
    o.size = sizeof o;
    ck_assert_int_eq(parallel_filter_into_function(f, in, n, out, &kept, &o), 0);
    ck_assert(kept == m && memcmp(out, expected, m * sizeof *out) == 0);
    ck_assert(is_untouched(out, m * sizeof *out, n * sizeof *out));
    ck_assert_int_eq(parallel_partition_into_function(f, in, n, out, &kept, &o), 0);
    ck_assert(kept == m && memcmp(out, expected, n * sizeof *out) == 0);
    memcpy(out, in, n * sizeof *out);
    ck_assert_int_eq(parallel_filter_into_function(f, out, n, out, &kept, &o), 0);
    ck_assert(kept == m && memcmp(out, expected, m * sizeof *out) == 0);
    free(out);
    PARALLEL_SCOPED parallel_results *r = parallel_filter_function(f, in, n, &o);
    ck_assert(r && parallel_length(r) == m);
    ck_assert(m == 0 || memcmp(parallel_values(r), expected, m * sizeof *out) == 0);
}

struct nested {
    const parallel_function *f;
    const uint64_t *in, *expected;
    size_t n, m;
};

static void filter_nested(size_t begin, size_t end, void *ctx)
{
    const struct nested *c = ctx;
    for (; begin < end; begin++)
        check_with(c->f, c->in, c->n, c->expected, c->m, (parallel_options){.grain = 1});
}

START_TEST(whoever_does_it)
{
    size_t n = sizes[_i % SIZES];
    const parallel_function *f = predicates[_i / SIZES];
    uint64_t *in = random_bytes(n * sizeof *in), *expected = some_room(n * sizeof *in);
    size_t m = odd_ones(in, n, expected);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    for (int workers = 1; workers <= 64; workers *= 8)
        check_with(f, in, n, expected, m, (parallel_options){.max_workers = workers});
    check_with(f, in, n, expected, m, (parallel_options){.pool = pool});
    check_with(f, in, n, expected, m, (parallel_options){.pool = pool, .grain = 3, .call_timeout = 1e6});
    check_with(f, in, n, expected, m, (parallel_options){.executor = PARALLEL_SERIAL});
    struct nested c = {f, in, expected, n, m};
    ck_assert_int_eq(parallel_for(4, filter_nested, &c, .pool = pool), 0);
    if (n < 100000 && n > 60000)
        check_with(f, in, n, expected, m, (parallel_options){.executor = PARALLEL_PROCESS, .max_workers = 2});
    free(in);
    free(expected);
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------------------------- */

enum { N = 200003 };
static int in[N];

static void fill(void)
{
    for (int i = 0; i < N; i++)
        in[i] = i;
}

static int bad[2] = {-1, -1};
static atomic_int tried;

static int is_even_or_bad(const int *x, bool *result, void *extras)
{
    (void)extras;
    if (*x == bad[0] || *x == bad[1]) {
        count_one(&tried);
        return parallel_fail(EIO, "%d is bad", *x);
    }
    *result = *x % 2 == 0;
    return 0;
}
PARALLEL_DECORATE_TASK(is_even_or_bad, int, bool);

START_TEST(predicates_that_fail)
{
    int *out = some_room(N * sizeof *out);
    fill();
    for (bad[0] = 0; bad[0] < N; bad[0] += 99999) {
        size_t kept = 7;
        errno = 0;
        ck_assert_int_eq(parallel_filter_into(is_even_or_bad, in, N, out, &kept), -1);
        ck_assert(errno == EIO && kept == 7 && parallel_last_failure()->index == (size_t)bad[0]);
        errno = 0;
        ck_assert_int_eq(parallel_partition_into(is_even_or_bad, in, N, out, &kept), -1);
        ck_assert(errno == EIO && kept == 7 && parallel_last_failure()->index == (size_t)bad[0]);
        errno = 0;
        ck_assert_ptr_null(parallel_filter(is_even_or_bad, in, N));
        ck_assert(errno == EIO && parallel_last_failure()->index == (size_t)bad[0]);
        ck_assert(parallel_last_failure()->arg == &in[bad[0]]);
    }
    free(out);
}
END_TEST

START_TEST(failures_that_are_silent)
{
    int *out = some_room(N * sizeof *out);
    size_t kept = 7;
    fill();
    bad[0] = 70000;
    bad[1] = 150001;
    errno = 0;
    ck_assert_int_eq(parallel_filter_into(is_even_or_bad, in, N, out, &kept, .silent = true), -1);
    ck_assert(errno == EIO && kept == N / 2 && parallel_last_failure()->index == 70000);
    for (int i = 0; i < (int)kept; i++)
        ck_assert_int_eq(out[i], 2 * (i + (i >= 35000)));
    errno = 0;
    ck_assert_int_eq(parallel_partition_into(is_even_or_bad, in, N, out, &kept, .silent = true), -1);
    ck_assert(errno == EIO && kept == N / 2);
    for (int i = 0; i < (int)kept; i++)
        ck_assert_int_eq(out[i], 2 * (i + (i >= 35000)));
    for (int i = 0; i < N / 2 - 1; i++)
        ck_assert_int_eq(out[(int)kept + i], 2 * (i + (i >= 75000)) + 1);
    PARALLEL_SCOPED parallel_results *r = parallel_filter(is_even_or_bad, in, N, .silent = true);
    ck_assert(parallel_length(r) == N / 2 && parallel_failures(r) == 2 && parallel_failed(r, 0)->index == 70000 &&
              parallel_failed(r, 1)->index == 150001 && *(const int *)parallel_failed(r, 1)->arg == 150001);
    ck_assert_str_eq(parallel_failed(r, 0)->message, "70000 is bad");
    ck_assert_ptr_null(parallel_failed(r, 2));
    ck_assert(memcmp(parallel_values(r), out, kept * sizeof *out) == 0);
    ck_assert(*(const int *)parallel_result(r, 70000) == out[70000]);
    ck_assert(parallel_result_state(r, 70000) == PARALLEL_OK && parallel_succeeded(r, NULL, 0) == N / 2);
    parallel_replace_failed(r, &(int){-1});
    ck_assert(memcmp(parallel_values(r), out, kept * sizeof *out) == 0);
    free(out);
}
END_TEST

static int fails_at_first(const int *x, bool *result, void *extras)
{
    (void)extras;
    if (*x == bad[0] && atomic_fetch_add(&tried, 1) < 2)
        return EAGAIN;
    *result = *x % 2 == 0;
    return 0;
}
PARALLEL_DECORATE_TASK(fails_at_first, int, bool, .retries = 2);

START_TEST(predicates_that_are_tried_again)
{
    int *out = some_room(N * sizeof *out);
    size_t kept = 0;
    fill();
    bad[0] = 100000;
    ck_assert_int_eq(parallel_filter_into(fails_at_first, in, N, out, &kept), 0);
    ck_assert(kept == N / 2 + 1 && out[50000] == 100000 && count_of(&tried) >= 2);
    free(out);
}
END_TEST

static int sleeps(const int *x, bool *result, void *extras)
{
    (void)extras;
    *result = true;
    for (int i = 0; *x == bad[0] && i < 1000 && !parallel_cancelled(); i++)
        pl_test_sleep(1000);
    return 0;
}
PARALLEL_DECORATE_TASK(sleeps, int, bool);

START_TEST(predicates_that_are_late)
{
    int out[100];
    size_t kept = 7;
    fill();
    bad[0] = 50;
    errno = 0;
    ck_assert_int_eq(parallel_filter_into(sleeps, in, 100, out, &kept, .timeout = 0.02), -1);
    ck_assert(errno == ETIMEDOUT && kept == 7 && parallel_last_failure()->state == PARALLEL_TIMED_OUT);
    PARALLEL_SCOPED parallel_results *r = parallel_filter(sleeps, in, 100, .timeout = 0.02, .silent = true);
    ck_assert(parallel_length(r) == 99 && parallel_failures(r) == 1 && parallel_failed(r, 0)->index == 50);
}
END_TEST

/* ---- options --------------------------------------------------------------------------------------------------- */

static size_t last_done, last_total, reports;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert(done >= last_done && done <= total);
    last_done = done;
    last_total = total;
    reports++;
}

static bool is_even(int x)
{
    return x % 2 == 0;
}
PARALLEL_DECORATE(is_even, int, bool);

static int to_int(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = *x;
    return 0;
}
PARALLEL_DECORATE_TASK(to_int, int, int);

START_TEST(options)
{
    int *out = some_room(N * sizeof *out);
    size_t kept = 7;
    const char *names[1] = {"a"};
    fill();
    for (int way = 0; way < 4; way++) {
        last_done = last_total = reports = 0;
        if (way == 0)
            ck_assert_int_eq(parallel_filter_into(is_even, in, N, out, &kept, .progress = note_progress), 0);
        else if (way == 1)
            ck_assert_int_eq(parallel_partition_into(is_even, in, N, out, &kept, .progress = note_progress), 0);
        else if (way == 2)
            ck_assert_int_eq(parallel_filter_into(is_even_or_bad, in, N, out, &kept, .progress = note_progress), 0);
        else
            parallel_results_free(parallel_filter(is_even_or_bad, in, N, .progress = note_progress));
        ck_assert(last_done == N && last_total == N && reports > 0);
    }
    kept = 7;
    errno = 0;
    ck_assert_int_eq(parallel_filter_into(is_even, in, 1, out, &kept, .names = names), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_partition_into(is_even, in, 1, out, &kept, .names = names), -1);
    ck_assert_ptr_null(parallel_filter(is_even_or_bad, in, 1, .names = names));
    ck_assert_ptr_null(parallel_filter(is_even, in, 0, .max_workers = -1));
    ck_assert_int_eq(parallel_filter_into(is_even, in, 0, out, &kept, .max_workers = -1), -1);
    errno = 0;
    ck_assert_int_eq(parallel_partition_into(is_even, in, 5, in, &kept), -1);
    ck_assert_int_eq(errno, EINVAL);
    for (int by = 1; by < 5; by++) {
        errno = 0;
        ck_assert_int_eq(parallel_partition_into(is_even, in, 5, in + by, &kept), -1);
        ck_assert_int_eq(errno, EINVAL);
        ck_assert_int_eq(parallel_partition_into(is_even, in + by, 5, in, &kept), -1);
        ck_assert_int_eq(parallel_filter_into(is_even, in + by, 5, in, &kept), -1);
        ck_assert_int_eq(parallel_filter_into(is_even, in, 5, in + by, &kept), -1);
    }
    ck_assert_int_eq(parallel_filter_into_function(&is_even__parallel, in, 1, out, NULL, NULL), -1);
    ck_assert_int_eq(parallel_filter_into_function(&is_even__parallel, in, 1, NULL, &kept, NULL), -1);
    ck_assert_int_eq(parallel_filter_into_function(&is_even__parallel, NULL, 1, out, &kept, NULL), -1);
    ck_assert_int_eq(parallel_filter_into_function(NULL, in, 1, out, &kept, NULL), -1);
    ck_assert_int_eq(parallel_partition_into_function(&is_even__parallel, in, 1, out, NULL, NULL), -1);
    ck_assert_int_eq(parallel_partition_into_function(&to_int__parallel, in, 1, out, &kept, NULL), -1);
    ck_assert_ptr_null(parallel_filter_function(&to_int__parallel, in, 1, NULL));
    errno = 0;
    if (!PL_SANITIZED) { /* they end a program that asks for so much */
        ck_assert_ptr_null(parallel_filter_function(&is_even__parallel, in, SIZE_MAX / 16, NULL));
        ck_assert_int_eq(errno, ENOMEM);
    }
    errno = 0;
    ck_assert_int_eq(parallel_filter_into_function(&is_even__parallel, in, SIZE_MAX / 4, out, &kept, NULL), -1);
    ck_assert_int_eq(errno, ENOMEM);
    errno = 0;
    ck_assert_int_eq(parallel_partition_into_function(&is_even__parallel, in, SIZE_MAX / 4, out, &kept, NULL), -1);
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_uint_eq(kept, 7);
    ck_assert_int_eq(parallel_filter_into(is_even, in, 0, out, &kept), 0);
    ck_assert_uint_eq(kept, 0);
    kept = 7;
    ck_assert_int_eq(parallel_partition_into(is_even_or_bad, in, 0, out, &kept, .retries = 1), 0);
    ck_assert_uint_eq(kept, 0);
    free(out);
}
END_TEST

static bool is_even_slowly(int x)
{
    pl_test_sleep(100);
    return x % 2 == 0;
}
PARALLEL_DECORATE(is_even_slowly, int, bool);

static int room[N];

START_TEST(a_call_ends_in_time)
{
    size_t kept = 7;
    double began = now();
    for (int k = 0; k < 2; k++) {
        errno = 0;
        ck_assert_int_eq(k ? parallel_partition_into(is_even_slowly, in, N, room, &kept, .call_timeout = 0.02)
                           : parallel_filter_into(is_even_slowly, in, N, room, &kept, .call_timeout = 0.02),
                         -1);
        ck_assert(errno == ETIMEDOUT && kept == 7 && now() - began < 2);
        const parallel_failure *f = parallel_last_failure();
        ck_assert(f && f->index < N && f->arg == &in[f->index]);
    }
}
END_TEST

static atomic_int begun, codes[3];

static int filter_long(const int *how, int *result, void *extras)
{
    size_t kept = 7;
    (void)extras;
    *result = 0;
    count_one(&begun);
    parallel_results *r = NULL;
    int code = *how == 0   ? parallel_filter_into(is_even_slowly, in, N, room, &kept)
               : *how == 1 ? parallel_partition_into(is_even_slowly, in, N, room, &kept)
                           : ((r = parallel_filter(is_even_slowly, in, N)) ? 0 : -1);
    atomic_store_explicit(&codes[*how], code && kept == 7 ? errno : -1, memory_order_relaxed);
    parallel_results_free(r);
    return 0;
}
PARALLEL_DECORATE_TASK(filter_long, int, int);

/* Each takes seconds, if nothing ends it. */
START_TEST(a_task_that_is_cancelled)
{
    int how = _i % 3;
    bool late = _i >= 3;
    parallel_executor *ex = parallel_async_map(filter_long, &how, 1, .timeout = late ? 0.01 : 0);
    while (count_of(&begun) == 0)
        pl_test_sleep(1000);
    if (!late)
        parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&codes[how]), late ? ETIMEDOUT : ECANCELED);
}
END_TEST

static int filter_nothing(const bool *is_partition, int *code, void *extras)
{
    size_t kept = 7;
    (void)extras;
    *code = 0;
    while (!parallel_cancelled())
        pl_test_sleep(100);
    int result = *is_partition ? parallel_partition_into(is_even_or_bad, in, 0, room, &kept)
                               : parallel_filter_into(is_even_or_bad, in, 0, room, &kept);
    atomic_store_explicit(&codes[*is_partition], result == 0 && kept == 0, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(filter_nothing, bool, int);

/* Nothing is left out. */
START_TEST(a_late_task_filters_nothing)
{
    const bool kinds[] = {false, true};
    int results[2];
    ck_assert_int_eq(parallel_map_into(filter_nothing, kinds, 2, results, .timeout = 0.01, .silent = true), -1);
    ck_assert(count_of(&codes[0]) == 1 && count_of(&codes[1]) == 1);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 100);
    tcase_add_loop_test(c, items_of_all_sizes, 0, SIZES);
    tcase_add_loop_test(c, whoever_does_it, 0, PREDICATES * SIZES);
    tcase_add_test(c, predicates_that_fail);
    tcase_add_test(c, failures_that_are_silent);
    tcase_add_test(c, predicates_that_are_tried_again);
    tcase_add_test(c, predicates_that_are_late);
    tcase_add_test(c, options);
    tcase_add_test(c, a_call_ends_in_time);
    tcase_add_loop_test(c, a_task_that_is_cancelled, 0, 6);
    tcase_add_test(c, a_late_task_filters_nothing);
    return pl_run("api/filter", c);
}
