/* SPDX-License-Identifier: MIT */
/* Streams whose ends are in the program's hands: put, next, end, cancel, free, the descriptor. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <parallel.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

static atomic_int started, ended, cancelled, gate;
static int fails = -1;

/* -1: waits until the gate is open, or it is cancelled; else a square. */
static int square(const int *arg, long *result, void *extras)
{
    (void)extras;
    started++;
    while (*arg == -1 && !gate && !parallel_cancelled())
        parallel_sleep(0.001);
    cancelled += parallel_cancelled();
    *result = (long)*arg * *arg;
    ended++;
    return *arg == fails ? parallel_fail(EILSEQ, "no %d", *arg) : 0;
}
PARALLEL_DECORATE_TASK(square, int, long);

static int put(parallel_stream *s, int i)
{
    return parallel_stream_put(s, &i);
}

/* What the next item is: its index; else -1 at the end, -2 - errno otherwise. */
static int next(parallel_stream *s, double seconds)
{
    parallel_item item;
    int r = parallel_stream_next(s, &item, seconds);
    if (r < 0)
        return -2 - errno;
    if (r == 0)
        return -1;
    int arg = *(const int *)item.arg;
    if (!item.failure && *(const long *)item.result != (long)arg * arg)
        return -1000;
    return (int)item.index;
}

static bool is_readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) == 1 && (p.revents & POLLIN);
}

/* The three ways to have items run: in the background, by who takes them, and on an own pool. A stream has no grain. */
static parallel_stream *open_stream(int way, size_t window, parallel_pool *pool)
{
    return parallel_stream_open(square, .window = window, .executor = way == 1 ? PARALLEL_SERIAL : PARALLEL_THREAD,
                                .pool = way == 2 ? pool : NULL, .grain = way == 2 ? 1000 : 0);
}
enum { WAYS = 3 };

START_TEST(one_after_the_other)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(2);
    PARALLEL_SCOPED parallel_stream *s = open_stream(_i, 16, pool);
    ck_assert(s);
    int given = 0, taken = 0;
    while (taken < 5000) {
        while (given < 5000 && put(s, given) == 0)
            given++;
        ck_assert(given == 5000 || errno == EAGAIN);
        ck_assert(given - taken <= 16);
        int i = next(s, given % 3 ? -1 : 1000);
        ck_assert_int_eq(i, taken);
        taken++;
        for (; (i = next(s, 0)) >= 0; taken++)
            ck_assert_int_eq(i, taken);
        ck_assert_int_eq(i, -2 - ETIMEDOUT);
    }
    ck_assert_int_eq(parallel_stream_end(s), 0);
    ck_assert_int_eq(parallel_stream_end(s), 0);
    ck_assert(put(s, 1) == -1 && errno == EPIPE);
    ck_assert_int_eq(next(s, -1), -1);
    ck_assert_int_eq(next(s, 0), -1);
}
END_TEST

START_TEST(the_window_counts_what_is_not_taken)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square, .window = 4);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(put(s, i), 0);
    ck_assert(put(s, 4) == -1 && errno == EAGAIN);
    ck_assert_int_eq(next(s, 1000), 0); /* is held, and counts no longer */
    ck_assert_int_eq(put(s, 4), 0);
    ck_assert(put(s, 5) == -1 && errno == EAGAIN);
}
END_TEST

/* An item stays as it is until the thread's next call. */
START_TEST(an_item_stays)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square, .window = 2);
    parallel_item item;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(put(s, i + 5), 0);
    ck_assert_int_eq(parallel_stream_next(s, &item, -1), 1);
    for (int i = 0; put(s, i + 100) == 0; i++) {
    }
    pl_test_sleep(2000);
    ck_assert(*(const int *)item.arg == 5 && *(const long *)item.result == 25);
}
END_TEST

START_TEST(a_failure_ends_it)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(2);
    for (int at = 0; at < 20; at += 3) {
        PARALLEL_SCOPED parallel_stream *s = open_stream(_i, 32, pool);
        fails = at;
        int given = 0, taken = 0, i;
        for (; given < 20 && put(s, given) == 0; given++) {
        }
        ck_assert(given == 20 || errno == EPIPE);
        ck_assert(given > at || _i == 1);
        while ((i = next(s, -1)) >= 0)
            ck_assert_int_eq(i, taken++);
        ck_assert_int_eq(i, -2 - EILSEQ);
        ck_assert_int_eq(taken, given);
        const parallel_failure *f = parallel_last_failure();
        ck_assert(f && f->index == (size_t)at && *(const int *)f->arg == at);
        ck_assert(put(s, 1) == -1 && errno == EPIPE);
        ck_assert_int_eq(next(s, 0), -2 - EILSEQ);
    }
}
END_TEST

/* Of an unordered stream, the first that has ended, not the first that was put. */
START_TEST(the_first_failure_to_end)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square, .unordered = true, .max_workers = 2);
    fails = 7;
    ck_assert_int_eq(put(s, -1), 0);
    while (!started)
        pl_test_sleep(100);
    ck_assert_int_eq(put(s, 7), 0);
    ck_assert_int_eq(next(s, -1), 1);
    fails = -1; /* so does what runs */
    gate = 1;
    ck_assert_int_eq(next(s, -1), 0);
    ck_assert_int_eq(next(s, -1), -2 - EILSEQ);
    const parallel_failure *f = parallel_last_failure();
    ck_assert(f && f->index == 1 && f->state == PARALLEL_ERROR && *(const int *)f->arg == 7);
}
END_TEST

START_TEST(a_cancel)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square, .window = 64);
    ck_assert_int_eq(put(s, -1), 0);
    while (!started)
        pl_test_sleep(100);
    for (int i = 0; i < 20; i++)
        put(s, -1);
    int fd = parallel_stream_fd(s);
    ck_assert(!is_readable(fd, 0));
    parallel_stream_cancel(s);
    ck_assert(put(s, 1) == -1 && errno == EPIPE);
    parallel_item item;
    int count = 0, not_run = 0;
    while (parallel_stream_next(s, &item, 1000) == 1) {
        count++;
        not_run += item.failure && item.failure->state == PARALLEL_NOT_RUN;
        ck_assert(!item.failure || item.failure->code == ECANCELED);
    }
    ck_assert(errno == ECANCELED && count == 21 && not_run >= 15 && cancelled == 21 - not_run);
    ck_assert(is_readable(fd, 0));
    parallel_stream_cancel(NULL);
}
END_TEST

/* A handler cancels it while the thread waits, or polls; or has just found that there is nothing. */
static parallel_stream *interrupted;

static void cancel_interrupted(int number)
{
    (void)number;
    parallel_stream_cancel(interrupted);
}

static void *interrupt_soon(void *thread)
{
    pl_test_sleep(5000);
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    return NULL;
}

START_TEST(a_cancel_in_a_signal_handler)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(2);
    signal(SIGUSR1, cancel_interrupted);
    for (int k = 0; k < 12; k++) {
        PARALLEL_SCOPED parallel_stream *s = interrupted = open_stream(_i, 8, pool);
        pthread_t self = pthread_self(), thread;
        int fd = k % 3 == 1 ? parallel_stream_fd(s) : -1, count = k / 3;
        for (int i = 0; i < count; i++)
            ck_assert_int_eq(put(s, i), 0);
        for (int i = 0; i < count; i++)
            ck_assert_int_eq(next(s, -1), i);
        errno = 0;
        if (k % 3 == 2)
            ck_assert(raise(SIGUSR1) == 0 && errno == 0);
        else
            ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_soon, &self), 0);
        while (fd >= 0 && !is_readable(fd, 100000)) { /* poll() is interrupted, as a rule */
        }
        ck_assert_int_eq(next(s, fd >= 0 ? 0 : -1), -2 - ECANCELED);
        if (k % 3 != 2)
            pthread_join(thread, NULL);
    }
}
END_TEST

static void *open_gate_soon(void *unused)
{
    pl_test_sleep(20000);
    gate = 1;
    return unused;
}

/* A free waits for what runs, and drops what waits. */
START_TEST(what_runs_is_waited_for)
{
    pl_workers(2);
    parallel_stream *s = parallel_stream_open(square, .max_workers = 2);
    pthread_t thread;
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(put(s, -1), 0);
    while (!started)
        pl_test_sleep(100);
    ck_assert_int_eq(pthread_create(&thread, NULL, open_gate_soon, NULL), 0);
    parallel_stream_free(s);
    int all = started;
    ck_assert_int_eq(gate, 1); /* else it was asked to give up */
    ck_assert_int_eq(all, ended);
    ck_assert_int_le(all, 2);
    pthread_join(thread, NULL);
    ck_assert_int_eq(started, all);
}
END_TEST

START_TEST(times)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square, .call_timeout = 0.5);
    ck_assert_int_eq(put(s, -1), 0);
    ck_assert_int_eq(next(s, 0), -2 - ETIMEDOUT);
    ck_assert_int_eq(next(s, 0.001), -2 - ETIMEDOUT);
    ck_assert_int_eq(next(s, -1), 0); /* timed out, and given */
    ck_assert_int_eq(next(s, -1), -2 - ETIMEDOUT);
    ck_assert(put(s, 1) == -1 && errno == EPIPE);
    /* nothing has been put: waits for the time alone */
    PARALLEL_SCOPED parallel_stream *idle = parallel_stream_open(square, .call_timeout = 0.05);
    ck_assert_int_eq(next(idle, -1), -2 - ETIMEDOUT);
}
END_TEST

/* ---- the descriptor ----------------------------------------------------------------------------------------- */

START_TEST(readable_while_there_is_something)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(2);
    PARALLEL_SCOPED parallel_stream *s = open_stream(_i, 8, pool);
    int fd = parallel_stream_fd(s);
    ck_assert(fd >= 0 && parallel_stream_fd(s) == fd && !is_readable(fd, 0));
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    for (int i = 0; i < 2000; i++) {
        ck_assert_int_eq(put(s, i), 0);
        if (i % 2 == 0)
            continue;
        for (int k = 0; k < 2; k++) {
            ck_assert(is_readable(fd, 100000));
            ck_assert_int_eq(next(s, 0), i - 1 + k);
        }
        ck_assert(!is_readable(fd, 0));
    }
    parallel_stream_end(s);
    ck_assert(is_readable(fd, 100000));
    ck_assert_int_eq(next(s, 0), -1);
    ck_assert(is_readable(fd, 0));
}
END_TEST

/* Who polls is told when call_timeout is over, though nothing else happens; also where the fd was asked for later. */
START_TEST(readable_when_its_time_is_over)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(2);
    parallel_stream *some[2];
    for (int k = 0; k < 2; k++) {
        some[k] = parallel_stream_open(square, .call_timeout = k ? 1e-9 : 0.03, .pool = _i == 2 ? pool : NULL,
                                       .executor = _i == 1 ? PARALLEL_SERIAL : PARALLEL_THREAD);
        ck_assert(is_readable(parallel_stream_fd(some[k]), 100000));
        ck_assert(put(some[k], 1) == -1 && errno == EPIPE);
        ck_assert_int_eq(next(some[k], 0), -2 - ETIMEDOUT);
        ck_assert(is_readable(parallel_stream_fd(some[k]), 0));
        parallel_stream_free(some[k]);
    }
    for (int k = 0; k < 300; k++) { /* freed before, after and meanwhile */
        parallel_stream *s = parallel_stream_open(square, .call_timeout = k * 1e-6, .pool = _i == 2 ? pool : NULL,
                                                  .executor = _i == 1 ? PARALLEL_SERIAL : PARALLEL_THREAD);
        ck_assert_int_ge(parallel_stream_fd(s), 0);
        pl_test_sleep(k % 3 * 50);
        parallel_stream_free(s);
    }
}
END_TEST

/* What is left out after a failure is ready when the descriptor says so, whoever leaves it out. */
START_TEST(readable_after_a_failure)
{
    pl_workers(4);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(4);
    int rounds = PL_TSAN || PL_ASAN ? 1000 : 20000;
    for (int k = 0; k < rounds; k++) {
        PARALLEL_SCOPED parallel_stream *s =
            parallel_stream_open(square, .window = 8, .pool = pool, .unordered = k % 2);
        int fd = parallel_stream_fd(s), given = 0, taken = 0;
        ck_assert_int_ge(fd, 0);
        fails = k / 2 % 4;
        while (given < 8 && put(s, given) == 0)
            given++;
        parallel_stream_end(s);
        while (taken < given) {
            ck_assert(is_readable(fd, 100000));
            ck_assert_int_ge(next(s, 0), 0);
            taken++;
        }
        ck_assert_int_eq(next(s, 0), -2 - EILSEQ);
    }
    fails = -1;
}
END_TEST

static int count_descriptors(void)
{
    int count = 0;
    DIR *list = opendir("/proc/self/fd");
    while (list && readdir(list))
        count++;
    if (list)
        closedir(list);
    return count;
}

/* How many mappings this process has; 0 where that is not told. */
static int count_mappings(void)
{
    int count = 0, c;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && (c = getc(maps)) != EOF)
        count += c == '\n';
    if (maps)
        fclose(maps);
    return count;
}

/* After the first rounds, there are those of threads, and what the heap takes now and then. */
enum { FIRST_ROUNDS = 1000, MORE_MAPPINGS = 8 };

START_TEST(rounds_of_open_put_cancel)
{
    pl_workers(2);
    int before = count_descriptors(), mappings = 0, rounds = PL_TSAN || PL_ASAN ? 3000 : 100000;
    for (int k = 0; k < rounds; k++) {
        if (k == FIRST_ROUNDS)
            mappings = count_mappings();
        parallel_stream *s = parallel_stream_open(square, .window = 4, .unordered = k % 2);
        ck_assert(s);
        for (int i = 0; i < k % 4; i++)
            put(s, k % 7 ? i : -1);
        if (k % 16 == 0)
            ck_assert(parallel_stream_fd(s) >= 0);
        if (k % 3)
            parallel_stream_cancel(s);
        if (k % 5 == 0)
            while (next(s, 0) >= 0) {
            }
        gate = 1;
        parallel_stream_free(s);
        gate = 0;
    }
    ck_assert_int_eq(count_descriptors(), before);
    if (!PL_ASAN && !PL_TSAN && !PL_MSAN) /* whose own mappings change */
        ck_assert_int_le(count_mappings(), mappings + MORE_MAPPINGS);
}
END_TEST

/* ---- several threads ---------------------------------------------------------------------------------------- */

enum { PUTTERS = 3, TAKERS = 3, EACH = 3000 };
static parallel_stream *shared;
static atomic_int seen[PUTTERS * EACH], wrong;

static void *put_all(void *number)
{
    int k = *(int *)number;
    for (int i = 0; i < EACH; i++)
        while (put(shared, k * EACH + i) != 0) {
            if (errno != EAGAIN)
                wrong++;
            pl_test_sleep(50);
        }
    return NULL;
}

static void *take_all(void *seconds)
{
    parallel_item item;
    size_t before = 0;
    int r;
    while ((r = parallel_stream_next(shared, &item, *(double *)seconds)) != 0) {
        if (r < 0) {
            wrong += errno != ETIMEDOUT;
            continue;
        }
        wrong += before && item.index <= before;
        before = item.index;
        seen[*(const int *)item.arg]++;
    }
    return NULL;
}

START_TEST(from_several_threads)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(2);
    PARALLEL_SCOPED parallel_stream *s = shared = open_stream(_i, 10, pool);
    pthread_t putters[PUTTERS], takers[TAKERS];
    int numbers[PUTTERS];
    double seconds[TAKERS] = {-1, -1, 0.001};
    for (int i = 0; i < TAKERS; i++)
        ck_assert_int_eq(pthread_create(&takers[i], NULL, take_all, &seconds[i]), 0);
    for (int i = 0; i < PUTTERS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&putters[i], NULL, put_all, &numbers[i]), 0);
    }
    for (int i = 0; i < PUTTERS; i++)
        pthread_join(putters[i], NULL);
    parallel_stream_end(s);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(takers[i], NULL);
    ck_assert_int_eq(wrong, 0);
    for (int i = 0; i < PUTTERS * EACH; i++)
        ck_assert_int_eq(seen[i], 1);
}
END_TEST

/* A hundred at once, of one thread. */
START_TEST(a_hundred_at_once)
{
    enum { STREAMS = 100, ITEMS = 60 };
    pl_workers(2);
    parallel_stream *all[STREAMS];
    int given[STREAMS] = {0}, taken[STREAMS] = {0};
    for (int k = 0; k < STREAMS; k++)
        ck_assert_ptr_nonnull(all[k] = parallel_stream_open(square, .window = 1 + (size_t)k % 9));
    for (int left = STREAMS; left > 0;)
        for (int k = 0; k < STREAMS; k++) {
            if (taken[k] == ITEMS)
                continue;
            while (given[k] < ITEMS && put(all[k], given[k]) == 0)
                given[k]++;
            int i = next(all[k], k % 2 ? -1 : 1000);
            ck_assert_int_eq(i, taken[k]);
            left -= ++taken[k] == ITEMS;
        }
    for (int k = 0; k < STREAMS; k++)
        parallel_stream_free(all[k]);
}
END_TEST

/* ---- in tasks, and in a child process ----------------------------------------------------------------------- */

static int use_stream(const int *n, long *sum, void *extras)
{
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square, .window = 3);
    parallel_item item;
    (void)extras;
    *sum = 0;
    for (int i = 0; i < *n; i++)
        while (put(s, i) != 0)
            if (parallel_stream_next(s, &item, -1) == 1)
                *sum += *(const long *)item.result;
    parallel_stream_end(s);
    while (parallel_stream_next(s, &item, -1) == 1)
        *sum += *(const long *)item.result;
    return 0;
}
PARALLEL_DECORATE_TASK(use_stream, int, long);

START_TEST(streams_in_tasks)
{
    pl_workers(pl_worker_counts[_i]);
    int n[60];
    long sums[60];
    for (int i = 0; i < 60; i++)
        n[i] = i;
    ck_assert_int_eq(parallel_map_into(use_stream, n, 60, sums), 0);
    for (long i = 1; i < 60; i++)
        ck_assert_int_eq(sums[i], (i - 1) * i * (2 * i - 1) / 6);
}
END_TEST

static int take_own(const int *arg, long *code, void *stream)
{
    parallel_item item;
    (void)arg;
    *code = parallel_stream_next(*(parallel_stream **)stream, &item, -1) == -1 ? errno : 0;
    parallel_stream_free(*(parallel_stream **)stream);
    return 0;
}
PARALLEL_DECORATE_TASK(take_own, int, long);

START_TEST(not_in_its_own_tasks)
{
    pl_workers(2);
    parallel_stream *s = NULL;
    parallel_item item;
    s = parallel_stream_open(take_own, .extras = &s);
    ck_assert_int_eq(put(s, 1), 0);
    ck_assert_int_eq(parallel_stream_next(s, &item, 1000), 1);
    ck_assert_int_eq(*(const long *)item.result, EDEADLK);
    parallel_stream_free(s);
}
END_TEST

#if !PL_TSAN /* it knows no threads of children */
START_TEST(in_a_child)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square, .window = 8);
    for (int i = 0; i < 5; i++)
        put(s, i);
    pid_t child = fork();
    if (child == 0) {
        bool well = put(s, 1) == -1 && errno == ECHILD && next(s, -1) == -2 - ECHILD;
        parallel_stream_free(s);
        parallel_stream *own = parallel_stream_open(square);
        well = well && own && put(own, 3) == 0 && next(own, -1) == 0;
        parallel_stream_free(own);
        _exit(well ? 0 : 1);
    }
    int status;
    ck_assert(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(next(s, -1), i);
}
END_TEST
#endif

START_TEST(what_is_wrong)
{
    pl_workers(2);
    parallel_item item;
    const char *names[1] = {"a"};
    parallel_stream_free(NULL);
    ck_assert(put(NULL, 1) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_end(NULL) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_fd(NULL) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_next(NULL, &item, 0) == -1 && errno == EINVAL);
    ck_assert(!parallel_stream_open(square, .names = names) && errno == EINVAL);
    ck_assert(!parallel_stream_open(square, .deferred = true) && errno == EINVAL);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square);
    ck_assert(parallel_stream_put(s, NULL) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_next(s, NULL, 0) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_next(s, &item, NAN) == -1 && errno == EINVAL);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, one_after_the_other, 0, WAYS);
    tcase_add_test(c, the_window_counts_what_is_not_taken);
    tcase_add_test(c, an_item_stays);
    tcase_add_loop_test(c, a_failure_ends_it, 0, WAYS);
    tcase_add_test(c, the_first_failure_to_end);
    tcase_add_test(c, a_cancel);
    tcase_add_loop_test(c, a_cancel_in_a_signal_handler, 0, WAYS);
    tcase_add_loop_test(c, what_runs_is_waited_for, 0, 10);
    tcase_add_test(c, times);
    tcase_add_loop_test(c, readable_while_there_is_something, 0, WAYS);
    tcase_add_loop_test(c, readable_when_its_time_is_over, 0, WAYS);
    tcase_add_test(c, readable_after_a_failure);
    tcase_add_test(c, rounds_of_open_put_cancel);
    tcase_add_loop_test(c, from_several_threads, 0, WAYS);
    tcase_add_test(c, a_hundred_at_once);
    tcase_add_loop_test(c, streams_in_tasks, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, not_in_its_own_tasks);
#if !PL_TSAN
    tcase_add_test(c, in_a_child);
#endif
    tcase_add_test(c, what_is_wrong);
    return pl_run("open streams", c);
}
