/* SPDX-License-Identifier: MIT */
/* Threads that are cancelled, or end, while they are in a call. */
#include <parallel.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "support/jobs.h"
#include "support/process.h"
#include "support/sanitizers.h"

#if PL_ASAN
#include <sanitizer/asan_interface.h>
#endif

enum { N = 400 };

static int in[N], out[N];

/* Lasts about a millisecond, in which the thread may be cancelled. ThreadSanitizer does not know that a thread leaves
 * usleep() by being unwound: there it computes. */
static void pass_time(void)
{
    if (!PL_TSAN) {
        usleep(1000);
        return;
    }
    for (int i = 0; i < 100; i++) {
        for (volatile int k = 0; k < 1000; k++) {
        }
        pthread_testcancel();
    }
}

static int nap(int x)
{
    count_one(&begun);
    pass_time();
    count_one(&ended);
    return x + 1;
}
PARALLEL_DECORATE(nap, int, int);

static int nap_or_fail(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = nap(*x);
    return *x < 0 ? parallel_fail(EIO, "item %d", *x) : 0;
}
PARALLEL_DECORATE_TASK(nap_or_fail, int, int);

static int inner(int x)
{
    int few[4] = {x, x, x, x}, sums[4];
    return parallel_map_into(nap, few, 4, sums, .max_workers = 3) == 0 ? sums[0] : -1;
}
PARALLEL_DECORATE(inner, int, int);

static bool nap_and_hold(int x)
{
    return nap(x) > 0;
}
PARALLEL_DECORATE(nap_and_hold, int, bool);

static int nap_and_may_hold(const int *x, bool *holds, void *extras)
{
    (void)extras;
    *holds = nap(*x) > 0;
    return 0;
}
PARALLEL_DECORATE_TASK(nap_and_may_hold, int, bool);

static int nap_and_add(int a, int b)
{
    return nap(a) + b;
}
PARALLEL_DECORATE_COMBINE(nap_and_add, int);

static bool nap_and_compare(const int *a, const int *b)
{
    return nap(*a) < *b;
}
PARALLEL_DECORATE_ORDER(nap_and_compare, int);

/* There is always more. */
static int nap_for_ever(const int *x, void *none, void *extras);
PARALLEL_DECORATE_TASK(nap_for_ever, int, void);
static int nap_for_ever(const int *x, void *none, void *extras)
{
    (void)none;
    (void)extras;
    nap(*x);
    return parallel_for_each_add(nap_for_ever, x) != 0 || parallel_for_each_add(nap_for_ever, x) != 0 ? errno : 0;
}

static void body(size_t begin, size_t end, void *ctx)
{
    for (size_t i = begin; i < end; i++)
        ((int *)ctx)[i] = nap(in[i]);
}

static bool still_works(void)
{
    int some[8] = {0, 1, 2, 3, 4, 5, 6, 7}, more[8];
    if (parallel_map_into(nap, some, 8, more, .max_workers = 4) != 0)
        return false;
    for (int i = 0; i < 8; i++)
        if (more[i] != some[i] + 1)
            return false;
    return true;
}

static _Thread_local int cleaned;

/* AddressSanitizer does not know of unwinding either, and keeps what it noted of frames that are gone. */
static void forget_frames(void)
{
#if PL_ASAN
    enum { BELOW = 65536 };
    char *here = __builtin_frame_address(0);
    __asan_unpoison_memory_region(here - BELOW, BELOW);
#endif
}

/* Runs while the thread is being unwound: calls are as good as ever. */
static void clean(void *well)
{
    forget_frames();
    errno = 0;
    cleaned = still_works() && !parallel_cancelled() && parallel_last_failure() == NULL;
    PARALLEL_SCOPED parallel_results *r = parallel_map(nap_or_fail, ((const int[]){-3}), 1);
    *(bool *)well = cleaned && !r && errno == EIO && strcmp(parallel_last_failure()->message, "item -3") == 0;
}

enum { MAPS = 10, COLLECTIONS = 12 }; /* kinds of calls */

static void call_on_collection(int kind)
{
    size_t kept;
    switch (kind) {
    case 0:
        parallel_results_free(parallel_filter(nap_and_hold, in, N));
        break;
    case 1:
        parallel_results_free(parallel_filter(nap_and_may_hold, in, N));
        break;
    case 2:
        parallel_filter_into(nap_and_may_hold, in, N, out, &kept);
        break;
    case 3:
        parallel_partition_into(nap_and_hold, in, N, out, &kept);
        break;
    case 4:
        parallel_results_free(parallel_scan(nap_and_add, in, N));
        break;
    case 5:
        parallel_count(nap_and_may_hold, in, N);
        break;
    case 6:
        parallel_all(nap_and_hold, in, N);
        break;
    case 7:
        parallel_all(nap_and_may_hold, in, N);
        break;
    case 8:
        parallel_results_free(parallel_sorted(nap_and_compare, in, N));
        break;
    case 9:
        parallel_results_free(parallel_distinct(nap_and_compare, in, N));
        break;
    case 10:
        memcpy(out, in, sizeof in);
        parallel_sort(nap_and_compare, out, N);
        break;
    default:
        parallel_min(nap_and_compare, in, N);
    }
}

static bool cleaned_well;

static void *call(void *kind)
{
    pthread_cleanup_push(clean, &cleaned_well);
    switch (*(int *)kind) {
    case 0:
        parallel_map_into(nap, in, N, out, .max_workers = 4);
        break;
    case 1:
        parallel_results_free(parallel_map(nap, in, N, .max_workers = 4));
        break;
    case 2:
        parallel_results_free(parallel_map(nap, in, N));
        break;
    case 3:
        parallel_results_free(parallel_map(nap_or_fail, in, N, .silent = true));
        break;
    case 4:
        parallel_for(N, body, out);
        break;
    case 5:
        parallel_results_free(parallel_map(inner, in, N, .max_workers = 2));
        break;
    case 6:
        parallel_results_free(parallel_split(nap, in, N));
        break;
    case 7:
        parallel_results_free(parallel_map(nap, in, N, .executor = PARALLEL_SERIAL));
        break;
    case 8:
        parallel_for_each(nap_for_ever, in, 1);
        break;
    case 9: {
        PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
        parallel_map_into(nap, in, N, out, .pool = pool);
        break;
    }
    default:
        call_on_collection(*(int *)kind - MAPS);
    }
    for (;;) /* if the call has ended first */
        pass_time();
    pthread_cleanup_pop(0);
    return NULL;
}

static bool cancel_soon(void *(*run)(void *), void *argument, int microseconds)
{
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, run, argument), 0);
    pl_test_sleep(microseconds);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    return result == PTHREAD_CANCELED;
}

/* Nothing of the call is left when the thread has ended: no task runs, none begins, and others can call. */
START_TEST(a_cancelled_call_has_ended)
{
    pl_workers(3);
    for (int i = 0; i < N; i++)
        in[i] = i;
    for (int round = 0; round < 12; round++) {
        int before = count_of(&begun);
        cleaned_well = false;
        ck_assert(cancel_soon(call, &_i, 2000 + 700 * round));
        ck_assert(cleaned_well);
        int after = count_of(&begun);
        ck_assert_int_gt(after, before);
        pl_test_sleep(4000);
        ck_assert_int_eq(count_of(&begun), after);
        ck_assert(still_works());
    }
}
END_TEST

#ifdef __GLIBC__
/* It does not go on with what has not started. */
START_TEST(a_cancelled_call_stops)
{
    pl_workers(2);
    int before = count_of(&begun);
    ck_assert(cancel_soon(call, &_i, 5000));
    ck_assert_int_lt(count_of(&begun) - before, N);
}
END_TEST
#endif

#ifdef __GLIBC__
static double add_slowly(double a, double b)
{
    pass_time();
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add_slowly, double);

static int fail_often(const int *x, double *result, void *extras)
{
    (void)extras;
    *result = *x;
    return *x % 8 == 3 ? parallel_fail(EIO, "item %d", *x) : 0;
}
PARALLEL_DECORATE_TASK(fail_often, int, double);

static void *reduce_forever(void *numbers)
{
    double sum = 0;
    for (;;)
        parallel_map_reduce(fail_often, add_slowly, (const int *)numbers, 40000, &sum, .silent = true);
    return NULL;
}

/* Kilobytes of memory that the process has; 0 if that is not known. */
static unsigned long memory_used(void)
{
    unsigned long pages = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    bool known = statm && fscanf(statm, "%lu %lu", &pages, &resident) == 2;
    if (statm)
        fclose(statm);
    return known ? resident * (unsigned long)(sysconf(_SC_PAGESIZE) / 1024) : 0;
}

/* What a reduction has of the map is freed when its thread is cancelled while it folds. */
START_TEST(a_cancelled_reduction_keeps_nothing)
{
    static int numbers[40000];
    enum { ROUNDS = 40, KILOBYTES = 256 };
    if (PL_ASAN)
        return;
    for (int i = 0; i < 40000; i++)
        numbers[i] = i;
    pl_workers(2);
    for (int round = 0; round < 10; round++)
        ck_assert(cancel_soon(reduce_forever, numbers, 20000));
    unsigned long before = memory_used();
    for (int round = 0; round < ROUNDS; round++)
        ck_assert(cancel_soon(reduce_forever, numbers, 20000));
    if (!PL_SANITIZED)
        ck_assert_uint_lt(memory_used(), before + ROUNDS * KILOBYTES / 2);
    ck_assert(still_works());
}
END_TEST
#endif

/* ---- while it helps others -------------------------------------------------------------------------------- */

static pthread_t helper;
static atomic_int helps;

PARALLEL_TASK(int, leaf, int, n)
{
    if (pthread_equal(pthread_self(), helper))
        count_one(&helps);
    usleep(pthread_equal(pthread_self(), helper) ? 50000 : 5000);
    return n;
}

PARALLEL_TASK(int, tree, int, depth)
{
    if (depth == 0)
        return PARALLEL_CALL(leaf, 1);
    PARALLEL_SPAWN(tree, depth - 1);
    int a = PARALLEL_CALL(tree, depth - 1);
    return a + PARALLEL_SYNC(tree);
}

/* On the caller, that it is there; on another thread, a tree of tasks, which the caller then helps with. */
static void run_trees(size_t begin, size_t end, void *sum)
{
    for (size_t i = begin; i < end; i++)
        if (pthread_equal(pthread_self(), helper))
            usleep(5000);
        else
            atomic_fetch_add((atomic_int *)sum, PARALLEL_RUN(tree, 5));
}

static void *call_and_help(void *sum)
{
    helper = pthread_self();
    parallel_for(2, run_trees, sum, .max_workers = 2, .grain = 1);
    for (;;)
        pass_time();
    return NULL;
}

/* A task of another thread's is not left half done. */
START_TEST(a_cancelled_helper_ends_what_it_does)
{
    pl_workers(3);
    for (int round = 0; round < 4; round++) {
        atomic_int sum = 0;
        pthread_t thread;
        void *result;
        int before = count_of(&helps);
        ck_assert_int_eq(pthread_create(&thread, NULL, call_and_help, &sum), 0);
        for (int i = 0; i < 300 && count_of(&helps) == before; i++)
            pl_test_sleep(1000);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        ck_assert_ptr_eq(result, PTHREAD_CANCELED);
        ck_assert_int_eq(sum % 32, 0);
    }
}
END_TEST

/* ---- where it is put off ---------------------------------------------------------------------------------- */

static atomic_int returned;

PARALLEL_TASK(int, naps, int, depth)
{
    if (depth == 0)
        return nap(0);
    PARALLEL_SPAWN(naps, depth - 1);
    int a = PARALLEL_CALL(naps, depth - 1);
    return a + PARALLEL_SYNC(naps);
}

static void *call_that_ends_first(void *kind)
{
    bool well = false;
    switch (*(int *)kind) {
    case 0:
        well = parallel_map_into(nap, in, 50, out, .timeout = 100) == 0 && count_of(&ended) == 50;
        break;
    case 1:
        well = PARALLEL_RUN(naps, 5) == 32 && count_of(&ended) == 32;
        break;
    case 2: {
        PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(nap, in, 50);
        well = parallel_executor_results(ex) != NULL && count_of(&ended) == 50;
        break;
    }
    case 3:
        well = parallel_map_into(nap, in, 50, out, .retries = 3, .retry_delay = 0.01) == 0 && count_of(&ended) == 50;
        break;
    case 4:
        well = parallel_sleep(0.05) == 0;
        break;
    default: {
        parallel_results *r = parallel_process_map(nap, in, 20, .max_workers = 2);
        well = r != NULL;
        parallel_results_free(r);
    }
    }
    atomic_store_explicit(&returned, well, memory_order_relaxed);
    for (;;)
        pass_time();
    return NULL;
}

/* No call is a cancellation point: these return, and then the thread ends where it may. */
START_TEST(a_request_waits_for_the_call)
{
    if (PL_ASAN) /* it takes what is left of an unwound stack for something */
        return;
    pl_workers(2);
    ck_assert(cancel_soon(call_that_ends_first, &_i, 3000));
    ck_assert_int_eq(count_of(&returned), 1);
    ck_assert(still_works());
}
END_TEST

static parallel_executor *shared;

static void *wait_for_shared(void *how)
{
    if (*(int *)how)
        parallel_executor_results(shared);
    else
        parallel_executor_wait(shared, -1);
    for (;;)
        pass_time();
    return NULL;
}

/* Others can ask for an executor while one who waited for it is cancelled, and when it has ended. */
START_TEST(a_cancelled_waiter_locks_nothing)
{
    struct job jobs[4];
    pl_workers(2);
    fill_jobs(jobs, 4, true);
    shared = parallel_async_map(work, jobs, 4);
    await_begun(1);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_shared, &_i), 0);
    pl_test_sleep(20000);
    pthread_cancel(thread);
    ck_assert(!parallel_executor_done(shared));
    set_gate(true);
    pthread_join(thread, NULL);
    ck_assert(all_right(parallel_executor_results(shared), 4));
    parallel_executor_free(shared);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_cancelled_call_has_ended, 0, MAPS + COLLECTIONS);
#ifdef __GLIBC__
    tcase_add_loop_test(c, a_cancelled_call_stops, 0, MAPS + COLLECTIONS);
    tcase_add_test(c, a_cancelled_reduction_keeps_nothing);
#endif
    tcase_add_test(c, a_cancelled_helper_ends_what_it_does);
    tcase_add_loop_test(c, a_request_waits_for_the_call, 0, 6);
    tcase_add_loop_test(c, a_cancelled_waiter_locks_nothing, 0, 2);
    return pl_run("api/cancelled_threads", c);
}
