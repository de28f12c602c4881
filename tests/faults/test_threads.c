/* SPDX-License-Identifier: MIT */
/* What programs do on threads. */
#include <errno.h>
#include <string.h>

#include "faults/cases.h"
#include "support/test.h"

enum { N = 48 };

static int numbers[N];
static const char *names[N];

/* ---- functions ------------------------------------------------------------------------------------------- */

static int triple(int x)
{
    fault_run(x);
    return 3 * x;
}
PARALLEL_DECORATE(triple, int, int);

/* Off the CPU for a while, so that others come to help. */
static int nap(int x)
{
    fault_run(x);
    pl_test_sleep(50);
    return 3 * x;
}
PARALLEL_DECORATE(nap, int, int);

static int refuse_odd(const int *arg, int *result, void *extras)
{
    fault_run(*arg);
    pl_test_sleep(20);
    *result = 3 * *arg + (extras ? *(int *)extras : 0);
    return *arg % 2 ? parallel_fail(EDOM, "%d is odd", *arg) : 0;
}
PARALLEL_DECORATE_TASK(refuse_odd, int, int);

static int refuse(const int *arg, void *result, void *extras)
{
    (void)result;
    (void)extras;
    fault_run(*arg);
    return EDOM;
}
PARALLEL_DECORATE_TASK(refuse, int, void);

/* The second attempt works. */
static int need_two(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = 3 * *arg;
    fault_run(*arg);
    return atomic_load(&fault_now->times[*arg]) < 2 ? parallel_fail(EIO, "not yet: %d", *arg) : 0;
}
PARALLEL_DECORATE_TASK(need_two, int, int);

static void prepare(void)
{
    fault_clear();
    for (int i = 0; i < N; i++)
        numbers[i] = i;
}

/* ---- results --------------------------------------------------------------------------------------------- */

/* Results of N items that all went well; and frees them. NULL is an error. */
static int check(parallel_results *r)
{
    int error = errno;
    if (!r) {
        fault_ran(N, 0, 1);
        return error ? error : fault_wrong("no error code");
    }
    const int *values = parallel_values(r);
    for (int i = 0; i < N; i++)
        if (values[i] != 3 * i)
            return fault_wrong("result %d is %d", i, values[i]);
    parallel_results_free(r);
    return fault_ran(N, 1, 1);
}

/* Results of which the odd have failed. */
static int check_odd(parallel_results *r)
{
    int error = errno;
    if (!r)
        return error ? error : fault_wrong("no error code");
    if (parallel_failures(r) != N / 2)
        return fault_wrong("%zu failures", parallel_failures(r));
    for (size_t i = 0; i < N; i++) {
        const int *value = parallel_result(r, i);
        if (i % 2 ? value || parallel_result_state(r, i) != PARALLEL_ERROR : !value || *value != 3 * (int)i)
            return fault_wrong("result %zu", i);
        const parallel_failure *f = parallel_failed(r, i / 2);
        if (i % 2 && (f->index != i || f->code != EDOM || f->attempts != 1 || !f->message))
            return fault_wrong("failure %zu", i);
    }
    parallel_replace_failed(r, &(int){7});
    if (((const int *)parallel_values(r))[1] != 7)
        return fault_wrong("not replaced");
    parallel_results_free(r);
    return fault_ran(N, 1, 1);
}

/* Results of which all have failed alike: there may be no memory for records of some. */
static int check_alike(parallel_results *r)
{
    int error = errno;
    if (!r)
        return error ? error : fault_wrong("no error code");
    if (parallel_failures(r) != N)
        return fault_wrong("%zu failures", parallel_failures(r));
    error = 0;
    for (size_t k = N; k-- > 0;) {
        errno = 0;
        const parallel_failure *f = parallel_failed(r, k);
        if (f ? f->index != k || f->code != EDOM : errno != ENOMEM || parallel_result_state(r, k) != PARALLEL_ERROR)
            return fault_wrong("failure %zu", k);
        error = f ? error : ENOMEM;
    }
    parallel_results_free(r);
    return error ? error : fault_ran(N, 1, 1);
}

/* ---- maps ------------------------------------------------------------------------------------------------ */

static int a_map(void)
{
    prepare();
    return check(parallel_map(triple, numbers, N));
}

static int all_alike(void)
{
    prepare();
    return check_alike(parallel_map(refuse, numbers, N, .silent = true));
}

static int a_map_that_naps(void)
{
    prepare();
    return check(parallel_map(nap, numbers, N, .max_workers = 8));
}

/* Waits for the other, if there is enough for both. Not so short that nobody would be called to help the next time. */
static int meet(int x)
{
    bool alone = atomic_load_explicit(&fault_now->armed, memory_order_relaxed);
    fault_run(x);
    pl_test_sleep(1000);
    for (int i = 0; i < 20000 && !alone && !fault_now->times[1 - x]; i++)
        pl_test_sleep(1000);
    return fault_now->times[1 - x] || alone ? 3 * x : -1;
}
PARALLEL_DECORATE(meet, int, int);

/* A while after threads could not be had, they can be. */
static int together(void)
{
    int out[2] = {0, 0};
    bool armed = atomic_load_explicit(&fault_now->armed, memory_order_relaxed);
    if (!armed)
        pl_test_sleep(150000);
    prepare();
    if (parallel_map_into(meet, numbers, 2, out) != 0)
        return errno;
    return out[0] == 0 && out[1] == 3 ? fault_ran(2, 1, 1) : fault_wrong("nobody came to help");
}

static int a_map_into(void)
{
    int out[N];
    prepare();
    if (parallel_map_into(nap, numbers, N, out) != 0)
        return errno;
    for (int i = 0; i < N; i++)
        if (out[i] != 3 * i)
            return fault_wrong("result %d is %d", i, out[i]);
    return fault_ran(N, 1, 1);
}

static int failures(void)
{
    prepare();
    int error = check_odd(parallel_map(refuse_odd, numbers, N, .silent = true));
    return error < 0 ? error : fault_ran(N, 0, 1) ? -1 : error;
}

static int a_failure(void)
{
    prepare();
    parallel_results *r = parallel_map(refuse_odd, numbers, N);
    int error = errno;
    if (r)
        return fault_wrong("it did not fail");
    const parallel_failure *f = parallel_last_failure();
    if (error == EDOM && f && (f->code != EDOM || f->index % 2 == 0 || !strstr(f->message, "d")))
        return fault_wrong("a wrong failure");
    return fault_ran(N, 0, 1) ? -1 : error == EDOM ? 0 : error;
}

static int named(void)
{
    static char texts[N][8];
    prepare();
    for (int i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], "n%d", i);
        names[i] = texts[i];
    }
    parallel_results *r = parallel_map(triple, numbers, N, .names = names);
    int error = errno;
    const int *seven = parallel_get(r, "n7");
    if (r && (!seven || *seven != 21))
        return fault_wrong("a wrong name");
    errno = error;
    return check(r);
}

static size_t told;

static void tell(size_t done, size_t total, void *data)
{
    (void)total;
    (void)data;
    told = done;
}

static int with_care(void)
{
    prepare();
    told = 0;
    int error =
        check(parallel_map(nap, numbers, N, .timeout = 1000, .call_timeout = 1000, .progress = tell, .max_workers = 4));
    return error == 0 && told != N ? fault_wrong("told of %zu", told) : error;
}

static int a_bar(void)
{
    prepare();
    return check(parallel_map(nap, numbers, N, .progress = parallel_progress_bar, .progress_data = "title"));
}

/* Of tasks that could not be tried again, that is said. */
static int check_retried(parallel_results *r)
{
    int error = errno;
    if (!r)
        return error ? error : fault_wrong("no error code");
    size_t failed = 0;
    for (size_t i = 0; i < N; i++) {
        bool well = parallel_result_state(r, i) == PARALLEL_OK;
        const parallel_failure *f = well ? NULL : parallel_failed(r, failed++);
        if (well ? *(const int *)parallel_result(r, i) != 3 * (int)i : f && (f->code != EIO || f->attempts != 1))
            return fault_wrong("result %zu", i);
        if (fault_now->times[i] != (well ? 2 : 1))
            return fault_wrong("item %zu has run %d times", i, fault_now->times[i]);
    }
    parallel_results_free(r);
    return failed ? ENOMEM : 0;
}

static int retries(void)
{
    prepare();
    return check_retried(parallel_map(need_two, numbers, N, .retries = 1, .silent = true));
}

static int retries_later(void)
{
    prepare();
    return check_retried(parallel_map(need_two, numbers, N, .retries = 1, .retry_delay = 1e-4, .silent = true));
}

static int retries_in_place(void)
{
    prepare();
    if (parallel_map_into(need_two, numbers, N, numbers, .retries = 1) != 0)
        return errno;
    for (int i = 0; i < N; i++)
        if (numbers[i] != 3 * i)
            return fault_wrong("result %d is %d", i, numbers[i]);
    return fault_ran(N, 2, 2);
}

/* ---- more calls ------------------------------------------------------------------------------------------ */

static int on_a_pool(void)
{
    prepare();
    parallel_pool *pool = parallel_pool_new(6);
    if (!pool)
        return errno ? errno : fault_wrong("no error code");
    int error = check(parallel_map(nap, numbers, N, .pool = pool));
    prepare();
    int second = check(parallel_map(nap, numbers, N, .pool = pool, .max_workers = 9));
    parallel_pool_free(pool);
    return error ? error : second;
}

static int outer(int x)
{
    int in[4], out[4];
    for (int i = 0; i < 4; i++)
        in[i] = x * 4 + i;
    if (parallel_map_into(nap, in, 4, out) != 0)
        return -errno;
    return out[0] + out[1] + out[2] + out[3];
}
PARALLEL_DECORATE(outer, int, int);

static int nested(void)
{
    prepare();
    parallel_results *r = parallel_map(outer, numbers, N / 4);
    if (!r)
        return errno;
    for (int i = 0; i < N / 4; i++) {
        int sum = ((const int *)parallel_values(r))[i];
        if (sum != 48 * i + 18)
            return fault_wrong("sum %d is %d", i, sum);
    }
    parallel_results_free(r);
    return fault_ran(N, 1, 1);
}

static void body(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        nap((int)i);
}

static int loops(void)
{
    prepare();
    if (parallel_for(N, body, NULL) != 0)
        return errno;
    if (fault_ran(N, 1, 1))
        return -1;
    prepare();
    if (parallel_for(N, body, NULL, .max_workers = 6, .call_timeout = 1000) != 0)
        return errno;
    return fault_ran(N, 1, 1);
}

/* Cheap at first, and then long enough that others are to take over. */
enum { CHEAP_CALLS = 300, FEW = 6 };
static bool is_cheap;

static int get_dear(int x)
{
    if (!is_cheap) {
        fault_run(x);
        pl_test_sleep(x ? 100 : 15000);
    }
    return 3 * x;
}
PARALLEL_DECORATE(get_dear, int, int);

static void get_dear_body(size_t begin, size_t end, void *out)
{
    for (size_t i = begin; i < end; i++)
        ((int *)out)[i] = get_dear((int)i);
}

static int map_few(int *out)
{
    return parallel_map_into(get_dear, numbers, FEW, out, .max_workers = FEW);
}

static int loop_few(int *out)
{
    return parallel_for(FEW, get_dear_body, out, .max_workers = FEW);
}

static int held_up(int (*call)(int *out))
{
    int out[FEW];
    prepare();
    is_cheap = true;
    for (int i = 0; i < CHEAP_CALLS; i++)
        if (call(out) != 0)
            return errno;
    is_cheap = false;
    if (call(out) != 0)
        return errno;
    for (int i = 0; i < FEW; i++)
        if (out[i] != 3 * i)
            return fault_wrong("result %d is %d", i, out[i]);
    return fault_ran(FEW, 1, 1);
}

static int a_map_held_up(void)
{
    return held_up(map_few);
}

static int a_loop_held_up(void)
{
    return held_up(loop_few);
}

static int halves(const int *args, size_t n, int *results, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++)
        results[i] = nap(args[i]);
    return 0;
}
PARALLEL_DECORATE_SPLIT(halves, int, int);

static int splits(void)
{
    prepare();
    return check(parallel_split(halves, numbers, N));
}

static int a_par(void)
{
    prepare();
    parallel_future futures[] = {PARALLEL_FUTURE(nap, 0, .name = "zero"), PARALLEL_FUTURE(refuse_odd, 2),
                                 PARALLEL_FUTURE(triple, 4)};
    parallel_results *r = parallel_par(futures, 3, .extras = &(int){1});
    if (!r)
        return errno;
    const int *zero = parallel_get(r, "zero"), *one = parallel_result(r, 1), *two = parallel_result(r, 2);
    if (!zero || !one || !two || *zero != 0 || *one != 7 || *two != 12)
        return fault_wrong("wrong results");
    parallel_results_free(r);
    return 0;
}

/* ---- executors ------------------------------------------------------------------------------------------- */

static int asynchronous(void)
{
    prepare();
    parallel_executor *ex = parallel_async_map(nap, numbers, N, .names = NULL);
    if (!ex)
        return errno ? errno : fault_wrong("no error code");
    parallel_results *r = parallel_executor_results(ex);
    int error = errno;
    if (!r && parallel_executor_status(ex) != PARALLEL_FAILED)
        return fault_wrong("no results, and a status %d", parallel_executor_status(ex));
    if (r && ((const int *)parallel_values(r))[5] != 15)
        return fault_wrong("a wrong result");
    parallel_executor_free(ex);
    return r ? fault_ran(N, 1, 1) : error;
}

/* Nobody asks for the results until they are there. */
static int polled(void)
{
    prepare();
    parallel_executor *ex = parallel_async_map(triple, numbers, N);
    if (!ex)
        return errno;
    for (int i = 0; i < 200 && !parallel_executor_done(ex); i++)
        pl_test_sleep(1000);
    atomic_store_explicit(&fault_now->armed, false, memory_order_relaxed); /* from now on it can be done */
    for (int i = 0; i < 5000 && !parallel_executor_done(ex); i++)
        pl_test_sleep(1000);
    if (!parallel_executor_done(ex))
        return fault_wrong("never done");
    parallel_results *r = parallel_executor_results(ex);
    int error = r ? 0 : errno;
    parallel_executor_free(ex);
    return r ? fault_ran(N, 1, 1) : error;
}

static int started_later(void)
{
    prepare();
    parallel_executor *ex = parallel_async_map(need_two, numbers, N, .deferred = true, .retries = 1, .silent = true,
                                               .retry_delay = 1e-4, .timeout = 1000, .max_workers = 3);
    if (!ex)
        return errno;
    int error = parallel_executor_start(ex) == 0 ? 0 : errno;
    int waited = error ? 0 : parallel_executor_wait(ex, -1);
    parallel_results *r = parallel_executor_results(ex);
    if (!error && (waited != 0 || (!r && errno != ENOMEM)))
        return fault_wrong("waited in vain");
    error = r ? (int)parallel_failures(r) * ENOMEM : ENOMEM;
    parallel_executor_free(ex);
    return error ? ENOMEM : fault_ran(N, 2, 2);
}

static int cancelled(void)
{
    prepare();
    parallel_executor *ex = parallel_async_map(nap, numbers, N, .silent = true);
    if (!ex)
        return errno;
    parallel_cancel(ex);
    parallel_results *r = parallel_executor_results(ex);
    int error = errno;
    for (size_t i = 0; r && i < N; i++)
        if ((parallel_result_state(r, i) == PARALLEL_OK) != (fault_now->times[i] == 1))
            return fault_wrong("item %zu has run %d times", i, fault_now->times[i]);
    parallel_executor_free(ex);
    return r ? fault_ran(N, 0, 1) : error;
}

static int thrown_away(void)
{
    prepare();
    parallel_executor *ex = parallel_async_map(nap, numbers, N, .max_workers = 2);
    if (!ex)
        return errno;
    parallel_executor_free(ex);
    return fault_ran(N, 0, 1);
}

static int an_async_par(void)
{
    prepare();
    parallel_future futures[] = {PARALLEL_FUTURE(nap, 0, .name = "zero"), PARALLEL_FUTURE(refuse_odd, 2)};
    parallel_executor *ex = parallel_async_par(futures, 2);
    if (!ex)
        return errno;
    parallel_results *r = parallel_executor_results(ex);
    int error = errno;
    const int *zero = parallel_get(r, "zero"), *one = r ? parallel_result(r, 1) : NULL;
    if (r && (!zero || !one || *zero != 0 || *one != 6))
        return fault_wrong("wrong results");
    parallel_executor_free(ex);
    return r ? 0 : error;
}

/* A task that makes an executor, and waits for it. */
static int wait_inside(const int *arg, int *result, void *extras)
{
    (void)arg;
    (void)extras;
    *result = asynchronous();
    return *result;
}
PARALLEL_DECORATE_TASK(wait_inside, int, int);

static int inside_of_a_task(void)
{
    parallel_results *r = parallel_map(wait_inside, numbers, 1);
    int error = errno;
    parallel_results_free(r);
    return r ? 0 : error;
}

static const fault_scenario scenarios[] = {
    {"a map", a_map, false},
    {"a map that naps", a_map_that_naps, false},
    {"a map into", a_map_into, false},
    {"a map that is held up", a_map_held_up, false},
    {"a loop that is held up", a_loop_held_up, false},
    {"together", together, false},
    {"failures", failures, false},
    {"failures alike", all_alike, false},
    {"a failure", a_failure, false},
    {"names", named, false},
    {"care", with_care, false},
    {"a bar", a_bar, false},
    {"retries", retries, false},
    {"retries later", retries_later, false},
    {"retries in place", retries_in_place, false},
    {"a pool", on_a_pool, false},
    {"nested", nested, false},
    {"loops", loops, false},
    {"splits", splits, false},
    {"a par", a_par, false},
    {"an executor", asynchronous, false},
    {"polled", polled, false},
    {"started later", started_later, false},
    {"cancelled", cancelled, false},
    {"thrown away", thrown_away, false},
    {"an async par", an_async_par, false},
    {"inside of a task", inside_of_a_task, false},
};

int main(void)
{
    return fault_main("faults, threads", scenarios, sizeof scenarios / sizeof scenarios[0]);
}
