/* SPDX-License-Identifier: MIT */
/* parallel_stats(): what is counted, and that nothing of it is lost. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

static parallel_stats_t read_stats(parallel_pool *pool)
{
    parallel_stats_t s = {.size = sizeof s};
    ck_assert_int_eq(parallel_stats(pool, &s), 0);
    ck_assert_uint_eq(s.size, sizeof s);
    return s;
}

static long twice(int x)
{
    return 2L * x;
}
PARALLEL_DECORATE(twice, int, long);

static long spin(int rounds)
{
    volatile long sum = 0;
    for (int i = 0; i < rounds; i++)
        sum = sum + i;
    return sum;
}
PARALLEL_DECORATE(spin, int, long);

enum { N = 1000 };

static int in[N];
static long out[N];

static void fill(int value)
{
    for (int i = 0; i < N; i++)
        in[i] = value;
}

/* ---- calls and items --------------------------------------------------------------------------------------- */

/* However a call runs, it is counted once, and so is each of its items. */
START_TEST(each_item_is_counted_once)
{
    pl_workers(pl_worker_counts[_i]);
    fill(3);
    uint64_t items = 0, calls = 0;
    for (int n = 1; n <= N; n += n < 40 ? 1 : 97) {
        for (int k = 0; k < 600; k++, items += (uint64_t)n, calls++)
            ck_assert_int_eq(parallel_map_into(twice, in, (size_t)n, out), 0);
        parallel_stats_t s = read_stats(NULL);
        ck_assert_msg(s.items == items, "n = %d: %lu items are %lu", n, (unsigned long)items, (unsigned long)s.items);
        ck_assert_uint_eq(s.calls_inline + s.calls_handed_over + s.calls_shared, calls);
    }
}
END_TEST

START_TEST(long_calls_are_shared)
{
    pl_workers(2);
    fill(20000);
    for (int k = 0; k < 5; k++)
        ck_assert_int_eq(parallel_map_into(spin, in, N, out), 0);
    parallel_stats_t s = read_stats(NULL);
    ck_assert_uint_ge(s.calls_shared, 4); /* the first may end alone, before there is a thread */
    ck_assert_uint_ge(s.chunks, s.calls_shared);
    ck_assert_uint_eq(s.items, 5 * N);
    ck_assert_uint_gt(s.busy_ns, 0);
    ck_assert_uint_le(s.threads, 1);
    ck_assert_uint_ge(s.workers_started, s.threads);
}
END_TEST

/* Calls that are as good as nothing are not timed each: but for a few of them, those whose items have become dear are
 * shared. */
START_TEST(a_cost_that_rises_is_noticed)
{
    enum { FEW = 8, SHORT = 3000, LONG = 40 };
    int failed = 0;
    pl_workers(2);
    fill(1);
    for (int k = 0; k < SHORT; k++)
        failed += parallel_map_into(spin, in, FEW, out) != 0;
    uint64_t before = read_stats(NULL).calls_shared;
    fill(200000);
    for (int k = 0; k < LONG; k++)
        failed += parallel_map_into(spin, in, FEW, out) != 0;
    ck_assert_int_eq(failed, 0);
    ck_assert_uint_ge(read_stats(NULL).calls_shared - before, LONG / 2);
}
END_TEST

/* A grain cuts chunks, which are counted as the body sees them. */
static void count_body(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    __atomic_fetch_add((uint64_t *)ctx, 1, __ATOMIC_RELAXED);
    spin(100000);
}

START_TEST(chunks_are_those_that_bodies_see)
{
    pl_workers(2);
    uint64_t seen = 0;
    ck_assert_int_eq(parallel_for(100, count_body, &seen, .grain = 7), 0); /* so it becomes known what it costs */
    seen = 0;
    uint64_t before = read_stats(NULL).chunks;
    ck_assert_int_eq(parallel_for(100, count_body, &seen, .grain = 7), 0);
    ck_assert_uint_eq(read_stats(NULL).chunks - before, seen);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------------------------- */

enum { THREADS = 20, CALLS = 700 };

static void *call_many(void *unused)
{
    int mine[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    long results[8];
    (void)unused;
    for (int i = 0; i < CALLS; i++)
        if (parallel_map_into(twice, mine, 8, results) != 0)
            return &in;
    return NULL;
}

/* What threads of the program have counted stays when they end; and each is seen while it lives. */
START_TEST(threads_that_have_ended_count)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 1; round <= 3; round++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, call_many, NULL), 0);
        for (int i = 0; i < THREADS; i++) {
            void *wrong;
            ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
            ck_assert_ptr_null(wrong);
        }
        ck_assert_uint_eq(read_stats(NULL).items, (uint64_t)round * THREADS * CALLS * 8);
    }
}
END_TEST

START_TEST(a_shutdown_loses_nothing)
{
    pl_workers(2);
    fill(20000);
    for (int k = 1; k <= 4; k++) {
        ck_assert_int_eq(parallel_map_into(spin, in, N, out), 0);
        ck_assert_int_eq(parallel_shutdown(), 0);
        parallel_stats_t s = read_stats(NULL);
        ck_assert_uint_eq(s.threads, 0);
        ck_assert_uint_eq(s.items, (uint64_t)k * N);
    }
    ck_assert_uint_ge(read_stats(NULL).workers_started, 3);
}
END_TEST

/* ---- pools ------------------------------------------------------------------------------------------------- */

START_TEST(pools_count_for_themselves)
{
    pl_workers(2);
    fill(3);
    PARALLEL_SCOPED parallel_pool *p = parallel_pool_new(2);
    for (int k = 0; k < 50; k++) {
        ck_assert_int_eq(parallel_map_into(twice, in, 100, out, .pool = p), 0);
        ck_assert_int_eq(parallel_map_into(twice, in, 8, out, .pool = p), 0);
        ck_assert_int_eq(parallel_map_into(twice, in, 10, out), 0);
    }
    parallel_stats_t own = read_stats(p), all = read_stats(NULL);
    ck_assert_uint_eq(own.items, 50 * 108);
    ck_assert_uint_eq(all.items, 50 * 10);
    ck_assert_uint_eq(all.calls_inline + all.calls_handed_over + all.calls_shared, 50);
}
END_TEST

/* ---- what goes wrong --------------------------------------------------------------------------------------- */

static int fail_twice(const int *arg, int *result, void *extras)
{
    (void)arg;
    *result = 1;
    return ++*(int *)extras < 3 ? EIO : 0;
}
PARALLEL_DECORATE_TASK(fail_twice, int, int);

static int crash(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    return *arg ? raise(SIGKILL) : 0;
}
PARALLEL_DECORATE_TASK(crash, int, int);

static int oversleep(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    return *arg && parallel_sleep(10) ? ETIMEDOUT : 0;
}
PARALLEL_DECORATE_TASK(oversleep, int, int);

START_TEST(failures_are_counted)
{
    pl_workers(2);
    int one[3] = {0, 1, 0}, results[3], tries = 0;
    ck_assert_int_eq(parallel_map_into(fail_twice, one, 1, results, .retries = 5, .extras = &tries), 0);
    parallel_stats_t s = read_stats(NULL);
    ck_assert_uint_eq(s.retries, 2);
    ck_assert_uint_eq(s.timeouts, 0);
    ck_assert_int_eq(parallel_map_into(oversleep, one, 3, results, .timeout = 0.01, .silent = true), -1);
    ck_assert_uint_eq(read_stats(NULL).timeouts, 1);
    PARALLEL_SCOPED parallel_results *r = parallel_process_map(crash, one, 3, .silent = true, .retries = 1);
    ck_assert_ptr_nonnull(r);
    s = read_stats(NULL);
    ck_assert_uint_eq(s.crashes, 2);
    ck_assert_uint_eq(s.retries, 3);
}
END_TEST

START_TEST(a_child_counts_from_zero)
{
    pl_workers(2);
    fill(3);
    for (int k = 0; k < 50; k++)
        ck_assert_int_eq(parallel_map_into(twice, in, 8, out), 0);
    pid_t child = fork();
    if (child == 0) {
        parallel_stats_t s = {0};
        parallel_map_into(twice, in, 8, out);
        _exit(parallel_stats(NULL, &s) == 0 && s.items == 8 ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(read_stats(NULL).items, 400);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    pl_workers(2);
    struct {
        parallel_stats_t s;
        unsigned char after[8];
    } room;
    memset(&room, 0x55, sizeof room);
    room.s.size = sizeof room.s;
    ck_assert_int_eq(parallel_stats(NULL, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_stats(NULL, &room.s), 0);
    ck_assert_uint_eq(room.after[0], 0x55);
    room.s.size = sizeof(size_t) - 1;
    ck_assert_int_eq(parallel_stats(NULL, &room.s), -1);
    ck_assert_int_eq(errno, EINVAL);
    memset(&room, 0x55, sizeof room);
    room.s.size = offsetof(parallel_stats_t, chunks); /* a program that is older than the library */
    ck_assert_int_eq(parallel_stats(NULL, &room.s), 0);
    ck_assert_uint_eq(room.s.size, offsetof(parallel_stats_t, chunks));
    ck_assert_uint_eq(room.s.calls_shared, 0);
    ck_assert_uint_eq(room.s.chunks, UINT64_C(0x5555555555555555));
    room.s.size = sizeof room; /* and one that is newer */
    ck_assert_int_eq(parallel_stats(NULL, &room.s), 0);
    ck_assert_uint_eq(room.s.size, sizeof room.s);
    PARALLEL_SCOPED parallel_results *r = parallel_map(twice, ((int[]){1}), 1);
    room.s.size = sizeof room.s;
    ck_assert_int_eq(parallel_stats((parallel_pool *)(void *)r, &room.s), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, each_item_is_counted_once, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, long_calls_are_shared);
    tcase_add_test(c, a_cost_that_rises_is_noticed);
    tcase_add_test(c, chunks_are_those_that_bodies_see);
    tcase_add_loop_test(c, threads_that_have_ended_count, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, a_shutdown_loses_nothing);
    tcase_add_test(c, pools_count_for_themselves);
    tcase_add_test(c, failures_are_counted);
    tcase_add_test(c, a_child_counts_from_zero);
    tcase_add_test(c, wrong_arguments_are_refused);
    return pl_run("stats", c);
}
