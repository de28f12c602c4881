/* SPDX-License-Identifier: MIT */
/* Tasks of calls in the background that are taken as they end. */
#include <math.h>
#include <string.h>

#include "support/ends.h"
#include "support/process.h"
#include "support/sanitizers.h"

enum { N = 60 };

static struct job jobs[N];

/* Where a test's calls run: index / PL_WORKER_COUNTS. */
static const parallel_executor_kind kinds[] = {PARALLEL_THREAD, PARALLEL_PROCESS};
enum { KINDS = 2 };

/* Takes all, and counts how often each task is given, which is to be once. How many there are. */
static int take_all(parallel_executor *ex, parallel_item *items)
{
    int count = 0, rc;
    char seen[N] = {0};
    parallel_item item;
    while ((rc = parallel_executor_next(ex, &item, -1)) == 1) {
        ck_assert_uint_lt(item.index, N);
        ck_assert(!seen[item.index]++);
        items[count++] = item;
    }
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(parallel_executor_next(ex, &item, 0), 0);
    return count;
}

static void is_right(const parallel_item *item)
{
    ck_assert_ptr_eq(item->arg, &jobs[item->index]);
    ck_assert_ptr_null(item->failure);
    ck_assert_ptr_nonnull(item->result);
    ck_assert_int_eq(*(const long *)item->result, right_result((int)item->index));
}

/* Whether they are in order of their indices, from the k-th on. */
static bool are_sorted(const parallel_item *items, int k, int n)
{
    for (; k + 1 < n; k++)
        if (items[k].index >= items[k + 1].index)
            return false;
    return true;
}

START_TEST(each_once)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    set_gate(true);
    fill_jobs(jobs, N, false);
    parallel_item items[N];
    for (int round = 0; round < 5; round++) {
        PARALLEL_SCOPED parallel_executor *ex =
            parallel_async_map(work, jobs, N, .as_completed = true, .executor = kinds[_i / PL_WORKER_COUNTS]);
        ck_assert_ptr_nonnull(ex);
        ck_assert_int_eq(take_all(ex, items), N);
        for (int i = 0; i < N; i++)
            is_right(&items[i]);
        ck_assert(all_right(parallel_executor_results(ex), N)); /* the results are there all the same */
        for (int i = 0; i < N; i++)
            ck_assert_ptr_eq(items[i].result, parallel_result(parallel_executor_results(ex), items[i].index));
    }
}
END_TEST

/* What has ended is given while others still run, in the order in which it has. */
static int turn_up(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    parallel_sleep(*arg * 0.05);
    return 0;
}
PARALLEL_DECORATE_TASK(turn_up, int, int);

START_TEST(in_order_of_ending)
{
    pl_workers(8);
    const int delays[4] = {30, 1, 20, 8};
    parallel_item item;
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_map(turn_up, delays, 4, .as_completed = true, .max_workers = 4, .executor = kinds[_i]);
    const size_t order[4] = {1, 3, 2, 0};
    for (int k = 0; k < 4; k++) {
        ck_assert_int_eq(parallel_executor_next(ex, &item, -1), 1);
        ck_assert_uint_eq(item.index, order[k]);
        ck_assert_int_eq(*(const int *)item.result, delays[item.index]);
        if (k == 0)
            ck_assert(!parallel_executor_done(ex));
    }
    ck_assert_int_eq(parallel_executor_next(ex, &item, -1), 0);
    ck_assert(parallel_executor_done(ex));
}
END_TEST

/* A task that has ended is given, though its neighbours, which were cheap, take long this time. */
START_TEST(neighbours_do_not_matter)
{
    pl_workers(2);
    fill_jobs(jobs, N, false);
    set_gate(true);
    for (int k = 0; k < 20; k++)
        parallel_executor_free(parallel_async_map(work, jobs, N));
    set_gate(false);
    jobs[1].waits = true;
    parallel_item item;
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_map(work, jobs, 2, .as_completed = true, .max_workers = 1, .executor = kinds[_i]);
    if (kinds[_i] == PARALLEL_PROCESS)
        set_gate(true);
    ck_assert_int_eq(parallel_executor_next(ex, &item, -1), 1);
    ck_assert_uint_eq(item.index, 0);
    set_gate(true);
    if (kinds[_i] == PARALLEL_PROCESS)
        parallel_cancel(ex);
    ck_assert_int_eq(parallel_executor_next(ex, &item, -1), 1);
    ck_assert_uint_eq(item.index, 1);
    ck_assert_int_eq(parallel_executor_next(ex, &item, -1), 0);
}
END_TEST

/* The first failure stops the call, which has no results; but its tasks have: those that ran, and then the others. */
START_TEST(after_a_failure)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    set_gate(true);
    fill_jobs(jobs, N, false);
    jobs[7].code = EIO;
    char text[N][16];
    const char *names[N];
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "n%d", i);
        names[i] = text[i];
    }
    for (int silent = 0; silent < 2; silent++) {
        parallel_item items[N];
        PARALLEL_SCOPED parallel_executor *ex =
            parallel_async_map(work, jobs, N, .as_completed = true, .silent = silent, .names = names,
                               .executor = kinds[_i / PL_WORKER_COUNTS]);
        ck_assert_int_eq(take_all(ex, items), N);
        ck_assert(!parallel_executor_results(ex) == !silent);
        int ran = 0, failed = 0;
        for (int k = 0; k < N; k++) {
            const parallel_failure *f = items[k].failure;
            if (!f || f->state != PARALLEL_NOT_RUN)
                ck_assert_int_eq(ran++, k); /* before all that were not run */
            if (!f) {
                is_right(&items[k]);
                continue;
            }
            failed += f->state == PARALLEL_ERROR;
            ck_assert_ptr_null(items[k].result);
            ck_assert_uint_eq(f->index, items[k].index);
            ck_assert_str_eq(f->name, names[f->index]);
            ck_assert_ptr_eq(f->arg, &jobs[f->index]);
            ck_assert_str_eq(f->message, f->state == PARALLEL_ERROR ? "job 7" : "not run");
            ck_assert_int_eq(f->code, f->state == PARALLEL_ERROR ? EIO : ECANCELED);
            ck_assert_uint_eq(f->attempts, f->state == PARALLEL_ERROR);
            ck_assert(f->state == PARALLEL_ERROR ? f->index == 7 : !silent);
        }
        ck_assert_int_eq(failed, 1);
        ck_assert(are_sorted(items, ran, N));
    }
}
END_TEST

/* Crashes, timeouts and retries: a task has ended when its last attempt has. */
static int misbehave(const int *arg, int *result, void *extras)
{
    static atomic_int tries;
    (void)extras;
    *result = *arg;
    if (*arg == 1)
        abort();
    if (*arg == 2)
        parallel_sleep(5);
    return *arg == 3 && atomic_fetch_add(&tries, 1) < 2 ? parallel_fail(EAGAIN, "again") : 0;
}
PARALLEL_DECORATE_TASK(misbehave, int, int);

START_TEST(bad_ends)
{
    pl_workers(4);
    bool apart = kinds[_i] == PARALLEL_PROCESS;
    const int args[4] = {0, apart ? 1 : 0, 2, apart ? 0 : 3};
    int states[4] = {-1, -1, -1, -1};
    parallel_item item;
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_map(misbehave, args, 4, .as_completed = true, .silent = true, .timeout = 0.3, .retries = 3,
                           .retry_delay = 0.01, .executor = kinds[_i], .max_workers = 4);
    int given = 0;
    for (; parallel_executor_next(ex, &item, -1) == 1; given++)
        states[item.index] = item.failure ? (int)item.failure->state : PARALLEL_OK;
    ck_assert_int_eq(given, 4);
    ck_assert_int_eq(states[0], PARALLEL_OK);
    ck_assert_int_eq(states[1], apart ? PARALLEL_CRASHED : PARALLEL_OK);
    ck_assert_int_eq(states[2], PARALLEL_TIMED_OUT);
    ck_assert_int_eq(states[3], PARALLEL_OK);
}
END_TEST

START_TEST(futures)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    set_gate(true);
    fill_jobs(jobs, N, false);
    jobs[2].code = EPERM;
    parallel_item items[N];
    parallel_future some[] = {PARALLEL_FUTURE(turn_up, 0, .name = "zero"), PARALLEL_FUTURE(work, jobs[1]),
                              PARALLEL_FUTURE(work, jobs[2], .name = "two")};
    const void *args[3] = {some[0].arg, some[1].arg, some[2].arg};
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_par(some, 3, .as_completed = true, .silent = true, .executor = kinds[_i / PL_WORKER_COUNTS]);
    memset(some, 0, sizeof some);
    ck_assert_int_eq(take_all(ex, items), 3);
    for (int k = 0; k < 3; k++) {
        size_t i = items[k].index;
        ck_assert_ptr_eq(items[k].arg, args[i]);
        if (i == 0)
            ck_assert_int_eq(*(const int *)items[k].result, 0);
        if (i == 1)
            ck_assert_int_eq(*(const long *)items[k].result, right_result(1));
        if (i == 2)
            ck_assert_str_eq(items[k].failure->name, "two");
        ck_assert(!items[k].failure == (i != 2));
    }
}
END_TEST

static int upper(const int *args, size_t n, int *results, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++)
        results[i] = args[i] + 1;
    return args[0] == 0 ? EDOM : 0;
}
PARALLEL_DECORATE_SPLIT(upper, int, int);

/* Functions without results, and those that get chunks. */
static void drop(struct job job)
{
    (void)job;
}
PARALLEL_DECORATE(drop, struct job, void);

START_TEST(other_functions)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    parallel_executor_kind kind = kinds[_i / PL_WORKER_COUNTS];
    parallel_item items[N];
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(drop, jobs, N, .as_completed = true, .executor = kind);
    ck_assert_int_eq(take_all(ex, items), N);
    ck_assert_ptr_null(items[0].result);
    ck_assert_ptr_null(items[0].failure);
    int args[N];
    for (int i = 0; i < N; i++)
        args[i] = i;
    PARALLEL_SCOPED parallel_executor *parts =
        parallel_async_map(upper, args, N, .as_completed = true, .silent = true, .grain = 5, .executor = kind);
    ck_assert_int_eq(take_all(parts, items), N);
    for (int k = 0; k < N; k++) {
        ck_assert(!items[k].failure || items[k].index < 5 || kind == PARALLEL_THREAD);
        ck_assert(items[k].failure || *(const int *)items[k].result == (int)items[k].index + 1);
    }
    PARALLEL_SCOPED parallel_executor *none = parallel_async_map(drop, jobs, 0, .as_completed = true, .executor = kind);
    ck_assert_int_eq(take_all(none, items), 0);
    PARALLEL_SCOPED parallel_executor *one = parallel_async(turn_up, 0, .as_completed = true, .executor = kind);
    ck_assert_int_eq(take_all(one, items), 1);
}
END_TEST

/* The descriptor is readable while there is something to be had without waiting, and only then. */
START_TEST(polled)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    const int delays[5] = {1, 2, 3, 4, 5};
    parallel_executor_kind kind = kinds[_i / PL_WORKER_COUNTS];
    PARALLEL_SCOPED parallel_executor *ex =
        parallel_async_map(turn_up, delays, 5, .as_completed = true, .executor = kind, .deferred = true);
    int fd = parallel_executor_fd(ex), count = 0, rc = 1;
    parallel_item item;
    ck_assert(!is_readable(fd, 2));
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    while (rc != 0) {
        ck_assert(is_readable(fd, -1));
        rc = parallel_executor_next(ex, &item, 0);
        ck_assert_int_ge(rc, 0);
        count += rc;
        if (rc == 1 && count < 5 && !is_readable(fd, 0) && !is_readable(fd, 0)) {
            int again = parallel_executor_next(ex, &item, 0);
            if (again == -1)
                ck_assert_int_eq(errno, ETIMEDOUT);
            else /* it has just come */
                count += again;
        }
    }
    ck_assert_int_eq(count, 5);
    ck_assert(is_readable(fd, 0));
}
END_TEST

/* Several threads take tasks of one call. */
static atomic_int taken_by_all;

static void *take_some(void *ex)
{
    parallel_item item;
    while (parallel_executor_next(ex, &item, -1) == 1)
        count_one(&taken_by_all);
    return NULL;
}

START_TEST(several_take)
{
    pl_workers(pl_worker_counts[_i]);
    set_gate(true);
    fill_jobs(jobs, N, false);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .as_completed = true, .deferred = true);
    pthread_t threads[3];
    for (int k = 0; k < 3; k++)
        ck_assert_int_eq(pthread_create(&threads[k], NULL, take_some, ex), 0);
    pl_test_sleep(2000); /* they wait for a call that has not been started */
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    for (int k = 0; k < 3; k++)
        pthread_join(threads[k], NULL);
    ck_assert_int_eq(count_of(&taken_by_all), N);
}
END_TEST

/* A call with tasks that wait for a gate that stays shut, within so many seconds. False if none had begun by then, as a
 * process takes long to start on a busy machine. */
static bool is_timed_out(parallel_executor_kind kind, double limit)
{
    parallel_item items[N];
    PARALLEL_SCOPED parallel_executor *late = parallel_async_map(
        work, jobs, N, .as_completed = true, .call_timeout = limit, .max_workers = 1, .silent = true, .executor = kind);
    ck_assert_int_eq(take_all(late, items), N);
    ck_assert_int_eq(items[N - 1].failure->state, PARALLEL_NOT_RUN);
    ck_assert_int_eq(items[N - 1].failure->code, ETIMEDOUT);
    if (items[0].failure->state == PARALLEL_NOT_RUN)
        return false;
    ck_assert_int_eq(items[0].failure->state, PARALLEL_TIMED_OUT);
    return true;
}

START_TEST(cancelled_and_shut_down)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    fill_jobs(jobs, N, true);
    set_gate(false);
    parallel_item items[N], item;
    parallel_executor_kind kind = kinds[_i / PL_WORKER_COUNTS];
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .as_completed = true, .executor = kind);
    ck_assert_int_eq(parallel_executor_next(ex, &item, 0.01), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    parallel_cancel(ex);
    ck_assert_int_eq(take_all(ex, items), N);
    ck_assert_int_eq(items[N - 1].failure->state, PARALLEL_NOT_RUN);

    PARALLEL_SCOPED parallel_executor *never =
        parallel_async_map(work, jobs, N, .as_completed = true, .deferred = true, .executor = kind);
    ck_assert_int_eq(parallel_executor_next(never, &item, 0), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_executor_shutdown(never), 0);
    ck_assert_int_eq(take_all(never, items), N);
    ck_assert(are_sorted(items, 0, N));
    ck_assert_int_eq(items[3].failure->state, PARALLEL_NOT_RUN);

    for (double limit = 0.05; !is_timed_out(kind, limit);)
        limit *= 4;
}
END_TEST

/* Freed with tasks that nobody has taken. */
START_TEST(left_alone)
{
    pl_workers(pl_worker_counts[_i]);
    set_gate(true);
    fill_jobs(jobs, N, false);
    jobs[5].code = EIO;
    for (int round = 0; round < 20; round++) {
        parallel_executor *ex = parallel_async_map(work, jobs, N, .as_completed = true, .silent = round % 2);
        parallel_item item;
        for (int k = 0; k < round; k++)
            ck_assert_int_eq(parallel_executor_next(ex, &item, -1), 1);
        parallel_executor_free(ex);
    }
}
END_TEST

/* In a notification, tasks are taken without waiting. */
static atomic_int taken_inside;

static void take_inside(parallel_executor *ex, void *last)
{
    parallel_item item;
    while ((*(int *)last = parallel_executor_next(ex, &item, -1)) == 1)
        count_one(&taken_inside);
}

START_TEST(taken_in_a_notification)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    set_gate(true);
    fill_jobs(jobs, N, false);
    int last = -1;
    parallel_executor *ex = parallel_async_map(work, jobs, N, .as_completed = true, .deferred = true,
                                               .executor = kinds[_i / PL_WORKER_COUNTS]);
    ck_assert_int_eq(parallel_executor_notify(ex, take_inside, &last), 0);
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    parallel_executor_free(ex); /* waits until it has returned */
    ck_assert_int_eq(last, 0);
    ck_assert_int_eq(count_of(&taken_inside), N);
}
END_TEST

static parallel_executor *shared;

static int ask_itself(const int *arg, int *result, void *extras)
{
    (void)extras;
    parallel_item item;
    errno = 0;
    result[0] = parallel_executor_next(shared, &item, *arg) == -1 ? errno : 0;
    errno = 0;
    if (result[0] == EDEADLK)
        result[0] = parallel_executor_any(&shared, 1, *arg) == -1 ? errno : 0;
    return 0;
}
PARALLEL_DECORATE_TASK(ask_itself, int, int);

START_TEST(what_is_refused)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_item item;
    fill_jobs(jobs, N, false);
    PARALLEL_SCOPED parallel_executor *plain = parallel_async_map(work, jobs, N);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(work, jobs, N, .as_completed = true);
    struct refused {
        parallel_executor *ex;
        parallel_item *item;
        double seconds;
    } all[] = {{NULL, &item, -1}, {plain, &item, -1}, {ex, NULL, -1}, {ex, &item, NAN}};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        errno = 0;
        ck_assert_int_eq(parallel_executor_next(all[k].ex, all[k].item, all[k].seconds), -1);
        ck_assert_int_eq(errno, EINVAL);
    }
    errno = 0;
    ck_assert_ptr_null(parallel_map(work, jobs, N, .as_completed = true));
    ck_assert_int_eq(errno, EINVAL);
    parallel_future one = PARALLEL_FUTURE(work, jobs[0]);
    errno = 0;
    ck_assert_ptr_null(parallel_par(&one, 1, .as_completed = true));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_ptr_null(parallel_process_map(work, jobs, N, .as_completed = true));
    ck_assert_int_eq(errno, EINVAL);
    shared = parallel_async(ask_itself, -1, .as_completed = true, .deferred = true);
    ck_assert_int_eq(parallel_executor_start(shared), 0);
    const int *code = parallel_executor_result(shared);
    ck_assert_int_eq(*code, EDEADLK);
    parallel_executor_free(shared);
}
END_TEST

/* A decoration that asks for it is fine, also for a call that is waited for. */
static int plus(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg + 1;
    return 0;
}
PARALLEL_DECORATE_TASK(plus, int, int, .as_completed = true);

START_TEST(decorated_with_it)
{
    pl_workers(2);
    const int args[3] = {1, 2, 3};
    PARALLEL_SCOPED parallel_results *r = parallel_map(plus, args, 3);
    ck_assert_ptr_nonnull(r);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(plus, args, 3);
    parallel_item item;
    ck_assert_int_eq(parallel_executor_next(ex, &item, -1), 1);
}
END_TEST

START_TEST(fork_in_the_middle)
{
    pl_workers(2);
    if (PL_SANITIZED || !pl_threads_after_fork())
        return;
    fill_jobs(jobs, N, true);
    set_gate(true);
    parallel_executor *done = parallel_async_map(work, jobs, N, .as_completed = true);
    ck_assert(all_right(parallel_executor_results(done), N));
    set_gate(false);
    parallel_executor *flying = parallel_async_map(work, jobs, N, .as_completed = true);
    int fd = parallel_executor_fd(flying);
    parallel_item items[N], item;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        errno = 0;
        bool lost = parallel_executor_next(flying, &item, -1) == -1 && errno == ECHILD &&
                    is_readable(parallel_executor_fd(flying), 0);
        _exit(lost && parallel_executor_next(done, &item, -1) == 1 ? 0 : 1);
    }
    ck_assert_int_eq(pl_status_of(child), 0);
    ck_assert(!is_readable(fd, 2));
    set_gate(true);
    ck_assert_int_eq(take_all(flying, items), N);
    ck_assert_int_eq(take_all(done, items), N);
    parallel_executor_free(flying);
    parallel_executor_free(done);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, each_once, 0, KINDS * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, in_order_of_ending, 0, KINDS);
    tcase_add_loop_test(c, neighbours_do_not_matter, 0, KINDS);
    tcase_add_loop_test(c, after_a_failure, 0, KINDS * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, bad_ends, 0, KINDS);
    tcase_add_loop_test(c, futures, 0, KINDS * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, other_functions, 0, KINDS * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, polled, 0, KINDS * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, several_take, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, cancelled_and_shut_down, 0, KINDS * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, left_alone, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, taken_in_a_notification, 0, KINDS * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, what_is_refused, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, decorated_with_it);
    tcase_add_test(c, fork_in_the_middle);
    return pl_run("api/async_next", c);
}
