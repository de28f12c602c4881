/* SPDX-License-Identifier: MIT */
/*
 * The keeper of a process apart, on Linux; os_process.h says what it is for.
 *
 * After the fork the keeper waits until its child has ended, and then kills and reaps the orphans that have become its
 * children: processes that the child had forked, if the child was killed or has given up. The keeper ends when it has
 * no children any more, or when that takes too long. If the program has ended, and the child, which is to notice that,
 * does not end (it has been stopped), the keeper kills it.
 *
 * Meanwhile the keeper may not use what belongs to threads (errno, stack protectors), as it has no thread of its own:
 * the one that made it may have ended. So it makes system calls without the C library.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
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

/* The stack of a keeper where the program's limit is not known; and the least and the most. */
#define STACK_DEFAULT ((size_t)8 << 20)
#define STACK_LEAST ((size_t)256 << 10)
#define STACK_MOST ((size_t)1 << 30)

/* How long the keeper waits for its child when the program has ended, in seconds; and in how many rounds, of a
 * millisecond each, it waits for processes that it has killed. */
#define KEEPER_SECONDS 3
#define KEEPER_ROUNDS 1000

/* How often the thread that makes a keeper looks whether that lives; and how long a killed keeper is waited for. */
#define LOOK_NS 50000000
#define KEEPER_END_NS UINT64_C(1000000000)

/* At the top of the keeper's stack: its own variables, and what it reports. */
typedef struct keeper_room {
    _Atomic uint32_t alive; /* the system clears it when the keeper has ended */
    _Atomic uint32_t over;  /* the child has ended, and will be reaped */
    struct pollfd files[2]; /* the program's process, and the child */
    struct timespec time;   /* a time for a system call */
    char text[1024];        /* a list of children */
} keeper_room;

typedef struct keeper {
    const pl_os_entry *entry; /* what the child is to run */
    keeper_room *room;        /* on the keeper's stack */
    int program;              /* the number of the program's process */
    int pid, error;           /* what fork() has returned, and errno */
    _Atomic uint32_t forked;  /* `pid` and `error` are set: the thread that made the keeper waits for this */
} keeper;

#if defined(__has_include)
#if __has_include(<sys/rseq.h>) && (defined(__x86_64__) || defined(__aarch64__))
#include <sys/rseq.h>
#define HAS_RSEQ 1
#endif
#endif

/* Registers the memory where the kernel writes the current CPU for the C library: clone() with CLONE_VM has ended that
 * registration, and the fork of such a process has none either. */
static void register_rseq(void)
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

/* A system call that touches nothing of the thread's: neither errno, nor what a stack protector in syscall() compares
 * with. On other machines it may touch errno, but only if the call fails: then the result says nothing. */
#if defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64))
#define IS_BARE 1
#endif

__attribute__((always_inline)) static inline long call_bare(long number, long a, long b, long c, long d)
{
#if defined(IS_BARE) && defined(__x86_64__)
    register long fourth __asm__("r10") = d, fifth __asm__("r8") = 0;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return number;
#elif defined(IS_BARE) && defined(__aarch64__)
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d, x4 __asm__("x4") = 0;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#elif defined(IS_BARE)
    register long a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d, a4 __asm__("a4") = 0;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
    return a0;
#else
    return syscall(number, a, b, c, d, 0L);
#endif
}

#if defined(IS_BARE) && defined(SYS_close_range) && defined(SYS_pidfd_open)

__attribute__((always_inline)) static inline void kill_bare(long pid)
{
    if (call_bare(SYS_kill, pid, SIGKILL, 0, 0) < 0)
        call_bare(SYS_tgkill, pid, pid, SIGKILL, 0);
}

/* Waits until the child can be reaped; kills it if the program has ended, and the child does not end. */
__attribute__((always_inline)) static inline void watch_bare(keeper_room *room, long program, long child)
{
    struct pollfd *files = room->files;
    files[0].fd = (int)call_bare(SYS_pidfd_open, program, 0, 0, 0);
    files[1].fd = (int)call_bare(SYS_pidfd_open, child, 0, 0, 0);
    files[0].events = files[1].events = POLLIN;
    if (files[0].fd < 0 || files[1].fd < 0 || call_bare(SYS_ppoll, (long)files, 2, 0, 0) < 0 || files[1].revents)
        return;
    room->time.tv_sec = KEEPER_SECONDS;
    room->time.tv_nsec = 0;
    if (call_bare(SYS_ppoll, (long)&files[1], 1, (long)&room->time, 0) == 0)
        kill_bare(child);
}

/* Kills all children; where they are not listed, those whose numbers come after `first`. */
__attribute__((always_inline)) static inline void kill_children_bare(keeper_room *room, long first)
{
    long fd = call_bare(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/children", O_RDONLY | O_CLOEXEC, 0);
    long got = fd, pid = 0;
    while (got >= 0 && (got = call_bare(SYS_read, fd, (long)room->text, sizeof room->text, 0)) > 0)
        for (long i = 0; i < got; i++) {
            bool digit = room->text[i] >= '0' && room->text[i] <= '9';
            if (!digit && pid > 1)
                kill_bare(pid);
            pid = digit ? pid * 10 + (room->text[i] - '0') : 0;
        }
    if (fd >= 0)
        call_bare(SYS_close, fd, 0, 0, 0);
    for (pid = first + 1; got < 0 && pid < first + PL_OS_SOME_NUMBERS; pid++)
        if (call_bare(SYS_wait4, pid, 0, WNOHANG | __WALL, 0) == 0)
            kill_bare(pid);
}

/* Kills and reaps all children, and the children of these. */
__attribute__((always_inline)) static inline void end_children_bare(keeper_room *room, long first)
{
    for (int round = 0; round < KEEPER_ROUNDS; round++) {
        long got;
        while ((got = call_bare(SYS_wait4, -1, 0, WNOHANG | __WALL, 0)) > 0) {
        }
        if (got < 0 && (got == -ECHILD || call_bare(SYS_waitid, P_ALL, 0, 0, WEXITED | WNOHANG | __WALL) < 0))
            return;
        kill_children_bare(room, first);
        room->time.tv_sec = 0;
        room->time.tv_nsec = 1000000;
        call_bare(SYS_nanosleep, (long)&room->time, 0, 0, 0);
    }
}

#define KEEPS_ALL 1
#endif

/* The keeper shares the thread-local memory of the thread that made it. While that thread waits for `forked`, the
 * keeper acts in its place; after that, the thread may have ended, and its memory be gone: the keeper neither reads nor
 * writes there. */
static int run_keeper(void *argument)
{
    keeper *k = argument;
    keeper_room *room = k->room;
    long program = k->program;
    bool apart = false; /* whether it has a table of files of its own, an empty one */
#ifdef KEEPS_ALL
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
    pid_t child = fork();
    if (child == 0) {
        register_rseq();
        pl_os_enter(k->entry);
    }
    k->error = errno;
    k->pid = child;
#ifdef SYS_close_range
    /* CLOSE_RANGE_UNSHARE: files that the program closes are not to stay open here */
    apart = syscall(SYS_close_range, 0, ~0u, 2) == 0;
#endif
    /* O5 release: the fork's result is written; pairs with O6 */
    atomic_store_explicit(&k->forked, 1, memory_order_release);
    call_bare(SYS_futex, (long)&k->forked, FUTEX_WAKE_PRIVATE, 1, 0);
    if (child < 0)
        call_bare(SYS_exit_group, 0, 0, 0, 0);
#ifdef KEEPS_ALL
    if (apart)
        watch_bare(room, program, child);
    if (call_bare(SYS_waitid, P_PID, child, 0, WEXITED | WNOWAIT | __WALL) < 0)
        call_bare(SYS_wait4, child, 0, __WALL, 0); /* waitid() is refused */
    /* P100 release: no process is to kill the child any more; it is reaped after that; pairs with P101 */
    atomic_store_explicit(&room->over, 1, memory_order_release);
    if (apart)
        end_children_bare(room, child);
    else
        call_bare(SYS_wait4, child, 0, __WALL, 0);
#else
    (void)apart;
    (void)program;
    (void)room;
    call_bare(SYS_waitid, P_PID, child, 0, WEXITED | __WALL);
#endif
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

static keeper_room *room_of(const pl_os_apart *apart)
{
    return (keeper_room *)(void *)((char *)apart->stack + apart->stack_bytes) - 1;
}

static bool keeper_lives(const pl_os_apart *apart)
{
    /* P102 acquire: the system clears it, when the keeper has ended; no partner */
    return apart->keeper > 0 && atomic_load_explicit(&room_of(apart)->alive, memory_order_acquire) != 0;
}

bool pl_os_is_kept(const pl_os_apart *apart)
{
    if (apart->keeper <= 0)
        return !pl_os_no_process(apart->pid);
    /* P101 acquire: as it is not set, the number is the child's; pairs with P100 */
    if (atomic_load_explicit(&room_of(apart)->over, memory_order_acquire))
        return false;
    return keeper_lives(apart) || !pl_os_no_process(apart->pid); /* the keeper may have been killed */
}

bool pl_os_await_keeper(pl_os_apart *apart, uint64_t timeout_ns)
{
    uint64_t began = pl_os_nanoseconds(), past = 0;
    while (keeper_lives(apart) && past < timeout_ns) {
        pl_os_shared_wait(&room_of(apart)->alive, 1, timeout_ns - past);
        past = pl_os_nanoseconds() - began;
    }
    return !keeper_lives(apart);
}

void pl_os_reap_keeper(pl_os_apart *apart)
{
    if (keeper_lives(apart)) { /* it may have been stopped */
        pl_os_kill_one(apart->keeper);
        if (!pl_os_await_keeper(apart, KEEPER_END_NS))
            return; /* it may still use its stack; it is a zombie of the program's when it ends */
    }
    if (apart->keeper > 0) {
        pid_t got;
        while ((got = waitpid(apart->keeper, NULL, __WCLONE)) < 0 && errno == EINTR) {
        }
        siginfo_t info;
        if (got < 0 && errno != ECHILD) /* waitpid() is refused */
            waitid(P_PID, (id_t)apart->keeper, &info, WEXITED | __WCLONE);
    }
    if (apart->stack)
        munmap(apart->stack, apart->stack_bytes);
    apart->stack = NULL;
    apart->keeper = -1;
}

int pl_os_spawn(pl_os_apart *apart, const pl_os_entry *entry)
{
    if (is_watched() || !make_stack(apart))
        return pl_os_fork_twice(apart, entry);
    keeper_room *room = room_of(apart);
    keeper k = {.entry = entry, .room = room, .program = getpid()};
    /* P103 relaxed: before the keeper is made; no partner */
    atomic_store_explicit(&room->alive, 1, memory_order_relaxed);
    char *top = (char *)((uintptr_t)room / 64 * 64);
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_CHILD_CLEARTID;
    apart->keeper = clone(run_keeper, top, flags, &k, NULL, NULL, &room->alive);
    if (apart->keeper < 0) {
        int error = errno;
        pl_os_reap_keeper(apart);
        return error == EAGAIN || error == ENOMEM ? error : pl_os_fork_twice(apart, entry);
    }
    bool lives = true;
    /* O6 acquire: the keeper has forked, and leaves this thread's memory alone; pairs with O5 */
    while (!atomic_load_explicit(&k.forked, memory_order_acquire) && lives) {
        pl_os_wait(&k.forked, 0, LOOK_NS);
        lives = keeper_lives(apart); /* a sandbox may have killed the keeper */
    }
    apart->pid = k.pid;
    if (k.pid > 0)
        return 0;
    if (k.pid == 0) {
        pl_os_reap_keeper(apart);
        return pl_os_fork_twice(apart, entry);
    }
    pl_os_await_keeper(apart, UINT64_MAX);
    pl_os_reap_keeper(apart);
    return k.error;
}
