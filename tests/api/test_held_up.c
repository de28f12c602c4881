/* SPDX-License-Identifier: MIT */
/*
 * Calls that ask for more workers than there are CPUs, of functions that were cheap so far: the caller runs them alone,
 * and others take over when one of its tasks blocks.
 */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "support/process.h"
#include "support/sanitizers.h"
#include "support/workers.h"

enum { N = 8, CHEAP_CALLS = 300 };

/* What tasks do: they are cheap; wait until all have begun; or as the test says, by the task's number. */
static _Atomic int waits;
static int (*_Atomic does)(int);
static _Atomic int begun, at_work, most_at_work;
static _Atomic int ran[N];
static _Atomic size_t worker[N];
static const int in[N] = {0, 1, 2, 3, 4, 5, 6, 7};

static void note_most(void)
{
    int now = atomic_fetch_add(&at_work, 1) + 1, most = atomic_load(&most_at_work);
    while (most < now && !atomic_compare_exchange_weak(&most_at_work, &most, now)) {
    }
}

static int run(int x)
{
    int (*what)(int) = atomic_load(&does);
    int code = 0;
    if (!what && !atomic_load(&waits))
        return 0;
    atomic_fetch_add(&ran[x], 1);
    atomic_store(&worker[x], parallel_worker_index());
    note_most();
    atomic_fetch_add(&begun, 1);
    while (atomic_load(&begun) < atomic_load(&waits))
        usleep(100);
    if (what)
        code = what(x);
    atomic_fetch_sub(&at_work, 1);
    return code;
}

static int sure(int x)
{
    run(x);
    return 3 * x + 1;
}
PARALLEL_DECORATE(sure, int, int);

static int may_fail(const int *x, int *y, void *extras)
{
    (void)extras;
    *y = 3 * *x + 1;
    return run(*x);
}
PARALLEL_DECORATE_TASK(may_fail, int, int);

static void be_sure(int x)
{
    run(x);
}
PARALLEL_DECORATE(be_sure, int, void);

static const parallel_options ways[] = {
    {.size = sizeof(parallel_options), .max_workers = N},
    {.size = sizeof(parallel_options), .max_workers = N, .timeout = 100},
    {.size = sizeof(parallel_options), .max_workers = N, .call_timeout = 100},
    {.size = sizeof(parallel_options), .max_workers = N + 3, .timeout = 90, .call_timeout = 100, .silent = true},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static const parallel_function *functions[] = {&sure__parallel, &may_fail__parallel, &be_sure__parallel};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static void begin_afresh(void)
{
    atomic_store(&begun, 0);
    atomic_store(&at_work, 0);
    atomic_store(&most_at_work, 0);
    for (int i = 0; i < N; i++)
        atomic_store(&ran[i], 0);
}

/* The function is known to be cheap; and from now on it does that, and waits for so many. */
static void prepare(const parallel_function *f, const parallel_options *o, int (*what)(int), int for_how_many)
{
    int out[N];
    atomic_store(&does, NULL);
    atomic_store(&waits, 0);
    for (int i = 0; i < CHEAP_CALLS; i++)
        ck_assert_int_eq(parallel_map_into_function(f, in, N, out, o), 0);
    begin_afresh();
    atomic_store(&does, what);
    atomic_store(&waits, for_how_many);
}

static void each_ran_once(void)
{
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(atomic_load(&ran[i]), 1);
}

/* ---- tasks that wait for each other -------------------------------------------------------------------------- */

START_TEST(they_meet)
{
    const parallel_function *f = functions[_i % FUNCTIONS];
    const parallel_options *o = &ways[_i / FUNCTIONS];
    int out[N] = {0};
    prepare(f, o, NULL, N);
    ck_assert_int_eq(parallel_map_into_function(f, in, N, out, o), 0);
    each_ran_once();
    ck_assert_int_eq(atomic_load(&most_at_work), N);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(out[i], f->result_size ? 3 * i + 1 : 0);
        ck_assert_uint_lt(atomic_load(&worker[i]), (size_t)o->max_workers);
        for (int k = 0; k < i; k++) /* all of them are at work */
            ck_assert_uint_ne(atomic_load(&worker[i]), atomic_load(&worker[k]));
    }
    begin_afresh();
    PARALLEL_SCOPED parallel_results *r = parallel_map_function(f, in, N, o);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), 0);
    each_ran_once();
    for (int i = 0; i < N && f->result_size; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], 3 * i + 1);
}
END_TEST

static int slumber(int x)
{
    usleep(x % 2 ? 1000 : 15000);
    return 0;
}

START_TEST(never_more_than_asked_for)
{
    parallel_options o = {.size = sizeof o, .max_workers = 4};
    int out[N];
    prepare(&sure__parallel, &o, slumber, 0);
    ck_assert_int_eq(parallel_map_into_function(&sure__parallel, in, N, out, &o), 0);
    each_ran_once();
    ck_assert_int_le(atomic_load(&most_at_work), 4);
}
END_TEST

/* ---- loops ----------------------------------------------------------------------------------------------------- */

static void iterations(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        run((int)i);
}

static void rectangles(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    (void)ctx;
    for (size_t i = row; i < row_end; i++)
        for (size_t k = col; k < col_end; k++)
            run((int)(i * 2 + k));
}

PARALLEL_LOOP(captured, i, int, add)
{
    run((int)i + add);
}

static int sum(int x, int y)
{
    run(x);
    return x + y;
}
PARALLEL_DECORATE_ZIP(sum, int, int, int);

static int by_for(const parallel_options *o)
{
    return parallel_for_function(N, iterations, NULL, o);
}

static int by_for_2d(const parallel_options *o)
{
    parallel_options tiles = *o;
    tiles.tile_rows = tiles.tile_cols = 1; /* a tile is what may wait */
    return parallel_for_2d_function(N / 2, 2, rectangles, NULL, &tiles);
}

static int by_captures(const parallel_options *o)
{
    return parallel_loop(captured, 0, N, (0), .max_workers = o->max_workers);
}

static int by_zip(const parallel_options *o)
{
    int out[N];
    return parallel_zip_map_into_function(&sum__parallel_zip, in, in, N, out, o);
}

static int (*const loops[])(const parallel_options *) = {by_for, by_for_2d, by_captures, by_zip};
enum { LOOPS = sizeof loops / sizeof loops[0] };

static void prepare_loop(int (*loop)(const parallel_options *), int (*what)(int), int for_how_many)
{
    atomic_store(&does, NULL);
    atomic_store(&waits, 0);
    for (int i = 0; i < CHEAP_CALLS; i++)
        ck_assert_int_eq(loop(&ways[0]), 0);
    begin_afresh();
    atomic_store(&does, what);
    atomic_store(&waits, for_how_many);
}

START_TEST(iterations_meet)
{
    prepare_loop(loops[_i], NULL, N);
    ck_assert_int_eq(loops[_i](&ways[0]), 0);
    each_ran_once();
    ck_assert_int_eq(atomic_load(&most_at_work), N);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < i; k++)
            ck_assert_uint_ne(atomic_load(&worker[i]), atomic_load(&worker[k]));
    begin_afresh(); /* and once more, now that they are known to block */
    ck_assert_int_eq(loops[_i](&ways[0]), 0);
    each_ran_once();
}
END_TEST

START_TEST(no_more_iterations_than_asked_for)
{
    parallel_options o = {.size = sizeof o, .max_workers = 4};
    prepare_loop(by_for, slumber, 0);
    ck_assert_int_eq(by_for(&o), 0);
    each_ran_once();
    ck_assert_int_le(atomic_load(&most_at_work), 4);
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------------------------- */

static int fail_all(int x)
{
    usleep(x ? 1000 : 30000);
    return x == 5 ? 0 : parallel_fail(100 + x, "not %d", x);
}

START_TEST(all_failures_are_told)
{
    parallel_options o = {.size = sizeof o, .max_workers = N, .silent = true};
    prepare(&may_fail__parallel, &o, fail_all, 0);
    PARALLEL_SCOPED parallel_results *r = parallel_map_function(&may_fail__parallel, in, N, &o);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), N - 1);
    for (size_t k = 0; k < N - 1; k++) {
        const parallel_failure *f = parallel_failed(r, k);
        size_t i = k < 5 ? k : k + 1;
        ck_assert(f->code == 100 + (int)i && f->index == i && f->state == PARALLEL_ERROR);
        ck_assert_int_eq(((const int *)parallel_values(r))[i], 0);
    }
    ck_assert_int_eq(((const int *)parallel_values(r))[5], 16);
    ck_assert_str_eq(parallel_failed(r, 0)->message, "not 0");
    each_ran_once();
}
END_TEST

/* The others wait until they are told; the caller's fails a while after they have begun. Or the other way round. */
static _Atomic int which_fails;

static int fail_or_wait(int x)
{
    if (x == atomic_load(&which_fails)) {
        usleep(30000);
        return EBADMSG;
    }
    return parallel_sleep(100) == 0 ? 0 : ECANCELED;
}

START_TEST(a_failure_ends_the_call)
{
    int out[N];
    atomic_store(&which_fails, _i);
    prepare(&may_fail__parallel, &ways[0], fail_or_wait, N);
    errno = 0;
    ck_assert_int_eq(parallel_map_into_function(&may_fail__parallel, in, N, out, &ways[0]), -1);
    ck_assert_int_eq(atomic_load(&at_work), 0);
    ck_assert(errno == EBADMSG || errno == ECANCELED); /* of the first in order that failed */
    ck_assert_ptr_nonnull(parallel_last_failure());
}
END_TEST

static int wait_until_told(int x)
{
    (void)x;
    return parallel_sleep(100) == 0 ? 0 : ECANCELED;
}

START_TEST(a_time_limit_ends_the_call)
{
    parallel_options o = {.size = sizeof o, .max_workers = N, .silent = true};
    if (_i == 0)
        o.call_timeout = 0.2;
    else
        o.timeout = 0.2;
    prepare(&may_fail__parallel, &o, wait_until_told, 0);
    PARALLEL_SCOPED parallel_results *r = parallel_map_function(&may_fail__parallel, in, N, &o);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_failures(r), N);
    for (size_t k = 0; k < N; k++)
        ck_assert_int_eq(parallel_failed(r, k)->code, ETIMEDOUT);
}
END_TEST

/* ---- the caller's end -------------------------------------------------------------------------------------------- */

static _Thread_local bool is_caller;

static int leave_or_wait(int x)
{
    (void)x;
    while (is_caller && atomic_load(&begun) < N)
        usleep(100);
    if (is_caller)
        pthread_exit(NULL);
    return parallel_sleep(100) == 0 ? 0 : ECANCELED;
}

static void *call_and_leave(void *unused)
{
    is_caller = true;
    prepare(&may_fail__parallel, &ways[0], leave_or_wait, 0); /* with a time limit, that may end the program */
    parallel_results_free(parallel_map_function(&may_fail__parallel, in, N, &ways[0]));
    return unused;
}

START_TEST(the_caller_s_thread_ends)
{
    pthread_t thread;
    int out[N];
    ck_assert_int_eq(pthread_create(&thread, NULL, call_and_leave, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(atomic_load(&at_work), 1); /* the one that has left */
    prepare(&sure__parallel, &ways[0], NULL, N);
    ck_assert_int_eq(parallel_map_into_function(&sure__parallel, in, N, out, &ways[0]), 0);
}
END_TEST

static pid_t child;

static int fork_in_first(int x)
{
    if (x == 0) {
        while (atomic_load(&begun) < 2)
            usleep(100);
        child = fork();
    }
    return 0;
}

/* The child of a task has no others: it runs what its parent's others have. */
START_TEST(a_task_forks)
{
    int out[N] = {0};
    if (!pl_threads_after_fork())
        return;
    child = -1;
    prepare(&sure__parallel, &ways[0], fork_in_first, 0);
    int failed = parallel_map_into_function(&sure__parallel, in, N, out, &ways[0]);
    bool right = failed == 0;
    for (int i = 0; i < N; i++)
        right = right && out[i] == 3 * i + 1;
    if (child == 0)
        _exit(!right);
    ck_assert(right);
    ck_assert_int_eq(pl_status_of(child), 0);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, they_meet, 0, FUNCTIONS * WAYS);
    tcase_add_test(c, never_more_than_asked_for);
    tcase_add_loop_test(c, iterations_meet, 0, LOOPS);
    tcase_add_test(c, no_more_iterations_than_asked_for);
    tcase_add_test(c, all_failures_are_told);
    tcase_add_loop_test(c, a_failure_ends_the_call, 0, N);
    tcase_add_loop_test(c, a_time_limit_ends_the_call, 0, 2);
#ifdef __GLIBC__
    tcase_add_test(c, the_caller_s_thread_ends);
#endif
    tcase_add_test(c, a_task_forks);
    return pl_run("api/held_up", c);
}
