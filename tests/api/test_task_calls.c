/* SPDX-License-Identifier: MIT */
/* Tasks that make calls, and who calls them: runs inside of tasks, maps and loops between them, threads of the program,
 * children of fork(). */
#include <parallel.h>
#include <pthread.h>
#include <unistd.h>

#include "support/process.h"
#include "support/tasks.h"

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

static const long numbers[] = {0,  1,   1,   2,   3,   5,   8,    13,   21,   34,  55,
                               89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765};

/* ---- runs inside of tasks -------------------------------------------------------------------------------- */

/* Each way from a number to a smaller one is a spawn, a call, or a run from outside, which lies above what this task
 * has spawned. */
PARALLEL_TASK(long, fib_by_runs, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n % 7);
    PARALLEL_SPAWN(fib_by_runs, n - 1);
    long b = n % 3 == 0 ? PARALLEL_RUN(fib_by_runs, n - 2) : PARALLEL_CALL(fib_by_runs, n - 2);
    long between = n % 4 == 0 ? PARALLEL_RUN(fib, n % 5) : numbers[n % 5];
    long a = PARALLEL_SYNC(fib_by_runs);
    return PARALLEL_SYNC(fib) == numbers[n % 7] && between == numbers[n % 5] ? a + b : -1000000;
}

START_TEST(runs_inside_of_tasks)
{
    pl_workers(pl_task_workers[_i]);
    for (int round = 0; round < 20; round++)
        for (int n = 0; n <= 17; n++)
            ck_assert_int_eq(PARALLEL_RUN(fib_by_runs, n), numbers[n]);
}
END_TEST

struct wide {
    long number[30];
};

PARALLEL_TASK(struct wide, widen, struct wide, w, int, depth)
{
    if (depth > 0) {
        PARALLEL_SPAWN(widen, w, depth - 1);
        struct wide run = PARALLEL_RUN(widen, w, depth - 1), joined = PARALLEL_SYNC(widen);
        for (int i = 0; i < 30; i++)
            w.number[i] = run.number[i] + joined.number[i];
    }
    return w;
}

START_TEST(runs_with_large_arguments)
{
    pl_workers(pl_task_workers[_i]);
    struct wide w;
    for (int i = 0; i < 30; i++)
        w.number[i] = i;
    for (int depth = 0; depth <= 9; depth++) {
        struct wide sum = PARALLEL_RUN(widen, w, depth);
        for (int i = 0; i < 30; i++)
            ck_assert_int_eq(sum.number[i], (long)i << depth);
    }
}
END_TEST

/* ---- maps and loops in between --------------------------------------------------------------------------- */

/* A level is a map, a loop, a tree of tasks, in turn; level 0 a leaf. Each gives `x` times its leaves, which are
 * FAN to the power of the level. */
enum { FAN = 6 };

static long run_level(int level, int x);

struct item {
    int level, x;
};

static long map_item(struct item item)
{
    return run_level(item.level, item.x);
}
PARALLEL_DECORATE(map_item, struct item, long);

static long by_map(int level, int x)
{
    struct item in[FAN];
    long out[FAN], sum = 0;
    for (int i = 0; i < FAN; i++)
        in[i] = (struct item){level - 1, x};
    if (parallel_map_into(map_item, in, FAN, out, .max_workers = x % 3 == 0 ? 3 : 0) != 0)
        return -1000000;
    for (int i = 0; i < FAN; i++)
        sum += out[i];
    return sum;
}

struct loop {
    int level, x;
    atomic_long sum;
};

static void loop_items(size_t begin, size_t end, void *ctx)
{
    struct loop *loop = ctx;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add_explicit(&loop->sum, run_level(loop->level, loop->x), memory_order_relaxed);
}

static long by_loop(int level, int x)
{
    struct loop loop = {level - 1, x, 0};
    return parallel_for(FAN, loop_items, &loop) == 0 ? atomic_load_explicit(&loop.sum, memory_order_relaxed) : -1000000;
}

/* Spawns, and calls a level in the midst of them. */
PARALLEL_TASK(long, by_tasks, int, level, int, x, int, fan)
{
    if (fan == 0)
        return 0;
    PARALLEL_SPAWN(by_tasks, level, x, fan / 2);
    long sum = PARALLEL_CALL(by_tasks, level, x, fan - fan / 2 - 1);
    sum += run_level(level - 1, x);
    return sum + PARALLEL_SYNC(by_tasks);
}

static long run_level(int level, int x)
{
    if (level == 0)
        return x;
    switch ((level + x) % 3) {
    case 0:
        return by_map(level, x);
    case 1:
        return by_loop(level, x);
    default:
        return PARALLEL_RUN(by_tasks, level, x, FAN);
    }
}

PARALLEL_TASK(long, start_at, int, level, int, x)
{
    PARALLEL_SPAWN(fib, 10);
    long sum = run_level(level, x);
    PARALLEL_SPAWN(fib, 9);
    sum += run_level(level, x);
    return PARALLEL_SYNC(fib) == 34 && PARALLEL_SYNC(fib) == 55 ? sum / 2 : -1;
}

START_TEST(maps_and_loops_in_between)
{
    pl_workers(pl_task_workers[_i]);
    int rounds = PL_SANITIZED ? 3 : 10;
    for (int x = 1; x <= rounds; x++) {
        long leaves = 1;
        for (int level = 0; level <= 4; level++, leaves *= FAN) {
            ck_assert_int_eq(PARALLEL_RUN(start_at, level, x), x * leaves);
            ck_assert_int_eq(run_level(level, x), x * leaves);
        }
    }
}
END_TEST

static long fib_item(int n)
{
    return PARALLEL_RUN(fib, n);
}
PARALLEL_DECORATE(fib_item, int, long);

START_TEST(runs_in_maps)
{
    pl_workers(pl_task_workers[_i]);
    enum { N = 300 };
    int in[N];
    long out[N];
    for (int i = 0; i < N; i++)
        in[i] = i % 21;
    for (int round = 0; round < 5; round++) {
        ck_assert_int_eq(parallel_map_into(fib_item, in, N, out, .max_workers = round), 0);
        for (int i = 0; i < N; i++)
            ck_assert_int_eq(out[i], numbers[in[i]]);
    }
}
END_TEST

/* ---- threads of the program ------------------------------------------------------------------------------ */

static atomic_int wrong;

static void *run_often(void *rounds)
{
    for (int round = *(int *)rounds; round > 0; round--)
        if (PARALLEL_RUN(fib, round % 21) != numbers[round % 21])
            pl_count(&wrong);
    return NULL;
}

START_TEST(threads_at_once)
{
    pl_workers(pl_task_workers[_i]);
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    static int rounds[THREADS];
    for (int t = 0; t < THREADS; t++) {
        rounds[t] = 100 + 10 * t;
        ck_assert_int_eq(pthread_create(&threads[t], NULL, run_often, &rounds[t]), 0);
    }
    run_often(&rounds[0]);
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    ck_assert_int_eq(atomic_load_explicit(&wrong, memory_order_relaxed), 0);
}
END_TEST

START_TEST(new_threads_again_and_again)
{
    pl_workers(pl_task_workers[_i]);
    for (int round = 0; round < 100; round++) {
        pthread_t threads[3];
        static int rounds[3] = {1, 16, 3};
        for (int t = 0; t < 3; t++)
            ck_assert_int_eq(pthread_create(&threads[t], NULL, run_often, &rounds[t]), 0);
        if (round % 2)
            run_often(&rounds[1]);
        for (int t = 0; t < 3; t++)
            pthread_join(threads[t], NULL);
    }
    ck_assert_int_eq(atomic_load_explicit(&wrong, memory_order_relaxed), 0);
}
END_TEST

/* Its last run is while the thread is already on its way out. */
static void run_at_the_end(void *rounds)
{
    run_often(rounds);
}

static pthread_key_t key;

static void *run_and_leave(void *rounds)
{
    if (pthread_setspecific(key, rounds) != 0)
        pl_count(&wrong);
    run_often(rounds);
    pthread_exit(NULL);
}

START_TEST(threads_that_end)
{
    pl_workers(pl_task_workers[_i]);
    ck_assert_int_eq(pthread_key_create(&key, run_at_the_end), 0);
    static int rounds = 20;
    for (int round = 0; round < 30; round++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, run_and_leave, &rounds), 0);
        pthread_join(thread, NULL);
        ck_assert_int_eq(PARALLEL_RUN(fib, 20), 6765);
    }
    ck_assert_int_eq(atomic_load_explicit(&wrong, memory_order_relaxed), 0);
}
END_TEST

/* ---- fork ------------------------------------------------------------------------------------------------ */

static bool runs_work(void)
{
    bool right = true;
    for (int n = 0; n <= 20; n++)
        right = right && PARALLEL_RUN(fib, n) == numbers[n] && PARALLEL_RUN(fib_by_runs, n % 12) == numbers[n % 12];
    return right;
}

/* Forks a child that works and exits; should it hang, an alarm ends it. */
static pid_t working_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        int status = runs_work() ? 0 : 1;
        if (PL_ASAN)
            _exit(status); /* at exit, it looks for leaks in threads that a child does not have */
        exit(status);
    }
    return child;
}

START_TEST(a_child_runs_tasks)
{
    pl_workers(pl_task_workers[_i]);
    ck_assert_int_eq(pl_status_of(working_child()), 0); /* before the first call */
    if (!pl_threads_after_fork())
        return;
    for (int round = 0; round < 10; round++) {
        ck_assert(runs_work());
        pid_t child = working_child(), second = working_child();
        bool right = runs_work();
        ck_assert_int_eq(pl_status_of(child), 0);
        ck_assert_int_eq(pl_status_of(second), 0);
        ck_assert(right);
    }
}
END_TEST

/* A child of a task, which begins with tasks of its parent's below, runs others, and exits. */
PARALLEL_TASK(int, fork_below, int, depth)
{
    if (depth == 0) {
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            _exit(!pl_threads_after_fork() || runs_work() ? 7 : 1);
        }
        return pl_status_of(child) == 7;
    }
    PARALLEL_SPAWN(fib, depth);
    PARALLEL_SPAWN(fork_below, depth - 1);
    int right = PARALLEL_CALL(fork_below, depth - 1);
    right += PARALLEL_SYNC(fork_below);
    return PARALLEL_SYNC(fib) == numbers[depth] ? right : -1000;
}

START_TEST(forks_in_tasks)
{
    pl_workers(pl_task_workers[_i]);
    if (PL_SANITIZED) /* its allocator may be locked in the child for good */
        return;
    ck_assert_int_eq(PARALLEL_RUN(fork_below, 5), 32);
    ck_assert(runs_work());
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, runs_inside_of_tasks, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, runs_with_large_arguments, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, maps_and_loops_in_between, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, runs_in_maps, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, threads_at_once, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, new_threads_again_and_again, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, threads_that_end, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, a_child_runs_tasks, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, forks_in_tasks, 0, PL_TASK_WORKERS);
    return pl_run("api/task_calls", c);
}
