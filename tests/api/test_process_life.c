/* SPDX-License-Identifier: MIT */
/* Worker processes in the life of a program, which does not notice them. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "support/workers.h"

/* What another process tells: what came of its calls, and how often its end came. */
struct told {
    atomic_int outcome, ended;
};
static struct told *told;

static void set_up(void)
{
    pl_no_cores();
    if (!told)
        told = pl_shared(sizeof *told);
    memset(told, 0, sizeof *told);
}

/* ---- nothing is left ---------------------------------------------------------------------------------------- */

#ifdef PL_OS_LINUX

/* Entries of a folder whose names are numbers. */
static int count_numbers(const char *path, bool (*counts)(pid_t number))
{
    int count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += atoi(entry->d_name) > 0 && counts(atoi(entry->d_name));
    if (folder)
        closedir(folder);
    return count;
}

static bool is_any(pid_t number)
{
    return number > 0;
}

/* Whether `pid` descends from this process. */
static bool is_descendant(pid_t pid)
{
    char state;
    for (int depth = 0; depth < 10 && pid > 1; depth++)
        if (!pl_look_at(pid, &pid, &state))
            return false;
        else if (pid == getpid())
            return true;
    return false;
}

static bool is_my_zombie(pid_t pid)
{
    pid_t parent;
    char state;
    return pl_look_at(pid, &parent, &state) && parent == getpid() && state == 'Z';
}

static int count_maps(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int count = 0;
    for (int c; maps && (c = getc(maps)) != EOF;)
        count += c == '\n';
    if (maps)
        fclose(maps);
    return count;
}

static int hurt(const int *how, int *result, void *extras)
{
    (void)extras;
    *result = *how * 3;
    if (*how % 10 == 1)
        raise(SIGKILL);
    while (*how % 10 == 2)
        pause();
    return *how % 10 == 3 ? parallel_fail(EDOM, "%d", *how) : 0;
}
PARALLEL_DECORATE_TASK(hurt, int, int);

static void call_in_turn(int kind, int round, bool background)
{
    int in[] = {0, 1, 4, 3, 5, 6}, hang[] = {2, 2};
    PARALLEL_SCOPED parallel_results *r = round % 4 ? NULL : parallel_map(hurt, in, 6, ON(kind), .silent = true);
    PARALLEL_SCOPED parallel_executor *ex = background ? parallel_async_map(hurt, in + 4, 2, ON(kind)) : NULL;
    if (r)
        ck_assert_uint_eq(parallel_failures(r), 2);
    if (ex)
        ck_assert_ptr_nonnull(parallel_executor_results(ex));
    if (round % 20 == 2)
        ck_assert_ptr_null(parallel_map(hurt, hang, 2, ON(kind), .timeout = 0.001));
    ck_assert(pl_call_works(kind));
}

START_TEST(nothing_is_left)
{
    pl_workers(2);
    set_up();
    bool background = _i >= PROCESS_KINDS;
    int files = 0, maps = 0;
    int rounds = PL_SANITIZED ? 10 : 200; /* where a fork is dear */
#ifdef __GLIBC__
    int spare = 0;
#else
    int spare = rounds / 20; /* other malloc()s map some more now and then, but not in each round */
#endif
    for (int round = -40; round < rounds; round++) {
        call_in_turn(_i % 2, round + 40, background);
        errno = 0;
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        ck_assert_int_eq(errno, ECHILD);
        ck_assert_int_eq(count_numbers("/proc", is_my_zombie), 0);
        int files_now = count_numbers("/proc/self/fd", is_any), maps_now = count_maps();
        if (round < 0) { /* the first calls may set something up */
            files = files_now;
            maps = maps_now > maps ? maps_now : maps;
            continue;
        }
        ck_assert_msg(files_now == files, "round %d: %d files, not %d", round, files_now, files);
        if (!PL_SANITIZED && !background) /* those map memory as they like, and so do threads that come and go */
            ck_assert_msg(maps_now <= maps + spare, "round %d: %d mappings, not %d", round, maps_now, maps);
    }
}
END_TEST

/* Of snapshots, no process is there after the call. */
START_TEST(no_process_is_left)
{
    pl_workers(2);
    for (int round = 0; round < (PL_SANITIZED ? 5 : 50); round++) {
        ck_assert(pl_call_works(0));
        ck_assert_int_eq(count_numbers("/proc", is_descendant), 0);
    }
}
END_TEST

#endif

/* ---- signals ------------------------------------------------------------------------------------------------ */

static atomic_int seen;

static void see(int number)
{
    (void)number;
    pl_add(&seen, 1);
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(number, &action, NULL), 0);
}

static void *handler_of(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 ? (void *)(uintptr_t)action.sa_handler : NULL;
}

/* How signals are in a task: 0 if none is blocked, and the program's handlers are gone. */
static int signals_here(int unused)
{
    (void)unused;
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int s = 1; s < 32; s++)
        if (sigismember(&mask, s) == 1)
            return s;
    return handler_of(SIGUSR1) != (void *)(uintptr_t)SIG_DFL;
}
PARALLEL_DECORATE(signals_here, int, int);

static bool signals_are_good_in_tasks(int kind)
{
    int in[4] = {0};
    PARALLEL_SCOPED parallel_results *r = parallel_map(signals_here, in, 4, ON(kind));
    const int *out = parallel_values(r);
    return out && !out[0] && !out[1] && !out[2] && !out[3];
}

START_TEST(the_programs_signals_are_its_own)
{
    pl_workers(2);
    set_up();
    handle(SIGCHLD, see);
    handle(SIGUSR1, see);
    handle(SIGPIPE, see);
    sigset_t all, before, after;
    int none[] = {0};
    sigfillset(&all);
    for (int blocked = 0; blocked < 2; blocked++) {
        pthread_sigmask(blocked ? SIG_SETMASK : SIG_UNBLOCK, &all, NULL);
        pthread_sigmask(SIG_SETMASK, NULL, &before);
        void *handlers[32];
        for (int s = 1; s < 32; s++)
            handlers[s] = handler_of(s);
        for (int round = 0; round < 10; round++) {
            ck_assert(pl_call_works(_i));
            ck_assert(signals_are_good_in_tasks(_i));
            ck_assert_ptr_null(parallel_map(signals_here, none, 1, ON(_i), .tasks_per_worker = -1));
        }
        pthread_sigmask(SIG_SETMASK, NULL, &after);
        for (int s = 1; s < 32; s++) {
            ck_assert_int_eq(sigismember(&before, s), sigismember(&after, s));
            ck_assert_ptr_eq(handler_of(s), handlers[s]);
        }
    }
#ifdef PL_OS_LINUX /* elsewhere a SIGCHLD may come, and under tools that do not know processes which share memory */
    if (!PL_SANITIZED && !pl_emulated())
        ck_assert_int_eq(pl_count(&seen), 0);
#endif
}
END_TEST

START_TEST(children_may_be_ignored)
{
    pl_workers(2);
    set_up();
    handle(SIGCHLD, SIG_IGN);
    for (int round = 0; round < 10; round++)
        ck_assert(pl_call_works(_i));
    ck_assert_ptr_eq(handler_of(SIGCHLD), (void *)(uintptr_t)SIG_IGN);
}
END_TEST

/* The program's own children are its own, and so are their ends. */
START_TEST(the_programs_children_are_its_own)
{
    pl_workers(2);
    for (int round = 0; round < 10; round++) {
        pid_t child = fork();
        if (child == 0)
            _exit(17);
        ck_assert(pl_call_works(_i));
        ck_assert_int_eq(pl_status_of(child), 17);
    }
}
END_TEST

/* ---- what is written, and what runs at the end -------------------------------------------------------------- */

static int say(const int *number, int *result, void *extras)
{
    (void)extras;
    printf("task %d says so\n", *number);
    *result = *number;
    if (*number == 3) {
        fflush(stdout);
        exit(3);
    }
    return 0;
}
PARALLEL_DECORATE_TASK(say, int, int);

static void count_end(void)
{
    pl_add(&told->ended, 1);
}

/* A program that leaves something in its buffer, and calls. */
static void talk(int kind, const char *path)
{
    int in[PL_SOME];
    for (int i = 0; i < PL_SOME; i++)
        in[i] = i;
    if (!freopen(path, "w", stdout) || atexit(count_end) != 0)
        _exit(99);
    printf("before\n");
    for (int k = 0; k < 2; k++) {
        parallel_results *r = parallel_map(say, in, PL_SOME, ON(kind), .silent = true);
        pl_add(&told->outcome, (int)parallel_failures(r) * 100 + parallel_result_state(r, 3));
        parallel_results_free(r);
        printf("after %d\n", k);
    }
    exit(0);
}

static int count_in(const char *text, const char *what)
{
    int count = 0;
    for (; (text = strstr(text, what)); text++)
        count++;
    return count;
}

START_TEST(each_text_is_written_once_and_each_end_comes_once)
{
    pl_workers(2);
    set_up();
    char path[] = "/tmp/parallel-test-XXXXXX", what[32];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    pid_t child = fork();
    if (child == 0)
        talk(_i, path);
    pl_status_of(child);
    static char text[65536];
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    unlink(path);
    ck_assert_int_gt((int)got, 0);
    ck_assert_int_eq(pl_count(&told->ended), 1);
    ck_assert_int_eq(pl_count(&told->outcome), 2 * (100 + PARALLEL_CRASHED));
    ck_assert_int_eq(count_in(text, "before\n"), 1);
    ck_assert_int_eq(count_in(text, "after 0\n"), 1);
    ck_assert_int_eq(count_in(text, "after 1\n"), 1);
    for (int i = 0; i < PL_SOME; i++) {
        snprintf(what, sizeof what, "task %d says so\n", i);
        ck_assert_msg(count_in(text, what) == 2, "task %d says so %d times", i, count_in(text, what));
    }
}
END_TEST

/* ---- fork, threads, files, processors ----------------------------------------------------------------------- */

START_TEST(children_of_fork_have_their_own)
{
    pl_workers(2);
    for (int round = 0; round < 10; round++) {
        ck_assert(pl_call_works(_i));
        pid_t child = fork();
        if (child == 0) {
            bool right = true;
            for (int k = 0; k < 5; k++)
                right = pl_call_works(_i) && pl_call_works(1 - _i) && right;
            _exit(right ? 0 : 1);
        }
        for (int k = 0; k < 5; k++)
            ck_assert(pl_call_works(_i));
        ck_assert_int_eq(pl_status_of(child), 0);
        ck_assert(pl_call_works(_i));
    }
}
END_TEST

static atomic_bool enough;

static void *allocate(void *seed_of)
{
    unsigned long long seed = *(unsigned long long *)seed_of;
    void *held[64] = {NULL};
    while (!atomic_load_explicit(&enough, memory_order_relaxed)) {
        size_t i = pl_random(&seed) % 64;
        free(held[i]);
        held[i] = malloc(pl_random(&seed) % 5000 + 1);
    }
    for (size_t i = 0; i < 64; i++)
        free(held[i]);
    return NULL;
}

static int allocate_too(const int *number, int *result, void *extras)
{
    (void)extras;
    int *memory = malloc(sizeof *memory * 1000);
    if (!memory)
        return ENOMEM;
    memory[999] = *number;
    *result = memory[999] * 3;
    free(memory);
    return 0;
}
PARALLEL_DECORATE_TASK(allocate_too, int, int);

START_TEST(other_threads_may_be_anywhere)
{
    pl_workers(2);
    pthread_t threads[4];
    unsigned long long seeds[4] = {1, 2, 3, 4};
    int in[PL_SOME];
    for (int i = 0; i < PL_SOME; i++)
        in[i] = i;
    for (int t = 0; t < 4; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, allocate, &seeds[t]), 0);
    for (int round = 0; round < 60; round++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(allocate_too, in, PL_SOME, ON(_i));
        ck_assert_ptr_nonnull(r);
        for (int i = 0; i < PL_SOME; i++)
            ck_assert_int_eq(((const int *)parallel_values(r))[i], i * 3);
    }
    atomic_store_explicit(&enough, true, memory_order_relaxed);
    for (int t = 0; t < 4; t++)
        pthread_join(threads[t], NULL);
}
END_TEST

START_TEST(without_files_a_call_fails_cleanly)
{
    enum { MOST = 256 };
    pl_workers(2);
    struct rlimit before, few;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = before.rlim_max < MOST ? before.rlim_max : MOST;
    for (int round = 0; round < 3; round++) {
        int files[MOST], count = 0;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        while (count < MOST && (files[count] = dup(0)) >= 0)
            count++;
        errno = 0;
        bool works = pl_call_works(_i);
        int error = errno;
        while (count > 0)
            close(files[--count]);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (_i == 0 || round == 0) { /* else there are some that were kept */
            ck_assert(!works);
            ck_assert_int_eq(error, EMFILE);
        } else
            ck_assert(works);
        ck_assert(pl_call_works(_i));
    }
}
END_TEST

#ifdef PL_OS_LINUX

/* Whether the C library and the system agree on the processor, which is always the same. */
static int which_cpu(int unused)
{
    unsigned cpu = 9999;
    (void)unused;
    return syscall(SYS_getcpu, &cpu, NULL, NULL) == 0 && sched_getcpu() == (int)cpu ? (int)cpu : -1;
}
PARALLEL_DECORATE(which_cpu, int, int);

START_TEST(workers_know_their_processor)
{
    pl_workers(2);
    cpu_set_t all, one;
    int in[4] = {0};
    ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
        PARALLEL_SCOPED parallel_results *r = parallel_map(which_cpu, in, 4, ON(0));
        for (size_t i = 0; i < 4; i++)
            ck_assert_int_eq(*(const int *)parallel_result(r, i), cpu);
        ck_assert_int_eq(which_cpu(0), cpu);
    }
}
END_TEST

#endif

int main(void)
{
    TCase *c = pl_case();
#ifdef PL_OS_LINUX
    tcase_add_loop_test(c, nothing_is_left, 0, 2 * PROCESS_KINDS);
    if (!PL_SANITIZED) /* under those, the forked are init's children, and end a little later */
        tcase_add_test(c, no_process_is_left);
    tcase_add_test(c, workers_know_their_processor);
#endif
    tcase_add_loop_test(c, the_programs_signals_are_its_own, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, children_may_be_ignored, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, the_programs_children_are_its_own, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, each_text_is_written_once_and_each_end_comes_once, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, children_of_fork_have_their_own, 0, PROCESS_KINDS);
    if (!PL_SANITIZED) /* their malloc() does not know fork(): in the child its locks are as other threads left them */
        tcase_add_loop_test(c, other_threads_may_be_anywhere, 0, PROCESS_KINDS);
    if (!PL_VALGRIND) /* it has files of its own among the program's */
        tcase_add_loop_test(c, without_files_a_call_fails_cleanly, 0, PROCESS_KINDS);
    return pl_run("api/process_life", c);
}
