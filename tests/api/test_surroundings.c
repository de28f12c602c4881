/* SPDX-License-Identifier: MIT */
/* What tasks see of their process and of the thread that makes the call, wherever they run; and what the thread that
 * makes the first call of a program does not decide. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <parallel.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/jobs.h"
#include "support/process.h"

extern char **environ;

/* ---- meetings -------------------------------------------------------------------------------------------- */

static atomic_int arrived;
static _Thread_local bool is_caller;

/* Waits until so many tasks of the call are here: so they are on different threads. False if they do not come. */
static bool meet(int others)
{
    count_one(&arrived);
    for (int k = 0; k < 20000 && count_of(&arrived) % others != 0; k++)
        pl_test_sleep(1000);
    return count_of(&arrived) % others == 0;
}

static void in_a_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, run, argument), 0);
    pthread_join(thread, NULL);
}

/* Where one meeting is the whole call: two tasks. */
static int come(int want)
{
    return meet(want) ? !is_caller : -1;
}
PARALLEL_DECORATE(come, int, int);

static void *call_first(void *unused)
{
    int in[] = {2, 2}, out[2];
    is_caller = true;
    ck_assert_int_eq(parallel_map_into(come, in, 2, out, .max_workers = 3), 0);
    ck_assert_int_eq(out[0] + out[1], 1);
    return unused;
}

#ifdef __linux__

/* ---- signals that children have ---------------------------------------------------------------------------- */

static int number_of(const char *path, const char *name, unsigned long long *value)
{
    char line[256];
    int found = 0;
    FILE *file = fopen(path, "r");
    while (file && !found && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            found = sscanf(line + strlen(name), "%llx", value);
    if (file)
        fclose(file);
    return found;
}

/* A child that writes down what it blocks. */
static int start_by_fork(const char *file)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (freopen(file, "w", stdout))
            execlp("grep", "grep", "SigBlk", "/proc/self/status", (char *)NULL);
        _exit(127);
    }
    return pid > 0 ? pl_status_of(pid) : -1;
}

static int start_by_spawn(const char *file)
{
    pid_t pid;
    char *argv[] = {"grep", "SigBlk", "/proc/self/status", NULL};
    posix_spawn_file_actions_t to_file;
    posix_spawn_file_actions_init(&to_file);
    posix_spawn_file_actions_addopen(&to_file, 1, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int error = posix_spawnp(&pid, "grep", &to_file, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&to_file);
    return error == 0 ? pl_status_of(pid) : -1;
}

/* Some shells unblock all signals. */

static int start_by_system(const char *file)
{
    char text[600];
    snprintf(text, sizeof text, "grep SigBlk /proc/self/status >%s", file);
    return system(text);
}

static int start_by_popen(const char *file)
{
    char text[600];
    snprintf(text, sizeof text, "grep SigBlk /proc/self/status >%s", file);
    FILE *pipe = popen(text, "r");
    return pipe ? pclose(pipe) : -1;
}

static int (*const starters[])(const char *) = {start_by_fork, start_by_spawn, start_by_system, start_by_popen};
static int starter;

struct child {
    bool well, elsewhere;
    unsigned long long blocked;
};

static struct child start_child(int number)
{
    char file[64];
    struct child c = {.elsewhere = !is_caller};
    snprintf(file, sizeof file, "surroundings-%d-%d.tmp", (int)getpid(), number);
    c.well = meet(2) && starters[starter](file) == 0 && number_of(file, "SigBlk:", &c.blocked) == 1;
    unlink(file);
    return c;
}
PARALLEL_DECORATE(start_child, int, struct child, .max_workers = 2);

/* Index: how the child is started; and then whether the call is in the background. */
START_TEST(children_have_the_callers_mask)
{
    unsigned long long own;
    if (PL_TSAN || pl_emulated() || number_of("/proc/self/status", "SigBlk:", &own) != 1)
        return;
    pl_workers(2);
    is_caller = true;
    starter = _i % 4;
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &some, NULL);
    const int handled_by_check[] = {SIGALRM, SIGINT, SIGTERM};
    for (int i = 0; i < 3; i++)
        signal(handled_by_check[i], SIG_DFL);
    arrived = 1;
    struct child mine = start_child(0);
    ck_assert(mine.well && !mine.elsewhere);
    ck_assert(starter > 1 || (mine.blocked >> (SIGUSR2 - 1) & 1));
    const int numbers[] = {1, 2};
    PARALLEL_SCOPED parallel_executor *ex = _i / 4 ? parallel_async_map(start_child, numbers, 2) : NULL;
    while (ex && !parallel_executor_done(ex)) /* both are for threads of the pool */
        pl_test_sleep(1000);
    PARALLEL_SCOPED parallel_results *here = ex ? NULL : parallel_map(start_child, numbers, 2);
    const struct child *v = parallel_values(ex ? parallel_executor_results(ex) : here);
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(v[0].elsewhere + v[1].elsewhere, ex ? 2 : 1);
    for (int i = 0; i < 2; i++) {
        ck_assert(v[i].well);
        ck_assert_msg(v[i].blocked == mine.blocked, "%llx, not %llx", v[i].blocked, mine.blocked);
    }
}
END_TEST

/* ---- signals for the program, and for a profiler ------------------------------------------------------------- */

static atomic_int samples_elsewhere;

static void sample(int signal)
{
    (void)signal;
    if (!is_caller)
        count_one(&samples_elsewhere);
}

static int compute(int x)
{
    for (volatile int i = 0; i < 200000; i++) {
    }
    return x;
}
PARALLEL_DECORATE(compute, int, int);

START_TEST(profilers_see_all_threads)
{
    if (PL_TSAN || pl_emulated()) /* they put handlers off, or let them run elsewhere */
        return;
    static int in[200], out[200];
    is_caller = true;
    pl_workers(2);
    struct sigaction action = {.sa_handler = sample, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(SIGPROF, &action, NULL), 0);
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    ck_assert_int_eq(setitimer(ITIMER_PROF, &timer, NULL), 0);
    double start = now();
    while (count_of(&samples_elsewhere) == 0 && now() - start < PL_TEST_SECONDS / 2)
        ck_assert_int_eq(parallel_map_into(compute, in, 200, out), 0);
    setitimer(ITIMER_PROF, &none, NULL);
    ck_assert_int_gt(count_of(&samples_elsewhere), 0);
}
END_TEST

/* ---- CPUs and priority ------------------------------------------------------------------------------------- */

static int cpus_of(pid_t thread)
{
    cpu_set_t set;
    return sched_getaffinity(thread, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}

static int cpus_here(int want)
{
    return meet(want) ? cpus_of(0) : -1;
}
PARALLEL_DECORATE(cpus_here, int, int);

static void *call_pinned(void *unused)
{
    cpu_set_t set, one;
    sched_getaffinity(0, sizeof set, &set);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
        if (CPU_ISSET(i, &set))
            CPU_SET(i, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    return call_first(unused);
}

/* The program's pool is as large as the process's CPUs are many, and its threads may use all. */
START_TEST(a_pinned_caller_decides_nothing)
{
    int in[] = {2, 2}, out[2], cpus = cpus_of(0);
    if (cpus < 2 || getenv("PARALLEL_NUM_THREADS") || pl_emulated())
        return;
    in_a_thread(call_pinned, NULL);
    ck_assert_int_eq(parallel_map_into(cpus_here, in, 2, out), 0);
    ck_assert_int_eq(out[0], cpus);
    ck_assert_int_eq(out[1], cpus);
}
END_TEST

struct rank {
    int policy, nice;
};

static struct rank rank_here(int want)
{
    if (!meet(want))
        return (struct rank){-1, -1};
    return (struct rank){sched_getscheduler(0), getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid))};
}
PARALLEL_DECORATE(rank_here, int, struct rank);

static bool could;

static void *call_with_another_rank(void *how)
{
    struct sched_param none = {0}, some = {.sched_priority = 1};
    switch (*(int *)how) {
    case 0:
        could = setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 7) == 0;
        break;
    case 1:
        could = sched_setscheduler(0, SCHED_IDLE, &none) == 0;
        break;
    case 2:
        could = sched_setscheduler(0, SCHED_FIFO, &some) == 0;
        break;
    default:
        could = sched_setscheduler(0, SCHED_BATCH, &none) == 0;
    }
    return could ? call_first(NULL) : NULL;
}

START_TEST(a_callers_priority_decides_nothing)
{
    int in[] = {2, 2};
    pl_workers(2);
    int policy = sched_getscheduler(0), nice = getpriority(PRIO_PROCESS, 0);
    in_a_thread(call_with_another_rank, &_i);
    if (!could || pl_emulated()) /* it may not be real-time */
        return;
    pl_test_sleep(200000); /* who may not be as the process is leaves */
    PARALLEL_SCOPED parallel_results *r = parallel_map(rank_here, in, 2);
    const struct rank *v = parallel_values(r);
    ck_assert_ptr_nonnull(v);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(v[i].policy, policy);
        ck_assert_int_eq(v[i].nice, nice);
    }
}
END_TEST

/* ---- many threads that have called -------------------------------------------------------------------------- */

enum { MANY = 1100 };
static pthread_barrier_t all_here;
static atomic_bool over;

static void *call_and_stay(void *well)
{
    int in[] = {1, 1}, out[2];
    *(bool *)well = parallel_map_into(come, in, 2, out, .max_workers = 3) == 0;
    pthread_barrier_wait(&all_here);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        pl_test_sleep(50000);
    return NULL;
}

START_TEST(threads_that_have_called_do_not_use_records_up)
{
    if (PL_SANITIZED || pl_emulated() || sizeof(void *) == 4)
        return;
    static pthread_t threads[MANY];
    static bool well[MANY];
    pthread_attr_t small;
    int n = 0;
    pl_workers(2);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 << 10);
    pthread_barrier_init(&all_here, NULL, MANY + 1);
    while (n < MANY && pthread_create(&threads[n], &small, call_and_stay, &well[n]) == 0)
        n++;
    if (n < MANY)
        return; /* so many cannot be had */
    pthread_barrier_wait(&all_here);
    arrived = 0;
    in_a_thread(call_first, NULL);
    atomic_store_explicit(&over, true, memory_order_relaxed);
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(well[i]);
    }
}
END_TEST

#endif

/* ---- rounding, and the locale ------------------------------------------------------------------------------- */

static double third(double x)
{
    volatile double one = 1, three = 3 + 0 * x;
    return one / three;
}

static double slow_third(double x)
{
    pl_test_sleep(200);
    return third(x);
}
PARALLEL_DECORATE(slow_third, double, double);

static double short_third(double x)
{
    for (volatile int i = 0; i < 20; i++) {
    }
    return third(x);
}
PARALLEL_DECORATE(short_third, double, double);

PARALLEL_TASK(double, third_of, int, depth)
{
    if (depth == 0) {
        for (volatile int i = 0; i < 2000; i++) {
        }
        return third(0);
    }
    PARALLEL_SPAWN(third_of, depth - 1);
    double b = PARALLEL_CALL(third_of, depth - 1), a = PARALLEL_SYNC(third_of);
    return a == b ? a : -1;
}

static int nested(const int *depth, double *result, void *extras)
{
    double in[32] = {0}, out[32];
    (void)depth;
    (void)extras;
    if (parallel_map_into(slow_third, in, 32, out) != 0)
        return EIO;
    for (int i = 1; i < 32; i++)
        if (out[i] != out[0])
            return EILSEQ;
    *result = out[0];
    return 0;
}
PARALLEL_DECORATE_TASK(nested, int, double);

/* How many of a call's values are not `want`. Index: the kind of call. */
static int others_than(double want, int kind)
{
    static double in[256], out[256];
    int n = kind == 3 ? 8 : 256, wrong = 0;
    const int depths[8] = {0};
    PARALLEL_SCOPED parallel_executor *ex = NULL;
    switch (kind) {
    case 0:
        ck_assert_int_eq(parallel_map_into(slow_third, in, 256, out), 0);
        break;
    case 1: /* so short, and so often, that it is handed over to a thread that is awake */
        for (int k = 0; k < 300; k++) {
            ck_assert_int_eq(parallel_map_into(short_third, in, 256, out), 0);
            for (int i = 0; i < 256; i++)
                wrong += out[i] != want;
        }
        break;
    case 2:
        for (int i = 0; i < 256; i++)
            out[i] = i % 32 ? out[i - 1] : PARALLEL_RUN(third_of, 8);
        break;
    case 3:
        ck_assert_int_eq(parallel_map_into(nested, depths, 8, out, .max_workers = 4), 0);
        break;
    case 4:
        ck_assert_int_eq(parallel_map_into(slow_third, in, 256, out, .timeout = 100, .retries = 1), 0);
        break;
    default:
        ex = parallel_async_map(slow_third, in, 256);
        while (!parallel_executor_done(ex))
            pl_test_sleep(500);
        memcpy(out, parallel_values(parallel_executor_results(ex)), sizeof out);
    }
    for (int i = 0; i < n; i++)
        wrong += out[i] != want;
    return wrong;
}

START_TEST(rounding_goes_with_the_call)
{
    pl_workers(4);
    double usual = third(0);
    ck_assert_int_eq(others_than(usual, _i), 0);
    if (fesetround(FE_UPWARD) != 0 || third(0) == usual)
        return;
    double upward = third(0);
    ck_assert_int_eq(others_than(upward, _i), 0);
    fesetround(FE_TONEAREST);
    ck_assert_int_eq(others_than(usual, _i), 0); /* the threads have their own again */
}
END_TEST

static atomic_int runs_elsewhere;

/* A task that leaves another thread with another rounding than it found; 0 if it found the caller's. */
PARALLEL_TASK(int, leave_rounding, int, usual)
{
    int found = fegetround();
    for (volatile int i = 0; i < 5000; i++) {
    }
    if (is_caller)
        return found != usual;
    count_one(&runs_elsewhere);
    fesetround(FE_UPWARD);
    return found != usual;
}

/* Siblings that one thread takes one after the other. */
PARALLEL_TASK(int, leave_roundings, int, n)
{
    int wrong = 0, usual = fegetround();
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(leave_rounding, usual);
    PARALLEL_SYNC_ALL(leave_rounding, PARALLEL_PLUS, wrong);
    return wrong;
}

START_TEST(rounding_stays_in_its_task)
{
    pl_workers(2);
    is_caller = true;
    if (fesetround(FE_UPWARD) != 0)
        return;
    fesetround(FE_TONEAREST);
    double start = now();
    while (count_of(&runs_elsewhere) < 1000 && now() - start < PL_TEST_SECONDS / 2)
        ck_assert_int_eq(PARALLEL_RUN(leave_roundings, 200), 0);
    ck_assert_int_gt(count_of(&runs_elsewhere), 0);
}
END_TEST

/* The C library's functions go by the thread's locale: how many bytes a character may have. */
static int bytes_here(int want)
{
    return meet(want) ? (int)MB_CUR_MAX : -1;
}
PARALLEL_DECORATE(bytes_here, int, int);

START_TEST(the_locale_goes_with_the_call)
{
    locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    int usual = (int)MB_CUR_MAX, in[] = {2, 2}, out[2];
    pl_workers(2);
    if (!utf8)
        return;
    uselocale(utf8);
    int wide = (int)MB_CUR_MAX;
    ck_assert_int_eq(parallel_map_into(bytes_here, in, 2, out, .max_workers = 2), 0);
    ck_assert_int_eq(out[0], wide);
    ck_assert_int_eq(out[1], wide);
    uselocale(LC_GLOBAL_LOCALE);
    freelocale(utf8);
    ck_assert_int_eq(parallel_map_into(bytes_here, in, 2, out, .max_workers = 2), 0);
    ck_assert_int_eq(out[0], usual);
    ck_assert_int_eq(out[1], usual);
    call_first(NULL);
}
END_TEST

static locale_t of_this_call;

/* A task that leaves the thread with another locale than it found, and tells which that was. */
static int leave_locale(int x)
{
    pl_test_sleep(500);
    int found = (int)MB_CUR_MAX;
    uselocale(of_this_call);
    return x ? found : -1;
}
PARALLEL_DECORATE(leave_locale, int, int);

/* A call in the background has the program's locale, whichever thread performs it, and whatever ran there before. */
START_TEST(background_calls_have_the_programs_locale)
{
    int in[16], usual = (int)MB_CUR_MAX;
    for (int i = 0; i < 16; i++)
        in[i] = 1;
    pl_workers(3);
    of_this_call = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    if (!of_this_call)
        return;
    for (int round = 0; round < 20; round++) {
        uselocale(round % 2 ? of_this_call : LC_GLOBAL_LOCALE);
        PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(leave_locale, in, 16, .grain = 1);
        const int *found = parallel_values(parallel_executor_results(ex));
        ck_assert_ptr_nonnull(found);
        ck_assert_int_eq(found[0], usual);
        ck_assert_ptr_eq(uselocale((locale_t)0), round % 2 ? of_this_call : LC_GLOBAL_LOCALE);
    }
    uselocale(LC_GLOBAL_LOCALE);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
#ifdef __linux__
    tcase_add_loop_test(c, children_have_the_callers_mask, 0, 8);
    tcase_add_test(c, profilers_see_all_threads);
    tcase_add_test(c, a_pinned_caller_decides_nothing);
    tcase_add_loop_test(c, a_callers_priority_decides_nothing, 0, 4);
    tcase_add_test(c, threads_that_have_called_do_not_use_records_up);
#endif
    tcase_add_loop_test(c, rounding_goes_with_the_call, 0, 6);
    tcase_add_test(c, rounding_stays_in_its_task);
    tcase_add_test(c, the_locale_goes_with_the_call);
    tcase_add_test(c, background_calls_have_the_programs_locale);
    return pl_run("api/surroundings", c);
}
