/* SPDX-License-Identifier: MIT */
/* A rank that serves home: it runs the pieces of calls that come, until it is told to end. */
#ifndef PL_MPI_RANK_H
#define PL_MPI_RANK_H

#include "executors/mpi/transport.h"

/* How it ended. */
typedef enum pl_rank_end {
    PL_RANK_DONE,  /* nothing runs any more */
    PL_RANK_BUSY,  /* tasks run that have not given up: the process is to be left at once */
    PL_RANK_FAILED /* there was no memory for what home waits for */
} pl_rank_end;

/* Whether tasks that still run at the end, and are asked to give up, are waited for. */
typedef enum pl_rank_patience { PL_RANK_WAITS, PL_RANK_LEAVES } pl_rank_patience;

/* Serves, by threads of its own and this one, until home says so, or dies. */
pl_rank_end pl_rank_serve(pl_transport *transport, pl_rank_patience patience);

#endif
