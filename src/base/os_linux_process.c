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

/* How many process numbers are looked at where children are not listed: as many as a system has by default, and all that there
 * can be. */
#define SOME_NUMBERS 65536
#define ALL_NUMBERS 4194304

/* How often somebody looks whether who cannot tell of its end has ended; and a supervisor for children, where no signal tells. */
#define LOOK_NS UINT64_C(50000000)
#define DEAF_NS UINT64_C(5000000)

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

/*
 * What a keeper does after the fork: it waits until its child has ended, and then kills and reaps what has come to it: what
 * the child had forked, if the child was killed or has given up. It ends when it has no children any more, or when that
 * takes too long. If the program has ended, and its child, which is to notice, does not (it has been stopped), it kills it.
 *
 * Meanwhile it may not use what belongs to threads (errno, stack protectors), as it has no thread of its own: the one that
 * made it may have ended. So it calls the system by itself.
 */

/* How long it waits for its child when the program has ended, in seconds; and how often it looks, for a millisecond each, whether
 * what it has killed is dead. */
#define KEEPER_SECONDS 3
#define KEEPER_ROUNDS 1000

/* How long it is waited for when it has been killed. */
#define KEEPER_END_NS UINT64_C(1000000000)

/* At the top of its stack: what it has for itself, and tells. */
typedef struct keeper_room {
    _Atomic uint32_t alive; /* the system clears it when the keeper has ended */
    _Atomic uint32_t over;  /* its child has ended, and will be reaped */
    struct pollfd files[2];
    struct timespec time;
    char text[1024];
} keeper_room;

typedef struct keeper {
    const pl_os_birth *birth;
    keeper_room *room;
    int program;
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
 * Elsewhere, the former is all that it may touch, and only if the call fails: then the result says nothing. */
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

/* Kills all children; those that come after `first`, where they are not listed. */
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
    for (pid = first + 1; got < 0 && pid < first + SOME_NUMBERS; pid++)
        if (call_bare(SYS_wait4, pid, 0, WNOHANG | __WALL, 0) == 0)
            kill_bare(pid);
}

/* Kills and reaps all children, and theirs. */
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

/* The keeper shares its creator's thread-local memory. While the creator waits for `told`, it acts in its place; after
 * that, the thread may have ended, and its memory be gone: the keeper neither reads nor writes there. */
static int keep(void *argument)
{
    keeper *k = argument;
    keeper_room *room = k->room;
    long program = k->program;
    bool apart = false; /* it has files of its own, which is to say, none */
#ifdef KEEPS_ALL
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
    pid_t child = fork();
    if (child == 0) {
        tell_cpu_again();
        pl_os_be_born(k->birth);
    }
    k->error = errno;
    k->pid = child;
#ifdef SYS_close_range
    /* CLOSE_RANGE_UNSHARE: what the program closes is not to stay open here */
    apart = syscall(SYS_close_range, 0, ~0u, 2) == 0;
#endif
    /* O5 release: what came of it is written down; pairs with O6 */
    atomic_store_explicit(&k->told, 1, memory_order_release);
    call_bare(SYS_futex, (long)&k->told, FUTEX_WAKE_PRIVATE, 1, 0);
    if (child < 0)
        call_bare(SYS_exit_group, 0, 0, 0, 0);
#ifdef KEEPS_ALL
    if (apart)
        watch_bare(room, program, child);
    if (call_bare(SYS_waitid, P_PID, child, 0, WEXITED | WNOWAIT | __WALL) < 0)
        call_bare(SYS_wait4, child, 0, __WALL, 0); /* the other is refused */
    /* P100 release: nobody is to kill it any more; it is reaped after that; pairs with P101 */
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
    /* P102 acquire: the system has cleared it, or not; no partner */
    return apart->keeper > 0 && atomic_load_explicit(&room_of(apart)->alive, memory_order_acquire) != 0;
}

bool pl_os_is_kept(const pl_os_apart *apart)
{
    if (apart->keeper <= 0)
        return !pl_os_no_process(apart->pid);
    /* P101 acquire: as it is not set, the number is the child's; pairs with P100 */
    if (atomic_load_explicit(&room_of(apart)->over, memory_order_acquire))
        return false;
    return keeper_lives(apart) || !pl_os_no_process(apart->pid); /* somebody may have killed the keeper */
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

void pl_os_bury_keeper(pl_os_apart *apart)
{
    if (keeper_lives(apart)) { /* somebody may have stopped it */
        pl_os_kill_one(apart->keeper);
        if (!pl_os_await_keeper(apart, KEEPER_END_NS))
            return; /* it may still use its stack; it is a zombie of the program's when it ends */
    }
    if (apart->keeper > 0) {
        pid_t got;
        while ((got = waitpid(apart->keeper, NULL, __WCLONE)) < 0 && errno == EINTR) {
        }
        siginfo_t info;
        if (got < 0 && errno != ECHILD) /* it is refused */
            waitid(P_PID, (id_t)apart->keeper, &info, WEXITED | __WCLONE);
    }
    if (apart->stack)
        munmap(apart->stack, apart->stack_bytes);
    apart->stack = NULL;
    apart->keeper = -1;
}

int pl_os_give_birth(pl_os_apart *apart, const pl_os_birth *birth)
{
    if (is_watched() || !make_stack(apart))
        return pl_os_fork_twice(apart, birth);
    keeper_room *room = room_of(apart);
    keeper k = {.birth = birth, .room = room, .program = getpid()};
    /* P103 relaxed: before it is made; no partner */
    atomic_store_explicit(&room->alive, 1, memory_order_relaxed);
    char *top = (char *)((uintptr_t)room / 64 * 64);
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_CHILD_CLEARTID;
    apart->keeper = clone(keep, top, flags, &k, NULL, NULL, &room->alive);
    if (apart->keeper < 0) {
        int error = errno;
        pl_os_bury_keeper(apart);
        return error == EAGAIN || error == ENOMEM ? error : pl_os_fork_twice(apart, birth);
    }
    bool lives = true;
    /* O6 acquire: the keeper has forked, and leaves this thread's memory alone; pairs with O5 */
    while (!atomic_load_explicit(&k.told, memory_order_acquire) && lives) {
        pl_os_wait(&k.told, 0, LOOK_NS);
        lives = keeper_lives(apart); /* a sandbox may have killed it */
    }
    apart->pid = k.pid;
    if (k.pid > 0)
        return 0;
    if (k.pid == 0) {
        pl_os_bury_keeper(apart);
        return pl_os_fork_twice(apart, birth);
    }
    pl_os_await_keeper(apart, UINT64_MAX);
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

/* ---- a supervisor ---------------------------------------------------------------------------------------- */

/* How many numbers are looked at where there is no list of files. */
#define FILE_NUMBERS 65536

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
    for (int fd = 3; fd < most && fd < FILE_NUMBERS; fd++)
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

/* Until one of the files is ready, or a child has ended. Returns as poll() does; if that is refused, a little later, as if they
 * were ready: who reads them does not wait. */
static int sleep_for(struct pollfd *files, nfds_t count, uint64_t timeout_ns)
{
    struct timespec t = pl_timespec(timeout_ns);
    sigset_t mask;
    sigfillset(&mask);
    sigdelset(&mask, SIGCHLD);
    int ready = ppoll(files, count, timeout_ns == UINT64_MAX ? NULL : &t, &mask);
    if (ready >= 0 || errno == EINTR)
        return ready;
    if (timeout_ns)
        pl_os_nap();
    return 1;
}

pl_os_event pl_os_supervisor_wait(pl_os_supervisor *s, uint64_t timeout_ns)
{
    struct pollfd files[2] = {{.fd = s->line, .events = POLLIN}, {.fd = s->program, .events = POLLIN}};
    if (s->program < 0 && pl_os_no_process(s->pid))
        return PL_OS_ALONE;
    uint64_t most = s->deaf ? DEAF_NS : s->program < 0 ? LOOK_NS : UINT64_MAX; /* then it looks every so often */
    int ready = sleep_for(files, 2, timeout_ns < most ? timeout_ns : most);
    bool refused = ready > 0 && !files[0].revents && !files[1].revents;
    if ((ready > 0 && files[1].revents) || (refused && pl_os_no_process(s->pid)))
        return PL_OS_ALONE;
    return ready > 0 ? pl_os_supervisor_event(s) : PL_OS_NOTHING;
}

void pl_os_await_child(const pl_os_supervisor *s, uint64_t timeout_ns)
{
    sleep_for(NULL, 0, s->deaf && timeout_ns > DEAF_NS ? DEAF_NS : timeout_ns);
}

static bool is_child(int pid)
{
    siginfo_t info;
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Where children are not listed. */
static void kill_unlisted(bool (*keep_it)(void *context, int pid), void *context, bool thorough)
{
    int self = getpid(), first = thorough ? 2 : self + 1, last = thorough ? ALL_NUMBERS : self + SOME_NUMBERS;
    for (int pid = first; pid < last; pid++)
        if (is_child(pid) && !keep_it(context, pid))
            pl_os_kill_one(pid);
}

void pl_os_kill_strays(bool (*keep_it)(void *context, int pid), void *context, bool thorough)
{
    char text[4096], path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC), pid = 0;
    ssize_t got = fd;
    while (got >= 0 && (got = read(fd, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
                continue;
            }
            if (pid > 1 && !keep_it(context, pid))
                pl_os_kill_one(pid);
            pid = 0;
        }
    if (got < 0)
        kill_unlisted(keep_it, context, thorough);
    if (fd >= 0)
        close(fd);
}

/* ---- a worker -------------------------------------------------------------------------------------------- */

bool pl_os_kill_otherwise(int pid)
{
    return syscall(SYS_tgkill, pid, pid, SIGKILL) == 0;
}

void pl_os_die_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}
