/* SPDX-License-Identifier: MIT */
/* What the files that implement os.h and os_process.h share. */
#ifndef PL_BASE_OS_INTERNAL_H
#define PL_BASE_OS_INTERNAL_H

#include <pthread.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <time.h>

#include "base/os.h"
#include "base/os_process.h"

/* A time as the system takes it. Where its seconds have 32 bits only, what is longer than they can say is cut: a wait
 * may end too early. */
static inline struct timespec pl_os_timespec(uint64_t ns)
{
    uint64_t seconds = ns / 1000000000;
    if (sizeof(time_t) < sizeof seconds && seconds > INT32_MAX)
        seconds = INT32_MAX;
    return (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)(ns % 1000000000)};
}

/* On Linux: FUTEX_WAIT or FUTEX_WAKE, with `timeout_ns` for the first, UINT64_MAX for none. */
void pl_os_futex(_Atomic uint32_t *word, int operation, uint32_t value, uint64_t timeout_ns);

/* Whether a page that nobody has touched yet is locked in memory. */
bool pl_os_is_locked(void *page, size_t bytes);

/* A hint that committed memory is used densely. */
void pl_os_use_huge_pages(void *start, size_t bytes);

/* ---- processes ------------------------------------------------------------------------------------------- */

/* How many process numbers are looked at where children are not listed: as many as there are by default. */
#define PL_OS_SOME_NUMBERS 65536

/* What a process that is forked apart is to run. */
typedef struct pl_os_entry {
    void (*run)(int line, void *argument);
    void *argument;
    int ours, theirs; /* the two ends of the line: the program's, and that of the process apart */
} pl_os_entry;

/* Forks a process apart, which calls pl_os_enter(). All signals are blocked meanwhile. 0, or an error code. */
int pl_os_spawn(pl_os_apart *apart, const pl_os_entry *entry);
noreturn void pl_os_enter(const pl_os_entry *entry);

/* pl_os_spawn() in a way that works on every system. */
int pl_os_fork_twice(pl_os_apart *apart, const pl_os_entry *entry);

/* Whether the number of the process apart is still its own, as it has not been waited for yet. */
bool pl_os_is_kept(const pl_os_apart *apart);

/* The part of pl_os_attributes_get() that depends on the system: all members but `more_groups`, which are zero
 * before. */
void pl_os_attributes_of(pl_os_attributes *a);

/* A hash of some bytes. */
uint64_t pl_os_digest(const void *bytes, size_t size);

/* Waits, for a limited time, for the keeper, whose child has ended or is about to. True if the keeper has ended, or
 * there is none. */
bool pl_os_await_keeper(pl_os_apart *apart, uint64_t timeout_ns);

/* Kills the keeper, if it has not ended, and frees its memory. */
void pl_os_reap_keeper(pl_os_apart *apart);

/* kill(pid, SIGKILL), by that call or by another. False with errno; that there is no such process is no error. */
bool pl_os_kill_one(int pid);

/* Does that by another system call than kill(). */
bool pl_os_kill_otherwise(int pid);

/* Whether there is no such process. */
bool pl_os_no_process(int pid);

/* Sets that a thread with these attributes begins on these CPUs (NULL: those of the process), but not on `off`, where
 * the system can do that. False if nothing was set. */
bool pl_os_place(pthread_attr_t *attributes, int off, const pl_os_cpu_set *cpus);

/* pl_os_few_calls() without memory: reads the environment. The former does so when the program has made its first call,
 * and may have changed its environment. */
bool pl_os_asks_for_few_calls(void);

/* pl_os_nanoseconds() by a system call: for processes that may not read the CPU's counter, as the C library does. */
uint64_t pl_os_nanoseconds_by_kernel(void);

/* Closes all files but the standard three and the line; where the system can, their descriptors stay in use. */
void pl_os_drop_files(int line);

/* Sees to it that the supervisor notices when `program` ends, and that descendants whose parents die become its
 * children. */
void pl_os_watch(pl_os_supervisor *s, int program);

/* Reads the line: what has happened at its other end. */
pl_os_event pl_os_supervisor_event(const pl_os_supervisor *s);

/* Sees to it that this process ends with its parent. */
void pl_os_die_with_parent(void);

#endif
