/* SPDX-License-Identifier: MIT */
/**
 * The same calls over machines: `.executor = PARALLEL_MPI` runs a call's tasks on the ranks of an MPI job, with the
 * library libparallel-mpi (pkg-config parallel-mpi).
 *
 *     #include <parallel_mpi.h>
 *
 *     static double cube(double x) { return x * x * x; }
 *     PARALLEL_DECORATE(cube, double, double);
 *
 *     int main(int argc, char **argv)
 *     {
 *         if (parallel_mpi_init(&argc, &argv))              // here all ranks but the first stay, and serve
 *             return fprintf(stderr, "%s\n", parallel_error()), 1;
 *         ...
 *         parallel_results *r = parallel_map(cube, in, n, .executor = PARALLEL_MPI);
 *         ...
 *     }
 *
 *     mpirun -n 4 ./program
 *
 * The program runs on rank 0 alone, which works with the others. Order of results, failures with their messages,
 * `silent`, names, timeouts, retries, progress, cancelling, and parallel_executor_next() are as everywhere. What
 * differs:
 *
 * - What travels are the bytes of arguments and results. There must be no pointers in them; nor is anything that the
 *   program has written to its global variables there on other ranks. `extras` are sent once a call, and want
 *   `extras_size`, else EINVAL; futures' own extras are EINVAL. All ranks are machines of one kind.
 * - The function is known by where it is in its program or shared object, which every rank is to have, of the same
 *   build (ENOEXEC, with the names of both in the failure's message). A shared object that a rank has not loaded is
 *   opened by its path. A function that was made at run time, and is in no file: EINVAL.
 * - `max_workers` counts threads, or worker processes, of each rank. parallel_worker_index() is a rank's own.
 * - Tasks run on the threads of each rank's pool. With `.isolation = PARALLEL_PERSISTENT` they run in worker processes
 *   of each rank: then a crash costs one task. PARALLEL_SNAPSHOT: ENOTSUP. `pool` is not looked at.
 * - Calls that a task makes run on the rank that the task runs on.
 * - parallel_for(), and all that does not call a function for each item, has nothing to send: ENOTSUP. So are streams.
 * - Past parallel_executor_shutdown(), some tasks that ranks have already been given may still be started.
 * - Tasks on a rank that has died are PARALLEL_CRASHED with EOWNERDEAD, or tried again, where `retries` say so: if the
 *   transport learns of it. MPI's does not: there the launcher ends the whole job.
 */
#ifndef PARALLEL_MPI_H
#define PARALLEL_MPI_H

#include <mpi.h>
#include <parallel.h>

PARALLEL_BEGIN_DECLS

/**
 * Begins: the first thing that main() does, on every rank of the job. On rank 0 it returns. On the others it does not:
 * they run tasks until rank 0 says that this is the end, and then exit, with status 0.
 *
 * MPI is initialised, by a thread of the library's, which is the only one that calls it (MPI_THREAD_FUNNELED): the
 * program makes no MPI calls then; parallel_mpi_init_on() is for those that do.
 *
 * Without mpirun, this is a job of one rank: calls run on its own pool.
 *
 * @param argc, argv main()'s, or both NULL
 * @return 0; or -1 with errno, and a sentence for parallel_error()
 *         - EALREADY: it has begun before, if it has ended since, too
 *         - ENOTSUP: libparallel is of another release
 *         - EIO: MPI cannot be initialised, or is already
 *         - ENOMEM, EAGAIN: no memory, or no thread
 */
PARALLEL_API int parallel_mpi_init(int *argc, char ***argv);

/**
 * The same in a program that has MPI already, on the ranks of a communicator: collective. The communicator is
 * duplicated. On rank 0 it returns at once; on the others when rank 0 has called parallel_mpi_shutdown(), and no task
 * runs there any more. MPI is to be initialised with MPI_THREAD_MULTIPLE, as a thread of the library's calls it while
 * the program may.
 *
 * @return as parallel_mpi_init(). Besides:
 *         - ENOTSUP: MPI has been initialised with less than MPI_THREAD_MULTIPLE on some rank
 */
PARALLEL_API int parallel_mpi_init_on(MPI_Comm comm);

/**
 * Ends, on rank 0: the other ranks are told to. Calls from now on are ENOTSUP; those that are under way in other
 * threads go on without the other ranks. It is called at exit(), if the program has not called it. MPI is finalized if
 * it was parallel_mpi_init() that has initialised it. Does nothing if nothing has begun, on other ranks, and in the
 * child process of a fork(). Not to overlap with itself.
 */
PARALLEL_API void parallel_mpi_shutdown(void);

/** How many ranks run tasks: 0 before parallel_mpi_init() and after the end, 1 without mpirun. In a task on another
 * rank than 0 it is 1, as its calls stay there. */
PARALLEL_API int parallel_mpi_ranks(void);

PARALLEL_END_DECLS

#endif
