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

/* Zeroes some of it. Of much, it gives back the memory behind whole pages, where the system can, which takes no time. */
void pl_os_share_zero(void *start, size_t bytes);

/* This process is going to write to all of it: gets the pages around at once, where the system can, which costs a fraction of
 * one page fault for each. */
void pl_os_populate(void *start, size_t bytes);

/* Makes whole pages of it this process's own, with what is in them now. False if there is no memory. */
bool pl_os_unshare(void *start, size_t bytes);

size_t pl_os_page(void);

/* pl_os_wait() and pl_os_wake() between processes; wakes one, or all. */
void pl_os_shared_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void pl_os_shared_wake(_Atomic uint32_t *word, bool all);

/* ---- a process apart ------------------------------------------------------------------------------------- */

/*
 * A process forked apart is a copy of the program as fork() makes it, and yet the program does not notice it: no SIGCHLD
 * comes of it, no wait() finds it, whatever the program does with either. A socket joins the two, the line. It ends when
 * the process and all that it has forked have ended.
 *
 * On Linux its parent is a *keeper*: a thread-like process, made by clone() with the program's memory and files and
 * without a signal for its end, which calls fork() in the place of the thread that asks, and then waits for its child.
 * So fork() is the C library's own, and its locks are in order in the child; and only who knows the keeper can wait
 * for it. The keeper is also who what the child had forked comes to when the child dies: it kills and reaps all of
 * that before it ends. Elsewhere, and under tools that do not know such a thing, it is forked twice and left to init;
 * then the program may see a SIGCHLD, and what a child that is killed had forked lives on.
 *
 * Nobody waits for any of them without an end. Who has been killed is not dead yet, and may take its time (a program
 * of 100 GB takes seconds to give back its memory); and a sandbox may refuse kill(), or the calls that wait. So each
 * such wait has a bound, which is longer where a fork took long, and after that the caller goes on without.
 */
typedef struct pl_os_apart {
    int pid;
    int line;
    uint64_t line_is; /* which file that number stands for: the program may have closed it */
    uint64_t fork_ns; /* how long the fork took: ends take as long, in large programs */
    int keeper;       /* -1: none */
    void *stack;
    size_t stack_bytes;
} pl_os_apart;

/* Forks one, which runs run(line, argument) with all signals blocked, and ends with it. 0, or an error code. */
int pl_os_fork_apart(pl_os_apart *apart, void (*run)(int line, void *argument), void *argument);

/* While this thread does so: what pthread_atfork() calls on it is none of the program's forks. In the process apart, for
 * good. */
extern _Thread_local bool pl_os_forking_apart;

/* Something has been written down for it to read. */
void pl_os_apart_notify(const pl_os_apart *apart);

/* Whether it has ended; then all that it forked has, too, as a rule. */
bool pl_os_apart_gone(const pl_os_apart *apart);

/* Hangs up, and waits until it has ended; kills it if it does not within some seconds, whatever it does: it may have
 * been stopped. In a process that has forked since, forgets it. */
void pl_os_apart_end(pl_os_apart *apart);
void pl_os_apart_forget(pl_os_apart *apart);

/* Kills it, and waits for a while until all that it has forked has ended, too. */
void pl_os_apart_kill(const pl_os_apart *apart);

/* A number that changes whenever code is loaded into the process, or unloaded. */
uint64_t pl_os_images(void);

/*
 * What a process gets at its fork, and keeps when the program changes its own: the rights and the directories of the calling
 * thread, as far as few and cheap system calls tell. Real, effective and saved user and group (where there are saved ones), the
 * list of further groups (of more than 1024, how many), the working directory and the root directory (on Linux, by the name of
 * the one as seen from the other); on Linux also the umask, the capabilities (effective, permitted, inheritable), no_new_privs,
 * and whether there is a seccomp filter. A call that the system refuses counts for its error; but a umask that cannot be read,
 * for want of files, is taken for what it was.
 */
typedef struct pl_os_attributes {
    uint64_t users[3], groups[3], more_groups, directory[3], mode_mask, rights[5];
} pl_os_attributes;
void pl_os_attributes_get(pl_os_attributes *a);

/* Whether these are what they were. */
bool pl_os_attributes_are(const pl_os_attributes *then);

/* ---- a supervisor, which is one -------------------------------------------------------------------------- */

typedef struct pl_os_supervisor {
    int line;
    int program; /* a handle on the program's process; -1: none */
    int pid;     /* its number */
    bool deaf;   /* no signal tells of a child that has ended: it has to look */
    int reaped;  /* a child that is reaped already, and is yet to be reaped; 0: none */
    int status;  /* how it ended, as waitpid() has it */
} pl_os_supervisor;

typedef enum pl_os_event { PL_OS_NOTHING, PL_OS_NOTIFIED, PL_OS_ALONE } pl_os_event;

/* The calling process becomes the supervisor of its children, and theirs; `program` is the process that it serves. Without
 * `files`, it keeps no open file of the program's but the standard three: the others' numbers stay taken, and are of no
 * use. 0, or why it cannot wait for children, and so is to have none: an error code. */
int pl_os_supervise(pl_os_supervisor *s, int line, int program, bool files);

/* Sleeps until a child has ended, somebody has notified it, the program has ended (PL_OS_ALONE), or the time is over. */
pl_os_event pl_os_supervisor_wait(pl_os_supervisor *s, uint64_t timeout_ns);

/* Sleeps until a child has ended, at most so long. */
void pl_os_await_child(const pl_os_supervisor *s, uint64_t timeout_ns);

/* Forks a worker: its process's number, and 0 in it; -1 with errno. */
int pl_os_fork_worker(const pl_os_supervisor *s);

/* The next child that has ended; 0: none has; -1: there are no children. It is a zombie, so its number is its own,
 * until pl_os_reap(), which kills its process group, if it is a worker, reaps it, and tells how it ended. (Where
 * waitid() is refused, it is reaped at once, and its group killed.) */
int pl_os_dead(pl_os_supervisor *s);
typedef struct pl_os_end {
    int signal; /* what killed it, or 0 and: */
    int code;   /* its exit status */
} pl_os_end;
pl_os_end pl_os_reap(pl_os_supervisor *s, int pid, bool worker);

/* Kills a worker and its process group. False if that is refused. */
bool pl_os_kill(int pid);

/* Kills all children but those that keep(context, pid) is true for: what dead workers have left. Whatever these leave
 * in turn are new children. On Linux, /proc lists them. Without it, the numbers that come after the supervisor's own
 * are tried, so many as a system has by default; or, if it is to be `thorough`, all that there can be, which takes the
 * time of some million system calls. */
void pl_os_kill_orphans(bool (*keep)(void *context, int pid), void *context, bool thorough);

/* ---- a worker -------------------------------------------------------------------------------------------- */

/* A process group of one's own, signals as a program has them at its start, and the supervisor's end is the worker's. exit()
 * writes what there is for standard output, and ends the process. */
void pl_os_become_worker(const pl_os_supervisor *s, int supervisor);

/* Allows the process `bytes` of address space beyond what it had at the first such call; 0: no limit. Whether that is
 * not refused. */
void pl_os_limit_memory(size_t bytes);
bool pl_os_can_limit_memory(void);

/* The signal that kills what does not end. */
extern const int pl_os_killed_by;

/* A process's group; -1 if there is no such process. */
int pl_os_group(int pid);

int pl_os_self(void);
int pl_os_parent(void);
noreturn void pl_os_leave(int status);

#endif
