/* SPDX-License-Identifier: MIT */
/* The part of os_process.h that is the same on Linux and on other POSIX systems. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<stdio_ext.h>)
#include <stdio_ext.h>
#define HAS___FPURGE 1
#endif
#endif
#if defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || defined(__APPLE__)
#define HAS_FPURGE 1
#endif

#include "base/life.h"
#include "base/os.h"
#include "base/os_internal.h"
#include "base/os_process.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/* How long a process apart has to end when it is asked to, or killed: so long, and a multiple of what its fork took. */
#define END_NS UINT64_C(2000000000)
#define END_PER_FORK 10

/* ---- what processes share -------------------------------------------------------------------------------- */

size_t pl_os_page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *pl_os_share(size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

bool pl_os_unshare(void *start, size_t bytes)
{
    void *copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED)
        return false;
    memcpy(copy, start, bytes);
    void *own = mmap(start, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (own != MAP_FAILED)
        memcpy(own, copy, bytes);
    munmap(copy, bytes);
    return own != MAP_FAILED;
}

/* ---- a process apart ------------------------------------------------------------------------------------- */

_Thread_local bool pl_os_forking_apart;

/* Which socket a descriptor stands for; 0: none. */
static uint64_t socket_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? (uint64_t)st.st_ino + 1 : 0;
}

static bool has_line(const pl_os_apart *apart)
{
    return socket_of(apart->line) == apart->line_is;
}

static void close_both(const int line[2])
{
    close(line[0]);
    close(line[1]);
}

/* Held while this process has both ends of a line: no other process apart is to be forked with the far one. */
static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;

static void after_fork_in_child(void)
{
    if (!pl_os_forking_apart) /* some other thread may have held it */
        forking = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

PL_LIFE(PL_LIFE_APART, .in_child = after_fork_in_child);

/* Makes the two ends of a line, which are none of the standard files. */
static bool make_line(int line[2])
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        line[i] = fcntl(pair[i], F_DUPFD_CLOEXEC, 3);
        int error = errno;
        close(pair[i]);
        errno = error;
    }
    if (line[0] >= 0 && line[1] >= 0)
        return true;
    int error = errno;
    close_both(line);
    errno = error;
    return false;
}

int pl_os_fork_apart(pl_os_apart *apart, void (*run)(int line, void *argument), void *argument)
{
    int line[2];
    if (pl_os_forking_apart)
        return EAGAIN; /* a fork handler of the program's makes such a call, in the middle of another's fork */
    pthread_mutex_lock(&forking);
    if (!make_line(line)) {
        int error = errno;
        pthread_mutex_unlock(&forking);
        return error;
    }
    *apart = (pl_os_apart){.line = line[0], .line_is = socket_of(line[0]), .keeper = -1};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pl_os_forking_apart = true;
    pl_os_entry entry = {.run = run, .argument = argument, .ours = line[0], .theirs = line[1]};
    uint64_t began = pl_os_nanoseconds();
    int error = pl_os_spawn(apart, &entry);
    apart->fork_ns = pl_os_nanoseconds() - began;
    pl_os_forking_apart = false;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        close_both(line);
    else
        close(line[1]);
    pthread_mutex_unlock(&forking);
    return error;
}

/* Drops output that the program has buffered, which is the program's to write. (The end of a process under
 * ThreadSanitizer writes it.) There is no portable way; without one, only a worker that calls exit() writes it
 * again. */
static void drop_output(void)
{
#if defined(HAS___FPURGE)
    __fpurge(stdin);
    __fpurge(stdout);
    __fpurge(stderr);
#elif defined(HAS_FPURGE)
    fpurge(stdin);
    fpurge(stdout);
    fpurge(stderr);
#endif
}

void pl_os_enter(const pl_os_entry *entry)
{
    drop_output();
    close(entry->ours);
    entry->run(entry->theirs, entry->argument);
    _exit(0);
}

static pl_os_end end_of(int status)
{
    return (pl_os_end){.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                       .code = WIFEXITED(status) ? WEXITSTATUS(status) : 0};
}

/* Reaps a child by one of the two system calls for that, and by the other if that is refused. */
static pl_os_end reap_child(pid_t child)
{
    int status = 0;
    pid_t got;
    while ((got = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
    }
    if (got == child || errno == ECHILD)
        return end_of(status);
    siginfo_t info = {.si_pid = 0};
    while (waitid(P_PID, (id_t)child, &info, WEXITED) != 0 && errno == EINTR) {
    }
    bool left = info.si_code == CLD_EXITED;
    return (pl_os_end){.signal = left ? 0 : info.si_status, .code = left ? info.si_status : 0};
}

int pl_os_fork_twice(pl_os_apart *apart, const pl_os_entry *entry)
{
    int report_pipe[2];
    if (pipe(report_pipe) != 0)
        return errno;
    pid_t middle = fork();
    int error = errno;
    if (middle == 0) {
        pid_t child = fork();
        int report[2] = {child, errno};
        if (child == 0) {
            close_both(report_pipe);
            pl_os_enter(entry);
        }
        drop_output();
        ssize_t wrote = write(report_pipe[1], report, sizeof report);
        _exit(wrote != sizeof report);
    }
    close(report_pipe[1]);
    int report[2] = {-1, error};
    if (middle > 0) {
        report[1] = EAGAIN;
        while (read(report_pipe[0], report, sizeof report) < 0 && errno == EINTR) {
        }
        reap_child(middle);
    }
    close(report_pipe[0]);
    apart->pid = report[0];
    return report[0] > 0 ? 0 : report[1];
}

void pl_os_apart_notify(const pl_os_apart *apart)
{
    int saved = errno;
    if (has_line(apart) && send(apart->line, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) {
        struct iovec byte = {.iov_base = "", .iov_len = 1}; /* if it does not fit, there is enough to be read */
        struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1};
        sendmsg(apart->line, &message, MSG_NOSIGNAL | MSG_DONTWAIT); /* a sandbox may know only one of the two */
    }
    errno = saved;
}

/* Waits until all processes have ended that have the far end of the line. */
static bool hung_up(const pl_os_apart *apart, uint64_t timeout_ns)
{
    uint64_t began = pl_os_nanoseconds();
    for (;;) {
        uint64_t past = timeout_ns ? pl_os_nanoseconds() - began : 0, left = past < timeout_ns ? timeout_ns - past : 0;
        struct pollfd line = {.fd = apart->line};
        if (!has_line(apart))
            return true;
        int ready = poll(&line, 1, (int)((left + 999999) / 1000000));
        if (ready > 0)
            return line.revents & (POLLHUP | POLLERR | POLLNVAL);
        if (ready < 0 && errno != EINTR) { /* a sandbox refuses poll() */
            char byte;
            if (recv(apart->line, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
                return true;
            if (left)
                pl_os_sleep();
        }
        if (!left)
            return false;
    }
}

bool pl_os_apart_gone(const pl_os_apart *apart)
{
    int saved = errno;
    bool gone = hung_up(apart, 0);
    if (!gone && !pl_os_is_kept(apart)) {
        hung_up(apart, 100000000); /* its children end with it, but not what they have forked in turn */
        gone = true;
    }
    errno = saved;
    return gone;
}

static uint64_t end_limit_ns(const pl_os_apart *apart)
{
    return END_NS + END_PER_FORK * apart->fork_ns;
}

void pl_os_apart_kill(const pl_os_apart *apart)
{
    int saved = errno;
    if (pl_os_is_kept(apart))
        pl_os_kill_one(apart->pid);
    hung_up(apart, end_limit_ns(apart));
    errno = saved;
}

void pl_os_apart_end(pl_os_apart *apart)
{
    int saved = errno;
    bool has = has_line(apart), kept = apart->keeper > 0;
    if (has && shutdown(apart->line, SHUT_WR) != 0)
        pl_os_apart_notify(apart); /* that it is to end has been written in shared memory, too */
    if (kept ? !pl_os_await_keeper(apart, end_limit_ns(apart)) : !has || !hung_up(apart, end_limit_ns(apart))) {
        pl_os_apart_kill(apart);
        pl_os_await_keeper(apart, end_limit_ns(apart));
    }
    if (has)
        close(apart->line);
    pl_os_reap_keeper(apart);
    errno = saved;
}

void pl_os_apart_forget(pl_os_apart *apart)
{
    if (has_line(apart))
        close(apart->line);
}

/* ---- attributes ------------------------------------------------------------------------------------------ */

/* How many supplementary groups are read. */
enum { GROUPS = 1024 };

uint64_t pl_os_digest(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t digest = UINT64_C(0xcbf29ce484222325); /* Fowler, Noll and Vo: FNV-1a */
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ byte[i]) * UINT64_C(0x100000001b3);
    return digest;
}

static uint64_t more_groups(void)
{
    gid_t groups[GROUPS];
    int count = getgroups(GROUPS, groups);
    if (count < 0)
        return (uint64_t)getgroups(0, NULL);
    return pl_os_digest(groups, (size_t)count * sizeof *groups);
}

void pl_os_attributes_get(pl_os_attributes *a)
{
    int saved = errno;
    *a = (pl_os_attributes){.more_groups = more_groups()};
    pl_os_attributes_of(a);
    errno = saved;
}

bool pl_os_attributes_are(const pl_os_attributes *then)
{
    pl_os_attributes now;
    pl_os_attributes_get(&now);
    if (!now.mode_mask) /* the umask cannot be read just now */
        now.mode_mask = then->mode_mask;
    return memcmp(&now, then, sizeof now) == 0;
}

/* ---- a supervisor ---------------------------------------------------------------------------------------- */

static void notice_child(int signal)
{
    (void)signal;
}

/* 0 if children can be waited for: there are none yet, and one of the two calls says so. Else an error code. */
static int check_waiting(void)
{
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD)
        return 0;
    if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
        return 0;
    return errno ? errno : ENOSYS;
}

int pl_os_supervise(pl_os_supervisor *s, int line, int program, bool files)
{
    *s = (pl_os_supervisor){.line = line, .program = -1, .pid = program};
    setpgid(0, 0); /* signals for the program's group are not meant for it */
    struct sigaction action = {.sa_handler = notice_child};
    s->deaf = sigaction(SIGCHLD, &action, NULL) != 0; /* if SIGCHLD were ignored, it would not end a wait */
    fcntl(line, F_SETFL, O_NONBLOCK);
    if (!files)
        pl_os_drop_files(line);
    pl_os_watch(s, program);
    return check_waiting();
}

pl_os_event pl_os_supervisor_event(const pl_os_supervisor *s)
{
    char bytes[64];
    ssize_t got = read(s->line, bytes, sizeof bytes);
    if (got < 0 && errno != EAGAIN && errno != EINTR) /* a sandbox may know only one of the two */
        got = recv(s->line, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return PL_OS_NOTHING;
    return got > 0 ? PL_OS_NOTIFIED : PL_OS_ALONE;
}

int pl_os_fork_worker(const pl_os_supervisor *s)
{
    (void)s;
    pid_t pid = fork();
    if (pid > 0)
        setpgid(pid, pid); /* so does the worker: one of the two comes first */
    return pid;
}

int pl_os_dead(pl_os_supervisor *s)
{
    siginfo_t info = {.si_pid = 0};
    if (s->reaped)
        return s->reaped;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        return info.si_pid;
    if (errno == ECHILD)
        return -1;
    pid_t pid = waitpid(-1, &s->status, WNOHANG);
    if (pid < 0)
        return errno == ECHILD ? -1 : 0;
    if (pid > 0)
        kill(-pid, SIGKILL); /* no new process gets the number while there is a group of it */
    s->reaped = pid;
    return pid;
}

pl_os_end pl_os_reap(pl_os_supervisor *s, int pid, pl_os_child kind)
{
    if (s->reaped == pid) {
        s->reaped = 0;
        return end_of(s->status);
    }
    if (kind == PL_OS_WORKER)
        kill(-pid, SIGKILL);
    return reap_child(pid);
}

bool pl_os_kill_one(int pid)
{
    return kill(pid, SIGKILL) == 0 || errno == ESRCH || pl_os_kill_otherwise(pid);
}

bool pl_os_kill(int pid)
{
    bool killed = pl_os_kill_one(pid);
    kill(-pid, SIGKILL);
    return killed;
}

bool pl_os_no_process(int pid)
{
    return kill(pid, 0) != 0 && (errno == ESRCH || (getpgid(pid) < 0 && errno == ESRCH));
}

/* ---- a worker -------------------------------------------------------------------------------------------- */

#ifdef __GLIBC__
static void leave_at_once(int status, void *unused)
{
    (void)unused;
    fflush(stdout);
    _exit(status);
}
#else /* these handlers do not get the status */
static void leave_at_once(void)
{
    fflush(stdout);
    _exit(EXIT_FAILURE);
}
#endif

static void default_signals(void)
{
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;
        if (i == SIGKILL || i == SIGSTOP || sigaction(i, NULL, &action) != 0)
            continue;
        bool handled = (action.sa_flags & SA_SIGINFO) || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
        if (handled || i == SIGCHLD)
            signal(i, SIG_DFL);
    }
    signal(SIGTTIN, SIG_IGN); /* it is not in the terminal's foreground */
    signal(SIGTTOU, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void pl_os_become_worker(const pl_os_supervisor *s, int supervisor)
{
    setpgid(0, 0);
    pl_os_die_with_parent();
    if (getppid() != supervisor)
        _exit(0);
    if (s->program >= 0)
        close(s->program);
#ifdef __GLIBC__
    on_exit(leave_at_once, NULL);
#else
    atexit(leave_at_once);
#endif
    default_signals();
}

int pl_os_self(void)
{
    return getpid();
}

const int pl_os_killed_by = SIGKILL;

int pl_os_group(int pid)
{
    return getpgid(pid);
}

int pl_os_parent(void)
{
    return getppid();
}

void pl_os_leave(int status)
{
    _exit(status);
}
