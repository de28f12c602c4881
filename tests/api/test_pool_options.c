/* SPDX-License-Identifier: MIT */
/* Pools with threads of a certain kind: parallel_pool_new_with(). */
#define _GNU_SOURCE
#include <limits.h>
#include <parallel.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/jobs.h"
#include "support/process.h"

static atomic_int arrived;
static _Thread_local bool is_caller, is_started, is_alone;

/* Until two tasks are here; but not those of calls that run alone. */
static void meet(void)
{
    if (is_alone)
        return;
    count_one(&arrived);
    for (int k = 0; k < 20000 && count_of(&arrived) % 2; k++)
        pl_test_sleep(1000);
}

struct seen {
    bool elsewhere, started;
    int nice, cpu_count;
    char name[32];
};

static struct seen look(int unused)
{
    struct seen s = {.elsewhere = !is_caller, .started = is_started};
    (void)unused;
    meet();
#ifdef __linux__
    cpu_set_t set;
    s.nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));
    s.cpu_count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
    pthread_getname_np(pthread_self(), s.name, sizeof s.name);
#endif
    return s;
}
PARALLEL_DECORATE(look, int, struct seen, .max_workers = 3);

/* What a thread of the pool sees. */
static struct seen look_from(parallel_pool *pool)
{
    const int in[2] = {0};
    struct seen out[2];
    is_caller = true;
    ck_assert_ptr_nonnull(pool);
    ck_assert_int_eq(parallel_map_into(look, in, 2, out, .pool = pool), 0);
    ck_assert_int_eq(out[0].elsewhere + out[1].elsewhere, 1);
    return out[out[1].elsewhere];
}

/* ---- stack ------------------------------------------------------------------------------------------------- */

static int deep(int kilobytes)
{
    volatile char room[1024];
    room[0] = (char)kilobytes;
    room[1023] = 1;
    return kilobytes ? deep(kilobytes - 1) + room[1023] : 0;
}

static int deep_elsewhere(int kilobytes)
{
    meet();
    return is_caller ? 0 : deep(kilobytes);
}
PARALLEL_DECORATE(deep_elsewhere, int, int, .max_workers = 3);

START_TEST(stacks_of_any_size)
{
    if (PL_SANITIZED) /* their frames are larger */
        return;
    const int megabytes[] = {1, 40, 200}, kilobytes = megabytes[_i] * 900;
    parallel_pool_options o = {.size = sizeof o, .workers = 2, .stack_size = (size_t)megabytes[_i] << 20};
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new_with(&o);
    ck_assert_ptr_nonnull(pool);
    int in[] = {kilobytes, kilobytes}, out[2];
    is_caller = true;
    ck_assert_int_eq(parallel_map_into(deep_elsewhere, in, 2, out, .pool = pool), 0);
    ck_assert_int_eq(out[0] + out[1], kilobytes);
}
END_TEST

static int nap_a_bit(int x)
{
    pl_test_sleep(50);
    return x;
}
PARALLEL_DECORATE(nap_a_bit, int, int);

/* ---- what threads do first and last --------------------------------------------------------------------------- */

static atomic_int starts, ends;

static void at_start(void *data)
{
    is_started = true;
    ck_assert_ptr_eq(data, &starts);
    count_one(&starts);
    is_alone = true;
    parallel_results_free(parallel_map(look, ((const int[]){0}), 1)); /* they may call */
    is_alone = false;
}

static void at_end(void *data)
{
    ck_assert_ptr_eq(data, &starts);
    count_one(&ends);
    int out, in = 0;
    is_alone = true;
    ck_assert_int_eq(parallel_map_into(deep_elsewhere, &in, 1, &out), 0);
}

START_TEST(threads_begin_and_end_with_functions)
{
    char name[] = "a rather long name of threads";
    parallel_pool_options o = {.size = sizeof o,
                               .workers = 4,
                               .name = name,
                               .thread_start = at_start,
                               .thread_end = at_end,
                               .thread_data = &starts};
    parallel_pool *pool = parallel_pool_new_with(&o);
    memset(name, 'x', sizeof name - 1);
    struct seen s = look_from(pool);
    ck_assert(s.started);
#ifdef __linux__
    ck_assert_str_eq(s.name, "a rather long n");
#endif
    ck_assert_int_ge(count_of(&starts), 1);
    parallel_pool_free(pool);
    ck_assert_int_eq(count_of(&starts), count_of(&ends));
    ck_assert(!is_started);
}
END_TEST

/* In the background, and so as others may outlast: with whom the pool is not left. */
static void call_at_start(void *how)
{
    int in[10] = {0};
    pl_test_sleep(1000);
    if (*(int *)how) {
        parallel_results_free(parallel_map(nap_a_bit, in, 10, .retries = 2, .retry_delay = 0.001));
    } else {
        parallel_executor *ex = parallel_async_map(nap_a_bit, in, 10);
        parallel_executor_wait(ex, -1);
        parallel_executor_free(ex);
    }
}

START_TEST(calls_of_threads_that_begin)
{
    int in[20] = {0}, out[20];
    parallel_pool_options o = {.size = sizeof o, .workers = 4, .thread_start = call_at_start, .thread_data = &_i};
    for (int round = 0; round < 40; round++) {
        parallel_pool *pool = parallel_pool_new_with(&o);
        ck_assert_int_eq(parallel_map_into(nap_a_bit, in, 20, out, .pool = pool), 0);
        parallel_pool_free(pool);
    }
}
END_TEST

/* ---- priority, and CPUs ------------------------------------------------------------------------------------- */

#ifdef __linux__
START_TEST(threads_of_less_priority)
{
    int own = getpriority(PRIO_PROCESS, 0);
    if (own > 10 || pl_emulated())
        return;
    parallel_pool_options o = {.size = sizeof o, .workers = 2, .nice = 5};
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new_with(&o);
    ck_assert_int_eq(look_from(pool).nice, own + 5);
    ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), own);
    parallel_pool_options more = {.size = sizeof more, .workers = 2, .nice = -1};
    PARALLEL_SCOPED parallel_pool *urgent = parallel_pool_new_with(&more);
    int nice = look_from(urgent).nice; /* if that is allowed */
    ck_assert(nice == own || nice == own - 1);
}
END_TEST

START_TEST(threads_on_some_cpus)
{
    cpu_set_t set;
    int all[CPU_SETSIZE + 2], n = 0, before;
    if (pl_emulated())
        return;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    before = CPU_COUNT(&set);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set))
            all[n++] = i;
    parallel_pool_options o = {.size = sizeof o, .workers = 2, .cpus = all, .cpu_count = 1};
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new_with(&o);
    ck_assert_int_eq(look_from(pool).cpu_count, 1);
    all[n] = -3, all[n + 1] = 1 << 30; /* of these there are none */
    o.cpu_count = (size_t)n + 2;
    PARALLEL_SCOPED parallel_pool *whole = parallel_pool_new_with(&o);
    ck_assert_int_eq(look_from(whole).cpu_count, before);
    o.cpus = &all[n];
    o.cpu_count = 2;
    errno = 0;
    ck_assert_ptr_null(parallel_pool_new_with(&o));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    ck_assert_int_eq(CPU_COUNT(&set), before);
}
END_TEST
#endif

/* ---- what is wrong ------------------------------------------------------------------------------------------ */

START_TEST(wrong_options)
{
    static const int cpu = 0;
    const parallel_pool_options wrong[] = {
        {.size = sizeof *wrong, .workers = -1},
        {.size = sizeof *wrong, .workers = PARALLEL_POOL_MAX + 1},
        {.size = sizeof *wrong, .stack_size = 1},
        {.size = sizeof *wrong, .stack_size = SIZE_MAX},
        {.size = sizeof *wrong, .nice = 41},
        {.size = sizeof *wrong, .nice = INT_MIN},
        {.size = sizeof *wrong, .cpus = &cpu},
        {.size = sizeof *wrong, .cpu_count = 1},
        {.size = 3},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        errno = 0;
        ck_assert_ptr_null(parallel_pool_new_with(&wrong[i]));
        ck_assert_int_eq(errno, EINVAL);
    }
    struct {
        parallel_pool_options o;
        char more[8];
    } newer = {.o = {.size = sizeof newer}};
    PARALLEL_SCOPED parallel_pool *same = parallel_pool_new_with(&newer.o);
    ck_assert_ptr_nonnull(same);
    newer.more[2] = 1;
    errno = 0;
    ck_assert_ptr_null(parallel_pool_new_with(&newer.o));
    ck_assert_int_eq(errno, ENOTSUP);
    PARALLEL_SCOPED parallel_pool *usual = parallel_pool_new_with(NULL);
    look_from(usual);
}
END_TEST

/* The child of a fork() has the pool, with threads of the same kind. */
START_TEST(the_child_has_the_same)
{
    if (!pl_threads_after_fork() || PL_SANITIZED)
        return;
    parallel_pool_options o = {.size = sizeof o, .workers = 2, .name = "same", .stack_size = 32 << 20};
    parallel_pool *pool = parallel_pool_new_with(&o);
    look_from(pool);
    pid_t child = fork();
    if (child == 0) {
        arrived = 0;
        struct seen s = look_from(pool);
        parallel_pool_free(pool);
#ifdef __linux__
        _exit(strcmp(s.name, "same") != 0);
#else
        _exit(!s.elsewhere);
#endif
    }
    ck_assert_int_eq(pl_status_of(child), 0);
    parallel_pool_free(pool);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, stacks_of_any_size, 0, sizeof(void *) > 4 ? 3 : 2);
    tcase_add_test(c, threads_begin_and_end_with_functions);
    tcase_add_loop_test(c, calls_of_threads_that_begin, 0, 2);
#ifdef __linux__
    tcase_add_test(c, threads_of_less_priority);
    tcase_add_test(c, threads_on_some_cpus);
#endif
    tcase_add_test(c, wrong_options);
    tcase_add_test(c, the_child_has_the_same);
    return pl_run("api/pool_options", c);
}
