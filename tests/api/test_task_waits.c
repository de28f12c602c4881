/* SPDX-License-Identifier: MIT */
/* Tasks: what is promised of waiting. Who has nothing to do burns no CPU; a long leaf keeps nobody from the tasks that
 * were spawned before it. */
#include <parallel.h>
#include <pthread.h>
#include <unistd.h>
#ifdef PL_OS_LINUX
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

#include "support/tasks.h"

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

/* ---- idleness -------------------------------------------------------------------------------------------- */

/* The CPU time that this process burns in 50 ms of idleness that begin 2 ms from now, in microseconds. */
static long idle_cpu(void)
{
    struct timespec before, after;
    pl_test_sleep(2000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    pl_test_sleep(50000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
}

static atomic_int begun;

PARALLEL_TASK(long, sleeping_leaf, long, microseconds)
{
    pl_count(&begun);
    if (microseconds == 0)
        return idle_cpu();
    pl_test_sleep(microseconds);
    return 0;
}

/* Its thread sleeps, and has nothing to steal. */
PARALLEL_TASK(long, sleep_here, int, sleepers)
{
    (void)sleepers;
    return PARALLEL_CALL(fib, 20) == 6765 ? PARALLEL_CALL(sleeping_leaf, 0) : 1000000;
}

/* It waits for a thread that sleeps. */
PARALLEL_TASK(long, sleep_there, int, sleepers)
{
    (void)sleepers;
    PARALLEL_SPAWN(sleeping_leaf, 0);
    pl_await(&begun, 1, 0.1);
    return PARALLEL_SYNC(sleeping_leaf);
}

/* All threads sleep, and there is more to steal. */
PARALLEL_TASK(long, sleep_everywhere, int, sleepers)
{
    for (int i = 0; i < 2 * sleepers; i++)
        PARALLEL_SPAWN(sleeping_leaf, 80000);
    pl_await(&begun, sleepers - 1, 0.02);
    long cpu = PARALLEL_CALL(sleeping_leaf, 0);
    for (int i = 0; i < 2 * sleepers; i++)
        PARALLEL_SYNC(sleeping_leaf);
    return cpu;
}

static long after_a_run(void)
{
    return PARALLEL_RUN(fib, 22) == 17711 ? idle_cpu() : 1000000;
}

static long while_it_sleeps_here(void)
{
    return PARALLEL_RUN(sleep_here, 0);
}

static long while_it_sleeps_there(void)
{
    return PARALLEL_RUN(sleep_there, 0);
}

static long while_two_sleep(void)
{
    return PARALLEL_RUN(sleep_everywhere, 2);
}

/* The others on this machine, and signals, may disturb a measurement: the best of several counts. */
START_TEST(nobody_burns_cpu_without_work)
{
    static long (*const situations[])(void) = {after_a_run, while_it_sleeps_here, while_it_sleeps_there,
                                               while_two_sleep};
    pl_workers(_i % 4 == 3 ? 2 : pl_task_workers[_i / 4]);
    long best = 1000000;
    for (int k = 0; k < 20 && best > 1000; k++) {
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        long cpu = situations[_i % 4]();
        best = cpu < best ? cpu : best;
    }
    ck_assert_msg(best < 5000, "%ld us in situation %d", best, _i % 4);
}
END_TEST

/* ---- long leaves ----------------------------------------------------------------------------------------- */

/* Whether what a worker has in private can be stolen while it does nothing for its deque. */
static bool can_reveal(void)
{
#ifdef PL_OS_LINUX
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    return commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
#else
    return false;
#endif
}

enum { PATIENCE = 20 }; /* seconds */

static atomic_int elsewhere;

/* Counts itself if it does not run on the thread of its parent. */
PARALLEL_TASK(bool, report, pthread_t, parent)
{
    bool is_elsewhere = !pthread_equal(pthread_self(), parent);
    if (is_elsewhere)
        pl_count(&elsewhere);
    return is_elsewhere;
}

/* Spawns `reports` tasks, and does not look at them until all have begun on other threads. How many did not. */
PARALLEL_TASK(int, long_leaf, int, reports, long, nap_before, long, nap_after)
{
    pl_count(&begun);
    if (nap_before)
        pl_test_sleep(nap_before);
    for (int i = 0; i < reports; i++)
        PARALLEL_SPAWN(report, pthread_self());
    if (nap_after)
        pl_test_sleep(nap_after);
    int late = !pl_await(&elsewhere, reports, PATIENCE);
    for (int i = 0; i < reports; i++)
        late += !PARALLEL_SYNC(report);
    return late;
}

static void reset(void)
{
    atomic_store_explicit(&begun, 0, memory_order_relaxed);
    atomic_store_explicit(&elsewhere, 0, memory_order_relaxed);
}

/* From the second one on: the first is 1. */
enum { MORE_WORKERS = PL_TASK_WORKERS - 1 };

/* For the others as they search, fall asleep, and sleep; and right after they have worked. */
START_TEST(a_long_leaf_starves_nobody)
{
    pl_workers(pl_task_workers[_i + 1]);
    if (!can_reveal())
        return;
    static const long naps[] = {0, 20, 60, 100, 3000};
    for (int round = 0; round < 60; round++) {
        reset();
        if (round % 2)
            ck_assert_int_eq(PARALLEL_RUN(fib, 15), 610);
        ck_assert_int_eq(PARALLEL_RUN(long_leaf, round % 3 + 1, naps[round % 5], 0), 0);
    }
}
END_TEST

static atomic_bool free_to_go;

PARALLEL_TASK(int, occupy, double, seconds)
{
    pl_count(&begun);
    double end = pl_seconds() + seconds;
    while (!atomic_load_explicit(&free_to_go, memory_order_acquire) && pl_seconds() < end)
        sched_yield();
    return 1;
}

/* All others are busy as it spawns, so nobody asks; and find something to do once they are free. */
PARALLEL_TASK(int, leaf_of_the_busy, int, others, int, reports, long, nap)
{
    for (int i = 0; i < others; i++)
        PARALLEL_SPAWN(occupy, 2.0 * PATIENCE);
    int late = !pl_await(&begun, others, PATIENCE);
    for (int i = 0; i < reports; i++)
        PARALLEL_SPAWN(report, pthread_self());
    if (nap)
        pl_test_sleep(nap);
    atomic_store_explicit(&free_to_go, true, memory_order_release);
    late += !pl_await(&elsewhere, reports, PATIENCE);
    for (int i = 0; i < reports; i++)
        late += !PARALLEL_SYNC(report);
    for (int i = 0; i < others; i++)
        late += PARALLEL_SYNC(occupy) != 1;
    return late;
}

START_TEST(who_was_busy_finds_the_tasks_of_a_long_leaf)
{
    int workers = pl_task_workers[_i + 1];
    pl_workers(workers);
    if (!can_reveal())
        return;
    for (int round = 0; round < (workers > 4 ? 10 : 40); round++) {
        reset();
        atomic_store_explicit(&free_to_go, false, memory_order_relaxed);
        ck_assert_int_eq(PARALLEL_RUN(leaf_of_the_busy, workers - 1, round % 3 + 1, round % 4 ? 0 : 2000), 0);
    }
}
END_TEST

/* The long leaf runs on another thread. Who waits for it helps. */
PARALLEL_TASK(int, leaf_elsewhere, int, reports, long, first, long, then)
{
    PARALLEL_SPAWN(long_leaf, reports, then < 0 ? -then : 0, 0);
    int late = !pl_await(&begun, 1, PATIENCE);
    if (first)
        pl_test_sleep(first);
    return late + PARALLEL_SYNC(long_leaf);
}

START_TEST(who_waits_for_a_long_leaf_helps)
{
    pl_workers(pl_task_workers[_i + 1]);
    if (!can_reveal())
        return;
    for (int round = 0; round < 40; round++) {
        reset();
        static const long naps[][2] = {{0, -3000}, {3000, 0}, {0, 0}, {0, -50}, {70, 0}};
        ck_assert_int_eq(PARALLEL_RUN(leaf_elsewhere, round % 3 + 1, naps[round % 5][0], naps[round % 5][1]), 0);
    }
}
END_TEST

/* It is an item of a map, and its caller is through with the other one. */
static pthread_t caller;

static int leaf_of_a_map(int reports)
{
    pl_count(&begun);
    int late = !pl_await(&begun, 2, PATIENCE);
    if (pthread_equal(pthread_self(), caller))
        return late;
    pl_test_sleep(reports % 2 ? 2000 : 0);
    return late + PARALLEL_RUN(long_leaf, reports, 0, 0);
}
PARALLEL_DECORATE(leaf_of_a_map, int, int);

START_TEST(who_waits_for_a_map_helps)
{
    pl_workers(pl_task_workers[_i + 1]);
    if (!can_reveal())
        return;
    caller = pthread_self();
    for (int round = 0; round < 20; round++) {
        reset();
        int in[] = {round % 3 + 1, round % 3 + 1}, out[2];
        /* of unknown cost: else the pair may be known to be over before anybody could be woken, and stay here */
        parallel_cost unknown = {0};
        parallel_function f = leaf_of_a_map__parallel;
        f.cost = &unknown;
        ck_assert_int_eq(parallel_map_into_function(&f, in, 2, out, NULL), 0);
        ck_assert_int_eq(out[0] + out[1], 0);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, nobody_burns_cpu_without_work, 0, 4 * PL_TASK_WORKERS);
    tcase_add_loop_test(c, a_long_leaf_starves_nobody, 0, MORE_WORKERS);
    tcase_add_loop_test(c, who_was_busy_finds_the_tasks_of_a_long_leaf, 0, MORE_WORKERS);
    tcase_add_loop_test(c, who_waits_for_a_long_leaf_helps, 0, MORE_WORKERS);
    tcase_add_loop_test(c, who_waits_for_a_map_helps, 0, MORE_WORKERS);
    return pl_run("api/task_waits", c);
}
