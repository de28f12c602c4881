/* SPDX-License-Identifier: MIT */
/* What each thread did, and when: as a picture, or for a viewer. */
#ifndef LIBPARALLEL_TRACE_H
#define LIBPARALLEL_TRACE_H

#include <libparallel/base.h>

PARALLEL_BEGIN_DECLS

/**
 * From now on to parallel_trace_end(), records what each thread does for the library: which chunks of which calls it
 * runs, what it steals from whom, when it looks for work, waits and sleeps. From any thread, also while calls run:
 * those that have begun show in part, and other threads may run up to 500 calls of some 100 ns before theirs show.
 *
 * By its ending, the file becomes
 *
 * - `.svg`: a picture for a browser, of less than 100 kB. A row is a thread; its colours are the functions that it
 *   runs, and what it does else; at its right is how busy it was, and how often it did what. A sentence at the top
 *   says how many CPUs the longest call kept busy, and, where that is plain, why not more;
 * - `.json`: Chrome's trace format, for https://ui.perfetto.dev or https://speedscope.app. Chunks that follow on each
 *   other are one event, with `begin`, `items` and `chunks`; calls have `n`, `caller`, `outcome`, and `cpus`: how many
 *   they kept busy on average.
 *
 * The same for a whole program, without a change to it: PARALLEL_TRACE=run.svg in its environment (not of programs that
 * run with more privileges than their user). Then the file is written when the program exits; if it cannot be, there is
 * none.
 *
 * To record costs some 10 ns a chunk, and 48 bytes for what cannot be put together with what was before; up to 2^20
 * such are kept for each thread, the newest, and the file says how many are lost. Tasks of PARALLEL_SPAWN show where
 * they are stolen. Worker processes and the ranks of an MPI job have rows of their own, of what they ran for this
 * process; so do ends of streams that take long, as functions. A child of fork() records nothing, and leaves the file
 * alone; so does a rank other than the first.
 *
 * @param path of the file, which is opened, and emptied, now
 * @return 0; or -1 with errno
 *         - EBUSY: one is being recorded, perhaps by PARALLEL_TRACE
 *         - EINVAL: path is NULL, or has another ending
 *         - ENOMEM, or what fopen() says
 */
PARALLEL_API int parallel_trace_begin(const char *path);

/**
 * Ends it, and writes the file. Calls that run go on; those that have not ended have no name in it.
 *
 * @return 0; or -1 with errno
 *         - EINVAL: none is being recorded
 *         - EBUSY: it is that of PARALLEL_TRACE; or another thread is at the same
 *         - ENOMEM, or what fopen() and fwrite() say: the file is not complete
 */
PARALLEL_API int parallel_trace_end(void);

PARALLEL_END_DECLS

#endif
