/* SPDX-License-Identifier: MIT */
/* The number of a participant: no two tasks that run at the same time in one call have the same. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/jobs.h"
#include "support/process.h"

enum { MOST = 1024, N = 400 };

static atomic_int busy[MOST], shared, beyond, seen;
static size_t limit;

/* Uses what is the participant's, for a while. */
static void use_own(int turns)
{
    size_t own = parallel_worker_index();
    if (own >= limit || own >= MOST) {
        count_one(&beyond);
        return;
    }
    if (atomic_fetch_add_explicit(&busy[own], 1, memory_order_relaxed) != 0)
        count_one(&shared);
    for (volatile int i = 0; i < turns; i++) {
    }
    atomic_fetch_sub_explicit(&busy[own], 1, memory_order_relaxed);
    if (own > 0)
        count_one(&seen);
}

static int use(int turns)
{
    use_own(turns);
    return turns;
}
PARALLEL_DECORATE(use, int, int);

static atomic_int runs;

static int use_and_fail(const int *turns, int *result, void *extras)
{
    (void)extras;
    use_own(*turns);
    *result = *turns;
    return atomic_fetch_add_explicit(&runs, 1, memory_order_relaxed) % 3 ? EAGAIN : 0;
}
PARALLEL_DECORATE_TASK(use_and_fail, int, int);

static void use_range(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        use_own(20);
}

static int in[N], out[N];

static void begin(int turns, const parallel_options *o)
{
    limit = parallel_worker_limit(o);
    ck_assert(limit >= 1 && limit <= MOST);
    for (int i = 0; i < N; i++)
        in[i] = turns;
}

static void check(void)
{
    ck_assert_int_eq(count_of(&shared), 0);
    ck_assert_int_eq(count_of(&beyond), 0);
}

START_TEST(maps_of_any_length)
{
    pl_workers(4);
    static const int lengths[] = {1, 2, 3, 8, 40, 400}, turns[] = {1, 50, 1000, 20000};
    for (int t = 0; t < 4; t++)
        for (int l = 0; l < 6; l++)
            for (int round = 0; round < (turns[t] > 1000 ? 3 : 60); round++) {
                begin(turns[t], NULL);
                ck_assert_int_eq(parallel_map_into(use, in, (size_t)lengths[l], out), 0);
            }
    check();
    ck_assert_int_gt(count_of(&seen), 0);
}
END_TEST

START_TEST(calls_with_options)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    const parallel_options options[] = {
        {.size = sizeof options[0], .max_workers = 7},
        {.size = sizeof options[0], .pool = pool},
        {.size = sizeof options[0], .call_timeout = 100},
        {.size = sizeof options[0], .timeout = 100, .max_workers = 3},
        {.size = sizeof options[0], .executor = PARALLEL_SERIAL},
        {.size = sizeof options[0], .grain = 3},
    };
    for (size_t k = 0; k < sizeof options / sizeof options[0]; k++)
        for (int round = 0; round < 20; round++) {
            begin(2000, &options[k]);
            ck_assert_int_eq(parallel_map_into_function(&use__parallel, in, N, out, &options[k]), 0);
        }
    check();
    ck_assert_uint_eq(parallel_worker_limit(&options[0]), 7);
    ck_assert_uint_eq(parallel_worker_limit(&options[1]), 3);
    ck_assert_uint_eq(parallel_worker_limit(&options[4]), 1);
    ck_assert_uint_eq(parallel_worker_index(), 0);
}
END_TEST

START_TEST(tasks_that_are_tried_again)
{
    pl_workers(3);
    for (int round = 0; round < 5; round++) {
        begin(3000, NULL);
        ck_assert_int_eq(parallel_map_into(use_and_fail, in, N, out, .retries = 50, .retry_delay = 1e-4), 0);
    }
    check();
}
END_TEST

START_TEST(loops)
{
    pl_workers(4);
    for (int round = 0; round < 50; round++) {
        begin(0, NULL);
        ck_assert_int_eq(parallel_for(5000, use_range, NULL), 0);
    }
    check();
}
END_TEST

static double add(double a, double b)
{
    use_own((int)b % 64 == 0 ? 20000 : 20);
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add, double);

static bool is_even(unsigned char x)
{
    use_own(x == 255 ? 3000000 : x == 254 ? 30000 : 0);
    return x % 2 == 0;
}
PARALLEL_DECORATE(is_even, unsigned char, bool);

/* What is known late of a scan, and of a filter whose window has been closed, is shared out once more. */
START_TEST(scans_and_filters)
{
    enum { SUMS = 4000, LONG = 4000000 };
    static double numbers[SUMS], sums[SUMS];
    static unsigned char bytes[LONG], kept[LONG];
    size_t count;
    pl_workers(4);
    for (int i = 0; i < SUMS; i++)
        numbers[i] = i;
    for (int i = 0; i < LONG; i++)
        bytes[i] = (unsigned char)(i % (LONG / 40) == 0 ? 254 : i % 200);
    bytes[10] = bytes[LONG / 2] = 255;
    const parallel_options few = {.size = sizeof few, .max_workers = 3}, *options[] = {NULL, &few};
    for (int round = 0; round < 20; round++) {
        begin(0, options[round % 2]);
        ck_assert_int_eq(parallel_scan_into_function(&add__parallel_combine, numbers, SUMS, sums, options[round % 2]),
                         0);
        ck_assert_double_eq(sums[SUMS - 1], SUMS * (SUMS - 1) / 2.0);
    }
    for (int round = 0; round < 6; round++) {
        begin(0, options[round % 2]);
        ck_assert_int_eq(
            parallel_filter_into_function(&is_even__parallel, bytes, LONG, kept, &count, options[round % 2]), 0);
    }
    check();
}
END_TEST

static atomic_uint *come; /* the workers that have run a task, a bit each: shared with them */

/* Waits until a second worker has come, some seconds at most. */
static int number_of(int x)
{
    unsigned index = (unsigned)parallel_worker_index(), all = 1u << index;
    all |= atomic_fetch_or_explicit(come, all, memory_order_relaxed);
    for (int k = 0; (all & (all - 1)) == 0 && k < 10000; k++) {
        pl_test_sleep(1000);
        all = atomic_load_explicit(come, memory_order_relaxed);
    }
    return x < 0 ? x : (int)index;
}
PARALLEL_DECORATE(number_of, int, int);

START_TEST(worker_processes)
{
    bool is_there[3] = {false};
    come = mmap(NULL, sizeof *come, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(come, MAP_FAILED);
    memset(in, 0, sizeof in);
    ck_assert_int_eq(parallel_map_into(number_of, in, 30, out, .executor = PARALLEL_PROCESS, .max_workers = 3), 0);
    for (int i = 0; i < 30; i++) {
        ck_assert(out[i] >= 0 && out[i] < 3);
        is_there[out[i]] = true;
    }
    ck_assert(is_there[0] + is_there[1] + is_there[2] >= 2);
    munmap(come, sizeof *come);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, maps_of_any_length);
    tcase_add_test(c, calls_with_options);
    tcase_add_test(c, tasks_that_are_tried_again);
    tcase_add_test(c, loops);
    tcase_add_test(c, scans_and_filters);
    tcase_add_test(c, worker_processes);
    return pl_run("api/worker_index", c);
}
