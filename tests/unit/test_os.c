/* SPDX-License-Identifier: MIT */
/* The OS interface: CPUs by cgroup quota, waiting with a time, address space, threads. */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "support/test.h"

/* ---- cgroups ------------------------------------------------------------------------------------------- */

#ifdef PL_OS_LINUX
static char root[64];

static void write_file(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0777);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void make_root(void)
{
    strcpy(root, "/tmp/parallel-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(quota_of_version_2)
{
    make_root();
    write_file("cpu.max", "max 100000\n");
    ck_assert_uint_eq(pl_os_cgroup_quota("0::/\n", root), 0);
    write_file("a/b/cpu.max", "150000 100000\n");
    ck_assert_uint_eq(pl_os_cgroup_quota("0::/a/b\n", root), 2);   /* rounded up */
    ck_assert_uint_eq(pl_os_cgroup_quota("0::/a/b/c\n", root), 2); /* an ancestor's binds, too */
    ck_assert_uint_eq(pl_os_cgroup_quota("0::/a\n", root), 0);
    write_file("a/cpu.max", "50000 100000\n");
    ck_assert_uint_eq(pl_os_cgroup_quota("0::/a/b\n", root), 1); /* the tightest counts */
    ck_assert_uint_eq(pl_os_cgroup_quota("0::/elsewhere\n", root), 0);
    remove_root();
}
END_TEST

START_TEST(quota_of_version_1)
{
    make_root();
    write_file("cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
    write_file("cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
    ck_assert_uint_eq(pl_os_cgroup_quota("5:memory:/job\n4:cpu,cpuacct:/job\n", root), 3);
    ck_assert_uint_eq(pl_os_cgroup_quota("4:cpuacct,cpu:/job\n", root), 3);
    ck_assert_uint_eq(pl_os_cgroup_quota("5:memory:/job\n4:cpuset:/job\n", root), 0);
    ck_assert_uint_eq(pl_os_cgroup_quota("4:cpuset,:/job\n", root), 0);
    write_file("cpu/job/cpu.cfs_quota_us", "-1\n");
    write_file("cpu/job/cpu.cfs_period_us", "100000\n");
    ck_assert_uint_eq(pl_os_cgroup_quota("3:cpu:/other\n", root), 0);
    write_file("cpu/job/cpu.cfs_quota_us", "1000\n");
    ck_assert_uint_eq(pl_os_cgroup_quota("3:cpu:/job", root), 1); /* at least one, and no newline needed */
    remove_root();
}
END_TEST

START_TEST(nonsense_is_no_quota)
{
    make_root();
    write_file("cpu.max", "0 0\n");
    ck_assert_uint_eq(pl_os_cgroup_quota("0::/\n", root), 0);
    write_file("cpu.max", "many\n");
    ck_assert_uint_eq(pl_os_cgroup_quota("0::/\n", root), 0);
    ck_assert_uint_eq(pl_os_cgroup_quota("", root), 0);
    ck_assert_uint_eq(pl_os_cgroup_quota("\n\n:\n::\n0:\ncpu\n", root), 0);
    char *deep = malloc(10000);
    memset(deep, 'x', 9999);
    memcpy(deep, "0::/", 4);
    deep[9999] = '\0';
    ck_assert_uint_eq(pl_os_cgroup_quota(deep, root), 0);
    deep[4 + PATH_MAX - 2] = '\0'; /* it is not too long, but the whole path is */
    ck_assert_uint_eq(pl_os_cgroup_quota(deep, root), 0);
    ck_assert_uint_eq(pl_os_cgroup_quota("0::job\n", root), 0);
    free(deep);
    remove_root();
}
END_TEST
#endif

START_TEST(cpus_are_sane)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    ck_assert_uint_ge(pl_os_cpus(), 1);
    ck_assert_uint_le(pl_os_cpus(), pl_os_cpus_allowed());
    ck_assert_uint_le(pl_os_cpus_allowed(), (unsigned)online);
}
END_TEST

/* ---- waiting ------------------------------------------------------------------------------------------- */

START_TEST(waits_with_a_time)
{
    _Atomic uint32_t word = 1;
    uint64_t start = pl_os_nanoseconds();
    pl_os_wait(&word, 0, -1); /* another value: at once */
    pl_os_wait(&word, 1, 0);
    while (pl_os_nanoseconds() - start < 3000000)
        pl_os_wait(&word, 1, 1000000);
    pl_os_wake(&word); /* nobody there */
}
END_TEST

static _Atomic uint32_t turn;

/* What threads are started with; and what the thread blocks that starts one. */
static const pl_os_thread_attributes usual;

static void *other(void *unused)
{
    for (uint32_t i = 0; i < 20000; i += 2) {
        while (turn != i + 1)
            pl_os_wait(&turn, i, -1);
        turn = i + 2;
        pl_os_wake(&turn);
    }
    return unused;
}

START_TEST(wakes_in_turn)
{
    pthread_t thread;
    ck_assert(pl_os_thread(&thread, other, NULL, -1, &usual));
    for (uint32_t i = 0; i < 20000; i += 2) {
        turn = i + 1;
        pl_os_wake(&turn);
        while (turn != i + 2)
            pl_os_wait(&turn, i + 1, -1);
    }
    pthread_join(thread, NULL);
}
END_TEST

/* ---- time, memory, threads ----------------------------------------------------------------------------- */

START_TEST(ticks_follow_the_clock)
{
    pl_test_sleep(20000);
    uint64_t ticks = pl_ticks(), ns = pl_os_nanoseconds();
    pl_test_sleep(20000);
    ticks = pl_ticks() - ticks;
    ns = pl_os_nanoseconds() - ns;
    double us = (double)ticks / (double)pl_os_ticks_per_us();
    ck_assert_msg(us > (double)ns / 2000 && us < (double)ns / 500, "%g us by ticks, %g by the clock", us,
                  (double)ns / 1000);
}
END_TEST

START_TEST(reserved_memory_is_committed_in_parts)
{
    size_t size = (size_t)1 << 30;
    char *start = pl_os_reserve(size);
    ck_assert_ptr_nonnull(start);
    ck_assert(pl_os_commit(start, 1));
    start[0] = 1;
    ck_assert(pl_os_commit(start, 1 << 20));
    ck_assert_int_eq(start[0], 1);
    ck_assert_int_eq(start[(1 << 20) - 1], 0);
    pl_os_release(start, size);
}
END_TEST

static void *mask_of(void *set)
{
    pthread_sigmask(SIG_BLOCK, NULL, set);
    return NULL;
}

START_TEST(threads_leave_signals_to_the_program)
{
    sigset_t in_thread, here;
    pthread_t thread;
    ck_assert(pl_os_thread(&thread, mask_of, &in_thread, -1, &usual));
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &here);
    ck_assert(sigismember(&in_thread, SIGINT) && sigismember(&in_thread, SIGALRM));
    ck_assert(!sigismember(&in_thread, SIGSEGV) && !sigismember(&in_thread, SIGABRT));
    ck_assert(!sigismember(&in_thread, SIGPROF)); /* a profiler looks at all threads */
    ck_assert(!sigismember(&here, SIGINT));
}
END_TEST

#ifdef PL_OS_LINUX
/* A thread that tells where it runs each time that it is asked. */
static _Atomic uint32_t asked;
static int where;
static pl_os_id teller;

static void *tell(void *unused)
{
    teller = pl_os_thread_self();
    pl_os_name_self("teller");
    for (uint32_t i = 0; i < 400; i += 2) {
        while (asked != i + 1)
            pl_os_wait(&asked, i, -1);
        where = pl_os_cpu();
        asked = i + 2;
        pl_os_wake(&asked);
    }
    return unused;
}

START_TEST(threads_keep_off_a_cpu)
{
    pthread_t thread;
    ck_assert(pl_os_thread(&thread, tell, NULL, -1, &usual));
    bool ever = false;
    for (uint32_t i = 0; i < 400; i += 2) {
        int here = pl_os_cpu();
        ck_assert_int_ge(here, 0);
        bool may = i > 0 && pl_os_may_exclude_cpu(teller, here); /* it has told its number by then */
        ever |= may;
        if (may)
            pl_os_exclude_cpu(teller, here, PL_OS_CPU_EXCLUDED);
        ck_assert(!may || !pl_os_may_exclude_cpu(teller, here));
        asked = i + 1;
        pl_os_wake(&asked);
        while (asked != i + 2)
            pl_os_wait(&asked, i + 1, -1);
        ck_assert(!may || where != here);
        if (may)
            pl_os_exclude_cpu(teller, here, PL_OS_CPU_ALLOWED);
        ck_assert(i == 0 || i == 398 || pl_os_may_exclude_cpu(teller, here) == may); /* not yet there, or no longer */
    }
    ck_assert(ever || pl_os_cpus() < 2);
    ck_assert(!pl_os_may_exclude_cpu(teller, -1) && !pl_os_may_exclude_cpu(teller, 1000000));
    pthread_join(thread, NULL);
}
END_TEST
#endif

int main(void)
{
    TCase *c = pl_case();
#ifdef PL_OS_LINUX
    tcase_add_test(c, quota_of_version_2);
    tcase_add_test(c, quota_of_version_1);
    tcase_add_test(c, nonsense_is_no_quota);
    tcase_add_test(c, threads_keep_off_a_cpu);
#endif
    tcase_add_test(c, cpus_are_sane);
    tcase_add_test(c, waits_with_a_time);
    tcase_add_test(c, wakes_in_turn);
    tcase_add_test(c, ticks_follow_the_clock);
    tcase_add_test(c, reserved_memory_is_committed_in_parts);
    tcase_add_test(c, threads_leave_signals_to_the_program);
    return pl_run("os", c);
}
