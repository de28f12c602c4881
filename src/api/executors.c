/* SPDX-License-Identifier: MIT */
/* Which executors there are. */
#include "api/executors.h"

#include "executors/process/executor.h"
#include "executors/threads.h"
#include "api/verbose.h"
#include "trace/recording.h"

const pl_executor *pl_executors[PL_EXECUTOR_KINDS] = {
    [PARALLEL_DEFAULT_EXECUTOR] = &pl_threads_executor,
    [PARALLEL_THREAD] = &pl_threads_executor,
    [PARALLEL_PROCESS] = &pl_process_executor,
    [PARALLEL_SERIAL] = &pl_threads_serial_executor,
    [PARALLEL_MPI] = NULL, /* libparallel-mpi hands it in */
};

void pl_executors_set_mpi(const pl_executor *executor)
{
    pl_executors[PARALLEL_MPI] = executor;
}

/* What acts by the environment alone is to be in programs that link an archive, too. */
__attribute__((used)) static void (*const environment[])(void) = {pl_verbose_print, pl_recording_write};
