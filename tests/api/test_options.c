/* SPDX-License-Identifier: MIT */
/* Calls that are wrong, options that are not there yet, and options structs of other ages. */
#include <errno.h>
#include <math.h>
#include <parallel.h>
#include <stdint.h>
#include <string.h>

#include "support/sanitizers.h"
#include "support/test.h"

enum { N = 50 };

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

static int numbers[N];

static void set_up(int workers)
{
    pl_workers(workers);
    for (int i = 0; i < N; i++)
        numbers[i] = i;
}

static void nothing(size_t begin, size_t end, void *ctx)
{
    (void)begin, (void)end, (void)ctx;
}

/* Whether an ordinary call works. */
static bool works(const parallel_function *f, const parallel_options *options)
{
    PARALLEL_SCOPED parallel_results *r = parallel_map_function(f, numbers, N, options);
    const int *out = parallel_values(r);
    for (int i = 0; out && i < N; i++)
        if (out[i] != i * i)
            return false;
    return out != NULL;
}

/* All calls are refused with this error, and the next one works. */
static void refused(const parallel_function *f, const parallel_options *options, int error)
{
    int out[N];
    errno = 0;
    ck_assert_ptr_null(parallel_map_function(f, numbers, N, options));
    ck_assert_int_eq(errno, error);
    ck_assert_ptr_null(parallel_last_failure());
    errno = 0;
    ck_assert_int_eq(parallel_map_into_function(f, numbers, N, out, options), -1);
    ck_assert_int_eq(errno, error);
    errno = 0;
    ck_assert_ptr_null(parallel_map_function(f, numbers, 0, options));
    ck_assert_int_eq(errno, error);
    ck_assert(works(&square__parallel, NULL));
}

/* The same for a loop. */
static void loop_refused(const parallel_options *options, int error)
{
    errno = 0;
    ck_assert_int_eq(parallel_for_function(N, nothing, NULL, options), -1);
    ck_assert_int_eq(errno, error);
    ck_assert_int_eq(parallel_for(N, nothing, NULL), 0);
}

/* ---- EINVAL ---------------------------------------------------------------------------------------------- */

START_TEST(incomplete_calls)
{
    set_up(pl_worker_counts[_i]);
    int out[N];
    const int *none = NULL;
    errno = 0;
    ck_assert_ptr_null(parallel_map(square, none, 1));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_ptr_null(parallel_thread_map(square, none, N));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_map_into(square, none, N, out), -1);
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_map_into(square, numbers, N, (int *)NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_map_into(square, numbers, 0, (int *)NULL), 0);
    errno = 0;
    ck_assert_int_eq(parallel_for(N, NULL, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert(works(&square__parallel, NULL));
}
END_TEST

static int square_call(const void *arg, void *result, void *extras)
{
    (void)extras;
    *(int *)result = square(*(const int *)arg);
    return 0;
}

START_TEST(incomplete_functions)
{
    set_up(pl_worker_counts[_i]);
    parallel_function f = {.name = "square", .arg_size = sizeof(int), .result_size = sizeof(int), .call = square_call};
    ck_assert(works(&f, NULL));
    refused(NULL, NULL, EINVAL);
    f.call = NULL;
    refused(&f, NULL, EINVAL);
    f.call = square_call;
    f.arg_size = 0;
    refused(&f, NULL, EINVAL);
    f.arg_size = sizeof(int);
    /* `size` 0: what lies beyond `call` is not looked at */
    f.options = &(const parallel_options){.max_workers = -1};
    ck_assert(works(&f, NULL));
    f.size = sizeof f;
    refused(&f, NULL, EINVAL);
}
END_TEST

START_TEST(bad_values)
{
    set_up(pl_worker_counts[_i]);
    const parallel_options bad[] = {
        {.max_workers = -1},
        {.max_workers = -0x7fffffff},
        {.timeout = NAN},
        {.call_timeout = NAN},
        {.retry_delay = NAN},
        {.executor = (parallel_executor_kind)99},
        {.executor = (parallel_executor_kind)-1},
        {.tile_rows = (size_t)-1},
        {.tile_cols = (size_t)PTRDIFF_MAX + 1},
    };
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        refused(&square__parallel, &bad[k], EINVAL);
        loop_refused(&bad[k], EINVAL);
        parallel_function f = square__parallel;
        f.options = &bad[k];
        refused(&f, NULL, EINVAL);
    }
}
END_TEST

START_TEST(tiles_are_left_alone)
{
    set_up(pl_worker_counts[_i]);
    const parallel_options o = {.tile_rows = 3, .tile_cols = PTRDIFF_MAX};
    ck_assert(works(&square__parallel, &o));
    ck_assert_int_eq(parallel_for_function(N, nothing, NULL, &o), 0);
}
END_TEST

START_TEST(loops_have_a_length)
{
    set_up(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_int_eq(parallel_for((size_t)-1, nothing, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_for((size_t)PTRDIFF_MAX + 1, nothing, NULL, .max_workers = 2), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_for(PTRDIFF_MAX, nothing, NULL), 0);
}
END_TEST

START_TEST(bad_names)
{
    set_up(pl_worker_counts[_i]);
    char text[N][16], copy[16];
    const char *names[N];
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "n%d", i);
        names[i] = text[i];
    }
    const parallel_options o = {.names = names};
    ck_assert(works(&square__parallel, &o));
    const char *last = names[N - 1];
    const char *wrong[] = {NULL, names[0], strcpy(copy, "n17")};
    for (int k = 0; k < 3; k++) {
        int out[N];
        names[N - 1] = wrong[k];
        errno = 0;
        ck_assert_ptr_null(parallel_map(square, numbers, N, .names = names));
        ck_assert_int_eq(errno, EINVAL);
        errno = 0;
        ck_assert_int_eq(parallel_map_into(square, numbers, N, out, .names = names), -1);
        ck_assert_int_eq(errno, EINVAL);
        ck_assert(works(&square__parallel, NULL));
    }
    names[N - 1] = last;
    ck_assert(works(&square__parallel, &o));
    parallel_future futures[] = {PARALLEL_FUTURE(square, numbers[0]), PARALLEL_FUTURE(square, numbers[1])};
    errno = 0;
    ck_assert_ptr_null(parallel_par(futures, 2, .names = (const char *[]){"n0", NULL}));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(loops_have_no_names_and_no_extras)
{
    set_up(pl_worker_counts[_i]);
    const char *names[N] = {"a"};
    loop_refused(&(parallel_options){.names = names}, EINVAL);
    loop_refused(&(parallel_options){.extras = numbers}, EINVAL);
    loop_refused(&(parallel_options){.timeout = 1}, EINVAL);
    loop_refused(&(parallel_options){.retries = 1}, EINVAL);
    loop_refused(&(parallel_options){.deferred = true}, EINVAL);
    refused(&square__parallel, &(parallel_options){.deferred = true}, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_for(N, nothing, NULL, .names = names), -1);
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_int_eq(parallel_for(N, nothing, NULL, .extras = numbers), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static int serial_square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(serial_square, int, int, .executor = PARALLEL_SERIAL);

START_TEST(thread_maps_are_on_threads)
{
    set_up(pl_worker_counts[_i]);
    errno = 0;
    ck_assert_ptr_null(parallel_thread_map(square, numbers, N, .executor = PARALLEL_SERIAL));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_ptr_null(
        parallel_thread_map_function(&square__parallel, numbers, N, &(parallel_options){.executor = PARALLEL_PROCESS}));
    ck_assert_int_eq(errno, EINVAL);
    PARALLEL_SCOPED parallel_results *same = parallel_thread_map(square, numbers, N, .executor = PARALLEL_THREAD);
    ck_assert_ptr_nonnull(same);
    PARALLEL_SCOPED parallel_results *anyway = parallel_thread_map(serial_square, numbers, N);
    ck_assert_ptr_nonnull(anyway);
    ck_assert(works(&square__parallel, NULL));
}
END_TEST

/* ---- ENOTSUP --------------------------------------------------------------------------------------------- */

START_TEST(what_this_release_does_not_have)
{
    set_up(pl_worker_counts[_i]);
    const parallel_options later[] = {{.executor = PARALLEL_MPI}};
    for (size_t k = 0; k < sizeof later / sizeof later[0]; k++) {
        refused(&square__parallel, &later[k], ENOTSUP);
        loop_refused(&later[k], ENOTSUP);
        parallel_function f = square__parallel;
        f.options = &later[k];
        refused(&f, NULL, ENOTSUP);
        refused(&f, &(parallel_options){.max_workers = 2}, ENOTSUP);
    }
}
END_TEST

static int slow_square(int x)
{
    parallel_sleep(x ? 0 : 0.05);
    return x * x;
}
PARALLEL_DECORATE(slow_square, int, int, .timeout = 0.001, .call_timeout = 0.002, .retries = 2);

START_TEST(a_call_does_without_what_was_decorated)
{
    set_up(pl_worker_counts[_i]);
    int out[N];
    errno = 0;
    ck_assert_ptr_null(parallel_map(slow_square, numbers, N));
    ck_assert_int_eq(errno, ETIMEDOUT);
    errno = 0;
    ck_assert_int_eq(parallel_map_into(slow_square, numbers, N, out, .timeout = -1), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    errno = 0;
    ck_assert_int_eq(parallel_map_into(slow_square, numbers, N, out, .call_timeout = -1), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(slow_square, numbers, N, .timeout = -1, .call_timeout = -0.5, .retries = -1);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(((const int *)parallel_values(r))[7], 49);
    ck_assert(works(&square__parallel, &(parallel_options){.timeout = -1, .call_timeout = -1, .retries = -3}));
    ck_assert(works(&square__parallel, &(parallel_options){.timeout = INFINITY, .call_timeout = 1e300, .retries = 3}));
    ck_assert_int_eq(parallel_for(N, nothing, NULL, .timeout = -1, .retries = -1), 0);
    parallel_function f = square__parallel;
    f.options = &(const parallel_options){.executor = PARALLEL_PROCESS};
    ck_assert(works(&f, &(parallel_options){.executor = PARALLEL_THREAD}));
    ck_assert(works(&f, &(parallel_options){.executor = PARALLEL_SERIAL}));
    f.options = &(const parallel_options){.deferred = true};
    ck_assert(works(&f, NULL));
}
END_TEST

/* ---- ages ------------------------------------------------------------------------------------------------ */

START_TEST(options_of_other_ages)
{
    set_up(pl_worker_counts[_i]);
    parallel_options o = {.size = 0, .max_workers = 2};
    ck_assert(works(&square__parallel, &o));
    o.deferred = true; /* size 0 stands for all members */
    refused(&square__parallel, &o, EINVAL);
    o = (parallel_options){.size = 0, .tasks_per_worker = -1};
    refused(&square__parallel, &o, EINVAL);
    o = (parallel_options){.size = 0, .tile_cols = (size_t)-1};
    refused(&square__parallel, &o, EINVAL);

    /* an old program knows only the first members; what lies behind is none of its options */
    o = (parallel_options){.timeout = -1, .max_workers = -5, .executor = (parallel_executor_kind)77, .deferred = true};
    o.size = offsetof(parallel_options, max_workers);
    ck_assert(works(&square__parallel, &o));
    o.size = offsetof(parallel_options, executor);
    refused(&square__parallel, &o, EINVAL);
    o.max_workers = 3;
    ck_assert(works(&square__parallel, &o));
    o.size = offsetof(parallel_options, silent);
    refused(&square__parallel, &o, EINVAL);
    o.size = sizeof o.size;
    ck_assert(works(&square__parallel, &o));
    o = (parallel_options){.size = sizeof o};
    ck_assert(works(&square__parallel, &o));

    /* a new program: options that this library does not know are refused if they are set */
    struct {
        parallel_options known;
        char unknown[64];
    } larger = {.known = {.size = sizeof larger, .max_workers = 2}};
    ck_assert(works(&square__parallel, &larger.known));
    ck_assert_int_eq(parallel_for_function(N, nothing, NULL, &larger.known), 0);
    for (size_t k = 0; k < sizeof larger.unknown; k += 21) {
        larger.unknown[k] = 1;
        refused(&square__parallel, &larger.known, ENOTSUP);
        loop_refused(&larger.known, ENOTSUP);
        larger.unknown[k] = 0;
    }
    larger.unknown[63] = 1;
    parallel_function f = square__parallel;
    f.options = &larger.known;
    refused(&f, NULL, ENOTSUP);
}
END_TEST

static int sum_of_two(const int *arg, int *result, void *extras)
{
    *result = *arg + (extras ? *(int *)extras : 0);
    return *arg == 3 ? EDOM : 0;
}
static int ten = 10, twenty = 20;
PARALLEL_DECORATE_TASK(sum_of_two, int, int, .extras = &ten, .silent = true, .max_workers = 2);

START_TEST(a_call_goes_before_the_decoration)
{
    set_up(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = parallel_map(sum_of_two, numbers, N);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), 1);
    ck_assert_int_eq(*(const int *)parallel_result(r, 4), 14);
    PARALLEL_SCOPED parallel_results *s = parallel_map(sum_of_two, numbers, N, .extras = &twenty, .max_workers = 5);
    ck_assert_int_eq(*(const int *)parallel_result(s, 4), 24);
    PARALLEL_SCOPED parallel_results *t = parallel_map_function(&sum_of_two__parallel, numbers, N, NULL);
    ck_assert_int_eq(*(const int *)parallel_result(t, 4), 14);
}
END_TEST

/* ---- too much -------------------------------------------------------------------------------------------- */

static void too_many(size_t n)
{
    static const char *names[1] = {"only"};
    errno = 0;
    ck_assert_ptr_null(parallel_map(square, numbers, n));
    ck_assert_msg(errno == ENOMEM, "n = %zu: errno %d", n, errno);
    errno = 0;
    ck_assert_ptr_null(parallel_map(square, numbers, n, .names = n > PTRDIFF_MAX / 4 ? names : NULL));
    ck_assert_msg(errno == ENOMEM, "n = %zu: errno %d", n, errno);
    ck_assert(works(&square__parallel, NULL));
}

START_TEST(more_than_there_is_room_for)
{
    set_up(pl_worker_counts[_i]);
    too_many(SIZE_MAX);
    too_many(SIZE_MAX / 2);
    too_many(SIZE_MAX / 2 + 1);
    too_many(SIZE_MAX / 4 + 1);
    too_many(PTRDIFF_MAX / sizeof(int) + 1);
    if (!PL_SANITIZED) {
        too_many(PTRDIFF_MAX / sizeof(int));
        too_many(PTRDIFF_MAX / sizeof(int) - 16);
        if (SIZE_MAX > UINT32_MAX) /* else that much may be had */
            too_many(SIZE_MAX / 64);
    }
    parallel_function wide = square__parallel;
    wide.arg_size = SIZE_MAX / 2;
    errno = 0;
    ck_assert_ptr_null(parallel_map_function(&wide, numbers, 3, NULL));
    ck_assert(errno == ENOMEM);
    wide.arg_size = 1;
    wide.result_size = SIZE_MAX / 4;
    errno = 0;
    ck_assert_ptr_null(parallel_map_function(&wide, numbers, 5, NULL));
    ck_assert(errno == ENOMEM);
    ck_assert(works(&square__parallel, NULL));
}
END_TEST

/* Braces do not keep a macro's arguments together; the macros take as many as there are. */
START_TEST(options_with_many_commas)
{
    set_up(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_results *r = parallel_map(
        square, numbers, 40, .names = (const char *const[]){"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",
                                                            "10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
                                                            "20", "21", "22", "23", "24", "25", "26", "27", "28", "29",
                                                            "30", "31", "32", "33", "34", "35", "36", "37", "38", "39"},
        .silent = true);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(*(const int *)parallel_get(r, "39"), 39 * 39);
    int out[N];
    ck_assert_int_eq(parallel_map_into(square, numbers, N, out, .extras = (int[]){1, 2, 3}, .silent = false), 0);
    ck_assert_int_eq(out[N - 1], (N - 1) * (N - 1));
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, incomplete_calls, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, incomplete_functions, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, bad_values, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, tiles_are_left_alone, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, loops_have_a_length, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, bad_names, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, loops_have_no_names_and_no_extras, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, thread_maps_are_on_threads, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, what_this_release_does_not_have, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_call_does_without_what_was_decorated, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, options_of_other_ages, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_call_goes_before_the_decoration, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, options_with_many_commas, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, more_than_there_is_room_for, 0, PL_WORKER_COUNTS);
    return pl_run("api/options", c);
}
