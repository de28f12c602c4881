/* SPDX-License-Identifier: MIT */
/**
 * @file process.h
 * @brief Calls on worker processes: a task that crashes or hangs there harms no other, and not the program.
 *
 * With `.executor = PARALLEL_PROCESS`, parallel_map(), _map_into(), _split(), _par(), _async_map() and _async_par()
 * run their tasks in processes; parallel_process_map(), _process_par(), _process_async_map() and
 * _process_async_par() do so whatever was decorated. Results, order, failures, names, retries, progress and
 * cancelling are as on threads, and
 *
 * - **a crash costs one task**: it is PARALLEL_CRASHED, with its `signal`, or with `signal` 0 and its exit status
 *   in `code`; the call's errno is EOWNERDEAD. All others are kept, and a new worker is forked at once. exit() in a
 *   task ends its worker only, and runs none of the program's atexit() functions; with a C library that has no
 *   on_exit(), like musl, its status is always EXIT_FAILURE.
 * - **a timeout is a promise**: a task that is late is killed, with what it has forked, and is PARALLEL_TIMED_OUT. The
 *   call comes back whatever tasks have done to the processes that see to that. If tasks have stopped these, or written
 *   over memory that processes share, it takes some 2 seconds more than `call_timeout`, or 5 more than `timeout` (and
 *   longer where a fork takes long), and all workers are killed: tasks that were running may be PARALLEL_CRASHED.
 * - **a task that hangs is killed for its own time only**: without a `timeout` or `call_timeout`, a call that fails or
 *   is cancelled waits until tasks that run have returned, as on threads.
 * - **a wild pointer crashes no program**: what workers and program share is the values of arguments and results, and
 *   an account of which worker does what. If a task has written over the latter, the call fails with EIO, or some tasks
 *   are PARALLEL_CRASHED; what it has written over others' arguments and results is not noticed.
 * - **no task is run twice**, unless `retries` ask for it. A worker that is killed from outside just between two
 *   tasks may be taken to have died in the one that it had just done, or in the next; no other task is touched.
 *
 * `max_workers` counts the workers: the caller only waits. A loop, parallel_for(), writes to memory, which
 * processes do not share: ENOTSUP. Calls that tasks make run in their worker, serially.
 *
 * **PARALLEL_SNAPSHOT**, the default: the workers are forked for the call. Whatever pointers, globals and `extras`
 * the function uses are there, as they are at the call (of an executor: when it starts to run), and copied when
 * a process writes to them. A pointer in a *result* is of no use unless what it points to was there before. The
 * price is fork(), for each worker and for one process more, and a page fault for each page that they touch first:
 * from some 0.1 ms for a small program on bare metal to some ms on virtual machines, and more the more the program
 * has in memory. To end the workers takes as long: a call past its `call_timeout` returns after some 10 ms more for
 * each 100 MB.
 *
 * **PARALLEL_PERSISTENT**: the workers are kept from call to call, and are sent the arguments; calls of tiny tasks
 * cost some microseconds. For functions whose arguments and results hold no pointers. The workers know the
 * program's globals as they were at the first such call (of its pool), and of its files only the standard three.
 * `extras` are sent, too, if `extras_size` tells how many bytes: else EINVAL. `.pool` gives a call workers of its
 * pool's own, which end with it; the others end with the program.
 *
 * A call gets new workers, which know the program as it is then, if the kept ones would run its tasks elsewhere or with
 * other rights: when code has been loaded or unloaded since they were forked, see dlopen(3); or when the calling
 * thread's user or group (real, effective or saved), supplementary groups, working directory or root directory differ;
 * on Linux also its umask, capabilities, no_new_privs, or whether it has a seccomp filter. So after setuid(2), no task
 * of later calls runs as root. A call that is under way meanwhile goes on as it has begun. *Nothing else is compared*,
 * as it would cost more than the call: kept workers have the resource limits, environment, locale, open files, signals
 * that are ignored, priority, CPUs and namespaces as they were, and of several seccomp filters the first ones only. A
 * program that changes these, and wants tasks to have them, makes the calls that follow on a new pool, or as snapshots.
 * What a task changes of all that is changed for later tasks of its worker.
 *
 * A program with gigabytes in memory takes a while to fork: make the first persistent call early, while it is
 * small; or exclude large memory that no task needs by madvise(MADV_DONTFORK).
 *
 * For tasks: signals are as in a new program, none blocked, handlers gone; each worker is the leader of its own
 * process group, and out of the terminal's reach, so Ctrl-C is the program's affair: if it ends, so do its workers,
 * whatever it ends by. What tasks print to stdout is written when they end; what the program has not written yet of
 * its stdin, stdout and stderr is dropped in the workers. Other streams have their unwritten bytes in each process
 * that writes to them: fflush() them before the call, and in the task. A mutex that another thread of the program
 * held at the fork stays locked in the worker. errno of a call that cannot have processes or memory for them is that
 * of fork() or mmap(); with some workers fewer than asked for it goes on.
 *
 * **What tasks have forked** ends with the worker, by SIGKILL, and what has left its process group when any worker
 * ends. When the workers themselves end (snapshots: with the call; persistent ones: with their pool, or the program),
 * none of it is left, whatever it has forked in turn, and whatever the program ends by. The exceptions:
 *
 * - what cannot be killed, as a process that waits for a disk, is waited for some seconds, and left;
 * - where /proc does not list children, process numbers are tried: while the workers live, the 65,536 after their
 *   supervisor's, and all of them at the end, for a second;
 * - on systems other than Linux, and where a sandbox refuses prctl(), what has left its worker's process group is not
 *   found. Where a sandbox refuses clone() with the program's memory, and under sanitizers and valgrind, it is not
 *   found if the workers' supervisor has been killed, nor is a supervisor ended that a task has stopped if then the
 *   program is killed.
 *
 * A sandbox may refuse any system call by an error. Of those that wait for processes, kill them, or wait for files, one
 * of several is enough; else the call fails with that error, or with that of what does not work without. No call
 * hangs.
 *
 * The program does not see its workers: no SIGCHLD comes of them, and no wait() finds them. (On systems other than
 * Linux, a SIGCHLD may come.)
 */
#ifndef LIBPARALLEL_PROCESS_H
#define LIBPARALLEL_PROCESS_H

#include <libparallel/executor.h>
#include <libparallel/map.h>
#include <libparallel/options.h>
#include <libparallel/par.h>

#endif
