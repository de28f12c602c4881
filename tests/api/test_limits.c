/* SPDX-License-Identifier: MIT */
/* What the system allows a process: files, memory, stacks, threads; and how it ends in the midst of a task. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <parallel.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/workers.h"

PARALLEL_TASK(int, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    int b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

static int nap(int x)
{
    pl_test_sleep(500);
    return x + 1;
}
PARALLEL_DECORATE(nap, int, int);

/* Calls on threads, which need nothing. */
static bool threads_work(void)
{
    int in[32], out[32];
    for (int i = 0; i < 32; i++)
        in[i] = i;
    bool right = parallel_map_into(nap, in, 32, out, .max_workers = 8) == 0;
    for (int i = 0; i < 32; i++)
        right = right && out[i] == i + 1;
    return right && PARALLEL_RUN(fib, 16) == 987;
}

/* In a child of the test, which ends with this status. */
static int in_a_child(int (*run)(int number), int number)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGALRM, SIG_DFL); /* Check has its own use for it */
        alarm(100);
        _exit(run(number));
    }
    return pl_status_of(child);
}

/* ---- files ------------------------------------------------------------------------------------------------- */

/* With so many free numbers for files: a call fails with the code that says so, or its workers have none of the
 * program's files: who waits for the end of a pipe is not kept waiting by them. 0: it has failed; 1: it worked; more:
 * something is wrong. */
static int with_free_numbers(int number)
{
    enum { MOST = 64 };
    int files[MOST], count = 0, ends[2];
    struct rlimit before, few;
    if (pipe(ends) != 0 || getrlimit(RLIMIT_NOFILE, &before) != 0)
        return 2;
    few = before;
    few.rlim_cur = MOST;
    setrlimit(RLIMIT_NOFILE, &few);
    while (count < MOST && (files[count] = dup(ends[1])) >= 0)
        count++;
    for (int i = 0; i < number && count > 0; i++)
        close(files[--count]);
    errno = 0;
    bool works = pl_call_works(1);
    int error = errno;
    while (count > 0)
        close(files[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    close(ends[1]);
    struct pollfd end = {.fd = ends[0]};
    if (works && poll(&end, 1, 20000) != 1)
        return 3;
    if (!works && error != EMFILE)
        return 4;
    return pl_call_works(1) ? works : 5;
}

START_TEST(few_files)
{
    bool any = false;
    pl_workers(2);
    for (int number = 0; number < 8; number++) {
        int status = in_a_child(with_free_numbers, number);
        ck_assert_msg(status == 0 || status == 1, "with %d free numbers: %d", number, status);
        any |= status == 1;
    }
    ck_assert(any);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------------ */

static const size_t rooms[] = {0, 16, 100, 512, 3000, 9000, 40000, 300000, 1500000, 5000000};
enum { ROOMS = sizeof rooms / sizeof rooms[0] };

/* The stack is address space, too. */
__attribute__((noinline)) static void touch_stack(void)
{
    volatile char bytes[512 << 10];
    for (size_t i = 0; i < sizeof bytes; i += 512)
        bytes[i] = 1;
}

/* With so little room, calls of each kind work, or say that there is no memory; and then they work. 0: all is right. */
static int with_little_room(int number)
{
    struct rlimit before;
    touch_stack();
    if (!pl_take_away_room(&before, rooms[number] << 10))
        return 0;
    bool tasks = PARALLEL_RUN(fib, 16) == 987;
    int errors[ALL_KINDS];
    for (int kind = 0; kind < ALL_KINDS; kind++) {
        errno = 0;
        errors[kind] = pl_call_works(kind) ? 0 : errno ? errno : -1;
    }
    parallel_executor *ex = parallel_async_map(nap, ((int[]){1, 2, 3}), 3);
    parallel_results *r = ex ? parallel_executor_results(ex) : NULL;
    int error = r ? 0 : errno;
    parallel_executor_free(ex);
    setrlimit(RLIMIT_AS, &before);
    if (!tasks)
        return 1;
    for (int kind = 0; kind < ALL_KINDS; kind++)
        if (errors[kind] && errors[kind] != ENOMEM && errors[kind] != EAGAIN)
            return 10 + kind;
    if (error && error != ENOMEM)
        return 2;
    for (int kind = 0; kind < ALL_KINDS; kind++)
        if (!pl_call_works(kind))
            return 20 + kind;
    return threads_work() ? 0 : 3;
}

START_TEST(little_memory)
{
    if (PL_SANITIZED)
        return;
    pl_workers(4);
    ck_assert_int_eq(in_a_child(with_little_room, _i), 0);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------------------------- */

static void *do_nothing(void *unused)
{
    return unused;
}

/* As a user who may have no further process or thread. 0: all is right; 77: there is no such user. */
static int without_threads(int unused)
{
    struct rlimit before, none;
    pthread_t thread;
    (void)unused;
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        return 77;
    if (getrlimit(RLIMIT_NPROC, &before) != 0)
        return 77;
    none = before;
    none.rlim_cur = 0;
    if (setrlimit(RLIMIT_NPROC, &none) != 0 || pthread_create(&thread, NULL, do_nothing, NULL) == 0)
        return 77;
    if (!threads_work())
        return 1;
    parallel_executor *ex = parallel_async_map(nap, ((int[]){1, 2, 3}), 3);
    const parallel_results *r = parallel_executor_results(ex);
    if (!r || ((const int *)parallel_values(r))[2] != 4)
        return 2;
    parallel_executor_free(ex);
    parallel_executor_free(parallel_async_map(nap, ((int[]){1, 2, 3}), 3));
    for (int kind = 0; kind < PROCESS_KINDS; kind++)
        if (pl_call_works(kind) || errno != EAGAIN)
            return 3;
    setrlimit(RLIMIT_NPROC, &before);
    pl_test_sleep(150000); /* after a while, the library tries again */
    for (int kind = 0; kind < ALL_KINDS; kind++)
        if (!pl_call_works(kind))
            return 10 + kind;
    return threads_work() && (pl_count_threads() > 1 || !pl_has_proc()) ? 0 : 4;
}

START_TEST(no_threads)
{
    if (PL_SANITIZED)
        return;
    pl_workers(4);
    int status = in_a_child(without_threads, 0);
    ck_assert(status == 0 || status == 77);
}
END_TEST

#ifdef __linux__

/* The signals that a thread blocks, as bits; all of them if it has ended. */
static unsigned long long blocked(const char *thread)
{
    char path[300], line[200];
    unsigned long long mask = ~0ULL;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "SigBlk: %llx", &mask) == 1)
            break;
    if (status)
        fclose(status);
    return mask;
}

/* Workers without work block all signals but those that their own faults raise, the profiler's, and those that the C
 * library needs. */
START_TEST(workers_block_all_but_faults)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF, SIGKILL, SIGSTOP};
    unsigned long long expected = ~0ULL;
    char self[32];
    int count = 0;
    if (PL_SANITIZED || pl_emulated() || !pl_has_proc()) /* they have threads, and an emulator masks of its own */
        return;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        expected &= ~(1ULL << (faults[i] - 1));
    for (int number = 32; number < SIGRTMIN; number++)
        expected &= ~(1ULL << (number - 1));
    pl_workers(4);
    unsigned long long before = blocked(self + (snprintf(self, sizeof self, "%d", (int)getpid()) < 0));
    ck_assert(threads_work());
    parallel_executor *ex = parallel_async_map(nap, ((int[]){1, 2, 3}), 3);
    DIR *threads = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(threads);
    for (struct dirent *entry; (entry = readdir(threads));) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, self) == 0)
            continue;
        unsigned long long mask = blocked(entry->d_name);
        /* one that begins or ends blocks more, by the C library */
        for (int look = 0; look < 2000 && mask != expected && mask != ~0ULL; look++) {
            pl_test_sleep(1000);
            mask = blocked(entry->d_name);
        }
        if (mask == ~0ULL)
            continue;
        ck_assert_uint_eq(mask, expected);
        count++;
    }
    closedir(threads);
    parallel_executor_free(ex);
    ck_assert_int_gt(count, 0);
    ck_assert_uint_eq(blocked(self), before);
}
END_TEST

/* ---- stacks ------------------------------------------------------------------------------------------------ */

/* Uses so many bytes of the stack. */
__attribute__((noinline)) static long use_stack(long bytes)
{
    volatile char frame[1024];
    frame[0] = 1;
    frame[1023] = bytes > 2048 ? (char)use_stack(bytes - 1200) : 1;
    return frame[0] + frame[1023] - 1;
}

static int use(long bytes)
{
    pl_test_sleep(300);
    return (int)use_stack(bytes);
}
PARALLEL_DECORATE(use, long, int);

PARALLEL_TASK(int, use_in_a_task, long, bytes)
{
    return use(bytes);
}

PARALLEL_TASK(int, use_in_tasks, long, bytes)
{
    int sum = 0;
    for (int i = 0; i < 16; i++)
        PARALLEL_SPAWN(use_in_a_task, bytes);
    for (int i = 0; i < 16; i++)
        sum += PARALLEL_SYNC(use_in_a_task);
    return sum;
}

/* Tasks of all kinds that need so much of it. 0: all is right. */
static int use_stacks(long bytes)
{
    long in[16];
    for (int i = 0; i < 16; i++)
        in[i] = bytes;
    for (int kind = 0; kind < ALL_KINDS; kind++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(use, in, 16, ON(kind));
        for (int i = 0; i < 16; i++)
            if (!r || ((const int *)parallel_values(r))[i] != 1)
                return 1 + kind;
    }
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(use, in, 16);
    if (!ex || !parallel_executor_results(ex))
        return 11;
    return PARALLEL_RUN(use_in_tasks, bytes) == 16 ? 0 : 12;
}

/* The limit on a stack when the program begins, and what a task can use then: the C library and the system take a part,
 * and without a limit, the former gives threads 2 MB. */
static const struct {
    rlim_t limit;
    long use;
} stacks[] = {{64 << 10, 8 << 10}, {256 << 10, 160 << 10}, {8 << 20, 7 << 20}, {RLIM_INFINITY, 3 << 19}};
enum { STACKS = sizeof stacks / sizeof stacks[0] };

static int begin_anew(int number)
{
    struct rlimit limit;
    char text[32];
    getrlimit(RLIMIT_STACK, &limit);
    if (limit.rlim_max < stacks[number].limit)
        return 0; /* it may not be so high */
    limit.rlim_cur = stacks[number].limit;
    if (setrlimit(RLIMIT_STACK, &limit) != 0)
        return 0;
    snprintf(text, sizeof text, "%ld", stacks[number].use);
    setenv("LIMITS_STACK", text, 1);
    execl("/proc/self/exe", "test_limits", (char *)NULL);
    return 99;
}

START_TEST(tasks_have_the_programs_stack)
{
    if (PL_SANITIZED || pl_emulated() || !pl_has_proc()) /* nothing of another machine can be executed */
        return;
    pl_workers(4);
    ck_assert_int_eq(in_a_child(begin_anew, _i), 0);
}
END_TEST

#endif

/* ---- ends -------------------------------------------------------------------------------------------------- */

static atomic_int *handled;
static pthread_t main_thread;
static int way; /* how it ends */

static void note_end(void)
{
    pl_add(handled, 1);
}

/* Only one does: of two at once, the C library lets the second end the program before the first one's handlers have
 * run. */
static void leave(void)
{
    static atomic_flag leaving = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set_explicit(&leaving, memory_order_relaxed))
        pl_test_sleep(1000);
    switch (way) {
    case 0:
        exit(60);
    case 1:
        quick_exit(60);
    default:
        _exit(60);
    }
}

/* On the main thread, or on another. */
static int leave_here(int on_main)
{
    for (int i = 0; i < 20000 && (pthread_equal(pthread_self(), main_thread) != 0) != on_main; i++)
        pl_test_sleep(1000);
    leave();
    return 0;
}
PARALLEL_DECORATE(leave_here, int, int);

PARALLEL_TASK(int, leave_in_a_task, int, spawned)
{
    if (spawned)
        leave();
    PARALLEL_SPAWN(leave_in_a_task, 1);
    return PARALLEL_SYNC(leave_in_a_task);
}

enum { WAYS = 3, PLACES = 5 };

static int end_in_a_task(int number)
{
    int where[8] = {0}, on_main = number / WAYS == 1;
    way = number % WAYS;
    main_thread = pthread_self();
    for (int i = 0; i < 8; i++)
        where[i] = on_main;
    if (atexit(note_end) != 0 || at_quick_exit(note_end) != 0)
        return 1;
    switch (number / WAYS) {
    case 2:
        parallel_executor_results(parallel_async_map(leave_here, where, 8));
        break;
    case 3:
        PARALLEL_RUN(leave_in_a_task, 0);
        break;
    case 4:
        parallel_results_free(parallel_map(leave_here, where, 8, .pool = parallel_pool_new(4)));
        break;
    default:
        parallel_results_free(parallel_map(leave_here, where, 8, .max_workers = 4));
    }
    return 2; /* it has not ended */
}

/* ---- locked memory ----------------------------------------------------------------------------------------- */

#ifdef __linux__
/* A line of what the system says of this process, in MB; -1: it does not. */
static long megabytes(const char *what)
{
    char line[256];
    long kilobytes = -1024;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, what, strlen(what)) == 0)
            kilobytes = atol(line + strlen(what));
    if (f)
        fclose(f);
    return kilobytes / 1024;
}

/* How much a program may lock that is not root's, in MB; 0: root does. */
static const int locks[] = {0, 64, 8};
enum { LOCKS = sizeof locks / sizeof locks[0] };

/* A program locks its memory, and what will be, and then calls. */
static int lock_all(int number)
{
    rlim_t limit = (rlim_t)locks[number] << 20;
    int in[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    if (limit && (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){limit, limit}) != 0 || setuid(65534) != 0))
        return 77;
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        return 77;
    long locked = megabytes("VmLck:"), resident = megabytes("VmRSS:");
    if (!threads_work())
        return 1;
    for (parallel_isolation i = PARALLEL_SNAPSHOT; i <= PARALLEL_PERSISTENT; i++) {
        parallel_results *r = parallel_process_map(nap, in, 8, .isolation = i);
        if (!r || ((const int *)parallel_values(r))[7] != 9)
            return r || errno != ENOMEM ? 2 : 3;
        parallel_results_free(r);
    }
    if (megabytes("VmRSS:") - resident > 256)
        return 4;
    return megabytes("VmLck:") - locked > 1024 ? 5 : 0; /* most of that the C library's: stacks, and heaps of 64 MB */
}

START_TEST(locked_memory)
{
    if (PL_SANITIZED || pl_emulated()) /* they have much that is not to be locked */
        return;
    pl_workers(2);
    int status = in_a_child(lock_all, _i);
    if (status != 77)
        ck_assert_int_eq(status, 0);
}
END_TEST
#endif

/* The program ends with the status that was given, having called what is to be called then. */
START_TEST(ends_in_a_task)
{
    if (PL_TSAN)
        return;
    pl_workers(4);
    handled = pl_shared(sizeof *handled);
    ck_assert_int_eq(in_a_child(end_in_a_task, _i), 60);
    ck_assert_int_eq(pl_count(handled), _i % WAYS < 2 ? 1 : 0);
}
END_TEST

static int slow(int x)
{
    for (volatile int i = 0; i < 300; i++) {
    }
    return x + 1;
}
PARALLEL_DECORATE(slow, int, int);

static void *call_for_ever(void *unused)
{
    int in[100] = {0}, out[100];
    for (;;) {
        parallel_map_into(slow, in, 100, out);
        parallel_shutdown();
    }
    return unused;
}

static int end_while_others_call(int number)
{
    pthread_t thread;
    for (int i = 0; i < 3; i++)
        if (pthread_create(&thread, NULL, call_for_ever, NULL) != 0)
            return 77;
    pl_test_sleep(500 + 100 * number);
    exit(60);
}

/* They may be anywhere in the library when its destructors run. */
START_TEST(ends_while_others_call)
{
    if (PL_TSAN)
        return;
    pl_workers(4);
    for (int round = 0; round < (PL_SANITIZED || pl_emulated() ? 5 : 40); round++) {
        int status = in_a_child(end_while_others_call, round);
        ck_assert_msg(status == 60 || status == 77, "round %d: %d", round, status);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
#ifdef __linux__
    tcase_add_loop_test(c, locked_memory, 0, LOCKS);
    if (getenv("LIMITS_STACK"))
        return use_stacks(atol(getenv("LIMITS_STACK")));
    tcase_add_test(c, workers_block_all_but_faults);
    tcase_add_loop_test(c, tasks_have_the_programs_stack, 0, STACKS);
#endif
    if (!PL_VALGRIND) /* it has files of its own among the program's */
        tcase_add_test(c, few_files);
    tcase_add_loop_test(c, little_memory, 0, ROOMS);
    tcase_add_test(c, no_threads);
    tcase_add_loop_test(c, ends_in_a_task, 0, WAYS * PLACES);
    tcase_add_test(c, ends_while_others_call);
    return pl_run("api/limits", c);
}
