/* SPDX-License-Identifier: MIT */
/* os_process.h on Linux: shared futexes, keepers, pidfds, subreapers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/os_internal.h"

#ifndef SYS_futex /* machines of 32 bits without a past */
#define SYS_futex SYS_futex_time64
#endif

/* ---- what processes share -------------------------------------------------------------------------------- */

void pl_os_share_discard(void *start, size_t bytes)
{
    int saved = errno;
    madvise(start, bytes, MADV_REMOVE);
    errno = saved;
}

void pl_os_populate(void *start, size_t bytes)
{
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
    int saved = errno;
    uintptr_t page = pl_os_page(), first = (uintptr_t)start / page * page;
    uintptr_t last = ((uintptr_t)start + bytes + page - 1) / page * page;
    madvise((void *)first, last - first, MADV_POPULATE_WRITE);
    errno = saved;
}

void pl_os_shared_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    pl_os_futex(word, FUTEX_WAIT, expected, timeout_ns);
}

void pl_os_shared_wake(_Atomic uint32_t *word, bool all)
{
    pl_os_futex(word, FUTEX_WAKE, all ? INT_MAX : 1, UINT64_MAX);
}

/* ---- the keeper ------------------------------------------------------------------------------------------ */

/* A stack for one that is not told, and the least and the most that one gets. */
#define STACK_DEFAULT ((size_t)8 << 20)
#define STACK_LEAST ((size_t)256 << 10)
#define STACK_MOST ((size_t)1 << 30)

typedef struct keeper {
    const pl_os_birth *birth;
    int pid, error;
    _Atomic uint32_t told; /* what the thread that made it waits for */
} keeper;

#if defined(__has_include)
#if __has_include(<sys/rseq.h>) && (defined(__x86_64__) || defined(__aarch64__))
#include <sys/rseq.h>
#define HAS_RSEQ 1
#endif
#endif

/* clone() with CLONE_VM ends the registration that the C library has for the kernel to tell the current CPU, and the fork
 * of that process has none either: it begins anew. */
static void tell_cpu_again(void)
{
#ifdef HAS_RSEQ
    char *thread;
#ifdef __x86_64__
    __asm__("mov %%fs:0, %0" : "=r"(thread));
#else
    __asm__("mrs %0, tpidr_el0" : "=r"(thread));
#endif
    if (__rseq_size)
        syscall(SYS_rseq, thread + __rseq_offset, 32, 0, RSEQ_SIG);
#endif
}

/* A system call that needs nothing of the thread's: neither errno, nor what a stack protector in syscall() compares with.
 * Elsewhere, the former is all that it may touch, and only if the call fails. */
__attribute__((always_inline)) static inline void call_bare(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__) && defined(__LP64__)
    register long fourth __asm__("r10") = d, fifth __asm__("r8") = 0;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__) && defined(__LP64__)
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d, x4 __asm__("x4") = 0;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
#elif defined(__riscv) && __riscv_xlen == 64
    register long a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d, a4 __asm__("a4") = 0;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
#else
    syscall(number, a, b, c, d, 0L);
#endif
}

/* The keeper shares its creator's thread-local memory. While the creator waits for `told`, it acts in its place; after
 * that, the thread may have ended, and its memory be gone: the keeper neither reads nor writes there. */
static int keep(void *argument)
{
    keeper *k = argument;
    pid_t child = fork();
    if (child == 0) {
        tell_cpu_again();
        pl_os_be_born(k->birth);
    }
    k->error = errno;
    k->pid = child;
#ifdef SYS_close_range
    syscall(SYS_close_range, 0, ~0u, 2); /* CLOSE_RANGE_UNSHARE: what the program closes is not to stay open here */
#endif
    /* O5 release: what came of it is written down; pairs with O6 */
    atomic_store_explicit(&k->told, 1, memory_order_release);
    call_bare(SYS_futex, (long)&k->told, FUTEX_WAKE_PRIVATE, 1, 0);
    if (child > 0)
        call_bare(SYS_waitid, P_PID, child, 0, WEXITED | __WALL);
    call_bare(SYS_exit_group, 0, 0, 0, 0);
    return 0;
}

static size_t stack_size(void)
{
    struct rlimit limit;
    size_t size = STACK_DEFAULT, page = pl_os_page();
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        size = limit.rlim_cur > STACK_MOST ? STACK_MOST : (size_t)limit.rlim_cur;
    size = size < STACK_LEAST ? STACK_LEAST : size;
    return (size + page - 1) / page * page;
}

/* Tools that follow each process by changing its code do not know processes that share their memory. */
static bool is_watched(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
    return true;
#endif
#endif
    const char *loaded = getenv("LD_PRELOAD");
    return loaded && strstr(loaded, "vgpreload");
}

static bool make_stack(pl_os_apart *apart)
{
    size_t bytes = stack_size(), page = pl_os_page();
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    void *stack = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (stack == MAP_FAILED)
        return false;
    mprotect(stack, page, PROT_NONE);
    apart->stack = stack;
    apart->stack_bytes = bytes + page;
    return true;
}

bool pl_os_is_kept(const pl_os_apart *apart)
{
    siginfo_t info = {.si_pid = 0};
    if (apart->keeper <= 0)
        return kill(apart->pid, 0) == 0;
    return waitid(P_PID, (id_t)apart->keeper, &info, WEXITED | WNOHANG | WNOWAIT | __WCLONE) == 0 && !info.si_pid;
}

void pl_os_bury_keeper(pl_os_apart *apart)
{
    if (apart->keeper > 0)
        while (waitpid(apart->keeper, NULL, __WCLONE) < 0 && errno == EINTR) {
        }
    if (apart->stack)
        munmap(apart->stack, apart->stack_bytes);
}

int pl_os_give_birth(pl_os_apart *apart, const pl_os_birth *birth)
{
    if (is_watched() || !make_stack(apart))
        return pl_os_fork_twice(apart, birth);
    keeper k = {.birth = birth};
    char *top = (char *)apart->stack + apart->stack_bytes;
    apart->keeper = clone(keep, top, CLONE_VM | CLONE_FS | CLONE_FILES, &k);
    if (apart->keeper < 0) {
        int error = errno;
        pl_os_bury_keeper(apart);
        apart->stack = NULL;
        return error == EAGAIN || error == ENOMEM ? error : pl_os_fork_twice(apart, birth);
    }
    /* O6 acquire: the keeper has forked, and leaves this thread's memory alone; pairs with O5 */
    while (!atomic_load_explicit(&k.told, memory_order_acquire))
        pl_os_wait(&k.told, 0, -1);
    apart->pid = k.pid;
    if (k.pid > 0)
        return 0;
    pl_os_bury_keeper(apart);
    return k.error;
}

static int count_images(struct dl_phdr_info *info, size_t size, void *sum)
{
    (void)size;
    *(uint64_t *)sum = (uint64_t)info->dlpi_adds + (uint64_t)info->dlpi_subs;
    return 1;
}

uint64_t pl_os_images(void)
{
    uint64_t sum = 0;
    dl_iterate_phdr(count_images, &sum);
    return sum;
}

/* How often a supervisor looks for the program that cannot be told of its end. */
#define LOOK_NS 50000000

/* ---- a supervisor ---------------------------------------------------------------------------------------- */

/* How many numbers are looked at where there is no list of files. */
#define NUMBERS 65536

static void drop_file(int fd, int line, int nothing)
{
    if (fd > 2 && fd != line && fd != nothing && (nothing < 0 || dup3(nothing, fd, O_CLOEXEC) < 0))
        close(fd);
}

/* One of what the system's list of a directory has; the C library's way to read it allocates memory, and another thread of
 * the program may have been allocating some at the fork: not every malloc() is prepared for that. */
typedef struct listed {
    uint64_t inode;
    int64_t next;
    unsigned short size;
    unsigned char type;
    char name[];
} listed;

/* False where there is no list. */
static bool drop_listed_files(int line, int nothing)
{
    alignas(listed) char room[2048] = {0}; /* MemorySanitizer does not see what the call below writes */
    int list = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long bytes = list < 0 ? -1 : syscall(SYS_getdents64, list, room, sizeof room);
    bool any = bytes > 0;
    for (; bytes > 0; bytes = syscall(SYS_getdents64, list, room, sizeof room)) {
        for (long at = 0; at < bytes;) {
            const listed *file = (const listed *)(const void *)(room + at);
            int fd = atoi(file->name);
            if (fd != list)
                drop_file(fd, line, nothing);
            at += file->size;
        }
    }
    if (list >= 0)
        close(list);
    return any;
}

void pl_os_drop_files(int line)
{
    int nothing = open("/", O_PATH | O_CLOEXEC);
    long most = drop_listed_files(line, nothing) ? 0 : sysconf(_SC_OPEN_MAX);
    for (int fd = 3; fd < most && fd < NUMBERS; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            drop_file(fd, line, nothing);
    if (nothing > 2)
        close(nothing);
}

void pl_os_watch(pl_os_supervisor *s, int program)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#ifdef SYS_pidfd_open
    s->program = (int)syscall(SYS_pidfd_open, program, 0);
#else
    (void)program;
#endif
}

pl_os_event pl_os_supervisor_wait(pl_os_supervisor *s, uint64_t timeout_ns)
{
    struct pollfd files[2] = {{.fd = s->line, .events = POLLIN}, {.fd = s->program, .events = POLLIN}};
    struct timespec t = pl_timespec(timeout_ns);
    if (s->program < 0) { /* then it looks every so often */
        if (kill(s->pid, 0) != 0 && errno == ESRCH)
            return PL_OS_ALONE;
        t = timeout_ns < LOOK_NS ? t : (struct timespec){.tv_nsec = LOOK_NS};
        timeout_ns = timeout_ns < LOOK_NS ? timeout_ns : LOOK_NS;
    }
    sigset_t mask;
    sigfillset(&mask);
    sigdelset(&mask, SIGCHLD);
    if (ppoll(files, 2, timeout_ns == UINT64_MAX ? NULL : &t, &mask) <= 0)
        return PL_OS_NOTHING;
    return files[1].revents ? PL_OS_ALONE : pl_os_supervisor_event(s, files[0].revents != 0);
}

void pl_os_kill_strays(bool (*keep_it)(void *context, int pid), void *context)
{
    char text[4096], path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC), pid = 0;
    if (fd < 0)
        return;
    for (ssize_t got; (got = read(fd, text, sizeof text)) > 0;)
        for (ssize_t i = 0; i < got; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
                continue;
            }
            if (pid > 1 && !keep_it(context, pid))
                kill(pid, SIGKILL);
            pid = 0;
        }
    close(fd);
}

/* ---- a worker -------------------------------------------------------------------------------------------- */

void pl_os_die_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}
