/* SPDX-License-Identifier: MIT */
/* How many tasks run at once, and calls from many threads at once. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "support/test.h"

/* ---- tasks that meet ------------------------------------------------------------------------------------- */

/* Tasks inside at once, and the most there have been; whether somebody has waited in vain. */
static atomic_int inside, most;
static atomic_bool gave_up;

static void come_in(void)
{
    int now = atomic_fetch_add_explicit(&inside, 1, memory_order_acq_rel) + 1;
    int seen = atomic_load_explicit(&most, memory_order_relaxed);
    while (seen < now &&
           !atomic_compare_exchange_weak_explicit(&most, &seen, now, memory_order_acq_rel, memory_order_relaxed)) {
    }
}

static void go_out(void)
{
    atomic_fetch_sub_explicit(&inside, 1, memory_order_acq_rel);
}

/* The most at once, since the last time. */
static int high_water(void)
{
    atomic_store_explicit(&gave_up, false, memory_order_relaxed);
    return atomic_exchange_explicit(&most, 0, memory_order_relaxed);
}

/* Waits until this many are inside at once; at most some ten seconds. And a while in any case: who has met at once has
 * taken little time, and a call whose tasks are known to take little need not be run by several. */
static int meet(int want)
{
    come_in();
    pl_test_sleep(1000);
    for (int k = 0; k < 10000 && atomic_load_explicit(&most, memory_order_acquire) < want &&
                    !atomic_load_explicit(&gave_up, memory_order_relaxed);
         k++)
        pl_test_sleep(1000);
    if (atomic_load_explicit(&most, memory_order_acquire) < want)
        atomic_store_explicit(&gave_up, true, memory_order_relaxed);
    go_out();
    return want;
}
PARALLEL_DECORATE(meet, int, int);

static int meet_alone(int want)
{
    return meet(want);
}
PARALLEL_DECORATE(meet_alone, int, int, .max_workers = 1);

static int meet_serially(int want)
{
    return meet(want);
}
PARALLEL_DECORATE(meet_serially, int, int, .executor = PARALLEL_SERIAL);

/* The same, heavy. */
static int toil_and_meet(int want)
{
    meet(want);
    pl_test_sleep(200000);
    return want;
}
PARALLEL_DECORATE(toil_and_meet, int, int);

static const int *all(int want)
{
    static int args[64];
    for (int i = 0; i < 64; i++)
        args[i] = want;
    return args;
}

START_TEST(two_heavy_items_run_at_once_from_the_start)
{
    pl_workers(2);
    parallel_results_free(parallel_map(toil_and_meet, all(2), 2));
    ck_assert_int_eq(high_water(), 2);
    parallel_results_free(parallel_map(meet, all(2), 2));
    ck_assert_int_eq(high_water(), 2);
    parallel_results_free(parallel_map(meet, all(2), 2));
    ck_assert_int_eq(high_water(), 2);
}
END_TEST

static void meet_range(size_t begin, size_t end, void *ctx)
{
    for (; begin < end; begin++)
        meet(*(const int *)ctx);
}

static const int crowds[] = {2, 3, 4, 5, 7, 8, 9, 16, 31, 64};
enum { CROWDS = sizeof crowds / sizeof crowds[0] };

/* More workers than cores, as tasks that block want. */
START_TEST(max_workers_really_run_at_once)
{
    pl_workers(2);
    int workers = crowds[_i];
    for (int round = 0; round < 3; round++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(meet, all(workers), (size_t)workers, .max_workers = workers);
        ck_assert_ptr_nonnull(r);
        ck_assert_int_eq(high_water(), workers);
        ck_assert_int_eq(parallel_for((size_t)workers, meet_range, (void *)all(workers), .max_workers = workers), 0);
        ck_assert_int_eq(high_water(), workers);
    }
}
END_TEST

START_TEST(as_many_as_the_environment_says)
{
    pl_workers(crowds[_i]);
    parallel_results_free(parallel_map(meet, all(crowds[_i]), (size_t)crowds[_i]));
    ck_assert_int_eq(high_water(), crowds[_i]);
}
END_TEST

static int pass(int microseconds)
{
    come_in();
    pl_test_sleep(microseconds);
    go_out();
    return 0;
}
PARALLEL_DECORATE(pass, int, int);

START_TEST(never_more_than_max_workers)
{
    pl_workers(pl_worker_counts[_i]);
    int args[300], out[300];
    for (int i = 0; i < 300; i++)
        args[i] = i % 10 * 30;
    ck_assert_int_eq(parallel_map_into(pass, args, 300, out, .max_workers = 12), 0);
    ck_assert_int_le(high_water(), 12);
    for (int workers = 1; workers <= 12; workers++) {
        ck_assert_int_eq(parallel_map_into(pass, args, 100, out, .max_workers = workers), 0);
        ck_assert_int_le(high_water(), workers);
    }
    ck_assert_int_eq(parallel_map_into(pass, args, 300, out), 0);
    ck_assert_int_le(high_water(), pl_worker_counts[_i]);
}
END_TEST

START_TEST(a_call_overrides_the_decoration)
{
    pl_workers(2);
    parallel_results_free(parallel_map(meet_alone, all(2), 2, .max_workers = 2));
    ck_assert_int_eq(high_water(), 2);
    parallel_results_free(parallel_thread_map(meet_serially, all(2), 2));
    ck_assert_int_eq(high_water(), 2);
    parallel_results_free(parallel_map(meet_serially, all(2), 2, .executor = PARALLEL_THREAD));
    ck_assert_int_eq(high_water(), 2);
    parallel_results_free(parallel_map(meet_alone, all(1), 50));
    ck_assert_int_eq(high_water(), 1);
    parallel_results_free(parallel_map(meet_serially, all(1), 50));
    ck_assert_int_eq(high_water(), 1);
}
END_TEST

/* ---- callers at once ------------------------------------------------------------------------------------- */

static double cube(double x)
{
    return x * x * x;
}
PARALLEL_DECORATE(cube, double, double);

struct point {
    int x, y, z;
};

static struct point turned(struct point p)
{
    return (struct point){p.y, p.z, p.x};
}
PARALLEL_DECORATE(turned, struct point, struct point);

static int guarded(const int *arg, int *result, void *limit)
{
    if (*arg >= *(const int *)limit)
        return parallel_fail(1000 + *arg, "%d is beyond %d", *arg, *(const int *)limit);
    *result = *arg + 1;
    return 0;
}
PARALLEL_DECORATE_TASK(guarded, int, int);

static bool check_cubes(size_t n, int workers)
{
    double *in = malloc((n + 1) * sizeof *in);
    for (size_t i = 0; i < n; i++)
        in[i] = (double)i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(cube, in, n, .max_workers = workers);
    bool right = r && !parallel_last_failure();
    for (size_t i = 0; right && i < n; i++)
        right = memcmp(&((const double *)parallel_values(r))[i], &(double){cube(in[i])}, sizeof *in) == 0;
    free(in);
    return right;
}

static bool check_points(size_t n, int workers)
{
    struct point *in = malloc((n + 1) * sizeof *in), *out = malloc((n + 1) * sizeof *out);
    for (size_t i = 0; i < n; i++)
        in[i] = (struct point){(int)i, (int)i * 2, (int)i * 3};
    bool right = parallel_map_into(turned, in, n, out, .max_workers = workers) == 0;
    for (size_t i = 0; right && i < n; i++)
        right = out[i].x == in[i].y && out[i].y == in[i].z && out[i].z == in[i].x;
    free(in);
    free(out);
    return right;
}

/* n tasks, of which those from `limit` on fail. Where that is the last alone, or there is one worker, the failure is
 * known, and it is this thread's own. */
static bool check_guarded(int n, int limit, int workers)
{
    int in[500];
    char expected[40];
    for (int i = 0; i < n; i++)
        in[i] = i;
    snprintf(expected, sizeof expected, "%d is beyond %d", limit, limit);
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(guarded, in, (size_t)n, .extras = &limit, .max_workers = workers);
    const parallel_failure *f = parallel_last_failure();
    if (limit >= n)
        return r && !f && (n == 0 || ((const int *)parallel_values(r))[n - 1] == n);
    return !r && f && errno == 1000 + limit && f->code == errno && f->index == (size_t)limit && f->arg == &in[limit] &&
           strcmp(f->message, expected) == 0;
}

static void sum_range(size_t begin, size_t end, void *ctx)
{
    unsigned long long sum = 0;
    for (size_t i = begin; i < end; i++)
        sum += i;
    atomic_fetch_add_explicit((atomic_ullong *)ctx, sum, memory_order_relaxed);
}

static bool check_loop(size_t n, int workers)
{
    atomic_ullong sum = 0;
    int failed = parallel_for(n, sum_range, &sum, .max_workers = workers);
    return !failed && atomic_load_explicit(&sum, memory_order_relaxed) == (n ? n * (n - 1) / 2 : 0);
}

struct caller {
    pthread_t thread;
    int number, rounds, workers; /* workers 0: each call another number */
    int wrong;                   /* round + 1 of the first wrong call */
};

static void *call_often(void *argument)
{
    struct caller *me = argument;
    unsigned long long seed = (unsigned long long)me->number + 1;
    for (int round = 0; round < me->rounds && !me->wrong; round++) {
        size_t n = pl_random(&seed) % (round % 10 ? 400 : 20000);
        int workers = me->workers ? me->workers : (int)(pl_random(&seed) % 6);
        bool right = true;
        switch ((me->number + round / 3) % 4) {
        case 0:
            right = check_cubes(n, workers);
            break;
        case 1:
            right = check_points(n, workers);
            break;
        case 2:
            n %= 400;
            right = check_guarded((int)n, n % 2 || n == 0 ? (int)n : (int)n - 1, workers);
            break;
        default:
            right = check_loop(n, workers);
        }
        if (!right)
            me->wrong = round + 1;
    }
    return NULL;
}

/* Runs so many callers at once; all are right. */
static void run_callers(int count, int rounds, const int *workers)
{
    struct caller callers[16];
    for (int t = 0; t < count; t++) {
        callers[t] = (struct caller){.number = t, .rounds = rounds, .workers = workers ? workers[t] : 0};
        ck_assert_int_eq(pthread_create(&callers[t].thread, NULL, call_often, &callers[t]), 0);
    }
    for (int t = 0; t < count; t++)
        pthread_join(callers[t].thread, NULL);
    for (int t = 0; t < count; t++)
        ck_assert_msg(callers[t].wrong == 0, "caller %d (seed %d), call %d", t, t + 1, callers[t].wrong);
}

START_TEST(eight_threads_call_at_once)
{
    pl_workers(pl_worker_counts[_i]);
    run_callers(8, 300, NULL);
}
END_TEST

START_TEST(callers_with_workers_of_their_own_number)
{
    pl_workers(pl_worker_counts[_i]);
    run_callers(8, 100, (const int[]){1, 2, 3, 4, 5, 9, 1, 17});
}
END_TEST

START_TEST(threads_come_and_go)
{
    pl_workers(pl_worker_counts[_i]);
    for (int wave = 0; wave < 25; wave++)
        run_callers(8, 1, NULL);
}
END_TEST

/* Half of the threads fail all the time, and half never do. */
static void *fail_or_not(void *argument)
{
    struct caller *me = argument;
    for (int round = 0; round < me->rounds && !me->wrong; round++) {
        int n = 20 + (me->number * 37 + round * 13) % 400;
        if (!check_guarded(n, me->number % 2 ? n - 1 - me->number : n, me->workers))
            me->wrong = round + 1;
    }
    return NULL;
}

START_TEST(failures_stay_with_their_callers)
{
    pl_workers(pl_worker_counts[_i]);
    struct caller callers[8];
    for (int t = 0; t < 8; t++) {
        /* one worker: the first failure by index is the first that is met */
        callers[t] = (struct caller){.number = t, .rounds = 500, .workers = t % 2};
        ck_assert_int_eq(pthread_create(&callers[t].thread, NULL, fail_or_not, &callers[t]), 0);
    }
    for (int t = 0; t < 8; t++)
        pthread_join(callers[t].thread, NULL);
    for (int t = 0; t < 8; t++)
        ck_assert_msg(callers[t].wrong == 0, "caller %d, call %d", t, callers[t].wrong);
}
END_TEST

/* All threads read one set of results at once. */
static void *read_results(void *results)
{
    const parallel_results *r = results;
    uintptr_t wrong = 0;
    for (size_t i = 0; i < parallel_length(r); i++) {
        const int *v = parallel_result(r, i);
        wrong += (v == NULL) != (parallel_result_state(r, i) != PARALLEL_OK) || (v && *v != (int)i + 1);
    }
    for (size_t k = 0; k < parallel_failures(r); k++)
        wrong += parallel_failed(r, k)->index < 300 || parallel_failed(r, k)->code < 1300;
    return (void *)wrong;
}

START_TEST(results_are_read_from_many_threads)
{
    pl_workers(pl_worker_counts[_i]);
    int in[500], limit = 300;
    for (int i = 0; i < 500; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(guarded, in, 500, .extras = &limit, .silent = true);
    ck_assert_uint_eq(parallel_failures(r), 200);
    pthread_t threads[4];
    void *wrong[4];
    for (int t = 0; t < 4; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, read_results, r), 0);
    for (int t = 0; t < 4; t++)
        pthread_join(threads[t], &wrong[t]);
    for (int t = 0; t < 4; t++)
        ck_assert_ptr_null(wrong[t]);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, two_heavy_items_run_at_once_from_the_start);
    tcase_add_loop_test(c, max_workers_really_run_at_once, 0, CROWDS);
    tcase_add_loop_test(c, as_many_as_the_environment_says, 0, CROWDS);
    tcase_add_loop_test(c, never_more_than_max_workers, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, a_call_overrides_the_decoration);
    tcase_add_loop_test(c, eight_threads_call_at_once, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, callers_with_workers_of_their_own_number, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, threads_come_and_go, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, failures_stay_with_their_callers, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, results_are_read_from_many_threads, 0, PL_WORKER_COUNTS);
    return pl_run("api/concurrent", c);
}
