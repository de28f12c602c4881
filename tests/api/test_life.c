/* SPDX-License-Identifier: MIT */
/* The library in the life of a process: fork, exit, idleness, lack of threads, signals. */
#ifdef __linux__
#define _GNU_SOURCE /* for affinity masks */
#include <sched.h>
#endif
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/process.h"
#include "support/sanitizers.h"
#include "support/test.h"

/* ---- a map to check --------------------------------------------------------------------------------------- */

enum { N = 2000 };

static int numbers[N];

static double root(int x)
{
    double r = x;
    for (int i = 0; i < 50; i++)
        r = (r + x / (r > 0 ? r : 1)) / 2;
    return r;
}
PARALLEL_DECORATE(root, int, double);

/* Whether maps work. */
static bool maps_work(int rounds, int max_workers)
{
    for (int round = 0; round < rounds; round++) {
        double expected[N];
        for (int i = 0; i < N; i++) {
            numbers[i] = i * 3;
            expected[i] = root(numbers[i]);
        }
        PARALLEL_SCOPED parallel_results *r = parallel_map(root, numbers, N, .max_workers = max_workers);
        const double *out = parallel_values(r);
        for (int i = 0; i < N; i++)
            if (!out || out[i] < expected[i] || out[i] > expected[i])
                return false;
    }
    return true;
}

static int nap(int microseconds)
{
    pl_test_sleep(microseconds);
    return microseconds + 1;
}
PARALLEL_DECORATE(nap, int, int);

static void nap_often(size_t begin, size_t end, void *unused)
{
    (void)unused;
    pl_test_sleep((int)(end - begin));
}

PARALLEL_TASK(int, next_of, int, x)
{
    return x + 1;
}

/* ---- the first call ---------------------------------------------------------------------------------------- */

static bool a_call_works(int kind)
{
    int out[2] = {0};
    switch (kind) {
    case 0:
        return parallel_map_into(nap, ((int[]){1, 2}), 2, out) == 0 && out[1] == 3;
    case 1:
        return parallel_for(2, nap_often, NULL) == 0;
    case 2:
        return PARALLEL_RUN(next_of, 1) == 2;
    case 3: {
        PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(nap, ((int[]){1, 2}), 2);
        return parallel_executor_results(ex) != NULL;
    }
    case 4: {
        PARALLEL_SCOPED parallel_results *r = parallel_map(nap, ((int[]){1, 2}), 2, .executor = PARALLEL_PROCESS);
        return r != NULL;
    }
    default: {
        PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(0);
        return pool && parallel_map_into(nap, ((int[]){1, 2}), 2, out, .pool = pool, .max_workers = 2) == 0;
    }
    }
}

/* Whatever the library may have to find out about the system. */
START_TEST(a_first_call_leaves_errno_alone)
{
    errno = EDOM;
    ck_assert(a_call_works(_i));
    ck_assert_int_eq(errno, EDOM);
}
END_TEST

/* The same with tasks that block, so that there are as many threads as may be. */
static bool naps_work(int max_workers)
{
    int in[64];
    for (int i = 0; i < 64; i++)
        in[i] = 2000;
    PARALLEL_SCOPED parallel_results *r = parallel_map(nap, in, 64, .max_workers = max_workers);
    for (int i = 0; i < 64; i++)
        if (!r || ((const int *)parallel_values(r))[i] != 2001)
            return false;
    return true;
}

/* ---- fork -------------------------------------------------------------------------------------------------- */

/* Forks a child that works and exits; should it hang, an alarm ends it. */
static pid_t working_child(bool clean_up)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        int status = maps_work(5, 0) && maps_work(2, 5) && naps_work(4) ? 0 : 1;
        if (clean_up)
            exit(status);
        _exit(status);
    }
    return child;
}

START_TEST(fork_before_the_first_call)
{
    pl_workers(pl_worker_counts[_i]);
    pid_t child = working_child(true);
    ck_assert(maps_work(5, 0));
    ck_assert_int_eq(pl_status_of(child), 0);
    ck_assert(maps_work(5, 0));
}
END_TEST

START_TEST(fork_between_calls)
{
    pl_workers(pl_worker_counts[_i]);
    if (!pl_threads_after_fork())
        return;
    for (int round = 0; round < 10; round++) {
        ck_assert(maps_work(2, round % 4));
        pid_t child = working_child(!PL_ASAN), second = working_child(false);
        ck_assert(maps_work(2, 0));
        ck_assert_int_eq(pl_status_of(child), 0);
        ck_assert_int_eq(pl_status_of(second), 0);
    }
}
END_TEST

START_TEST(fork_in_a_child_of_a_child)
{
    pl_workers(pl_worker_counts[_i]);
    if (!pl_threads_after_fork())
        return;
    ck_assert(maps_work(2, 0));
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        bool right = maps_work(2, 0);
        pid_t grandchild = working_child(!PL_ASAN);
        right = right && maps_work(2, 0) && pl_status_of(grandchild) == 0;
        if (PL_ASAN)
            _exit(right ? 0 : 1);
        exit(right ? 0 : 1);
    }
    ck_assert_int_eq(pl_status_of(child), 0);
    ck_assert(maps_work(2, 0));
}
END_TEST

static int fork_and_exit(int status)
{
    pid_t child = fork();
    if (child == 0)
        _exit(status);
    return pl_status_of(child);
}
PARALLEL_DECORATE(fork_and_exit, int, int);

START_TEST(fork_inside_of_tasks)
{
    pl_workers(pl_worker_counts[_i]);
    int in[40], out[40];
    for (int i = 0; i < 40; i++)
        in[i] = i;
    ck_assert_int_eq(parallel_map_into(fork_and_exit, in, 40, out), 0);
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(out[i], i);
    ck_assert(maps_work(2, 0));
}
END_TEST

static atomic_bool enough;
static atomic_int wrong_callers;

static void *call_until_enough(void *workers)
{
    int in[100], out[100];
    for (int i = 0; i < 100; i++)
        in[i] = i % 10;
    while (!atomic_load_explicit(&enough, memory_order_relaxed)) {
        if (parallel_map_into(nap, in, 100, out, .max_workers = *(int *)workers) != 0 || out[99] != 10)
            atomic_fetch_add_explicit(&wrong_callers, 1, memory_order_relaxed);
    }
    return NULL;
}

START_TEST(fork_while_others_call)
{
    pl_workers(pl_worker_counts[_i]);
    if (PL_SANITIZED || !pl_threads_after_fork()) /* its allocator may be locked in the child for good */
        return;
    pthread_t threads[3];
    static int workers[3] = {0, 2, 5};
    for (int t = 0; t < 3; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, call_until_enough, &workers[t]), 0);
    int failed = 0;
    for (int round = 0; round < 20; round++) {
        pl_test_sleep(round % 5 * 500);
        pid_t child = working_child(round % 2);
        failed += !maps_work(1, 0);
        failed += pl_status_of(child) != 0;
    }
    atomic_store_explicit(&enough, true, memory_order_relaxed);
    for (int t = 0; t < 3; t++)
        pthread_join(threads[t], NULL);
    ck_assert_int_eq(failed, 0);
    ck_assert_int_eq(atomic_load_explicit(&wrong_callers, memory_order_relaxed), 0);
}
END_TEST

/* ---- the end ----------------------------------------------------------------------------------------------- */

static pthread_t main_thread;

/* Argument 0: exits at once. 1: on the main thread, 2: on another thread; the other task waits for that. */
static int leave(int where)
{
    bool here = pthread_equal(pthread_self(), main_thread);
    if (where == 0 || here == (where == 1))
        exit(70 + where);
    pl_test_sleep(20000000);
    _exit(99);
}
PARALLEL_DECORATE(leave, int, int);

START_TEST(exit_inside_of_a_task)
{
    pid_t child = fork();
    if (child == 0) {
        pl_workers(2);
        alarm(15);
        main_thread = pthread_self();
        int where[] = {_i, _i};
        parallel_results_free(parallel_map(leave, where, _i ? 2 : 1));
        _exit(98);
    }
    ck_assert_int_eq(pl_status_of(child), 70 + _i);
}
END_TEST

static void *call_for_ever(void *unused)
{
    int in[1000];
    for (int i = 0; i < 1000; i++)
        in[i] = 5000;
    for (;;)
        parallel_results_free(parallel_map(nap, in, 1000));
    return unused;
}

START_TEST(the_end_while_another_thread_calls)
{
    if (PL_TSAN) /* it reports the threads that are not joined, as they cannot be here */
        return;
    pid_t child = fork();
    if (child == 0) {
        pl_workers(pl_worker_counts[_i]);
        alarm(15);
        pthread_t thread;
        if (pthread_create(&thread, NULL, call_for_ever, NULL) != 0)
            _exit(98);
        pl_test_sleep(50000);
        exit(maps_work(3, 0) ? 71 : 1); /* what returning from main() does */
    }
    ck_assert_int_eq(pl_status_of(child), 71);
}
END_TEST

static void call_at_exit(void)
{
    if (!maps_work(3, 0))
        _exit(97);
}

START_TEST(calls_at_exit)
{
    pid_t child = fork();
    if (child == 0) {
        pl_workers(pl_worker_counts[_i]);
        alarm(15);
        atexit(call_at_exit);
        exit(maps_work(3, 0) ? 72 : 1);
    }
    ck_assert_int_eq(pl_status_of(child), 72);
}
END_TEST

/* ---- idleness ---------------------------------------------------------------------------------------------- */

static long cpu_microseconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000L + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

START_TEST(idle_workers_use_no_cpu)
{
    pl_workers(pl_worker_counts[_i]);
    ck_assert(maps_work(20, 0));
    ck_assert(naps_work(12));
    pl_test_sleep(100000);
    long before = cpu_microseconds();
    pl_test_sleep(500000);
    ck_assert_int_lt(cpu_microseconds() - before, 20000);
}
END_TEST

START_TEST(threads_beyond_the_cores_leave)
{
    pl_workers(2);
    int before = pl_count_threads();
    if (before < 0)
        return;
    for (int round = 0; round < 2; round++) {
        ck_assert(naps_work(12));
        for (int k = 0; k < 200 && pl_count_threads() > before + 2; k++)
            pl_test_sleep(50000);
        ck_assert_int_le(pl_count_threads(), before + 2);
        ck_assert(maps_work(5, 0));
    }
}
END_TEST

/* ---- lack of threads --------------------------------------------------------------------------------------- */

/* Index / PL_WORKER_COUNTS: without any call before, or with one, which leaves some threads about. */
START_TEST(lack_of_threads_is_no_error)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    if (PL_SANITIZED)
        return;
    if (_i / PL_WORKER_COUNTS)
        ck_assert(maps_work(2, 0));
    struct rlimit old;
    if (!pl_take_away_room(&old, 512 << 10))
        return;
    bool many = maps_work(5, 0), more = naps_work(16), again = naps_work(0);
    setrlimit(RLIMIT_AS, &old);
    ck_assert(many);
    ck_assert(more);
    ck_assert(again);
    pl_test_sleep(150000); /* after a while, the library tries again */
    ck_assert(naps_work(16));
}
END_TEST

/* ---- signals ----------------------------------------------------------------------------------------------- */

static _Thread_local bool is_main;
static atomic_int on_main, elsewhere;

static void on_alarm(int signal)
{
    (void)signal;
    atomic_fetch_add_explicit(is_main ? &on_main : &elsewhere, 1, memory_order_relaxed);
}

START_TEST(signals_go_to_the_programs_threads)
{
    pl_workers(pl_worker_counts[_i]);
    is_main = true;
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
    bool right = true;
    for (int round = 0; round < 1000 && (round < 12 || atomic_load_explicit(&on_main, memory_order_relaxed) < 20);
         round++)
        right = right && maps_work(2, round % 6) && naps_work(round % 3);
    setitimer(ITIMER_REAL, &none, NULL);
    ck_assert(right);
    ck_assert_int_eq(atomic_load_explicit(&elsewhere, memory_order_relaxed), 0);
    ck_assert_int_ge(atomic_load_explicit(&on_main, memory_order_relaxed), 20);
}
END_TEST

static atomic_int seen;

static void do_nothing(int signal)
{
    (void)signal;
}

/* On a worker's thread: how many of some signals are not blocked that the program handles, and a hundred for each that
 * it does not handle and that is blocked, or not, as it is not on the calling thread; -1 on the main thread. The tasks
 * wait for each other, so that one of them is on a worker's thread. */
static int wrongly_open(int want)
{
    static const int handled[] = {SIGALRM, SIGTERM, SIGUSR1, SIGCHLD}, others[] = {SIGINT, SIGHUP, SIGPIPE, SIGWINCH};
    atomic_fetch_add_explicit(&seen, 1, memory_order_relaxed);
    for (int k = 0; k < 10000 && atomic_load_explicit(&seen, memory_order_relaxed) < want; k++)
        pl_test_sleep(1000);
    if (pthread_equal(pthread_self(), main_thread))
        return -1;
    sigset_t mask;
    int count = pthread_sigmask(SIG_BLOCK, NULL, &mask) != 0;
    for (size_t k = 0; k < sizeof handled / sizeof handled[0]; k++)
        count += !sigismember(&mask, handled[k]);
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
        count += 100 * sigismember(&mask, others[k]);
    return count + 100 * !sigismember(&mask, SIGUSR2);
}
PARALLEL_DECORATE(wrongly_open, int, int);

/* In tasks a worker has the caller's signal mask, but blocks what the program handles. */
START_TEST(workers_have_the_callers_mask)
{
    pl_workers(2);
    main_thread = pthread_self();
    struct sigaction action = {.sa_handler = do_nothing};
    sigemptyset(&action.sa_mask);
    const int handled[] = {SIGALRM, SIGTERM, SIGUSR1, SIGCHLD};
    for (int k = 0; k < 4; k++)
        ck_assert_int_eq(sigaction(handled[k], &action, NULL), 0);
    signal(SIGINT, SIG_DFL); /* Check has a handler */
    sigset_t before, after;
    sigemptyset(&before);
    sigaddset(&before, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &before, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    int in[] = {2, 2}, out[2];
    ck_assert_int_eq(parallel_map_into(wrongly_open, in, 2, out), 0);
    ck_assert_int_eq(out[0] + out[1], -1);
    ck_assert(out[0] == 0 || out[1] == 0);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int s = 1; s < 32; s++)
        ck_assert_int_eq(sigismember(&before, s), sigismember(&after, s));
}
END_TEST

#ifdef __linux__
/* On how many CPUs this thread may run. */
static int cpus(int milliseconds)
{
    cpu_set_t set;
    pl_test_sleep(1000 * milliseconds);
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}
PARALLEL_DECORATE(cpus, int, int);

/* Also on threads that were started, or woken, off the CPU of whoever did it. */
START_TEST(tasks_may_use_all_cpus)
{
    int in[6] = {1, 1, 1, 1, 1, 1}, out[6], all = cpus(0);
    for (int round = 0; round < 40; round++) {
        pl_test_sleep(500);
        ck_assert_int_eq(parallel_map_into(cpus, in, 6, out, .max_workers = 3), 0);
        for (int i = 0; i < 6; i++)
            ck_assert_int_eq(out[i], all);
    }
}
END_TEST
#endif

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_first_call_leaves_errno_alone, 0, 6);
    tcase_add_loop_test(c, fork_before_the_first_call, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, fork_between_calls, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, fork_in_a_child_of_a_child, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, fork_inside_of_tasks, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, fork_while_others_call, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, exit_inside_of_a_task, 0, 3);
    tcase_add_loop_test(c, the_end_while_another_thread_calls, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, calls_at_exit, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, idle_workers_use_no_cpu, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, threads_beyond_the_cores_leave);
    tcase_add_loop_test(c, lack_of_threads_is_no_error, 0, 2 * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, signals_go_to_the_programs_threads, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, workers_have_the_callers_mask);
#ifdef __linux__
    tcase_add_test(c, tasks_may_use_all_cpus);
#endif
    return pl_run("api/life", c);
}
