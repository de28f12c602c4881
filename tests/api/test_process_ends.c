/* SPDX-License-Identifier: MIT */
/*
 * Everything ends: what tasks have left behind, calls whose workers or supervisor do not follow, and calls in a sandbox
 * that refuses what they need. Nothing is left when the program has ended, however that ends.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "executors/process/board.h"
#include "support/sandbox.h"
#include "support/workers.h"

#ifdef PL_OS_LINUX

/* Whether there is a keeper: a process that shares the program's memory, which tools do not know. */
#define PL_KEEPERS (!PL_SANITIZED)

/* What another process tells. */
struct told {
    atomic_int program, supervisor, ready, outcome, error;
    atomic_int state[16];
};
static struct told *told;

static void set_up(void)
{
    pl_workers(2);
    pl_no_cores();
    if (!told)
        told = pl_shared(sizeof *told);
    memset(told, 0, sizeof *told);
}

/* What is left of programs that have ended comes to this process. Kills a process and all that descends from it. */
static void kill_children(void)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "r");
    size_t got = list ? fread(text, 1, sizeof text - 1, list) : 0;
    if (list)
        fclose(list);
    text[got] = '\0';
    for (char *at = text; *at; at += strcspn(at, " "), at += strspn(at, " "))
        kill(atoi(at), SIGKILL);
}

/* Whether nothing is left, after a while; kills what is. */
static bool nothing_is_left(void)
{
    bool left = false;
    for (double end = pl_now() + PL_WHILE;; pl_test_sleep(1000)) {
        pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);
        if (pid < 0 && errno == ECHILD)
            return !left;
        if (pid == 0 && pl_now() > end) {
            left = true;
            kill_children();
        }
    }
}

/* Runs a program, which has so long; returns its exit status, or -1. */
static int run_program(void (*program)(int), int argument)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(120);
        program(argument);
        exit(0);
    }
    return pl_status_of(child);
}

static void tell(parallel_results *r)
{
    pl_set(&told->error, r ? 0 : errno);
    pl_set(&told->outcome, r ? 1 : 2);
    for (size_t i = 0; i < parallel_length(r) && i < 16; i++)
        pl_set(&told->state[i], (int)parallel_result_state(r, i));
}

/* ---- what tasks leave behind -------------------------------------------------------------------------------- */

/* Starts a chain of processes, each in a session of its own, and the parent of the next. */
static void start_chain(int length)
{
    if (length == 0 || fork() != 0)
        return;
    for (int left = length; left > 0; left--) {
        setsid();
        pl_add(&told->ready, 1);
        if (left == 1 || fork() != 0)
            for (;;)
                pause();
    }
}

static int leave(const int *length, int *result, void *extras)
{
    (void)extras;
    start_chain(*length);
    *result = *length;
    return pl_await(&told->ready, *length) ? 0 : EIO;
}
PARALLEL_DECORATE_TASK(leave, int, int);

static void leave_processes(int kind)
{
    int lengths[] = {4};
    parallel_results *r = parallel_map(leave, lengths, 1, ON(kind));
    tell(r);
    parallel_results_free(r);
}

START_TEST(what_tasks_leave_ends_with_the_program)
{
    for (int round = 0; round < 5; round++) {
        set_up();
        ck_assert_int_eq(run_program(leave_processes, _i), 0);
        ck_assert(nothing_is_left());
        ck_assert_int_eq(pl_count(&told->outcome), 1);
    }
}
END_TEST

/* The task kills its supervisor, and so itself. */
static int leave_and_kill(const int *length, int *result, void *extras)
{
    int error = leave(length, result, extras);
    kill(getppid(), SIGKILL);
    while (!error)
        pause();
    return error;
}
PARALLEL_DECORATE_TASK(leave_and_kill, int, int);

static void leave_without_supervisor(int kind)
{
    int lengths[] = {3};
    parallel_results *r = parallel_map(leave_and_kill, lengths, 1, ON(kind), .silent = true);
    tell(r);
    parallel_results_free(r);
}

START_TEST(what_a_dead_supervisor_leaves_ends_too)
{
    set_up();
    ck_assert_int_eq(run_program(leave_without_supervisor, _i), 0);
    ck_assert(nothing_is_left());
    ck_assert_int_eq(pl_count(&told->state[0]), PARALLEL_CRASHED);
}
END_TEST

/* ---- who does not follow ------------------------------------------------------------------------------------ */

enum { WELL, STOPS, SCRIBBLES, HANGS };

/* Overwrites what says that a task runs, in all slots of a board; false if this is none. */
static bool scribble_on(pl_board *board)
{
    bool any = false;
    uint64_t tail = atomic_load_explicit(&board->tail, memory_order_relaxed);
    if (atomic_load_explicit(&board->active, memory_order_relaxed) != 2 ||
        atomic_load_explicit(&board->wanted, memory_order_relaxed) != 2 || tail == 0 || tail > PL_BOARD_ENTRIES ||
        atomic_load_explicit(&board->head, memory_order_relaxed) > tail)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t run = atomic_load_explicit(&board->slot[i].run, memory_order_relaxed);
        if ((run & 3) != 1)
            continue;
        atomic_store_explicit(&board->slot[i].run, run & ~UINT64_C(3), memory_order_relaxed);
        any = true;
    }
    return any;
}

/* As a wild pointer might. */
static void scribble(void)
{
    char line[512], mode[8];
    unsigned long from, to;
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && !found && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && strcmp(mode, "rw-s") == 0)
            for (; !found && from + pl_board_bytes(2) <= to; from += 4096)
                found = scribble_on((pl_board *)from);
    if (maps)
        fclose(maps);
    if (!found)
        _exit(1);
}

static int defy(const int *how, int *result, void *extras)
{
    (void)extras;
    *result = *how;
    if (*how == STOPS || *how == SCRIBBLES)
        pl_set(&told->supervisor, getppid());
    if (*how == STOPS)
        kill(getppid(), SIGSTOP);
    if (*how == SCRIBBLES)
        scribble();
    pl_add(&told->ready, 1);
    while (*how == SCRIBBLES || *how == HANGS)
        pause();
    return 0;
}
PARALLEL_DECORATE_TASK(defy, int, int);

static void call_with_call_timeout(int how)
{
    int in[] = {WELL, how, HANGS, WELL};
    parallel_results *r =
        parallel_process_map(defy, in, 4, .call_timeout = 1, .silent = true, .max_workers = 2, .grain = 1);
    tell(r);
    parallel_results_free(r);
}

static bool is_over(int index)
{
    int state = pl_count(&told->state[index]);
    return state == PARALLEL_TIMED_OUT || state == PARALLEL_NOT_RUN; /* not yet begun, on a machine that is busy */
}

START_TEST(a_call_timeout_is_kept)
{
    set_up();
    ck_assert_int_eq(run_program(call_with_call_timeout, _i ? STOPS : SCRIBBLES), 0);
    ck_assert_int_eq(pl_count(&told->outcome), 1);
    ck_assert(is_over(2));
    if (!_i)
        ck_assert(is_over(1));
    ck_assert(nothing_is_left());
}
END_TEST

static void call_with_timeout(int how)
{
    int in[] = {how, WELL, HANGS, WELL};
    parallel_results *r =
        parallel_process_map(defy, in, 4, .timeout = 0.1, .silent = true, .max_workers = 2, .grain = 1);
    tell(r);
    parallel_results_free(r);
}

START_TEST(a_timeout_is_kept)
{
    set_up();
    ck_assert_int_eq(run_program(call_with_timeout, _i ? STOPS : SCRIBBLES), 0);
    ck_assert_int_eq(pl_count(&told->outcome), 1);
    ck_assert_int_eq(pl_count(&told->state[2]), PARALLEL_TIMED_OUT);
    if (!_i)
        ck_assert_int_eq(pl_count(&told->state[0]), PARALLEL_TIMED_OUT);
    ck_assert(nothing_is_left());
}
END_TEST

/* Nothing more is asked of the supervisor than to end. */
static void call_and_stop(int kind)
{
    int in[] = {STOPS, WELL, WELL, WELL};
    parallel_results *r = parallel_map(defy, in, 4, ON(kind), .max_workers = 1);
    tell(r);
    parallel_results_free(r);
}

START_TEST(a_stopped_supervisor_does_not_outlive_the_program)
{
    set_up();
    ck_assert_int_eq(run_program(call_and_stop, _i), 0);
    ck_assert_int_eq(pl_count(&told->outcome), 1);
    ck_assert(pl_await_death(pl_count(&told->supervisor)));
    ck_assert(nothing_is_left());
}
END_TEST

static void call_stop_and_die(int kind)
{
    int in[] = {STOPS, HANGS};
    parallel_results *r = parallel_map(defy, in, 2, ON(kind), .max_workers = 1);
    parallel_results_free(r);
}

START_TEST(a_stopped_supervisor_does_not_outlive_a_killed_program)
{
    set_up();
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t program = fork();
    if (program == 0) {
        call_stop_and_die(_i);
        exit(0);
    }
    ck_assert(pl_await(&told->ready, 2));
    kill(program, SIGKILL);
    pl_status_of(program);
    ck_assert(nothing_is_left());
}
END_TEST

/* A task stops all that there is but itself and the program: its supervisor, and whose child that is. */
static int stop_all(const int *unused, int *result, void *extras)
{
    pid_t keeper, program;
    char state;
    (void)extras;
    *result = *unused;
    pl_set(&told->supervisor, getppid());
    if (!pl_look_at(getppid(), &keeper, &state) || !pl_look_at(keeper, &program, &state) ||
        program != pl_count(&told->program))
        return EIO;
    kill(keeper, SIGSTOP);
    kill(getppid(), SIGSTOP);
    return 0;
}
PARALLEL_DECORATE_TASK(stop_all, int, int);

static void call_and_stop_all(int kind)
{
    int in[] = {0};
    pl_set(&told->program, getpid());
    parallel_results *r = parallel_map(stop_all, in, 1, ON(kind));
    tell(r);
    parallel_results_free(r);
}

START_TEST(a_stopped_keeper_does_not_outlive_the_program)
{
    set_up();
    ck_assert_int_eq(run_program(call_and_stop_all, _i), 0);
    ck_assert_int_eq(pl_count(&told->outcome), 1);
    ck_assert(pl_await_death(pl_count(&told->supervisor)));
    ck_assert(nothing_is_left());
}
END_TEST

/* ---- sandboxes ---------------------------------------------------------------------------------------------- */

#ifdef PL_SANDBOX

/* What calls on processes ask of the system. -1: not on this machine. */
static const int asked[] = {
    SYS_waitid,       SYS_wait4,          SYS_kill,      SYS_tgkill, SYS_ppoll,      SYS_setpgid, SYS_getpgid,
    SYS_sendto,       SYS_recvfrom,       SYS_shutdown,  SYS_clone,  SYS_socketpair, SYS_fcntl,   SYS_mmap,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_prlimit64, SYS_close,  SYS_getppid,    SYS_openat,  SYS_read,
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_pidfd_open
    SYS_pidfd_open,
#endif
#ifdef SYS_close_range
    SYS_close_range,
#endif
#ifdef SYS_clone3
    SYS_clone3,
#endif
};
enum { ASKED = sizeof asked / sizeof asked[0] };

static int suffer(const int *how, int *result, void *extras)
{
    (void)extras;
    *result = *how;
    if (*how == 3)
        __builtin_trap();
    while (*how == 5)
        pause();
    if (*how == 7)
        start_chain(2);
    return 0;
}
PARALLEL_DECORATE_TASK(suffer, int, int);

/* Which exits 77 where there are no sandboxes. */
static void call_in_a_sandbox(int index)
{
    int in[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    int kind = index / 2 % 2, error = index % 2 ? ENOSYS : EPERM;
    if (!pl_refuse(asked[index / 2], error))
        _exit(77);
    errno = 0;
    parallel_results *r = parallel_map(suffer, in, 10, ON(kind), .silent = true, .timeout = 0.2, .max_workers = 2);
    tell(r);
    parallel_results_free(r);
}

/* With results or a clear error; if there are some, the task that crashes has failed, and so has the one that hangs. */
START_TEST(calls_in_a_sandbox_come_back)
{
    set_up();
    int status = run_program(call_in_a_sandbox, _i);
    if (status == 77)
        return;
    ck_assert_msg(nothing_is_left(), "without system call %d, something is left", asked[_i / 2]);
    ck_assert_msg(status == 0, "without system call %d: status %d", asked[_i / 2], status);
    int outcome = pl_count(&told->outcome);
    ck_assert_msg(outcome == 1 || pl_count(&told->error) > 0, "without system call %d: no error", asked[_i / 2]);
    if (outcome == 1) {
        ck_assert_int_ne(pl_count(&told->state[3]), PARALLEL_OK);
        ck_assert_int_ne(pl_count(&told->state[5]), PARALLEL_OK);
    }
}
END_TEST

/* Of the calls that wait and kill, one of several is enough. */
static const int not_needed[] = {SYS_waitid, SYS_wait4, SYS_kill, SYS_ppoll, SYS_rt_sigaction, SYS_getpgid};
enum { NOT_NEEDED = sizeof not_needed / sizeof not_needed[0] };

static void call_without(int index)
{
    int in[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    if (!pl_refuse(not_needed[index], EPERM))
        _exit(77);
    parallel_results *r = parallel_process_map(suffer, in, 10, .silent = true, .timeout = 1, .max_workers = 2);
    tell(r);
    parallel_results_free(r);
}

START_TEST(a_sandbox_may_refuse_one_of_two)
{
    set_up();
    int status = run_program(call_without, _i);
    ck_assert(nothing_is_left());
    if (status == 77)
        return;
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(pl_count(&told->outcome), 1);
    ck_assert_int_eq(pl_count(&told->state[5]), PARALLEL_TIMED_OUT);
    for (int i = 0; i < 10; i++) {
        int state = pl_count(&told->state[i]); /* on a machine that is busy, any may be late */
        ck_assert_msg(state == PARALLEL_TIMED_OUT || state == (i == 3 ? PARALLEL_CRASHED : PARALLEL_OK),
                      "without system call %d, task %d: state %d", not_needed[_i], i, state);
    }
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------------------------- */

static int take_megabytes(const int *count, int *result, void *extras)
{
    (void)extras;
    size_t bytes = (size_t)*count << 20;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return ENOMEM;
    munmap(memory, bytes);
    *result = *count;
    return 0;
}
PARALLEL_DECORATE_TASK(take_megabytes, int, int);

static void call_with_limit(int refused)
{
    int megabytes[] = {1, 90, 110, 90};
    if (!pl_refuse(refused, ENOENT))
        _exit(77);
    parallel_results *r =
        parallel_process_map(take_megabytes, megabytes, 4, .memory_limit = (size_t)100 << 20, .silent = true);
    tell(r);
    parallel_results_free(r);
}

START_TEST(memory_is_limited_without_proc)
{
    set_up();
    int status = run_program(call_with_limit, SYS_openat);
    ck_assert(nothing_is_left());
    if (status == 77)
        return;
    ck_assert_int_eq(pl_count(&told->outcome), 1);
    for (int i = 0; i < 4; i++)
        ck_assert_msg(pl_count(&told->state[i]) == (i == 2 ? PARALLEL_ERROR : PARALLEL_OK), "task %d: state %d", i,
                      pl_count(&told->state[i]));
}
END_TEST

START_TEST(a_limit_that_cannot_be_had_is_refused)
{
    set_up();
    int status = run_program(call_with_limit, SYS_prlimit64);
    ck_assert(nothing_is_left());
    if (status == 77)
        return;
    ck_assert_int_eq(pl_count(&told->outcome), 2);
    ck_assert_int_eq(pl_count(&told->error), ENOTSUP);
}
END_TEST

#endif
#endif

START_TEST(calls_work)
{
    pl_workers(2);
    ck_assert(pl_call_works(_i));
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, calls_work, 0, PROCESS_KINDS);
#ifdef PL_OS_LINUX
    if (!pl_emulated() && !PL_VALGRIND) { /* which lets nobody be a subreaper; where processes take seconds to start */
        tcase_add_loop_test(c, what_tasks_leave_ends_with_the_program, 0, PROCESS_KINDS);
        if (PL_KEEPERS)
            tcase_add_loop_test(c, what_a_dead_supervisor_leaves_ends_too, 0, PROCESS_KINDS);
        tcase_add_loop_test(c, a_call_timeout_is_kept, 0, 2);
        tcase_add_loop_test(c, a_timeout_is_kept, 0, 2);
        tcase_add_loop_test(c, a_stopped_supervisor_does_not_outlive_the_program, 0, PROCESS_KINDS);
        if (PL_KEEPERS) {
            tcase_add_loop_test(c, a_stopped_supervisor_does_not_outlive_a_killed_program, 0, PROCESS_KINDS);
            tcase_add_loop_test(c, a_stopped_keeper_does_not_outlive_the_program, 0, PROCESS_KINDS);
        }
#ifdef PL_SANDBOX
        if (!PL_SANITIZED) { /* which ask other things of the system, and more memory */
            tcase_add_loop_test(c, calls_in_a_sandbox_come_back, 0, 2 * ASKED);
            tcase_add_loop_test(c, a_sandbox_may_refuse_one_of_two, 0, NOT_NEEDED);
            tcase_add_test(c, memory_is_limited_without_proc);
            tcase_add_test(c, a_limit_that_cannot_be_had_is_refused);
        }
#endif
    }
#endif
    return pl_run("api/process_ends", c);
}
