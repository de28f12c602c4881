/* SPDX-License-Identifier: MIT */
/* How the ends of calls in the background reach event loops: by descriptors, and by notifications. */
#include <sys/resource.h>

#include "support/ends.h"
#include "support/process.h"
#include "support/sanitizers.h"

#ifdef __linux__
#include <sys/epoll.h>
#endif

enum { N = 50 };

static struct job jobs[N];

/* Tasks that wait at the gate, on threads, or on worker processes, where the gate is a snapshot's. */
static parallel_executor *at_the_gate(int n)
{
    set_gate(false);
    fill_jobs(jobs, n, true);
    parallel_executor *ex = parallel_async_map(work, jobs, (size_t)n);
    ck_assert_ptr_nonnull(ex);
    return ex;
}

/* ---- descriptors -------------------------------------------------------------------------------------------- */

START_TEST(readable_from_the_end_on)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 3; round++) {
        PARALLEL_SCOPED parallel_executor *ex = at_the_gate(N);
        int fd = parallel_executor_fd(ex);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert(!is_readable(fd, 5));
        set_gate(true);
        ck_assert(is_readable(fd, -1));
        ck_assert(parallel_executor_done(ex));
        ck_assert_int_eq(parallel_executor_wait(ex, 0), 0);
        ck_assert(all_right(parallel_executor_results(ex), N));
        ck_assert(is_readable(fd, 0));
        ck_assert_int_eq(parallel_executor_shutdown(ex), 0);
        ck_assert(is_readable(fd, 0));
        ck_assert_int_eq(parallel_executor_fd(ex), fd);
    }
}
END_TEST

START_TEST(asked_for_after_the_end)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_executor *ex = at_the_gate(1);
    set_gate(true);
    ck_assert(all_right(parallel_executor_results(ex), 1));
    int fd = parallel_executor_fd(ex);
    ck_assert(is_readable(fd, 0));
    ck_assert_int_eq(parallel_executor_fd(ex), fd);
}
END_TEST

/* Which way a call ends. */
START_TEST(every_end_is_one)
{
    pl_workers(pl_worker_counts[_i]);
    jobs[0] = (struct job){.code = EIO};
    PARALLEL_SCOPED parallel_executor *failed = parallel_async_map(work, jobs, 1, .deferred = true);
    int fd = parallel_executor_fd(failed);
    ck_assert(!is_readable(fd, 2));
    ck_assert_int_eq(parallel_executor_start(failed), 0);
    ck_assert(is_readable(fd, -1));
    ck_assert_ptr_null(parallel_executor_results(failed));

    PARALLEL_SCOPED parallel_executor *cancelled = at_the_gate(N);
    fd = parallel_executor_fd(cancelled);
    parallel_cancel(cancelled);
    ck_assert(is_readable(fd, -1));
    ck_assert_int_eq(parallel_executor_status(cancelled), PARALLEL_FAILED);

    PARALLEL_SCOPED parallel_executor *never = parallel_async_map(work, jobs, N, .deferred = true);
    fd = parallel_executor_fd(never);
    ck_assert(!is_readable(fd, 2));
    ck_assert_int_eq(parallel_executor_shutdown(never), 0);
    ck_assert(is_readable(fd, 0));

    set_gate(true);
    PARALLEL_SCOPED parallel_executor *serial = parallel_async_map(work, jobs, N, .executor = PARALLEL_SERIAL);
    ck_assert(is_readable(parallel_executor_fd(serial), 0));
    PARALLEL_SCOPED parallel_executor *none = parallel_async_map(work, jobs, 0);
    ck_assert(is_readable(parallel_executor_fd(none), -1));
}
END_TEST

/* Cancelled, it is readable when the last running task has given up, and not before. */
static atomic_bool may_end;

static int linger(const int *arg, int *result, void *extras)
{
    (void)extras;
    *result = *arg;
    count_one(&begun);
    while (!atomic_load_explicit(&may_end, memory_order_relaxed))
        pl_test_sleep(200);
    return 0;
}
PARALLEL_DECORATE_TASK(linger, int, int);

START_TEST(cancelled_but_still_running)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async(linger, 1);
    int fd = parallel_executor_fd(ex);
    await_begun(1);
    parallel_cancel(ex);
    ck_assert(!is_readable(fd, 10));
    atomic_store_explicit(&may_end, true, memory_order_relaxed);
    ck_assert(is_readable(fd, -1));
}
END_TEST

START_TEST(on_worker_processes)
{
    pl_workers(2);
    set_gate(true);
    fill_jobs(jobs, N, true);
    PARALLEL_SCOPED parallel_executor *ex = parallel_process_async_map(work, jobs, N, .deferred = true);
    struct note note = {.calls = 0};
    ck_assert_int_eq(parallel_executor_notify(ex, take_note, &note), 0);
    int fd = parallel_executor_fd(ex);
    ck_assert(!is_readable(fd, 2));
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    ck_assert(is_readable(fd, -1));
    ck_assert(all_right(parallel_executor_results(ex), N));
    await_note(&note);
}
END_TEST

/* Nothing is left open; and none are opened that are not asked for. */
START_TEST(descriptors_are_closed)
{
    pl_workers(2);
    set_gate(true);
    fill_jobs(jobs, N, false);
    parallel_executor_free(parallel_async_map(work, jobs, N));
    int before = count_descriptors();
    for (int round = 0; round < 20; round++) {
        parallel_executor *ex[3] = {parallel_async_map(work, jobs, N), parallel_async_map(work, jobs, N),
                                    parallel_async_map(work, jobs, N, .deferred = true)};
        ck_assert_int_eq(count_descriptors(), before);
        for (int k = 0; k < 3; k++)
            ck_assert_int_ge(parallel_executor_fd(ex[k]), 0);
        ck_assert_int_gt(count_descriptors(), before);
        for (int k = 0; k < 3; k++)
            parallel_executor_free(ex[k]);
        ck_assert_int_eq(count_descriptors(), before);
    }
}
END_TEST

START_TEST(no_descriptors_left)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_executor *ex = at_the_gate(N);
    struct rlimit old, few;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    errno = 0;
    int fd = parallel_executor_fd(ex), code = errno;
    setrlimit(RLIMIT_NOFILE, &old);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(code, EMFILE);
    ck_assert_int_ge(fd = parallel_executor_fd(ex), 0); /* once there are some again */
    ck_assert(!is_readable(fd, 2));
    set_gate(true);
    ck_assert(is_readable(fd, -1));
    ck_assert(all_right(parallel_executor_results(ex), N));
    errno = 0;
    ck_assert_int_eq(parallel_executor_fd(NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

#ifdef __linux__
/* One edge, for loops that want those. */
START_TEST(one_edge)
{
    pl_workers(2);
    int loop = epoll_create1(EPOLL_CLOEXEC);
    for (int round = 0; round < 3; round++) {
        PARALLEL_SCOPED parallel_executor *ex = at_the_gate(N);
        struct epoll_event event = {.events = EPOLLIN | EPOLLET};
        ck_assert_int_eq(epoll_ctl(loop, EPOLL_CTL_ADD, parallel_executor_fd(ex), &event), 0);
        ck_assert_int_eq(epoll_wait(loop, &event, 1, 2), 0);
        set_gate(true);
        ck_assert_int_eq(epoll_wait(loop, &event, 1, -1), 1);
        ck_assert_uint_eq(event.events, EPOLLIN);
        ck_assert(all_right(parallel_executor_results(ex), N));
        ck_assert_int_eq(epoll_wait(loop, &event, 1, 2), 0);
        ck_assert_int_eq(epoll_ctl(loop, EPOLL_CTL_DEL, parallel_executor_fd(ex), NULL), 0);
    }
    close(loop);
}
END_TEST
#endif

/* ---- fork --------------------------------------------------------------------------------------------------- */

#define CHILD_CHECK(condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            _exit(__LINE__ % 200 + 1); /* which says where */                                                          \
    } while (0)

static void in_the_child(parallel_executor *flying, parallel_executor *later, struct note *note, bool full, int fd,
                         int later_fd)
{
    int calls = notes_taken(note);
    if (full) { /* no descriptor is left beside those there are */
        struct rlimit few = {.rlim_cur = 0};
        getrlimit(RLIMIT_NOFILE, &few);
        few.rlim_cur = (rlim_t)later_fd + 2; /* a pipe has two */
        CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
        while (dup(0) >= 0) {
        }
    }
    CHILD_CHECK(parallel_executor_fd(flying) == fd && is_readable(fd, 0));
    CHILD_CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    errno = 0;
    CHILD_CHECK(!parallel_executor_result(flying) && errno == ECHILD);
    CHILD_CHECK(notes_taken(note) == calls); /* that was the parent's */
    CHILD_CHECK(parallel_executor_notify(flying, take_note, note) == 0 && notes_taken(note) == calls + 1);
    errno = 0;
    CHILD_CHECK(parallel_executor_notify(flying, take_note, note) == -1 && errno == EALREADY);
    CHILD_CHECK(parallel_executor_any(&flying, 1, -1) == 0);
    CHILD_CHECK(parallel_executor_fd(later) == later_fd && !is_readable(later_fd, 2));
    set_gate(true);
    CHILD_CHECK(parallel_executor_start(later) == 0 && is_readable(later_fd, -1));
    CHILD_CHECK(all_right(parallel_executor_results(later), N));
    CHILD_CHECK(notes_taken(note) == calls + 2 || (pl_test_sleep(100000), notes_taken(note) == calls + 2));
    parallel_executor_free(flying);
    parallel_executor_free(later);
    CHILD_CHECK(fcntl(fd, F_GETFD) < 0);
}

/* Nothing that the child does is seen in the parent's descriptors. Index: whether the child has none to spare. */
START_TEST(fork_in_the_middle)
{
    pl_workers(2);
    if (PL_SANITIZED || !pl_threads_after_fork()) /* an allocator may be locked in the child for good */
        return;
    for (int round = 0; round < 3; round++) {
        struct note note = {.calls = 0};
        parallel_executor *flying = at_the_gate(N);
        parallel_executor *later = parallel_async_map(work, jobs, N, .deferred = true);
        int fd = parallel_executor_fd(flying), later_fd = parallel_executor_fd(later);
        ck_assert_int_eq(parallel_executor_notify(flying, take_note, &note), 0);
        ck_assert_int_eq(parallel_executor_notify(later, take_note, &note), 0);
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            in_the_child(flying, later, &note, _i, fd, later_fd);
            exit(0);
        }
        int status = pl_status_of(child);
        ck_assert_msg(status == 0, "line %d", status - 1);
        ck_assert(!is_readable(fd, 5) && !is_readable(later_fd, 0));
        ck_assert_int_eq(notes_taken(&note), 0);
        set_gate(true);
        ck_assert(is_readable(fd, -1));
        ck_assert(all_right(parallel_executor_results(flying), N));
        await_note(&note);
        parallel_executor_free(flying);
        parallel_executor_free(later); /* which is told, too */
        ck_assert_int_eq(notes_taken(&note), 2);
    }
}
END_TEST

/* ---- notifications ------------------------------------------------------------------------------------------ */

START_TEST(notified_once)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 20; round++) {
        struct note note = {.calls = 0};
        parallel_executor *ex = at_the_gate(N);
        ck_assert_int_eq(parallel_executor_notify(ex, take_note, &note), 0);
        ck_assert_int_eq(notes_taken(&note), 0);
        set_gate(true);
        if (round % 2)
            ck_assert(all_right(parallel_executor_results(ex), N));
        else
            await_note(&note);
        parallel_executor_free(ex);
        ck_assert_int_eq(notes_taken(&note), 1);
        ck_assert_ptr_eq(note.ex, ex);
        ck_assert_int_eq(note.status, PARALLEL_DONE);
        if (round % 2 == 0)
            ck_assert(!pthread_equal(note.thread, pthread_self()));
    }
}
END_TEST

START_TEST(notified_after_the_end)
{
    pl_workers(2);
    struct note note = {.calls = 0}, other = {.calls = 0};
    PARALLEL_SCOPED parallel_executor *ex = at_the_gate(N);
    set_gate(true);
    ck_assert(all_right(parallel_executor_results(ex), N));
    ck_assert_int_eq(parallel_executor_notify(ex, NULL, NULL), 0);
    ck_assert_int_eq(parallel_executor_notify(ex, take_note, &note), 0);
    ck_assert_int_eq(notes_taken(&note), 1);
    ck_assert(pthread_equal(note.thread, pthread_self()));
    for (int k = 0; k < 2; k++) {
        errno = 0;
        ck_assert_int_eq(parallel_executor_notify(ex, k ? NULL : take_note, &other), -1);
        ck_assert_int_eq(errno, EALREADY);
    }
    ck_assert_int_eq(notes_taken(&note), 1);
    ck_assert_int_eq(notes_taken(&other), 0);
    ck_assert_int_eq(parallel_executor_notify(NULL, take_note, &other), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(replaced_and_taken_back)
{
    pl_workers(pl_worker_counts[_i]);
    struct note first = {.calls = 0}, second = {.calls = 0}, taken = {.calls = 0};
    parallel_executor *ex = at_the_gate(N), *other = parallel_async_map(work, jobs, N);
    ck_assert_int_eq(parallel_executor_notify(ex, take_note, &first), 0);
    ck_assert_int_eq(parallel_executor_notify(ex, take_note, &second), 0);
    ck_assert_int_eq(parallel_executor_notify(other, take_note, &taken), 0);
    ck_assert_int_eq(parallel_executor_notify(other, NULL, NULL), 0);
    ck_assert_int_eq(parallel_executor_notify(other, NULL, NULL), 0);
    set_gate(true);
    ck_assert(all_right(parallel_executor_results(other), N));
    parallel_executor_free(ex);
    parallel_executor_free(other);
    ck_assert_int_eq(notes_taken(&first), 0);
    ck_assert_int_eq(notes_taken(&second), 1);
    ck_assert_int_eq(notes_taken(&taken), 0);
}
END_TEST

/* Also of what was never started, cancelled, or runs where it is made. */
START_TEST(notified_of_every_end)
{
    pl_workers(2);
    struct note notes[4] = {{.calls = 0}};
    PARALLEL_SCOPED parallel_executor *never = parallel_async_map(work, jobs, N, .deferred = true);
    ck_assert_int_eq(parallel_executor_notify(never, take_note, &notes[0]), 0);
    ck_assert_int_eq(parallel_executor_shutdown(never), 0);
    ck_assert_int_eq(notes_taken(&notes[0]), 1);
    ck_assert_int_eq(notes[0].status, PARALLEL_FAILED);

    parallel_executor *freed = parallel_async_map(work, jobs, N, .deferred = true);
    ck_assert_int_eq(parallel_executor_notify(freed, take_note, &notes[1]), 0);
    parallel_executor_free(freed);
    ck_assert_int_eq(notes_taken(&notes[1]), 1);

    PARALLEL_SCOPED parallel_executor *cancelled = at_the_gate(N);
    ck_assert_int_eq(parallel_executor_notify(cancelled, take_note, &notes[2]), 0);
    parallel_cancel(cancelled);
    await_note(&notes[2]);
    ck_assert_int_eq(notes[2].status, PARALLEL_FAILED);

    set_gate(true);
    PARALLEL_SCOPED parallel_executor *serial =
        parallel_async_map(work, jobs, N, .deferred = true, .executor = PARALLEL_SERIAL);
    ck_assert_int_eq(parallel_executor_notify(serial, take_note, &notes[3]), 0);
    ck_assert_int_eq(parallel_executor_start(serial), 0);
    ck_assert_int_eq(notes_taken(&notes[3]), 1);
}
END_TEST

/* What can be done in it. */
static atomic_int inside;

static void look_around(parallel_executor *ex, void *data)
{
    int *codes = data;
    errno = 0;
    parallel_executor_free(ex);
    codes[0] = errno;
    codes[1] = parallel_executor_shutdown(ex) == -1 ? errno : 0;
    codes[2] = all_right(parallel_executor_results(ex), N);
    codes[3] = (int)parallel_executor_status(ex);
    codes[4] = parallel_executor_notify(ex, take_note, NULL) == -1 ? errno : 0;
    codes[5] = parallel_executor_wait(ex, -1);
    codes[6] = parallel_executor_any(&ex, 1, -1);
    codes[7] = is_readable(parallel_executor_fd(ex), 0);
    parallel_cancel(ex);
    pl_test_sleep(20000); /* who frees the executor waits for that */
    atomic_store_explicit(&inside, 1, memory_order_release);
    errno = 77;
}

START_TEST(in_a_notification)
{
    pl_workers(pl_worker_counts[_i % PL_WORKER_COUNTS]);
    int codes[8] = {0};
    parallel_executor *ex = at_the_gate(N);
    bool before = _i < PL_WORKER_COUNTS;
    if (before)
        ck_assert_int_eq(parallel_executor_notify(ex, look_around, codes), 0);
    set_gate(true);
    ck_assert(is_readable(parallel_executor_fd(ex), -1));
    errno = 55;
    if (!before)
        ck_assert_int_eq(parallel_executor_notify(ex, look_around, codes), 0);
    parallel_executor_free(ex);
    ck_assert_int_eq(errno, 55);
    ck_assert_int_eq(atomic_load_explicit(&inside, memory_order_acquire), 1);
    const int right[8] = {EDEADLK, EDEADLK, true, PARALLEL_DONE, EALREADY, 0, 0, true};
    for (int k = 0; k < 8; k++)
        ck_assert_msg(codes[k] == right[k], "%d: %d", k, codes[k]);
}
END_TEST

/* Ends and requests for them at the same time: none is lost, whichever is first. */
START_TEST(races_with_the_end)
{
    pl_workers(pl_worker_counts[_i]);
    set_gate(true);
    fill_jobs(jobs, N, false);
    for (int round = 0; round < 500; round++) {
        struct note note = {.calls = 0};
        parallel_executor *ex = parallel_async_map(work, jobs, 1 + round % 3);
        for (int k = 0; k < round % 50; k++)
            pl_test_sleep(0);
        int fd = round % 2 ? parallel_executor_fd(ex) : -1;
        ck_assert_int_eq(parallel_executor_notify(ex, take_note, &note), 0);
        if (fd < 0)
            fd = parallel_executor_fd(ex);
        ck_assert(is_readable(fd, -1));
        await_note(&note);
        parallel_executor_free(ex);
        ck_assert_int_eq(notes_taken(&note), 1);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, readable_from_the_end_on, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, asked_for_after_the_end);
    tcase_add_loop_test(c, every_end_is_one, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, cancelled_but_still_running);
    tcase_add_test(c, on_worker_processes);
    tcase_add_test(c, descriptors_are_closed);
    tcase_add_test(c, no_descriptors_left);
#ifdef __linux__
    tcase_add_test(c, one_edge);
#endif
    tcase_add_loop_test(c, fork_in_the_middle, 0, 2);
    tcase_add_loop_test(c, notified_once, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, notified_after_the_end);
    tcase_add_loop_test(c, replaced_and_taken_back, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, notified_of_every_end);
    tcase_add_loop_test(c, in_a_notification, 0, 2 * PL_WORKER_COUNTS);
    tcase_add_loop_test(c, races_with_the_end, 0, PL_WORKER_COUNTS);
    return pl_run("api/async_ends", c);
}
