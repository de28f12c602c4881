/* SPDX-License-Identifier: MIT */
/* Tasks that end their thread by pthread_exit(). That is not done, but what comes of it is no damage that nobody
 * notices: a caller's thread ends, and its call; that of a pool ends the program. */
#include <parallel.h>
#include <pthread.h>
#include <unistd.h>

#include "support/jobs.h"
#include "support/process.h"
#include "support/sanitizers.h"

static _Thread_local bool is_caller;

static bool still_works(void)
{
    struct job jobs[8];
    fill_jobs(jobs, 8, false);
    PARALLEL_SCOPED parallel_results *r = parallel_map(work, jobs, 8, .max_workers = 2);
    return all_right(r, 8);
}

static void *run_thread(void *(*run)(void *))
{
    pthread_t thread;
    void *result = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
    pthread_join(thread, &result);
    return result;
}

static int leave_on_caller;

/* Ends its thread, if that is the caller, or if it is not. */
static int leave(int x)
{
    usleep(500);
    if (is_caller == leave_on_caller)
        pthread_exit(NULL);
    return x;
}
PARALLEL_DECORATE(leave, int, int);

static void *call_to_leave(void *unused)
{
    enum { N = 64 };
    static int in[N], out[N];
    is_caller = true;
    parallel_map_into(leave, in, N, out, .max_workers = 2);
    return unused;
}

START_TEST(the_caller_s_thread_ends)
{
    pl_workers(2);
    leave_on_caller = 1;
    run_thread(call_to_leave);
    ck_assert(still_works());
}
END_TEST

START_TEST(a_thread_of_the_pool_ends_the_program)
{
    if (PL_SANITIZED || !pl_threads_after_fork())
        return;
    pl_workers(2);
    pid_t child = fork();
    if (child == 0) {
        leave_on_caller = 0;
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        call_to_leave(NULL);
        _exit(3); /* no task ran elsewhere */
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) || (WIFEXITED(status) && WEXITSTATUS(status) == 3));
}
END_TEST

/* ---- while the caller waits ------------------------------------------------------------------------------- */

enum item { FIRST, LONG, LATE };

static atomic_int other_began, other_ended, late_on_caller;

/* The caller runs FIRST, has no more to do, and waits for LONG, which another thread runs. That adds LATE, which the
 * caller comes to run as it waits, and ends its thread. */
static int add_later(const enum item *item, void *none, void *extras);
PARALLEL_DECORATE_TASK(add_later, enum item, void);
static int add_later(const enum item *item, void *none, void *extras)
{
    (void)none;
    (void)extras;
    switch (*item) {
    case FIRST:
        parallel_for_each_add(add_later, ((const enum item[]){LONG}));
        for (int i = 0; i < 2000 && count_of(&other_began) == 0; i++)
            pl_test_sleep(1000);
        return 0;
    case LONG:
        if (is_caller)
            return 0;
        count_one(&other_began);
        pl_test_sleep(20000);
        parallel_for_each_add(add_later, ((const enum item[]){LATE}));
        for (int i = 0; i < 2000 && count_of(&late_on_caller) == 0; i++)
            pl_test_sleep(1000);
        pl_test_sleep(20000);
        count_one(&other_ended);
        return 0;
    default:
        if (is_caller) {
            count_one(&late_on_caller);
            pthread_exit(&late_on_caller);
        }
        return 0;
    }
}

static void *call_and_wait(void *unused)
{
    is_caller = true;
    parallel_for_each(add_later, ((const enum item[]){FIRST}), 1, .max_workers = 2);
    return unused;
}

/* The call's other tasks are waited for, as where it ends in the caller's own part. */
START_TEST(the_caller_s_thread_ends_as_it_waits)
{
    pl_workers(2);
    ck_assert_ptr_eq(run_thread(call_and_wait), &late_on_caller);
    ck_assert_int_eq(count_of(&other_ended), 1);
    ck_assert(still_works());
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
#ifdef __GLIBC__
    tcase_add_test(c, the_caller_s_thread_ends);
    tcase_add_test(c, a_thread_of_the_pool_ends_the_program);
    tcase_add_test(c, the_caller_s_thread_ends_as_it_waits);
#endif
    return pl_run("api/ended_threads", c);
}
