/* SPDX-License-Identifier: MIT */
/* Signals that come while the program is blocked in a call. */
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/jobs.h"
#include "support/sanitizers.h"

/* Never ends by itself. */
static int for_ever(int how)
{
    count_one(&begun);
    if (how % 2)
        for (;;)
            pl_test_sleep(1000000);
    for (;;)
        parallel_sleep(1000);
    return how;
}
PARALLEL_DECORATE(for_ever, int, int);

static const int hows[] = {0, 1, 2, 3};

/* Blocks in one call or another, and has told by then that it does. */
static void block(int where, int told)
{
    char yes = 1;
    PARALLEL_SCOPED parallel_executor *ex = NULL;
    if (where) {
        ex = parallel_async_map(for_ever, hows, 4, .max_workers = 2);
        await_begun(1);
    }
    if (write(told, &yes, 1) != 1)
        _exit(97);
    if (where == 0)
        parallel_results_free(parallel_map(for_ever, hows, 4));
    else if (where == 1)
        parallel_executor_results(ex);
    else
        parallel_executor_wait(ex, -1);
    _exit(98);
}

/* A program in which nothing is done about SIGINT is killed by it. */
START_TEST(an_interrupt_kills)
{
    int pipes[2];
    char yes;
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
        signal(SIGINT, SIG_DFL);
        alarm(60);
        block(_i / PL_WORKER_COUNTS, pipes[1]);
    }
    ck_assert_int_eq(read(pipes[0], &yes, 1), 1);
    pl_test_sleep(3000);
    ck_assert_int_eq(kill(child, SIGINT), 0);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGINT);
}
END_TEST

static volatile sig_atomic_t flag;
static parallel_executor *running;

static void raise_flag(int signal)
{
    (void)signal;
    flag = flag + 1;
}

static void cancel_it(int signal)
{
    (void)signal;
    flag = flag + 1;
    parallel_cancel(running);
}

static void handle(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(signal, &action, NULL), 0);
}

static atomic_int handled;

static void count_handled(int signal)
{
    (void)signal;
    count_one(&handled);
}

/* Sends the program a signal, and waits until it has been seen to. ThreadSanitizer puts handlers off until the thread
 * calls the C library the next time, and a thread that is parked may not for long: so there, not for ever. */
static int send_and_wait(int times)
{
    for (int k = 0; k < times; k++) {
        int before = count_of(&handled);
        kill(getpid(), SIGUSR1);
        for (int naps = 0; count_of(&handled) == before && !(PL_TSAN && naps > 500); naps++)
            pl_test_sleep(100);
    }
    return times;
}
PARALLEL_DECORATE(send_and_wait, int, int);

/* The main thread waits, works, or does both. */
START_TEST(handlers_run_while_a_call_blocks)
{
    pl_workers(pl_worker_counts[_i]);
    handle(SIGUSR1, count_handled);
    int times[] = {5, 5, 5, 5, 5}, out[5];
    ck_assert_int_eq(parallel_map_into(send_and_wait, times, 5, out, .max_workers = 1 + _i), 0);
    ck_assert_int_eq(out[4], 5);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(send_and_wait, times, 5);
    ck_assert_int_eq(parallel_executor_wait(ex, -1), 0);
    PARALLEL_SCOPED parallel_executor *other = parallel_async_map(send_and_wait, times, 5);
    ck_assert_ptr_nonnull(parallel_executor_results(other));
    ck_assert_int_gt(count_of(&handled), 0);
}
END_TEST

/* The flag is looked at by the tasks. */
static int until_flag(const int *index, int *result, void *extras)
{
    (void)extras;
    count_one(&begun);
    if (*index == 0)
        kill(getpid(), SIGINT);
    while (!flag)
        pl_test_sleep(200);
    *result = *index;
    return *index == 3 ? EINTR : 0;
}
PARALLEL_DECORATE_TASK(until_flag, int, int);

START_TEST(a_handler_that_sets_a_flag)
{
    if (PL_TSAN) /* a sig_atomic_t is no atomic */
        return;
    pl_workers(pl_worker_counts[_i]);
    handle(SIGINT, raise_flag);
    errno = 0;
    ck_assert_ptr_null(parallel_map(until_flag, hows, 4, .max_workers = 2));
    ck_assert_int_eq(errno, EINTR);
    ck_assert_uint_eq(parallel_last_failure()->index, 3);
}
END_TEST

/* Sends the program a signal, and sleeps. */
static int send_and_sleep(const int *index, int *result, void *extras)
{
    (void)extras;
    count_one(&begun);
    *result = *index;
    if (*index == 0)
        kill(getpid(), SIGINT);
    errno = 0;
    return parallel_sleep(1e9) == -1 ? errno : 0;
}
PARALLEL_DECORATE_TASK(send_and_sleep, int, int);

START_TEST(a_handler_that_cancels)
{
    pl_workers(pl_worker_counts[_i]);
    handle(SIGINT, cancel_it);
    for (int round = 0; round < 10; round++) {
        running = parallel_async_map(send_and_sleep, hows, 4, .deferred = true);
        ck_assert_int_eq(parallel_executor_start(running), 0);
        errno = 0;
        ck_assert_ptr_null(parallel_executor_results(running));
        ck_assert_int_eq(errno, ECANCELED);
        ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_CANCELLED);
        parallel_executor_free(running);
    }
    ck_assert_int_eq(flag, 10);
}
END_TEST

/* A signal every millisecond, whose handler does not let system calls go on: sleeps and waits last as long as they are
 * to. */
START_TEST(handlers_cut_nothing_short)
{
    if (PL_TSAN) /* it puts handlers off */
        return;
    pl_workers(2);
    handle(SIGALRM, raise_flag);
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct job jobs[2];
    fill_jobs(jobs, 2, true);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, 2);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    double start = now();
    ck_assert_int_eq(parallel_sleep(0.05), 0);
    ck_assert(now() - start >= 0.05);
    start = now();
    errno = 0;
    ck_assert_int_eq(parallel_executor_wait(ex, 0.05), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert(now() - start >= 0.05);
    ck_assert_int_gt(flag, 0);
    set_gate(true);
    ck_assert_int_eq(parallel_executor_wait(ex, -1), 0);
    setitimer(ITIMER_REAL, &never, NULL);
    ck_assert(all_right(parallel_executor_results(ex), 2));
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, an_interrupt_kills, 0, 3 * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, handlers_run_while_a_call_blocks, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_handler_that_sets_a_flag, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_handler_that_cancels, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, handlers_cut_nothing_short);
    return pl_run("api/signals", c);
}
