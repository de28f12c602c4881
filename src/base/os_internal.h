/* SPDX-License-Identifier: MIT */
/* Between the files that implement os.h and os_process.h. */
#ifndef PL_BASE_OS_INTERNAL_H
#define PL_BASE_OS_INTERNAL_H

#include <pthread.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <time.h>

#include "base/os.h"
#include "base/os_process.h"

/* A time as the system takes it. Where its seconds have 32 bits only, what is longer than they can say is cut: a wait may
 * end too early. */
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

/* What the thread that forks a process apart hands over. */
typedef struct pl_os_entry {
    void (*run)(int line, void *argument);
    void *argument;
    int ours, theirs; /* ends of the line */
} pl_os_entry;

/* Forks it, with all signals blocked: 0 or an error code. In it, pl_os_enter(). */
int pl_os_spawn(pl_os_apart *apart, const pl_os_entry *entry);
noreturn void pl_os_enter(const pl_os_entry *entry);

/* The way to do that which works everywhere. */
int pl_os_fork_twice(pl_os_apart *apart, const pl_os_entry *entry);

/* Whether the process apart has a number of its own yet, as somebody has still to wait for it. */
bool pl_os_is_kept(const pl_os_apart *apart);

/* The part of pl_os_attributes_get() that depends on the system: all but `more_groups`. Zero before. */
void pl_os_attributes_of(pl_os_attributes *a);

/* A number for some bytes; others have another, as a rule. */
uint64_t pl_os_digest(const void *bytes, size_t size);

/* Waits for the keeper, whose child has ended or is about to, at most so long. True if it has ended, or is none. */
bool pl_os_await_keeper(pl_os_apart *apart, uint64_t timeout_ns);

/* Frees what the keeper had, which is killed if it has not ended. */
void pl_os_reap_keeper(pl_os_apart *apart);

/* kill(pid, SIGKILL), by that call or by another. False with errno; ESRCH, which says that there is nobody, is none. */
bool pl_os_kill_one(int pid);

/* The same by another system call than kill(). */
bool pl_os_kill_otherwise(int pid);

/* Whether there is no such process. */
bool pl_os_no_process(int pid);

/* A thread with these attributes begins on these CPUs, or NULL, those of the process, without `off`, where the system can do
 * that. False if nothing was done. */
bool pl_os_place(pthread_attr_t *attributes, int off, const pl_os_cpu_set *cpus);

/* What pl_os_few_calls() asks once, when the program has made its first call, and may have set its environment. */
bool pl_os_asks_for_few_calls(void);

/* pl_os_nanoseconds() where no process may read the CPU's counter, which the C library's way does. */
uint64_t pl_os_nanoseconds_by_kernel(void);

/* Closes all files but the standard three and the line; where the system can, their numbers stay taken. */
void pl_os_drop_files(int line);

/* The supervisor is to notice when `program` ends; and descendants whose parents die are to be its children. */
void pl_os_watch(pl_os_supervisor *s, int program);

/* What has come in. */
pl_os_event pl_os_supervisor_event(const pl_os_supervisor *s);

/* The parent's end is to be this process's end. */
void pl_os_die_with_parent(void);

#endif
