/* SPDX-License-Identifier: MIT */
/* parallel_error(): every call that is wrong is told so in a sentence, which is the calling thread's, and lives until
 * its next call. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <parallel.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "support/test.h"

enum { N = 5 };

static int numbers[N] = {1, 2, 3, 4, 5};

static int cube(const int *x, int *result, void *extras)
{
    (void)extras;
    if (*x == 3)
        return parallel_fail(EDOM, "item %d is bad", *x);
    *result = *x * *x * *x;
    return 0;
}
PARALLEL_DECORATE_TASK(cube, int, int);

static int call_cube(const void *x, void *result, void *extras)
{
    return cube(x, result, extras);
}

static int twice(int x)
{
    return 2 * x;
}
PARALLEL_DECORATE(twice, int, int);

static bool is_odd(int x)
{
    return x % 2;
}
PARALLEL_DECORATE(is_odd, int, bool);

static int size_of_chunk(const int *items, size_t n, bool *result, void *extras)
{
    (void)items, (void)extras;
    *result = n > 1;
    return 0;
}
PARALLEL_DECORATE_SPLIT(size_of_chunk, int, bool);

static void take(int x)
{
    (void)x;
}
PARALLEL_DECORATE(take, int, void);

static void nothing(size_t begin, size_t end, void *ctx)
{
    (void)begin, (void)end, (void)ctx;
}

static void no_tile(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    (void)row, (void)row_end, (void)col, (void)col_end, (void)ctx;
}

static int call_nothing(const void *arg, void *result, void *extras)
{
    (void)arg, (void)result, (void)extras;
    return 0;
}

/* A call is refused with this code and this sentence. */
#define REFUSED(failed, code, sentence)                                                                                \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        ck_assert(failed);                                                                                             \
        int refused_code = errno;                                                                                      \
        ck_assert_str_eq(parallel_error(), sentence);                                                                  \
        ck_assert_int_eq(refused_code, code);                                                                          \
        ck_assert_ptr_null(parallel_last_failure());                                                                   \
        ck_assert_int_eq(parallel_for(1, nothing, NULL), 0);                                                           \
        ck_assert_str_eq(parallel_error(), "");                                                                        \
    } while (0)

#define MAP(...) (!parallel_map_function(&twice__parallel, numbers, N, &(parallel_options){__VA_ARGS__}))

START_TEST(test_options)
{
    static const char *const same[N] = {"a", "a", "b", "c", "d"}, *const missing[N] = {"a", NULL};
    struct {
        parallel_options options;
        char more[16];
    } newer = {.options = {.size = sizeof newer}, .more = "x"};
    pl_workers(2);
    REFUSED(MAP(.timeout = NAN), EINVAL, "timeout is NaN");
    REFUSED(MAP(.call_timeout = NAN), EINVAL, "call_timeout is NaN");
    REFUSED(MAP(.retry_delay = NAN), EINVAL, "retry_delay is NaN");
    REFUSED(MAP(.max_workers = -3), EINVAL, "max_workers is negative: -3");
    REFUSED(MAP(.tasks_per_worker = -1), EINVAL, "tasks_per_worker is negative: -1");
    REFUSED(MAP(.tile_cols = (size_t)-1), EINVAL, "tile_cols is more than PTRDIFF_MAX, as negative numbers are");
    REFUSED(MAP(.isolation = (parallel_isolation)9), EINVAL, "there is no isolation 9");
    REFUSED(MAP(.executor = (parallel_executor_kind)99), EINVAL, "there is no executor 99");
    REFUSED(MAP(.executor = PARALLEL_MPI), ENOTSUP,
            "there are no ranks before parallel_mpi_init(), of libparallel-mpi");
    REFUSED(MAP(.pool = (parallel_pool *)(void *)numbers), EINVAL, "pool is no pool, or one that has been freed");
    REFUSED(MAP(.names = same), EINVAL, "names 0 and 1 are both 'a'");
    REFUSED(MAP(.names = missing), EINVAL, "name 1 is NULL");
    REFUSED(MAP(.size = 1), EINVAL, "the options' size is 1, less than their first member has");
    REFUSED(MAP(.deferred = true), EINVAL, "deferred is for calls in the background, such as parallel_async_map()");
    REFUSED(MAP(.as_completed = true), EINVAL,
            "as_completed is for calls in the background, such as parallel_async_map()");
    REFUSED(!parallel_thread_map(twice, numbers, N, .executor = PARALLEL_PROCESS), EINVAL,
            "the option executor is another than the one that the call is named after");
    REFUSED(!parallel_process_map(twice, numbers, N, .isolation = PARALLEL_PERSISTENT, .extras = numbers), EINVAL,
            "extras_size is 0: extras are sent to workers that are kept");
    errno = 0;
    ck_assert_ptr_null(parallel_map_function(&twice__parallel, numbers, N, &newer.options));
    ck_assert_int_eq(errno, ENOTSUP);
    ck_assert(strstr(parallel_error(), "an option that this release does not have") != NULL);
}
END_TEST

START_TEST(test_functions)
{
    parallel_function f = {.name = "f", .arg_size = sizeof(int), .result_size = sizeof(int), .call = call_nothing};
    int out[N];
    pl_workers(2);
    REFUSED(!parallel_map_function(NULL, numbers, N, NULL), EINVAL, "the function is NULL");
    f.arg_size = 0;
    REFUSED(!parallel_map_function(&f, numbers, N, NULL), EINVAL, "f: its arg_size is 0");
    f.arg_size = sizeof(int);
    f.call = NULL;
    REFUSED(!parallel_map_function(&f, numbers, N, NULL), EINVAL, "f: there is neither a call nor a kernel");
    f = (parallel_function){.name = NULL,
                            .arg_size = sizeof(int),
                            .result_size = 0,
                            .call = call_nothing,
                            .size = sizeof f,
                            .arg_align = 3};
    REFUSED(parallel_map_into_function(&f, numbers, N, NULL, NULL) != 0, EINVAL,
            "the function: arg_align or result_align is no power of two");
    REFUSED(!parallel_map_function(&twice__parallel, NULL, N, NULL), EINVAL, "args is NULL, though there are to be 5");
    REFUSED(parallel_map_into_function(&twice__parallel, numbers, N, NULL, NULL) != 0, EINVAL,
            "out is NULL, though there are to be 5 results");
    REFUSED(!parallel_map_function(&twice__parallel, numbers, SIZE_MAX, NULL), ENOMEM, "there is not enough memory");
    REFUSED(!parallel_map_range(twice, 2, 1), EINVAL, "there is no range from 2 to 1, or one of more than PTRDIFF_MAX");
    REFUSED(parallel_map_range_into_function(&twice__parallel, 0, 3, NULL, NULL) != 0, EINVAL,
            "out is NULL, and there are results");
    f = (parallel_function){.name = "f", .arg_size = 3, .result_size = 0, .call = call_nothing};
    REFUSED(!parallel_map_range_function(&f, 0, 3, NULL), EINVAL, "the function takes 3 bytes, as no integer has");
    REFUSED(parallel_for_each_function(&twice__parallel, numbers, N, NULL) != 0, EINVAL,
            "the function has a result, which there is no place for");
    REFUSED(parallel_for_each_function(&take__parallel, NULL, N, NULL) != 0, EINVAL,
            "items is NULL, though there are to be 5");
    REFUSED(parallel_for_each(take, numbers, N, .names = (const char *const *)out) != 0, EINVAL,
            "this call has no option names");
    REFUSED(parallel_for_each(take, numbers, N, .executor = PARALLEL_PROCESS) != 0, ENOTSUP,
            "this call has no worker processes, which do not share the program's memory");
    REFUSED(parallel_for_each_add_function(&take__parallel, numbers) != 0, EINVAL,
            "this is no task of a parallel_for_each() of that function");
}
END_TEST

START_TEST(test_loops)
{
    parallel_loop_body body = {0};
    parallel_zip zip = {0};
    pl_workers(2);
    REFUSED(parallel_for(N, NULL, NULL) != 0, EINVAL, "the loop's body is NULL");
    REFUSED(parallel_for(N, nothing, NULL, .extras = numbers) != 0, EINVAL, "this call has no option extras");
    REFUSED(parallel_for(N, nothing, NULL, .timeout = 1) != 0, EINVAL, "this call has no option timeout");
    REFUSED(parallel_for(N, nothing, NULL, .retries = 1) != 0, EINVAL, "this call has no option retries");
    REFUSED(parallel_for(N, nothing, NULL, .executor = PARALLEL_PROCESS) != 0, ENOTSUP,
            "this call has no worker processes, which do not share the program's memory");
    char sentence[128];
    snprintf(sentence, sizeof sentence, "there are %zu iterations, more than PTRDIFF_MAX", SIZE_MAX);
    REFUSED(parallel_for(SIZE_MAX, nothing, NULL) != 0, EINVAL, sentence);
    REFUSED(parallel_for_2d(N, N, NULL, NULL) != 0, EINVAL, "the loop's body is NULL");
    ck_assert_int_eq(parallel_for_2d(N, N, no_tile, NULL, .tile_rows = (size_t)-1), -1);
    ck_assert_str_eq(parallel_error(), "tile_rows is more than PTRDIFF_MAX, as negative numbers are");
    REFUSED(parallel_loop_function(NULL, 0, N, NULL, NULL) != 0, EINVAL, "the loop's body is NULL");
    REFUSED(parallel_loop_function(&body, 0, N, NULL, NULL) != 0, EINVAL,
            "the loop's body is incomplete: it wants sizes, a function to call, and alignments that are powers of two");
    REFUSED(parallel_zip_map_into_function(NULL, numbers, numbers, N, numbers, NULL) != 0, EINVAL,
            "the function is NULL");
    REFUSED(parallel_zip_map_into_function(&zip, numbers, numbers, N, numbers, NULL) != 0, EINVAL,
            "the function is incomplete: it wants sizes, a function to call, and alignments that are powers of two");
}
END_TEST

static void add(void *left, const void *right)
{
    *(int *)left += *(const int *)right;
}

START_TEST(test_reductions)
{
    parallel_combine op = {.name = "add", .type_size = sizeof(int), .call = add}, none = {0};
    parallel_combine large = {.name = "add", .type_size = 1 << 20, .call = add};
    parallel_function f = {.name = "f", .arg_size = sizeof(int), .result_size = sizeof(double), .call = call_nothing};
    int acc = 0, out[N];
    pl_workers(2);
    REFUSED(parallel_reduce_function(NULL, numbers, N, &acc, NULL) != 0, EINVAL, "the operator is NULL");
    REFUSED(parallel_reduce_function(&none, numbers, N, &acc, NULL) != 0, EINVAL,
            "the operator is incomplete: it wants sizes, a function to call, and alignments that are powers of two");
    REFUSED(parallel_reduce_function(&op, NULL, N, &acc, NULL) != 0, EINVAL, "args is NULL, though there are to be 5");
    REFUSED(parallel_reduce_function(&op, numbers, N, NULL, NULL) != 0, EINVAL, "acc is NULL");
    REFUSED(parallel_reduce_function(&op, numbers, N, &acc, &(parallel_options){.timeout = 1}) != 0, EINVAL,
            "this call has no option timeout");
    REFUSED(parallel_map_reduce_function(&f, &op, numbers, N, &acc, NULL) != 0, EINVAL,
            "the function gives 8 bytes, and the operator takes 4");
    REFUSED(parallel_loop_reduce_function(NULL, &op, 0, N, NULL, &acc, NULL) != 0, EINVAL, "the loop is NULL");
    REFUSED(parallel_fold_function(NULL, numbers, N, &acc, NULL) != 0, EINVAL, "the fold is NULL");
    REFUSED(parallel_scan_into_function(&op, numbers, N, NULL, NULL) != 0, EINVAL,
            "out is NULL, though there are to be 5");
    REFUSED(parallel_scan_into_function(&large, numbers, N, out, NULL) != 0, EINVAL,
            "a value has 1048576 bytes, more than 4096");
    REFUSED(!parallel_scan_function(&op, NULL, N, NULL), EINVAL, "args is NULL, though there are to be 5");
}
END_TEST

START_TEST(test_collections)
{
    const parallel_function *odd = &is_odd__parallel, *no_bool = &twice__parallel, *key = &twice__parallel;
    parallel_flat flat = {0};
    parallel_order order = {0};
    size_t kept, offsets[N + 1];
    unsigned counts[N];
    int out[N];
    pl_workers(2);
    REFUSED(parallel_count_function(no_bool, numbers, N, NULL) < 0, EINVAL,
            "the predicate gives 4 bytes, and not a bool");
    REFUSED(parallel_count_function(&size_of_chunk__parallel, numbers, N, NULL) < 0, EINVAL,
            "the predicate gets chunks, and is to get items");
    REFUSED(!parallel_find_function(odd, NULL, N, NULL), EINVAL, "args is NULL, though there are to be 5");
    REFUSED(!parallel_filter(is_odd, numbers, N, .names = (const char *const *)out), EINVAL,
            "this call has no option names");
    REFUSED(parallel_filter_into_function(odd, numbers, N, numbers + 1, &kept, NULL) != 0, EINVAL, "out overlaps args");
    REFUSED(parallel_filter_into_function(odd, numbers, N, NULL, &kept, NULL) != 0, EINVAL, "out is NULL");
    REFUSED(parallel_filter_into_function(odd, numbers, N, out, NULL, NULL) != 0, EINVAL, "kept is NULL");
    REFUSED(parallel_partition_into_function(odd, numbers, N, numbers, &kept, NULL) != 0, EINVAL, "out is args");
    REFUSED(!parallel_flat_map_function(&flat, numbers, N, NULL), EINVAL,
            "the function is incomplete: it wants sizes, a function to call, and alignments that are powers of two");
    REFUSED(parallel_sort_items(&order, numbers, N, NULL) != 0, EINVAL,
            "the order is incomplete: it wants sizes, a function to call, and alignments that are powers of two");
    REFUSED(!parallel_min_function(NULL, numbers, N, NULL), EINVAL, "the order is NULL");
    REFUSED(parallel_sort_function(numbers, N, sizeof(int), NULL, NULL) != 0, EINVAL,
            "the order is incomplete: it wants sizes, a function to call, and alignments that are powers of two");
    int *none = NULL;
    REFUSED(parallel_sort(PARALLEL_ASCENDING, none, N) != 0, EINVAL, "the array is NULL, though there are to be 5");
    REFUSED(parallel_sort(PARALLEL_ASCENDING, numbers, N, .executor = PARALLEL_PROCESS) != 0, ENOTSUP,
            "this call cannot run on worker processes");
    REFUSED(parallel_sort_by_function(key, (parallel_key)77, numbers, N, NULL) != 0, EINVAL,
            "there is no such type of keys, 77");
    REFUSED(parallel_sort_by_function(key, PARALLEL_KEY_DOUBLE, numbers, N, NULL) != 0, EINVAL,
            "the function gives 4 bytes, and a key has 8");
    REFUSED(!parallel_group_function(key, PARALLEL_KEY_INT32, numbers, N, N, NULL, NULL), EINVAL, "offsets is NULL");
    REFUSED(parallel_histogram_function(key, PARALLEL_KEY_FLOAT, numbers, N, counts, sizeof *counts, N, NULL) != 0,
            EINVAL, "the keys are no integers");
    REFUSED(parallel_histogram_function(key, PARALLEL_KEY_INT32, numbers, N, NULL, sizeof *counts, N, NULL) != 0,
            EINVAL, "counts is NULL, though there are to be 5");
    REFUSED(parallel_histogram_function(key, PARALLEL_KEY_INT32, numbers, N, counts, 3, N, NULL) != 0, EINVAL,
            "a count has 3 bytes: it is to have 4 or 8");
    ck_assert_ptr_null(parallel_group_function(key, PARALLEL_KEY_INT32, numbers, N, N, offsets, NULL));
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_str_eq(parallel_error(), "twice: task 2: the key is out of range");
    ck_assert_int_eq(parallel_for(1, nothing, NULL), 0);
}
END_TEST

START_TEST(test_pools)
{
    REFUSED(parallel_stats(NULL, NULL) != 0, EINVAL, "the stats are NULL");
    int cpu = -1;
    char sentence[128];
    pl_workers(2);
    snprintf(sentence, sizeof sentence, "workers is -1, and is to be from 0 to %d", (int)PARALLEL_POOL_MAX);
    REFUSED(!parallel_pool_new(-1), EINVAL, sentence);
    REFUSED(!parallel_pool_new_with(&(parallel_pool_options){.nice = 41}), EINVAL,
            "nice is 41, and is to be from -40 to 40");
    REFUSED(!parallel_pool_new_with(&(parallel_pool_options){.cpus = &cpu}), EINVAL,
            "cpus is given, but cpu_count is 0");
    REFUSED(!parallel_pool_new_with(&(parallel_pool_options){.cpu_count = 2}), EINVAL,
            "cpus is NULL, but cpu_count is 2");
    REFUSED(!parallel_pool_new_with(&(parallel_pool_options){.cpus = &cpu, .cpu_count = 1}), EINVAL,
            "of cpus, there is none that this process may use");
    errno = 0;
    ck_assert_ptr_null(parallel_pool_new_with(&(parallel_pool_options){.stack_size = 1}));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert(strncmp(parallel_error(), "stack_size is 1, and is to be from ", 35) == 0);
}
END_TEST

START_TEST(test_executors)
{
    parallel_item item;
    pl_workers(2);
    REFUSED(!parallel_executor_results(NULL), EINVAL, "the executor is NULL");
    REFUSED(parallel_executor_start((parallel_executor *)(void *)numbers) != 0, EINVAL,
            "that is no executor, or one that has been freed");
    REFUSED(!parallel_async_function(&twice__parallel, NULL, NULL), EINVAL, "the argument is NULL");
    REFUSED(parallel_executor_any(NULL, 0, 0) < 0, EINVAL, "the executors are NULL");
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(twice, numbers, N, .deferred = true);
    REFUSED(!parallel_executor_results(ex), EINVAL, "the executor has not been started: it is deferred");
    REFUSED(parallel_executor_wait(ex, 0) != 0, EINVAL, "the executor has not been started: it is deferred");
    REFUSED(parallel_executor_wait(ex, NAN) != 0, EINVAL, "seconds is NaN");
    REFUSED(parallel_executor_next(ex, &item, 0) != 0, EINVAL, "the executor was made without as_completed");
    REFUSED(parallel_executor_next(ex, NULL, 0) != 0, EINVAL, "the item is NULL");
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    REFUSED(parallel_executor_start(ex) != 0, EALREADY, "the executor has been started before");
    parallel_executor *none[2] = {NULL, NULL};
    REFUSED(parallel_executor_any(none, 2, 0) < 0, EINVAL, "there is no executor among the 2");
    parallel_future no_argument = {.function = &twice__parallel};
    REFUSED(!parallel_par_futures(&no_argument, 1, NULL), EINVAL, "future 0 has no argument");
    REFUSED(!parallel_par_futures(NULL, 2, NULL), EINVAL, "futures is NULL, though there are to be 2");
    parallel_future never = {.function = &twice__parallel, .arg = numbers, .timeout = NAN};
    REFUSED(!parallel_par_futures(&never, 1, NULL), EINVAL, "future 0: timeout is NaN");
}
END_TEST

static int no_source(void *arg, void *data)
{
    (void)arg, (void)data;
    return -EPROTO;
}

static int no_sink(const parallel_item *item, void *data)
{
    (void)item, (void)data;
    return 0;
}

START_TEST(test_streams)
{
    parallel_item item;
    pl_workers(2);
    REFUSED(parallel_stream_put(NULL, numbers) != 0, EINVAL, "the stream is NULL");
    REFUSED(parallel_stream_map_function(&twice__parallel, NULL, no_sink, NULL, NULL) != 0, EINVAL,
            "the source is NULL");
    REFUSED(parallel_stream_map_function(&twice__parallel, no_source, NULL, NULL, NULL) != 0, EINVAL,
            "the sink is NULL");
    REFUSED(!parallel_stream_open(twice, .names = (const char *const *)numbers), EINVAL,
            "a stream has no option names");
    REFUSED(!parallel_stream_open(twice, .executor = PARALLEL_MPI), ENOTSUP,
            "there are no ranks before parallel_mpi_init(), of libparallel-mpi");
    REFUSED(parallel_stream_map_function(&twice__parallel, no_source, no_sink, NULL, NULL) != 0, EPROTO,
            "the source has returned 71");
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(twice, .window = 1);
    REFUSED(parallel_stream_put(s, NULL) != 0, EINVAL, "the argument is NULL");
    REFUSED(parallel_stream_next(s, NULL, 0) < 0, EINVAL, "the item is NULL");
    REFUSED(parallel_stream_next(s, &item, NAN) < 0, EINVAL, "seconds is NaN");
    while (parallel_stream_put(s, numbers) == 0) {
    }
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_str_eq(parallel_error(), "the stream's window is full");
    ck_assert_int_eq(parallel_stream_end(s), 0);
    REFUSED(parallel_stream_put(s, numbers) != 0, EPIPE, "the stream has ended");
}
END_TEST

START_TEST(test_results)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_results *r = parallel_map(twice, numbers, N);
    REFUSED(!parallel_result(r, N), EINVAL, "there is no task 5: there are 5");
    REFUSED(!parallel_result(NULL, 0), EINVAL, "the results are NULL");
    REFUSED(!parallel_get(r, "python"), ENOENT, "there is no task named 'python'");
    REFUSED(parallel_result_state(r, 99) == PARALLEL_NOT_RUN, EINVAL, "there is no task 99: there are 5");
    REFUSED(parallel_sleep(NAN) != 0, EINVAL, "seconds is NaN");
}
END_TEST

static int slow(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = *x;
    return *x == 3 && parallel_sleep(30) != 0 ? errno : 0;
}
PARALLEL_DECORATE_TASK(slow, int, int);

static int die(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = *x;
    if (*x == 3)
        raise(SIGKILL);
    return 0;
}
PARALLEL_DECORATE_TASK(die, int, int);

START_TEST(test_tasks)
{
    static const char *const names[N] = {"one", "two", "three", "four", "five"};
    int out[N];
    pl_workers(2);
    ck_assert_ptr_null(parallel_map(cube, numbers, N));
    ck_assert_str_eq(parallel_error(), "cube: task 2: item 3 is bad");
    ck_assert_str_eq(parallel_last_failure()->message, "item 3 is bad");
    ck_assert_int_eq(parallel_map_into(cube, numbers, N, out, .names = names), -1);
    ck_assert_str_eq(parallel_error(), "cube: task 2 (three): item 3 is bad");
    ck_assert_ptr_null(parallel_map(slow, numbers, N, .timeout = 0.01));
    ck_assert_str_eq(parallel_error(), "slow: task 2: timed out");
    parallel_future futures[] = {PARALLEL_FUTURE(twice, 1), PARALLEL_FUTURE(cube, 3, .name = "c")};
    ck_assert_ptr_null(parallel_par(futures, 2));
    ck_assert_str_eq(parallel_error(), "cube: task 1 (c): item 3 is bad");
    parallel_function nameless = {.name = NULL, .arg_size = sizeof(int), .result_size = sizeof(int), .call = call_cube};
    ck_assert_ptr_null(parallel_map_function(&nameless, numbers, N, NULL));
    ck_assert_str_eq(parallel_error(), "task 2: item 3 is bad");
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(cube, numbers, N);
    ck_assert_ptr_null(parallel_executor_results(ex));
    ck_assert_str_eq(parallel_error(), "cube: task 2: item 3 is bad");
    /* what only looks leaves it alone, and so does what is tidied away */
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_FAILED);
    ck_assert_int_eq(parallel_executor_shutdown(ex), 0);
    ck_assert_str_eq(parallel_error(), "cube: task 2: item 3 is bad");
    /* silent calls go well */
    PARALLEL_SCOPED parallel_results *r = parallel_map(cube, numbers, N, .silent = true);
    ck_assert_ptr_nonnull(r);
    ck_assert_str_eq(parallel_error(), "");
}
END_TEST

START_TEST(test_crash)
{
    pl_workers(2);
    ck_assert_ptr_null(parallel_process_map(die, numbers, N));
    ck_assert_str_eq(parallel_error(), "die: task 2: killed by signal 9 (Killed)");
}
END_TEST

START_TEST(test_traces)
{
    pl_workers(2);
    REFUSED(parallel_trace_end(), EINVAL, "no trace is being recorded");
    REFUSED(parallel_trace_begin(NULL), EINVAL, "the path is NULL");
    REFUSED(parallel_trace_begin("trace"), EINVAL, "the path ends neither in .svg nor in .json");
    ck_assert_int_eq(parallel_trace_begin("/dev/null/.svg"), -1);
    ck_assert_int_eq(errno, ENOTDIR);
    ck_assert_str_eq(parallel_error(), strerror(ENOTDIR));
}
END_TEST

/* A failure of what only looks leaves the last failure of a task where it is. */
START_TEST(test_looking)
{
    pl_workers(2);
    ck_assert_ptr_null(parallel_map(cube, numbers, N));
    ck_assert_ptr_null(parallel_result(NULL, 0));
    ck_assert_str_eq(parallel_error(), "the results are NULL");
    ck_assert_ptr_nonnull(parallel_last_failure());
    ck_assert_str_eq(parallel_last_failure()->message, "item 3 is bad");
}
END_TEST

static void *fail_elsewhere(void *seen)
{
    if (!MAP(.timeout = NAN) || strcmp(parallel_error(), "timeout is NaN") != 0)
        return NULL;
    return !parallel_map(cube, numbers, N) && !parallel_result(NULL, 0) ? seen : NULL; /* and leaves both behind */
}

START_TEST(test_threads)
{
    pthread_t thread;
    void *seen = NULL;
    pl_workers(2);
    ck_assert_str_eq(parallel_error(), "");
    ck_assert(MAP(.max_workers = -1));
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, &seen), 0);
    void *result;
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, &seen);
    ck_assert_str_eq(parallel_error(), "max_workers is negative: -1");
}
END_TEST

/* A task that makes a call which fails leaves nothing to the call that it is a task of. */
static int call_wrongly(int x)
{
    return MAP(.timeout = NAN) ? x : -1;
}
PARALLEL_DECORATE(call_wrongly, int, int);

START_TEST(test_nested)
{
    int out[N];
    pl_workers(2);
    for (int round = 0; round < 100; round++) {
        ck_assert_int_eq(parallel_map_into(call_wrongly, numbers, N, out), 0);
        ck_assert_int_eq(out[N - 1], numbers[N - 1]);
        ck_assert_str_eq(parallel_error(), "");
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, test_options);
    tcase_add_test(c, test_functions);
    tcase_add_test(c, test_loops);
    tcase_add_test(c, test_reductions);
    tcase_add_test(c, test_collections);
    tcase_add_test(c, test_pools);
    tcase_add_test(c, test_executors);
    tcase_add_test(c, test_streams);
    tcase_add_test(c, test_results);
    tcase_add_test(c, test_tasks);
    tcase_add_test(c, test_traces);
    tcase_add_test(c, test_crash);
    tcase_add_test(c, test_looking);
    tcase_add_test(c, test_threads);
    tcase_add_test(c, test_nested);
    return pl_run("errors", c);
}
