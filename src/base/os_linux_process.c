/* SPDX-License-Identifier: MIT */
/* os_process.h on Linux: shared futexes, pidfds, subreapers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/os_internal.h"

/* The largest process number, and one more. */
#define END_OF_NUMBERS 4194304

/* How often a supervisor looks whether the program has ended, where it is not notified of that; and for children, where
 * no signal comes of them. */
#define LOOK_NS UINT64_C(50000000)
#define DEAF_NS UINT64_C(5000000)

/* ---- what processes share -------------------------------------------------------------------------------- */

void pl_os_share_discard(void *start, size_t bytes)
{
    int saved = errno;
    madvise(start, bytes, MADV_REMOVE);
    errno = saved;
}

/* To give back so many bytes, and get new pages when they are touched again, is faster than to zero them. */
#define DISCARD_BYTES ((size_t)256 << 10)

void pl_os_share_zero(void *start, size_t bytes)
{
    int saved = errno;
    size_t page = pl_os_page(), before = (0 - (uintptr_t)start) % page;
    size_t whole = bytes > before ? (bytes - before) / page * page : 0;
    unsigned char *first = (unsigned char *)start + before;
    if (whole >= DISCARD_BYTES && madvise(first, whole, MADV_REMOVE) == 0) { /* refused where memory is locked */
        memset(start, 0, before);
        memset(first + whole, 0, bytes - before - whole);
    } else
        memset(start, 0, bytes);
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

void pl_os_shared_wake(_Atomic uint32_t *word, pl_os_sleepers sleepers)
{
    pl_os_futex(word, FUTEX_WAKE, sleepers == PL_OS_ALL_SLEEPERS ? INT_MAX : 1, UINT64_MAX);
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

/* ---- attributes ------------------------------------------------------------------------------------------ */

/* The name of the working directory as seen from the root directory, which changes if either does. Where that is "/",
 * as for a process that goes from one root directory to another, the two are told apart by their inodes. This takes
 * longer than all other attributes. By a system call: the C library's getcwd() would search for a directory that is out
 * of reach. */
static void get_directories(pl_os_attributes *a)
{
    char name[PATH_MAX] = ""; /* MemorySanitizer does not see what the call below writes */
    struct stat here;
    long size = syscall(SYS_getcwd, name, sizeof name);
    a->directory[0] = size > 0 ? pl_os_digest(name, (size_t)size) : (uint64_t)errno;
    if (strcmp(name, "/") == 0 && stat("/", &here) == 0) {
        a->directory[1] = (uint64_t)here.st_dev;
        a->directory[2] = (uint64_t)here.st_ino;
    }
}

/* What the process's umask leaves of all permissions: read from a file without a name, as umask() returns it only when
 * it changes it; where there cannot be such a file, from /proc. 0 where there is neither. */
static uint64_t mode_mask(void)
{
    struct stat made;
    int file = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0777);
    bool known = file >= 0 && fstat(file, &made) == 0;
    if (file >= 0)
        close(file);
    if (known)
        return 01000 | (made.st_mode & 0777);
    char text[256] = ""; /* it begins with the name and the mask */
    file = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    const char *line = size > 0 ? strstr(text, "\nUmask:") : NULL;
    return line ? 01000 | (~strtoul(line + strlen("\nUmask:"), NULL, 8) & 0777) : 0;
}

/* The value of an option of the process, or the error. */
static uint64_t get_option(int option)
{
    int value = prctl(option, 0, 0, 0, 0);
    return value >= 0 ? (uint64_t)value : (uint64_t)errno << 32;
}

void pl_os_attributes_of(pl_os_attributes *a)
{
    uid_t users[3] = {0};
    gid_t groups[3] = {0};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{0}};
    getresuid(&users[0], &users[1], &users[2]);
    getresgid(&groups[0], &groups[1], &groups[2]);
    for (int i = 0; i < 3; i++) {
        a->users[i] = users[i];
        a->groups[i] = groups[i];
    }
    get_directories(a);
    a->mode_mask = mode_mask();
    syscall(SYS_capget, &header, sets);
    a->rights[0] = (uint64_t)sets[0].effective | (uint64_t)sets[1].effective << 32;
    a->rights[1] = (uint64_t)sets[0].permitted | (uint64_t)sets[1].permitted << 32;
    a->rights[2] = (uint64_t)sets[0].inheritable | (uint64_t)sets[1].inheritable << 32;
    a->rights[3] = get_option(PR_GET_NO_NEW_PRIVS);
    a->rights[4] = get_option(PR_GET_SECCOMP);
}

/* ---- a supervisor ---------------------------------------------------------------------------------------- */

/* How many descriptors are looked at where there is no list of files. */
#define FILE_NUMBERS 65536

static void drop_file(int fd, int line, int nothing)
{
    if (fd > 2 && fd != line && fd != nothing && (nothing < 0 || dup3(nothing, fd, O_CLOEXEC) < 0))
        close(fd);
}

/* An entry of a directory, as the system lists it. readdir() would allocate memory, and another thread of the program
 * may have been allocating some at the fork: not every malloc() is prepared for that. */
typedef struct listed {
    uint64_t inode;
    int64_t next;
    unsigned short size;
    unsigned char type;
    char name[];
} listed;

/* Drops the files that /proc lists. False where there is no list. */
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

/* Sleeps until one of the files is ready, or a child has ended. Returns as poll() does; if ppoll() is refused, a little
 * later, as if the files were ready: the caller reads them without waiting. */
static int sleep_for(struct pollfd *files, nfds_t count, uint64_t timeout_ns)
{
    struct timespec t = pl_os_timespec(timeout_ns);
    sigset_t mask;
    sigfillset(&mask);
    sigdelset(&mask, SIGCHLD);
    int ready = ppoll(files, count, timeout_ns == UINT64_MAX ? NULL : &t, &mask);
    if (ready >= 0 || errno == EINTR)
        return ready;
    if (timeout_ns)
        pl_os_sleep();
    return 1;
}

pl_os_event pl_os_supervisor_wait(pl_os_supervisor *s, uint64_t timeout_ns)
{
    struct pollfd files[2] = {{.fd = s->line, .events = POLLIN}, {.fd = s->program, .events = POLLIN}};
    if (s->program < 0 && pl_os_no_process(s->pid))
        return PL_OS_ALONE;
    uint64_t most = s->deaf ? DEAF_NS : s->program < 0 ? LOOK_NS : UINT64_MAX; /* it may have to look every so often */
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

/* Does that where children are not listed. */
static void kill_unlisted(bool (*keep_it)(void *context, int pid), void *context, pl_os_numbers numbers)
{
    int self = getpid(), first = self + 1, last = self + PL_OS_SOME_NUMBERS;
    if (numbers == PL_OS_ALL_NUMBERS) {
        first = 2;
        last = END_OF_NUMBERS;
    }
    for (int pid = first; pid < last; pid++)
        if (is_child(pid) && !keep_it(context, pid))
            pl_os_kill_one(pid);
}

void pl_os_kill_orphans(bool (*keep_it)(void *context, int pid), void *context, pl_os_numbers numbers)
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
        kill_unlisted(keep_it, context, numbers);
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
