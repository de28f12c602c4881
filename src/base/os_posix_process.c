/* SPDX-License-Identifier: MIT */
/* os_process.h on any POSIX system: a waiting process looks again every so often, and orphans are not known. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "base/os_internal.h"

/* How long a waiter sleeps before it looks again: from the least to the most. */
#define LEAST_NS 20000
#define MOST_NS 1000000

void pl_os_share_discard(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
}

void pl_os_share_zero(void *start, size_t bytes)
{
    memset(start, 0, bytes);
}

void pl_os_populate(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
}

void pl_os_shared_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    int saved = errno;
    uint64_t slept = 0;
    /* O7 seq_cst: a change by the process that wakes, if it is missed here, is seen a little later; no partner */
    for (long step = LEAST_NS; atomic_load_explicit(word, memory_order_seq_cst) == expected && slept < timeout_ns;) {
        struct timespec t = {.tv_nsec = timeout_ns - slept < (uint64_t)step ? (long)(timeout_ns - slept) : step};
        nanosleep(&t, NULL);
        slept += (uint64_t)step;
        step = step * 2 < MOST_NS ? step * 2 : MOST_NS;
    }
    errno = saved;
}

void pl_os_shared_wake(_Atomic uint32_t *word, pl_os_sleepers sleepers)
{
    (void)word;
    (void)sleepers;
}

int pl_os_spawn(pl_os_apart *apart, const pl_os_entry *entry)
{
    return pl_os_fork_twice(apart, entry);
}

bool pl_os_is_kept(const pl_os_apart *apart)
{
    return !pl_os_no_process(apart->pid);
}

bool pl_os_await_keeper(pl_os_apart *apart, uint64_t timeout_ns)
{
    (void)apart;
    (void)timeout_ns;
    return true;
}

void pl_os_reap_keeper(pl_os_apart *apart)
{
    (void)apart;
}

uint64_t pl_os_images(void)
{
    return 0;
}

void pl_os_attributes_of(pl_os_attributes *a)
{
    struct stat here, root;
    a->users[0] = getuid();
    a->users[1] = geteuid();
    a->groups[0] = getgid();
    a->groups[1] = getegid();
    if (stat(".", &here) == 0) {
        a->directory[0] = (uint64_t)here.st_dev;
        a->directory[1] = (uint64_t)here.st_ino;
    }
    if (stat("/", &root) == 0)
        a->directory[2] = pl_os_digest(&root.st_dev, sizeof root.st_dev) ^ (uint64_t)root.st_ino;
}

void pl_os_drop_files(int line)
{
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = 3; fd < (most > 0 && most < 65536 ? most : 65536); fd++)
        if (fd != line)
            close(fd);
}

void pl_os_watch(pl_os_supervisor *s, int program)
{
    (void)s;
    (void)program;
}

pl_os_event pl_os_supervisor_wait(pl_os_supervisor *s, uint64_t timeout_ns)
{
    struct pollfd line = {.fd = s->line, .events = POLLIN};
    int ms = timeout_ns < MOST_NS ? 0 : 1; /* a child that ends meanwhile is found after that */
    int ready = poll(&line, 1, ms);
    if (ready < 0 && errno != EINTR)
        pl_os_sleep(); /* poll() is refused */
    else if (ready <= 0)
        return PL_OS_NOTHING;
    return pl_os_supervisor_event(s);
}

void pl_os_await_child(const pl_os_supervisor *s, uint64_t timeout_ns)
{
    (void)s;
    if (timeout_ns)
        pl_os_sleep();
}

void pl_os_kill_orphans(bool (*keep)(void *context, int pid), void *context, pl_os_numbers numbers)
{
    (void)keep;
    (void)context;
    (void)numbers;
}

bool pl_os_kill_otherwise(int pid)
{
    (void)pid;
    return false;
}

void pl_os_die_with_parent(void)
{
}
