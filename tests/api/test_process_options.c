/* SPDX-License-Identifier: MIT */
/* Options, futures and executors of calls on worker processes, and what is special about those. */
#include <pthread.h>
#include <string.h>

#include "support/workers.h"

enum { N = 300 };

struct told {
    atomic_int begun, ended, gate;
    atomic_int pids[N]; /* in which process each task has run */
};
static struct told *told;

static void set_up(void)
{
    if (!told)
        told = pl_shared(sizeof *told);
    memset(told, 0, sizeof *told);
}

static double half(int x)
{
    return x / 2.0;
}
PARALLEL_DECORATE(half, int, double);

static int twice(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = *x * 2;
    return *x == 4 ? parallel_fail(EDOM, "no %d", *x) : 0;
}
PARALLEL_DECORATE_TASK(twice, int, int, .executor = PARALLEL_PROCESS, .max_workers = 2);

static bool is(const double *value, double right)
{
    return value && *value >= right && *value <= right;
}

#define REFUSED(call, code)                                                                                            \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        ck_assert_ptr_null(call);                                                                                      \
        ck_assert_int_eq(errno, code);                                                                                 \
    } while (0)

/* ---- futures and executors ---------------------------------------------------------------------------------- */

static int greet(const char *const *who, char (*result)[40], void *extras)
{
    snprintf(*result, sizeof *result, "%s %s", extras ? (const char *)extras : "hello", *who);
    return 0;
}
typedef char line[40];
PARALLEL_DECORATE_TASK(greet, const char *, line);

START_TEST(different_functions)
{
    pl_workers(2);
    parallel_future futures[] = {
        PARALLEL_FUTURE(half, 7, .name = "half"),
        PARALLEL_FUTURE(greet, "world", .name = "greeting"),
        PARALLEL_FUTURE(twice, 4, .name = "bad"),
        PARALLEL_FUTURE(twice, 5),
    };
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 4, ON(_i), .silent = true);
    ck_assert_ptr_nonnull(r);
    ck_assert_ptr_null(parallel_values(r));
    ck_assert(is(parallel_get(r, "half"), 3.5));
    ck_assert_str_eq((const char *)parallel_get(r, "greeting"), "hello world");
    ck_assert_int_eq(*(const int *)parallel_result(r, 3), 10);
    ck_assert_str_eq(parallel_failed(r, 0)->name, "bad");
    ck_assert_str_eq(parallel_failed(r, 0)->message, "no 4");
    ck_assert_ptr_eq(parallel_failed(r, 0)->arg, futures[2].arg);
    REFUSED(parallel_par(futures, 4, ON(_i)), EDOM);
    ck_assert_uint_eq(parallel_last_failure()->index, 2);
    static char what[] = "bye";
    futures[1].extras = what;
    if (kinds[_i].isolation == PARALLEL_PERSISTENT) { /* nobody says how long they are */
        REFUSED(parallel_par(futures, 2, ON(_i)), EINVAL);
    } else {
        PARALLEL_SCOPED parallel_results *bye = parallel_par(futures, 2, ON(_i));
        ck_assert_str_eq((const char *)parallel_get(bye, "greeting"), "bye world");
    }
}
END_TEST

static int wait_for_gate(const int *index, int *result, void *extras)
{
    (void)extras;
    *result = *index * 2;
    pl_add(&told->begun, 1);
    while (!pl_count(&told->gate)) {
        if (parallel_cancelled())
            return parallel_fail(EINTR, "task %d gives up", *index);
        pl_test_sleep(500);
    }
    pl_add(&told->ended, 1);
    return 0;
}
PARALLEL_DECORATE_TASK(wait_for_gate, int, int);

START_TEST(in_the_background)
{
    pl_workers(2);
    set_up();
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(wait_for_gate, in, N, ON(_i));
    ck_assert(pl_await(&told->begun, 1));
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_STARTED);
    errno = 0;
    ck_assert_int_eq(parallel_executor_wait(ex, 0.001), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    pl_set(&told->gate, 1);
    parallel_results *r = parallel_executor_results(ex);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], i * 2);
    ck_assert_int_eq(parallel_executor_status(ex), PARALLEL_DONE);
    PARALLEL_SCOPED parallel_executor *later = parallel_async_map(half, in, N, ON(_i), .deferred = true);
    ck_assert_int_eq(parallel_executor_status(later), PARALLEL_NOT_STARTED);
    REFUSED(parallel_executor_results(later), EINVAL);
    ck_assert_int_eq(parallel_executor_start(later), 0);
    errno = 0;
    ck_assert_int_eq(parallel_executor_start(later), -1);
    ck_assert_int_eq(errno, EALREADY);
    ck_assert(is(parallel_result(parallel_executor_results(later), 9), 4.5));
    PARALLEL_SCOPED parallel_executor *fails = parallel_async_map(twice, in, N, ON(_i));
    REFUSED(parallel_executor_results(fails), EDOM);
    ck_assert_int_eq(parallel_executor_status(fails), PARALLEL_FAILED);
    parallel_future futures[] = {PARALLEL_FUTURE(half, 3), PARALLEL_FUTURE(twice, 3)};
    PARALLEL_SCOPED parallel_executor *p = parallel_async_par(futures, 2, ON(_i));
    ck_assert_int_eq(*(const int *)parallel_result(parallel_executor_results(p), 1), 6);
}
END_TEST

START_TEST(cancelling)
{
    pl_workers(2);
    set_up();
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(wait_for_gate, in, N, ON(_i), .silent = true);
    ck_assert(pl_await(&told->begun, 1));
    parallel_cancel(ex);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_ptr_nonnull(r);
    int begun = pl_count(&told->begun), cancelled = 0, not_run = 0;
    for (size_t i = 0; i < N; i++) {
        cancelled += parallel_result_state(r, i) == PARALLEL_CANCELLED;
        not_run += parallel_result_state(r, i) == PARALLEL_NOT_RUN;
    }
    ck_assert_int_eq(cancelled, begun);
    ck_assert_int_eq(not_run, N - begun);
    ck_assert_int_eq(pl_count(&told->ended), 0);
    pl_set(&told->begun, 0);
    { /* a scope's end lets those that run come to theirs */
        PARALLEL_SCOPED __attribute__((unused)) parallel_executor *scoped =
            parallel_async_map(wait_for_gate, in, N, ON(_i));
        ck_assert(pl_await(&told->begun, 1));
        pl_set(&told->gate, 1);
    }
    ck_assert_int_eq(pl_count(&told->begun), pl_count(&told->ended));
}
END_TEST

/* ---- special calls, and what they refuse -------------------------------------------------------------------- */

static void body(size_t begin, size_t end, void *ctx)
{
    (void)begin, (void)end, (void)ctx;
}

START_TEST(special_calls)
{
    pl_workers(2);
    int in[] = {1, 2, 3};
    parallel_future futures[] = {PARALLEL_FUTURE(half, 3)};
    PARALLEL_SCOPED parallel_results *r = parallel_process_map(half, in, 3, .isolation = kinds[_i].isolation);
    ck_assert(is(parallel_result(r, 2), 1.5));
    PARALLEL_SCOPED parallel_results *p = parallel_process_par(futures, 1, .isolation = kinds[_i].isolation);
    ck_assert(is(parallel_result(p, 0), 1.5));
    PARALLEL_SCOPED parallel_executor *ex = parallel_process_async_map(half, in, 3, .isolation = kinds[_i].isolation);
    ck_assert(is(parallel_result(parallel_executor_results(ex), 1), 1));
    PARALLEL_SCOPED parallel_executor *xp = parallel_process_async_par(futures, 1, .isolation = kinds[_i].isolation);
    ck_assert(is(parallel_result(parallel_executor_results(xp), 0), 1.5));
    PARALLEL_SCOPED parallel_results *d = parallel_map(twice, in, 3); /* as decorated */
    ck_assert_int_eq(*(const int *)parallel_result(d, 2), 6);
    errno = 0;
    ck_assert_int_eq(parallel_for(3, body, NULL, ON(_i)), -1);
    ck_assert_int_eq(errno, ENOTSUP);
    REFUSED(parallel_process_map(half, in, 3, .executor = PARALLEL_THREAD), EINVAL);
    REFUSED(parallel_process_map(half, in, 3, .isolation = (parallel_isolation)7), EINVAL);
    REFUSED(parallel_process_map(half, in, 3, .tasks_per_worker = -1), EINVAL);
    REFUSED(parallel_process_map(half, in, 3, .max_workers = -1), EINVAL);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

static int global = 1;

static int look(const int *unused, int *result, void *extras)
{
    (void)unused;
    int *shared = extras;
    *result = global * 1000 + (shared ? *shared : 0);
    global = 500; /* seen by nobody else */
    if (shared)
        *shared = -1;
    return 0;
}
PARALLEL_DECORATE_TASK(look, int, int);

START_TEST(what_workers_know)
{
    pl_workers(2);
    int in[] = {0}, extra = 7;
    bool sent = kinds[_i].isolation == PARALLEL_PERSISTENT;
    if (sent)
        REFUSED(parallel_map(look, in, 1, ON(_i), .extras = &extra), EINVAL);
    for (int round = 1; round <= 5; round++) {
        global = round;
        extra = round + 10;
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(look, in, 1, ON(_i), .extras = &extra, .extras_size = sizeof extra);
        ck_assert_ptr_nonnull(r);
        ck_assert_int_eq(extra, round + 10);
        ck_assert_int_eq(global, round);
        int saw = *(const int *)parallel_result(r, 0);
        ck_assert_int_eq(saw % 1000, round + 10);
        if (!sent) /* as it was at the call; persistent ones may know an older one, or a task's */
            ck_assert_int_eq(saw / 1000, round);
    }
}
END_TEST

struct progress {
    size_t done, total;
    bool back;
};

static void note_progress(size_t done, size_t total, void *data)
{
    struct progress *p = data;
    p->back |= done < p->done || done > total;
    *p = (struct progress){done, total, p->back};
}

START_TEST(progress)
{
    pl_workers(2);
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    for (int silent = 0; silent < 2; silent++) {
        struct progress p = {0, 0, false};
        size_t n = silent ? N : 4;
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(twice, in, n, ON(_i), .silent = silent, .progress = note_progress, .progress_data = &p);
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(p.done, n);
        ck_assert_uint_eq(p.total, n);
        ck_assert(!p.back);
    }
}
END_TEST

/* ---- workers ------------------------------------------------------------------------------------------------ */

/* How many processes have run the tasks, and the most that one has. */
static int count_pids(int *most)
{
    int pids[N] = {0}, times[N] = {0}, count = 0;
    *most = 0;
    for (int i = 0; i < N; i++) {
        int k = 0, pid = pl_count(&told->pids[i]);
        while (k < count && pids[k] != pid)
            k++;
        count += k == count;
        pids[k] = pid;
        *most = ++times[k] > *most ? times[k] : *most;
    }
    return count;
}

static int tell_pid(const int *index, int *result, void *extras)
{
    (void)extras;
    *result = *index;
    pl_set(&told->pids[*index], getpid());
    pl_test_sleep(100);
    return 0;
}
PARALLEL_DECORATE_TASK(tell_pid, int, int);

START_TEST(how_many_and_for_how_long)
{
    pl_workers(2);
    set_up();
    int in[N], most;
    for (int i = 0; i < N; i++)
        in[i] = i;
    for (int workers = 1; workers <= 8; workers += 7) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(tell_pid, in, N, ON(_i), .max_workers = workers);
        ck_assert_ptr_nonnull(r);
        ck_assert_int_le(count_pids(&most), workers);
        for (int i = 0; i < N; i++)
            ck_assert_int_ne(pl_count(&told->pids[i]), getpid());
    }
    for (int tasks = 1; tasks <= 10; tasks += 9) {
        for (int timed = 0; timed < 2; timed++) {
            PARALLEL_SCOPED parallel_results *r =
                parallel_map(tell_pid, in, N, ON(_i), .tasks_per_worker = tasks, .timeout = timed * PL_LONG);
            ck_assert_ptr_nonnull(r);
            for (int i = 0; i < N; i++)
                ck_assert_int_eq(((const int *)parallel_values(r))[i], i);
            ck_assert_int_ge(count_pids(&most), N / tasks);
            ck_assert_int_le(most, tasks);
        }
    }
}
END_TEST

/* Waits until all are there. */
static int meet_others(const int *index, int *result, void *extras)
{
    (void)extras;
    *result = *index;
    pl_add(&told->begun, 1);
    return pl_await(&told->begun, 8) ? 0 : ETIMEDOUT;
}
PARALLEL_DECORATE_TASK(meet_others, int, int);

START_TEST(tasks_may_wait_for_each_other)
{
    pl_workers(2);
    set_up();
    int in[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int round = 0; round < 5; round++) {
        pl_set(&told->begun, 0);
        PARALLEL_SCOPED parallel_results *r = parallel_map(meet_others, in, 8, ON(_i), .max_workers = 8);
        ck_assert_ptr_nonnull(r);
    }
}
END_TEST

/* 1: takes much memory without looking; 2: looks. */
static int take_memory(const int *how, size_t *result, void *extras)
{
    size_t bytes = (size_t)96 << 20;
    (void)extras;
    char *memory = *how ? malloc(bytes) : NULL;
    *result = 1;
    if (*how == 2 && !memory)
        return ENOMEM;
    for (size_t i = 0; *how && i < bytes; i += 4096)
        ((volatile char *)memory)[i] = 1;
    free(memory);
    return 0;
}
PARALLEL_DECORATE_TASK(take_memory, int, size_t);

START_TEST(memory_is_limited)
{
    pl_workers(2);
    pl_no_cores();
    int hows[20] = {0};
    hows[3] = 1;
    hows[12] = 2;
    for (int round = 0; round < 2; round++) {
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(take_memory, hows, 20, ON(_i), .memory_limit = (size_t)32 << 20, .silent = true);
        for (size_t i = 0; i < 20; i++)
            ck_assert_int_eq(parallel_result_state(r, i), i == 3    ? PARALLEL_CRASHED
                                                          : i == 12 ? PARALLEL_ERROR
                                                                    : PARALLEL_OK);
        ck_assert_int_eq(parallel_failed(r, 0)->signal, SIGSEGV);
        ck_assert_int_eq(parallel_failed(r, 1)->code, ENOMEM);
        PARALLEL_SCOPED parallel_results *all = parallel_map(take_memory, hows, 20, ON(_i)); /* none now */
        ck_assert_ptr_nonnull(all);
    }
}
END_TEST

/* ---- calls among calls -------------------------------------------------------------------------------------- */

static int own_pid(const int *unused, int *result, void *extras)
{
    (void)unused, (void)extras;
    *result = getpid();
    return 0;
}
PARALLEL_DECORATE_TASK(own_pid, int, int);

/* Makes calls of all kinds, all of which run in its own process, on its own thread. */
static int nest(const int *index, int *result, void *extras)
{
    (void)extras;
    int in[10] = {0};
    for (int k = 0; k < ALL_KINDS; k++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(own_pid, in, 10, ON(k), .max_workers = 4);
        for (size_t i = 0; i < 10; i++)
            if (!r || *(const int *)parallel_result(r, i) != getpid())
                return parallel_fail(EDOM, "kind %d", k);
    }
    int threads = pl_count_threads();
    *result = *index * 2;
    /* ThreadSanitizer has one of its own */
    return threads <= (PL_TSAN ? 2 : 1) ? 0 : parallel_fail(ERANGE, "%d threads", threads);
}
PARALLEL_DECORATE_TASK(nest, int, int);

START_TEST(nested_calls_run_where_they_are)
{
    pl_workers(2);
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(nest, in, N, ON(_i), .silent = true);
    ck_assert_msg(!parallel_failures(r), "%s", parallel_failed(r, 0)->message);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(((const int *)parallel_values(r))[i], i * 2);
}
END_TEST

static int kind_of_all;

static void *call_often(void *number)
{
    int in[50], base = *(int *)number * 1000;
    for (int i = 0; i < 50; i++)
        in[i] = base + i + 10;
    for (int round = 0; round < 20; round++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(twice, in, 50, ON(kind_of_all));
        for (size_t i = 0; i < 50; i++)
            if (!r || *(const int *)parallel_result(r, i) != 2 * (base + (int)i + 10))
                return NULL;
    }
    return number;
}

START_TEST(several_threads_call)
{
    enum { THREADS = 6 };
    if (PL_SANITIZED && _i < PROCESS_KINDS) /* whose locks other threads may hold at the fork */
        return;
    pl_workers(2);
    kind_of_all = _i;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int t = 0; t < THREADS; t++) {
        numbers[t] = t;
        ck_assert_int_eq(pthread_create(&threads[t], NULL, call_often, &numbers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        void *right;
        pthread_join(threads[t], &right);
        ck_assert_ptr_nonnull(right);
    }
}
END_TEST

START_TEST(results_outlive_the_pool)
{
    pl_workers(2);
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    parallel_pool *pool = parallel_pool_new(3);
    PARALLEL_SCOPED parallel_results *r = parallel_map(half, in, N, ON(_i), .pool = pool);
    PARALLEL_SCOPED parallel_results *again = parallel_map(twice, in, N, ON(_i), .pool = pool, .silent = true);
    parallel_pool_free(pool);
    PARALLEL_SCOPED parallel_results *after = parallel_map(half, in, N, ON(_i));
    for (size_t i = 0; i < N; i++) {
        ck_assert(is(parallel_result(r, i), (double)i / 2) && is(parallel_result(after, i), (double)i / 2));
        ck_assert_int_eq(parallel_result_state(again, i), i == 4 ? PARALLEL_ERROR : PARALLEL_OK);
    }
    ck_assert_str_eq(parallel_failed(again, 0)->message, "no 4");
}
END_TEST

static bool halves(parallel_pool *pool, int kind, int n)
{
    static int in[10000];
    for (int i = 0; i < n; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(half, in, (size_t)n, ON(kind), .pool = pool);
    for (int i = 0; i < n; i++)
        if (!r || !is(parallel_result(r, (size_t)i), i / 2.0))
            return false;
    return true;
}

/* The workers of one pool see what comes to lie where those of another had their memory when they were forked. */
START_TEST(a_pool_ends_and_another_goes_on)
{
    pl_workers(2);
    parallel_pool *pool = parallel_pool_new(2), *other = parallel_pool_new(2);
    ck_assert(halves(other, _i, 50));
    ck_assert(halves(pool, _i, 50));
    parallel_pool_free(other);
    for (int n = 10; n <= 10000; n *= 10)
        ck_assert(halves(pool, _i, n));
    parallel_pool_free(pool);
}
END_TEST

static parallel_results *theirs;

static int replace_theirs(int x)
{
    parallel_replace_failed(theirs, &x);
    return ((const int *)parallel_values(theirs))[4];
}
PARALLEL_DECORATE(replace_theirs, int, int);

/* What a worker writes into the program's results is its own; and no later call finds it in the place of what it is
 * sent. */
START_TEST(workers_replace_what_is_theirs)
{
    pl_workers(2);
    int in[N];
    for (int i = 0; i < N; i++)
        in[i] = i;
    theirs = parallel_map(twice, in, N, ON(_i), .silent = true);
    ck_assert_ptr_null(parallel_result(theirs, 4));
    parallel_pool *pool = parallel_pool_new(2);
    PARALLEL_SCOPED parallel_results *r = parallel_map(replace_theirs, in, N, ON(_i), .pool = pool);
    ck_assert_ptr_nonnull(r);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(*(const int *)parallel_result(r, i), (int)i);
    ck_assert_int_eq(((const int *)parallel_values(theirs))[4], 0);
    parallel_results_free(theirs);
    for (int n = 10; n <= 10000; n *= 10)
        ck_assert(halves(pool, _i, n));
    parallel_pool_free(pool);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, different_functions, 0, ALL_KINDS);
    tcase_add_loop_test(c, in_the_background, 0, PARALLEL_KINDS);
    tcase_add_loop_test(c, cancelling, 0, PARALLEL_KINDS);
    tcase_add_loop_test(c, special_calls, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, what_workers_know, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, progress, 0, ALL_KINDS);
    if (!PL_VALGRIND) /* under which each of the many processes takes seconds to start */
        tcase_add_loop_test(c, how_many_and_for_how_long, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, tasks_may_wait_for_each_other, 0, PARALLEL_KINDS);
    if (!PL_SANITIZED && !pl_emulated()) /* those need an address space without end */
        tcase_add_loop_test(c, memory_is_limited, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, nested_calls_run_where_they_are, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, several_threads_call, 0, ALL_KINDS);
    tcase_add_loop_test(c, results_outlive_the_pool, 0, ALL_KINDS);
    tcase_add_loop_test(c, a_pool_ends_and_another_goes_on, 0, ALL_KINDS);
    tcase_add_loop_test(c, workers_replace_what_is_theirs, 0, PROCESS_KINDS);
    return pl_run("api/process_options", c);
}
