/* SPDX-License-Identifier: MIT */
/* What tests of processes share: children, threads, and the room that there is for them. */
#ifndef PL_TESTS_SUPPORT_PROCESS_H
#define PL_TESTS_SUPPORT_PROCESS_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/emulator.h"
#include "support/test.h"

/* Waits for a child: its exit status, -1 if it has none. */
static inline int pl_status_of(pid_t child)
{
    int status;
    pid_t got;
    do
        got = waitpid(child, &status, 0);
    while (got < 0 && errno == EINTR);
    return got == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether the child of a process with threads may have threads of its own. */
static inline bool pl_threads_after_fork(void)
{
    return !PL_TSAN && !pl_emulated();
}

/* Whether the system tells about processes: not where /proc is not mounted. */
static inline bool pl_has_proc(void)
{
    return access("/proc/self/task", R_OK) == 0;
}

/* How many threads the system sees in this process; -1 if that is not known. */
static inline int pl_see_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* How many of them are an emulator's own, in each process: those beside the only one that there is when a program
 * begins. */
static int pl_emulators_threads;

__attribute__((constructor)) static void pl_see_emulators_threads(void)
{
    int threads = pl_see_threads();
    if (pl_emulated() && threads > 0)
        pl_emulators_threads = threads - 1;
}

/* How many threads this process has; -1 if that is not known. */
static inline int pl_count_threads(void)
{
    int threads = pl_see_threads();
    return threads < 0 ? -1 : threads - pl_emulators_threads;
}

/* Whether there are no more threads than that, after a while: who has been joined may still be on its way out. */
static inline bool pl_threads_leave(int most)
{
    for (int tries = 0; tries < 200 && pl_count_threads() > most; tries++)
        pl_test_sleep(10000);
    return pl_count_threads() <= most;
}

/* Leaves this process but so many bytes of address space beyond what it has. With half a megabyte, no stack of a thread
 * fits in. */
static inline bool pl_take_away_room(struct rlimit *old, size_t bytes)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    bool known = statm && fscanf(statm, "%lu", &pages) == 1;
    if (statm)
        fclose(statm);
    if (!known || getrlimit(RLIMIT_AS, old) != 0)
        return false;
    struct rlimit little = *old;
    little.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)bytes;
    return setrlimit(RLIMIT_AS, &little) == 0;
}

#endif
