/* SPDX-License-Identifier: MIT */
/* Calls on threads where system calls are refused, or may not be made; and where clocks are set back, or may not be
 * read. Processes are in test_process_ends.c. */
#define _GNU_SOURCE
#include <parallel.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/jobs.h"
#include "support/process.h"
#include "support/sandbox.h"

#ifdef __linux__

static atomic_int arrived;
static _Thread_local bool is_caller;

/* Two of them wait for each other. */
static int come(int x)
{
    count_one(&arrived);
    for (int k = 0; k < 20000 && count_of(&arrived) % 2; k++)
        pl_test_sleep(1000);
    return is_caller ? x : -x;
}
PARALLEL_DECORATE(come, int, int);

static int nap(int x)
{
    pl_test_sleep(200);
    return x + 1;
}
PARALLEL_DECORATE(nap, int, int);

PARALLEL_TASK(int, leaves, int, depth)
{
    if (depth == 0)
        return nap(0);
    PARALLEL_SPAWN(leaves, depth - 1);
    int a = PARALLEL_CALL(leaves, depth - 1);
    return a + PARALLEL_SYNC(leaves);
}

/* Whether there are two threads, and all kinds of calls work. */
static bool all_works(void)
{
    int in[64], out[64];
    is_caller = true;
    for (int i = 0; i < 64; i++)
        in[i] = i + 1;
    bool well = parallel_map_into(come, in, 2, out) == 0 && (out[0] < 0) != (out[1] < 0);
    for (int k = 0; well && k < 5; k++) {
        well = parallel_map_into(nap, in, 64, out, .max_workers = k) == 0;
        for (int i = 0; i < 64; i++)
            well = well && out[i] == i + 2;
        pl_test_sleep(2000); /* they fall asleep, and are woken */
    }
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(nap, in, 64, .timeout = 100);
    return well && PARALLEL_RUN(leaves, 6) == 64 && parallel_executor_results(ex) && parallel_sleep(0.001) == 0;
}

/* What the library can do without; those that a C library may need itself, only refused, and not forbidden. */
static const int optional[] = {
#ifdef SYS_sched_yield
    SYS_sched_yield,
#endif
    SYS_sched_setaffinity,  SYS_sched_getaffinity, SYS_sched_setscheduler,
    SYS_sched_getscheduler, SYS_sched_getparam,    SYS_setpriority,
    SYS_getpriority,        SYS_membarrier,        SYS_prctl,
};
static const int refused_only[] = {SYS_madvise, SYS_prlimit64, SYS_openat};

enum { OPTIONAL = sizeof optional / sizeof optional[0], REFUSED_ONLY = sizeof refused_only / sizeof refused_only[0] };

static int in_a_child(int (*run)(int), int argument)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        pl_workers(2);
        _exit(run(argument));
    }
    return pl_status_of(child);
}

static int with_a_refused_call(int i)
{
    int errors[] = {EPERM, ENOSYS}, number = i / 2 < OPTIONAL ? optional[i / 2] : refused_only[i / 2 - OPTIONAL];
    if (!pl_refuse(number, errors[i % 2]))
        return 77;
    return all_works() ? 0 : 1;
}

START_TEST(what_is_optional_is_done_without)
{
    if (PL_SANITIZED || pl_emulated())
        return;
    int status = in_a_child(with_a_refused_call, _i);
    ck_assert(status == 0 || status == 77);
}
END_TEST

static int with_a_forbidden_call(int i)
{
    setenv("PARALLEL_SYSCALLS", "few", 1);
    if (!pl_forbid(optional[i]))
        return 77;
    return all_works() ? 0 : 1;
}

/* A call of the library's would end the process. */
START_TEST(few_calls_are_made_where_that_is_asked_for)
{
    if (PL_SANITIZED || pl_emulated())
        return;
    int status = in_a_child(with_a_forbidden_call, _i);
    ck_assert(status == 0 || status == 77);
}
END_TEST

/* ---- clocks ------------------------------------------------------------------------------------------------ */

#if defined(__x86_64__) && defined(__GLIBC__)
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <ucontext.h>

static _Atomic int64_t shift;
static atomic_int readings;

/* Emulates the instruction that reads the counter, which is trapped, and shifts it. */
static void read_shifted(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *code = (const unsigned char *)registers[REG_RIP];
    (void)info;
    if (code[0] != 0x0f || (code[1] != 0x31 && code[1] != 0x01)) { /* neither rdtsc nor rdtscp */
        signal(number, SIG_DFL);
        return;
    }
    bool by_system = (uintptr_t)code - getauxval(AT_SYSINFO_EHDR) < 1 << 16; /* in clock_gettime() */
    prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
    uint64_t ticks = __builtin_ia32_rdtsc() + (by_system ? 0 : (uint64_t)shift);
    prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
    if (!by_system)
        count_one(&readings);
    registers[REG_RAX] = (greg_t)(ticks & UINT32_MAX);
    registers[REG_RDX] = (greg_t)(ticks >> 32);
    registers[REG_RIP] += code[1] == 0x31 ? 2 : 3;
}

static int with_a_trapped_counter(int later)
{
    struct sigaction action = {.sa_sigaction = read_shifted, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    if (later && !all_works()) /* then it goes on reading the counter, and must not rely on it */
        return 2;
    shift = INT64_C(4000000000000);
    if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0)
        return 77;
    if (!all_works())
        return 3;
    if (!later && readings) /* it was to ask the system */
        return 4;
    int in[] = {1};
    parallel_executor *waiting[20];
    for (int i = 0; i < 20; i++)
        waiting[i] = parallel_async_map(nap, in, 1);
    shift = 0; /* half an hour back */
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 10000 && !parallel_executor_done(waiting[i]); k++)
            pl_test_sleep(1000);
        if (!parallel_executor_done(waiting[i]))
            return 5;
        parallel_executor_free(waiting[i]);
    }
    shift = INT64_C(4000000000000000);
    return all_works() ? 0 : 6;
}

/* Index: 0: the counter may not be read when the first call is made; 1: it is trapped, and set back, after that. */
START_TEST(the_counter_may_be_set_or_not_be_read)
{
    if (PL_SANITIZED || pl_emulated())
        return;
    int status = in_a_child(with_a_trapped_counter, _i);
    ck_assert_msg(status == 0 || status == 77, "status %d", status);
}
END_TEST
#endif

#endif

int main(void)
{
    TCase *c = pl_case();
#ifdef __linux__
    tcase_add_loop_test(c, what_is_optional_is_done_without, 0, 2 * (OPTIONAL + REFUSED_ONLY));
    tcase_add_loop_test(c, few_calls_are_made_where_that_is_asked_for, 0, OPTIONAL);
#if defined(__x86_64__) && defined(__GLIBC__)
    tcase_add_loop_test(c, the_counter_may_be_set_or_not_be_read, 0, 2);
#endif
#endif
    return pl_run("api/sandboxes", c);
}
