/* SPDX-License-Identifier: MIT */
/*
 * Processes, as far as the library knows them: memory and futexes that several share, a process that is forked *apart*
 * from the program, and what such a supervisor and its workers ask of the system. Part of the OS interface (os.h):
 * os_process.c and os_limits.c are what all systems share, os_linux_process.c, os_linux_keeper.c and
 * os_posix_process.c the rest.
 */
#ifndef PL_BASE_OS_PROCESS_H
#define PL_BASE_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "base/atomic.h"

/* ---- what processes share -------------------------------------------------------------------------------- */

/* Zeroed memory that this process and those that it forks from now on share, in whole pages; it has no memory behind it
 * until it is touched, and needs no file system. NULL with errno. Ends with pl_os_release(). */
void *pl_os_share(size_t bytes);

/* Gives back the memory behind whole pages of it, where the system can: zero, or as they were. */
void pl_os_share_discard(void *start, size_t bytes);

/* Zeroes part of it. Where that is much, gives back the memory behind whole pages instead, where the system can, which
 * takes no time. */
void pl_os_share_zero(void *start, size_t bytes);

/* Gets the pages of memory that this process is going to write to, all at once, where the system can: that costs a
 * fraction of one page fault for each. */
void pl_os_populate(void *start, size_t bytes);

/* Turns whole pages of shared memory into this process's own, with their contents. False if there is no memory. */
bool pl_os_unshare(void *start, size_t bytes);

/* The size of a page. */
size_t pl_os_page(void);

/* pl_os_wait() and pl_os_wake() between processes. */
typedef enum pl_os_sleepers { PL_OS_ONE_SLEEPER, PL_OS_ALL_SLEEPERS } pl_os_sleepers;
void pl_os_shared_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void pl_os_shared_wake(_Atomic uint32_t *word, pl_os_sleepers sleepers);

/* ---- a process apart ------------------------------------------------------------------------------------- */

/*
 * A process forked apart is a copy of the program as fork() makes it, and yet the program does not notice it: no
 * SIGCHLD comes of it, no wait() finds it, whatever the program does with either. A socket joins the two, the line. It
 * ends when the process and all that it has forked have ended.
 *
 * On Linux its parent is a *keeper*: a thread-like process, made by clone() with the program's memory and files and
 * without a signal for its end, which calls fork() in the place of the thread that asks, and then waits for its child.
 * So fork() is the C library's own, and its locks are in order in the child; and only code that knows the keeper can
 * wait for it. When the child dies, the processes that it had forked become the keeper's children: it kills and reaps
 * all of them before it ends. Elsewhere, and under tools that do not know keepers, the process is forked twice and left
 * to init; then the program may see a SIGCHLD, and what a killed child had forked lives on.
 *
 * No wait for any of them is without a limit. A process that has been killed is not dead yet, and may take its time (a
 * program of 100 GB takes seconds to give back its memory); and a sandbox may refuse kill(), or the calls that wait. So
 * each such wait has a bound, which is longer where a fork took long, and after that the caller goes on without.
 */
typedef struct pl_os_apart {
    int pid;            /* its number */
    int line;           /* the program's end of the line */
    uint64_t line_is;   /* the file that `line` stands for: the program may have closed the descriptor */
    uint64_t fork_ns;   /* how long the fork took: in large programs, an end takes as long */
    int keeper;         /* the keeper's number; -1: there is none */
    void *stack;        /* the keeper's stack */
    size_t stack_bytes; /* its size, with the guard page */
} pl_os_apart;

/* Forks a process apart, which calls run(line, argument), with all signals blocked, and then ends. 0, or an error
 * code. */
int pl_os_fork_apart(pl_os_apart *apart, void (*run)(int line, void *argument), void *argument);

/* Whether this thread is in pl_os_fork_apart(): then fork handlers of pthread_atfork() that run on it belong to no fork
 * of the program's. In the process apart, true for good. */
extern _Thread_local bool pl_os_forking_apart;

/* Tells it to look at what has been written in shared memory. */
void pl_os_apart_notify(const pl_os_apart *apart);

/* Whether it has ended; then all processes that it forked have, too, as a rule. */
bool pl_os_apart_gone(const pl_os_apart *apart);

/* Closes the line, and waits until it has ended; kills it if it does not end within some seconds, whatever the reason:
 * it may have been stopped. */
void pl_os_apart_end(pl_os_apart *apart);

/* In a child process that the program has forked since: closes the copy of the line. */
void pl_os_apart_forget(pl_os_apart *apart);

/* Kills it, and waits for a limited time until all processes that it has forked have ended, too. */
void pl_os_apart_kill(const pl_os_apart *apart);

/* A number that changes whenever code is loaded into the process, or unloaded. */
uint64_t pl_os_images(void);

/*
 * What a process gets at its fork, and keeps when the program changes its own: the rights and the directories of the
 * calling thread, as far as a few cheap system calls tell. Real, effective and saved user and group (where there are
 * saved ones), the list of further groups (of more than 1024, how many), the working directory and the root directory
 * (on Linux, by the name of the one as seen from the other); on Linux also the umask, the capabilities (effective,
 * permitted, inheritable), no_new_privs, and whether there is a seccomp filter. A call that the system refuses counts
 * for its error; but a umask that cannot be read, for want of files, is taken for what it was.
 */
typedef struct pl_os_attributes {
    uint64_t users[3], groups[3], more_groups, directory[3], mode_mask, rights[5];
} pl_os_attributes;
void pl_os_attributes_get(pl_os_attributes *a);

/* Whether the calling thread's attributes are still these. */
bool pl_os_attributes_are(const pl_os_attributes *then);

/* ---- a supervisor, which is a process apart
 * -------------------------------------------------------------------------- */

typedef struct pl_os_supervisor {
    int line;    /* the supervisor's end of the line */
    int program; /* a descriptor of the program's process; -1: none */
    int pid;     /* the number of the program's process */
    bool deaf;   /* no signal comes when a child has ended: the supervisor has to look every so often */
    int reaped;  /* a child that pl_os_dead() had to reap at once, for pl_os_reap() to report; 0: none */
    int status;  /* how the child `reaped` ended, as waitpid() has it */
} pl_os_supervisor;

typedef enum pl_os_event {
    PL_OS_NOTHING,  /* a child may have ended, or the time is over */
    PL_OS_NOTIFIED, /* pl_os_apart_notify() was called */
    PL_OS_ALONE     /* the program has ended, or has closed the line */
} pl_os_event;

/* The calling process becomes the supervisor of its children, and theirs; `program` is the process that it serves.
 * Without `files`, it keeps no open file of the program's but the standard three: the other descriptors stay in use,
 * but cannot be read or written. 0, or an error code if it cannot wait for children; then it is to have none. */
int pl_os_supervise(pl_os_supervisor *s, int line, int program, bool files);

/* Sleeps until a child has ended, the supervisor is notified, the program has ended, or the time is over. */
pl_os_event pl_os_supervisor_wait(pl_os_supervisor *s, uint64_t timeout_ns);

/* Sleeps until a child has ended, or the time is over. */
void pl_os_await_child(const pl_os_supervisor *s, uint64_t timeout_ns);

/* Forks a worker. Returns its number, and in the worker itself 0; -1 with errno. */
int pl_os_fork_worker(const pl_os_supervisor *s);

/* The next child that has ended; 0: none has; -1: there are no children. The child is a zombie, so its number is its
 * own, until pl_os_reap(), which kills the process group of a worker, reaps the child, and returns how it ended. (Where
 * waitid() is refused, it is reaped at once, and its group killed.) */
int pl_os_dead(pl_os_supervisor *s);
typedef struct pl_os_end {
    int signal; /* the signal that killed it; 0: none, it has exited */
    int code;   /* its exit status, if it has exited */
} pl_os_end;
typedef enum pl_os_child { PL_OS_ORPHAN, PL_OS_WORKER } pl_os_child;
pl_os_end pl_os_reap(pl_os_supervisor *s, int pid, pl_os_child kind);

/* Kills a worker and its process group. False if that is refused. */
bool pl_os_kill(int pid);

/* Kills all children but those that keep(context, pid) is true for: processes that dead workers have left. Processes
 * that these leave in turn are new children. On Linux, /proc lists children. Without it, process numbers are tried: as
 * many as a system has by default, from the supervisor's own on; or all that there can be, which takes the time of some
 * million system calls. */
typedef enum pl_os_numbers { PL_OS_NEXT_NUMBERS, PL_OS_ALL_NUMBERS } pl_os_numbers;
void pl_os_kill_orphans(bool (*keep)(void *context, int pid), void *context, pl_os_numbers numbers);

/* ---- a worker -------------------------------------------------------------------------------------------- */

/* The calling process becomes a worker: it gets a process group of its own and the signals that a program has at its
 * start, and ends with its supervisor. exit() writes what is buffered for standard output, and ends the process. */
void pl_os_become_worker(const pl_os_supervisor *s, int supervisor);

/* Allows the process `bytes` of address space beyond what it had at the first such call; 0: no limit. */
void pl_os_limit_memory(size_t bytes);

/* Whether the system lets the process set such limits. */
bool pl_os_can_limit_memory(void);

/* The signal that kills a worker. */
extern const int pl_os_killed_by;

/* A process's group; -1 if there is no such process. */
int pl_os_group(int pid);

int pl_os_self(void);
int pl_os_parent(void);
noreturn void pl_os_leave(int status);

#endif
