/* SPDX-License-Identifier: MIT */
/* The OS interface on Linux: futexes, affinity masks, cgroups. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/life.h"
#include "base/os.h"
#include "base/os_internal.h"

/* ---- waiting --------------------------------------------------------------------------------------------- */

/* The time as the system call takes it, whatever the C library's `struct timespec` is: on machines of 32 bits that has
 * seconds of 32 bits or of 64. Relative times fit in either. Newer machines have only the call for the latter. */
#ifdef SYS_futex
typedef long futex_time;
#else
#define SYS_futex SYS_futex_time64
typedef int64_t futex_time;
#endif

void pl_os_futex(_Atomic uint32_t *word, int operation, uint32_t value, uint64_t timeout_ns)
{
    struct timespec t = pl_os_timespec(timeout_ns);
    futex_time relative[2] = {t.tv_sec < INT32_MAX ? (futex_time)t.tv_sec : INT32_MAX, t.tv_nsec};
    int saved = errno;
    syscall(SYS_futex, word, operation, value, timeout_ns == UINT64_MAX ? NULL : relative, NULL, 0);
    errno = saved;
}

void pl_os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
    pl_os_futex(word, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? UINT64_MAX : (uint64_t)timeout_ns);
}

void pl_os_wake(_Atomic uint32_t *word)
{
    pl_os_futex(word, FUTEX_WAKE_PRIVATE, 1, UINT64_MAX);
}

void pl_os_wait_for(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    pl_os_wait(word, expected, timeout_ns < INT64_MAX ? (int64_t)timeout_ns : INT64_MAX);
}

void pl_os_wake_all(_Atomic uint32_t *word)
{
    pl_os_futex(word, FUTEX_WAKE_PRIVATE, INT_MAX, UINT64_MAX);
}

void pl_os_after_fork(void)
{
    /* futexes have no state in the process */
}

/* A page of the library's data that is zero in a child. Not a mapping of its own: threads may be in calls when the
 * program exits. */
#if defined(__x86_64__) || defined(__i386__)
enum { PAGE_MOST = 4096 };
#else
enum { PAGE_MOST = 65536 };
#endif
static alignas(PAGE_MOST) volatile unsigned char mark[PAGE_MOST];
static bool is_wiped;

static void wipe_mark_on_fork(void)
{
#ifdef MADV_WIPEONFORK
    is_wiped = pl_os_page() <= PAGE_MOST && madvise((void *)mark, PAGE_MOST, MADV_WIPEONFORK) == 0;
    pl_os_known_child();
#endif
}

PL_LIFE(PL_LIFE_SYSTEM, .loaded = wipe_mark_on_fork);

bool pl_os_is_new_child(void)
{
    return is_wiped && mark[0] == 0;
}

void pl_os_known_child(void)
{
    mark[0] = 1;
}

bool pl_os_try_join(pthread_t thread)
{
    return pthread_tryjoin_np(thread, NULL) == 0;
}

void pl_os_name_self(const char *name)
{
    if (!pl_os_few_calls())
        prctl(PR_SET_NAME, name, 0, 0, 0);
}

#if defined(__x86_64__) || defined(__i386__)
void pl_os_choose_clock(void)
{
    int how = PR_TSC_ENABLE;
    if (pl_os_asks_for_few_calls() || prctl(PR_GET_TSC, &how, 0, 0, 0) != 0)
        return;
    /* O9 relaxed: the library has no threads yet; pairs with O8, O10, O11 */
    atomic_store_explicit(&pl_os_no_counter, how != PR_TSC_ENABLE, memory_order_relaxed);
}

uint64_t pl_os_nanoseconds_by_kernel(void)
{
    long t[2] = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, t);
    return (uint64_t)t[0] * 1000000000u + (uint64_t)t[1];
}
#endif

/* ---- processors ------------------------------------------------------------------------------------------ */

/* The CPUs of the first thread's affinity mask. Machines with more CPUs than cpu_set_t has bits need a
 * larger set: it grows until the kernel accepts it. */
unsigned pl_os_cpus_allowed(void)
{
    for (int bits = CPU_SETSIZE; bits <= 1 << 20 && !pl_os_few_calls(); bits *= 2) {
        cpu_set_t *set = CPU_ALLOC(bits);
        if (!set)
            break;
        size_t size = CPU_ALLOC_SIZE(bits);
        int rc = sched_getaffinity(getpid(), size, set), error = errno;
        int count = rc == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return (unsigned)count;
        if (error != EINVAL)
            break;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

/* Reads a small file whole, as a string; false if it cannot be read. */
static bool read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t length = 0;
    while (length < size - 1) {
        ssize_t got = read(fd, text + length, size - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    close(fd);
    text[length] = '\0';
    return length > 0;
}

/* The CPUs that `quota` of every `period` amounts to, rounded up; 0: no quota. */
static unsigned quota_cpus(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    long long cpus = quota / period + (quota % period != 0);
    return cpus > UINT_MAX ? UINT_MAX : (unsigned)cpus;
}

/* The quota set in one cgroup directory: version 2 has "max 100000" or "150000 100000" in cpu.max, version 1
 * has two files. 0 if there is none. */
static unsigned directory_quota(const char *directory, bool v2)
{
    char path[PATH_MAX + 32], text[64];
    if (v2) {
        long long quota, period;
        snprintf(path, sizeof path, "%s/cpu.max", directory);
        if (!read_file(path, text, sizeof text) || sscanf(text, "%lld %lld", &quota, &period) != 2)
            return 0;
        return quota_cpus(quota, period);
    }
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", directory);
    if (!read_file(path, text, sizeof text))
        return 0;
    long long quota = atoll(text);
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", directory);
    if (quota <= 0 || !read_file(path, text, sizeof text))
        return 0;
    return quota_cpus(quota, atoll(text));
}

/* The tightest quota on the way from root/mount/cgroup up to root/mount, each ancestor's binding its children.
 * In a container the path may name a place that is not mounted inside; its ancestors then still count. */
static unsigned tightest_quota(const char *root, const char *mount, const char *cgroup, bool v2)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s%s%s", root, mount, cgroup);
    if (length < 0 || (size_t)length >= sizeof path)
        return 0;
    size_t top = strlen(root) + strlen(mount);
    unsigned least = 0;
    for (;;) {
        unsigned quota = directory_quota(path, v2);
        if (quota && (!least || quota < least))
            least = quota;
        if (strlen(path) <= top)
            return least;
        char *slash = strrchr(path + top, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* True if the comma-separated list of controllers names "cpu". */
static bool lists_cpu(const char *controllers, size_t length)
{
    while (length > 0) {
        const char *comma = memchr(controllers, ',', length);
        size_t name = comma ? (size_t)(comma - controllers) : length;
        if (name == 3 && memcmp(controllers, "cpu", 3) == 0)
            return true;
        if (!comma)
            return false;
        controllers += name + 1;
        length -= name + 1;
    }
    return false;
}

unsigned pl_os_cgroup_quota(const char *self_cgroup, const char *root)
{
    unsigned least = 0;
    /* lines of "id:controllers:path"; version 2 has id 0 and no controllers */
    for (const char *line = self_cgroup; *line; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        const char *first = memchr(line, ':', length);
        const char *second = first ? memchr(first + 1, ':', length - (size_t)(first + 1 - line)) : NULL;
        char cgroup[PATH_MAX];
        size_t path_length = second ? length - (size_t)(second + 1 - line) : 0;
        if (second && path_length < sizeof cgroup) {
            memcpy(cgroup, second + 1, path_length);
            cgroup[path_length] = '\0';
            if (strcmp(cgroup, "/") == 0)
                cgroup[0] = '\0';
            bool v2 = second == first + 1;
            static const char *const mounts[2][2] = {{"/cpu", "/cpu,cpuacct"}, {"", "/unified"}};
            bool counts = v2 || lists_cpu(first + 1, (size_t)(second - first - 1));
            for (int m = 0; counts && m < 2; m++) {
                unsigned quota = tightest_quota(root, mounts[v2][m], cgroup, v2);
                if (quota && (!least || quota < least))
                    least = quota;
            }
        }
        line += length;
    }
    return least;
}

static unsigned find_quota(void)
{
    int state = pl_os_cancel_defer(); /* reading a file is a cancellation point */
    char self[4096];
    unsigned quota = read_file("/proc/self/cgroup", self, sizeof self) ? pl_os_cgroup_quota(self, "/sys/fs/cgroup") : 0;
    pl_os_cancel_restore(state);
    return quota;
}

void pl_os_find_cpu_limits(pl_os_cpu_limits *limits)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    *limits = (pl_os_cpu_limits){online > 0 ? (unsigned)online : 0, pl_os_cpus_allowed(), find_quota()};
}

unsigned pl_os_cpus(void)
{
    unsigned cpus = pl_os_cpus_allowed(), quota = find_quota();
    return quota && quota < cpus ? quota : cpus;
}

/* ---- places ---------------------------------------------------------------------------------------------- */

int pl_os_cpu(void)
{
    return sched_getcpu();
}

/* A set for 8192 CPUs. On machines with more, threads are not placed. */
typedef struct pl_os_cpu_set {
    cpu_set_t set[8];
} cpus;

pl_os_id pl_os_thread_self(void)
{
    return syscall(SYS_gettid);
}

static bool get_cpus(pl_os_id thread, int cpu, cpus *all)
{
    memset(all, 0, sizeof *all);
    return cpu >= 0 && cpu < (int)(8 * sizeof *all) && sched_getaffinity((pid_t)thread, sizeof *all, all->set) == 0;
}

/* Whether `cpu` is one of them, and there are others. */
static bool has_other(const cpus *all, int cpu)
{
    return cpu >= 0 && cpu < (int)(8 * sizeof *all) && CPU_ISSET_S((unsigned)cpu, sizeof *all, all->set) &&
           CPU_COUNT_S(sizeof *all, all->set) > 1;
}

bool pl_os_may_exclude_cpu(pl_os_id thread, int cpu)
{
    cpus all;
    int saved = errno;
    bool may = !pl_os_few_calls() && get_cpus(thread, cpu, &all) && has_other(&all, cpu);
    errno = saved;
    return may;
}

void pl_os_exclude_cpu(pl_os_id thread, int cpu, pl_os_cpu_use use)
{
    cpus all;
    int saved = errno;
    if (get_cpus(thread, cpu, &all)) {
        if (use == PL_OS_CPU_EXCLUDED)
            CPU_CLR_S((unsigned)cpu, sizeof all, all.set);
        else
            CPU_SET_S((unsigned)cpu, sizeof all, all.set);
        sched_setaffinity((pid_t)thread, sizeof all, all.set);
    }
    errno = saved;
}

/* The CPUs that the process may run on. */
static bool process_cpus(cpus *all)
{
    return !pl_os_few_calls() && get_cpus(getpid(), 0, all);
}

pl_os_cpu_set *pl_os_cpu_set_new(const int *numbers, size_t count, unsigned *usable)
{
    cpus allowed, *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    bool known = process_cpus(&allowed);
    for (size_t i = 0; i < count; i++) {
        bool fits = numbers[i] >= 0 && numbers[i] < (int)(8 * sizeof *set);
        if (fits && (!known || CPU_ISSET_S((unsigned)numbers[i], sizeof allowed, allowed.set)))
            CPU_SET_S((unsigned)numbers[i], sizeof *set, set->set);
    }
    *usable = (unsigned)CPU_COUNT_S(sizeof *set, set->set);
    if (*usable > 0)
        return set;
    free(set);
    errno = EINVAL;
    return NULL;
}

/* The CPUs that threads started with this set may run on. */
static bool cpus_for(const pl_os_cpu_set *wanted, cpus *all)
{
    if (!wanted)
        return process_cpus(all);
    *all = *wanted;
    return !pl_os_few_calls();
}

bool pl_os_may_start_excluding(int cpu, const pl_os_thread_attributes *attributes)
{
    cpus all;
    int saved = errno;
    bool may = cpus_for(attributes->cpus, &all) && has_other(&all, cpu);
    errno = saved;
    return may;
}

bool pl_os_place(pthread_attr_t *attributes, int off, const pl_os_cpu_set *wanted)
{
#ifdef __GLIBC__
    cpus all;
    if (!cpus_for(wanted, &all))
        return false;
    if (has_other(&all, off))
        CPU_CLR_S((unsigned)off, sizeof all, all.set);
    return pthread_attr_setaffinity_np(attributes, sizeof all, all.set) == 0;
#else
    (void)attributes;
    (void)off;
    (void)wanted;
    return false;
#endif
}

/* With other C libraries than glibc, a thread is not placed at its start: it places itself. */
static void place_self(const pl_os_cpu_set *wanted)
{
#ifdef __GLIBC__
    (void)wanted;
#else
    cpus all;
    if (cpus_for(wanted, &all))
        sched_setaffinity(0, sizeof all, all.set);
#endif
}

/* The policy and the priority of a thread; the policy without the flag that it is not inherited. */
static bool get_policy(pid_t thread, int *policy, struct sched_param *param)
{
    *policy = sched_getscheduler(thread);
    if (*policy < 0 || sched_getparam(thread, param) != 0)
        return false;
    *policy &= ~SCHED_RESET_ON_FORK;
    return true;
}

/* Takes the first thread's policy, unless that is one with deadlines, which a thread has for itself alone. */
static bool adopt_policy(pid_t first)
{
    int theirs, ours;
    struct sched_param wanted, has;
    if (!get_policy(first, &theirs, &wanted) || !get_policy(0, &ours, &has))
        return true; /* the policies are not known */
    if (theirs == SCHED_DEADLINE || (theirs == ours && wanted.sched_priority == has.sched_priority))
        return true;
    return sched_setscheduler(0, theirs, &wanted) == 0;
}

static bool adopt_nice(pid_t first, int more)
{
    errno = 0;
    int wanted = getpriority(PRIO_PROCESS, (id_t)first), has = errno ? 0 : getpriority(PRIO_PROCESS, 0);
    if (errno)
        return true;
    wanted += more;
    wanted = wanted > 19 ? 19 : wanted < -20 ? -20 : wanted;
    return wanted == has || setpriority(PRIO_PROCESS, 0, wanted) == 0;
}

bool pl_os_thread_begins(const pl_os_thread_attributes *attributes)
{
    if (pl_os_few_calls())
        return true;
    pid_t first = getpid();
    place_self(attributes->cpus);
    bool same = adopt_policy(first);
    bool nice = adopt_nice(first, attributes->nice);
    return same && (nice || attributes->nice < 0);
}

/* ---- fences ---------------------------------------------------------------------------------------------- */

bool pl_os_fence_init(void)
{
    int saved = errno;
    bool known = !pl_os_few_calls() && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = saved;
    return known;
}

bool pl_os_fence_all(void)
{
    int saved = errno;
    bool done = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = saved;
    return done;
}

/* ---- memory ---------------------------------------------------------------------------------------------- */

void pl_os_use_huge_pages(void *start, size_t bytes)
{
    madvise(start, bytes, MADV_HUGEPAGE);
}

/* The system refuses to take back memory that is locked. */
bool pl_os_is_locked(void *page, size_t bytes)
{
    return madvise(page, bytes, MADV_DONTNEED) != 0 && errno == EINVAL;
}

void pl_os_discard(void *start, size_t bytes)
{
    int saved = errno;
    madvise(start, bytes, MADV_DONTNEED);
    errno = saved;
}

bool pl_os_offer(void *start, size_t bytes)
{
    int saved = errno;
    bool done = madvise(start, bytes, MADV_FREE) == 0 || madvise(start, bytes, MADV_DONTNEED) == 0; /* before 4.5 */
    errno = saved;
    return done;
}

/* ---- the environment ------------------------------------------------------------------------------------- */

const char *pl_os_environment(const char *name)
{
    return secure_getenv(name);
}
